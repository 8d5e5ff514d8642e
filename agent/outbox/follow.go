//go:build !mutant_outboxfirst

package outbox

import "fmt"

// follow hands a plan to the disk; memory follows the commit, never leads it.
func (o *Outbox) follow(p *plan) error {
	if err := o.disk.Commit(p.c); err != nil {
		o.doubt = &doubt{p.meta.Epoch, p.nextSeq, p.nextNo, p.events, p.evicted, p.maybe}
		return fmt.Errorf("outbox: commit: %w", err)
	}
	o.apply(p)
	return nil
}
