package indicator

import (
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

var (
	accounts       = sum(store.FactAccounts, store.MeasureAccounts)
	activeAccounts = of(accounts, store.ColState, c3.StateActive)
	base           = of(accounts, store.ColState, c3.StateActive, c3.StateSuspended)
	flow           = sum(store.FactFlow, store.MeasureFlows)
	left           = of(flow, store.ColFlow, store.FlowCancelled, store.FlowMovedOut, store.FlowSuspendedCancelled, store.FlowSuspendedMovedOut)
)

// usersFigures say accounts and their movements, from the provinces' files.
var usersFigures = []Indicator{
	plain("accounts", Text{"账户数", "Accounts"}, People,
		Text{"时段内各省最近一次数据日末的账户数，可按状态与在网时长拆分", "Accounts at the end of the last day told in the period, of each province; by state and age of the subscription"},
		byState, accounts.at(atEnd)),
	plain("active_accounts", Text{"在用账户数", "Active accounts"}, People,
		Text{"时段内各省最近一次数据日末状态为在用的账户数", "Active accounts at the end of the last day told in the period, of each province"},
		byTenure, activeAccounts.at(atEnd)),
	plain("account_flows", Text{"账户变动数", "Movements of accounts"}, Count,
		Text{"时段内账户变动的次数之和，可按变动类型拆分", "How often accounts moved in the period; by kind of movement"},
		byFlow, flow),
	plain("new_accounts", Text{"新增账户数", "New accounts"}, Count,
		Text{"时段内开户及重新开户的次数之和", "Accounts opened or opened again in the period"},
		byPlace, of(flow, store.ColFlow, store.FlowNew)),
	plain("left_accounts", Text{"离网账户数", "Accounts that left"}, Count,
		Text{"时段内销户与迁出的次数之和，含停机账户", "Accounts cancelled or moved out in the period, suspended ones too"},
		byPlace, left),
	{ID: "churn_rate", Title: Text{"离网率", "Churn rate"}, Unit: Percent,
		Formula:    Text{"100 × 离网账户数 ÷ 期初与期末账户数（在用 + 停机）的平均", "100 × accounts that left ÷ mean of the accounts before and at the end of the period, active or suspended"},
		Dimensions: byPlace, value: add(left), over: add(base.at(atStart), base.at(atEnd)), times: 200, by: 1},
	{ID: "balance_error", Title: Text{"用户平衡差", "Error of the balance"}, Unit: People,
		Formula: Text{"期末在用 −（期初在用 + 接管 + 新增 + 复机 + 迁入 − 停机 − 销户 − 迁出），应为 0",
			"Active at the end − (active before + taken over + new + resumed + moved in − suspended − cancelled − moved out); must be 0"},
		Dimensions: []store.Column{store.ColProvince}, times: 1, by: 1,
		value: add(activeAccounts.at(atEnd), of(flow, store.ColFlow, store.FlowSuspended, store.FlowCancelled, store.FlowMovedOut)).
			less(activeAccounts.at(atStart)).
			less(of(flow, store.ColFlow, store.FlowOpening, store.FlowNew, store.FlowResumed, store.FlowMovedIn))},
}
