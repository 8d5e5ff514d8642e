package main

import (
	"strings"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	// Each event is asked for a second after the one before, and answered half a second later.
	f := func(answers string, cut time.Duration, held map[uint64]int, want string) {
		t.Helper()
		tr := truth{cuts: []time.Time{at.Add(cut)}}
		for i, a := range strings.Fields(answers) {
			asked := at.Add(time.Duration(i) * time.Second)
			tr.events = append(tr.events, answered{a, asked, asked.Add(time.Second / 2)})
		}
		_, err := tr.judge(held)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want && (want == "" || !strings.Contains(got, want)) {
			t.Errorf("%s, held %v: got %q, want %q", answers, held, got, want)
		}
	}
	const early, late = -time.Hour, time.Hour
	f("stored accepted unknown", late, map[uint64]int{1: 1, 2: 1}, "")
	f("stored accepted unknown", late, map[uint64]int{1: 1, 2: 1, 3: 1}, "")
	f("stored accepted", late, map[uint64]int{1: 1}, "") // nothing was stored after it
	f("stored accepted", early, map[uint64]int{1: 1}, "event 2 (accepted) is lost")
	f("accepted stored", late, map[uint64]int{2: 1}, "event 1 (accepted) is lost")
	f("accepted stored", time.Second, map[uint64]int{2: 1}, "") // stored by the next life
	f("stored accepted", late, map[uint64]int{2: 1}, "event 1 (stored) is lost")
	f("stored accepted unknown", late, map[uint64]int{1: 1, 2: 1, 3: 2}, "event 3 (unknown) is held 2 times")
	f("stored accepted", late, map[uint64]int{1: 1, 2: 1, 3: 1}, "an event 3 was never posted")
	f("stored", late, map[uint64]int{1: 1}, "nothing is proved")
}
