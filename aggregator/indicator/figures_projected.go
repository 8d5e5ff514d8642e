package indicator

import (
	"fmt"

	"iptvdc/aggregator/store"
)

// projectedFigures say what all active accounts would show, estimated from the
// boxes that report.
var projectedFigures = []Indicator{
	project("viewing_minutes_projected", Text{"收视时长（推算）", "Viewing time, projected"}, Minutes,
		Text{"Σ 各省各地市 在报终端收视分钟数 × 在用账户数 ÷ 在报终端数", "Σ by province and city: minutes viewed by reporting boxes × active accounts ÷ reporting boxes"},
		projection{value: sum(store.FactBox, store.MeasureViewingMs), unit: 60_000}),
	project("viewing_per_account_projected", Text{"户均收视时长（推算）", "Viewing time per account, projected"}, Minutes,
		Text{"收视时长（推算）÷ 所计地市的在用账户数", "Viewing time, projected ÷ active accounts of the cities that count"},
		projection{value: sum(store.FactBox, store.MeasureViewingMs), unit: 60_000, perAccount: true}),
	project("active_boxes_projected", Text{"活跃终端数（推算）", "Active boxes, projected"}, Boxes,
		Text{"Σ 各省各地市 活跃终端数 × 在用账户数 ÷ 在报终端数", "Σ by province and city: active boxes × active accounts ÷ reporting boxes"},
		projection{value: activeBoxes, unit: 1, once: true}),
}

// project declares a projected figure; its formula ends with what is left out and
// how its error comes about.
func project(id string, title Text, unit Unit, formula Text, p projection) Indicator {
	i := plain(id, title, unit, Text{
		formula.ZH + fmt.Sprintf("；仅计在报终端数 ÷ 在用账户数 ≥ %d%% 的地市；标准误 = √Σ 账户数² ×（1 − 终端数 ÷ 账户数）× 终端间方差 ÷ 终端数", MinCoverage),
		formula.EN + fmt.Sprintf("; of cities where reporting boxes ÷ active accounts ≥ %d %%; standard error = √Σ accounts² × (1 − boxes ÷ accounts) × variance between boxes ÷ boxes", MinCoverage),
	}, byPlace, p.value)
	for _, a := range p.amounts()[2:] { // what the question must be able to ask
		i.value = append(i.value, a...)
	}
	i.projected = &p
	return i
}
