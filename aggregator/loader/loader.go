// Package loader brings committed batches from the ledger into the columnar
// store: it decodes them, resolves who and where, repairs the clocks and
// inserts each block exactly once [S7, S9, S10].
package loader

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/store"
)

// Source is what the loader needs of ledger.Ledger.
type Source interface {
	// Bind returns the oldest block that is not loaded yet, always with the
	// same batches, or ledger.ErrNoWork.
	Bind(ctx context.Context, maxEvents int) (ledger.Block, error)
	// Loaded marks a block as inserted, for ever.
	Loaded(ctx context.Context, id ledger.BlockID, unreadable map[uint64]string) error
}

// Target is what the loader needs of store.Store.
type Target interface {
	// Insert is exactly once by the block's id, also after a crash.
	Insert(ctx context.Context, b *store.Block) (inserted bool, err error)
	Identities(ctx context.Context, keys []store.IdentityKey) (map[store.IdentityKey]store.Identity, error)
	Clocks(ctx context.Context, keys []store.ClockKey) (map[store.ClockKey]store.Clock, error)
	LatestBoots(ctx context.Context, boxes []uint64) (map[uint64]uint32, error)
}

// Config is what a Loader works with. Source, Target and Secrets must be set,
// all else has a default.
type Config struct {
	Source  Source
	Target  Target
	Secrets aggregator.Secrets

	// MaxEvents bounds a block; 0: 250,000. It bounds memory too: some 200
	// bytes an event.
	MaxEvents int
	// MaxAge is how long batches wait at most to share a block, which bounds
	// how many small blocks there are; 0: 500 ms.
	MaxAge time.Duration
	// Boxes and Texts bound what is remembered, so that the store need not be
	// asked; 0: 2,000,000 and 500,000. A box takes at most 200 bytes.
	Boxes, Texts int
	// Workers is how many goroutines decode; 0: one a core, at most 4.
	Workers int
	// Loaded, if set, is called after each block, from Run's goroutine.
	Loaded func(Progress)
	Log    *slog.Logger // nil: discarded
}

// Progress tells of one block loaded.
type Progress struct {
	Batches, Events int
	// Inserted is false if an earlier run had inserted the block.
	Inserted bool
	// OldestMs and NewestMs are when the block's first and last batch arrived,
	// UTC milliseconds.
	OldestMs, NewestMs int64
	Took               time.Duration
}

// Stats counts since the loader was made. Every event of the ledger is in
// Events, in Repeated or, by its batch, in Unreadable.
type Stats struct {
	Blocks, Batches, Events uint64
	Repeated                uint64 // events of blocks that the store already had
	Unreadable              uint64 // batches that could not be decoded
	UnreadableEvents        uint64 // events they claimed to hold
	UnknownKinds            uint64 // events of kinds this version does not know
	Unidentified            uint64 // events without a known identity
	IgnoredSyncs            uint64 // clock_sync events that cannot be true
	IgnoredAgents           uint64 // versions of agents that can be none
	AbsurdTimes             uint64 // events placed at their arrival instead
	Retimes                 uint64 // boots whose rows were moved
	Retries                 uint64 // calls to ledger or store that failed and were repeated
	KnownBoxes              int    // boxes remembered
}

// Loader loads blocks one after the other. Run and Step must not be called
// side by side; Stats, Behind and Wake may, at any time.
type Loader struct {
	c       Config
	workers []*worker
	boxes   *generations[boxState]
	block   store.Block // buffers, reused
	wake    chan struct{}
	stats   stats
	behind  atomic.Bool
}

type stats struct {
	blocks, batches, events, repeated, unreadable, unreadableEvents atomic.Uint64
	unknownKinds, unidentified, ignoredSyncs, absurdTimes           atomic.Uint64
	ignoredAgents                                                   atomic.Uint64
	retimes, retries                                                atomic.Uint64
	knownBoxes                                                      atomic.Int64
}

// New returns a loader; it starts nothing.
func New(c Config) *Loader {
	if c.MaxEvents <= 0 {
		c.MaxEvents = 250_000
	}
	if c.MaxAge <= 0 {
		c.MaxAge = 500 * time.Millisecond
	}
	if c.Boxes <= 0 {
		c.Boxes = 2_000_000
	}
	if c.Texts <= 0 {
		c.Texts = 500_000
	}
	if c.Workers <= 0 {
		c.Workers = min(4, runtime.GOMAXPROCS(0))
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	l := &Loader{c: c, boxes: newGenerations[boxState](c.Boxes), wake: make(chan struct{}, 1)}
	for range c.Workers {
		l.workers = append(l.workers, newWorker(c.Secrets, c.Texts/c.Workers))
	}
	return l
}

// Stats returns the counters as they stand.
func (l *Loader) Stats() Stats {
	s := &l.stats
	return Stats{
		Blocks: s.blocks.Load(), Batches: s.batches.Load(), Events: s.events.Load(), Repeated: s.repeated.Load(),
		Unreadable: s.unreadable.Load(), UnreadableEvents: s.unreadableEvents.Load(), UnknownKinds: s.unknownKinds.Load(),
		Unidentified: s.unidentified.Load(), IgnoredSyncs: s.ignoredSyncs.Load(), AbsurdTimes: s.absurdTimes.Load(),
		IgnoredAgents: s.ignoredAgents.Load(), Retimes: s.retimes.Load(), Retries: s.retries.Load(), KnownBoxes: int(s.knownBoxes.Load()),
	}
}

// Behind tells whether more events waited than a block holds when Run last looked.
func (l *Loader) Behind() bool { return l.behind.Load() }

// Wake tells Run that there may be work. It never blocks; without it Run looks
// every MaxAge.
func (l *Loader) Wake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Run loads until ctx is done and then returns ctx's error. Failures of ledger
// and store are logged and repeated, with growing pauses.
func (l *Loader) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		began := time.Now()
		events, err := l.step(ctx)
		l.behind.Store(err == nil && events >= l.c.MaxEvents/2)
		switch {
		case err != nil && !errors.Is(err, ledger.ErrNoWork):
			return err // only ctx ends the retries inside
		case l.behind.Load():
			continue // there is more
		case errors.Is(err, ledger.ErrNoWork):
			l.pause(ctx, l.c.MaxAge, l.wake)
		default:
			l.pause(ctx, l.c.MaxAge-time.Since(began), nil)
		}
	}
	return ctx.Err()
}

// pause waits for d, or until early or ctx says otherwise.
func (l *Loader) pause(ctx context.Context, d time.Duration, early <-chan struct{}) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-early:
	case <-ctx.Done():
	}
}

// Step loads one block and reports whether there was one. It retries like Run.
func (l *Loader) Step(ctx context.Context) (bool, error) {
	_, err := l.step(ctx)
	if errors.Is(err, ledger.ErrNoWork) {
		return false, nil
	}
	return err == nil, err
}

func (l *Loader) step(ctx context.Context) (events int, err error) {
	began := time.Now()
	var bound ledger.Block
	if err := l.retry(ctx, "bind", func() (err error) {
		bound, err = l.c.Source.Bind(ctx, l.c.MaxEvents)
		return err
	}); err != nil {
		return 0, err
	}
	p, err := l.load(ctx, bound)
	if err != nil {
		return 0, err
	}
	p.Took = time.Since(began)
	if l.c.Loaded != nil {
		l.c.Loaded(p)
	}
	return p.Events, nil
}

// load takes one bound block all the way. A crash anywhere leaves the block
// bound: the next run binds the same one, and Insert knows its id.
func (l *Loader) load(ctx context.Context, bound ledger.Block) (Progress, error) {
	r := l.decode(&bound)
	if err := l.retry(ctx, "ask the store", func() error { return r.ask(ctx, l) }); err != nil {
		return Progress{}, err
	}
	b := r.finish(l)
	p := Progress{Batches: len(bound.Batches), Events: b.Rows()}
	for i := range bound.Batches {
		at := bound.Batches[i].AtMs
		if i == 0 || at < p.OldestMs {
			p.OldestMs = at
		}
		p.NewestMs = max(p.NewestMs, at)
	}
	if err := l.retry(ctx, "insert", func() (err error) {
		p.Inserted, err = l.c.Target.Insert(ctx, b)
		return err
	}); err != nil {
		return Progress{}, err
	}
	if p.Inserted {
		r.remember(l) // memory follows the commit
	} else {
		r.forget(l) // the store knows more of these boxes than memory does
	}
	unreadable := r.unreadable()
	if err := l.retry(ctx, "mark as loaded", func() error {
		return l.c.Source.Loaded(ctx, bound.ID, unreadable)
	}); err != nil {
		return Progress{}, err
	}
	r.count(l, &bound, p)
	for id, why := range unreadable {
		l.c.Log.Warn("batch cannot be read", "batch", id, "why", why)
	}
	return p, nil
}

const (
	firstPause = 100 * time.Millisecond
	maxPause   = 10 * time.Second
)

// retry repeats do until it succeeds, there is no work, or ctx is done. The
// pauses double up to maxPause, each cut short at random so that several
// loaders do not press a struggling engine in step.
func (l *Loader) retry(ctx context.Context, what string, do func() error) error {
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := do()
		if err == nil || errors.Is(err, ledger.ErrNoWork) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l.stats.retries.Add(1)
		l.c.Log.Error("loader: "+what+" failed, trying again", "error", err, "pause", pause)
		l.pause(ctx, pause/2+rand.N(pause/2+1), nil)
		if ctx.Err() != nil {
			return fmt.Errorf("%w (%s: %w)", ctx.Err(), what, err)
		}
	}
}
