package duckdb

import (
	"flag"
	"fmt"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

var riskAccounts = flag.Int("risk-accounts", 10_000, "accounts of BenchmarkRisk; a million in earnest")

// BenchmarkRisk asks which of so many accounts may leave, of a year of words of boxes:
// half of the accounts on a day, one in five with playbacks that failed, one in three
// with products by the month that ran out now and then, and one in fifty that left in
// the last month. Marks, days and standings are made by SQL: a year of closings would
// take a day.
func BenchmarkRisk(b *testing.B) {
	s, _ := openBench(b, Options{MemoryBytes: *feedMemory})
	n, days := *riskAccounts, 368
	first := aggregator.Day(20_000)
	end := first + aggregator.Day(days)
	for _, statement := range []string{
		fmt.Sprintf(`INSERT INTO standing SELECT 33, hash(i), CASE WHEN i %% 10 = 0 THEN %[2]d + (i %% %[3]d) * 86400000 ELSE %[2]d END,
	CASE WHEN i %% 50 = 7 THEN %[5]d - 86400000 * (1 + i // 50 %% 28) ELSE %[4]d END, 2, 0, 3301 + i %% 11, 0, 0, 0, %[2]d - (i %% 3000) * 86400000 FROM range(%[1]d) t(i)`,
			n, first.Start(), days, store.Forever, end.Start()),
		fmt.Sprintf("INSERT INTO flow SELECT 33, root, to_ms, %d, city, 2, 4, false FROM standing WHERE to_ms < %d", store.FlowCancelled, store.Forever),
		fmt.Sprintf(`INSERT INTO fact_seen_day SELECT %d + d, 33, hash(i), (hash(i * 1000 + d) %% 3)::INTEGER, 40, 10, CASE WHEN i %% 5 = 1 AND hash(i + d * 7) %% 4 = 0 THEN 1 ELSE 0 END
FROM range(%d) t(i), range(%d, %d) u(d) WHERE hash(i * 1000 + d) %% 2 = 0 AND (i %% 20 > 0 OR d %% 30 > i %% 30)`, first, n, days-100, days),
		fmt.Sprintf(`INSERT INTO fact_seen_marks SELECT %d + p, 33, hash(i), bits, bits, bits, 0
FROM (SELECT p, i, (hash(i * 1000 + p) & hash(i) & 65535)::USMALLINT | CASE WHEN i %% 4 > 0 THEN (hash(i * 1001 + p) & 65535)::USMALLINT ELSE 0 END AS bits FROM range(%d) t(i), range(%d) u(p)) WHERE bits > 0`,
			first>>markShift, n, (days-100)/markDays-1),
		fillMarks(store.ShapeOf(store.FactSeen), "true"),
		"INSERT INTO product SELECT 33, 70 + i, 0, 2, 1990, 0, 0, 0, 0, 0, ''::BLOB FROM range(3) t(i)",
		fmt.Sprintf(`INSERT INTO bill SELECT 33, hash(i, m), 2, hash(i), 70 + i %% 3, 0, 0, %[2]d + m * 2592000000, 0, %[2]d + (m + 1) * 2592000000, 1990, 1, 0, 0, ''::BLOB
FROM range(%[1]d) t(i), range(12) u(m) WHERE i %% 3 = 0 AND hash(i, m) %% 5 > 0`, n, first.Start()),
		fmt.Sprintf("INSERT INTO fact_accounts_day (period, province, city, state, tenure, accounts) SELECT %d + d, 33, 3301, 2, 1, 1 FROM range(%d) t(d)", first, days),
		fmt.Sprintf("INSERT INTO settled VALUES (%d)", end),
		fmt.Sprintf(`INSERT INTO feed_file SELECT 'x'::BLOB, 33, %d, ''::BLOB, %d + d, 0, 0, 0, %d, 0, 0, 0, 0, '', '', 0 FROM (VALUES (0), (%d)) v(d)`, c3.FeedSubscribers, first, c3.OutcomeAccepted, days-1),
	} {
		if _, err := s.db.Exec(statement); err != nil {
			b.Fatalf("%v, in %s", err, statement)
		}
	}
	rules := store.RiskRules{Bands: [store.Signs][]store.Band{
		store.SignFall: {{From: 30, Points: 10}, {From: 50, Points: 20}, {From: 75, Points: 30}}, store.SignSilent: {{From: 7, Points: 10}, {From: 14, Points: 25}, {From: 28, Points: 40}},
		store.SignFaults: {{From: 200, Points: 10}, {From: 400, Points: 15}}, store.SignExpired: {{From: 1, Points: 10}, {From: 2, Points: 15}}}, Middle: 25, High: 50}
	f := func(name string, ask func() (rows int, err error)) {
		b.Run(name, func(b *testing.B) {
			before := cpu(b)
			for b.Loop() {
				if rows, err := ask(); err != nil || rows == 0 {
					b.Fatal(rows, err)
				}
			}
			b.ReportMetric((cpu(b)-before).Seconds()*1000/float64(b.N), "cpu-ms/op")
		})
	}
	q := store.RiskQuery{AllProvinces: true, Day: end - 1, Rules: rules, Least: 1, Most: store.RiskMost, Limit: 50}
	f("counts", func() (int, error) { rows, err := s.Risk(b.Context(), q); return len(rows), err })
	f("list", func() (int, error) { rows, err := s.RiskAccounts(b.Context(), q); return len(rows), err })
	f("departures", func() (int, error) {
		rows, err := s.RiskDepartures(b.Context(), store.DeparturesQuery{AllProvinces: true, From: end - 28, To: end - 1, Before: 28, Rules: rules})
		return len(rows), err
	})
}
