package indicator

import (
	"iptvdc/aggregator/store"
)

var (
	measuredPlays = sum(store.FactPlayback, store.MeasureMeasured)
)

// playbackFigures say how well plays went.
var playbackFigures = []Indicator{
	plain("measured_plays", Text{"质量采样播放次数", "Measured plays"}, Count,
		Text{"上报播放质量的播放次数之和，计入结束的时段", "Plays whose quality was told, counted where they end"},
		byView, measuredPlays),
	quotient("start_time", Text{"平均起播时长", "Start time"}, Millis,
		Text{"从请求播放到首帧的毫秒数之和 ÷ 出现首帧的采样播放次数", "Milliseconds from the request to the first picture ÷ measured plays that had one"},
		byView, 1, sum(store.FactPlayback, store.MeasureStartMs), sum(store.FactPlayback, store.MeasureStarted)),
	quotient("stalls_per_play", Text{"平均卡顿次数", "Stalls a play"}, Ratio,
		Text{"卡顿次数 ÷ 质量采样播放次数", "Stalls ÷ measured plays"},
		byView, 1, sum(store.FactPlayback, store.MeasureStalls), measuredPlays),
	quotient("stall_ratio", Text{"卡顿率", "Plays with stalls"}, Percent,
		Text{"100 × 至少卡顿一次的播放次数 ÷ 质量采样播放次数", "100 × plays that stalled at least once ÷ measured plays"},
		byView, 100, sum(store.FactPlayback, store.MeasureStalled), measuredPlays),
	quotient("stall_time", Text{"平均卡顿时长", "Length of a stall"}, Millis,
		Text{"卡顿毫秒数 ÷ 卡顿次数", "Milliseconds stalled ÷ stalls"},
		byView, 1, sum(store.FactPlayback, store.MeasureStallMs), sum(store.FactPlayback, store.MeasureStalls)),
	plain("play_errors", Text{"播放错误次数", "Play errors"}, Count,
		Text{"采样播放中发生的错误次数之和", "Errors in measured plays"},
		byView, sum(store.FactPlayback, store.MeasureErrors)),
	quotient("error_rate", Text{"播放错误率", "Plays with errors"}, Percent,
		Text{"100 × 发生错误的播放次数 ÷ 质量采样播放次数", "100 × plays with at least one error ÷ measured plays"},
		byView, 100, sum(store.FactPlayback, store.MeasureFailed), measuredPlays),
}
