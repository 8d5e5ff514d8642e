package agent

import (
	"context"

	"iptvdc/protocol"
)

// NoteKeeper is a Keeper that can keep a note: a few hundred bytes that are
// committed together with events, replacing the note before. So what stands in
// the note is true exactly if the events it tells of are on flash.
// *outbox.Outbox is one; with another Keeper notes are forgotten.
type NoteKeeper interface {
	Keeper
	// AppendNoted is Append that replaces the note in the same commit; events
	// may be none.
	AppendNoted(note []byte, events ...protocol.Event) error
}

// Ticket stands for events that were taken in. The zero value is one for
// nothing: durable.
type Ticket struct {
	r    *Recorder
	upTo uint64        // value of taken after which it is durable
	done chan struct{} // nil: nobody asked to wait
}

// Enqueue takes events in as Record does, but never waits: the Ticket does.
// Events of one call are committed in one group, in the order of the calls. A
// note, if not nil, is committed with the last of them, or with what is taken
// in next, or by itself; it must not be changed any more. An event that is
// dropped later for lack of memory leaves its note behind; so does one that the
// Filter does not admit.
func (r *Recorder) Enqueue(stored bool, note []byte, events ...protocol.Event) (Ticket, error) {
	if asked := len(events); asked > 0 {
		if events = r.admit(events); len(events) == 0 && note == nil {
			return Ticket{}, nil
		}
	}
	for i := range events {
		stored = stored || AtOnce(events[i].Kind)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.fitLocked(len(events)) {
		for i := range events {
			r.dropLocked(events[i].Kind, protocol.ReasonMemory, 1)
		}
		return Ticket{}, ErrFull
	}
	for i := range events {
		r.pending = append(r.pending, item{Event: events[i], awaited: stored})
	}
	r.stats.Accepted += uint64(len(events))
	if note != nil {
		if len(r.pending) == 0 {
			r.pending = append(r.pending, item{awaited: true, bare: true})
		}
		r.pending[len(r.pending)-1].note = note
	}
	if n := len(r.pending); n > 0 {
		r.pending[n-1].last = true
	}
	t := Ticket{r: r, upTo: r.taken + uint64(r.flying+len(r.pending))}
	if stored {
		r.urgent = true
		t.done = make(chan struct{})
		r.waiters = append(r.waiters, waiter{t.upTo, t.done})
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return t, nil
}

// Durable reports whether all that was taken in up to the ticket is on flash,
// or was dropped and counted.
func (t Ticket) Durable() bool {
	if t.r == nil {
		return true
	}
	t.r.mu.Lock()
	defer t.r.mu.Unlock()
	return t.r.taken >= t.upTo
}

// Wait returns nil when the events are as durable as was asked for: at once, if
// accepted was enough. ErrNotStored: ctx or the recorder ended before.
func (t Ticket) Wait(ctx context.Context) error {
	if t.done == nil {
		return nil
	}
	select {
	case <-t.done:
		return nil
	case <-ctx.Done():
	case <-t.r.done:
		select {
		case <-t.done: // by the last commit
			return nil
		default:
		}
	}
	return ErrNotStored
}

// pass hands what a dropped item leaves to the one before it.
func (i *item) pass(dropped *item) {
	i.last = i.last || dropped.last
	if dropped.note != nil {
		i.note = dropped.note
	}
}

// append commits the group with its note.
func (w *writer) append() error {
	if w.note != nil {
		if k, ok := w.keeper.(NoteKeeper); ok {
			return k.AppendNoted(w.note, w.group...)
		}
		if len(w.group) == 0 {
			return nil
		}
	}
	return w.keeper.Append(w.group...)
}
