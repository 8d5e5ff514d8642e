package fleet

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"iptvdc/agent/outbox"
	"iptvdc/protocol"
)

// AckLatency is how long light boxes waited for the centre's word, each
// moment's events measured from the time at which they were due by the
// schedule: what a stalled test bench or centre holds up counts too. In a flood
// nothing is due at a time; then it is from recording on.
type AckLatency struct {
	Moments       int64 // measured
	P50, P99, Max time.Duration
}

// latencies collects for all boxes of a run. Safe for concurrent use.
type latencies struct {
	mu   sync.Mutex
	hist *hdrhistogram.Histogram // microseconds
}

// longestLatency is what a longer one counts as.
const longestLatency = 24 * time.Hour

func newLatencies() *latencies {
	return &latencies{hist: hdrhistogram.New(1, longestLatency.Microseconds(), 2)}
}

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// Within its bounds the histogram takes every value.
	_ = l.hist.RecordValue(min(max(d, time.Microsecond), longestLatency).Microseconds())
}

func (l *latencies) read() AckLatency {
	l.mu.Lock()
	defer l.mu.Unlock()
	micro := func(v int64) time.Duration { return time.Duration(v) * time.Microsecond }
	return AckLatency{l.hist.TotalCount(), micro(l.hist.ValueAtQuantile(50)), micro(l.hist.ValueAtQuantile(99)), micro(l.hist.Max())}
}

// waitingOutbox is an outbox that knows since when each moment waits.
type waitingOutbox struct {
	*outbox.Outbox
	all *latencies

	mu      sync.Mutex
	queue   []waitingMoment // oldest first
	events  int             // in queue
	evicted uint64          // of those recorded, told so far
}

type waitingMoment struct {
	due    time.Time
	events int
}

// recorded notes a moment that was due at a time.
func (w *waitingOutbox) recorded(due time.Time, events int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, waitingMoment{due, events})
	w.events += events
}

// Ack measures what it confirms: what is not in the outbox any more and was not
// thrown away.
func (w *waitingOutbox) Ack(a protocol.Ack) (outbox.Verdict, error) {
	v, err := w.Outbox.Ack(a)
	if v.Action != outbox.Deleted {
		return v, err
	}
	s := w.Stats()
	w.mu.Lock()
	defer w.mu.Unlock()
	gone := int(s.Evicted - w.evicted)
	w.evicted = s.Evicted
	n := 0
	for n < len(w.queue) && w.events-w.queue[n].events >= s.Events+s.Open {
		m := &w.queue[n]
		w.events -= m.events
		if gone -= m.events; gone < 0 {
			w.all.add(time.Since(m.due))
		}
		n++
	}
	w.queue = append(w.queue[:0], w.queue[n:]...)
	return v, err
}
