package duckdb

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// TestPortions has blocks come and cells close in a random order, and compares what
// stands then, table by table, with a store that was given all and closed once.
func TestPortions(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("PORTIONS_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("PORTIONS_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	ctx := t.Context()
	some, once := open(t, t.TempDir()).(*Store), open(t, t.TempDir()).(*Store)
	defer func() {
		if err := some.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := once.Shutdown(); err != nil {
			t.Error(err)
		}
	}()
	rules := store.DefaultEditRules()
	rules.MinuteRecords, rules.DayRecords = 6, 200 // few rows make a box invalid
	for _, s := range []*Store{some, once} {
		if err := s.SetEditRules(ctx, rules); err != nil {
			t.Fatal(err)
		}
		scheduled(t, s)
	}
	lined := 0
	some.o.Step = func(statement string) {
		if strings.HasPrefix(statement, "INSERT INTO delta_fact_box ") {
			lined++
		}
	}
	g := &evening{r: r, boxes: 60}
	blocks := 5
	if testing.Short() {
		blocks = 2
	}
	for range blocks {
		b := g.block(20+r.IntN(80), benchHour-aggregator.Hour(r.IntN(2)))
		restless(r, b)
		for _, s := range []*Store{some, once} {
			if _, err := s.Insert(ctx, b); err != nil {
				t.Fatal(err)
			}
		}
		some.lining = lining{rows: int64(r.IntN(2)) * 20, share: []float64{0.3, math.Inf(1)}[r.IntN(2)]}
		closeSome(t, some, r.IntN(200))
	}
	for range 3 {
		closeSome(t, some, 1<<30)
	}
	calm := g.block(100, benchHour) // nothing but rows of boxes, in cells that are closed
	for _, s := range []*Store{some, once} {
		if _, err := s.Insert(ctx, calm); err != nil {
			t.Fatal(err)
		}
	}
	some.lining = lining{share: math.Inf(1)}
	for range 3 { // again for cells of boxes that became invalid
		closeSome(t, some, 1<<30)
		closeSome(t, once, 1<<30)
	}
	t.Logf("%d portions brought in line", lined)
	if lined == 0 {
		t.Error("no portion was brought in line")
	}
	for _, table := range closedTables() {
		got, want := rowsIn(t, some, table), rowsIn(t, once, table)
		if !slices.Equal(got, want) {
			t.Errorf("%s differs: %d rows, closed once %d\n%s", table, len(got), len(want), firstDifference(got, want))
		}
	}
}

// TestPortionsAfterDrop: what a cell counts of events that are gone is not counted
// again, nor taken away, when something late comes to it.
func TestPortionsAfterDrop(t *testing.T) {
	ctx := t.Context()
	day := benchHour.Day()
	midnight := day.Start()
	word := func(ms int64) store.Stamp {
		return store.Stamp{Province: 33, City: 3301, Box: 1, Boot: 1, AtMs: midnight + ms, Clock: 3}
	}
	var answers []string
	for _, l := range []lining{{share: math.Inf(1)}, {rows: math.MaxInt64}} {
		s := open(t, t.TempDir()).(*Store)
		s.lining = l
		for i, b := range []*store.Block{
			{Powers: []store.Power{{Stamp: word(-3_600_000), Cause: 3}, {Stamp: word(600_000), On: true, Cause: 2}}},
			{Powers: []store.Power{{Stamp: word(300_000), Cause: 3}}},
		} {
			b.ID[0] = byte(1 + i)
			if _, err := s.Insert(ctx, b); err != nil {
				t.Fatal(err)
			}
			closeSome(t, s, 1000)
			if i == 0 {
				if err := s.DropEvents(ctx, day); err != nil {
					t.Fatal(err)
				}
			}
		}
		answers = append(answers, strings.Join(rowsIn(t, s, "fact_standby_hour"), " "))
		if err := s.Shutdown(); err != nil {
			t.Fatal(err)
		}
	}
	if answers[0] != answers[1] || answers[0] == "" {
		t.Errorf("in line: %s\nwhole: %s", answers[0], answers[1])
	}
}

// restless has some boxes of a block tell more, by clocks that later blocks correct.
func restless(r *rand.Rand, b *store.Block) {
	clock := func(s *store.Stamp) { s.Clock = uint8(r.IntN(4)) }
	for i := range b.Powers {
		p := &b.Powers[i]
		clock(&p.Stamp)
		p.Agent = r.Uint64N(3)
		b.Runnings = append(b.Runnings, store.Running{Stamp: p.Stamp, Version: r.Uint64N(2), State: uint8(5 + r.IntN(6)), Agent: r.Uint64N(3)})
	}
	for i := range b.Clicks {
		clock(&b.Clicks[i].Stamp)
	}
	for i := range b.Views {
		clock(&b.Views[i].Stamp)
		b.Playbacks = append(b.Playbacks, store.Playback{Stamp: b.Views[i].Stamp, Mode: 1, Channel: 7, StartMs: int64(r.IntN(900)), Errors: uint32(r.IntN(2))})
	}
	for i := range b.PageViews {
		p := &b.PageViews[i]
		clock(&p.Stamp)
		b.Impressions = append(b.Impressions, store.Impression{Stamp: p.Stamp, Page: p.Page, Sight: uint8(1 + r.IntN(2))})
		if r.IntN(6) == 0 {
			b.Retimes = append(b.Retimes, store.Retime{ClockKey: store.ClockKey{Box: p.Box, Boot: p.Boot},
				Clock: store.Clock{OffsetMs: p.AtMs - p.MonoMs + r.Int64N(7_200_000) - 3_600_000, Quality: uint8(1 + r.IntN(3))}})
		}
	}
	if r.IntN(4) == 0 { // one tells too much
		p := b.PageViews[0]
		for range 8 {
			b.PageViews = append(b.PageViews, p)
		}
	}
}

// scheduled gives a store broadcasts of which some begin within a minute.
func scheduled(t *testing.T, s *Store) {
	t.Helper()
	for _, p := range benchProvinces {
		fill := fmt.Sprintf(`INSERT INTO broadcast SELECT %d, hash(c, n), (c::HUGEINT * 10723151780598845931 %% 18446744073709551616)::UBIGINT, %d + n * 1800000 + c %% 3 * 1000, %[2]d + (n + 1) * 1800000 + c %% 3 * 1000, hash(c), 0, 0, 0, 0, 0, 0
	FROM range(1, 40) a(c), range(0, 48) t(n)`, p, (benchHour - 20).Start())
		if _, err := s.db.Exec(fill); err != nil {
			t.Fatal(err)
		}
	}
}

func closeSome(t *testing.T, s *Store, cells int) {
	t.Helper()
	snap, err := s.Dirty(context.Background(), cells)
	if err == nil {
		err = s.Close(context.Background(), snap)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// closedTables are the tables that closings write, without what tells how they came
// about.
func closedTables() []string {
	all := []string{"busy", "invalid", "SELECT hour, province, last_ms, edit FROM closed"}
	for f := range store.Fact(store.EventFacts) {
		all = append(all, tableOf(f).Name+"_hour", tableOf(f).Name+"_day")
	}
	for _, n := range narrows {
		all = append(all, n.name()+"_hour", n.name()+"_day")
		if n.country {
			all = append(all, n.countryName()+"_day")
		}
	}
	// Seats are given in the order of closings, so rolls are compared by their bits.
	for _, shape := range rolled {
		for _, grain := range []string{"hour", "day"} {
			for _, m := range shape.Measures {
				all = append(all, fmt.Sprintf(`SELECT period, %s, box FROM (
	SELECT *, ('0x' || substr(hex(%s), word * 24 + 1, 8))::UINTEGER AS n, ('0x' || substr(hex(%[2]s), word * 24 + 9, 16))::UBIGINT AS bits
	FROM (SELECT *, unnest(range(octet_length(%[2]s) // 12)) AS word FROM %[3]s))
JOIN seat ON seat // 64 = n AND bits >> (seat %% 64) & 1 = 1`, joinWith(placed(shape), ", "), m, rollTable(shape, grain)))
			}
		}
	}
	return all
}

// rowsIn are the rows of a table, or of a question, as text and in order.
func rowsIn(t *testing.T, s *Store, table string) (all []string) {
	t.Helper()
	if !strings.HasPrefix(table, "SELECT") {
		table = "SELECT * FROM " + table
	}
	rows, err := s.db.Query("SELECT x::VARCHAR FROM (" + table + ") x ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var row string
		if err := rows.Scan(&row); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func firstDifference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Sprintf("got  %v\nwant %v", got[i:min(i+3, len(got))], want[i:min(i+3, len(want))])
		}
	}
	return ""
}
