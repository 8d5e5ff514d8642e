package fleet

import (
	"math"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// The television before the box. People switch it off and leave the box on, or
// look at something else on it for a while; what the box learns of that depends
// on television and cable.

// absence is when nobody sees what the box shows; zero: never in this sitting.
type absence struct {
	from, to int64 // to is math.MaxInt64 if they do not come back
	input    bool  // the television shows another input
}

// hearing is what a box learns of its television.
type hearing uint8

const (
	hearsNothing hearing = iota // hot-plug stays high, no CEC
	hearsPlug                   // hot-plug goes with the television's power
	hearsCEC                    // power and active input
)

// hears is 45 in 100 nothing, 25 hot-plug alone, 30 CEC.
func (h *household) hears() hearing {
	switch share := h.id() >> 48 % 100; {
	case share < 45:
		return hearsNothing
	case share < 70:
		return hearsPlug
	}
	return hearsCEC
}

// sitDown draws whether this sitting has an absence. In 12 of 100 the television
// is switched off before the box is, by 20 minutes to two hours; in 3 it shows
// something else for 10 to 40 minutes.
func (h *household) sitDown(now int64) {
	h.away, h.dark = absence{}, false
	u, at := h.lot(now, lotAway), h.lot(now, lotAwayAt)
	span := h.sit.to - now
	switch {
	case u < 0.12:
		from := h.sit.to - int64((20+100*at)*60_000)
		h.away = absence{from: max(from, now+5*60_000), to: math.MaxInt64}
	case u < 0.15 && span > aggregator.HourMs:
		from := now + int64((0.1+0.3*at)*float64(span))
		h.away = absence{from: from, to: from + int64((10+30*at)*60_000), input: true}
	}
}

// look brings dark to a moment; a first part of a play that would end within
// these 4 s does not: a box takes it to what follows.
func (h *household) look(now int64) {
	const soon = 4000
	h.dark = h.away.from != 0 && now+soon >= h.away.from && now+soon < h.away.to
	if h.dark && !h.away.input {
		h.sawOff = true
	}
}

// nextLook is when that changes next; math.MaxInt64: it does not.
func (h *household) nextLook() int64 {
	switch {
	case h.dark:
		return h.away.to
	case h.away.from != 0 && h.play.from < h.away.from:
		return h.away.from
	}
	return math.MaxInt64
}

// tv is what the box knows of its television.
func (h *household) tv() protocol.TV {
	switch h.hears() {
	case hearsCEC:
		if h.dark {
			return protocol.TVOff
		}
		return protocol.TVOn
	case hearsPlug:
		if h.dark && !h.away.input {
			return protocol.TVOff
		}
		if h.sawOff { // it has come back
			return protocol.TVOn
		}
	}
	return protocol.TVUnknown
}

// turn is what happens to a play when people go or come back. Nobody zaps, stops
// or winds while they are away: a channel goes on, an asset plays to its end.
func (h *household) turn(now int64) {
	p := &h.play
	h.dark = !h.dark
	if !h.dark {
		h.away = absence{}
		if p.pos == 0 {
			p.end = now + max(h.skewed(7, 0.9), 600)
		}
		return
	}
	if !h.away.input {
		h.sawOff = true
	}
	if p.speed == 100 {
		p.trickAt = 0
	}
	p.jumpAt = 0
	if p.pos == 0 {
		p.end = math.MaxInt64
		return
	}
	if p.why == protocol.EndStop {
		p.why = protocol.EndFinished
	}
	h.replan(now)
}

// absent reports whether nobody is there, and then waits until somebody is, or
// the box goes to sleep.
func (h *household) absent(now int64) bool {
	if h.away.from == 0 || now < h.away.from || now >= h.away.to {
		return false
	}
	h.dark = true
	h.sawOff = h.sawOff || !h.away.input
	h.after(min(h.away.to, h.sit.to), (*household).backAgain)
	return true
}

func (h *household) backAgain(now int64, m *Moment) {
	if h.over(now) {
		h.sleep(now, m)
		return
	}
	h.away, h.dark = absence{}, false
	h.home(now, m)
}
