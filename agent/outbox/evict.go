package outbox

import "iptvdc/protocol"

// evict frees space if p would exceed the limit [D5]: whole batches, the
// lowest class first, in it the oldest. Acknowledged rows go for free; what p
// itself seals stays.
//
// Batches at the front go by raising the floor. A batch between others leaves
// a gap in the numbers: Next stops there until everything before it is
// acknowledged, then the floor jumps over it [S2], so the centre counts
// first - seq - 1 lost events either way. If such a batch might be on its way,
// an ack may still name it, and a Hole remembers its chain.
func (p *plan) evict() {
	o := p.o
	total := o.bytes
	for _, e := range p.sealed {
		total += int64(e.cost)
	}
	for _, r := range p.c.Open {
		total += int64(rowCost(len(r.Data)))
	}
	if p.c.ClearOpen {
		for i := range o.open {
			total -= int64(rowCost(len(o.open[i].Data)))
		}
	}
	for i := range o.list {
		if o.list[i].no > p.c.DeleteThrough {
			break
		}
		total -= int64(o.list[i].cost)
	}
	if total <= o.o.MaxBytes {
		return
	}
	// Some room below the limit, so that not every commit evicts.
	target := o.o.MaxBytes - o.o.MaxBytes/32
	end := len(o.list)
	if len(p.sealed) == 0 {
		end-- // never the newest
	}
	floor := o.floorAt()
	if floor >= end {
		return
	}
	p.gone = make([]bool, len(o.list))
	for class := range Class(classes) {
		for i := floor; i < end && total > target; i++ {
			if e := &o.list[i]; e.class == class && !p.gone[i] {
				p.gone[i] = true
				p.evicted += uint64(e.n)
				if e.no < o.reached {
					p.maybe += uint64(e.n)
				}
				total -= int64(e.cost)
			}
		}
	}
	p.forget(floor)
}

// forget turns the marks in p.gone into deletions. floor is the index of the
// oldest unacknowledged batch.
func (p *plan) forget(floor int) {
	o := p.o
	at := floor // the new floor
	for at < len(o.list) && p.gone[at] {
		at++
	}
	if at > floor {
		no, first := p.firstHeld(at)
		p.meta.Front += first - o.list[floor].first
		p.metaDirty = true
		p.c.DeleteThrough = no - 1
	}
	for i := at; i < len(o.list); i++ {
		if !p.gone[i] {
			continue
		}
		e := &o.list[i]
		p.c.Delete = append(p.c.Delete, e.no)
		if e.no < o.reached {
			if chain, err := o.chainOf(i); err == nil {
				p.c.Holes = append(p.c.Holes, Hole{No: e.no, Last: e.last(), Chain: chain})
			}
		}
	}
}

// firstHeld is number and first seq of entry i, or of what p seals.
func (p *plan) firstHeld(i int) (no, first uint64) {
	if i < len(p.o.list) {
		return p.o.list[i].no, p.o.list[i].first
	}
	return p.sealed[0].no, p.sealed[0].first
}

// chainOf returns the chain at entry i: its successor knows it, else its body.
func (o *Outbox) chainOf(i int) (protocol.Chain, error) {
	switch {
	case i == len(o.list)-1:
		return o.chain, nil
	case o.list[i+1].no == o.list[i].no+1:
		return o.list[i+1].prev, nil
	}
	s, err := o.disk.Batch(o.list[i].no)
	if err != nil {
		return protocol.Chain{}, err
	}
	return s.Chain(), nil
}
