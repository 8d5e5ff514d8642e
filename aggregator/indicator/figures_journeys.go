package indicator

import (
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

var (
	byJourney = append(slices.Clone(byPlace), store.ColOrigin, store.ColPage)

	journeys = sum(store.FactJourney, store.MeasureJourneys)
	found    = sum(store.FactJourney, store.MeasureFound)
	browsing = sum(store.FactJourney, store.MeasureBrowseMs)

	ledViews = sum(store.FactPageLed, store.MeasureLedViews)

	standbys    = sum(store.FactStandby, store.MeasureStandbys)
	standbyTime = sum(store.FactStandby, store.MeasureStandbyMs)
	offs        = sum(store.FactStandby, store.MeasureOffs)
	offTime     = sum(store.FactStandby, store.MeasureOffMs)
)

// journeysFigures say how people find something to watch, and how boxes rest.
var journeysFigures = []Indicator{
	plain("journeys", Text{"找片次数", "Journeys"}, Count,
		Text{"从开机、待机唤醒或收视结束后回到页面开始的找片过程之和，至下一次收视、关机或满 30 分钟为止；换台和连播不计",
			"Ways to something to watch, from a power-on, from leaving standby, or from the end of viewing if a page or click came next, to the next viewing, the power-off or at most 30 minutes; zapping and the next episode are none"},
		byJourney, journeys),
	per(1000, quotient("time_to_content", Text{"找片时长", "Time to content"}, Seconds,
		Text{"找到内容的找片毫秒数 ÷ 其次数 ÷ 1000", "Milliseconds of journeys that led to viewing ÷ their number ÷ 1,000"},
		byJourney, 1, sum(store.FactJourney, store.MeasureFoundMs), found)),
	quotient("pages_to_content", Text{"找片页面数", "Pages to content"}, Ratio,
		Text{"找到内容的找片途中进入的页面数 ÷ 其次数", "Pages entered on journeys that led to viewing ÷ their number"},
		byJourney, 1, sum(store.FactJourney, store.MeasureFoundPages), found),
	quotient("clicks_to_content", Text{"找片点击数", "Clicks to content"}, Ratio,
		Text{"找到内容的找片途中的点击数 ÷ 其次数", "Clicks on journeys that led to viewing ÷ their number"},
		byJourney, 1, sum(store.FactJourney, store.MeasureFoundClicks), found),
	{ID: "journeys_without_viewing", Title: Text{"未收视找片次数", "Journeys without viewing"}, Unit: Count,
		Formula:    Text{"找片次数 − 30 分钟内开始收视的找片次数", "Journeys − those that led to viewing within 30 minutes"},
		Dimensions: byJourney, value: add(journeys).less(found), times: 1, by: 1},
	{ID: "journeys_without_viewing_rate", Title: Text{"未收视找片占比", "Share of journeys without viewing"}, Unit: Percent,
		Formula:    Text{"100 × 未收视找片次数 ÷ 找片次数", "100 × journeys without viewing ÷ journeys"},
		Dimensions: byJourney, value: add(journeys).less(found), over: add(journeys), times: 100, by: 1},
	per(60_000, plain("browsing_minutes", Text{"找片总时长", "Browsing time"}, Minutes,
		Text{"找片毫秒数 ÷ 60000，至收视或关机；未收视也未关机的计至最后一次操作；计入开始的时段", "Milliseconds of journeys ÷ 60,000, to the viewing or the power-off, without either to the last page or click; counted where they begin"},
		byJourney, browsing)),
	quotient("browsing_to_viewing", Text{"找片收视时长比", "Browsing to viewing"}, Ratio,
		Text{"找片总时长 ÷ 收视时长", "Browsing time ÷ viewing time"},
		byPlace, 1, browsing, modeTime),

	plain("led_page_views", Text{"页面后播放次数", "Page views that led to a play"}, Count,
		Text{"离开页面后 60 秒内（或就在该页面上）开始有效播放、其间未关机的页面访问次数，自进入页面起不超过 30 分钟",
			"Page views after which a valid play began from the page or within 60 seconds of leaving it, without a power-off between and at most 30 minutes after it was entered"},
		byPage, ledViews),
	quotient("page_to_play", Text{"页面播放转化率", "Page-to-play conversion"}, Percent,
		Text{"100 × 页面后播放次数 ÷ 页面访问量", "100 × page views that led to a play ÷ page views"},
		byPage, 100, ledViews, sum(store.FactPage, store.MeasurePageViews)),
	plain("searches", Text{"搜索次数", "Searches"}, Count,
		Text{"进入搜索页面（配置 search_pages）的次数之和", "How often search pages (search_pages of the config) were entered"},
		byPage, ofSearch(sum(store.FactPage, store.MeasurePageViews))),
	plain("search_plays", Text{"搜索后播放次数", "Searches that led to a play"}, Count,
		Text{"搜索页面的页面后播放次数", "Page views of search pages that led to a play"},
		byPage, ofSearch(ledViews)),
	quotient("search_to_play", Text{"搜索播放转化率", "Search-to-play conversion"}, Percent,
		Text{"100 × 搜索后播放次数 ÷ 搜索次数", "100 × searches that led to a play ÷ searches"},
		byPage, 100, ofSearch(ledViews), ofSearch(sum(store.FactPage, store.MeasurePageViews))),
}

// restFigures say how boxes rest.
var restFigures = []Indicator{
	plain("standbys", Text{"待机次数", "Standbys"}, Count,
		Text{"在时段内结束、且入待机时刻已上报的不超过 24 小时的待机次数", "Standbys that ended in the period, of at most 24 hours, of which the box told when they began"},
		byPlace, standbys),
	per(aggregator.HourMs, quotient("standby_time", Text{"平均待机时长", "Length of a standby"}, Hours,
		Text{"待机毫秒数 ÷ 待机次数 ÷ 3600000", "Milliseconds of standbys ÷ standbys ÷ 3,600,000"},
		byPlace, 1, standbyTime, standbys)),
	plain("offs", Text{"关机间隔次数", "Times switched off"}, Count,
		Text{"在时段内结束、且关机时刻已上报的不超过 24 小时的关机（含断电）次数", "Times for which boxes were off or without mains, that ended in the period, of at most 24 hours, of which they told when they began"},
		byPlace, offs),
	per(aggregator.HourMs, quotient("off_time", Text{"平均关机时长", "Length of an off time"}, Hours,
		Text{"关机毫秒数 ÷ 关机间隔次数 ÷ 3600000", "Milliseconds switched off ÷ times switched off ÷ 3,600,000"},
		byPlace, 1, offTime, offs)),
	{ID: "rest_coverage", Title: Text{"待机关机可知率", "Power-ons of which the rest before is known"}, Unit: Percent,
		Formula:    Text{"100 ×（待机次数 + 关机间隔次数）÷ 开机次数；其余的开机之前超过 24 小时未用或未上报关机", "100 × (standbys + times switched off) ÷ power-ons; before the others the box rested for longer than 24 hours or told no power-off"},
		Dimensions: byPlace, value: add(standbys, offs), over: add(sum(store.FactBox, store.MeasurePowerOns)), times: 100, by: 1},
	{ID: "on_share", Title: Text{"开机时间占比", "Share of the time on"}, Unit: Percent,
		Formula:    Text{"100 × 开机毫秒数 ÷（开机 + 待机 + 关机毫秒数），只含可知的时间，待机与关机计入其结束的时段", "100 × milliseconds on ÷ (on + in standby + off), of the time that is known; standby and off count where they end"},
		Dimensions: byPlace, value: add(onTime), over: add(onTime, standbyTime, offTime), times: 100, by: 1},
	{ID: "standby_share", Title: Text{"待机时间占比", "Share of the time in standby"}, Unit: Percent,
		Formula:    Text{"100 × 待机毫秒数 ÷（开机 + 待机 + 关机毫秒数），只含可知的时间，待机与关机计入其结束的时段", "100 × milliseconds in standby ÷ (on + in standby + off), of the time that is known; standby and off count where they end"},
		Dimensions: byPlace, value: add(standbyTime), over: add(onTime, standbyTime, offTime), times: 100, by: 1},
}
