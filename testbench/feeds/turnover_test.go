package feeds

import (
	"bytes"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/testbench/fleet"
)

// TestTurnover: who has a box only in the later stretch of days has an account that was
// opened between the two, who has one only in the earlier has none any more when the
// later begins, and the others have theirs all the time. As many leave and come as
// without.
func TestTurnover(t *testing.T) {
	to, err := aggregator.ParseDay("2026-10-31")
	if err != nil {
		t.Fatal(err)
	}
	before := Days{From: to - 140, To: to - 120}
	c := Config{Boxes: 60, Turnover: 20, Seed: 3, Provinces: []aggregator.Province{33, 13}, From: to - 2, To: to, Since: to - 150,
		Course: Course{Churn: 0.02, ChurnBefore: 0.02}, Told: []Days{{From: to - 2, To: to}, before}}
	town, err := fleet.NewTown(fleet.TownConfig{Boxes: c.Boxes + c.Turnover, Seed: c.Seed, StartMs: c.Since.Start(), Provinces: c.Provinces})
	if err != nil {
		t.Fatal(err)
	}
	var truth bytes.Buffer
	if err := Write(c, t.TempDir(), &truth, nil); err != nil {
		t.Fatal(err)
	}
	type span struct{ first, last aggregator.Day } // active from, active until
	active := map[string]*span{}
	var left float64
	for _, l := range told(t, &truth) {
		if l.Day != nil {
			for _, flow := range []string{"cancelled", "moved_out", "suspended_cancelled", "suspended_moved_out"} {
				left += float64(l.Day.Flows[flow])
			}
		}
		if l.Life == nil {
			continue
		}
		d, err := aggregator.ParseDay(l.Life.Day)
		if err != nil {
			t.Fatal(err)
		}
		was := active[l.Life.Account]
		switch {
		case was == nil && l.Life.State == "active":
			active[l.Life.Account] = &span{first: d, last: to}
		case was != nil && was.last == to && l.Life.State != "active":
			was.last = d
		}
	}
	for i := range town.Len() {
		account := town.Identity(i).Account
		got := active[account]
		if got == nil {
			t.Errorf("box %d: its account is never active", i)
			continue
		}
		comes, goes := i < c.Turnover, i >= c.Boxes
		if came := got.first > before.To && got.first < c.From; came != comes || !came && got.first != c.Since {
			t.Errorf("box %d: its account is active from %s", i, got.first)
		}
		if went := got.last > before.To && got.last < c.From; went != goes || !went && got.last != to {
			t.Errorf("box %d: its account is active until %s", i, got.last)
		}
	}
	if left < 12 || left > 32 {
		t.Errorf("%g accounts left in five months, of 180 two in a hundred a month: must be about 18, and not 20 more", left)
	}
}

func TestBadTurnover(t *testing.T) {
	f := func(c Config, ok bool) {
		t.Helper()
		if err := c.checkTurnover(); (err == nil) != ok {
			t.Errorf("%+v: %v", c, err)
		}
	}
	long := Config{Boxes: 10, Since: 20_000, From: 20_100, To: 20_110}
	f(long, true)
	with := func(n int, told ...Days) Config { c := long; c.Turnover, c.Told = n, told; return c }
	f(with(10, Days{20_000, 20_098}), true)
	f(with(10, Days{20_000, 20_099}), false)
	f(with(11), false)
	f(with(-1), false)
	f(Config{Boxes: 10, From: 20_100, To: 20_110, Turnover: 1}, false)
}
