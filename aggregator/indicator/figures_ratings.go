package indicator

import (
	"slices"

	"iptvdc/aggregator/store"
)

var (
	byMinute = []store.Column{store.ColProvince, store.ColMode, store.ColChannel, store.ColMinute}
	// byAir is what is known of broadcasts, byAudience also of who watched.
	byAir      = slices.Concat([]store.Column{store.ColProvince, store.ColChannel, store.ColBroadcast, store.ColProgramme}, store.ContentColumns)
	byAudience = slices.Concat(byPlace, byAir[1:])
	byWatched  = append(slices.Clone(byAudience), store.ColMode, store.ColLag)

	length     = term{clock: true}
	universe   = reportingBoxes.within(inPlace)
	reach      = boxes(store.FactReach, store.MeasureReach60)
	minuteTime = sum(store.FactMinute, store.MeasureViewingMs)
	airings    = boxes(store.FactAir, store.MeasureAirings).whenAired().within(onAir)

	liveAudience = of(sum(store.FactBroadcast, store.MeasureAudience), store.ColMode, live).whenAired()
	liveWatched  = of(sum(store.FactBroadcast, store.MeasureViewingMs), store.ColMode, live).whenAired()
	liveReach    = liveReached(store.MeasureReach60)
)

func liveReached(m store.Measure) term {
	return of(boxes(store.FactBroadcast, m), store.ColMode, live).whenAired()
}

// consolidated are the ways in which a broadcast's audience is put together: lag
// by lag up to the last, in any mode.
var consolidated = []struct {
	id, zh, en string
	lags       []uint8
}{
	{"l0", "L+0", "L+0", []uint8{0}},
	{"l3", "L+3", "L+3", []uint8{0, 1, 2, 3}},
	{"l7", "L+7", "L+7", []uint8{0, 1, 2, 3, 4, 5, 6, 7}},
}

// ratingsFigures say how many watch at a time, and of whom: of channels, contents,
// minutes and programmes. Their universe is the boxes that report.
var ratingsFigures = slices.Concat(audienceFigures, minuteFigures, programmeFigures, consolidatedFigures())

var audienceFigures = []Indicator{
	quotient("ama", Text{"平均每分钟收视终端数", "Average-minute audience"}, Boxes,
		Text{"1 倍速收视毫秒数 ÷ 时段全长毫秒数", "Milliseconds watched at normal speed ÷ milliseconds of the whole period"},
		byView, 1, viewingTime, length),
	against(quotient("rating", Text{"收视率", "Rating"}, Percent,
		Text{"100 × 平均每分钟收视终端数 ÷ 同地在报终端数", "100 × average-minute audience ÷ reporting boxes of the place"},
		byView, 100, viewingTime, length), universe),
	quotient("share", Text{"收视份额", "Share"}, Percent,
		Text{"100 × 收视时长 ÷ 同地同时段全部收视时长（不分频道、内容和方式）", "100 × viewing time ÷ all viewing time in the same place and period, whatever the channel, content or mode"},
		byView, 100, viewingTime, viewingTime.within(inPlace)),
	against(quotient("tv_use", Text{"开机收视率", "Boxes using TV"}, Percent,
		Text{"100 × 全部收视毫秒数 ÷ 时段全长 ÷ 在报终端数", "100 × all milliseconds watched ÷ milliseconds of the whole period ÷ reporting boxes"},
		byPlace, 100, modeTime, length), universe),
	plain("reach_5", Text{"到达终端数（5 秒）", "Reach (5 s)"}, Boxes,
		Text{"连续收看同一频道或内容不少于 5 秒的机顶盒数（去重）", "Different boxes that watched one channel or content for at least 5 seconds on end"},
		byView, boxes(store.FactReach, store.MeasureReach5)),
	plain("reach", Text{"到达终端数（60 秒）", "Reach (60 s)"}, Boxes,
		Text{"连续收看同一频道或内容不少于 60 秒的机顶盒数（去重）", "Different boxes that watched one channel or content for at least 60 seconds on end"},
		byView, reach),
	plain("reach_180", Text{"到达终端数（3 分钟）", "Reach (3 min)"}, Boxes,
		Text{"连续收看同一频道或内容不少于 180 秒的机顶盒数（去重）", "Different boxes that watched one channel or content for at least 180 seconds on end"},
		byView, boxes(store.FactReach, store.MeasureReach180)),
	plain("reach_900", Text{"到达终端数（15 分钟）", "Reach (15 min)"}, Boxes,
		Text{"连续收看同一频道或内容不少于 900 秒的机顶盒数（去重）", "Different boxes that watched one channel or content for at least 900 seconds on end"},
		byView, boxes(store.FactReach, store.MeasureReach900)),
	quotient("reach_rate", Text{"到达率", "Reach %"}, Percent,
		Text{"100 × 到达终端数（60 秒） ÷ 同地在报终端数", "100 × reach (60 s) ÷ reporting boxes of the place"},
		byView, 100, reach, universe),
	per(60_000, quotient("time_per_viewer", Text{"人均收视时长", "Time per viewer"}, Minutes,
		Text{"收视分钟数 ÷ 到达终端数（60 秒）", "Minutes watched ÷ reach (60 s)"},
		byView, 1, viewingTime, reach)),
	per(60_000, quotient("time_per_box", Text{"户均收视时长", "Time per reporting box"}, Minutes,
		Text{"收视分钟数 ÷ 同地在报终端数", "Minutes watched ÷ reporting boxes of the place"},
		byView, 1, viewingTime, universe)),
	against(quotient("loyalty", Text{"忠实度", "Loyalty"}, Percent,
		Text{"100 × 平均每分钟收视终端数 ÷ 到达终端数（60 秒）", "100 × average-minute audience ÷ reach (60 s)"},
		byView, 100, viewingTime, length), reach),
}

var minuteFigures = []Indicator{
	quotient("minute_ama", Text{"分钟收视终端数", "Audience by the minute"}, Boxes,
		Text{"该分钟内 1 倍速收视毫秒数 ÷ 60000，多天取平均", "Milliseconds watched at normal speed in the minute ÷ 60,000, the mean of several days"},
		byMinute, 1, minuteTime, length),
	against(quotient("minute_rating", Text{"分钟收视率", "Rating by the minute"}, Percent,
		Text{"100 × 分钟收视终端数 ÷ 同地在报终端数", "100 × audience of the minute ÷ reporting boxes of the place"},
		byMinute, 100, minuteTime, length), universe),
	quotient("minute_share", Text{"分钟收视份额", "Share by the minute"}, Percent,
		Text{"100 × 该分钟收视时长 ÷ 同地同一分钟全部收视时长", "100 × viewing time in the minute ÷ all viewing time of the place in it"},
		byMinute, 100, minuteTime, minuteTime.within(inPlace)),
}

// programmeFigures are of the broadcasts that began in the period, watched live
// unless they say otherwise.
var programmeFigures = []Indicator{
	plain("broadcasts", Text{"播出场次", "Broadcasts"}, Count,
		Text{"时段内开播的节目场次，同一频道同一时刻在多省只计一次", "Broadcasts that began in the period; one channel and beginning in several provinces counts once"},
		byAir, boxes(store.FactAir, store.MeasureAirings).whenAired()),
	per(1_000_000_000, quotient("programme_ama", Text{"节目收视终端数（直播）", "Programme audience (live)"}, Boxes,
		Text{"各场次平均每分钟收视终端数（收视毫秒数 ÷ 场次时长）之和 ÷ 场次数，按播出边界切分", "Sum over broadcasts of their average-minute audience (milliseconds watched ÷ length), split at their edges, ÷ broadcasts"},
		byAudience, 1, liveAudience, airings)),
	per(1_000_000_000, against(quotient("programme_rating", Text{"节目收视率（直播）", "Programme rating (live)"}, Percent,
		Text{"100 × 节目收视终端数（直播） ÷ 同地在报终端数", "100 × programme audience (live) ÷ reporting boxes of the place"},
		byAudience, 100, liveAudience, airings), universe)),
	quotient("programme_share", Text{"节目收视份额（直播）", "Programme share (live)"}, Percent,
		Text{"100 × 播出期间收看该节目的时长 ÷ 同地播出期间全部收视时长", "100 × time watched of the broadcasts ÷ all viewing time of the place while they were on the air"},
		byAudience, 100, liveWatched, sum(store.FactAir, store.MeasureTVMs).whenAired()),
	per(1_000_000_000, quotient("programme_grp", Text{"毛评点（直播）", "GRP (live)"}, Percent,
		Text{"各场次收视率之和", "Sum of the broadcasts' ratings"},
		byAudience, 100, liveAudience, universe)),
	plain("programme_reach_5", Text{"节目到达终端数（5 秒，直播）", "Programme reach (5 s, live)"}, Boxes,
		Text{"在节目播出时间内连续收看不少于 5 秒的机顶盒数（去重）", "Different boxes that watched a broadcast for at least 5 seconds on end while it was on the air"},
		byAudience, liveReached(store.MeasureReach5)),
	plain("programme_reach", Text{"节目到达终端数（60 秒，直播）", "Programme reach (60 s, live)"}, Boxes,
		Text{"在节目播出时间内连续收看不少于 60 秒的机顶盒数（去重）", "Different boxes that watched a broadcast for at least 60 seconds on end while it was on the air"},
		byAudience, liveReach),
	plain("programme_reach_180", Text{"节目到达终端数（3 分钟，直播）", "Programme reach (3 min, live)"}, Boxes,
		Text{"在节目播出时间内连续收看不少于 180 秒的机顶盒数（去重）", "Different boxes that watched a broadcast for at least 180 seconds on end while it was on the air"},
		byAudience, liveReached(store.MeasureReach180)),
	plain("programme_reach_900", Text{"节目到达终端数（15 分钟，直播）", "Programme reach (15 min, live)"}, Boxes,
		Text{"在节目播出时间内连续收看不少于 900 秒的机顶盒数（去重）", "Different boxes that watched a broadcast for at least 900 seconds on end while it was on the air"},
		byAudience, liveReached(store.MeasureReach900)),
	per(60_000, quotient("programme_time_per_viewer", Text{"节目人均收视时长（直播）", "Time per viewer of a programme (live)"}, Minutes,
		Text{"直播收看节目的分钟数 ÷ 节目到达终端数（60 秒，直播）", "Minutes watched live ÷ programme reach (60 s, live)"},
		byAudience, 1, liveWatched, liveReach)),
	per(1_000_000_000, against(quotient("programme_loyalty", Text{"节目忠实度（直播）", "Loyalty to a programme (live)"}, Percent,
		Text{"100 × 节目收视终端数（直播） ÷ 节目到达终端数（60 秒，直播）", "100 × programme audience (live) ÷ programme reach (60 s, live)"},
		byAudience, 100, liveAudience, airings), liveReach)),
	per(60_000, plain("programme_minutes", Text{"节目收视时长（按播出时间）", "Time watched of broadcasts (what was watched)"}, Minutes,
		Text{"时段内开播的节目的收视分钟数，含 7 天内的回看和可辨认的时移，计入播出时段", "Minutes watched of broadcasts that began in the period, live or within 7 days, counted when they were broadcast"},
		byWatched, sum(store.FactBroadcast, store.MeasureViewingMs).whenAired())),
	per(60_000, plain("programme_minutes_when", Text{"节目收视时长（按收看时间）", "Time watched of broadcasts (when it was watched)"}, Minutes,
		Text{"时段内收看节目的分钟数，含 7 天内的回看和可辨认的时移，计入收看时段", "Minutes watched of broadcasts in the period, live or within 7 days of them, counted when they were watched"},
		byWatched, sum(store.FactBroadcast, store.MeasureViewingMs))),
	quotient("schedule_coverage", Text{"节目单覆盖率", "Live viewing with a schedule"}, Percent,
		Text{"100 × 有节目单的直播收视时长 ÷ 全部直播收视时长", "100 × live viewing time of which a schedule says what it was ÷ all live viewing time"},
		append(slices.Clone(byPlace), store.ColChannel), 100,
		of(sum(store.FactBroadcast, store.MeasureViewingMs), store.ColMode, live), of(viewingTime, store.ColMode, live)),
}

// consolidatedFigures are the figures of programmes with what was watched later.
func consolidatedFigures() (all []Indicator) {
	for _, c := range consolidated {
		audience := of(sum(store.FactBroadcast, store.MeasureAudience), store.ColLag, c.lags...).whenAired()
		reach := of(boxes(store.FactBroadcast, store.MeasureReach60), store.ColLag, c.lags...).whenAired()
		how := Text{"直播加播出后 " + c.zh[2:] + " 个收视日内（收视日从 02:00 开始）的回看和可辨认的时移，计入播出时段：",
			"Live, catch-up and timeshift that tells what it shows, up to " + c.en[2:] + " TV days (from 02:00) after the broadcast, counted when it was broadcast: "}
		all = append(all,
			per(1_000_000_000, quotient("programme_ama_"+c.id, Text{"节目收视终端数（" + c.zh + "）", "Programme audience (" + c.en + ")"}, Boxes,
				Text{how.ZH + "收视毫秒数 ÷ 场次时长，各场次之和 ÷ 场次数", how.EN + "milliseconds watched ÷ length, summed over broadcasts, ÷ broadcasts"},
				byAudience, 1, audience, airings)),
			per(1_000_000_000, against(quotient("programme_rating_"+c.id, Text{"节目收视率（" + c.zh + "）", "Programme rating (" + c.en + ")"}, Percent,
				Text{how.ZH + "100 × 节目收视终端数 ÷ 同地在报终端数", how.EN + "100 × programme audience ÷ reporting boxes of the place"},
				byAudience, 100, audience, airings), universe)),
			per(1_000_000_000, quotient("programme_grp_"+c.id, Text{"毛评点（" + c.zh + "）", "GRP (" + c.en + ")"}, Percent,
				Text{how.ZH + "各场次收视率之和", how.EN + "sum of the broadcasts' ratings"},
				byAudience, 100, audience, universe)),
			plain("programme_reach_"+c.id, Text{"节目到达终端数（60 秒，" + c.zh + "）", "Programme reach (60 s, " + c.en + ")"}, Boxes,
				Text{how.ZH + "连续收看不少于 60 秒的机顶盒数（去重）", how.EN + "different boxes that watched for at least 60 seconds on end"},
				byAudience, reach),
		)
	}
	return all
}
