package fleet

import "iptvdc/protocol"

// Where in an asset a play is: assets are left and come back to, wound and
// jumped in. Most players tell it.

// bookmark is where a film or an episode was left.
type bookmark struct {
	title   *title // nil: none
	episode uint16
	at      uint32 // ms from its start
}

// lot is a number in [0, 1) for question n at a moment: chance that takes nothing
// from the dice, so that the rest of a household's life is as it is without.
func (h *household) lot(now int64, n uint64) float64 {
	return float64(mix(h.id()^mix(uint64(now)^n<<56))>>11) / (1 << 53)
}

// The questions of lot.
const (
	lotComesBack = 1 + iota
	lotResumes
	lotJumps
	lotJumpAt
	lotJumpTo
	lotAway
	lotAwayAt
	lotGlances
	lotGlancesFor
	lotHas    = 64  // and the number of a product
	lotLapses = 128 // likewise
)

// tellsPlaces reports whether the box's player says where it is and how long the
// asset is: that of one in seven does not.
func (h *household) tellsPlaces() bool { return h.id()>>24%7 != 0 }

// asset is how long what plays is, in ms; 0: it has no length.
func (h *household) asset() int64 {
	switch h.play.mode {
	case protocol.ModeVOD:
		return int64(h.title.minutes) * 60_000
	case protocol.ModeCatchup:
		return catchupMinutes * 60_000
	}
	return 0
}

// comesBack reports whether the household goes on with what it left.
func (h *household) comesBack(now int64) bool {
	return h.mark.title != nil && h.lot(now, lotComesBack) < 0.25
}

// open sets where the asset begins that starts to play: most who come back to it
// go on where they left it.
func (h *household) open(now int64) {
	p := &h.play
	p.pos, p.jumpAt = 1, 0
	if b := h.mark; p.mode == protocol.ModeVOD && b.title == h.title && int(b.episode) == h.episode {
		if h.lot(now, lotResumes) < 0.85 {
			p.pos += uint64(b.at)
		}
		h.mark = bookmark{}
	}
	h.lengthOf(now, h.asset())
	if span := p.end - now; span > 60_000 && h.lot(now, lotJumps) < 0.12 {
		p.jumpAt = now + 10_000 + int64(0.9*h.lot(now, lotJumpAt)*float64(span-10_000))
	}
	h.replan(now)
}

// replan moves the end of a play to where its asset ends, at the present place and
// speed. Who winds to the end has it end there; who pauses, later.
func (h *household) replan(now int64) {
	p := &h.play
	if p.pos == 0 {
		return
	}
	left := h.asset() - int64(p.pos-1)
	switch {
	case p.speed == 100 && (p.why == protocol.EndFinished || p.end > now+left):
		p.end, p.why = now+left, protocol.EndFinished
	case p.speed > 100:
		if end := now + (100*left+int64(p.speed)-1)/int64(p.speed); end <= p.trickAt {
			p.end, p.why = end, protocol.EndFinished
		}
	case p.speed <= 0 && p.why == protocol.EndFinished:
		p.end = p.trickAt + left
	}
}

// jump goes to another place: mostly on, by up to ten minutes, else back.
func (h *household) jump(now int64) {
	p := &h.play
	by := int64(30_000 + h.lot(now, lotJumpTo)*570_000)
	if by%10 < 3 {
		by = -by / 3
	}
	p.pos = uint64(min(max(int64(p.pos-1)+by, 0), h.asset()-5_000)) + 1
}

// leaveAsset notes where an asset is left that has been begun and is not nearly over.
func (h *household) leaveAsset(e *protocol.Event) {
	if h.play.mode != protocol.ModeVOD {
		return
	}
	if at := int64(h.reached(e) - 1); at > 120_000 && at < h.asset()-180_000 {
		h.mark = bookmark{h.title, uint16(h.episode), uint32(at)}
	}
}

// reached is where the segment e of the play ends, also if its box does not tell.
func (h *household) reached(e *protocol.Event) uint64 {
	whole := *e
	whole.PositionMs, whole.LengthS = h.play.pos, uint32(h.asset()/1000)
	return whole.Reached()
}
