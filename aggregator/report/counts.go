package report

import (
	"sync"
	"sync/atomic"

	"iptvdc/aggregator/post"
)

// Outcome is how sendings of a kind ended.
type Outcome struct {
	Kind  post.Kind // "": of messages that a crash left
	State State
}

// Stats counts since the start.
type Stats struct {
	Begun   uint64 // reports that became due or were sent by hand
	Late    uint64 // of them, with a day that was not complete
	Missed  uint64 // were due while the server was down, and not sent
	Waits   uint64 // times that a report was found waiting for its day
	Retries uint64 // failures that will be tried again
	Ended   map[Outcome]uint64
}

type counts struct {
	begun, late, missed, waits, retries atomic.Uint64
	mu                                  sync.Mutex
	ended                               map[Outcome]uint64
}

func (c *counts) add(k post.Kind, s State, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == nil {
		c.ended = map[Outcome]uint64{}
	}
	c.ended[Outcome{k, s}] += uint64(n)
}

// Stats returns the counters as they stand.
func (d *Desk) Stats() Stats {
	c := &d.counts
	out := Stats{Begun: c.begun.Load(), Late: c.late.Load(), Missed: c.missed.Load(), Waits: c.waits.Load(), Retries: c.retries.Load(), Ended: map[Outcome]uint64{}}
	c.mu.Lock()
	defer c.mu.Unlock()
	for o, n := range c.ended {
		out.Ended[o] = n
	}
	return out
}
