package main

import (
	"strings"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	f := func(answers string, cut time.Duration, held map[uint64]int, want string) {
		t.Helper()
		tr := truth{cuts: []time.Time{at.Add(cut)}}
		for _, a := range strings.Fields(answers) {
			tr.events = append(tr.events, answered{a, at})
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
	f("stored accepted unknown", time.Hour, map[uint64]int{1: 1, 2: 1}, "")
	f("stored accepted unknown", time.Hour, map[uint64]int{1: 1, 2: 1, 3: 1}, "")
	f("stored accepted", time.Second, map[uint64]int{1: 1}, "")
	f("stored accepted", time.Hour, map[uint64]int{1: 1}, "event 2 (accepted) is lost")
	f("stored accepted", -time.Second, map[uint64]int{1: 1}, "event 2 (accepted) is lost")
	f("stored accepted", time.Second, map[uint64]int{2: 1}, "event 1 (stored) is lost")
	f("stored accepted unknown", time.Hour, map[uint64]int{1: 1, 2: 1, 3: 2}, "event 3 (unknown) is held 2 times")
	f("stored accepted", time.Hour, map[uint64]int{1: 1, 2: 1, 3: 1}, "an event 3 was never posted")
	f("stored", time.Hour, map[uint64]int{1: 1}, "nothing is proved")
}
