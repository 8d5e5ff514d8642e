package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"iptvdc/protocol"
)

// Keeper is where a Recorder puts events; *outbox.Outbox is one.
type Keeper interface {
	// Append records events as one durable commit group. After an error nobody
	// knows whether the group is kept; the next call must begin with the same
	// events and keeps them once.
	Append(events ...protocol.Event) error
}

// Session knows the box: it numbers its boot and stamps what is recorded. Its
// methods are called by one goroutine.
type Session interface {
	// Begin is called once, when the keeper has opened, before anything else is
	// recorded; it records the boot.
	Begin(Keeper) error
	// Preface returns what must be recorded before the next event: the
	// identity at the start of an epoch, losses to be reported.
	Preface(Keeper) []protocol.Event
	// Stamp sets boot and identity serial of an event.
	Stamp(*protocol.Event)
}

// RecorderConfig holds what a Recorder needs. Window and MaxPending have
// defaults.
type RecorderConfig struct {
	// Open opens the keeper; it is called again, with back-off, until it
	// succeeds. Events wait in memory meanwhile.
	Open    func() (Keeper, error)
	Session Session
	Clock   Clock
	// Filter, if set, is asked about each event before it is taken in.
	Filter Filter
	// Window is how long an event may wait for others before its commit, 0:
	// 250 ms, at most a minute. Orders, power events and identities never wait.
	Window time.Duration
	// MaxPending bounds the events in memory, 0: 2,000.
	MaxPending int
	// RetryMin and RetryMax bound the back-off after a failed commit; 0: 1 s
	// and 60 s.
	RetryMin, RetryMax time.Duration
	Log                *slog.Logger // nil: silent
}

const (
	maxWindow     = time.Minute
	defaultWindow = 250 * time.Millisecond
	maxGroup      = 1024
)

// Validate explains what is wrong with c.
func (c *RecorderConfig) Validate() error {
	switch {
	case c.Open == nil || c.Session == nil || c.Clock == nil:
		return errors.New("agent: Open, Session and Clock must be set")
	case c.Window < 0 || c.Window > maxWindow:
		return fmt.Errorf("window: %v, allowed up to %v (0: %v)", c.Window, maxWindow, defaultWindow)
	case c.MaxPending < 0:
		return fmt.Errorf("pending: %d, must not be negative", c.MaxPending)
	}
	return nil
}

var (
	// ErrFull says that memory is full and the flash takes nothing: the events
	// were not accepted.
	ErrFull = errors.New("neither flash nor memory takes more events now")
	// ErrNotStored says that events were accepted and are not durable yet.
	ErrNotStored = errors.New("accepted, but not on flash yet")
	// ErrCut, as the cause with which the context of a Run ends, ends it as a
	// power cut would: what is in memory is lost.
	ErrCut = errors.New("power cut")
)

// Recorder takes events in and keeps them in commit groups: what comes within
// one window shares a commit. If the keeper fails, events wait in memory, the
// oldest of the least important are dropped when that is full, and the drops
// are counted and reported once recording works again [D10]. Safe for
// concurrent use.
type Recorder struct {
	cfg  RecorderConfig
	wake chan struct{}
	asks chan chan struct{} // of Turn
	done chan struct{}      // closed when Run has ended

	mu      sync.Mutex
	pending []item
	waiters []waiter
	carry   []byte // note of an event that was dropped: goes with the next group
	taken   uint64 // items durably kept or dropped, ever
	flying  int    // items of the group that is being committed
	bare    int    // of these, without an event
	urgent  bool
	failing bool
	closed  bool
	dropped map[drop]uint64
	stats   RecorderStats
}

// item is an event in memory. Once someone waits for it, it is not dropped.
type item struct {
	protocol.Event
	awaited bool
	last    bool   // of its call: a group never ends inside a call
	note    []byte // committed with the event; nil: none
	bare    bool   // there is no event, only a note
}

// waiter is told when everything up to an event is durable.
type waiter struct {
	upTo uint64 // value of taken after which it is satisfied
	done chan struct{}
}

type drop struct {
	kind   protocol.Kind
	reason protocol.Reason
}

// RecorderStats tells how a recorder stands; counters run since the start.
type RecorderStats struct {
	Pending  int    // in memory
	Accepted uint64 // events taken in
	Stored   uint64 // of these, events durably kept
	Dropped  uint64 // dropped, refused by rate or memory
	Failures uint64 // commits or openings that failed
	Failing  bool   // the last one did
	Window   time.Duration
}

// NewRecorder checks cfg; Run does the work.
func NewRecorder(cfg RecorderConfig) (*Recorder, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Window == 0 {
		cfg.Window = defaultWindow
	}
	if cfg.MaxPending == 0 {
		cfg.MaxPending = 2000
	}
	if cfg.RetryMin == 0 {
		cfg.RetryMin = time.Second
	}
	if cfg.RetryMax == 0 {
		cfg.RetryMax = time.Minute
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Recorder{cfg: cfg, wake: make(chan struct{}, 1), asks: make(chan chan struct{}), done: make(chan struct{}), dropped: make(map[drop]uint64)}, nil
}

// AtOnce reports whether events of a kind are committed without waiting for
// others, and answered only when they are durable.
func AtOnce(k protocol.Kind) bool {
	switch k {
	case protocol.Order, protocol.PowerOn, protocol.PowerOff, protocol.Identity:
		return true
	}
	return false
}

// Record takes events in, all or none: nil means accepted, on flash at most
// one window later. If stored is set, or one of the events is of a kind that
// is committed at once, it returns only when all are durable, or with
// ErrNotStored when ctx ends first. Events must have passed Check; boot and
// serial are stamped later. What the Filter does not admit is counted, and
// answered as if it had been recorded.
func (r *Recorder) Record(ctx context.Context, stored bool, events ...protocol.Event) error {
	t, err := r.Enqueue(stored, nil, events...)
	if err != nil {
		return err
	}
	return t.Wait(ctx)
}

// fitLocked makes room for n events by dropping the oldest that nobody waits
// for; false: there is no room, or the recorder is closed.
func (r *Recorder) fitLocked(n int) bool {
	if r.closed {
		return false
	}
	over := len(r.pending) + n - r.cfg.MaxPending
	if over <= 0 {
		return true
	}
	droppable := 0
	for i := range r.pending {
		if !r.pending[i].awaited {
			droppable++
		}
	}
	if droppable < over {
		return false
	}
	kept := r.pending[:0]
	for _, e := range r.pending { // in place: what is kept moves forward
		if over > 0 && !e.awaited {
			r.dropLocked(e.Kind, protocol.ReasonMemory, 1)
			if n := len(kept); n > 0 {
				kept[n-1].pass(&e)
			} else if e.note != nil {
				r.carry = e.note
			}
			r.taken++
			over--
			continue
		}
		kept = append(kept, e)
	}
	r.pending = kept
	return true
}

func (r *Recorder) dropLocked(k protocol.Kind, why protocol.Reason, n uint64) {
	r.dropped[drop{k, why}] += n
	r.stats.Dropped += n
}

// Drop counts events that were refused before they got here; they are reported
// by dropped events.
func (r *Recorder) Drop(k protocol.Kind, why protocol.Reason, n uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropLocked(k, why, n)
}

// Stats returns how the recorder stands.
func (r *Recorder) Stats() RecorderStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Pending, s.Failing, s.Window = len(r.pending), r.failing, r.cfg.Window
	return s
}

// Run opens the keeper and commits groups until ctx is done; then it commits
// what is left and returns an error if that did not work. With ErrCut as the
// cause nothing more is committed.
func (r *Recorder) Run(ctx context.Context) error {
	defer close(r.done)
	w := writer{r: r, wait: r.cfg.RetryMin}
	for {
		err := w.flush()
		if err != nil {
			r.cfg.Log.Error("not recording; events wait in memory", "error", err, "pending", r.Stats().Pending, "retry", w.wait)
		}
		if !r.rest(ctx, &w, err) {
			break
		}
	}
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	if errors.Is(context.Cause(ctx), ErrCut) {
		return nil
	}
	w.last = true
	return w.flush()
}

// rest waits until there is something to commit and its window is over, or,
// after an error, for the back-off. False: ctx is done.
func (r *Recorder) rest(ctx context.Context, w *writer, failed error) bool {
	if failed != nil {
		wait := w.wait/2 + rand.N(w.wait/2+1)
		w.wait = min(2*w.wait, r.cfg.RetryMax)
		return r.sleep(ctx, wait)
	}
	select { // also while events never cease
	case asked := <-r.asks:
		close(asked)
	default:
	}
	w.wait = r.cfg.RetryMin
	var window <-chan time.Time
	for {
		r.mu.Lock()
		n, urgent, wait := len(r.pending), r.urgent, r.cfg.Window
		r.mu.Unlock()
		if urgent || n >= maxGroup {
			return ctx.Err() == nil
		}
		if n > 0 && window == nil {
			window = time.After(wait)
		}
		select {
		case <-ctx.Done():
			return false
		case <-window:
			return true
		case asked := <-r.asks:
			close(asked)
		case <-r.wake:
		}
	}
}

// sleep answers Turn meanwhile.
func (r *Recorder) sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case asked := <-r.asks:
			close(asked)
		case <-t.C:
			return true
		}
	}
}

// Turn returns nil once Run has come round: what it was committing is committed, or has
// failed. It says that the recorder moves, whatever the flash does; when ctx ends first,
// or Run has ended, it returns an error.
func (r *Recorder) Turn(ctx context.Context) error {
	asked := make(chan struct{})
	select {
	case r.asks <- asked:
	case <-r.done:
		return errors.New("the recorder has ended")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	<-asked // is answered at once
	return nil
}

// writer is the state of Run's goroutine.
type writer struct {
	r      *Recorder
	keeper Keeper
	begun  bool
	group  []protocol.Event // being committed; kept until it is
	note   []byte           // with it; nil: none
	wait   time.Duration
	last   bool
}

// flush commits everything that is pending.
func (w *writer) flush() error {
	for {
		more, err := w.step()
		w.r.mu.Lock()
		w.r.failing = err != nil
		if err != nil {
			w.r.stats.Failures++
		}
		w.r.mu.Unlock()
		if err != nil || !more {
			return err
		}
	}
}

// step opens what is not open and commits one group. More says that the next
// should follow at once.
func (w *writer) step() (more bool, err error) {
	if w.keeper == nil {
		if w.keeper, err = w.r.cfg.Open(); err != nil {
			w.keeper = nil
			return false, err
		}
	}
	if !w.begun {
		if err := w.r.cfg.Session.Begin(w.keeper); err != nil {
			return false, err
		}
		w.begun = true
	}
	if w.group == nil && w.note == nil {
		w.take()
	}
	if len(w.group) == 0 && w.note == nil {
		return false, nil
	}
	if err := w.append(); err != nil {
		return false, err
	}
	return w.settle(), nil
}

// take makes a group of what is pending, with what must come before it.
func (w *writer) take() {
	r := w.r
	pre := r.cfg.Session.Preface(w.keeper)
	r.mu.Lock()
	n := min(len(r.pending), maxGroup)
	for n < len(r.pending) && n > 0 && !r.pending[n-1].last {
		n++
	}
	group := pre
	w.note, r.carry = r.carry, nil
	for i := range n {
		e := &r.pending[i]
		if e.bare {
			r.bare++
		} else {
			group = append(group, e.Event)
		}
		if e.note != nil {
			w.note = e.note
		}
	}
	r.pending = append(r.pending[:0], r.pending[n:]...)
	if len(r.pending) == 0 {
		r.urgent = false
	}
	r.flying = n
	if n > 0 || w.last {
		for d, count := range r.dropped {
			group = append(group, protocol.Event{Kind: protocol.Dropped, OfKind: d.kind, Reason: d.reason, Count: count, MonoMs: r.cfg.Clock.MonoMs()})
		}
		clear(r.dropped)
	}
	r.mu.Unlock()
	for i := range group {
		r.cfg.Session.Stamp(&group[i])
	}
	w.group = group
}

// settle tells those who waited for the group. What came in meanwhile waits for
// its window, unless it is urgent or much.
func (w *writer) settle() (more bool) {
	r := w.r
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Stored += uint64(r.flying - r.bare)
	r.taken += uint64(r.flying)
	w.group, w.note, r.flying, r.bare = nil, nil, 0, 0
	n := 0
	for n < len(r.waiters) && r.waiters[n].upTo <= r.taken {
		close(r.waiters[n].done)
		n++
	}
	r.waiters = append(r.waiters[:0], r.waiters[n:]...)
	return r.urgent || len(r.pending) >= maxGroup || w.last && len(r.pending) > 0
}
