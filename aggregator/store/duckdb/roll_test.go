package duckdb

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// TestRolls: 2,000 boxes that came on four days, of which some are in two
// provinces, are counted from rolls as DuckDB counts them from the fact.
func TestRolls(t *testing.T) {
	ctx := t.Context()
	s, err := Open(filepath.Join(t.TempDir(), "store.duckdb"), Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown()
	exec := func(format string, args ...any) {
		t.Helper()
		if _, err := s.db.ExecContext(ctx, fmt.Sprintf(format, args...)); err != nil {
			t.Fatal(err)
		}
	}
	number := func(format string, args ...any) (n int64) {
		t.Helper()
		if err := s.db.QueryRowContext(ctx, fmt.Sprintf(format, args...)).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	const first, days, settled = 20_500, 40, 20_537
	exec(`INSERT INTO fact_box_hour SELECT (%d + d) * 24 + h, p, p * 100 + 1 + n %% 3, hash(n), hash(n, d, h) %% 2, 1, 0, 0, 0, 1
		FROM range(%d) a(d), range(20, 22) b(h), range(2000) c(n), (VALUES (33, 0), (44, 1)) e(p, odd)
		WHERE hash(n, d) %% 3 = 0 AND d >= n // 70 AND (n %% 2 = odd OR n %% 50 = 7)`, first, days)
	exec("INSERT INTO fact_box_day SELECT period // 24, province, city, box, sum(power_ons), sum(page_views), 0, 0, 0, sum(events) FROM fact_box_hour WHERE period < %d GROUP BY ALL", (settled+1)*24)
	exec("INSERT INTO settled VALUES (%d)", settled)
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	shape := store.ShapeOf(store.FactBox)
	// Days that end inside a word, and one that brings nobody new.
	for _, until := range []int{1, 5, 17, 17, days} {
		steps := append([]string{present(fmt.Sprintf("period < %d", (first+until)*24), "fact_box_hour")}, statements(seatSQL)...)
		for _, step := range steps {
			if _, err := tx.ExecContext(ctx, step); err != nil {
				t.Fatal(err, step)
			}
		}
	}
	for _, grain := range []string{"hour", "day"} {
		parts, err := periodParts(ctx, tx, shape.Name+"_"+grain, 3000) // as a great store's is made
		if err != nil || len(parts) < 5 {
			t.Fatal(parts, err)
		}
		for _, part := range parts {
			if _, err := tx.ExecContext(ctx, fillRoll(shape, grain, "seat", part)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	boxes := number("SELECT count(DISTINCT box) FROM fact_box_hour")
	if n := number("SELECT count(*) FROM seat"); n != boxes || boxes < 1900 {
		t.Errorf("%d seats for %d boxes", n, boxes)
	}
	if n := number("SELECT count(DISTINCT seat) FROM seat"); n != boxes {
		t.Errorf("%d boxes sit on %d seats", boxes, n)
	}
	if n := number("SELECT count(*) FROM (SELECT seat // 64 FROM seat GROUP BY ALL HAVING count(DISTINCT home) > 1)"); n != 0 {
		t.Errorf("%d words have boxes of several homes", n)
	}
	if n := number("SELECT count(*) FROM (SELECT home FROM seat GROUP BY home HAVING count(DISTINCT seat // 64) <> (count(*) + 63) // 64)"); n != 0 {
		t.Errorf("%d homes have words that they do not fill", n)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 25 {
		q := store.Query{Fact: store.FactBox, Hourly: r.IntN(3) == 0, AllProvinces: r.IntN(3) > 0, Provinces: []aggregator.Province{33}}
		unit := int32(1)
		if q.Hourly {
			unit = 24
		}
		for range 1 + r.IntN(9) {
			from := int32(first-2+r.IntN(days)) * unit
			q.Spans = append(q.Spans, store.Span{From: from, To: from + int32(r.IntN(35))*unit + 1})
		}
		for _, c := range []store.Column{store.ColProvince, store.ColCity, store.ColWeekday} {
			if r.IntN(3) == 0 {
				q.GroupBy = append(q.GroupBy, c)
			}
		}
		if r.IntN(3) == 0 {
			q.Filters = []store.Filter{{Column: store.ColCity, In: []uint64{3301, 3302, 4401}}}
		}
		q.Values = []store.Value{{Measure: store.MeasurePowerOns, DistinctBoxes: true}, {Measure: store.MeasureEvents}, {Measure: store.MeasureEvents, DistinctBoxes: true}}
		q.Limit = r.IntN(2) * 3
		got, err := s.Query(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ask(ctx, plain, &q, querySQL(&q, settled)) // by rows of the fact
		if err != nil {
			t.Fatal(err)
		}
		if err := plain.Rollback(); err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(got, want, func(a, b store.Row) bool {
			return a.Span == b.Span && slices.Equal(a.Group, b.Group) && slices.Equal(a.Values, b.Values)
		}) || len(got) == 0 {
			t.Fatalf("question %+v\ngot  %v\nwant %v", q, got, want)
		}
	}
	exec("UPDATE fact_box_roll_day SET power_ons = '\\x00' WHERE period = %d", first)
	if _, err := s.Query(ctx, store.Query{Fact: store.FactBox, AllProvinces: true, Spans: []store.Span{{From: first, To: first + 1}},
		Values: []store.Value{{Measure: store.MeasurePowerOns, DistinctBoxes: true}}}); err == nil {
		t.Error("a roll that is no list of words is counted")
	}
}
