package outbox

import "iptvdc/protocol"

// Class ranks batches for eviction: the lowest class goes first, in it the
// oldest. A batch holds events of one class only, so that clicks can go while
// an order recorded between them stays [D5].
type Class uint8

const (
	ClassUse    Class = iota // page views, clicks, viewing, kinds of a later version
	ClassNotice              // power, identity, clock syncs, and what the box tells of itself
	ClassOrder               // orders: they go last

	classes = 3
)

// ClassOf returns the class of a kind. A clock sync outlives what it was
// recorded beside: it alone says when a boot was, for its orders too.
func ClassOf(k protocol.Kind) Class {
	switch k {
	case protocol.Order:
		return ClassOrder
	case protocol.PowerOn, protocol.PowerOff, protocol.Identity, protocol.ClockSync, protocol.Dropped, protocol.OutboxLost, protocol.Running:
		return ClassNotice
	}
	return ClassUse
}

// run is a stretch of events of one class.
type run struct {
	class Class
	n     int
}

// runs cuts events into stretches of one class, in order.
func runs(events []protocol.Event) []run {
	var out []run
	for i := range events {
		c := ClassOf(events[i].Kind)
		if last := len(out) - 1; last < 0 || out[last].class != c {
			out = append(out, run{class: c})
		}
		out[len(out)-1].n++
	}
	return out
}
