package sim

import (
	"bytes"
	"slices"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// poison is a batch that a faulty program sealed: its codec is not the body's.
// The chain does not cover the codec, so the stream goes on behind it [S5].
type poison struct {
	codec protocol.Codec
	body  []byte
	ids   []uint32
	aside bool // the ledger keeps it raw, or will when the loader has tried
}

// unknownCodec is one that no version has; any other wrong one is seen only by
// who decodes the body.
const unknownCodec protocol.Codec = 9

// spoil makes poison of a batch that is being sealed.
func (w *World) spoil(s *protocol.Sealed) {
	p := &poison{codec: unknownCodec, body: bytes.Clone(s.Body), ids: w.idsOf(s)}
	if w.rnd.IntN(2) == 0 {
		p.codec = protocol.CodecPlain + protocol.CodecDeflate - s.Codec
	}
	w.poison[s.UID] = p
}

// setAside notes that the ledger has poison: its events are kept, and are no
// rows.
func (w *World) setAside(p *poison, outcome ledger.Outcome) {
	want := ledger.Stored
	if p.codec == unknownCodec {
		want = ledger.Quarantined
		w.Tally.Poisoned++
	} else {
		w.Tally.Unreadable++
	}
	if outcome != want {
		w.fail("S5", "a batch with codec %d: %s, must be %s", p.codec, outcome, want)
	}
	if p.aside {
		w.fail("I1", "a poisoned batch was kept twice")
	}
	p.aside = true
	for _, id := range p.ids {
		w.aside[id] = true
	}
}

// checkPoison holds what the ledger set aside against what was poisoned: all
// of it, nothing else, and byte for byte [S5].
func (w *World) checkPoison() {
	l, ok := w.centre.books[0].(ledger.Ledger)
	if !ok {
		return
	}
	kept, err := l.Quarantine(w.centre.ctx, len(w.poison)+1)
	if err != nil {
		w.fail("I6", "quarantine: %v", err)
		return
	}
	want := 0
	for _, p := range w.poison {
		if p.aside {
			want++
		}
	}
	if len(kept) != want {
		w.fail("S5", "%d batches are quarantined, %d were poisoned", len(kept), want)
	}
	for i := range kept {
		b := &kept[i].Batch
		p := w.poison[b.UID]
		if p == nil || !bytes.Equal(p.body, b.Body) || b.Codec != p.codec || kept[i].Why == "" {
			w.fail("S5", "batch %d of epoch %x is quarantined (%q), not as it was sealed", b.No, b.Epoch, kept[i].Why)
		}
	}
	gaps, err := l.Gaps(w.centre.ctx)
	if err != nil {
		w.fail("I6", "gaps: %v", err)
	}
	var received, aside uint64
	for i := range gaps {
		received, aside = received+gaps[i].Received, aside+gaps[i].Quarantine
	}
	arrived := uint64(0)
	for _, n := range w.arrived {
		arrived += uint64(n)
	}
	poisoned := uint64(len(slices.DeleteFunc(slices.Clone(w.aside), func(yes bool) bool { return !yes })))
	if received != arrived || aside != poisoned {
		w.fail("S9", "the gap account has %d events received and %d quarantined, %d arrived and %d were poisoned", received, aside, arrived, poisoned)
	}
}
