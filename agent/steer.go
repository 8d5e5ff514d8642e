package agent

import (
	"context"
	"time"

	"iptvdc/protocol"
)

// Filter decides what a box records. Safe for concurrent use; it must not call
// the Recorder.
type Filter interface {
	// Admit is told of an event and reports whether it is recorded. One that is
	// not counts as dropped by sampling.
	Admit(*protocol.Event) bool
}

// admit returns the events that are to be recorded and counts the others.
func (r *Recorder) admit(events []protocol.Event) []protocol.Event {
	if r.cfg.Filter == nil {
		return events
	}
	kept := make([]protocol.Event, 0, len(events))
	for i := range events {
		if r.cfg.Filter.Admit(&events[i]) {
			kept = append(kept, events[i])
			continue
		}
		r.Drop(events[i].Kind, protocol.ReasonSampling, 1)
	}
	return kept
}

// SetWindow replaces RecorderConfig.Window for events that come from now on; a
// value outside its limits changes nothing.
func (r *Recorder) SetWindow(d time.Duration) {
	if d <= 0 || d > maxWindow {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cfg.Window = d
}

// Flush returns when everything accepted before is durable, or with ErrNotStored
// when ctx ends first.
func (r *Recorder) Flush(ctx context.Context) error {
	r.mu.Lock()
	ahead := r.flying + len(r.pending)
	if ahead == 0 {
		r.mu.Unlock()
		return nil
	}
	r.urgent = r.urgent || len(r.pending) > 0
	t := Ticket{r: r, upTo: r.taken + uint64(ahead), done: make(chan struct{})}
	r.waiters = append(r.waiters, waiter{t.upTo, t.done})
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return t.Wait(ctx)
}
