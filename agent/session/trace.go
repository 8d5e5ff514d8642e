package session

import "iptvdc/protocol"

// A click gets the next number of its boot, its trace, and what it led to
// carries that number [P-3.5]:
//
//   - the first play within 60 s of the click, or within 10 minutes if it is of
//     the content that was clicked;
//   - each order page and each order within 10 minutes of the click;
//   - each order within 10 minutes of such an order page;
//   - each order while a play that carries a trace is under way;
//   - all segments of a play, and a play of the same content as the play under
//     way or as the click that led to it: the player was started anew, as for a
//     jump, or an advertisement stood before the film.
//
// A further click takes over from the one before in all of these, save for what
// plays already. Everything else carries 0. Numbers are never used twice in a
// boot: the counter is kept in the commit that keeps the click.
const (
	traceMs     = 10 * 60 * 1000
	tracePlayMs = 60 * 1000
)

// clicked numbers a click.
func (s *state) clicked(at uint64, content string) uint32 {
	s.Trace++
	s.Click = clickMark{Trace: s.Trace, At: at, Content: content}
	s.Order = orderMark{}
	return s.Trace
}

// led reports whether the latest click may have led to what happens at time at.
func (s *state) led(at uint64) bool { return s.Click.Trace != 0 && at <= s.Click.At+traceMs }

// tracePlay returns the trace of a play that starts at time at, before it takes
// the place of what plays.
func (s *state) tracePlay(at uint64, content string) uint32 {
	c, p := &s.Click, &s.Play
	if s.led(at) && !c.Played && (at <= c.At+tracePlayMs || content != "" && content == c.Content) {
		c.Played = true
		return c.Trace
	}
	if s.playing() && p.Trace != 0 && content != "" && (content == p.Content || p.Trace == c.Trace && content == c.Content) {
		return p.Trace
	}
	return 0
}

// traceOrderPage returns the trace of an order page.
func (s *state) traceOrderPage(at uint64) uint32 {
	s.Order = orderMark{}
	if s.led(at) {
		s.Order = orderMark{s.Click.Trace, at}
	}
	return s.Order.Trace
}

// traceOrder returns the trace of an order.
func (s *state) traceOrder(at uint64) uint32 {
	switch {
	case s.led(at):
		return s.Click.Trace
	case s.Order.Trace != 0 && at <= s.Order.At+traceMs:
		return s.Order.Trace
	case s.playing():
		return s.Play.Trace
	}
	return 0
}

// viewed notes a sign of a viewer.
func (s *state) viewed(at uint64) { s.Sign = max(s.Sign, at) }

// source says who reported.
func source(page bool) protocol.Source {
	if page {
		return protocol.SourcePage
	}
	return protocol.SourceMiddleware
}
