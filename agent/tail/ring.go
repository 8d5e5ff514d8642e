package tail

import (
	"sync"

	"iptvdc/agent"
	"iptvdc/protocol"
)

// DefaultSize is how many events a ring holds, about 500 bytes each; it takes
// memory only as they come.
const DefaultSize = 200

// Entry is a recorded event with its place among all since the agent's start,
// from 1, and the box's clock at its time (UTC ms; 0: not known).
type Entry struct {
	No     uint64
	WallMs uint64
	Event  protocol.Event
}

// Ring keeps the latest events that were recorded. A reader has no queue of its
// own: one that is slow finds that the ring has gone on without it, and nobody
// ever waits for it. Safe for concurrent use.
type Ring struct {
	clock agent.Clock
	size  int

	mu    sync.Mutex
	ring  []Entry
	next  uint64        // number of the next entry
	grown chan struct{} // closed by the next Add; nil: nobody waits
}

// NewRing returns an empty ring of size events; 0: DefaultSize.
func NewRing(clock agent.Clock, size int) *Ring {
	if size <= 0 {
		size = DefaultSize
	}
	return &Ring{clock: clock, size: size, next: 1}
}

// Add takes in events of this boot that were recorded. It never waits for
// readers.
func (r *Ring) Add(events ...protocol.Event) {
	if len(events) == 0 {
		return
	}
	wall, mono := r.clock.WallMs(), r.clock.MonoMs()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range events {
		e := Entry{No: r.next, Event: events[i]}
		if ago := mono - min(mono, e.Event.MonoMs); ago < wall {
			e.WallMs = wall - ago
		}
		if len(r.ring) < r.size {
			r.ring = append(r.ring, e)
		} else {
			r.ring[(r.next-1)%uint64(r.size)] = e
		}
		r.next++
	}
	if r.grown != nil {
		close(r.grown)
		r.grown = nil
	}
}

// Next returns the number that the next event will get.
func (r *Ring) Next() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next
}

// From appends the entries with numbers from no on to into, at most a
// hundred, and says how many before them the ring has lost. If there is
// nothing, more is closed once there is.
func (r *Ring) From(no uint64, into []Entry) (got []Entry, lost uint64, more <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if no == 0 {
		no = 1
	}
	oldest := r.next - uint64(len(r.ring))
	if no < oldest {
		lost, no = oldest-no, oldest
	}
	for ; no < r.next && len(into) < 100; no++ {
		into = append(into, r.ring[(no-1)%uint64(r.size)])
	}
	if len(into) == 0 {
		if r.grown == nil {
			r.grown = make(chan struct{})
		}
		more = r.grown
	}
	return into, lost, more
}
