package fleet

import (
	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// Firmware is renewed at night: a province after the other, and in each a few boxes
// first. A box boots with it, tells who it is, and goes to sleep again.

const (
	// renewalNights is how long a province takes: a tenth of its boxes in the first of
	// the nights, a third of them in the second, the rest in the last.
	renewalNights = 3
	// quietDays are between the last night and the first day of a story, so that what
	// is counted by the week has none of these boots in it.
	quietDays = 7
	// maxRenewed is how many nights there may be for all provinces.
	maxRenewed = 14
)

// renewal is when a household's box is renewed, in one of so many nights before
// startMs, between 2 and 4 o'clock. No dice are thrown for it.
func (h *household) renewal(startMs int64, nights int) int64 {
	night := 0
	if spare := nights - renewalNights; spare > 0 {
		night = int(mix(uint64(h.place.province)) % uint64(spare+1))
	}
	switch share := h.id() >> 24 % 100; {
	case share >= 45:
		night += 2
	case share >= 10:
		night++
	}
	night = min(night, nights-1)
	within := int64(h.id() >> 32 % uint64(2*aggregator.HourMs))
	return firstNight(startMs, nights) + int64(night)*aggregator.DayMs + 2*aggregator.HourMs + within
}

// firstNight is when the day of the first of these nights begins; startMs if there is
// none.
func firstNight(startMs int64, nights int) int64 {
	if nights == 0 {
		return startMs
	}
	return startMs - int64(quietDays+nights)*aggregator.DayMs
}

// renewed is the act in which a box boots with its new firmware. The household's days
// begin at startMs, with the box asleep.
func renewed(startMs int64) act {
	asleep := func(h *household, now int64, m *Moment) {
		h.power = standby
		h.tell(m, now, protocol.Event{Kind: protocol.PowerOff, Cause: protocol.CauseStandby})
		h.after(startMs, (*household).firstDay)
	}
	return func(h *household, now int64, m *Moment) {
		h.boot++
		h.bootMs = now - 9_000 - int64(h.id()>>8%19_000)
		h.power, h.told = awake, true
		h.tell(m, now, h.identity())
		h.sync(now, m)
		h.tell(m, now, protocol.Event{Kind: protocol.PowerOn, Cause: protocol.CauseBoot})
		h.after(now+90_000+int64(h.id()>>16%240_000), asleep)
	}
}
