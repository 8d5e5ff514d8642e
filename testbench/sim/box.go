package sim

import (
	"errors"
	"fmt"

	"iptvdc/agent/outbox"
	"iptvdc/protocol"
)

// box is one actor: a box, or a clone that claims to be one. Its outbox, flash
// and the way it sends are real; only time is the world's.
type box struct {
	w     *World
	id    string
	topic string
	acks  string  // the topic of its acks
	key   uint64  // what the store calls it
	board [8]byte // which hardware the flash sits in [D7]
	flash *flash
	out   *outbox.Outbox
	boot  uint32
	clock clock
	syncs []protocol.Event // to be recorded

	pending []protocol.Event // in doubt after a failed commit: to be repeated
	floor   uint64           // before the call of the outbox that is under way
	after   uint64           // highest number sent since the last start at the floor
	images  []*outbox.Memory // earlier copies of the flash
}

func newBox(w *World, id string) *box {
	b := &box{w: w, id: id, board: [8]byte{1}, topic: protocol.UpTopic(province, id), acks: protocol.AckTopic(province, id), key: w.secrets.BoxKey(id)}
	b.flash = &flash{w: w, live: outbox.NewMemory(), watch: b.watch}
	if w.rules.LateSync {
		b.flash.synced = b.flash.live.Clone()
	}
	return b
}

// start opens the outbox on what the flash holds: memory is empty.
func (b *box) start() {
	b.flash.dead, b.flash.cutNext, b.flash.failNext = false, false, false
	b.w.note("%s starts", b.id)
	b.boot++
	b.after = 0
	b.pending = b.pending[:0] // what was never called stored
	out, err := outbox.New(b.flash, outbox.Options{MaxBytes: b.w.maxBytes, BatchEvents: 8,
		Rand: &source{rnd: b.w.rnd, fixed: b.w.rules.NoEpoch}, Codec: b.w.codec, Hardware: b.board})
	if err != nil {
		b.w.fail("I6", "box %s does not start: %v", b.id, err)
		return
	}
	b.out = out
	b.wake()
	b.w.Tally.Moved += int(out.Stats().Moved)
}

// watch sees each change that reaches the flash, before it does: it keeps the
// books of which events lie where, and holds deletions against the ledger.
func (b *box) watch(c *outbox.Change) {
	w := b.w
	if w.log != nil {
		w.note("%s commits: delete through %d and %v, holes %d, open %d, seal %v", b.id, c.DeleteThrough, c.Delete, len(c.Holes), len(c.Open), numbers(c.Seal))
	}
	for _, mv := range c.Move {
		s, err := b.flash.live.Batch(mv.From)
		if err != nil {
			continue
		}
		s.Epoch = c.Meta.Epoch
		s.No, s.First, s.Prev, s.Flags = mv.No, mv.First, mv.Prev, mv.Flags
		w.sealed[placeOf(&s)] = true
		w.Tally.CarriedOver++
	}
	for i := range c.Seal {
		s := &c.Seal[i].Sealed
		w.sealed[placeOf(s)] = true
		ids := w.idsOf(s)
		if len(ids) != int(s.N) {
			w.fail("I5", "box %s seals %d events in a batch of %d", b.id, len(ids), s.N)
		}
		w.Tally.Batches++
		if w.chance(w.faults.Poison) {
			w.spoil(s)
		}
	}
	if c.DeleteThrough == 0 && len(c.Delete) == 0 {
		return
	}
	img, err := b.flash.live.Load()
	if err != nil {
		w.fail("I5", "load: %v", err)
		return
	}
	for _, h := range img.Batches {
		gone := h.No <= c.DeleteThrough
		for _, no := range c.Delete {
			gone = gone || no == h.No
		}
		if !gone {
			continue
		}
		s, err := b.flash.live.Batch(h.No)
		if err != nil {
			w.fail("I5", "batch %d: %v", h.No, err)
			return
		}
		if h.No >= b.floor {
			w.dropped += uint64(s.N)
		}
		for _, id := range w.idsOf(&s) {
			switch {
			case w.arrived[id] > 0 || w.evicted[id] || w.aside[id]: // by a clone, then, whose floor the centre believed
			case h.No < b.floor:
				w.fail("I4", "box %s deletes event %d of batch %d as acknowledged, but it never arrived", b.id, id, h.No)
			default:
				w.deleted = append(w.deleted, id)
			}
		}
	}
}

// settled compares what was deleted without having arrived with what the
// outbox says it evicted: anything more was lost [I2, I4]. And what it says must
// be exact, failed commits or not [I3].
func (b *box) settled(before uint64) {
	w := b.w
	if b.out == nil {
		return
	}
	evicted := b.out.Stats().Evicted - before
	if uint64(len(w.deleted)) > evicted {
		w.fail("I2", "box %s deleted %d events that never arrived, %d of them by eviction", b.id, len(w.deleted), evicted)
	}
	if w.dropped != evicted {
		w.fail("I3", "box %s counts %d events evicted, %d went from its flash", b.id, evicted, w.dropped)
	}
	w.Tally.Evicted += int(evicted)
	w.evict()
}

// do runs one call of the outbox; false: the power went off in it.
func (b *box) do(call func() error) bool {
	before := b.out.Stats().Evicted
	b.floor = b.out.Floor()
	err := call()
	if b.flash.dead {
		b.w.evict() // nobody lives to count it
		b.cut()
		return false
	}
	if err != nil && !errors.Is(err, errIO) {
		b.w.fail("I6", "box %s: %v", b.id, err)
	}
	if err != nil {
		// The outcome is unknown until the outbox has looked; let it look now.
		if _, _, err := b.out.Next(0); err != nil && !errors.Is(err, errIO) {
			b.w.fail("I6", "box %s: %v", b.id, err)
		}
	}
	b.settled(before)
	return true
}

// record appends a group of new events, after those that are in doubt.
func (b *box) record(n int) {
	w := b.w
	group := append(b.pending, b.syncs...)
	b.syncs = b.syncs[:0]
	for range n {
		id := w.newEvent(b.id)
		e := protocol.Event{Kind: protocol.Click, Boot: b.boot, MonoMs: b.upMs(), Page: w.filler(), Trace: id}
		if w.rnd.IntN(10) == 0 {
			e = protocol.Event{Kind: protocol.Order, Boot: b.boot, MonoMs: b.upMs(), OrderID: w.filler(), Product: "p", Result: protocol.ResultPaid, Trace: id}
		}
		group = append(group, e)
	}
	var failed error
	b.flash.failNext = w.chance(w.faults.DiskError)
	alive := b.do(func() error {
		failed = b.out.Append(group...)
		return failed
	})
	if !alive {
		return // never called stored: whatever became of it is right
	}
	if failed != nil {
		b.pending = append(b.pending[:0:0], group...)
		return
	}
	b.pending = b.pending[:0]
	for i := range group {
		w.stored(eventID(&group[i]))
	}
}

func (b *box) seal() { b.do(b.out.Seal) }

// send hands batches to the broker, oldest first, up to the window.
func (b *box) send(window int) {
	w := b.w
	for range window {
		s, ok, err := b.out.Next(b.after)
		if err != nil && !errors.Is(err, errIO) {
			w.fail("I6", "box %s: %v", b.id, err)
		}
		if err != nil || !ok {
			return
		}
		floor := b.out.Floor()
		if p := w.poison[s.UID]; p != nil {
			s.Codec = p.codec
		}
		packet := protocol.AppendBatch(nil, &s, &protocol.Envelope{Floor: floor, Boot: b.boot, UpMs: b.upMs(),
			WallMs: uint64(max(0, w.nowMs+b.clock.offMs)), ClockUnset: b.clock.unset})
		w.Tally.Sent++
		if w.log != nil {
			w.note("%s sends %d (seq %d, n %d, prev %x, chain %x), floor %d", b, s.No, s.First, s.N, s.Prev[:3], first3(s.Chain()), floor)
		}
		w.up = append(w.up, message{topic: b.topic, payload: packet})
		b.after = s.No
		if w.rules.DeleteOnPuback {
			b.ack(protocol.Ack{Version: protocol.Version, Epoch: s.Epoch, Through: s.No, Chain: s.Chain()})
		}
	}
}

// ack gives an ack to the outbox, as uplink does.
func (b *box) ack(a protocol.Ack) {
	if b.w.rules.NoChain {
		a = b.unchained(a)
	}
	var v outbox.Verdict
	floor := b.out.Floor()
	if b.w.log != nil {
		b.w.note("%s floor %d hears ack %s through %d chain %x", b, floor, a.Code, a.Through, a.Chain[:3])
	}
	alive := b.do(func() error {
		var err error
		v, err = b.out.Ack(a)
		return err
	})
	if !alive {
		return
	}
	b.heard(a)
	switch {
	case v.Action == outbox.Diverged:
		b.w.note("%s diverged", b)
		b.w.Tally.Diverged++
		b.after = 0
	case v.Resend:
		b.w.Tally.Resend++
		b.after = v.From - 1
	case v.Action == outbox.Ignored && a.Epoch == b.out.Epoch() && a.Through+1 < floor:
		b.w.Tally.StaleAck++
	}
}

// heard counts what a box is told, and takes the time from it.
func (b *box) heard(a protocol.Ack) {
	t := &b.w.Tally
	switch a.Code {
	case protocol.AckBusy:
		t.Busy++
	case protocol.AckUnknown:
		t.UnknownHeard++
	case protocol.AckVersion:
		t.VersionHeard++
	case protocol.AckQuarantined:
		t.PoisonHeard++
	}
	b.learn(a)
}

// unchained makes an ack say what this box believes, so that its chain is
// never found wrong; numbers above the newest count as the newest.
func (b *box) unchained(a protocol.Ack) protocol.Ack {
	img, err := b.flash.live.Load()
	if err != nil || a.Epoch != img.Meta.Epoch {
		return a
	}
	if n := len(img.Batches); n > 0 && a.Through >= img.Batches[n-1].No {
		a.Through, a.Chain = img.Batches[n-1].No, img.Last
		return a
	}
	for _, h := range img.Batches {
		if h.No == a.Through+1 {
			a.Chain = h.Prev
		} else if h.No == a.Through {
			if s, err := b.flash.live.Batch(h.No); err == nil {
				a.Chain = s.Chain()
			}
		}
	}
	if len(img.Batches) == 0 {
		a.Through, a.Chain = b.out.Floor()-1, protocol.Chain{}
	}
	return a
}

// cut is a power cut: memory is gone, and with LateSync what was not synced.
func (b *box) cut() {
	b.w.Tally.PowerCut++
	if b.w.rules.LateSync {
		b.replace(b.flash.synced.Clone())
		return
	}
	b.start()
}

// onFlash lists the events that lie on the flash.
func (b *box) onFlash() map[uint32]bool {
	ids := map[uint32]bool{}
	img, err := b.flash.live.Load()
	if err != nil {
		b.w.fail("I6", "load: %v", err)
		return ids
	}
	for _, h := range img.Batches {
		s, err := b.flash.live.Batch(h.No)
		if err != nil {
			b.w.fail("I6", "batch %d: %v", h.No, err)
			return ids
		}
		for _, id := range b.w.idsOf(&s) {
			ids[id] = true
		}
	}
	for _, r := range img.Open {
		for _, id := range b.w.decode(&protocol.Sealed{N: r.N, Body: r.Data}) {
			ids[id] = true
		}
	}
	return ids
}

// replace puts another image on the flash and starts from it. What only lay on
// the old one is gone, and nobody promised otherwise.
func (b *box) replace(disk *outbox.Memory) {
	before := b.onFlash()
	b.flash.live = disk
	if b.w.rules.LateSync {
		b.flash.synced = disk.Clone()
	}
	after := b.onFlash()
	for id := range before {
		if !after[id] {
			b.w.forgive(id)
		}
	}
	b.start()
}

func (b *box) String() string { return fmt.Sprintf("%s/%x", b.id, b.out.Epoch()) }

func first3(c protocol.Chain) []byte { return c[:3] }

func numbers(rows []outbox.Row) (nos []uint64) {
	for i := range rows {
		nos = append(nos, rows[i].No)
	}
	return nos
}
