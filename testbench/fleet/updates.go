package fleet

import (
	"fmt"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// How agents of the fleet are updated: a new one every five weeks, rolled out to a tenth of
// the boxes within two days, to four tenths within a week and to the rest within thirty
// days; one box in 25 takes it five weeks later. Few go back, or refuse it. What a box
// runs at a moment follows from its index alone, so a later run begins where an earlier
// one ended, and no other doings of a box shift.

const (
	releaseDays = 35
	rolloutDays = 30
)

// firstRelease is the day of release 1.
var firstRelease = aggregator.DayOf(1_736_092_800_000) // 2025-01-06

// outcome is what a box makes of a release.
type outcome uint8

const (
	takes outcome = iota
	goesBack
	refuses
)

// tellsAgent reports whether the box's agent is one that tells its version.
func (h *household) tellsAgent() bool { return h.id()>>20%20 != 0 }

// agent is the version of the agent that runs; "": it does not tell.
func (h *household) agent() string {
	if !h.tellsAgent() {
		return ""
	}
	return agentName(h.release)
}

func agentName(release uint16) string { return fmt.Sprintf("1.%d.%d", release/5, release%5) }

// drawFor is a number in [0, 1) that the box draws for a release.
func (h *household) drawFor(release uint16) float64 {
	return float64(mix(h.id()^uint64(release)*0x9e3779b97f4a7c15)>>11) / (1 << 53)
}

// outcomeOf is what the box makes of a release when its turn comes. The first is in its
// image.
func (h *household) outcomeOf(release uint16) outcome {
	switch u := h.drawFor(release ^ 0x8000); {
	case release <= 1 || u >= 0.02:
		return takes
	case u < 0.012:
		return goesBack
	}
	return refuses
}

// offeredAt is when the box is offered a release.
func (h *household) offeredAt(release uint16) int64 {
	u := h.drawFor(release)
	days := 7 + (u-0.4)/0.6*(rolloutDays-7)
	switch {
	case u < 0.1:
		days = 2 * u / 0.1
	case u < 0.4:
		days = 2 + 5*(u-0.1)/0.3
	}
	if h.id()>>30%25 == 0 {
		days += releaseDays
	}
	return (firstRelease + releaseDays*aggregator.Day(release-1)).Start() + int64(days*float64(aggregator.DayMs))
}

// offered is the latest release whose turn has come.
func (h *household) offered(now int64) uint16 {
	n := uint16(1)
	if days := aggregator.DayOf(now) - firstRelease; days > 0 {
		n += uint16(days / releaseDays)
	}
	for ; n > 1 && h.offeredAt(n) > now; n-- {
	}
	return n
}

// settleAgent says what the box runs when a run begins.
func (h *household) settleAgent(startMs int64) {
	h.tried = h.offered(startMs)
	for h.release = h.tried; h.outcomeOf(h.release) != takes; h.release-- {
	}
}

// updateAgent tells of an update that the box fetched and started before it came on.
func (h *household) updateAgent(now int64, m *Moment) {
	n := h.offered(now)
	if n == h.tried || !h.tellsAgent() {
		return
	}
	h.tried = n
	tell := func(ago int64, state protocol.ProfileState, why string) {
		h.tellLate(m, now-ago, protocol.Event{Kind: protocol.Running, Version: uint64(n), State: state, Why: why})
	}
	runs := func(ago int64, release uint16) {
		h.tellLate(m, now-ago, protocol.Event{Kind: protocol.Running, Version: uint64(release), State: protocol.AgentRuns,
			Why: protocol.AgentText(agentName(release), "arm7", models[h.model].name)})
	}
	outcome := h.outcomeOf(n)
	if outcome == refuses {
		tell(4000, protocol.UpdateRefused, "room: 9437184 bytes are needed, 6291456 are free")
		return
	}
	tell(5000, protocol.UpdateDownloaded, "")
	runs(4000, n)
	if outcome == goesBack {
		runs(3000, h.release)
		tell(3000, protocol.UpdateRolledBack, "started 3 times and never got well")
		return
	}
	tell(3000, protocol.UpdateGood, "")
	h.release = n
}
