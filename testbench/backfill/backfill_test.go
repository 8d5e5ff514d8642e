package backfill

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
)

// end is a Wednesday evening.
var end = time.Date(2026, 5, 6, 20, 30, 0, 0, aggregator.Shanghai).UnixMilli()

func newSet(t *testing.T, c Config) *Set {
	t.Helper()
	c.EndMs = end
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSameConfigSameEvents(t *testing.T) {
	c := Config{Boxes: 40, Days: 2, Seed: 3}
	a, b := newSet(t, c), newSet(t, c)
	parts := a.Parts(a.DaysOf()[1])
	ids := map[[16]byte]bool{}
	events := 0
	for _, p := range parts {
		var x, y store.Block
		b.Fill(p, &y)
		b.Fill(p, &y) // into slices that were used
		a.Fill(p, &x)
		for i := range x.Views {
			v := &x.Views[i]
			if from, to, known := v.Stretch(); known != (v.LengthMs > 0) || known && to-from != v.DurationMs {
				t.Fatalf("[%d, %d) %v of %+v", from, to, known, v)
			}
		}
		if diff := cmp.Diff(x.Views, y.Views); diff != "" || x.Rows() != y.Rows() {
			t.Fatal(diff)
		}
		ids[p.ID] = true
		events += x.Rows()
	}
	if len(ids) != len(parts) || events == 0 {
		t.Errorf("%d ids of %d parts, %d events", len(ids), len(parts), events)
	}
	c.Seed++
	var x store.Block
	other := newSet(t, c)
	if p := other.Parts(other.DaysOf()[1])[0]; ids[p.ID] {
		t.Error("another seed has a block of the same id")
	} else if other.Fill(p, &x); x.Rows() == 0 {
		t.Error("no events in the day")
	}
}

func TestEventsAndRhythm(t *testing.T) {
	s := newSet(t, Config{Boxes: 2000, Days: 7, Seed: 1, YearBefore: true})
	days := s.DaysOf()
	if len(days) != 16 || days[0].String() != "2025-04-29" || days[15].String() != "2026-05-06" {
		t.Fatal(days)
	}
	var b store.Block
	var events [24]int
	orders := map[bool]int{} // by whether of this year
	modes := map[uint8]map[uint64]bool{}
	now, total := days[8:15], 0
	for n, day := range days {
		if day == s.today {
			continue
		}
		for _, p := range s.Parts(day) {
			s.Fill(p, &b)
			for i := range b.Orders {
				if b.Orders[i].Result == 1 {
					orders[n >= 8]++
				}
			}
			if n < 8 {
				continue
			}
			total += b.Rows()
			for i := range b.Clicks {
				events[(b.Clicks[i].AtMs-day.Start())/aggregator.HourMs%24]++
			}
			for i := range b.Views {
				if modes[b.Views[i].Mode] == nil {
					modes[b.Views[i].Mode] = map[uint64]bool{}
				}
				modes[b.Views[i].Mode][b.Views[i].Box] = true
			}
		}
	}
	if mean := float64(total) / float64(s.Boxes*len(now)); mean < 94 || mean > 106 {
		t.Errorf("%.1f events a box and day, want about 100", mean)
	}
	if events[19] < 3*events[10] || events[3] > events[10] {
		t.Errorf("by hour: %v", events)
	}
	if live, vod := len(modes[1]), len(modes[4]); vod < 18*live/10 || vod > 25*live/10 {
		t.Errorf("%d boxes watch live, %d VOD", live, vod)
	}
	// The year before had its eighth day, today's, whole.
	if growth := float64(orders[true]) / float64(orders[false]) * 8 / 7; growth < 1.02 || growth > 1.18 {
		t.Errorf("orders grow by %.3f: %v", growth, orders)
	}
}

// stopped is a store that fails after some blocks.
type stopped struct {
	Target
	left int
}

var errStopped = errors.New("stopped")

func (s *stopped) Insert(ctx context.Context, b *store.Block) (bool, error) {
	if s.left--; s.left < 0 {
		return false, errStopped
	}
	return s.Target.Insert(ctx, b)
}

func TestRunAgain(t *testing.T) {
	s := newSet(t, Config{Boxes: 30, Days: 2, Seed: 5, EventsPerBoxDay: 60})
	open := func() *duckdb.Store {
		st, err := duckdb.Open(filepath.Join(t.TempDir(), "store.duckdb"), duckdb.Options{Now: func() time.Time { return time.UnixMilli(end) }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := st.Shutdown(); err != nil {
				t.Error(err)
			}
		})
		return st
	}
	figures := func(st *duckdb.Store) (all [][]store.Row) {
		for f := range store.Fact(store.EventFacts) {
			shape := store.ShapeOf(f)
			q := store.Query{Fact: f, AllProvinces: true}
			for _, c := range []store.Column{store.ColProvince, store.ColCity} {
				if shape.Has(c) {
					q.GroupBy = append(q.GroupBy, c)
				}
			}
			for _, d := range s.DaysOf() {
				q.Spans = append(q.Spans, store.Span{From: int32(d), To: int32(d) + 1})
			}
			for _, m := range shape.Measures {
				q.Values = append(q.Values, store.Value{Measure: m})
			}
			rows, err := st.Query(t.Context(), q)
			none := slices.Contains(shape.Dimensions, store.ColBroadcast) || slices.Contains([]store.Fact{store.FactInvalid, store.FactAgent, store.FactUpdate}, f) // backfill has no schedules, nobody floods, and agents tell no version
			if err != nil || (len(rows) == 0) != none {
				t.Fatal(f, len(rows), err)
			}
			all = append(all, rows)
		}
		return all
	}
	whole := open()
	p, err := s.Run(t.Context(), whole, Options{})
	if err != nil || p.Done != 3 || p.Events == 0 || p.Known != 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	again := open()
	if _, err := s.Run(t.Context(), &stopped{again, 1}, Options{KeepDays: 1}); !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
	rest, err := s.Run(t.Context(), again, Options{KeepDays: 1})
	if err != nil || rest.Known != 1 {
		t.Fatalf("%+v, %v", rest, err)
	}
	if diff := cmp.Diff(figures(whole), figures(again)); diff != "" {
		t.Error("stopped, run again, and only the last day's events kept:", diff)
	}
	if none, err := s.Run(t.Context(), again, Options{KeepDays: 1}); err != nil || none.Events != 0 {
		t.Errorf("once more: %+v, %v", none, err)
	}
}

func TestTooBig(t *testing.T) {
	c := Config{Boxes: 1_000_000, Days: 31, EndMs: end}
	if err := Fits(c, 0, 400e9); err == nil || !strings.Contains(err.Error(), "with --keep-days ") {
		t.Error(err)
	}
	if err := Fits(c, 2, 10e9); err == nil || !strings.Contains(err.Error(), "fewer boxes") {
		t.Error(err)
	}
	if err := Fits(Config{Boxes: 1000, EndMs: end}, 0, 10e9); err != nil {
		t.Error(err)
	}
	if err := Fits(Config{EndMs: end}, 0, 10e9); err == nil || !strings.Contains(err.Error(), "boxes: 0, allowed") {
		t.Error(err)
	}
}

func TestFolderInUse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	a, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir); err == nil || !strings.Contains(err.Error(), "is in use (process ") {
		t.Error(err)
	}
	if err := a.Open(duckdb.Options{}); err != nil {
		t.Fatal(err)
	}
	box := a.Secrets.BoxKey("x")
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Open(duckdb.Options{}); err != nil || b.Secrets.BoxKey("x") != box {
		t.Error("other secrets:", err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
