package oracle

import (
	"math"
	"slices"
)

// stockFigures say how accounts stand at the end of a period, dayFigures what happened
// on its days.
var (
	stockFigures = []string{"observed_accounts", "silent_7", "silent_30", "silent_90", "silent_rate", "unseen_accounts", "soft_churn_accounts", "soft_churn_rate",
		"churn_rate_30d", "churn_rate_12m", "churn_rate_annual", "daily_active_accounts", "weekly_active_accounts", "monthly_active_accounts",
		"daily_account_rate", "weekly_account_rate", "monthly_account_rate", "reporting_accounts", "account_coverage"}
	dayFigures = []string{"reactivated_accounts", "cohort_members", "cohort_retention", "cohort_activity"}
)

// Over reports whether the figure is known of days alone that are over for the centre:
// with what boxes told of the whole day.
func (i *Indicator) Over() bool {
	return slices.Contains(dayFigures, i.ID) || slices.Contains(stockFigures, i.ID) && i.ID[:5] != "churn"
}

// loyaltyIndicators say which accounts are still there: those of the provinces' files
// with what boxes told under their numbers.
func loyaltyIndicators() []Indicator {
	churn := func(id string, n int, bend func(float64) float64) Indicator {
		return Indicator{id, byPlace, func(c *count) (float64, bool) {
			r := &c.rolling[n]
			if r.before == 0 || c.sum[baseAccounts] == 0 {
				return 0, false
			}
			return bend(200 * float64(r.left) / float64(r.before+c.sum[baseAccounts])), true
		}}
	}
	plain := func(rate float64) float64 { return rate }
	annual := func(rate float64) float64 { return 100 * (1 - math.Pow(1-min(rate, 100)/100, 12)) }
	return []Indicator{
		{"observed_accounts", byPresence, number(present)},
		{"silent_7", byTenure, number(silent7)},
		{"silent_30", byTenure, number(silent30)},
		{"silent_90", byTenure, number(silent90)},
		{"silent_rate", byTenure, percent(silent30, presentActive)},
		{"unseen_accounts", byTenure, number(unseen)},
		{"reactivated_accounts", byTenure, number(returned)},
		{"soft_churn_accounts", byTenure, number(softChurn)},
		{"soft_churn_rate", byTenure, percent(softChurn, present)},
		churn("churn_rate_30d", 0, plain),
		churn("churn_rate_12m", 1, plain),
		churn("churn_rate_annual", 0, annual),
		{"daily_active_accounts", byTenure, number(onDay)},
		{"weekly_active_accounts", byTenure, number(onWeek)},
		{"monthly_active_accounts", byTenure, number(onMonth)},
		{"daily_account_rate", byTenure, percent(onDay, presentActive)},
		{"weekly_account_rate", byTenure, percent(onWeek, presentActive)},
		{"monthly_account_rate", byTenure, percent(onMonth, presentActive)},
		{"reporting_accounts", byTenure, number(presentReporting)},
		{"account_coverage", byTenure, percent(presentReporting, presentActive)},
		{"cohort_members", byCohort, number(members)},
		{"cohort_retention", byCohort, percent(retained, members)},
		{"cohort_activity", byCohort, percent(engaged, cohortObserved)},
	}
}
