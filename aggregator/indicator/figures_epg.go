package indicator

import (
	"iptvdc/aggregator/store"
)

var (
	visits   = sum(store.FactVisit, store.MeasureVisits)
	visitors = boxes(store.FactVisit, store.MeasureVisits)
	bounces  = sum(store.FactVisit, store.MeasureBounces)
	stays    = sum(store.FactVisit, store.MeasureStays)
)

// epgFigures say what is shown and clicked on pages, and the plays it leads to.
var epgFigures = []Indicator{
	plain("page_views", Text{"页面访问量", "Page views"}, Count,
		Text{"进入 EPG 页面的次数之和", "How often EPG pages were entered"},
		byPage, sum(store.FactPage, store.MeasurePageViews)),
	plain("clicks", Text{"点击量", "Clicks"}, Count,
		Text{"页面推荐位被点击的次数之和", "How often slots of pages were clicked"},
		byClick, sum(store.FactClick, store.MeasureClicks)),
	plain("led_clicks", Text{"点击后播放次数", "Clicks that led to a play"}, Count,
		Text{"点击后 60 秒内、下一次点击之前，有效播放了所点内容、频道或其剧集某一集的点击次数", "Clicks followed within 60 seconds, before the next click, by a valid play of the clicked content, of the channel it names or, by the click's trace, of an episode of it"},
		byClick, sum(store.FactClick, store.MeasureLed)),
	quotient("click_to_play", Text{"点播转化率", "Click-to-play conversion"}, Percent,
		Text{"100 × 点击后播放次数 ÷ 点击量", "100 × clicks that led to a play ÷ clicks"},
		byClick, 100, sum(store.FactClick, store.MeasureLed), sum(store.FactClick, store.MeasureClicks)),
	plain("impressions", Text{"曝光次数", "Impressions"}, Count,
		Text{"推荐位在可见页面上呈现至少 1 秒的次数之和，由上报曝光的机顶盒统计", "How often slots were painted on the visible page for at least a second, as told by the boxes that report it"},
		byImpression, sum(store.FactImpression, store.MeasureImpressions)),
	plain("focus_impressions", Text{"焦点曝光次数", "Focus impressions"}, Count,
		Text{"焦点在推荐位上停留至少 0.5 秒的次数之和，由上报曝光的机顶盒统计", "How often the focus rested on slots for at least half a second, as told by the boxes that report it"},
		byImpression, sum(store.FactImpression, store.MeasureFocuses)),
	quotient("ctr", Text{"点击率", "Click-through rate"}, Percent,
		Text{"100 × 同一小时内上报过呈现曝光的机顶盒的点击量 ÷ 曝光次数", "100 × clicks of the boxes that told of painted slots in the same hour ÷ impressions"},
		byImpression, 100, sum(store.FactImpression, store.MeasureRenderedClicks), sum(store.FactImpression, store.MeasureImpressions)),
	quotient("focus_ctr", Text{"焦点点击率", "Click-through rate of the focus"}, Percent,
		Text{"100 × 同一小时内上报过焦点曝光的机顶盒的点击量 ÷ 焦点曝光次数", "100 × clicks of the boxes that told of the focus in the same hour ÷ focus impressions"},
		byImpression, 100, sum(store.FactImpression, store.MeasureFocusClicks), sum(store.FactImpression, store.MeasureFocuses)),
	plain("page_visitors", Text{"页面访问终端数", "Page visitors"}, Boxes,
		Text{"时段内进入过页面的机顶盒数（去重）", "Different boxes that entered a page in the period"},
		byPage, visitors),
	quotient("views_per_visitor", Text{"台均页面访问量", "Page views per visitor"}, Ratio,
		Text{"页面访问量 ÷ 页面访问终端数", "Page views ÷ page visitors"},
		byPage, 1, visits, visitors),
	per(1000, quotient("dwell_time", Text{"平均页面停留时长", "Time on page"}, Seconds,
		Text{"停留毫秒数 ÷ 停留次数 ÷ 1000：从进入页面到进入下一页面、开始收视或关机，停留至少 1 秒且不超过 30 分钟的计入", "Milliseconds on pages ÷ stays ÷ 1,000: from entering a page to the next page, the start of a view or the power-off, of those that took at least a second and at most 30 minutes"},
		byPage, 1, sum(store.FactVisit, store.MeasureDwellMs), stays)),
	plain("bounces", Text{"跳出次数", "Bounces"}, Count,
		Text{"进入后不足 1 秒即离开页面的次数之和", "How often pages were left less than a second after they were entered"},
		byPage, bounces),
	quotient("bounce_rate", Text{"跳出率", "Bounce rate"}, Percent,
		Text{"100 × 跳出次数 ÷ 页面访问量", "100 × bounces ÷ page views"},
		byPage, 100, bounces, visits),
	{ID: "valid_page_views", Title: Text{"有效页面访问量", "Page views without bounces"}, Unit: Count,
		Formula:    Text{"页面访问量 − 跳出次数", "Page views − bounces"},
		Dimensions: byPage, value: add(visits).less(bounces), times: 1, by: 1},
	plain("page_steps", Text{"页面跳转次数", "Steps between pages"}, Count,
		Text{"从来源页面进入页面的次数之和；来源为空的是直接进入", "How often a page was entered from the page before; without one it was the first"},
		byPath, sum(store.FactPath, store.MeasureSteps)),
}
