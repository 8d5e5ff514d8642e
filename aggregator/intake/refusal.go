package intake

import (
	"bytes"
	"strings"
	"sync"
	"time"
)

const (
	maxTopicKept = 100
	maxHeadKept  = 64
	// warnEvery is the shortest time between two lines in the log about
	// refusals; those between are counted in the next.
	warnEvery = 10 * time.Second
)

// Refusal is a packet that was not taken, for a person to look at.
type Refusal struct {
	Reason Reason
	Why    string
	Topic  string // its first 100 bytes
	AtMs   int64
	Size   int    // of the payload
	Head   []byte // its first 64 bytes
}

// refusals is a ring of the newest ones.
type refusals struct {
	mu       sync.Mutex
	ring     []Refusal
	next     int // where the next one goes
	refused  throttle
	failures throttle
}

func (r *refusals) init(size int) { r.ring = make([]Refusal, 0, size) }

// add keeps a refusal; say tells that it is time to log, hidden how many were
// not logged since.
func (r *refusals) add(reason Reason, topic string, payload []byte, atMs int64, why string) (hidden uint64, say bool) {
	kept := Refusal{
		Reason: reason, Why: why, Topic: strings.Clone(clip(topic, maxTopicKept)), AtMs: atMs,
		Size: len(payload), Head: bytes.Clone(payload[:min(len(payload), maxHeadKept)]),
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ring) < cap(r.ring) {
		r.ring = append(r.ring, kept)
	} else {
		r.ring[r.next] = kept
		r.next = (r.next + 1) % len(r.ring)
	}
	return r.refused.tick()
}

func (r *refusals) failed() (hidden uint64, say bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failures.tick()
}

// list returns them, the newest first.
func (r *refusals) list() []Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Refusal, 0, len(r.ring))
	for i := range r.ring {
		all = append(all, r.ring[(r.next+len(r.ring)-1-i)%len(r.ring)])
	}
	return all
}

// throttle lets one line in warnEvery through and counts the others.
type throttle struct {
	last   time.Time
	hidden uint64
}

func (t *throttle) tick() (hidden uint64, say bool) {
	if now := time.Now(); t.last.IsZero() || now.Sub(t.last) >= warnEvery {
		hidden, t.hidden, t.last = t.hidden, 0, now
		return hidden, true
	}
	t.hidden++
	return 0, false
}

func clip(s string, n int) string { return s[:min(len(s), n)] }
