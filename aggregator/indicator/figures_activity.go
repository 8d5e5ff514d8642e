package indicator

import (
	"iptvdc/aggregator/store"
)

var (
	activeBoxes    = boxes(store.FactBox, store.MeasurePowerOns)
	reportingBoxes = boxes(store.FactBox, store.MeasureEvents).last(ReportingDays)
)

// activityFigures say how often boxes are on, and which report.
var activityFigures = []Indicator{
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
}
