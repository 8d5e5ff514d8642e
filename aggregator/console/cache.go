package console

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"iptvdc/aggregator"
)

const (
	// answerLife is how long an answer is given again although nothing was
	// closed: it also tells of losses, which come without a closing.
	answerLife = 15 * time.Second
	// formerLife is how long the answer of before is kept for who would rather have
	// it at once than a new one later.
	formerLife = 10 * time.Minute
	// maxAnswers bounds the cache; above it everything is forgotten.
	maxAnswers = 1024
	// maxFormerBytes bounds what is kept of answers of before, likewise.
	maxFormerBytes = 32 << 20
	// queriesAtOnce bounds how many questions the store works on, so that
	// readers leave room for loading.
	queriesAtOnce = 4
	// queryLimit is how long one question may take.
	queryLimit = 30 * time.Second
)

// answerKey names an answer: what it may be made of, and the question. Both are
// canonical JSON, so equal questions meet.
type answerKey struct{ bound, request string }

func keyOf(b bound, request any) (answerKey, error) {
	b.Scope = b.Scope.Or(aggregator.Scope{}) // each province once, in order
	s, err := json.Marshal(b)
	if err != nil {
		return answerKey{}, err
	}
	q, err := json.Marshal(request)
	return answerKey{string(s), string(q)}, err
}

// parts reads the question into request and returns what the answer may be made of.
func (k answerKey) parts(request any) (b bound, err error) {
	if err := json.Unmarshal([]byte(k.bound), &b); err != nil {
		return b, err
	}
	return b, json.Unmarshal([]byte(k.request), request)
}

// answers keeps the answers of the present generation of figures, and for a while the
// latest of those before. Many readers of one board cost one query: who asks while an
// answer is being computed waits for it. Safe for concurrent use.
type answers struct {
	compute func(context.Context, answerKey) ([]byte, error)
	slots   chan struct{} // filled by running queries
	life    time.Duration
	// count, if there is one, is told of each reader's answer whether it was computed for them.
	count func(computed bool)

	mu         sync.Mutex
	generation uint64
	erased     uint64 // the generation since which nothing of before holds
	held       map[answerKey]*answer
	// former are whole answers of before; nil: none are kept.
	former      map[answerKey]*answer
	formerBytes int
}

// answer is one that is computed or being computed; bytes and err are set
// before done is closed.
type answer struct {
	done    chan struct{}
	at      time.Time // it was asked
	waiting int       // readers, under answers.mu
	cancel  context.CancelFunc
	bytes   []byte
	err     error
}

func newAnswers(compute func(context.Context, answerKey) ([]byte, error), atOnce int) *answers {
	return &answers{compute: compute, slots: make(chan struct{}, atOnce), life: answerLife, held: map[answerKey]*answer{}}
}

// forget starts a new generation: figures have moved on.
func (a *answers) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.generation++
	for key, old := range a.held {
		a.retire(key, old)
	}
	clear(a.held)
}

// erase forgets everything: what was answered before must not be seen any more.
func (a *answers) erase() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.generation++
	a.erased = a.generation
	clear(a.held)
	clear(a.former)
	a.formerBytes = 0
}

// retire keeps a whole answer as the one of before. The caller holds a.mu.
func (a *answers) retire(key answerKey, old *answer) {
	select {
	case <-old.done:
	default:
		return
	}
	was := a.former[key]
	if a.former == nil || old.err != nil || was != nil && was.at.After(old.at) {
		return
	}
	a.discard(key)
	if a.formerBytes+len(old.bytes) > maxFormerBytes {
		clear(a.former)
		a.formerBytes = 0
	}
	a.former[key] = old
	a.formerBytes += len(old.bytes)
}

// discard forgets the answer of before. The caller holds a.mu.
func (a *answers) discard(key answerKey) {
	if old, ok := a.former[key]; ok {
		a.formerBytes -= len(old.bytes)
		delete(a.former, key)
	}
}

// before returns the latest answer that is no longer the present one, if it was asked
// at most so long ago, and how long ago that was. The caller must not change it.
func (a *answers) before(key answerKey, most time.Duration) (bytes []byte, age time.Duration, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now, ok := a.held[key]; ok && time.Since(now.at) <= a.life {
		select {
		case <-now.done:
			return nil, 0, false // it costs nothing
		default: // it may take long yet
		}
	}
	old, ok := a.former[key]
	if !ok {
		return nil, 0, false
	}
	age = time.Since(old.at)
	if age > formerLife {
		a.discard(key)
	}
	if age > min(most, formerLife) {
		return nil, 0, false
	}
	if a.count != nil {
		a.count(false)
	}
	return old.bytes, age, true
}

// get returns the answer; the caller must not change it.
func (a *answers) get(ctx context.Context, key answerKey) ([]byte, error) {
	a.mu.Lock()
	found, ok := a.held[key]
	computed := !ok || time.Since(found.at) > a.life
	if a.count != nil {
		a.count(computed)
	}
	if computed {
		if len(a.held) >= maxAnswers {
			clear(a.held)
		}
		if ok {
			a.retire(key, found)
		}
		found = &answer{done: make(chan struct{}), at: time.Now()}
		a.held[key] = found
		// The first reader may go away while others wait for the answer.
		compute, cancel := context.WithTimeout(context.WithoutCancel(ctx), queryLimit)
		found.cancel = cancel
		go a.fill(compute, key, found, a.generation)
	}
	found.waiting++
	a.mu.Unlock()
	defer a.leave(key, found)
	select {
	case <-found.done:
		return found.bytes, found.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// leave ends what nobody waits for any more.
func (a *answers) leave(key answerKey, from *answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	from.waiting--
	select {
	case <-from.done:
	default:
		if from.waiting == 0 {
			from.cancel()
			if a.held[key] == from { // who asks now asks anew
				delete(a.held, key)
			}
		}
	}
}

// fill computes one answer. Errors are told to those who wait and not kept.
func (a *answers) fill(ctx context.Context, key answerKey, into *answer, generation uint64) {
	defer into.cancel()
	into.bytes, into.err = a.computeInSlot(ctx, key)
	if into.err != nil {
		// Before anybody is told: who asks again then must not meet it.
		a.drop(key, into, generation)
	}
	close(into.done)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held[key] != into && generation >= a.erased { // figures have moved meanwhile
		a.retire(key, into)
	}
}

// drop forgets an answer, if it is still the one that is held.
func (a *answers) drop(key answerKey, failed *answer, generation uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.generation == generation && a.held[key] == failed {
		delete(a.held, key)
	}
}

// computeInSlot waits for its turn. A panic becomes an error: it must not take
// the program along because no request's own net is around it.
func (a *answers) computeInSlot(ctx context.Context, key answerKey) (b []byte, err error) {
	select {
	case a.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() {
		<-a.slots
		if fault := recover(); fault != nil {
			err = fmt.Errorf("console: a question panicked: %v", fault)
		}
	}()
	return a.compute(ctx, key)
}

// A memo holds its value for memoLife, or memoFactor times what getting it
// took, whichever is longer.
const (
	memoLife   = time.Second
	memoFactor = 20
)

// memo keeps a value that many ask for and that costs something. The zero memo
// needs load. Safe for concurrent use.
type memo[T any] struct {
	load func(context.Context) (T, error)

	mu    sync.Mutex
	until time.Time
	value T
}

// get returns the value, a moment old at most. The caller must not change it.
func (m *memo[T]) get(ctx context.Context) (T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	began := time.Now()
	if began.Before(m.until) {
		return m.value, nil
	}
	value, err := m.load(ctx)
	if err != nil {
		return value, err
	}
	now := time.Now()
	m.value, m.until = value, now.Add(max(memoLife, memoFactor*now.Sub(began)))
	return value, nil
}
