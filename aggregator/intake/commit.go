//go:build !mutant_intakefirst

package intake

import (
	"context"
	"time"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// commit stores a group and then releases who waits for it [S6].
func (in *Intake) commit(group []*pending, batches []ledger.Received) {
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
		in.fail(group, err)
		return
	}
	for i, p := range group {
		v := &verdicts[i]
		in.stats.count(v, &p.received)
		if v.Outcome == ledger.Quarantined {
			in.noteQuarantined(&p.received)
		}
		p.answer = in.ack(&p.received, protocol.Ack{Code: v.Code(), Through: v.Mark.Through, Chain: v.Mark.Chain})
		p.done <- struct{}{}
	}
}
