package indicator

import (
	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

var (
	activeBoxes    = boxes(store.FactBox, store.MeasurePowerOns)
	onTime         = sum(store.FactOn, store.MeasureOnMs)
	reportingBoxes = boxes(store.FactBox, store.MeasureEvents).last(ReportingDays)
)

// activityFigures say how often boxes are on, and which report.
var activityFigures = []Indicator{
	plain("power_ons", Text{"开机次数", "Power-ons"}, Count,
		Text{"机顶盒开机或从待机唤醒的次数之和", "How often boxes were switched on or left standby"},
		byModel, sum(store.FactBox, store.MeasurePowerOns)),
	plain("active_boxes", Text{"活跃终端数", "Active boxes"}, Boxes,
		Text{"时段内至少开机一次的机顶盒数（去重）", "Different boxes with at least one power-on in the period"},
		byModel, activeBoxes),
	plain("reporting_boxes", Text{"在报终端数", "Reporting boxes"}, Boxes,
		Text{"截至时段最后一天的 30 天内至少上报一个事件的机顶盒数（去重）", "Different boxes with at least one event in the 30 days that end with the period's last day"},
		byModel, reportingBoxes),
	quotient("activity_rate", Text{"开机活跃率", "Activity rate"}, Percent,
		Text{"100 × 活跃终端数 ÷ 在报终端数", "100 × active boxes ÷ reporting boxes"},
		byModel, 100, activeBoxes, reportingBoxes),
	quotient("account_activity_rate", Text{"用户活跃率", "Activity rate of accounts"}, Percent,
		Text{"100 × 活跃终端数 ÷ 在用账户数，覆盖情况见上报覆盖率", "100 × active boxes ÷ active accounts; how many of these report is box_coverage"},
		byPlace, 100, activeBoxes, activeAccounts.at(atEnd)),
	plain("daily_active_boxes", Text{"日活跃终端数", "Daily active boxes"}, Boxes,
		Text{"时段最后一天至少开机一次的机顶盒数（去重）", "Different boxes with at least one power-on on the period's last day"},
		byModel, activeBoxes.last(1)),
	plain("weekly_active_boxes", Text{"周活跃终端数", "Weekly active boxes"}, Boxes,
		Text{"截至时段最后一天的 7 天内至少开机一次的机顶盒数（去重）", "Different boxes with at least one power-on in the 7 days that end with the period's last day"},
		byModel, activeBoxes.last(7)),
	plain("monthly_active_boxes", Text{"月活跃终端数", "Monthly active boxes"}, Boxes,
		Text{"截至时段最后一天的 30 天内至少开机一次的机顶盒数（去重）", "Different boxes with at least one power-on in the 30 days that end with the period's last day"},
		byModel, activeBoxes.last(30)),
	quotient("daily_activity_rate", Text{"日活跃率", "Daily activity rate"}, Percent,
		Text{"100 × 日活跃终端数 ÷ 在报终端数", "100 × daily active boxes ÷ reporting boxes"},
		byModel, 100, activeBoxes.last(1), reportingBoxes),
	quotient("weekly_activity_rate", Text{"周活跃率", "Weekly activity rate"}, Percent,
		Text{"100 × 周活跃终端数 ÷ 在报终端数", "100 × weekly active boxes ÷ reporting boxes"},
		byModel, 100, activeBoxes.last(7), reportingBoxes),
	quotient("monthly_activity_rate", Text{"月活跃率", "Monthly activity rate"}, Percent,
		Text{"100 × 月活跃终端数 ÷ 在报终端数", "100 × monthly active boxes ÷ reporting boxes"},
		byModel, 100, activeBoxes.last(30), reportingBoxes),
	quotient("stickiness", Text{"用户粘性", "Stickiness"}, Percent,
		Text{"100 × 日活跃终端数 ÷ 月活跃终端数", "100 × daily active boxes ÷ monthly active boxes"},
		byModel, 100, activeBoxes.last(1), activeBoxes.last(30)),
	per(aggregator.HourMs, plain("hours_on", Text{"开机时长", "Hours on"}, Hours,
		Text{"开机毫秒数 ÷ 3600000，跨时段的按时段切分；未上报关机的计至最后一次活动", "Milliseconds switched on ÷ 3,600,000, split at the edges of periods; without a power-off until the last sign of use"},
		byModel, onTime)),
	per(aggregator.HourMs, quotient("hours_on_per_box", Text{"台均开机时长", "Hours on per box"}, Hours,
		Text{"开机时长 ÷ 时段内开过机的机顶盒数（去重）", "Hours on ÷ different boxes that were on in the period"},
		byModel, 1, onTime, boxes(store.FactOn, store.MeasureOnMs))),
	plain("wakes", Text{"待机唤醒次数", "Wakes"}, Count,
		Text{"从待机唤醒的次数之和", "How often boxes left standby"},
		byModel, sum(store.FactOn, store.MeasureWakes)),
	quotient("wake_share", Text{"待机唤醒占比", "Share of wakes"}, Percent,
		Text{"100 × 待机唤醒次数 ÷ 开机次数", "100 × wakes ÷ power-ons"},
		byModel, 100, sum(store.FactOn, store.MeasureWakes), sum(store.FactBox, store.MeasurePowerOns)),
}
