package fleet

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
	"unsafe"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// monday is 2026-11-02 00:00 in Shanghai.
var monday = time.Date(2026, 11, 2, 0, 0, 0, 0, aggregator.Shanghai).UnixMilli()

func town(t testing.TB, boxes int, seed uint64, startMs int64) *Town {
	t.Helper()
	made, err := NewTown(TownConfig{Boxes: boxes, Seed: seed, StartMs: startMs})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestDay holds a generated day to the ratios that platforms report.
func TestDay(t *testing.T) {
	const boxes = 4000
	from := monday + aggregator.DayMs // the second day: nights have been slept
	until := from + aggregator.DayMs
	tw := town(t, boxes, 7, monday)
	type seen struct{ active, live, vod, catchup, view bool }
	saw := make([]seen, boxes)
	var events, clicks, led, attempts, paid, orders float64
	var orderPages, rendered, focused, renderedClicks, plays, startMs, started, stalled, failed float64
	var byHour [24]float64
	var watchedMs float64
	kinds := make(map[protocol.Kind]int)
	var m Moment
	for tw.Next(until, &m) {
		for i, e := range m.Events {
			at := m.At[i]
			if at < from || at >= until {
				continue
			}
			h := &tw.homes[m.Box]
			kinds[e.Kind]++
			switch e.Kind {
			case protocol.OrderPage:
				orderPages++
			case protocol.Impression:
				if e.Sight == protocol.SightFocus {
					focused++
				} else {
					rendered++
				}
				continue // of a sample; the ratios below are those of what all boxes tell
			case protocol.Playback:
				plays++
				if e.StartMs > 0 {
					started, startMs = started+1, startMs+float64(e.StartMs)
				}
				if e.Stalls > 0 {
					stalled++
				}
				if e.Errors > 0 {
					failed++
				}
				continue
			case protocol.Health:
				continue
			case protocol.Click:
				if h.sights {
					renderedClicks++
				}
			}
			events++
			byHour[(at-from)/aggregator.HourMs]++
			s := &saw[m.Box]
			switch e.Kind {
			case protocol.PowerOn:
				s.active = true
			case protocol.Click:
				clicks++
			case protocol.View:
				watchedMs += float64(e.DurationMs)
				if e.Part != 0 || e.DurationMs <= 3000 {
					break
				}
				s.view = true
				switch e.Mode {
				case protocol.ModeLive:
					s.live = true
				case protocol.ModeVOD:
					s.vod = true
					if e.Trace != 0 {
						led++
					}
				case protocol.ModeCatchup:
					s.catchup = true
				}
			case protocol.Order:
				orders++
				if e.Result != protocol.ResultRefunded {
					attempts++
				}
				if e.Result == protocol.ResultPaid {
					paid++
				}
			}
		}
	}
	var active, live, vod, catchup, view float64
	for _, s := range saw {
		for _, c := range []struct {
			is bool
			n  *float64
		}{{s.active, &active}, {s.live, &live}, {s.vod, &vod}, {s.catchup, &catchup}, {s.view, &view}} {
			if c.is {
				*c.n++
			}
		}
	}
	var evening float64
	for hour := 19; hour < 23; hour++ {
		evening += byHour[hour]
	}
	busiest := 0
	for hour := range byHour {
		if byHour[hour] > byHour[busiest] {
			busiest = hour
		}
	}
	f := func(what string, got, want, tolerance float64) {
		t.Helper()
		t.Logf("%-32s %8.3f", what, got)
		if math.Abs(got-want) > tolerance {
			t.Errorf("%s: %.3f, want %.3f +- %.3f", what, got, want, tolerance)
		}
	}
	f("active boxes", active/boxes, 0.52, 0.02)
	f("events an active box", events/active, 100, 12)
	f("VOD viewers per live viewer", vod/live, 2, 0.15)
	f("catch-up among viewers", catchup/view, 0.123, 0.015)
	f("hours watched by a viewer", watchedMs/view/float64(aggregator.HourMs), 4.2, 1)
	f("events from 19 to 23 h", evening/events, 0.42, 0.06)
	f("busiest hour", float64(busiest), 20, 1)
	f("peak hour over mean", byHour[busiest]/(events/24), 2.8, 0.4)
	f("clicks that play VOD", led/clicks, 0.26, 0.06)
	f("orders an active box", attempts/active, 0.33, 0.1)
	f("paid of ordered", paid/attempts, 0.79, 0.05)
	f("refunds of orders", (orders-attempts)/orders, 0.02, 0.02)
	f("orders of order pages", paid/orderPages, 0.59, 0.06)
	f("order pages of clicks", orderPages/clicks, 0.018, 0.006)
	f("clicks of impressions", renderedClicks/rendered, 0.065, 0.02)
	f("clicks of focus impressions", renderedClicks/focused, 0.4, 0.15)
	f("plays measured", plays/active, 1.6, 0.6)
	f("start of a play, ms", startMs/started, 1900, 350)
	f("plays that stalled", stalled/plays, 0.05, 0.03)
	f("plays with an error", failed/plays, 0.025, 0.015)
	t.Log(kinds)
}

// TestRepeatable: the same seed gives the same events, another gives others.
func TestRepeatable(t *testing.T) {
	f := func(boxes int, seed uint64) string {
		t.Helper()
		tw := town(t, boxes, seed, monday)
		sum := sha256.New()
		var m Moment
		for tw.Next(monday+aggregator.DayMs, &m) {
			fmt.Fprintln(sum, m)
		}
		return fmt.Sprintf("%x", sum.Sum(nil))
	}
	one := f(300, 1)
	if one != f(300, 1) {
		t.Error("seed 1 twice gives different events")
	}
	if one == f(300, 2) {
		t.Error("seeds 1 and 2 give the same events")
	}
}

// TestEvents: every event is one that a box may record, in the order of its
// clock, under an identity and a clock that are told in time.
func TestEvents(t *testing.T) {
	tw := town(t, 500, 3, monday)
	type told struct {
		serial uint32
		boot   uint32
		offset int64
		synced bool
		alive  bool
	}
	state := make([]told, tw.Len())
	check := func(m *Moment) {
		s := &state[m.Box]
		for i, e := range m.Events {
			if err := e.Check(); err != nil {
				t.Fatalf("box %d: %v: %+v", m.Box, err, e)
			}
			late := e.Boot == s.boot && m.At[i] < m.NowMs
			if e.Boot != s.boot && !late {
				if e.Boot < s.boot {
					t.Fatalf("box %d: boot %d after %d", m.Box, e.Boot, s.boot)
				}
				if !s.synced && s.boot != 0 {
					t.Fatalf("box %d: boot %d was never synced", m.Box, s.boot)
				}
				if e.Kind != protocol.Identity {
					t.Fatalf("box %d: a boot begins with %s", m.Box, e.Kind)
				}
				*s = told{boot: e.Boot, serial: protocol.IdentitySerial(&e), offset: m.At[i] - int64(e.MonoMs)}
			}
			if e.Serial != s.serial {
				t.Fatalf("box %d: serial %d before its identity", m.Box, e.Serial)
			}
			if got := m.At[i] - int64(e.MonoMs); got != s.offset {
				t.Fatalf("box %d: clock of boot %d moved by %d ms", m.Box, e.Boot, got-s.offset)
			}
			switch e.Kind {
			case protocol.ClockSync:
				s.synced = true
				if int64(e.WallMs) != m.At[i] {
					t.Fatalf("box %d: synced to %d at %d", m.Box, e.WallMs, m.At[i])
				}
			case protocol.PowerOn:
				if s.alive {
					t.Fatalf("box %d: on twice", m.Box)
				}
				s.alive = true
			case protocol.PowerOff:
				if !s.alive {
					t.Fatalf("box %d: off twice", m.Box)
				}
				s.alive = false
			}
		}
	}
	var m Moment
	moments := 0
	last := int64(0)
	for tw.Next(monday+3*aggregator.DayMs, &m) {
		if m.NowMs < last {
			t.Fatalf("moment at %d after %d", m.NowMs, last)
		}
		last = m.NowMs
		check(&m)
		moments++
	}
	for from := 0; tw.Finish(last, from, &m); from = m.Box + 1 {
		check(&m)
	}
	for i, s := range state {
		if s.boot != 0 && !s.synced {
			t.Errorf("box %d ends without knowing the time", i)
		}
	}
	if moments < 50_000 {
		t.Errorf("only %d moments", moments)
	}
}

// TestHomes: provinces are as big as they should be, in small fleets too.
func TestHomes(t *testing.T) {
	f := func(boxes int) {
		t.Helper()
		tw := town(t, boxes, 1, monday)
		count := make(map[aggregator.Province]int)
		ids := make(map[string]bool)
		for i := range tw.Len() {
			h := tw.Home(i)
			count[h.Province]++
			ids[h.Box] = true
			if err := protocol.CheckBox(h.Box); err != nil {
				t.Fatal(err)
			}
			if h.City.Province() != h.Province {
				t.Fatalf("city %v in province %v", h.City, h.Province)
			}
		}
		if len(ids) != boxes {
			t.Errorf("%d ids for %d boxes", len(ids), boxes)
		}
		before := boxes
		for _, p := range Provinces() {
			if count[p] > before+1 || count[p] == 0 {
				t.Errorf("%d boxes: province %v has %d, the one before %d", boxes, p, count[p], before)
			}
			before = count[p]
		}
	}
	f(200)
	f(2000)
}

func TestBadTown(t *testing.T) {
	f := func(c TownConfig, want string) {
		t.Helper()
		if _, err := NewTown(c); err == nil || err.Error() != want {
			t.Errorf("NewTown(%+v) = %v, want %q", c, err, want)
		}
	}
	f(TownConfig{StartMs: monday}, "boxes: 0, allowed 1..5000000")
	f(TownConfig{Boxes: 1}, "start: 0 ms, allowed years 2020 to 2099")
	f(TownConfig{Boxes: 1, StartMs: monday, Provinces: []aggregator.Province{33, 99}},
		fmt.Sprintf("provinces: [33 99]: a fleet can live in %v", Provinces()))
}

func BenchmarkTown(b *testing.B) {
	tw := town(b, 10_000, 1, monday)
	var m Moment
	events := 0
	for b.Loop() {
		tw.Next(monday+1000*aggregator.DayMs, &m)
		events += len(m.Events)
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}

// TestSize: a hundred thousand households must stay small.
func TestSize(t *testing.T) {
	got := unsafe.Sizeof(household{})
	t.Logf("a household takes %d bytes", got)
	if got > 610 {
		t.Errorf("a household takes %d bytes, at most 610 are meant", got)
	}
}

// TestParts: the parts of a town are the whole, each box in one of them.
func TestParts(t *testing.T) {
	f := func(part Part) []string {
		t.Helper()
		town, err := NewTown(TownConfig{Boxes: 50, Seed: 5, StartMs: monday, Part: part})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		var m Moment
		for town.Next(monday+24*3_600_000, &m) {
			if m.Box >= town.Len() {
				t.Fatalf("box %d of %d", m.Box, town.Len())
			}
			for i := range m.Events {
				all = append(all, fmt.Sprint(town.Home(m.Box), m.At[i], string(protocol.AppendJSON(nil, &m.Events[i]))))
			}
		}
		return all
	}
	whole := f(Part{})
	var parts []string
	for i := range 3 {
		parts = append(parts, f(Part{i + 1, 3})...)
	}
	slices.Sort(whole)
	slices.Sort(parts)
	if len(whole) < 500 || !slices.Equal(whole, parts) {
		t.Errorf("%d events in the whole, %d in its parts", len(whole), len(parts))
	}
	for text, want := range map[string]Part{"1/1": {1, 1}, "2/5": {2, 5}, "0/5": {}, "6/5": {}, "1": {}, "a/b": {}, "1/2/3": {}, "": {}, "1/5x": {}} {
		if got, err := ParsePart(text); got != want || (err == nil) != (want.N > 0) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

// TestSkip: a town that skips households has those that come after them, unchanged.
func TestSkip(t *testing.T) {
	settled := func(c TownConfig) *Town {
		t.Helper()
		c.Seed, c.StartMs = 7, monday
		town, err := NewTown(c)
		if err != nil {
			t.Fatal(err)
		}
		return town
	}
	whole, later := settled(TownConfig{Boxes: 30}), settled(TownConfig{Boxes: 20, Skip: 10})
	for i := range later.Len() {
		if got, want := later.Home(i), whole.Home(i+10); got != want {
			t.Errorf("household %d: %+v, must be %+v", i, got, want)
		}
		if got, want := later.Identity(i).Account, whole.Identity(i+10).Account; got != want {
			t.Errorf("household %d: account %s, must be %s", i, got, want)
		}
	}
	for _, skip := range []int{-1, 5_000_000} {
		if _, err := NewTown(TownConfig{Boxes: 1, Skip: skip, Seed: 7, StartMs: monday}); err == nil {
			t.Errorf("skip %d was taken", skip)
		}
	}
}
