package fleet

import (
	"slices"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// TestTrend: long before the present fewer households switch on and fewer order, by
// what the trend says; from its end on all is as without one.
func TestTrend(t *testing.T) {
	day := aggregator.DayOf(monday)
	count := func(w Ways, chapter uint64) (active, orderPages float64) {
		tw, err := NewTown(TownConfig{Boxes: 4000, Seed: 7, StartMs: monday, Ways: w, Chapter: chapter})
		if err != nil {
			t.Fatal(err)
		}
		on := map[int]bool{}
		var m Moment
		for tw.Next(monday+aggregator.DayMs, &m) {
			for i := range m.Events {
				switch m.Events[i].Kind {
				case protocol.PowerOn:
					on[m.Box] = true
				case protocol.OrderPage:
					orderPages++
				}
			}
		}
		return float64(len(on)), orderPages
	}
	active, pages := count(Ways{}, 0)
	if a, p := count(Ways{Trend: Trend{Until: day, Activity: 0.3, Orders: 0.3, Days: 10}}, 0); a != active || p != pages {
		t.Errorf("once the trend is over: %g active and %g order pages, without one %g and %g", a, p, active, pages)
	}
	a, p := count(Ways{Trend: Trend{Until: day + 1000, Activity: 0.3, Orders: 0.3, Days: 10}}, 0)
	if share := a / active; share < 0.67 || share > 0.73 {
		t.Errorf("long before: %.3f of the households are active, must be 0.7", share)
	}
	if share := p / pages; share > 0.6 {
		t.Errorf("long before: %.3f of the order pages, must be about 0.5", share)
	}
	if _, p := count(Ways{Orders: 0.2}, 0); p > 0.5*pages || p == 0 {
		t.Errorf("households of a fifth of the will enter %g order pages, ordinary ones %g", p, pages)
	}
	if a, p := count(Ways{}, 1); a < 0.97*active || a > 1.03*active || p == pages {
		t.Errorf("in another chapter %g are active and enter %g order pages, in the first %g and %g", a, p, active, pages)
	}
}

// TestChapter: the households of two chapters are the same.
func TestChapter(t *testing.T) {
	homes := func(chapter uint64) (all []string) {
		tw, err := NewTown(TownConfig{Boxes: 50, Seed: 7, StartMs: monday, Chapter: chapter})
		if err != nil {
			t.Fatal(err)
		}
		for i := range tw.Len() {
			who := tw.Identity(i)
			all = append(all, tw.Home(i).Box+" "+who.Account+" "+who.STBID+" "+who.Model)
		}
		return all
	}
	if !slices.Equal(homes(0), homes(1)) {
		t.Error("other households live in another chapter")
	}
}

func TestBadTrend(t *testing.T) {
	f := func(w Ways, ok bool) {
		t.Helper()
		if err := w.check(); (err == nil) != ok {
			t.Errorf("%+v: %v", w, err)
		}
	}
	f(Ways{Orders: 0.5, Trend: Trend{Until: 20_000, Activity: 0.1, Days: 30}}, true)
	f(Ways{Trend: Trend{Until: 20_000, Activity: 0.1}}, false)
	f(Ways{Trend: Trend{Until: 20_000, Activity: 1.5, Days: 30}}, false)
	f(Ways{Orders: -1}, false)
}

// TestTerms: where subscriptions end, as many order after weeks as in the beginning;
// where they last, ever fewer do.
func TestTerms(t *testing.T) {
	const boxes, days, some = 300, 24, 6
	share := func(w Ways) float64 {
		t.Helper()
		tw, err := NewTown(TownConfig{Boxes: boxes, Seed: 7, StartMs: monday, Ways: w})
		if err != nil {
			t.Fatal(err)
		}
		var begin, end float64
		var m Moment
		for tw.Next(monday+days*aggregator.DayMs, &m) {
			for i := range m.Events {
				if m.Events[i].Kind != protocol.OrderPage {
					continue
				}
				switch day := (m.At[i] - monday) / aggregator.DayMs; {
				case day < some:
					begin++
				case day >= days-some:
					end++
				}
			}
		}
		t.Logf("%+v: %g order pages in the first %d days, %g in the last", w, begin, some, end)
		return end / begin
	}
	if s := share(Ways{Terms: true}); s < 0.8 || s > 1.25 {
		t.Errorf("with terms %.2f times as many order pages in the end as in the beginning", s)
	}
	if s := share(Ways{}); s > 0.7 {
		t.Errorf("without terms %.2f times as many order pages in the end as in the beginning: fewer were meant", s)
	}
}
