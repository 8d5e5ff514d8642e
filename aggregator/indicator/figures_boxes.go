package indicator

import (
	"slices"

	"iptvdc/aggregator/store"
)

var (
	byAgent   = append(slices.Clone(byModel), store.ColAgent)
	byRelease = append(slices.Clone(byModel), store.ColRelease)

	agentBoxes = boxes(store.FactAgent, store.MeasureRan)

	taken      = sum(store.FactUpdate, store.MeasureTaken)
	rolledBack = sum(store.FactUpdate, store.MeasureRolledBack)
)

// boxesFigures say which agents boxes run, and what becomes of updates of them.
var boxesFigures = []Indicator{
	plain("agent_boxes", Text{"代理版本终端数", "Boxes by agent version"}, Boxes,
		Text{"时段内开机、唤醒或换版本时告知代理版本的机顶盒数（去重）；时段内换过版本的计入每个运行过的版本",
			"Different boxes that told which agent they run in the period, as they come on, wake or change it; one that changed it counts under each that it ran"},
		byAgent, agentBoxes),
	quotient("agent_share", Text{"代理版本占比", "Share of the agent version"}, Percent,
		Text{"100 × 代理版本终端数 ÷ 同地同型号告知过任一版本的终端数；换过版本的计入每个版本，各版本之和可超过 100", "100 × boxes by agent version ÷ boxes of the same place and model that told any version; one that changed it counts under each, so the shares may add up to more than 100"},
		byAgent, 100, agentBoxes, agentBoxes.within(anyAgent)),
	quotient("agent_coverage", Text{"代理版本已知率", "Boxes of a known agent version"}, Percent,
		Text{"100 × 代理版本终端数 ÷ 时段内至少上报一个事件的机顶盒数（去重）", "100 × boxes by agent version ÷ different boxes with at least one event in the period"},
		byModel, 100, agentBoxes, boxes(store.FactBox, store.MeasureEvents)),
	plain("updates_fetched", Text{"升级下载数", "Updates fetched"}, Count,
		Text{"下载并校验完升级包的次数之和，每台每个升级每小时计一次", "How often boxes had the whole of an update, once an hour for each box and update"},
		byRelease, sum(store.FactUpdate, store.MeasureFetched)),
	plain("updates_taken", Text{"升级成功数", "Updates taken"}, Count,
		Text{"新版本运行正常（启动后有批次得到中心确认）的次数之和，每台每个升级每小时计一次", "How often an update ran well (a batch of its was acknowledged), once an hour for each box and update"},
		byRelease, taken),
	plain("updates_rolled_back", Text{"升级回退数", "Updates rolled back"}, Count,
		Text{"升级后退回原版本的次数之和，每台每个升级每小时计一次", "How often boxes went back from an update, once an hour for each box and update"},
		byRelease, rolledBack),
	plain("updates_refused", Text{"升级拒绝数", "Updates refused"}, Count,
		Text{"机顶盒不接受升级（签名、型号、空间、镜像等原因）的次数之和，每台每个升级每小时计一次", "How often boxes did not take an update (its signature, model, room, another image), once an hour for each box and update"},
		byRelease, sum(store.FactUpdate, store.MeasureUpdateRefused)),
	{ID: "rollback_rate", Title: Text{"升级回退率", "Share of updates rolled back"}, Unit: Percent,
		Formula:    Text{"100 × 升级回退数 ÷（升级成功数 + 升级回退数）", "100 × updates rolled back ÷ (updates taken + updates rolled back)"},
		Dimensions: byRelease, value: add(rolledBack), over: add(taken, rolledBack), times: 100, by: 1},
	plain("updated_boxes", Text{"升级成功终端数", "Boxes updated"}, Boxes,
		Text{"时段内升级成功的机顶盒数（去重）", "Different boxes on which an update ran well in the period"},
		byRelease, boxes(store.FactUpdate, store.MeasureTaken)),
}
