package fleet

import (
	"testing"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// TestAssets: parts go on where the one before ended but for jumps, what is
// finished is at its end, what was left is come back to; players that do not tell
// never do; and nobody does anything before a television that is off.
func TestAssets(t *testing.T) {
	const boxes = 1500
	tw := town(t, boxes, 11, monday)
	lastOf := make([]protocol.Event, boxes)
	var starts, resumed, parts, jumps, finished, cuts int
	var known, off, all float64
	offBy := map[hearing]float64{}
	onBy := map[hearing]float64{}
	var m Moment
	for tw.Next(monday+3*aggregator.DayMs, &m) {
		h := &tw.homes[m.Box]
		for _, e := range m.Events {
			if e.Kind != protocol.View {
				continue
			}
			placed := e.Mode == protocol.ModeVOD || e.Mode == protocol.ModeCatchup
			if want := placed && h.tellsPlaces(); (e.PositionMs != 0) != want || (e.LengthS != 0) != want {
				t.Fatalf("box %d tells position %d of %d in %v", m.Box, e.PositionMs, e.LengthS, e.Mode)
			}
			if e.PositionMs != 0 && e.PositionMs-1 > 1000*uint64(e.LengthS) {
				t.Fatalf("box %d is at %d ms of %d s", m.Box, e.PositionMs-1, e.LengthS)
			}
			ms := float64(e.DurationMs)
			all += ms
			switch e.TV {
			case protocol.TVOn:
				known, onBy[h.hears()] = known+ms, onBy[h.hears()]+ms
			case protocol.TVOff:
				known, off, offBy[h.hears()] = known+ms, off+ms, offBy[h.hears()]+ms
				if e.End == protocol.EndZap || e.End == protocol.EndStop {
					t.Fatalf("box %d: %v before a television that is off", m.Box, e.End)
				}
			}
			last := lastOf[m.Box]
			lastOf[m.Box] = e
			if e.Part == 0 {
				starts++
				if e.PositionMs > 1 {
					resumed++
				}
			} else {
				if e.Part != last.Part+1 || e.Content != last.Content || last.End != protocol.EndContinue {
					t.Fatalf("box %d: part %d of %s follows %+v", m.Box, e.Part, e.Content, last)
				}
				if e.TV != last.TV {
					cuts++
				}
				if e.PositionMs != 0 {
					parts++
					if e.PositionMs != last.Reached() {
						jumps++
					}
				}
			}
			if e.End == protocol.EndFinished && e.PositionMs != 0 {
				finished++
				if e.Reached() != 1000*uint64(e.LengthS)+1 {
					t.Fatalf("box %d finished at %d ms of %d s", m.Box, e.Reached()-1, e.LengthS)
				}
			}
		}
	}
	f := func(what string, got, least, most float64) {
		t.Helper()
		t.Logf("%-40s %8.3f", what, got)
		if got < least || got > most {
			t.Errorf("%s: %.3f, want %.3f..%.3f", what, got, least, most)
		}
	}
	f("plays that were gone on with", float64(resumed)/float64(starts), 0.005, 0.06)
	f("later parts behind a jump", float64(jumps)/float64(parts), 0.02, 0.15)
	f("plays that finished", float64(finished)/float64(starts), 0.05, 0.4)
	f("viewing with a known television", known/all, 0.35, 0.6)
	f("of it off", off/known, 0.02, 0.09)
	f("off by CEC", offBy[hearsCEC]/(offBy[hearsCEC]+onBy[hearsCEC]), 0.02, 0.09)
	f("told by boxes that hear nothing", offBy[hearsNothing]+onBy[hearsNothing], 0, 0)
	f("cuts by the television", float64(cuts)/boxes, 0.02, 1)
}
