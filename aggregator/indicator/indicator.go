// Package indicator declares the business figures, each once: what it sums or
// counts, in which unit, along which dimensions, by which formula. Answer
// computes them for a reader's scope; whoever shows, exports or alarms on a
// figure goes through it.
package indicator

import (
	"slices"

	"iptvdc/aggregator/store"
)

// RuleVersion names the rules by which facts and figures are computed: what is
// a valid play, what counts as a led click, the formulas below. It changes with
// any of them, so that two answers with one version may be compared.
const RuleVersion = "1"

// Text is a text for people in both languages.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Unit says what an indicator's numbers count.
type Unit string

const (
	Count   Unit = "count"
	Boxes   Unit = "boxes"
	Percent Unit = "percent" // 0..100
	Ratio   Unit = "ratio"
	Minutes Unit = "minutes"
	Fen     Unit = "fen" // 1/100 yuan, whole
)

// UnitTitle is a unit with its name.
type UnitTitle struct {
	ID    Unit `json:"id"`
	Title Text `json:"title"`
}

// Units lists every unit in use.
func Units() []UnitTitle { return slices.Clone(units) }

var units = []UnitTitle{
	{Count, Text{"次", "times"}},
	{Boxes, Text{"台", "boxes"}},
	{Percent, Text{"%", "%"}},
	{Ratio, Text{"比值", "ratio"}},
	{Minutes, Text{"分钟", "minutes"}},
	{Fen, Text{"分", "fen"}},
}

// Indicator is one business figure: the sum of its terms, or with Over the
// quotient of two sums, divided after scope, filters and grouping.
type Indicator struct {
	ID         string
	Title      Text
	Unit       Unit
	Formula    Text
	Dimensions []store.Column

	value term
	over  *term // nil: no quotient
	// times and by turn the quotient, or without over the sum, into the unit:
	// value * times / by. Both are 1 for most.
	times, by int64
}

// Has reports whether the indicator can be grouped and filtered by d.
func (i *Indicator) Has(d store.Column) bool { return slices.Contains(i.Dimensions, d) }

// term is one number that is asked of the store.
type term struct {
	fact  store.Fact
	value store.Value
	// mode, if not anyMode, keeps only viewing of that mode.
	mode mode
	// trailing, if > 0, replaces the period by the days, this many, that end
	// with the period's last day; the daily table answers.
	trailing int32
}

// ReportingDays is how long a box counts as reporting after its last event.
const ReportingDays = 30

func sum(f store.Fact, m store.Measure) term { return term{fact: f, value: store.Value{Measure: m}} }

func boxes(f store.Fact, m store.Measure) term {
	return term{fact: f, value: store.Value{Measure: m, DistinctBoxes: true}}
}

func (t term) of(m mode) term { t.mode = m; return t }

func (t term) last(days int32) term { t.trailing = days; return t }

var (
	byPlace = []store.Column{store.ColProvince, store.ColCity}
	byPage  = append(slices.Clone(byPlace), store.ColPage)
	byClick = append(slices.Clone(byPlace), store.ColPage, store.ColArea, store.ColSlot, store.ColContent)
	byMode  = append(slices.Clone(byPlace), store.ColMode)
	byView  = append(slices.Clone(byPlace), store.ColMode, store.ColChannel, store.ColContent)
	byOrder = append(slices.Clone(byPlace), store.ColProduct, store.ColProvider)
)

// Catalogue lists every indicator in the order in which people read them.
func Catalogue() []Indicator { return slices.Clone(catalogue) }

// Find returns the indicator with that id.
func Find(id string) (Indicator, bool) {
	i := slices.IndexFunc(catalogue, func(i Indicator) bool { return i.ID == id })
	if i < 0 {
		return Indicator{}, false
	}
	return catalogue[i], true
}

func plain(id string, title Text, unit Unit, formula Text, dims []store.Column, value term) Indicator {
	return Indicator{ID: id, Title: title, Unit: unit, Formula: formula, Dimensions: dims, value: value, times: 1, by: 1}
}

func quotient(id string, title Text, unit Unit, formula Text, dims []store.Column, times int64, value, over term) Indicator {
	return Indicator{ID: id, Title: title, Unit: unit, Formula: formula, Dimensions: dims, value: value, over: &over, times: times, by: 1}
}

func per(by int64, i Indicator) Indicator { i.by = by; return i }

var (
	activeBoxes    = boxes(store.FactBox, store.MeasurePowerOns)
	reportingBoxes = boxes(store.FactBox, store.MeasureEvents).last(ReportingDays)
	modePlays      = sum(store.FactMode, store.MeasurePlays)
	modeTime       = sum(store.FactMode, store.MeasureViewingMs)
	modeBoxes      = boxes(store.FactMode, store.MeasurePlays)
)

var catalogue = []Indicator{
	plain("power_ons", Text{"开机次数", "Power-ons"}, Count,
		Text{"机顶盒开机或从待机唤醒的次数之和", "How often boxes were switched on or left standby"},
		byPlace, sum(store.FactBox, store.MeasurePowerOns)),
	plain("active_boxes", Text{"活跃终端数", "Active boxes"}, Boxes,
		Text{"时段内至少开机一次的机顶盒数（去重）", "Different boxes with at least one power-on in the period"},
		byPlace, activeBoxes),
	plain("reporting_boxes", Text{"在报终端数", "Reporting boxes"}, Boxes,
		Text{"截至时段最后一天的 30 天内至少上报一个事件的机顶盒数（去重）", "Different boxes with at least one event in the 30 days that end with the period's last day"},
		byPlace, reportingBoxes),
	quotient("activity_rate", Text{"开机活跃率", "Activity rate"}, Percent,
		Text{"100 × 活跃终端数 ÷ 在报终端数", "100 × active boxes ÷ reporting boxes"},
		byPlace, 100, activeBoxes, reportingBoxes),
	plain("page_views", Text{"页面访问量", "Page views"}, Count,
		Text{"进入 EPG 页面的次数之和", "How often EPG pages were entered"},
		byPage, sum(store.FactPage, store.MeasurePageViews)),
	plain("clicks", Text{"点击量", "Clicks"}, Count,
		Text{"页面推荐位被点击的次数之和", "How often slots of pages were clicked"},
		byClick, sum(store.FactClick, store.MeasureClicks)),
	plain("led_clicks", Text{"点击后播放次数", "Clicks that led to a play"}, Count,
		Text{"点击后 60 秒内、下一次点击之前，有效播放了所点内容的点击次数", "Clicks followed within 60 seconds, before the next click, by a valid play of the clicked content"},
		byClick, sum(store.FactClick, store.MeasureLed)),
	quotient("click_to_play", Text{"点播转化率", "Click-to-play conversion"}, Percent,
		Text{"100 × 点击后播放次数 ÷ 点击量", "100 × clicks that led to a play ÷ clicks"},
		byClick, 100, sum(store.FactClick, store.MeasureLed), sum(store.FactClick, store.MeasureClicks)),
	plain("plays", Text{"播放次数", "Plays"}, Count,
		Text{"有效播放次数：速度低于 3 倍且时长超过 3 秒，计入开始的时段", "Valid plays: slower than 3× and longer than 3 seconds, counted where they start"},
		byView, sum(store.FactView, store.MeasurePlays)),
	per(60_000, plain("viewing_minutes", Text{"收视时长", "Viewing time"}, Minutes,
		Text{"1 倍速观看的毫秒数 ÷ 60000，跨时段的按时段切分", "Milliseconds watched at normal speed ÷ 60,000, split at the edges of periods"},
		byView, sum(store.FactView, store.MeasureViewingMs))),
	plain("viewers", Text{"收视终端数", "Viewing boxes"}, Boxes,
		Text{"时段内至少有一次有效播放的机顶盒数（去重）", "Different boxes with at least one valid play in the period"},
		byMode, modeBoxes),
	quotient("live_to_vod_plays", Text{"直播点播比（次数）", "Live to VOD by plays"}, Ratio,
		Text{"直播播放次数 ÷ 点播播放次数", "Plays of live ÷ plays of VOD"},
		byPlace, 1, modePlays.of(live), modePlays.of(vod)),
	quotient("live_to_vod_minutes", Text{"直播点播比（时长）", "Live to VOD by time"}, Ratio,
		Text{"直播收视时长 ÷ 点播收视时长", "Viewing time of live ÷ viewing time of VOD"},
		byPlace, 1, modeTime.of(live), modeTime.of(vod)),
	quotient("live_to_vod_viewers", Text{"直播点播比（终端）", "Live to VOD by boxes"}, Ratio,
		Text{"直播收视终端数 ÷ 点播收视终端数", "Boxes that played live ÷ boxes that played VOD"},
		byPlace, 1, modeBoxes.of(live), modeBoxes.of(vod)),
	plain("order_attempts", Text{"订购尝试次数", "Order attempts"}, Count,
		Text{"成功、失败和取消的订购次数之和", "Orders paid, failed or cancelled"},
		byOrder, sum(store.FactOrder, store.MeasureOrderAttempts)),
	plain("orders", Text{"订购成功次数", "Orders"}, Count,
		Text{"支付成功的订购次数之和", "Orders paid"},
		byOrder, sum(store.FactOrder, store.MeasureOrders)),
	plain("revenue", Text{"订购收入", "Revenue"}, Fen,
		Text{"支付成功金额之和 − 退款金额之和，单位分", "Fen of orders paid − fen refunded"},
		byOrder, sum(store.FactOrder, store.MeasureFen)),
}
