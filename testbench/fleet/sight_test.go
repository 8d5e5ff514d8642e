package fleet

import (
	"testing"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// TestOneOf: whatever the seed, any group of twenty boxes holds one.
func TestOneOf(t *testing.T) {
	places := make(map[int]bool)
	for seed := range uint64(200) {
		n := 0
		for i := 40; i < 60; i++ {
			if oneOf(20, seed, i) {
				n++
				places[i] = true
			}
		}
		if n != 1 {
			t.Fatalf("seed %d: %d of 20", seed, n)
		}
	}
	if len(places) != 20 {
		t.Errorf("only %d places are ever taken", len(places))
	}
}

// TestSeen holds what is told of pages, order pages and plays against what else
// was told: only the sample tells, a sight is long enough to be one, what was
// clicked was on the screen, an order had its page, a play its view.
func TestSeen(t *testing.T) {
	type spotted struct {
		page, template string
		spot
	}
	type state struct {
		shown   int64 // when the page was entered
		clicks  []protocol.Event
		pages   map[uint32]bool // traces of order pages
		lastEnd protocol.Event  // the latest view that ended a play
		lastAt  int64
	}
	tw := town(t, 600, 11, monday)
	states := make([]state, tw.Len())
	seen := make(map[protocol.Kind]int)
	var uncovered, covered, focused, stalls int
	var m Moment
	for tw.Next(monday+3*aggregator.DayMs, &m) {
		h, s := &tw.homes[m.Box], &states[m.Box]
		rendered, focus := make(map[spotted]bool), make(map[spotted]bool)
		for i, e := range m.Events {
			seen[e.Kind]++
			where := spotted{e.Page, e.Template, spot{e.Area, int(e.Slot), e.Content}}
			switch e.Kind {
			case protocol.Impression:
				if began := m.At[i] - int64(e.DurationMs); !h.sights || began < s.shown || m.At[i] > m.NowMs {
					t.Fatalf("box %d (%v): a sight from %d, page of %d: %+v", m.Box, h.sights, began, s.shown, e)
				}
				if e.Sight == protocol.SightFocus {
					focus[where] = true
					if e.DurationMs < focusMs {
						t.Fatalf("a focus of %d ms", e.DurationMs)
					}
					break
				}
				if rendered[where] || e.DurationMs < renderedMs {
					t.Fatalf("twice, or too short: %+v", e)
				}
				rendered[where] = true
			case protocol.Playback:
				if !h.quality || e.Errors == 0 && e.StartMs == 0 || (e.Stalls == 0) != (e.StallMs == 0) || (e.Errors == 0) != (e.Error == "") {
					t.Fatalf("box %d (%v): %+v", m.Box, h.quality, e)
				}
				if v := &s.lastEnd; e.StartMs > 0 && (s.lastAt != m.At[i] || v.Mode != e.Mode || v.Channel != e.Channel || v.Content != e.Content || v.Trace != e.Trace) {
					t.Fatalf("a playback %+v without its view, the last was %+v", e, *v)
				}
				stalls += int(e.Stalls)
			case protocol.View:
				if e.End != protocol.EndContinue {
					s.lastEnd, s.lastAt = e, m.At[i]
				}
			case protocol.OrderPage:
				if s.pages == nil {
					s.pages = make(map[uint32]bool)
				}
				s.pages[e.Trace] = true
			case protocol.Order:
				if e.Result != protocol.ResultRefunded && !s.pages[e.Trace] {
					t.Fatalf("an order without its page: %+v", e)
				}
			}
		}
		if len(rendered) > 0 { // the page was left
			for _, c := range s.clicks {
				where := spotted{c.Page, c.Template, spot{c.Area, int(c.Slot), c.Content}}
				if !rendered[where] {
					t.Fatalf("box %d: clicked what was not on the screen: %+v", m.Box, c)
				}
				covered++
				if focus[where] {
					focused++
				}
			}
			s.clicks = nil
		}
		for i, e := range m.Events {
			switch {
			case e.Kind == protocol.PageView:
				uncovered += len(s.clicks)
				s.shown, s.clicks = m.At[i], nil
			case e.Kind == protocol.PowerOff || e.Kind == protocol.PowerOn:
				s.clicks = nil // lost with the mains
			case e.Kind == protocol.Click && h.sights && len(layout(e.Page)) > 0:
				s.clicks = append(s.clicks, e)
			}
		}
	}
	t.Logf("%d clicks on what was seen, %d of them with the focus, %d on what was not; %d stalls; %v", covered, focused, uncovered, stalls, seen)
	if covered < 500 || focused < covered*7/10 || uncovered > covered/50 || stalls == 0 {
		t.Errorf("%d clicks on what was seen, %d with the focus, %d on what was not, %d stalls", covered, focused, uncovered, stalls)
	}
	if seen[protocol.Impression] < 5000 || seen[protocol.OrderPage] <= seen[protocol.Order] || seen[protocol.Playback] < 500 || seen[protocol.Health] < 100 {
		t.Errorf("too little to tell from: %v", seen)
	}
}
