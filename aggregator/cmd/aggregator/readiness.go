package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"iptvdc/aggregator/console"
)

// readiness says what does not work: parts that do not answer, and parts that
// have failed lately though they answer. The zero readiness is ready. Safe for
// concurrent use.
type readiness struct {
	mu       sync.Mutex
	failures map[string]failure
}

// failure is a counter of failures and when it was last seen to rise.
type failure struct {
	count uint64
	rose  time.Time
}

const (
	// troubleFor is how long a part counts as failing after its last failure.
	troubleFor = 30 * time.Second
	// askFor is how long a part may take to answer.
	askFor = 5 * time.Second
)

// failing notes a part's counter of failures and reports whether it has risen
// within troubleFor.
func (r *readiness) failing(part string, count uint64, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failures == nil {
		r.failures = map[string]failure{}
	}
	f := r.failures[part]
	if count > f.count {
		f = failure{count, now}
		r.failures[part] = f
	}
	return f.count > 0 && now.Sub(f.rose) < troubleFor
}

// problems names what does not work, for /readyz.
func (p *Platform) problems(ctx context.Context) []console.Problem {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	var all []console.Problem
	add := func(part, format string, args ...any) {
		all = append(all, console.Problem{Part: part, Reason: fmt.Sprintf(format, args...)})
	}
	now := time.Now()
	if _, err := p.ledger.Backlog(ctx); err != nil {
		add("ledger", "does not answer: %v", err)
	} else if p.ready.failing("ledger", p.intake.Stats().CommitErrors.Load(), now) {
		add("ledger", "commits failed within the last %v; is the disk of %s full?", troubleFor, p.dir.path)
	}
	if _, _, err := p.store.AsOf(ctx); err != nil {
		add("store", "does not answer: %v", err)
	} else if p.ready.failing("store", p.loader.Stats().Retries+p.closing.Stats().Failures, now) {
		add("store", "loading or closing failed within the last %v; the log says why", troubleFor)
	}
	for i, c := range p.consumers {
		if !c.Ready() {
			add("broker", "no connection to %s", p.config.Brokers()[i])
		}
	}
	return all
}
