package sheets

import "iptvdc/aggregator/indicator"

// words are what documents say beside the names of figures.
var words = map[string]indicator.Text{
	"time":        {ZH: "时间", EN: "Time"},
	"others":      {ZH: "其他", EN: "Others"},
	"total":       {ZH: "合计", EN: "Total"},
	"unknown":     {ZH: "未知", EN: "Unknown"},
	"error":       {ZH: "标准误差", EN: "Standard error"},
	"before":      {ZH: "对比期", EN: "Before"},
	"before_err":  {ZH: "对比期标准误差", EN: "Standard error before"},
	"change":      {ZH: "变化", EN: "Change"},
	"like":        {ZH: "可比口径", EN: "Like for like"},
	"like_before": {ZH: "可比口径对比期", EN: "Like for like, before"},
	"like_change": {ZH: "可比口径变化", EN: "Like for like, change"},
	"overview":    {ZH: "目录", EN: "Overview"},
	"board":       {ZH: "看板", EN: "Board"},
	"about":       {ZH: "说明", EN: "About"},
	"reader":      {ZH: "读者", EN: "Reader"},
	"made":        {ZH: "生成时间", EN: "Made at"},
	"link":        {ZH: "链接", EN: "Link"},
	"note":        {ZH: "注意", EN: "Note"},
	"widget":      {ZH: "组件", EN: "Widget"},
	"tab":         {ZH: "标签页", EN: "Tab"},
	"rows":        {ZH: "行数", EN: "Rows"},
	"period":      {ZH: "时间范围", EN: "Period"},
	"compare":     {ZH: "对比", EN: "Compared with"},
	"filter":      {ZH: "筛选", EN: "Filter"},
	"no_filter":   {ZH: "无", EN: "none"},
	"not":         {ZH: "不含", EN: "not"},
	"scope":       {ZH: "数据范围", EN: "Scope"},
	"country":     {ZH: "全国", EN: "Whole country"},
	"as_of":       {ZH: "数据截至", EN: "As of"},
	"rules":       {ZH: "规则版本", EN: "Rule version"},
	"edit":        {ZH: "收视口径", EN: "Viewing"},
	"edited":      {ZH: "剔除后", EN: "edited"},
	"raw":         {ZH: "原始", EN: "raw"},
	"complete":    {ZH: "完整度", EN: "Completeness"},
	"ignored":     {ZH: "未生效的筛选", EN: "Filters not followed"},
	"grain":       {ZH: "粒度", EN: "Grain"},
	"trend":       {ZH: "走势", EN: "Trend"},
	"no_data":     {ZH: "没有数据", EN: "No data"},
	"refused":     {ZH: "未能提供", EN: "Not shown"},
	"more_rows":   {ZH: "其余 {n} 行见看板或附件", EN: "{n} more rows are in the board or the attached file"},
	"cut":         {ZH: "……（内容过长，其余见看板）", EN: "… (cut; the rest is in the board)"},
	"previous":    {ZH: "上期", EN: "the period before"},
	"year":        {ZH: "去年同期", EN: "the year before"},
	"month":       {ZH: "上月同期", EN: "the month before"},
	"to":          {ZH: " 至 ", EN: " to "},
	"list":        {ZH: "、", EN: ", "},
	"colon":       {ZH: "：", EN: ": "},
}

// Say is one of the words.
func (l Lang) Say(word string) string {
	t, ok := words[word]
	if !ok {
		panic("sheets: no word " + word)
	}
	return l.Of(t)
}
