package fleet

import "iptvdc/aggregator"

// Agents are renewed at night, while boxes sleep: a province after the other, and in
// each a few boxes first. A renewed agent tells who its box is and what time it has;
// it switches nothing on.

// renewalNights is how long a province takes: a tenth of its boxes in the first of
// the nights, a third of them in the second, the rest in the last.
const renewalNights = 3

// maxRenewed is how many nights there may be for all provinces.
const maxRenewed = 14

// renewal is when the agent of a sleeping household's box is renewed, in one of so
// many nights before startMs, between 2 and 4 o'clock. No dice are thrown for it.
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
	return startMs - int64(nights-night)*aggregator.DayMs + 2*aggregator.HourMs + within
}

// renewed is the act in which that is done; the household's days begin at startMs,
// with the box asleep. It has slept, and been up, for some days.
func renewed(startMs int64) act {
	return func(h *household, now int64, m *Moment) {
		h.boot++
		h.bootMs = now - aggregator.HourMs - int64(h.id()>>16%uint64(12*aggregator.DayMs))
		h.power, h.told = standby, true
		h.tell(m, now, h.identity())
		h.sync(now, m)
		h.after(startMs, (*household).firstDay)
	}
}
