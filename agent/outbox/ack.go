package outbox

import (
	"errors"
	"fmt"

	"iptvdc/protocol"
)

// Action is what an ack led to.
type Action uint8

const (
	Ignored  Action = iota // another epoch, stale, or nothing new
	Kept                   // not stored at the centre: everything stays [code 2, 4, 5]
	Deleted                // batches were acknowledged and are forgotten
	Diverged               // the centre's history is another: a new epoch began
)

// Verdict is the answer to an ack.
type Verdict struct {
	Action Action
	Events int // acknowledged by this ack
	// Resend says that the centre asks for batches from From on [code 1].
	Resend bool
	From   uint64
}

// Ack applies the rule for acks [D4]. What it acknowledges is forgotten in
// memory at once and on disk with the next commit; a power cut between them
// costs one repeat. Only divergence writes by itself.
func (o *Outbox) Ack(a protocol.Ack) (Verdict, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.settle(); err != nil {
		return Verdict{}, err
	}
	if a.Epoch != o.meta.Epoch {
		return Verdict{Action: Ignored}, nil
	}
	if !a.Code.Moves() {
		return Verdict{Action: Kept}, nil
	}
	if a.Code == protocol.AckQuarantined {
		o.stats.Quarantined++
	}
	v, ok := o.match(a)
	if !ok {
		o.stats.Diverged++
		if err := o.newEpoch(); err != nil {
			return Verdict{}, err
		}
		return Verdict{Action: Diverged}, nil
	}
	if a.Code == protocol.AckGap {
		v.Resend, v.From = true, o.floor()
	}
	return v, nil
}

// match compares the ack's history with ours and moves the mark; ok is false
// if they differ.
func (o *Outbox) match(a protocol.Ack) (v Verdict, ok bool) {
	floor, at := o.floor(), o.floorAt()
	if a.Through+1 < floor {
		return v, true // stale
	}
	if a.Through+1 == floor {
		base := o.chain
		if at < len(o.list) {
			base = o.list[at].prev
		}
		if a.Chain != base {
			return v, false
		}
		o.setFront(0)
		return v, true
	}
	chain, last, known := o.lookup(a.Through)
	if !known || chain != a.Chain {
		return v, false
	}
	v.Action = Deleted
	for i := at; i < len(o.list) && o.list[i].no <= a.Through; i++ {
		v.Events += int(o.list[i].n)
	}
	o.acked = a.Through
	o.stats.Acked += uint64(v.Events)
	front := uint64(0)
	if i := o.floorAt(); i < len(o.list) {
		front = o.list[i].first - last - 1 // evicted after it: the next to be counted
	}
	o.setFront(front)
	return v, true
}

func (o *Outbox) setFront(n uint64) {
	if o.meta.Front != n {
		o.meta.Front, o.dirty = n, true
	}
}

// lookup returns chain and last seq at number no, for every no that may have
// been sent since the floor.
func (o *Outbox) lookup(no uint64) (chain protocol.Chain, last uint64, ok bool) {
	i, held := o.find(no)
	if held {
		chain, err := o.chainOf(i)
		return chain, o.list[i].last(), err == nil
	}
	for _, h := range o.holes {
		if h.No == no {
			return h.Chain, h.Last, true
		}
	}
	return chain, 0, false
}

// newEpoch renumbers what is left under a new epoch, in one transaction:
// batches from number 1 and seq 1, marked as carried over; uids and bodies stay
// [D4]. What was evicted and not acknowledged becomes Stats.Lost.
func (o *Outbox) newEpoch() error {
	p := o.plan()
	if err := p.rebase(); err != nil {
		return err
	}
	p.meta.Lost += o.meta.Front + o.missing()
	for i := o.floorAt(); i < len(o.list); i++ {
		e := &o.list[i]
		s, err := o.disk.Batch(e.no)
		if errors.Is(err, ErrDamaged) {
			return o.salvage()
		}
		if err != nil {
			return fmt.Errorf("outbox: new epoch: %w", err)
		}
		s.No, s.First, s.Prev = p.nextNo, p.nextSeq, p.chain
		p.c.Move = append(p.c.Move, Move{From: e.no, No: s.No, First: s.First, Prev: s.Prev, Flags: s.Flags | protocol.FlagCarried})
		p.sealed = append(p.sealed, entry{s.No, s.First, s.N, e.cost, s.Prev, e.class})
		p.nextNo, p.nextSeq, p.chain = s.No+1, s.First+uint64(s.N), s.Chain()
	}
	p.c.DeleteThrough = o.acked
	p.c.ClearHoles = true
	p.reopen(o.open)
	return o.replace(p)
}

// carryOver begins a new epoch on an empty disk with what was salvaged [D6].
// A running outbox knows more than the disk: what is acknowledged need not be
// carried over, and how much is missing is exact; at start the gaps between the
// rows have to do.
func (o *Outbox) carryOver(img Image) error {
	o.stats.Salvaged++
	p := o.plan()
	running := o.meta.Epoch != 0
	p.c.Note = o.note
	if !running {
		p.meta, p.c.Note = img.Meta, img.Note
		p.meta.Lost += img.Meta.Front + gaps(img)
	}
	if o.o.Hardware != [8]byte{} {
		p.meta.Hardware = o.o.Hardware
	}
	if err := p.rebase(); err != nil {
		return err
	}
	for _, r := range img.Salvaged {
		if running && r.No <= o.acked {
			continue
		}
		r.Epoch, r.No, r.First, r.Prev = p.meta.Epoch, p.nextNo, p.nextSeq, p.chain
		r.Flags |= protocol.FlagCarried
		p.take(r)
	}
	p.reopen(img.SalvagedOpen)
	if running {
		held := uint64(o.openN) // events not acknowledged, evicted ones between them too
		if i := o.floorAt(); i < len(o.list) {
			held = o.nextSeq - o.list[i].first
		}
		if saved := p.nextSeq - 1; held+o.meta.Front > saved {
			p.meta.Lost += held + o.meta.Front - saved
		}
	}
	return o.replace(p)
}

// missing counts the events evicted from between batches that are held.
func (o *Outbox) missing() (lost uint64) {
	for i := o.floorAt() + 1; i < len(o.list); i++ {
		lost += o.list[i].first - o.list[i-1].last() - 1
	}
	return lost
}

// gaps counts the events missing between salvaged rows.
func gaps(img Image) (lost uint64) {
	next := uint64(0)
	see := func(first, n uint64) {
		if next != 0 && first > next {
			lost += first - next
		}
		next = max(next, first+n)
	}
	for i := range img.Salvaged {
		see(img.Salvaged[i].First, uint64(img.Salvaged[i].N))
	}
	for _, r := range img.SalvagedOpen {
		see(r.Seq, uint64(r.N))
	}
	return lost
}

// rebase makes p start at batch 1 and seq 1 of a new epoch.
func (p *plan) rebase() error {
	o := p.o
	before := p.meta.Epoch
	p.meta.Epoch = 0
	if err := o.random(&p.meta.Epoch, before); err != nil {
		return err
	}
	p.meta.Front, p.metaDirty = 0, true
	p.nextNo, p.nextSeq, p.chain = 1, 1, protocol.Chain{}
	return nil
}

// reopen renumbers open rows behind the batches.
func (p *plan) reopen(open []OpenRow) {
	p.c.ClearOpen = true
	for _, r := range open {
		r.Seq = p.nextSeq
		p.c.Open = append(p.c.Open, r)
		p.nextSeq += uint64(r.N)
	}
}

// replace commits a plan that renumbers everything, and takes it over.
func (o *Outbox) replace(p *plan) error {
	p.c.Meta = &p.meta
	if err := o.disk.Commit(p.c); err != nil {
		o.doubt = &doubt{epoch: 0}
		return fmt.Errorf("outbox: new epoch: %w", err)
	}
	o.meta, o.dirty = p.meta, false
	if p.c.Note != nil {
		o.note = p.c.Note
	}
	o.list, o.holes, o.open = nil, nil, nil
	o.bytes, o.openN, o.acked, o.reached = 0, 0, 0, 0
	for _, r := range p.c.Open {
		o.pushOpen(r)
	}
	for _, e := range p.sealed {
		o.push(e)
	}
	o.nextNo, o.nextSeq, o.chain = p.nextNo, p.nextSeq, p.chain
	select {
	case o.changed <- struct{}{}:
	default:
	}
	return nil
}

// salvage sets a damaged disk aside and carries over what is good.
func (o *Outbox) salvage() error {
	d, ok := o.disk.(Salvager)
	if !ok {
		return errors.New("outbox: this disk cannot salvage")
	}
	img, err := d.Salvage()
	if err != nil {
		return err
	}
	return o.carryOver(img)
}
