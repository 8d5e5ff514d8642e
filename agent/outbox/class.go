package outbox

import "iptvdc/protocol"

// Class ranks batches for eviction: the lowest class goes first, in it the
// oldest. A batch holds events of one class only, so that clicks can go while
// an order recorded between them stays [D5].
type Class uint8

const (
	ClassUse    Class = iota // page views, clicks, viewing, kinds of a later version
	ClassNotice              // power, identity, and what the box tells of itself
	ClassOrder               // orders: they go last

	classes = 3
)

// ClassOf returns the class of a kind; ok is false for clock syncs, which go
// with whatever they were recorded beside.
func ClassOf(k protocol.Kind) (c Class, ok bool) {
	switch k {
	case protocol.Order:
		return ClassOrder, true
	case protocol.PowerOn, protocol.PowerOff, protocol.Identity, protocol.Dropped, protocol.OutboxLost:
		return ClassNotice, true
	case protocol.ClockSync:
		return ClassUse, false
	}
	return ClassUse, true
}

// run is a stretch of events of one class.
type run struct {
	class Class
	n     int
}

// runs cuts events into stretches of one class, in order.
func runs(events []protocol.Event) []run {
	var out []run
	fixed := false // the last run's class was given by one of its events
	for i := range events {
		c, ok := ClassOf(events[i].Kind)
		switch last := len(out) - 1; {
		case last < 0:
			out, fixed = append(out, run{c, 1}), ok
		case !ok || out[last].class == c:
			out[last].n++
			fixed = fixed || ok
		case !fixed:
			out[last].class, fixed = c, true
			out[last].n++
		default:
			out, fixed = append(out, run{c, 1}), true
		}
	}
	return out
}
