package sim

import (
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

const (
	beganMs = 1_790_000_000_000 // when a world begins
	hourMs  = int64(3600 * 1000)
	yearMs  = 365 * 24 * hourMs
	syncMs  = 500  // how far what a box learns of the centre's clock may be off
	leftMs  = 1000 // rows that would move by less are left where they are
	aheadMs = 10 * 60 * 1000
	stepMs  = 4000 // a step at most
)

// wrongClocks are how far a box's clock is off when it is wrong and believed:
// it says that a time server set it. The first is 2031.
var wrongClocks = []int64{5 * yearMs, -3 * yearMs, -30 * yearMs, 2 * hourMs, 6 * 60 * 1000, -20 * 60 * 1000}

// clock is the time of day as a box has it in one boot.
type clock struct {
	bootMs int64 // when the boot began, by the centre's clock: the truth
	offMs  int64 // how far the box is off
	unset  bool  // the box knows that it is
	told   bool  // the centre's time was recorded [D8]
}

// upMs is the box's clock since boot.
func (b *box) upMs() uint64 { return uint64(b.w.nowMs - b.clock.bootMs) }

// wake draws the clock of a boot. One that is wrong and believed is recorded:
// the box tells its batches' times by it until it learns better.
func (b *box) wake() {
	w := b.w
	b.clock = clock{bootMs: w.nowMs}
	b.syncs = b.syncs[:0]
	if !w.chance(w.faults.WrongClock) {
		return
	}
	b.clock.offMs = wrongClocks[w.rnd.IntN(len(wrongClocks))]
	w.Tally.WrongClock++
	if w.rnd.IntN(4) == 0 {
		b.clock.unset, b.clock.offMs = true, -w.nowMs // 1970
		return
	}
	quality := protocol.ClockNTP
	if w.rules.TrustClock {
		quality = protocol.ClockServer
	}
	b.sync(w.nowMs+b.clock.offMs, 0, quality)
}

// learn takes the centre's time from an ack that was made in this boot, once
// [D8]. When the box asks is uplink's affair; here it knows to half a second.
func (b *box) learn(a protocol.Ack) {
	w := b.w
	madeMs := int64(a.ServerMs)
	if !w.setting.Loader || b.clock.told || w.rules.TrustClock || madeMs < b.clock.bootMs {
		return
	}
	b.clock.told = true
	if b.clock.offMs != 0 {
		w.Tally.Learned++
	}
	off := int64(w.rnd.IntN(2*syncMs+1)) - syncMs
	b.sync(madeMs, uint64(max(0, madeMs-b.clock.bootMs+off)), protocol.ClockServer)
}

// sync leaves a clock_sync event to be recorded.
func (b *box) sync(wallMs int64, monoMs uint64, quality protocol.Clock) {
	if wallMs < protocol.MinWallMs {
		return // not to be believed by anybody, the box least
	}
	w := b.w
	id := w.newEvent(b.id)
	w.syncs = append(w.syncs, told{id, b.clockKey(), quality})
	// The serial names the event, since this kind has no trace.
	b.syncs = append(b.syncs, protocol.Event{Kind: protocol.ClockSync, Boot: b.boot, MonoMs: monoMs,
		WallMs: uint64(wallMs), Clock: quality, Serial: id})
}

// told is a clock_sync event.
type told struct {
	id      uint32
	boot    store.ClockKey
	quality protocol.Clock
}

func (b *box) clockKey() store.ClockKey { return store.ClockKey{Box: b.key, Boot: b.boot} }

// checkTimes holds the store's times against the truth [S10]: nothing lies in
// the future, and a boot of which the centre's clock is known is right to the
// half second, or a second more for rows that were not worth moving, whatever
// the box believed before. Boxes with clones have two
// boots under one number: theirs are not held to it.
func (w *World) checkTimes() {
	known := map[store.ClockKey]bool{}
	for _, s := range w.syncs {
		known[s.boot] = known[s.boot] || s.quality == protocol.ClockServer && w.arrived[s.id] > 0
	}
	for i := range w.centre.table.rows {
		r := &w.centre.table.rows[i]
		if r.atMs > w.nowMs+aheadMs {
			w.fail("S10", "event %d lies %d s in the future", r.id, (r.atMs-w.nowMs)/1000)
		}
		if r.id == 0 || !known[r.ClockKey] || w.mixed[r.Box] {
			continue
		}
		w.Tally.Timed++
		most := int64(syncMs)
		if r.quality < uint8(protocol.ClockServer) {
			most += leftMs
		}
		if off := r.atMs - w.trueMs[r.id]; off > most || off < -most {
			w.fail("S10", "event %d of box %s, boot %d, lies %d ms off the truth (clock quality %d)", r.id, w.owner[r.id], r.Boot, off, r.quality)
		}
	}
}
