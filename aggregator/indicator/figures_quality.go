package indicator

import (
	"iptvdc/aggregator/store"
)

// unknownKey is the key of what is unknown.
const unknownKey = uint8(0)

var (
	kept    = sum(store.FactTrust, store.MeasureKept)
	losses  = add(sum(store.FactTrust, store.MeasureGaps), sum(store.FactTrust, store.MeasureToldLost), sum(store.FactTrust, store.MeasureThrown))
	ofWhole = append(add(kept), losses...)

	contentTime = add(viewingTime).less(of(viewingTime, store.ColContent, unknownKey))
)

// qualityFigures say how far the other figures can be trusted.
var qualityFigures = []Indicator{
	{ID: "genre_coverage", Title: Text{"题材识别率", "Viewing of known genre"}, Unit: Percent,
		Formula:    Text{"100 × 题材已知的收视时长 ÷ 有内容编码的收视时长", "100 × viewing time of contents whose genre is known ÷ viewing time of contents"},
		Dimensions: byPlace, value: add(viewingTime).less(of(viewingTime, store.ColGenre, unknownKey)), over: contentTime, times: 100, by: 1},
	{ID: "place_coverage", Title: Text{"产地识别率", "Viewing of known place of production"}, Unit: Percent,
		Formula:    Text{"100 × 产地已知的收视时长 ÷ 有内容编码的收视时长", "100 × viewing time of contents whose place of production is known ÷ viewing time of contents"},
		Dimensions: byPlace, value: add(viewingTime).less(of(viewingTime, store.ColPlace, unknownKey)), over: contentTime, times: 100, by: 1},
	quotient("box_coverage", Text{"上报覆盖率", "Coverage by reporting boxes"}, Percent,
		Text{"100 × 在报终端数 ÷ 在用账户数", "100 × reporting boxes ÷ active accounts"},
		byPlace, 100, reportingBoxes, activeAccounts.at(atEnd)),
	plain("events", Text{"事件数", "Events"}, Count,
		Text{"已入库的全部事件数之和", "All events of boxes that are in"},
		byPlace, kept),
	quotient("clock_synced", Text{"时钟可信率", "Events of a synced clock"}, Percent,
		Text{"100 × 入库时其开机周期已与中心或 NTP 对时的事件数 ÷ 事件数，另含随后对时而移动过时间的事件", "100 × events whose boot was synced with the centre or by NTP when they were loaded, or that a later sync moved ÷ events"},
		byPlace, 100, sum(store.FactTrust, store.MeasureSynced), kept),
	quotient("clock_unsynced", Text{"时钟未知率", "Events of an unknown time"}, Percent,
		Text{"100 × 从未对时且到达时间无法推算的事件数 ÷ 事件数，其时间为估计", "100 × events of boots that never synced and were over before they told anything, whose time is a guess ÷ events"},
		byPlace, 100, sum(store.FactTrust, store.MeasureUnsynced), kept),
	{ID: "events_lost", Title: Text{"丢失事件数", "Events lost"}, Unit: Count,
		Formula: Text{"编号缺口 + 机顶盒上报的旧纪元丢失 + 因限速、内存或只读闪存丢弃的事件数，计入缺口后第一个事件的时间",
			"Gaps in numbers + what boxes report as lost with an earlier outbox + what they threw away for rate, memory or a read-only flash; a gap counts where the event after it does"},
		Dimensions: byPlace, value: losses, times: 1, by: 1},
	{ID: "loss_rate", Title: Text{"事件丢失率", "Loss rate"}, Unit: Percent,
		Formula:    Text{"100 × 丢失事件数 ÷（事件数 + 丢失事件数）", "100 × events lost ÷ (events + events lost)"},
		Dimensions: byPlace, value: losses, over: ofWhole, times: 100, by: 1},
	plain("repeated_batches", Text{"重复批次数", "Repeated batches"}, Count,
		Text{"已收过而再次到达的批次数，按到达时间与主题省份计，不影响任何指标", "Batches that came again, by arrival and the topic's province; they change no figure"},
		byPlace, sum(store.FactTrust, store.MeasureRepeats)),
	plain("invalid_boxes", Text{"无效终端数", "Boxes left out"}, Boxes,
		Text{"时段内至少有一天因一分钟或一天内记录过多、或被列为测试终端而不计入收视的机顶盒数（去重），可按原因拆分", "Different boxes whose viewing does not count on at least one day of the period, as they told too much in a minute or a day or are listed as robots; by reason"},
		byWhy, boxes(store.FactInvalid, store.MeasureDropped)),
	plain("invalid_events", Text{"无效事件数", "Events left out"}, Count,
		Text{"无效终端当天的全部事件数之和，可按原因拆分", "All events of boxes left out, of the days on which they are; by reason"},
		byWhy, sum(store.FactInvalid, store.MeasureDropped)),
}
