//go:build mutant_outboxfirst

package outbox

import "fmt"

// follow lets memory lead the commit: a deliberate bug. Events are safe all the
// same, because a failed commit makes the outbox read its disk again; but what
// is not read from there stays wrong. It breaks I3, exactly counted: evictions
// that never happened are reported. See testbench/mutants.
func (o *Outbox) follow(p *plan) error {
	o.apply(p)
	if err := o.disk.Commit(p.c); err != nil {
		o.doubt = &doubt{p.meta.Epoch, p.nextSeq, p.nextNo, p.events, p.evicted, p.maybe}
		return fmt.Errorf("outbox: commit: %w", err)
	}
	return nil
}
