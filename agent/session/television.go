package session

import (
	"iptvdc/protocol"
)

// tvNews is what the middleware hears of the television.
type tvNews uint8

const (
	tvPlugged   tvNews = 1 // HDMI hot-plug is high
	tvUnplugged tvNews = 2 // HDMI hot-plug is low
	tvPowered   tvNews = 3 // CEC: the television is on
	tvStandby   tvNews = 4 // CEC: it is off, in standby
	tvActive    tvNews = 5 // CEC: it shows the box
	tvInactive  tvNews = 6 // CEC: it shows another input
)

var tvWords = []string{"", "plugged", "unplugged", "on", "off", "active", "inactive"}

func (n tvNews) String() string { return tvWords[n] }

var allTVNews = []tvNews{tvPlugged, tvUnplugged, tvPowered, tvStandby, tvActive, tvInactive}

// television is what was heard of it last in this boot: each 0 if nothing was.
type television struct {
	Plug  tvNews // plugged, unplugged
	Again bool   // plugged after unplugged
	Power tvNews // on, off
	Input tvNews // active, inactive
}

// hear takes in what is new. What is unplugged tells nothing any more, and which
// input a television shows that comes on, is not known; one that shows the box is
// on.
func (t *television) hear(n tvNews) {
	switch n {
	case tvPlugged:
		t.Again = t.Again || t.Plug == tvUnplugged
		t.Plug = n
	case tvUnplugged:
		*t = television{Plug: n}
	case tvPowered:
		if t.Power == tvStandby {
			t.Input = 0
		}
		t.Power = n
	case tvStandby:
		t.Power = n
	case tvActive:
		t.Power, t.Input = tvPowered, n
	case tvInactive:
		t.Input = n
	}
}

// shows is what that comes to [P-3.12]. Many televisions in standby hold hot-plug
// high, so being plugged says nothing, unless hot-plug was seen to come back: then
// it goes with the power.
func (t *television) shows() protocol.TV {
	switch {
	case t.Plug == tvUnplugged || t.Power == tvStandby || t.Input == tvInactive:
		return protocol.TVOff
	case t.Power == tvPowered || t.Again:
		return protocol.TVOn
	}
	return protocol.TVUnknown
}

// watchTV takes in what is new of the television at time at. It is no sign of
// what the box does, but a television that comes on is one of a viewer.
func (m *Machine) watchTV(at uint64, n tvNews) {
	s := &m.st
	was := s.TV.shows()
	s.TV.hear(n)
	is := s.TV.shows()
	if is == was {
		return
	}
	if s.Active {
		m.begun, m.dirty = true, true // no mark comes soon enough
	}
	if !s.playing() {
		return
	}
	if was == protocol.TVOff {
		s.viewed(at)
	}
	s.At = at
	if p := &s.Play; is == p.TV && p.To == 0 {
		p.Turn = 0 // it was for less than a second
	} else if p.Turn == 0 {
		p.Turn = at + 1
	}
}
