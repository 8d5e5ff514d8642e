package oracle

import (
	"fmt"
	"strings"
	"testing"
)

// town is a catalogue of subscribers of Zhejiang, told from one day to another of
// 2026-11, with lines as "who day state account city opened flow", _ for nothing.
func town(t *testing.T, from, to string, lives string) *Catalogue {
	t.Helper()
	var lines []string
	for _, day := range DaysBetween(from, to) {
		lines = append(lines, fmt.Sprintf(`{"stand":{"province":"33","day":"%s","cities":{"3301":1}}}`, day))
	}
	for line := range strings.Lines(strings.TrimSpace(lives)) {
		f := strings.Fields(line)
		for i := range f {
			f[i] = strings.TrimPrefix(f[i], "_")
		}
		lines = append(lines, fmt.Sprintf(`{"life":{"province":"33","who":%s,"day":"%s","state":"%s","account":"%s","city":"%s","opened":"%s","flow":"%s"}}`,
			f[0], f[1], f[2], f[3], f[4], f[5], f[6]))
	}
	return catalogue(t, lines...)
}

func TestSilence(t *testing.T) {
	c := town(t, "2026-09-01", "2026-12-31", `
		1 2026-09-01 active    n1 3301 2026-01-15 _
		2 2026-09-01 active    n2 3302 _          _
		3 2026-09-01 suspended n3 3301 2020-02-29 _
		4 2026-09-01 active    n4 3301 2026-08-31 _
		5 2026-09-01 cancelled n5 3301 2026-08-31 _`)
	o := scriptWith(t, c, `
		1 10:00:00 a identity "account":"n1"
		1 10:00:00 a power_on
		8 10:00:00 a page_view
		61 10:00:00 a power_on
		1 10:00:00 b identity "account":"n2"
		2 10:00:00 b page_view
		1 10:00:00 c identity "account":"n5"
		1 10:00:00 c power_on`)
	days := o.Ask("day")
	f := func(day, figure, want string) {
		t.Helper()
		expect(t, days, figure, day, "", "", want)
	}
	f("2026-11-01", "observed_accounts", "4")
	f("2026-11-01", "daily_active_accounts", "1")
	f("2026-11-01", "daily_account_rate", "33.3333")
	f("2026-11-01", "unseen_accounts", "1") // who is not there is not asked
	f("2026-11-07", "silent_7", "0")
	f("2026-11-07", "weekly_active_accounts", "1")
	f("2026-11-08", "silent_7", "2") // both since the 1st: n2 never had a power-on
	f("2026-11-08", "weekly_active_accounts", "0")
	f("2026-11-30", "silent_30", "0")
	f("2026-12-01", "silent_30", "2")
	f("2026-12-01", "silent_rate", "66.6667")
	f("2026-12-01", "monthly_active_accounts", "0")
	f("2026-12-01", "reporting_accounts", "2") // until the 1st and the 7th
	f("2026-12-02", "account_coverage", "33.3333")
	f("2026-12-31", "reactivated_accounts", "1") // day 61
	f("2026-12-31", "silent_30", "1")
	f("2026-11-01", "soft_churn_accounts", "1") // suspended for 61 days
	f("2026-11-01", "soft_churn_rate", "25")
	by := o.Ask("day", "silence")
	expect(t, by, "observed_accounts", "2026-11-01", "lost", "", "1")
	expect(t, by, "observed_accounts", "2026-12-01", "30", "", "2")
	expect(t, o.Ask("month", "recency"), "observed_accounts", "2026-11", "never", "", "1")
	expect(t, o.Ask("month", "recency"), "observed_accounts", "2026-11", "month", "", "1")
	expect(t, o.Ask("total", "province", "state"), "observed_accounts", "total", "33", "suspended", "1")
	expect(t, o.Ask("total", "city"), "observed_accounts", "total", "3302", "", "1")
	tenures := o.Ask("day", "tenure")
	expect(t, tenures, "observed_accounts", "2026-11-29", "under_3m", "", "1")
	expect(t, tenures, "observed_accounts", "2026-11-30", "under_3m", "", "0") // three months after the 31st of August
	expect(t, tenures, "observed_accounts", "2026-11-30", "3m_1y", "", "2")
	expect(t, tenures, "unseen_accounts", "2026-11-30", "3m_1y", "", "1")
	expect(t, tenures, "observed_accounts", "2026-11-30", "over_5y", "", "1")
	expect(t, tenures, "observed_accounts", "2026-11-30", "unknown", "", "1")
}

func TestNumbersChange(t *testing.T) {
	c := town(t, "2026-11-01", "2026-11-30", `
		1 2026-11-01 active    old 3301 _ _
		1 2026-11-05 active    new 3301 _ _
		2 2026-11-01 suspended two 3301 _ _
		2 2026-11-10 active    two 3301 _ resumed
		3 2026-11-10 active    not 3301 _ new`)
	o := scriptWith(t, c, `
		4 10:00:00 a identity "account":"old"
		4 10:00:00 a power_on
		5 10:00:00 a power_on
		5 10:00:00 b identity "account":"two"
		5 10:00:00 b power_on
		20 10:00:00 x power_on
		30 10:00:00 x page_view`)
	days := o.Ask("day")
	expect(t, days, "observed_accounts", "2026-11-09", "", "", "2")
	expect(t, days, "observed_accounts", "2026-11-10", "", "", "3")
	expect(t, days, "daily_active_accounts", "2026-11-04", "", "", "1")
	expect(t, days, "daily_active_accounts", "2026-11-05", "", "", "0") // nobody's number any more, and one that is suspended
	expect(t, days, "silent_7", "2026-11-11", "", "", "1")
	expect(t, days, "silent_7", "2026-11-16", "", "", "1") // the second is back since the 10th
	expect(t, days, "silent_7", "2026-11-17", "", "", "2")
	expect(t, days, "unseen_accounts", "2026-11-17", "", "", "1")
}

func TestRollingChurn(t *testing.T) {
	c := town(t, "2026-10-25", "2026-11-28", `
		1 2026-10-25 active    n1 3301 _ _
		2 2026-10-25 active    n2 3301 _ _
		3 2026-10-25 suspended n3 3301 _ _
		4 2026-10-25 active    n4 3302 _ _
		1 2026-11-02 cancelled n1 3301 _ cancelled
		3 2026-10-29 _         n3 3301 _ suspended_moved_out`)
	o := scriptWith(t, c, "1 10:00:00 a power_on\n28 10:00:00 a power_on")
	days := o.Ask("day")
	expect(t, days, "churn_rate_30d", "2026-11-23", "", "", "none")    // before 25 October nobody told anything
	expect(t, days, "churn_rate_30d", "2026-11-24", "", "", "66.6667") // four before, two at the end
	expect(t, days, "churn_rate_30d", "2026-11-28", "", "", "40")      // one of three
	expect(t, o.Ask("total", "city"), "churn_rate_30d", "total", "3302", "", "0")
	expect(t, days, "churn_rate_12m", "2026-11-28", "", "", "none")
	rate := o.Ask("total")["churn_rate_annual"][Cell{Period: "total"}].Number
	if got := fmt.Sprintf("%.3f", rate); got != "99.782" { // 100 × (1 - 0.6¹²)
		t.Errorf("a year's churn is %s", got)
	}
}

func TestCohorts(t *testing.T) {
	c := town(t, "2026-11-01", "2027-01-30", `
		1 2026-11-05 active    n1 3301 _ new
		1 2026-12-05 cancelled n1 3301 _ cancelled
		1 2026-12-20 active    n1 3302 _ new
		2 2026-11-07 active    n2 3301 _ new
		3 2026-11-07 active    n3 3301 _ moved_in`)
	o := scriptWith(t, c, `
		5 10:00:00 a identity "account":"n1"
		50 10:00:00 a power_on
		92 10:00:00 b power_on`)
	months := o.Ask("month", "cohort")
	expect(t, months, "cohort_members", "2026-11", "2026-11", "", "2")
	expect(t, months, "cohort_activity", "2026-11", "2026-11", "", "0")
	expect(t, months, "cohort_retention", "2026-12", "2026-11", "", "100")
	expect(t, months, "cohort_activity", "2026-12", "2026-11", "", "50")
	expect(t, months, "cohort_members", "2026-12", "2026-12", "", "1")
	expect(t, months, "cohort_members", "2027-01", "2026-11", "", "0") // nobody told of its last day
	ages := o.Ask("total", "age_months")
	expect(t, ages, "cohort_members", "total", "0", "", "3")
	expect(t, ages, "cohort_members", "total", "1", "", "2")
	expect(t, o.Ask("total", "city", "cohort"), "cohort_members", "total", "3302", "2026-12", "1")
}
