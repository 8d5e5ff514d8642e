package duckdb

import (
	"flag"
	"fmt"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

var presenceAccounts = flag.Int("presence-accounts", 10_000, "accounts of BenchmarkPresence; a million in earnest")

// BenchmarkPresence asks how many accounts are silent: of a year of words of boxes
// (half of the accounts on a day), on its last day and on each of its last 31, and
// what became of those who opened in the year, one in ten. Marks and standings are
// made by SQL: a year of closings would take a day.
func BenchmarkPresence(b *testing.B) {
	s, _ := openBench(b, Options{MemoryBytes: *feedMemory})
	n, days := *presenceAccounts, 368
	first := aggregator.Day(20_000)
	for _, statement := range []string{
		fmt.Sprintf(`INSERT INTO standing SELECT 33, hash(i), CASE WHEN i %% 10 = 0 THEN %[2]d + (i %% %[3]d) * 86400000 ELSE %[2]d END, %[4]d, 2, 0, 3301 + i %% 11, 0, 0, 0, %[2]d - (i %% 3000) * 86400000 FROM range(%[1]d) t(i)`,
			n, first.Start(), days, store.Forever),
		fmt.Sprintf("INSERT INTO flow SELECT 33, root, from_ms, 2, city, 0, 2, false FROM standing WHERE from_ms > %d", first.Start()),
		fmt.Sprintf(`INSERT INTO fact_seen_marks SELECT %d + p, 33, hash(i), bits, bits, bits, 0
FROM (SELECT p, i, (hash(i * 1000 + p) & hash(i) & 65535)::USMALLINT | CASE WHEN i %% 4 > 0 THEN (hash(i * 1001 + p) & 65535)::USMALLINT ELSE 0 END AS bits FROM range(%d) t(i), range(%d) u(p)) WHERE bits > 0`,
			first>>markShift, n, days/markDays),
		fmt.Sprintf("INSERT INTO fact_accounts_day (period, province, city, state, tenure, accounts) SELECT %d + d, 33, 3301, 2, 1, 1 FROM range(%d) t(d)", first, days),
		fmt.Sprintf("INSERT INTO settled VALUES (%d)", int(first)+days),
		fmt.Sprintf(`INSERT INTO feed_file SELECT 'x'::BLOB, 33, %d, ''::BLOB, %d + d, 0, 0, 0, %d, 0, 0, 0, 0, '', '', 0 FROM (VALUES (0), (%d)) v(d)`, c3.FeedSubscribers, first, c3.OutcomeAccepted, days-1),
	} {
		if _, err := s.db.Exec(statement); err != nil {
			b.Fatalf("%v, in %s", err, statement)
		}
	}
	last := int32(first) + int32(days)
	spans := func(n int32) (all []store.Span) {
		for d := last - n; d < last; d++ {
			all = append(all, store.Span{From: d, To: d + 1})
		}
		return all
	}
	f := func(name string, q store.Query) {
		b.Run(name, func(b *testing.B) {
			before := cpu(b)
			for b.Loop() {
				rows, err := s.Query(b.Context(), q)
				if err != nil || len(rows) == 0 {
					b.Fatal(len(rows), err)
				}
			}
			b.ReportMetric((cpu(b)-before).Seconds()*1000/float64(b.N), "cpu-ms/op")
		})
	}
	silence := store.Query{Fact: store.FactPresence, Latest: true, AllProvinces: true, GroupBy: []store.Column{store.ColSilence}, Values: []store.Value{{Measure: store.MeasureAccounts}}}
	silence.Spans = spans(1)
	f("one_day", silence)
	silence.Spans = spans(31)
	f("31_days", silence)
	f("cohorts", store.Query{Fact: store.FactCohort, AllProvinces: true, GroupBy: []store.Column{store.ColCohort, store.ColAge}, Values: []store.Value{{Measure: store.MeasureEngaged}, {Measure: store.MeasureMembers}},
		Spans: []store.Span{{From: int32(first), To: last}}})
}
