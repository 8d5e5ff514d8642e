package outbox

import (
	"fmt"
	"io"
	"slices"

	"iptvdc/protocol"
)

// plan is a change that is being worked out; memory takes it over only after
// the disk has.
type plan struct {
	o         *Outbox
	c         Change
	meta      Meta
	metaDirty bool
	events    int // of the Append in it
	evicted   uint64
	maybe     uint64 // of these, in batches that may have been sent
	gone      []bool // entries of o.list that are evicted; nil: none

	sealed  []entry
	nextNo  uint64
	nextSeq uint64
	chain   protocol.Chain
}

func (o *Outbox) plan() *plan {
	return &plan{o: o, meta: o.meta, metaDirty: o.dirty, nextNo: o.nextNo, nextSeq: o.nextSeq, chain: o.chain}
}

// group adds events as open rows.
func (p *plan) group(x *coder, events []protocol.Event) error {
	for chunk := range slices.Chunk(events, protocol.MaxBatchEvents) {
		data, err := x.enc.Plain(chunk)
		if err != nil {
			return err
		}
		p.c.Open = append(p.c.Open, OpenRow{Seq: p.nextSeq, N: uint32(len(chunk)), Data: append([]byte(nil), data...)})
		p.nextSeq += uint64(len(chunk))
	}
	return nil
}

// seal makes batches of all that is open and of events.
func (p *plan) seal(x *coder, events []protocol.Event) error {
	all := events
	if p.o.openN > 0 {
		all = make([]protocol.Event, 0, p.o.openN+len(events))
		for i := range p.o.open {
			got, err := x.unpack(&p.o.open[i])
			if err != nil {
				return fmt.Errorf("outbox: open row at seq %d: %w", p.o.open[i].Seq, err)
			}
			all = append(all, got...)
		}
		all = append(all, events...)
		p.c.ClearOpen = true
		p.nextSeq = p.o.open[0].Seq
	}
	for _, r := range runs(all) {
		var fail error
		err := x.pack(all[:r.n], func(n int, codec protocol.Codec, body []byte) {
			if fail == nil {
				fail = p.add(n, codec, body, r.class)
			}
		})
		if err != nil || fail != nil {
			return fmt.Errorf("outbox: seal: %w", firstError(err, fail))
		}
		all = all[r.n:]
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// add seals one batch: from here on its fields are fixed [D2].
func (p *plan) add(n int, codec protocol.Codec, body []byte, class Class) error {
	r := Row{Class: class, Sealed: protocol.Sealed{
		Epoch: p.meta.Epoch, No: p.nextNo, First: p.nextSeq, N: uint32(n),
		Prev: p.chain, Codec: codec, Body: body,
	}}
	if _, err := io.ReadFull(p.o.o.Rand, r.UID[:]); err != nil {
		return fmt.Errorf("random uid: %w", err)
	}
	p.take(r)
	return nil
}

func (p *plan) take(r Row) {
	p.c.Seal = append(p.c.Seal, r)
	p.sealed = append(p.sealed, entry{r.No, r.First, r.N, rowCost(len(r.Body)), r.Prev, r.Class})
	p.nextNo, p.nextSeq, p.chain = r.No+1, r.First+uint64(r.N), r.Chain()
}

// commit completes p with the deletions that ride along and the evictions that
// space demands, hands it to the disk and then takes it over.
func (o *Outbox) commit(p *plan) error {
	// The newest row stays, also when it is acknowledged: next number, next seq
	// and the base of the chain are read from it at start.
	through := o.acked
	if n := len(o.list); len(p.sealed) == 0 && n > 0 {
		through = min(through, o.list[n-1].no-1)
	}
	if len(o.list) > 0 && o.list[0].no <= through || slices.ContainsFunc(o.holes, func(h Hole) bool { return h.No <= through }) {
		p.c.DeleteThrough = through
	}
	p.evict()
	if p.metaDirty {
		p.c.Meta = &p.meta
	}
	return o.follow(p)
}

// apply makes memory what the disk is now.
func (o *Outbox) apply(p *plan) {
	o.meta, o.dirty = p.meta, false
	if p.c.Note != nil {
		o.note = p.c.Note
	}
	o.stats.Evicted += p.evicted
	o.stats.EvictedSent += p.maybe
	kept := o.list[:0]
	for i, e := range o.list {
		if e.no <= p.c.DeleteThrough || p.gone != nil && p.gone[i] {
			o.bytes -= int64(e.cost)
			continue
		}
		kept = append(kept, e)
	}
	o.list = kept
	o.holes = slices.DeleteFunc(o.holes, func(h Hole) bool { return h.No <= p.c.DeleteThrough })
	o.holes = append(o.holes, p.c.Holes...)
	if p.c.ClearOpen {
		for i := range o.open {
			o.bytes -= int64(rowCost(len(o.open[i].Data)))
		}
		o.open, o.openN, o.ride = nil, 0, false
	}
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
}

// settle finds out what a failed commit left, by reading.
func (o *Outbox) settle() error {
	if o.doubt == nil {
		return nil
	}
	img, err := o.disk.Load()
	if err != nil {
		return err
	}
	d, epoch := o.doubt, o.meta.Epoch
	if img.Damaged || len(img.Salvaged)+len(img.SalvagedOpen) > 0 {
		// Whether the group in doubt is among what was salvaged cannot be told
		// from numbers of another epoch; ask the old ones.
		if salvagedSeq(img) == d.seq {
			o.skip += d.events
		}
		if err := o.carryOver(img); err != nil {
			return err
		}
		o.doubt = nil
		return nil
	}
	hardware := o.meta.Hardware
	o.restore(img)
	if o.meta.Epoch != epoch {
		o.acked = 0
	}
	if o.meta.Hardware != hardware {
		o.meta.Hardware, o.dirty = hardware, true
	}
	if o.meta.Epoch == d.epoch && o.nextSeq == d.seq && o.nextNo == d.no {
		o.skip += d.events
		o.stats.Evicted += d.evicted
		o.stats.EvictedSent += d.maybe
	}
	o.doubt = nil
	return nil
}

// salvagedSeq is the seq that would have followed in the salvaged epoch.
func salvagedSeq(img Image) uint64 {
	next := uint64(1)
	for i := range img.Salvaged {
		next = max(next, img.Salvaged[i].Last()+1)
	}
	for _, r := range img.SalvagedOpen {
		next = max(next, r.Seq+uint64(r.N))
	}
	return next
}
