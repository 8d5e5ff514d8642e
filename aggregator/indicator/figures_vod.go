package indicator

import (
	"iptvdc/aggregator/store"
)

var (
	byPart  = catalogued(store.ColMode, store.ColContent, store.ColPart)
	byAsset = catalogued(store.ColMode, store.ColContent)
	// bySeries is without the content: what is counted is episodes.
	bySeries = catalogued(store.ColMode)

	viewerDays = counted(store.FactReach, store.MeasureReach60, store.CountBoxDays)
	returns    = counted(store.FactReach, store.MeasureReach60, store.CountReturns)
	followers  = counted(store.FactReach, store.MeasureReach60, store.CountFollowers)
	episodes   = counted(store.FactReach, store.MeasureReach60, store.CountEpisodes)
	bingers    = counted(store.FactReach, store.MeasureReach60, store.CountBingers)

	// What plays an asset that has a length.
	assetTime    = of(viewingTime, store.ColMode, catchup, vod).asTold()
	placedTime   = of(sum(store.FactAsset, store.MeasurePlacedMs), store.ColMode, catchup, vod)
	assetViewers = boxes(store.FactAsset, store.MeasurePlacedMs)
	partsSeen    = boxes(store.FactAsset, store.MeasurePassed)
	complete     = counted(store.FactAsset, store.MeasurePassed, store.CountComplete)

	plays = sum(store.FactView, store.MeasurePlays)
)

// vodFigures say how contents are watched: how much of them, to the end, and again.
var vodFigures = []Indicator{
	per(store.LengthUnit, plain("full_views", Text{"完整观看当量", "Full-view equivalents"}, Count,
		Text{"各省各内容的 1 倍速收视毫秒数 ÷ 节目单元目录中的时长，求和；时长未知的内容不计", "Milliseconds watched at normal speed ÷ the content's length by its province's catalogue, added up over contents; without contents whose length is not known"},
		byView, counted(store.FactView, store.MeasureViewingMs, store.CountLengths))),
	{ID: "length_coverage", Title: Text{"时长识别率", "Viewing of known length"}, Unit: Percent,
		Formula:    Text{"100 × 时长已知的收视时长 ÷ 有内容编码的收视时长", "100 × viewing time of contents whose length the catalogue tells ÷ viewing time of contents"},
		Dimensions: byMode, value: add(viewingTime).less(of(viewingTime, store.ColLength, unknownKey)), over: contentTime, times: 100, by: 1},

	plain("viewer_days", Text{"收视终端日数", "Viewer days"}, Count,
		Text{"（机顶盒，日）的组合数：该日连续收看不少于 60 秒", "Pairs of a box and a day on which it watched for at least 60 seconds on end"},
		byView, viewerDays),
	plain("returning_viewer_days", Text{"7 日内回访终端日数", "Viewer days with a return"}, Count,
		Text{"收视终端日中，此后 7 日内又收看同一分组（如同一剧集、提供商、方式）不少于 60 秒的；最近 7 日尚不完整", "Viewer days after which the box watched the same group (series, provider, mode ...) for at least 60 seconds on one of the next 7 days; not yet whole for the latest 7 days"},
		byView, returns),
	quotient("return_rate", Text{"7 日回访率", "Viewers who return within 7 days"}, Percent,
		Text{"100 × 7 日内回访终端日数 ÷ 收视终端日数", "100 × viewer days with a return ÷ viewer days"},
		byView, 100, returns, viewerDays),
	plain("series_viewers", Text{"剧集收视终端数", "Viewers of series"}, Boxes,
		Text{"收看剧集中某一集连续不少于 60 秒的机顶盒数（去重），按收视日（02:00 起）计", "Different boxes that watched an episode of a series for at least 60 seconds on end, by TV days (from 02:00)"},
		bySeries, followers),
	quotient("episodes_per_viewer", Text{"人均集数", "Episodes per viewer"}, Ratio,
		Text{"（机顶盒，集）的组合数 ÷ 剧集收视终端数", "Pairs of a box and an episode that it watched ÷ viewers of series"},
		bySeries, 1, episodes, followers),
	plain("bingers", Text{"连看终端数", "Binge viewers"}, Boxes,
		Text{"在同一收视日内收看同一剧集至少 3 集、每集连续不少于 60 秒的机顶盒数（去重）", "Different boxes that watched at least 3 episodes of one series on one TV day, each for at least 60 seconds on end"},
		bySeries, bingers),
	quotient("binge_rate", Text{"连看率", "Share of binge viewers"}, Percent,
		Text{"100 × 连看终端数 ÷ 剧集收视终端数", "100 × binge viewers ÷ viewers of series"},
		bySeries, 100, bingers, followers),

	plain("asset_viewers", Text{"可定位收视者数", "Viewers whose place is known"}, Count,
		Text{"（机顶盒，内容）的组合数：以 1 倍速收看且上报了位置和时长", "Pairs of a box and a content that it watched at normal speed and told its place in and length of"},
		byAsset, assetViewers),
	quotient("retention", Text{"留存曲线", "Retention"}, Percent,
		Text{"100 × 以 1 倍速经过该段（时长的 1/20）中点的收视者数 ÷ 可定位收视者数；请按段拆分", "100 × viewers who passed the middle of the part (of 20 of the length) at normal speed ÷ viewers whose place is known; ask for it by part"},
		byPart, 100, partsSeen, assetViewers.within(wholeAsset)),
	per(store.Parts, quotient("completion", Text{"完成度", "Completion"}, Percent,
		Text{"100 × 各收视者以 1 倍速看过的段数之和 ÷ 20 ÷ 可定位收视者数，重看不重复计", "100 × parts that viewers saw at normal speed, each once ÷ 20 ÷ viewers whose place is known"},
		byAsset, 100, partsSeen, assetViewers)),
	plain("complete_viewers", Text{"完整收视者数", "Viewers of the whole"}, Count,
		Text{"（机顶盒，内容）的组合数：在时段内以 1 倍速看过至少 90%（20 段中的 18 段）", "Pairs of a box and a content of which it saw at least 90 % (18 of 20 parts) at normal speed in the period"},
		byAsset, complete),
	quotient("complete_rate", Text{"完整收视率", "Share of viewers of the whole"}, Percent,
		Text{"100 × 完整收视者数 ÷ 可定位收视者数", "100 × viewers of the whole ÷ viewers whose place is known"},
		byAsset, 100, complete, assetViewers),
	plain("leaves", Text{"离开次数", "Leaves"}, Count,
		Text{"播放在该段结束的次数之和，位置或时长未知的不计", "How often plays ended in the part, of those whose place and length are known"},
		byPart, sum(store.FactLeft, store.MeasureLeaves)),
	quotient("leave_share", Text{"离开占比", "Share of leaves"}, Percent,
		Text{"100 × 在该段离开的次数 ÷ 全部离开次数；请按段拆分", "100 × leaves in the part ÷ leaves of all parts; ask for it by part"},
		byPart, 100, sum(store.FactLeft, store.MeasureLeaves), sum(store.FactLeft, store.MeasureLeaves).within(wholeAsset)),
	quotient("place_known", Text{"位置可知率", "Viewing whose place is known"}, Percent,
		Text{"100 × 位置和时长已知的回看与点播收视时长 ÷ 全部回看与点播收视时长；其余的不在留存曲线内", "100 × viewing time of catch-up and VOD whose place and length are known ÷ all of it; the rest is not in the retention curve"},
		byAsset, 100, placedTime, assetTime),
	per(60_000, Indicator{ID: "unplaced_minutes", Title: Text{"位置未知的收视时长", "Viewing whose place is not known"}, Unit: Minutes,
		Formula:    Text{"回看与点播收视分钟数 − 其中位置和时长已知的", "Minutes of catch-up and VOD − those whose place and length are known"},
		Dimensions: byAsset, value: add(assetTime).less(placedTime), times: 1}),

	quotient("share_of_plays", Text{"播放份额", "Share of plays"}, Percent,
		Text{"100 × 播放次数 ÷ 同地同时段全部播放次数（不分频道、内容和方式）", "100 × plays ÷ all plays in the same place and period, whatever the channel, content or mode"},
		byView, 100, plays, plays.within(inPlace)),
	quotient("share_of_viewers", Text{"收视终端占比", "Share of viewing boxes"}, Percent,
		Text{"100 × 收视终端数 ÷ 同地同时段全部收视终端数（不分方式）；各方式之和可超过 100", "100 × viewing boxes ÷ all viewing boxes of the same place and period, whatever the mode; modes may add up to more than 100"},
		byMode, 100, modeBoxes, modeBoxes.within(inPlace)),
}
