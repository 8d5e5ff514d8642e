package loader

import (
	"cmp"
	"slices"

	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// Clock repair [S10]: an event's time is its mono plus the offset of its
// boot's clock, and that offset comes from, best first,
//
//  1. clock_sync events of the boot, in this block or told earlier, by
//     quality; of equal quality the one nearest to the event,
//  2. the arrival of a batch that was sent in this boot: arrival - up,
//  3. nothing: the boot ended without a sync and its events came in a later
//     one. They keep their distances and end just before the next boot began.

// minMs is the earliest time that is believed.
const minMs = int64(protocol.MinWallMs)

// maxAheadMs is how far an event may lie in the future of its arrival: NTP
// servers differ by less. More would let one wrong clock turn every reader's
// page to a day that has not begun.
const maxAheadMs = int64(10 * 60 * 1000)

// absurd reports whether a time cannot be: before 2020 or more than maxAheadMs
// after its batch arrived.
func absurd(ms, arrivedMs int64) bool { return ms < minMs || ms > arrivedMs+maxAheadMs }

// moveMs is how far an offset must be off before loaded rows are moved.
const moveMs = 1000

// bootClock is what is known of one boot's clock while a block is loaded.
type bootClock struct {
	store.ClockKey
	points []syncPoint // of the best quality in this block, by mono

	known    store.Clock // told by earlier blocks
	hasKnown bool

	arrived    int64 // least arrival - up among batches sent in this boot
	hasArrived bool

	lastMono    int64 // latest event of this boot in the block
	lastArrival int64 // latest arrival of a batch with events of this boot

	// decided; points that are used are left in points, else it is empty
	offset  int64
	quality uint8
	told    store.Clock // what the store has of it after this block
}

// atMs returns the time of an event and how good it is. at is where the last
// search in points ended.
func (c *bootClock) atMs(mono int64) (int64, uint8) {
	if len(c.points) < 2 {
		return mono + c.offset, c.quality
	}
	i, found := slices.BinarySearchFunc(c.points, mono, func(s syncPoint, mono int64) int { return cmp.Compare(s.monoMs, mono) })
	switch {
	case found || i == 0:
	case i == len(c.points) || mono-c.points[i-1].monoMs <= c.points[i].monoMs-mono:
		i--
	}
	return mono + c.points[i].offset, c.quality
}

// clocks are the boots of a block.
type clocks struct {
	boots map[store.ClockKey]*bootClock
	order []*bootClock // by box, later boots first
}

func newClocks() *clocks { return &clocks{boots: map[store.ClockKey]*bootClock{}} }

func (c *clocks) boot(k store.ClockKey) *bootClock {
	b := c.boots[k]
	if b == nil {
		b = &bootClock{ClockKey: k}
		c.boots[k] = b
		c.order = append(c.order, b)
	}
	return b
}

// gather brings together what the block itself says of its boots.
func (c *clocks) gather(w *worker) {
	for i := range w.runs {
		r := &w.runs[i]
		r.clock = c.boot(store.ClockKey{Box: r.box, Boot: r.boot})
		r.clock.lastMono = max(r.clock.lastMono, r.lastMono)
		r.clock.lastArrival = max(r.clock.lastArrival, r.arrivedMs)
		sent := c.boot(store.ClockKey{Box: r.box, Boot: r.sentBoot})
		began := r.arrivedMs - r.sentUpMs
		if !sent.hasArrived || began < sent.arrived {
			sent.arrived, sent.hasArrived = began, true
		}
	}
	for _, s := range w.syncs {
		b := c.boot(s.ClockKey)
		switch {
		case len(b.points) > 0 && s.quality < b.points[0].quality:
			continue
		case len(b.points) > 0 && s.quality > b.points[0].quality:
			b.points = b.points[:0]
		}
		b.points = append(b.points, s)
	}
}

// decide settles every boot's clock and says what the store must learn of it.
func (c *clocks) decide() (rows []store.ClockRow, retimes []store.Retime) {
	slices.SortFunc(c.order, func(a, b *bootClock) int {
		return cmp.Or(cmp.Compare(a.Box, b.Box), cmp.Compare(b.Boot, a.Boot))
	})
	var after *bootClock // the same box's next later boot in the block
	for _, b := range c.order {
		if after != nil && after.Box != b.Box {
			after = nil
		}
		first := b.decide(after)
		after = b
		now := b.now()
		better := !b.hasKnown || now.Quality > b.known.Quality
		if better || now.Quality == b.known.Quality && far(now.OffsetMs, b.known.OffsetMs) {
			rows = append(rows, store.ClockRow{ClockKey: b.ClockKey, Clock: now})
			b.told = now
		} else {
			b.told = b.known
		}
		if b.hasKnown && better && far(first, b.known.OffsetMs) {
			retimes = append(retimes, store.Retime{ClockKey: b.ClockKey, Clock: store.Clock{OffsetMs: first, Quality: b.quality}})
		}
	}
	return rows, retimes
}

// now is what holds for events to come: of several points the last.
func (b *bootClock) now() store.Clock {
	if n := len(b.points); n > 0 {
		return store.Clock{OffsetMs: b.points[n-1].offset, Quality: b.quality}
	}
	return store.Clock{OffsetMs: b.offset, Quality: b.quality}
}

func far(a, b int64) bool { return a-b > moveMs || b-a > moveMs }

// decide settles one boot; it returns the offset for events before this
// block's, which differs from b.offset only if there are several points.
func (b *bootClock) decide(after *bootClock) (first int64) {
	slices.SortStableFunc(b.points, func(x, y syncPoint) int {
		return cmp.Or(cmp.Compare(x.monoMs, y.monoMs), cmp.Compare(x.offset, y.offset))
	})
	switch {
	case len(b.points) > 0 && (!b.hasKnown || b.points[0].quality >= b.known.Quality):
		b.offset, b.quality = b.points[0].offset, b.points[0].quality
		return b.offset
	case b.hasKnown && b.known.Quality > 0:
		b.offset, b.quality = b.known.OffsetMs, b.known.Quality
	case b.hasArrived:
		b.offset, b.quality = b.arrived, uint8(protocol.ClockBox)
	case b.hasKnown:
		b.offset, b.quality = b.known.OffsetMs, 0
	default:
		end := b.lastArrival
		if after != nil {
			end = min(end, after.offset-1)
		}
		b.offset, b.quality = end-b.lastMono, 0
	}
	b.points = nil
	return b.offset
}
