package profile

import "iptvdc/protocol"

// troubles are the playback errors of the last hour, and which triggers hold.
// The zero value has seen none.
type troubles struct {
	seen  []trouble
	until []uint64 // of each trigger: mono ms; 0: it does not hold
}

type trouble struct {
	monoMs uint64
	errors uint64
}

// maxTroubles: no trigger waits for more errors, and each has at least one.
const maxTroubles = 1000

// reset begins anew with other triggers.
func (t *troubles) reset(triggers int) { *t = troubles{until: make([]uint64, triggers)} }

// add takes note of errors and reports whether a trigger begins to hold.
func (t *troubles) add(triggers []protocol.Trigger, errors uint32, nowMs uint64) (fired bool) {
	var longest uint64
	for i := range triggers {
		longest = max(longest, uint64(triggers[i].WithinS)*1000)
	}
	gone := 0
	for gone < len(t.seen) && (t.seen[gone].monoMs+longest < nowMs || len(t.seen)-gone >= maxTroubles) {
		gone++
	}
	t.seen = append(t.seen[:0], t.seen[gone:]...)
	t.seen = append(t.seen, trouble{nowMs, uint64(errors)})
	for i := range triggers {
		var sum uint64
		for _, s := range t.seen {
			if s.monoMs+uint64(triggers[i].WithinS)*1000 >= nowMs {
				sum += s.errors
			}
		}
		if sum >= uint64(triggers[i].Errors) {
			fired = fired || t.until[i] <= nowMs
			t.until[i] = nowMs + uint64(triggers[i].ForS)*1000
		}
	}
	return fired
}

// holding is the first trigger that holds, from 1, and until when any does; 0,
// 0: none.
func (t *troubles) holding(nowMs uint64) (which int, next uint64) {
	for i, until := range t.until {
		if until <= nowMs {
			continue
		}
		if which == 0 {
			which = i + 1
		}
		if next == 0 || until < next {
			next = until
		}
	}
	return which, next
}
