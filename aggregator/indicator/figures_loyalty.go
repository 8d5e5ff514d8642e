package indicator

import (
	"math"

	"iptvdc/aggregator/store"
)

var (
	present   = sum(store.FactPresence, store.MeasureAccounts).at(atEnd)
	observed  = of(present, store.ColSilence, store.SilenceNone, store.Silence7, store.Silence30, store.Silence90, store.SilenceUnseen)
	silent7   = of(present, store.ColSilence, store.Silence7, store.Silence30, store.Silence90)
	silent30  = of(present, store.ColSilence, store.Silence30, store.Silence90)
	silent90  = of(present, store.ColSilence, store.Silence90)
	softChurn = of(present, store.ColSilence, store.Silence90, store.SilenceLost)
	reporting = sum(store.FactPresence, store.MeasureReporting).at(atEnd)
	onDay     = of(present, store.ColRecency, store.RecencyDay)
	onWeek    = of(present, store.ColRecency, store.RecencyDay, store.RecencyWeek)
	onMonth   = of(present, store.ColRecency, store.RecencyDay, store.RecencyWeek, store.RecencyMonth)
	members   = sum(store.FactCohort, store.MeasureMembers)
)

// churn is who left in a stretch over the mean of the base before and at its end.
func churn(id string, title, formula Text, over func(term) term) Indicator {
	return Indicator{ID: id, Title: title, Unit: Percent, Formula: formula, Dimensions: byPlace,
		value: add(over(left)), over: add(base.at(atEnd), over(base).at(atStart)), times: 200, by: 1, every: true}
}

func rolling30(t term) term { return t.last(30) }

func rollingYear(t term) term { return t.lastMonths(12) }

// annualised is the share, in percent, that leaves in a year of months in each of
// which that many percent of those left leave.
func annualised(percent float64) float64 {
	return 100 * (1 - math.Pow(1-min(percent, 100)/100, 12))
}

func bent(i Indicator, curve func(float64) float64) Indicator { i.curve = curve; return i }

// loyaltyFigures say who is still there: subscribers of the provinces' files with
// what their boxes tell.
var loyaltyFigures = []Indicator{
	plain("observed_accounts", Text{"观测账户数", "Observed accounts"}, People,
		Text{"时段内各省最近一个已结束数据日末的在用与停机账户数，可按沉默程度、最近开机、在网时长拆分；从未上报的单列，不算沉默",
			"Accounts active or suspended at the end of the last day told that is over, of each province; by silence, last power-on and age. Who was never heard of is told apart and is not silent"},
		byPresence, present),
	plain("silent_7", Text{"沉默7天账户数", "Accounts silent for 7 days"}, People,
		Text{"在用且至少 7 天无开机的账户数；开户、复机或首次上报不足 7 天的不算，从未上报的不算", "Active accounts without a power-on for 7 days or more; not those opened, resumed or first heard of since, nor those never heard of"},
		byTenure, silent7),
	plain("silent_30", Text{"沉默账户数", "Silent accounts"}, People,
		Text{"在用且至少 30 天无开机的账户数；开户、复机或首次上报不足 30 天的不算，从未上报的不算", "Active accounts without a power-on for 30 days or more; not those opened, resumed or first heard of since, nor those never heard of"},
		byTenure, silent30),
	plain("silent_90", Text{"沉默90天账户数", "Accounts silent for 90 days"}, People,
		Text{"在用且至少 90 天无开机的账户数；开户、复机或首次上报不足 90 天的不算，从未上报的不算", "Active accounts without a power-on for 90 days or more; not those opened, resumed or first heard of since, nor those never heard of"},
		byTenure, silent90),
	quotient("silent_rate", Text{"沉默率", "Silent share"}, Percent,
		Text{"100 × 沉默账户数（30 天）÷ 在用账户数（含从未上报）", "100 × accounts silent for 30 days ÷ active accounts, those never heard of too"},
		byTenure, 100, silent30, observed),
	plain("unseen_accounts", Text{"从未上报账户数", "Accounts never heard of"}, People,
		Text{"在用但其机顶盒从未上报任何事件的账户数：未装探针或未用过，无从判断", "Active accounts whose boxes never told any event: without an agent or never used, nobody can say which"},
		byTenure, of(present, store.ColSilence, store.SilenceUnseen)),
	plain("reactivated_accounts", Text{"唤回账户数", "Re-activated accounts"}, Count,
		Text{"前一日末已沉默 30 天、当日开机的在用账户，逐日累加", "Active accounts that were silent for 30 days at the end of the day before and were on in the day; days added up"},
		byTenure, sum(store.FactPresence, store.MeasureReturned)),
	plain("soft_churn_accounts", Text{"软离网账户数", "Soft-churned accounts"}, People,
		Text{"停机超过 60 天的账户数 + 沉默 90 天及以上的在用账户数", "Accounts suspended for more than 60 days + active ones silent for 90 days or more"},
		byTenure, softChurn),
	quotient("soft_churn_rate", Text{"软离网率", "Soft churn"}, Percent,
		Text{"100 × 软离网账户数 ÷ 在用与停机账户数", "100 × soft-churned accounts ÷ accounts active or suspended"},
		byTenure, 100, softChurn, present),
	churn("churn_rate_30d", Text{"滚动30天离网率", "Churn of 30 days"},
		Text{"100 × 截至末日的 30 天内离网账户数 ÷ 这 30 天期初与期末账户数（在用 + 停机）的平均", "100 × accounts that left in the 30 days that end with the period's last day ÷ mean of the accounts before and at their end, active or suspended"}, rolling30),
	churn("churn_rate_12m", Text{"滚动12个月离网率", "Churn of 12 months"},
		Text{"100 × 截至末日的 12 个月内离网账户数 ÷ 这 12 个月期初与期末账户数（在用 + 停机）的平均", "100 × accounts that left in the 12 months that end with the period's last day ÷ mean of the accounts before and at their end, active or suspended"}, rollingYear),
	bent(churn("churn_rate_annual", Text{"年化离网率", "Annualised churn"},
		Text{"100 × (1 − (1 − m)^12)，m 为滚动 30 天离网率", "100 × (1 − (1 − m)^12), m being the churn of 30 days"}, rolling30), annualised),
	plain("daily_active_accounts", Text{"日活跃账户数", "Daily active accounts"}, People,
		Text{"末日日末在用且当日开过机的账户数", "Accounts active at the end of the last day told that is over, on in that day"},
		byTenure, onDay),
	plain("weekly_active_accounts", Text{"周活跃账户数", "Weekly active accounts"}, People,
		Text{"末日日末在用且截至当日 7 天内开过机的账户数", "Accounts active at the end of the last day told that is over, on in the 7 days up to it"},
		byTenure, onWeek),
	plain("monthly_active_accounts", Text{"月活跃账户数", "Monthly active accounts"}, People,
		Text{"末日日末在用且截至当日 30 天内开过机的账户数", "Accounts active at the end of the last day told that is over, on in the 30 days up to it"},
		byTenure, onMonth),
	quotient("daily_account_rate", Text{"日开机率", "Daily activity of accounts"}, Percent,
		Text{"100 × 日活跃账户数 ÷ 在用账户数，覆盖情况见账户上报率", "100 × daily active accounts ÷ active accounts; how many of these report is account_coverage"},
		byTenure, 100, onDay, observed),
	quotient("weekly_account_rate", Text{"周开机率", "Weekly activity of accounts"}, Percent,
		Text{"100 × 周活跃账户数 ÷ 在用账户数，覆盖情况见账户上报率", "100 × weekly active accounts ÷ active accounts; how many of these report is account_coverage"},
		byTenure, 100, onWeek, observed),
	quotient("monthly_account_rate", Text{"月开机率", "Monthly activity of accounts"}, Percent,
		Text{"100 × 月活跃账户数 ÷ 在用账户数，覆盖情况见账户上报率", "100 × monthly active accounts ÷ active accounts; how many of these report is account_coverage"},
		byTenure, 100, onMonth, observed),
	plain("reporting_accounts", Text{"在报账户数", "Reporting accounts"}, People,
		Text{"末日日末在用且截至当日 30 天内至少上报一个事件的账户数", "Accounts active at the end of the last day told that is over, with an event in the 30 days up to it"},
		byTenure, reporting),
	quotient("account_coverage", Text{"账户上报率", "Coverage of accounts"}, Percent,
		Text{"100 × 在报账户数 ÷ 在用账户数", "100 × reporting accounts ÷ active accounts"},
		byTenure, 100, reporting, observed),
	plain("cohort_members", Text{"开户批次账户数", "Accounts of a month of opening"}, People,
		Text{"某月开户的账户数，在其后每个月末各计一次；请按开户月份与月数拆分", "Accounts opened in a month, once for each month's end after; ask by month of opening and months since"},
		byCohort, members),
	quotient("cohort_retention", Text{"留存率", "Retention"}, Percent,
		Text{"100 × 月末仍在用的账户数 ÷ 该批次账户数", "100 × accounts still active at the month's end ÷ accounts opened in that month"},
		byCohort, 100, sum(store.FactCohort, store.MeasureRetained), members),
	quotient("cohort_activity", Text{"留存活跃率", "Activity of those who opened"}, Percent,
		Text{"100 × 当月开过机的账户数 ÷ 该批次账户数，只计已结束的月份", "100 × accounts with a power-on in the month ÷ accounts opened in that month; months that are over alone"},
		byCohort, 100, sum(store.FactCohort, store.MeasureEngaged), sum(store.FactCohort, store.MeasureObserved)),
}
