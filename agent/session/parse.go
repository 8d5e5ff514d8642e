package session

import (
	"fmt"
	"strings"

	"iptvdc/agent"
	"iptvdc/protocol"
)

// deed is a signal that was checked: its words are read, and what it will
// record can be recorded.
type deed struct {
	agent.Signal
	at    uint64 // when, on the boot's clock
	by    protocol.Source
	mode  protocol.Mode
	tv    tvNews
	event protocol.Event // what the signal records by itself, without its trace; Kind 0: nothing
}

// parse checks signals that came at time now. A refusal names the signal's
// place and the field, and none is taken.
func parse(signals []agent.Signal, by protocol.Source, now uint64) ([]deed, error) {
	deeds := make([]deed, len(signals))
	for i, s := range signals {
		d, err := parseOne(s, by, now)
		if err != nil && len(signals) > 1 {
			return nil, fmt.Errorf("signals[%d]: %w", i, err)
		}
		if err != nil {
			return nil, err
		}
		deeds[i] = d
	}
	return deeds, nil
}

func parseOne(s agent.Signal, by protocol.Source, now uint64) (deed, error) {
	d := deed{Signal: s, by: by, at: now - min(s.AgoMs, now)}
	var err error
	if s.Mode != "" {
		if d.mode, err = word("mode", s.Mode, protocol.Modes()); err != nil {
			return d, err
		}
	}
	if s.TV != "" {
		if d.tv, err = word("tv", s.TV, allTVNews); err != nil {
			return d, err
		}
	}
	if s.Signal == "play" && !placed(d.mode) && (s.Position != nil || s.Length != 0) {
		return d, fmt.Errorf("position: %s has neither position nor length; leave them out", s.Mode)
	}
	if d.event, err = direct(&s); err != nil {
		return d, err
	}
	// What goes into a segment later is checked as if it were one now.
	segment := protocol.Event{Kind: protocol.View, Mode: protocol.ModeVOD, Channel: s.Channel, Content: s.Content}
	if s.Speed != nil {
		segment.Speed = *s.Speed
	}
	quality := protocol.Event{Kind: protocol.Playback, Mode: protocol.ModeVOD, Error: s.Error}
	if err := firstOf(segment.Check(), quality.Check()); err != nil {
		return d, err
	}
	if d.event.Kind == 0 {
		return d, nil
	}
	whole := d.event
	whole.MonoMs = protocol.MaxMonoMs
	if whole.Kind == protocol.Identity {
		whole.Province = 11 // the session knows what is lacking
	}
	d.event.Source, d.event.MonoMs = by, d.at
	d.event.DurationMs = min(d.event.DurationMs, d.at) // a sight that is older than the boot
	return d, whole.Check()
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// direct is the event that a signal records by itself.
func direct(s *agent.Signal) (e protocol.Event, err error) {
	e = protocol.Event{Page: s.Page, Template: s.Template, Area: s.Area, Slot: s.Slot, Content: s.Content}
	switch s.Signal {
	case "page":
		e.Kind, e.From = protocol.PageView, s.From
	case "seen":
		e.Kind, e.DurationMs = protocol.Impression, s.Ms
		e.Sight, err = word("sight", s.Sight, []protocol.Sight{protocol.SightRendered, protocol.SightFocus})
	case "click":
		e.Kind = protocol.Click
	case "order_page":
		e.Kind, e.Product = protocol.OrderPage, s.Product
	case "order":
		e.Kind, e.OrderID, e.Product, e.Provider, e.Fen = protocol.Order, s.OrderID, s.Product, s.Provider, s.Fen
		if e.Result, err = word("result", s.Result, []protocol.Result{protocol.ResultPaid, protocol.ResultFailed, protocol.ResultCancelled, protocol.ResultRefunded}); err != nil {
			return e, err
		}
		if s.Pay != "" {
			e.Pay, err = word("pay", s.Pay, []protocol.Pay{protocol.PayUnknown, protocol.PayCarrierBill, protocol.PayWeChat, protocol.PayAlipay, protocol.PayPoints})
		}
	case "identity":
		e = protocol.Event{Kind: protocol.Identity, Account: s.Account, STBID: s.STBID, MAC: s.MAC, Model: s.Model, Firmware: s.Firmware}
	case "shift":
		if s.Mode != protocol.ModeLive.String() && s.Mode != protocol.ModeTimeshift.String() {
			err = fmt.Errorf("mode: %.40q; a shift goes to live or timeshift", s.Mode)
		}
		e = protocol.Event{}
	default:
		e = protocol.Event{}
	}
	return e, err
}

// word returns the value that w names.
func word[T fmt.Stringer](field, w string, allowed []T) (none T, err error) {
	words := make([]string, len(allowed))
	for i, v := range allowed {
		if words[i] = v.String(); words[i] == w {
			return v, nil
		}
	}
	return none, fmt.Errorf("%s: %.40q is none; allowed: %s", field, w, strings.Join(words, ", "))
}
