package intake

import (
	"time"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// pending is a packet on its way through a group commit.
type pending struct {
	received ledger.Received
	answer   answer
	err      error
	done     chan struct{} // holds one when answer and err stand
}

// commitLoop is the one committer: it alone calls the ledger.
func (in *Intake) commitLoop() {
	defer close(in.stopped)
	var group []*pending
	var batches []ledger.Received
	var began, ended time.Time // the last commit
	timer := time.NewTimer(0)
	defer timer.Stop()
	for p := range in.queue {
		group = in.gather(append(group[:0], p), timer, in.linger(began, ended))
		began = time.Now()
		batches = batches[:0]
		for _, p := range group {
			batches = append(batches, p.received)
		}
		in.commit(group, batches)
		ended = time.Now()
		clear(batches) // hold no payload
	}
}

// linger is how long a packet waits for company: not at all after a pause,
// else so that commits begin MaxWait apart. After a commit longer than that it
// is a moment still: those who waited for it are about to send their next.
func (in *Intake) linger(began, ended time.Time) time.Duration {
	if time.Since(ended) > in.config.MaxWait {
		return 0
	}
	return max(in.config.MaxWait/5, in.config.MaxWait-time.Since(began))
}

// gather fills the group with what is queued and what comes within wait.
func (in *Intake) gather(group []*pending, timer *time.Timer, wait time.Duration) []*pending {
	timer.Reset(max(0, wait))
	for len(group) < in.config.MaxGroup {
		select {
		case p, ok := <-in.queue:
			if !ok {
				return group
			}
			group = append(group, p)
			continue
		default:
		}
		if wait <= 0 {
			return group
		}
		select {
		case p, ok := <-in.queue:
			if !ok {
				return group
			}
			group = append(group, p)
		case <-timer.C:
			return group
		}
	}
	return group
}

// fail tells everybody in the group to come again: nothing was stored.
func (in *Intake) fail(group []*pending, err error) {
	in.stats.CommitErrors.Add(1)
	if hidden, say := in.refused.failed(); say {
		in.config.Logger.Error("the ledger did not take a group", "packets", len(group), "error", err, "hidden", hidden)
	}
	for _, p := range group {
		in.stats.Refused[Busy].Add(1)
		p.answer, p.err = in.busy(&p.received), err
		p.done <- struct{}{}
	}
}

func (in *Intake) noteQuarantined(r *ledger.Received) {
	in.stats.Refused[Quarantined].Add(1)
	topic := protocol.UpTopic(r.Route.Province, r.Route.Box)
	hidden, say := in.refused.add(Quarantined, topic, r.Batch.Body, r.AtMs, r.Quarantine)
	if say {
		in.config.Logger.Warn("batch quarantined", "topic", topic, "why", r.Quarantine, "hidden", hidden)
	}
}
