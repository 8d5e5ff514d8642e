//go:build mutant_intakefirst

package intake

import (
	"context"
	"time"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// commit releases who waits for a group and then stores it: a deliberate bug. It
// breaks S6, commit before ack, and so I4 and I2: a box deletes what the ledger
// did not take. See testbench/mutants.
func (in *Intake) commit(group []*pending, batches []ledger.Received) {
	for _, p := range group {
		b := &p.received.Batch
		p.answer = in.ack(&p.received, protocol.Ack{Code: protocol.AckOK, Through: b.No, Chain: b.Sealed.Chain()})
		p.done <- struct{}{}
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), in.config.CommitTimeout)
	verdicts, err := in.ledger.Commit(ctx, batches)
	cancel()
	took := time.Since(began)
	in.stats.Commits.Add(1)
	in.stats.CommitNanos.Add(uint64(took))
	if in.config.Committed != nil {
		in.config.Committed(len(group), took)
	}
	if err != nil {
		in.stats.CommitErrors.Add(1)
		return
	}
	for i := range verdicts {
		in.stats.count(&verdicts[i], &batches[i])
		if verdicts[i].Outcome == ledger.Quarantined {
			in.noteQuarantined(&batches[i])
		}
	}
}
