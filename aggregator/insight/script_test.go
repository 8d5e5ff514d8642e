package insight_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/aggregator/store/storetest"
)

var update = flag.Bool("update", false, "write the want lines of testdata anew, for review")

// world is a store that scripts fill.
type world struct {
	t     rapid.TB
	store store.Store
	block store.Block
	mono  int64
	dirty bool
}

func newWorld(t rapid.TB) *world { return &world{t: t, store: crowded(t, storetest.Memory())} }

// crowded has a store take boxes for people that tell as much as those of worlds: one
// of them is all of a city.
func crowded(t rapid.TB, st store.Store) store.Store {
	t.Helper()
	r := store.DefaultEditRules()
	r.MinuteRecords, r.DayRecords = 1<<20, 1<<20
	if err := st.SetEditRules(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	return st
}

// stores are the engines on which people must be told the same.
var stores = map[string]func(testing.TB) store.Store{
	"memory": func(t testing.TB) store.Store { return crowded(t, storetest.Memory()) },
	"duckdb": func(t testing.TB) store.Store {
		t.Helper()
		if testing.Short() {
			t.Skip("opens many databases")
		}
		st, err := duckdb.Open(filepath.Join(t.TempDir(), "store.duckdb"), duckdb.Options{Threads: 2, MemoryBytes: 256 << 20})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := st.Shutdown(); err != nil {
				t.Error(err)
			}
		})
		return crowded(t, st)
	},
}

func (w *world) key(text string) uint64 {
	k := aggregator.TextKey(text)
	if k != 0 {
		w.block.Codes = append(w.block.Codes, store.Code{Key: k, Text: text})
	}
	return k
}

// stamp is at an hour of a day, of a city's n-th box.
func (w *world) stamp(d aggregator.Day, hour int, city, box uint64) store.Stamp {
	w.mono++
	c := aggregator.City(city)
	return store.Stamp{Province: c.Province(), City: c, Box: 1000*city + box, Boot: 1, MonoMs: w.mono, Clock: 3,
		AtMs: d.Start() + int64(hour)*aggregator.HourMs + 600_000 + w.mono%3_000_000}
}

// settle closes what was added.
func (w *world) settle() store.Store {
	w.t.Helper()
	if !w.dirty {
		return w.store
	}
	w.dirty = false
	ctx := context.Background()
	w.block.ID[0]++
	b := w.block
	if _, err := w.store.Insert(ctx, &b); err != nil {
		w.t.Fatal(err)
	}
	w.block = store.Block{ID: b.ID}
	s, err := w.store.Dirty(ctx, 100_000)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.Close(ctx, s); err != nil {
		w.t.Fatal(err)
	}
	return w.store
}

// script is one file of testdata.
type script struct {
	*world
	scope aggregator.Scope
	lines []string
	at    int
	out   []string // the file with the wants that were got
}

func (s *script) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("line %d, %s: %s", s.at, s.lines[s.at-1], fmt.Sprintf(format, args...))
}

func (s *script) number(text string) uint64 {
	s.t.Helper()
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		s.fail("%v", err)
	}
	return n
}

// days reads 2026-05-04, or 2026-03-02..2026-04-27/7 for every seventh day of them.
func (s *script) days(text string) (all []aggregator.Day) {
	s.t.Helper()
	span, step, _ := strings.Cut(text, "/")
	from, to, _ := strings.Cut(span, "..")
	first, err := aggregator.ParseDay(from)
	if err != nil {
		s.fail("%v", err)
	}
	last := first
	if to != "" {
		if last, err = aggregator.ParseDay(to); err != nil {
			s.fail("%v", err)
		}
	}
	by := aggregator.Day(s.number(cmp.Or(step, "1")))
	for d := first; d <= last; d += by {
		all = append(all, d)
	}
	return all
}

// tell adds what a line tells of the world.
func (s *script) tell(f []string) {
	s.t.Helper()
	s.dirty = true
	for _, d := range s.days(f[1]) {
		city := s.number(f[2])
		switch f[0] {
		case "on": // DAY CITY TIMES
			for range s.number(f[3]) {
				s.block.Powers = append(s.block.Powers, store.Power{Stamp: s.stamp(d, 12, city, 1), On: true})
			}
		case "boxes": // DAY CITY HOW-MANY, each on once
			for n := range s.number(f[3]) {
				s.block.Powers = append(s.block.Powers, store.Power{Stamp: s.stamp(d, 12, city, n), On: true})
			}
		case "show": // DAY CITY PAGE/AREA/SLOT CONTENT SHOWN CLICKED
			spot := strings.Split(f[3], "/")
			page, area, slot, content := s.key(spot[0]), s.key(spot[1]), uint32(s.number(spot[2])), s.key(f[4])
			for range s.number(f[5]) {
				s.block.Impressions = append(s.block.Impressions, store.Impression{Stamp: s.stamp(d, 12, city, 1), Page: page, Area: area, Slot: slot, Content: content, Sight: 1})
			}
			for range s.number(f[6]) {
				s.block.Clicks = append(s.block.Clicks, store.Click{Stamp: s.stamp(d, 12, city, 1), Page: page, Area: area, Slot: slot, Content: content})
			}
		case "play": // DAY CITY CHANNEL CONTENT PLAYS MINUTES-EACH; - for none
			for range s.number(f[5]) {
				v := store.View{Stamp: s.stamp(d, 12, city, 1), Mode: 4, Speed: 100, DurationMs: int64(s.number(f[6])) * 60_000}
				if f[3] != "-" {
					v.Mode, v.Channel = 1, s.key(f[3])
				}
				if f[4] != "-" {
					v.Content = s.key(f[4])
				}
				s.block.Views = append(s.block.Views, v)
			}
		default:
			s.fail("there is no %q", f[0])
		}
	}
}

// ask answers a line, as the lines of text that people see.
func (s *script) ask(f []string) (says []string) {
	s.t.Helper()
	v := map[string]string{}
	for _, pair := range f[2:] {
		name, value, _ := strings.Cut(pair, "=")
		v[name] = value
	}
	day := func(name string) aggregator.Day {
		d, err := aggregator.ParseDay(v[name])
		if err != nil {
			s.fail("%s: %v", name, err)
		}
		return d
	}
	where := insight.Where{Level: insight.Level(v["level"])}
	if p := v["province"]; p != "" {
		where.Province = aggregator.Province(s.number(p))
	}
	check := func(err error) bool {
		if err != nil {
			says = append(says, "error: "+err.Error())
		}
		return err == nil
	}
	ctx, src := context.Background(), insight.Source{Source: s.settle()}
	switch f[1] {
	case "posters":
		a, err := insight.FindPosters(ctx, src, s.scope, insight.PostersQuery{Time: insight.Time{From: day("from"), To: day("to")}, Rate: v["rate"], Slots: v["slots"] == "yes", Where: where, Page: v["page"]})
		if check(err) {
			says = append(says, a.Text.EN, fmt.Sprintf("compared %d, same %d, suppressed %d, odd %d", a.Compared, a.Same, a.Suppressed, a.Odd))
			for _, row := range a.Rows {
				says = append(says, row.Text.EN)
			}
		}
	case "positions":
		a, err := insight.FindPositions(ctx, src, s.scope, insight.PositionsQuery{Time: insight.Time{From: day("from"), To: day("to")}, Rate: v["rate"], Where: where, Page: v["page"]})
		if check(err) {
			says = append(says, a.Text.EN)
			for _, n := range a.Normalised {
				says = append(says, fmt.Sprintf("%s: %d clicks of %.1f expected, index %.2f, sure %t", n.Content, n.Clicks, n.Expected, n.Index, n.Sure))
			}
			for _, d := range a.Dead {
				says = append(says, d.Text.EN)
			}
		}
	case "taste":
		a, err := insight.FindTaste(ctx, src, s.scope, insight.TasteQuery{Time: insight.Time{From: day("from"), To: day("to")}, By: store.Column(v["by"]), Where: where})
		if check(err) {
			says = append(says, a.Text.EN, fmt.Sprintf("compared %d, same %d, suppressed %d, unknown %.0f%%", a.Compared, a.Same, a.Suppressed, float64(a.Unknown)))
			for _, row := range a.Rows {
				says = append(says, row.Text.EN)
			}
		}
	case "offer":
		a, err := insight.FindOffer(ctx, src, s.scope, insight.TasteQuery{Time: insight.Time{From: day("from"), To: day("to")}, By: store.Column(v["by"]), Where: where})
		if check(err) {
			says = append(says, a.Text.EN)
			for _, row := range a.Rows {
				says = append(says, row.Text.EN)
			}
		}
	case "movers":
		q := insight.MoversQuery{Time: insight.Time{From: day("from"), To: day("to")}, Indicator: v["indicator"], Against: insight.Against(v["compare"]), Where: where}
		for _, d := range strings.FieldsFunc(v["by"], func(r rune) bool { return r == ',' }) {
			q.By = append(q.By, store.Column(d))
		}
		q.Limit = int(s.number(cmp.Or(v["limit"], "0")))
		a, err := insight.FindMovers(ctx, src, s.scope, q)
		if check(err) {
			says = append(says, a.Text.EN)
			for _, side := range a.Sides {
				says = append(says, side.Text.EN)
				for _, m := range append(slices.Clone(side.Movers), side.Rest, side.Overlap) {
					says = append(says, fmt.Sprintf("%s %s: %.4g (rate %.4g, mix %.4g)", side.Dimension, m.Name.EN, float64(m.Change), float64(m.Rate), float64(m.Mix)))
				}
			}
		}
	case "anomalies":
		q := insight.AnomaliesQuery{Day: day("day"), Hour: -1, Indicators: strings.Split(v["indicator"], ","), Province: where.Province}
		if h := v["hour"]; h != "" {
			q.Hour = int(s.number(h))
		}
		a, err := insight.FindAnomalies(ctx, src, s.scope, q)
		if check(err) {
			says = append(says, a.Text.EN, "against "+strings.Join(a.Against, " "))
			for _, row := range a.Rows {
				says = append(says, row.Text.EN)
			}
		}
	default:
		s.fail("there is nothing to ask like this")
	}
	return says
}

func (s *script) run() {
	for n := 0; n < len(s.lines); n++ {
		line := s.lines[n]
		s.at = n + 1
		s.out = append(s.out, line)
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		switch f[0] {
		case "reader": // all, or provinces
			s.scope = aggregator.Scope{All: f[1] == "all"}
			if !s.scope.All {
				for _, code := range strings.Split(f[1], ",") {
					s.scope.Provinces = append(s.scope.Provinces, aggregator.Province(s.number(code)))
				}
			}
		case "ask":
			got := s.ask(f)
			var want []string
			for n+1 < len(s.lines) && strings.HasPrefix(s.lines[n+1], "want") {
				n++
				want = append(want, strings.TrimSpace(strings.TrimPrefix(s.lines[n], "want")))
			}
			for _, g := range got {
				s.out = append(s.out, "want  "+g)
			}
			if !*update && !slices.Equal(got, want) {
				s.t.Errorf("line %d, %s\n got\n%s\n want\n%s", s.at, line, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		default:
			s.tell(f)
		}
	}
}

// Each file of testdata is a small world with questions and what people are told.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 5 {
		t.Fatalf("%v %v", files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for engine, open := range stores {
			t.Run(filepath.Base(name)+" "+engine, func(t *testing.T) {
				s := &script{world: &world{t: t, store: open(t)}, scope: aggregator.Scope{All: true}, lines: strings.Split(strings.TrimRight(string(b), "\n"), "\n")}
				s.run()
				if *update && engine == "memory" {
					if err := os.WriteFile(name, []byte(strings.Join(s.out, "\n")+"\n"), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}
