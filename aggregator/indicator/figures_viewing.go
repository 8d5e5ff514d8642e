package indicator

import (
	"iptvdc/aggregator/store"
)

var (
	modePlays   = sum(store.FactMode, store.MeasurePlays)
	modeTime    = sum(store.FactMode, store.MeasureViewingMs)
	modeBoxes   = boxes(store.FactMode, store.MeasurePlays)
	viewingTime = sum(store.FactView, store.MeasureViewingMs)
)

// viewingFigures say what is watched: live against VOD.
var viewingFigures = []Indicator{
	plain("plays", Text{"播放次数", "Plays"}, Count,
		Text{"有效播放次数：速度低于 3 倍且时长超过 3 秒，计入开始的时段", "Valid plays: slower than 3× and longer than 3 seconds, counted where they start"},
		byView, sum(store.FactView, store.MeasurePlays)),
	per(60_000, plain("viewing_minutes", Text{"收视时长", "Viewing time"}, Minutes,
		Text{"1 倍速观看的毫秒数 ÷ 60000，跨时段的按时段切分", "Milliseconds watched at normal speed ÷ 60,000, split at the edges of periods"},
		byView, viewingTime)),
	plain("viewers", Text{"收视终端数", "Viewing boxes"}, Boxes,
		Text{"时段内至少有一次有效播放的机顶盒数（去重）", "Different boxes with at least one valid play in the period"},
		byMode, modeBoxes),
	quotient("live_to_vod_plays", Text{"直播点播比（次数）", "Live to VOD by plays"}, Ratio,
		Text{"直播播放次数 ÷ 点播播放次数", "Plays of live ÷ plays of VOD"},
		byPlace, 1, of(modePlays, store.ColMode, live), of(modePlays, store.ColMode, vod)),
	quotient("live_to_vod_minutes", Text{"直播点播比（时长）", "Live to VOD by time"}, Ratio,
		Text{"直播收视时长 ÷ 点播收视时长", "Viewing time of live ÷ viewing time of VOD"},
		byPlace, 1, of(modeTime, store.ColMode, live), of(modeTime, store.ColMode, vod)),
	quotient("live_to_vod_viewers", Text{"直播点播比（终端）", "Live to VOD by boxes"}, Ratio,
		Text{"直播收视终端数 ÷ 点播收视终端数", "Boxes that played live ÷ boxes that played VOD"},
		byPlace, 1, of(modeBoxes, store.ColMode, live), of(modeBoxes, store.ColMode, vod)),
}
