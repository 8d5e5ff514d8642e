package fleet

import (
	"fmt"

	"iptvdc/protocol"
)

// How plays go, and how boxes are: told by a share of them.

// firstPicture notes how long the play that starts had to be waited for. A
// channel is on the screen as soon as it is tuned to; what the decoder needs
// for it is drawn.
func (h *household) firstPicture(now int64) {
	if !h.quality {
		return
	}
	if h.play.startMs = now - h.play.asked; h.play.startMs == 0 {
		h.play.startMs = max(h.skewed(0.6, 0.35), 150)
	}
}

// weakLine reports whether the household is one of the tenth whose line is
// often too slow.
func (h *household) weakLine() bool { return h.id()>>40%10 == 0 }

// tellPlayback tells how the play went that ends. Applications are not played,
// and what ends with the mains is not told.
func (h *household) tellPlayback(now int64, m *Moment, end protocol.End) {
	p := &h.play
	if !h.quality || p.mode == protocol.ModeApp {
		return
	}
	e := protocol.Event{Kind: protocol.Playback, Source: protocol.SourceMiddleware, Mode: p.mode, Channel: p.channel, Content: p.content,
		StartMs: uint64(p.startMs), Trace: p.trace}
	often := 0.05
	if h.weakLine() {
		often = 0.3
	}
	if (h.part > 0 || now-p.from > 10_000) && h.chance(often) {
		e.Stalls = uint32(1 + min(h.below(6), h.below(6)))
		for range e.Stalls {
			e.StallMs += uint64(min(h.skewed(1.4, 0.7), 30_000))
		}
	}
	if end == protocol.EndError || h.chance(0.004) { // got over it
		h.fail(&e)
	}
	h.tell(m, now, e)
}

func (h *household) fail(e *protocol.Event) {
	e.Errors = uint32(1 + h.below(2))
	e.Error = fmt.Sprint("E-", []int{4017, 4021, 5003, 6010}[h.pick([]float64{5, 3, 2, 1})])
}

// noStream gives up on a stream that does not come.
func (h *household) noStream(now int64, m *Moment) {
	if p := &h.play; h.quality {
		e := protocol.Event{Kind: protocol.Playback, Source: protocol.SourceMiddleware, Mode: p.mode, Channel: p.channel, Content: p.content, Trace: p.trace}
		h.fail(&e)
		h.tell(m, now, e)
	}
	h.home(now, m)
}

// tellHealth tells how the box is: as a sitting begins, and as it ends.
func (h *household) tellHealth(now int64, m *Moment) {
	if !h.quality {
		return
	}
	up := uint64(now - h.bootMs)
	h.tell(m, now, protocol.Event{Kind: protocol.Health, CPU: uint32(80 + h.below(500)), MemoryKB: uint64(90_000 + h.below(160_000)),
		Temperature: int32(430 + h.below(210)), AgentKB: uint64(7_500 + h.below(1_500)), AgentMs: up / 400, FlashKB: 4 + up/60_000, Waiting: uint64(h.below(60))})
}
