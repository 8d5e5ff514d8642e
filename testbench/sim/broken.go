package sim

import (
	"context"
	"encoding/binary"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// judge is ledger.Judge, bent where a rule is switched off.
func (w *World) judge(m ledger.Mark, b *protocol.Batch, quarantine bool, uidKnown func() (bool, error)) (ledger.Mark, ledger.Outcome, error) {
	r := &w.rules
	bent := *b
	if r.NoFloor {
		bent.Floor = 1
	}
	if r.NoChain || r.HighestMark {
		bent.Prev = m.Chain
	}
	if r.HighestMark && b.No > m.Through+1 {
		bent.Floor = b.No
	}
	if r.CarriedUIDOnly && b.Flags&protocol.FlagCarried == 0 {
		uidKnown = func() (bool, error) { return false, nil }
	}
	// The chain of the box's own bytes is what an ack names.
	next, outcome, err := ledger.JudgeChained(m, &bent, b.Sealed.Chain, quarantine, uidKnown)
	if err == nil && outcome == ledger.Stored && w.noCommit {
		return m, outcome, errNoCommit
	}
	return next, outcome, err
}

type streamKey struct {
	box   string
	epoch uint64
}

// kept is a ledger's batches without marks or uids.
type kept struct {
	batches []ledger.Kept
	loaded  int
	bound   int
}

// cached is an aggregator that trusts the marks in its memory: no
// compare-and-swap, no unique key.
type cached struct {
	shared *kept
	marks  map[streamKey]ledger.Mark
}

// Commit implements book.
func (c *cached) Commit(_ context.Context, batches []ledger.Received) ([]ledger.Verdict, error) {
	var verdicts []ledger.Verdict
	for i := range batches {
		r := &batches[i]
		key := streamKey{r.Route.Box, r.Batch.Epoch}
		next, outcome, err := ledger.Judge(c.marks[key], &r.Batch, false, func() (bool, error) { return false, nil })
		if err != nil {
			return nil, err
		}
		c.marks[key] = next
		if outcome == ledger.Stored {
			c.shared.batches = append(c.shared.batches, ledger.Kept{ID: uint64(len(c.shared.batches) + 1), Route: r.Route, Batch: r.Batch})
		}
		verdicts = append(verdicts, ledger.Verdict{Outcome: outcome, Mark: next})
	}
	return verdicts, nil
}

// Mark implements book.
func (c *cached) Mark(_ context.Context, box string, epoch uint64) (ledger.Mark, error) {
	return c.marks[streamKey{box, epoch}], nil
}

// Bind implements book.
func (c *cached) Bind(context.Context, int) (ledger.Block, error) {
	s := c.shared
	if s.bound == s.loaded {
		s.bound = len(s.batches)
	}
	if s.bound == s.loaded {
		return ledger.Block{}, ledger.ErrNoWork
	}
	var id ledger.BlockID
	binary.BigEndian.PutUint64(id[:], uint64(s.loaded))
	return ledger.Block{ID: id, Batches: s.batches[s.loaded:s.bound]}, nil
}

// Loaded implements book.
func (c *cached) Loaded(context.Context, ledger.BlockID, map[uint64]string) error {
	c.shared.loaded = c.shared.bound
	return nil
}
