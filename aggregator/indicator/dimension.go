package indicator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Dimension is something by which figures can be grouped and filtered. Its id
// is the name of the facts' column.
type Dimension struct {
	ID    store.Column `json:"id"`
	Title Text         `json:"title"`
	// FiltersOnly: figures can be filtered by it and not grouped.
	FiltersOnly bool `json:"filters_only,omitempty"`
}

// Dimensions lists every dimension but those of own data sources.
func Dimensions() []Dimension { return slices.Clone(dimensions) }

// FindDimension returns a dimension, of own data sources too.
func FindDimension(c store.Column) (Dimension, bool) {
	all := dimensions
	if source, _, ok := CutTextColumn(c); ok {
		s, _ := findSource(source)
		all = s.Texts
	}
	n := slices.IndexFunc(all, func(d Dimension) bool { return d.ID == c })
	if n < 0 {
		return Dimension{}, false
	}
	return all[n], true
}

var dimensions = []Dimension{
	{ID: store.ColProvince, Title: Text{"省份", "Province"}},
	{ID: store.ColCity, Title: Text{"地市", "City"}},
	{ID: store.ColPage, Title: Text{"页面", "Page"}},
	{ID: store.ColArea, Title: Text{"区域", "Area"}},
	{ID: store.ColSlot, Title: Text{"推荐位", "Slot"}},
	{ID: store.ColContent, Title: Text{"内容", "Content"}},
	{ID: store.ColMode, Title: Text{"收视方式", "Mode"}},
	{ID: store.ColChannel, Title: Text{"频道", "Channel"}},
	{ID: store.ColProduct, Title: Text{"产品", "Product"}},
	{ID: store.ColProvider, Title: Text{"内容提供商", "Content provider"}},
	{ID: store.ColTemplate, Title: Text{"模板版本", "Page template"}},
	{ID: store.ColState, Title: Text{"账户状态", "State of the account"}},
	{ID: store.ColFlow, Title: Text{"账户变动", "Movement of the account"}},
	{ID: store.ColPay, Title: Text{"支付渠道", "Pay channel"}},
	{ID: store.ColOp, Title: Text{"订单类型", "Kind of order"}},
	{ID: store.ColGenre, Title: Text{"题材", "Genre"}},
	{ID: store.ColSubGenre, Title: Text{"子题材", "Sub-genre"}},
	{ID: store.ColPlace, Title: Text{"产地", "Place of production"}},
	{ID: store.ColSeries, Title: Text{"剧集", "Series"}},
	{ID: store.ColMaker, Title: Text{"片源提供商", "Provider of the content"}},
	{ID: store.ColDefinition, Title: Text{"清晰度", "Definition"}},
	{ID: store.ColMinute, Title: Text{"分钟", "Minute of the day"}},
	{ID: store.ColBroadcast, Title: Text{"播出场次", "Broadcast"}},
	{ID: store.ColProgramme, Title: Text{"节目", "Programme"}},
	{ID: store.ColLag, Title: Text{"滞后天数", "Days after the broadcast"}},
	{ID: store.ColVerdict, Title: Text{"核对结果", "Verdict"}},
	{ID: store.ColFromPage, Title: Text{"来源页面", "Page before"}},
	{ID: store.ColWhy, Title: Text{"无效原因", "Reason"}},
	{ID: store.ColLength, Title: Text{"片长", "Length of the content"}},
	{ID: store.ColPart, Title: Text{"片段（1/20）", "Part of the length (of 20)"}},
	{ID: store.ColOrigin, Title: Text{"找片起点", "Origin of the journey"}},
	{ID: store.ColHourOfDay, Title: Text{"时刻", "Hour of the day"}},
	{ID: store.ColWeekday, Title: Text{"星期", "Weekday"}},
	{ID: store.ColModel, Title: Text{"终端型号", "Model of the box"}},
	{ID: store.ColTenure, Title: Text{"在网时长", "Age of the subscription"}},
	{ID: store.ColRecency, Title: Text{"最近开机", "Last power-on"}},
	{ID: store.ColSilence, Title: Text{"沉默程度", "Silence"}},
	{ID: store.ColCohort, Title: Text{"开户月份", "Month of opening"}},
	{ID: store.ColAge, Title: Text{"开户后月数", "Months since"}},
	{ID: store.ColAgent, Title: Text{"代理版本", "Agent version"}},
	{ID: store.ColRelease, Title: Text{"升级序号", "Number of the update"}},
	{ID: store.ColPackage, Title: Text{"产品包含的内容", "Content of a product"}, FiltersOnly: true},
}

func isDimension(c store.Column) bool {
	_, ok := FindDimension(c)
	return ok
}

// coded reports whether the dimension's values are keys of texts.
func coded(c store.Column) bool {
	switch c {
	case store.ColProvince, store.ColCity, store.ColSlot, store.ColMinute, store.ColLag, store.ColPart, store.ColHourOfDay, store.ColCohort, store.ColAge, store.ColRelease:
		return false
	}
	return wordsOf(c) == nil
}

// labelled reports whether the store holds names of the dimension's values: the
// dictionaries' vocabularies.
func labelled(c store.Column) bool {
	switch c {
	case store.ColGenre, store.ColSubGenre, store.ColPlace, store.ColMaker:
		return true
	}
	return false
}

// cell writes a value as text: a region's code, a mode's word, a slot's number,
// a code's text; "" is unknown. A key whose text was never told is written as #
// and sixteen hex digits.
func cell(c store.Column, v uint64, texts map[uint64]string) string {
	switch c {
	case store.ColProvince:
		if v == 0 {
			return ""
		}
		return fmt.Sprintf("%02d", v)
	case store.ColCity:
		if v == 0 {
			return ""
		}
		return fmt.Sprintf("%04d", v)
	case store.ColSlot, store.ColLag, store.ColAge, store.ColPart, store.ColRelease:
		return strconv.FormatUint(v, 10)
	case store.ColCohort:
		return fmt.Sprintf("%04d-%02d", v/12, v%12+1)
	case store.ColMinute:
		return fmt.Sprintf("%02d:%02d", v/60, v%60)
	case store.ColHourOfDay:
		return fmt.Sprintf("%02d", v)
	}
	if words := wordsOf(c); words != nil {
		if v < uint64(len(words)) {
			return words[v].word
		}
		return strconv.FormatUint(v, 10) // one that has no word yet
	}
	if v == 0 {
		return ""
	}
	if text, ok := texts[v]; ok {
		return text
	}
	return fmt.Sprintf("#%016x", v)
}

// parseCell is the inverse of cell, for filters.
func parseCell(c store.Column, s string) (uint64, error) {
	switch c {
	case store.ColProvince, store.ColCity:
		if s == "" {
			return 0, nil
		}
		digits := 2
		if c == store.ColCity {
			digits = 4
		}
		if v, err := strconv.ParseUint(s, 10, 16); err == nil && len(s) == digits {
			return v, nil
		}
		return 0, faultf("bad_filter", "filters: %q is not a %s; allowed are codes of %d digits, as /api/v1/indicators lists them under regions", clip(s), c, digits)
	case store.ColSlot:
		v, err := strconv.ParseUint(s, 10, 32)
		if err != nil || v > maxSlot {
			return 0, faultf("bad_filter", "filters: %q is not a slot; allowed are numbers 0 to %d", clip(s), maxSlot)
		}
		return v, nil
	case store.ColLag:
		v, err := strconv.ParseUint(s, 10, 8)
		if err != nil || v > store.MaxLag {
			return 0, faultf("bad_filter", "filters: %q is no number of days after a broadcast; allowed are 0 to %d", clip(s), store.MaxLag)
		}
		return v, nil
	case store.ColRelease:
		v, err := strconv.ParseUint(s, 10, 53)
		if err != nil {
			return 0, faultf("bad_filter", "filters: %q is no number of an update; it is what signing it said, as 27", clip(s))
		}
		return v, nil
	case store.ColAge:
		v, err := strconv.ParseUint(s, 10, 16)
		if err != nil {
			return 0, faultf("bad_filter", "filters: %q is no number of months; allowed are 0, 1, 2 and on", clip(s))
		}
		return v, nil
	case store.ColCohort:
		at, err := time.Parse("2006-01", s)
		if err != nil {
			return 0, faultf("bad_filter", "filters: %q is no month; write it as 2026-05", clip(s))
		}
		return uint64(12*at.Year() + int(at.Month()) - 1), nil
	case store.ColPart:
		v, err := strconv.ParseUint(s, 10, 8)
		if err != nil || v < 1 || v > store.Parts {
			return 0, faultf("bad_filter", "filters: %q is no part of an asset; allowed are 1 to %d", clip(s), store.Parts)
		}
		return v, nil
	case store.ColMinute:
		at, err := time.Parse("15:04", s)
		if err != nil || len(s) != 5 {
			return 0, faultf("bad_filter", "filters: %q is no minute of the day; allowed are 00:00 to 23:59", clip(s))
		}
		return uint64(at.Hour()*60 + at.Minute()), nil
	}
	if c == store.ColHourOfDay {
		v, err := strconv.ParseUint(s, 10, 8)
		if err != nil || v > 23 || len(s) != 2 {
			return 0, faultf("bad_filter", "filters: %q is not an hour of the day; allowed are 00 to 23", clip(s))
		}
		return v, nil
	}
	if words := wordsOf(c); words != nil {
		for v, w := range words {
			if w.word == s {
				return uint64(v), nil
			}
		}
		return 0, faultf("bad_filter", "filters: %q is not a %s; allowed: %s", clip(s), c, joined(words))
	}
	if hex, ok := strings.CutPrefix(s, "#"); ok && len(hex) == 16 {
		if v, err := strconv.ParseUint(hex, 16, 64); err == nil {
			return v, nil
		}
	}
	return aggregator.TextKey(s), nil
}

// mode is a mode of viewing as the facts hold it: the number it has on the
// wire.
type mode uint8

const (
	live    mode = 1
	catchup mode = 3
	vod     mode = 4
)

// maxSlot is the greatest position on a page.
const maxSlot = 9999

// word is a value that has a number in the facts, and its name.
type word struct {
	word  string
	title Text
}

// String is the word.
func (w word) String() string { return w.word }

// wordsOf lists the words of a dimension by their numbers; nil: its values are
// no words.
func wordsOf(c store.Column) []word {
	switch c {
	case store.ColMode:
		return modes
	case store.ColState:
		return states
	case store.ColFlow:
		return flows
	case store.ColPay:
		return pays
	case store.ColOp:
		return ops
	case store.ColDefinition:
		return definitions
	case store.ColVerdict:
		return verdicts
	case store.ColWhy:
		return invalids
	case store.ColWeekday:
		return weekdays
	case store.ColTenure:
		return tenures
	case store.ColRecency:
		return recencies
	case store.ColSilence:
		return silences
	case store.ColOrigin:
		return origins
	case store.ColLength:
		return lengths
	}
	return nil
}

// The words by number: those of the wire (modes), of the feeds (states, pay
// channels, kinds of orders), of the store (flows).
var (
	modes = []word{
		{"unknown", Text{"未知", "unknown"}},
		{"live", Text{"直播", "live"}},
		{"timeshift", Text{"时移", "timeshift"}},
		{"catchup", Text{"回看", "catch-up"}},
		{"vod", Text{"点播", "VOD"}},
		{"app", Text{"应用", "app"}},
	}
	states = []word{
		{"unknown", Text{"未知", "unknown"}},
		{"pre", Text{"预开户", "opened, never on"}},
		{"active", Text{"在用", "active"}},
		{"suspended", Text{"停机", "suspended"}},
		{"cancelled", Text{"销户", "cancelled"}},
	}
	flows = []word{
		{"none", Text{"无", "none"}},
		{"opening", Text{"期初存量", "taken over"}},
		{"new", Text{"新增", "new"}},
		{"resumed", Text{"复机", "resumed"}},
		{"moved_in", Text{"迁入", "moved in"}},
		{"suspended", Text{"停机", "suspended"}},
		{"cancelled", Text{"销户", "cancelled"}},
		{"moved_out", Text{"迁出", "moved out"}},
		{"suspended_cancelled", Text{"停机后销户", "cancelled when suspended"}},
		{"suspended_moved_out", Text{"停机后迁出", "moved out when suspended"}},
		{"suspended_moved_in", Text{"停机状态迁入", "moved in suspended"}},
		{"relocated_out", Text{"地市间迁出", "left for another city"}},
		{"relocated_in", Text{"地市间迁入", "came from another city"}},
	}
	pays = []word{
		{"", Text{"未知", "unknown"}},
		{"bill", Text{"话费账单", "carrier's bill"}},
		{"wechat", Text{"微信", "WeChat"}},
		{"alipay", Text{"支付宝", "Alipay"}},
		{"points", Text{"积分", "points"}},
	}
	definitions = []word{
		{"unknown", Text{"未知", "unknown"}},
		{"sd", Text{"标清", "SD"}},
		{"hd", Text{"高清", "HD"}},
		{"4k", Text{"超高清", "4K"}},
	}
	ops = []word{
		{"none", Text{"无", "none"}},
		{"sub", Text{"订购", "subscription"}},
		{"renew", Text{"续订", "renewal"}},
		{"unsub", Text{"退订", "unsubscription"}},
		{"single", Text{"单点", "single title"}},
		{"refund", Text{"退款", "refund"}},
	}
	verdicts = []word{
		{"none", Text{"无", "none"}},
		{"equal", Text{"一致", "told alike by both"}},
		{"differs", Text{"金额不符", "amounts differ"}},
		{"box_only", Text{"仅页面上报", "told by boxes alone"}},
		{"file_only", Text{"仅省侧数据", "in the feeds alone"}},
	}
	// invalids by the numbers of store.Invalid.
	invalids = []word{
		{"none", Text{"无", "none"}},
		{"minute", Text{"一分钟内记录过多", "too much in a minute"}},
		{"day", Text{"一天内记录过多", "too much in a day"}},
		{"listed", Text{"列为测试终端", "listed as a robot"}},
	}
)

// What the store says of subscribers, by number.
var (
	tenures = []word{
		{"unknown", Text{"未知", "unknown"}},
		{"under_3m", Text{"不足3个月", "under 3 months"}},
		{"3m_1y", Text{"3个月至1年", "3 to 12 months"}},
		{"1y_2y", Text{"1至2年", "1 to 2 years"}},
		{"2y_5y", Text{"2至5年", "2 to 5 years"}},
		{"over_5y", Text{"5年及以上", "5 years and more"}},
	}
	recencies = []word{
		{"day", Text{"当日", "that day"}},
		{"week", Text{"7天内", "in 7 days"}},
		{"month", Text{"30天内", "in 30 days"}},
		{"longer", Text{"30天以前", "longer ago"}},
		{"never", Text{"有上报但从未开机", "never, though heard of"}},
		{"unseen", Text{"从未上报", "never heard of"}},
		{"suspended", Text{"停机", "suspended"}},
	}
	silences = []word{
		{"none", Text{"未沉默", "not silent"}},
		{"7", Text{"沉默7至29天", "silent for 7 to 29 days"}},
		{"30", Text{"沉默30至89天", "silent for 30 to 89 days"}},
		{"90", Text{"沉默90天及以上", "silent for 90 days and more"}},
		{"unseen", Text{"从未上报", "never heard of"}},
		{"suspended", Text{"停机60天以内", "suspended for 60 days at most"}},
		{"lost", Text{"停机超过60天", "suspended for more than 60 days"}},
	}
)

// lengths by the numbers of store.LengthClass.
var lengths = []word{
	{"unknown", Text{"未知", "unknown"}},
	{"under_10", Text{"10 分钟以下", "under 10 minutes"}},
	{"under_30", Text{"10–30 分钟", "10 to 30 minutes"}},
	{"under_60", Text{"30–60 分钟", "30 to 60 minutes"}},
	{"under_90", Text{"60–90 分钟", "60 to 90 minutes"}},
	{"over_90", Text{"90 分钟以上", "90 minutes and more"}},
}

// origins by the numbers of store.Origin.
var origins = []word{
	{"unknown", Text{"未知", "unknown"}},
	{"power_on", Text{"开机", "power-on"}},
	{"standby", Text{"待机唤醒", "out of standby"}},
	{"viewing", Text{"收视结束", "end of viewing"}},
}

// weekdays by the numbers of store.ColWeekday.
var weekdays = []word{
	{"monday", Text{"星期一", "Monday"}},
	{"tuesday", Text{"星期二", "Tuesday"}},
	{"wednesday", Text{"星期三", "Wednesday"}},
	{"thursday", Text{"星期四", "Thursday"}},
	{"friday", Text{"星期五", "Friday"}},
	{"saturday", Text{"星期六", "Saturday"}},
	{"sunday", Text{"星期日", "Sunday"}},
}

// label is the name of a value for people, where it differs from its cell.
func label(c store.Column, v uint64, cell string) (Text, bool) {
	words := wordsOf(c)
	switch {
	case words != nil:
		if v < uint64(len(words)) {
			return words[v].title, true
		}
	case cell == "":
		return Text{"未知", "unknown"}, true
	case c == store.ColProvince || c == store.ColCity:
		if r, ok := aggregator.LookUp(cell); ok {
			return Text{r.ZH, r.EN}, true
		}
	}
	return Text{}, false
}
