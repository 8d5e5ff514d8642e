package fleet

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"iptvdc/aggregator"
)

// TestClones: boxes whose flash was copied live on twice under one name; every
// event of both is at the centre once.
func TestClones(t *testing.T) {
	c := newCentre(t)
	var file bytes.Buffer
	cfg := config(c, &file)
	cfg.Boxes, cfg.Duration, cfg.Speed = 60, 2*time.Hour, 3600
	hands := make(chan func(*Hands), 1)
	cfg.Hands = hands
	cloned := 0
	cfg.ReportEvery = 50 * time.Millisecond
	asked := false
	cfg.Report = func(p Progress) {
		if !asked && p.Recorded > 300 {
			asked = true
			hands <- func(h *Hands) {
				var err error
				if cloned, err = h.Clone(0.5); err != nil {
					t.Error(err)
				}
			}
		}
	}
	p, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if cloned < 15 || p.Epochs < 5 {
		t.Errorf("%d boxes were cloned, %d epochs began anew: nothing was tried", cloned, p.Epochs)
	}
	same(t, c, &file)
}

// same fails if what the centre holds is not what the truth says.
func same(t *testing.T, c *centre, file *bytes.Buffer) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.Sort(c.events)
	if truth := truthEvents(t, file.String()); !slices.Equal(truth, c.events) {
		t.Errorf("%d events happened, %d arrived", len(truth), len(c.events))
	}
}

func TestPluggedIn(t *testing.T) {
	stages := []Stage{{For: 10 * time.Second, Share: 0.2}, {For: time.Minute, Share: 0.2}, {For: 0, Share: 0.5}, {For: 50 * time.Second, Share: 1}}
	for i, want := range map[int]time.Duration{0: 0, 10: 5 * time.Second, 20: 70 * time.Second, 49: 70 * time.Second, 75: 95 * time.Second} {
		if got := pluggedIn(stages, i, 100); got != want {
			t.Errorf("box %d: %v, want %v", i, got, want)
		}
	}
	for _, bad := range [][]Stage{{{Share: 0.5}}, {{Share: 0.5}, {Share: 0.4}}, {{For: -1, Share: 1}}, {{Share: 2}}} {
		if checkStages(bad) == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

// TestSurge: the shares that a surge asks for are those that come.
func TestSurge(t *testing.T) {
	const days = 4
	type boxDay struct {
		box int
		day aggregator.Day
	}
	f := func(w Ways) (active map[boxDay]bool, ms float64) {
		t.Helper()
		town, err := NewTown(TownConfig{Boxes: 4000, Seed: 3, StartMs: monday, Ways: w})
		if err != nil {
			t.Fatal(err)
		}
		active = make(map[boxDay]bool)
		var m Moment
		for town.Next(monday+days*24*3_600_000, &m) {
			active[boxDay{m.Box, aggregator.DayOf(m.NowMs)}] = true
			for i := range m.Events {
				ms += float64(m.Events[i].DurationMs)
			}
		}
		return active, ms
	}
	active, ms := f(Ways{})
	from := aggregator.DayOf(monday)
	moreActive, moreMs := f(Ways{Surge: Surge{From: from, To: from + days, Users: 0.235, Time: 0.417}})
	users := float64(len(moreActive))/float64(len(active)) - 1
	longer := moreMs/ms - 1
	t.Logf("users of a day %+.1f %%, time in all %+.1f %%", 100*users, 100*longer)
	if users < 0.20 || users > 0.27 || longer < 0.36 || longer > 0.47 {
		t.Errorf("users %+.3f, time %+.3f; want +0.235, +0.417", users, longer)
	}
	if _, err := NewTown(TownConfig{Boxes: 1, StartMs: monday, Ways: Ways{Surge: Surge{Users: 5}}}); err == nil {
		t.Error("a surge of more households than there are is taken")
	}
}
