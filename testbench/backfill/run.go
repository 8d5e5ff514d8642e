package backfill

import (
	"context"
	"fmt"
	"sync"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Target is the store that takes a past.
type Target interface {
	Insert(ctx context.Context, b *store.Block) (inserted bool, err error)
	Lacking(ctx context.Context, ids [][16]byte) ([][16]byte, error)
	Dirty(ctx context.Context, limit int) (store.Snapshot, error)
	Close(ctx context.Context, s store.Snapshot) error
	// DropEvents forgets the events before a day, whose facts stay as they are.
	DropEvents(ctx context.Context, before aggregator.Day) error
}

// Options says how a past is put into a store.
type Options struct {
	// KeepDays is of how many of the latest days the events themselves stay, the
	// day under way included; of those before only facts do. 0: of all.
	KeepDays int
	// Workers is how many blocks are made at a time; 0: 2.
	Workers int
	// Also takes each block that is inserted, before it is; nil: nobody.
	Also func(b *store.Block) error
	// Report is told after each block and each closing; nil: nobody.
	Report func(Progress)
}

// Progress is how far a run has come.
type Progress struct {
	Day     aggregator.Day // at hand
	Done    int            // days whose facts stand
	Days    int
	Events  int64 // inserted by this run
	Known   int   // blocks that were there from an earlier one
	Elapsed time.Duration
	Closing time.Duration // of it, in closings
}

// closeEvents is about how many events one closing takes, so that it fits into
// memory.
const closeEvents = 10_000_000

// Run puts the set into a store, day after day: its blocks, each once however
// often Run was stopped before, then the facts of the days that are whole, then
// without the events that shall not be kept. After an error or a kill a Run with
// the same set goes on where it stopped.
func (s *Set) Run(ctx context.Context, to Target, o Options) (Progress, error) {
	if o.Workers == 0 {
		o.Workers = 2
	}
	r := runner{Set: s, to: to, Options: o, began: time.Now()}
	days := s.DaysOf()
	r.p.Days = len(days)
	for n, day := range days {
		r.p.Day = day
		if err := r.insert(ctx, day); err != nil {
			return r.p, err
		}
		if err := r.close(ctx, day, n == len(days)-1); err != nil {
			return r.p, err
		}
		r.p.Done++
		r.report()
		if first := n - o.KeepDays + 1; o.KeepDays > 0 && first > 0 {
			if err := to.DropEvents(ctx, days[first]); err != nil {
				return r.p, fmt.Errorf("events before %s: %w", days[first], err)
			}
		}
	}
	return r.p, nil
}

type runner struct {
	*Set
	Options
	to    Target
	began time.Time
	p     Progress
}

func (r *runner) report() {
	r.p.Elapsed = time.Since(r.began)
	if r.Report != nil {
		r.Report(r.p)
	}
}

// insert puts the blocks of a day that are not there yet.
func (r *runner) insert(ctx context.Context, day aggregator.Day) error {
	parts := r.Parts(day)
	ids := make([][16]byte, len(parts))
	for i := range parts {
		ids[i] = parts[i].ID
	}
	ids, err := r.to.Lacking(ctx, ids)
	if err != nil {
		return err
	}
	lacking := make(map[[16]byte]bool, len(ids))
	for _, id := range ids {
		lacking[id] = true
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work, made := make(chan Part), make(chan *store.Block)
	var makers sync.WaitGroup
	free := make(chan *store.Block, r.Workers+2)
	for range cap(free) {
		free <- &store.Block{}
	}
	for range r.Workers {
		makers.Go(func() {
			for p := range work {
				select {
				case b := <-free:
					r.Fill(p, b)
					select {
					case made <- b:
					case <-ctx.Done():
						return
					}
				case <-ctx.Done():
					return
				}
			}
		})
	}
	go func() {
		defer close(made)
		defer makers.Wait()
		defer close(work)
		for _, p := range parts {
			if !lacking[p.ID] {
				continue
			}
			select {
			case work <- p:
			case <-ctx.Done():
				return
			}
		}
	}()
	r.p.Known += len(parts) - len(lacking)
	for b := range made {
		if r.Also != nil {
			if err := r.Also(b); err != nil {
				return err
			}
		}
		if _, err := r.to.Insert(ctx, b); err != nil {
			return err
		}
		r.p.Events += int64(b.Rows())
		r.report()
		free <- b
	}
	return ctx.Err()
}

// close makes the facts of all dirty cells up to a day, the oldest first; last
// says that no day follows, so that what boxes did past midnight counts too.
func (r *runner) close(ctx context.Context, day aggregator.Day, last bool) error {
	began := time.Now()
	defer func() { r.p.Closing += time.Since(began) }()
	_, events := r.Expected()
	hours := max(1, int(24*closeEvents/max(events, closeEvents)))
	for {
		snap, err := r.to.Dirty(ctx, 1_000_000)
		if err != nil {
			return err
		}
		cells := snap.Cells // the latest hours first
		for len(cells) > 0 && !last && cells[0].Hour.Day() > day {
			cells = cells[1:]
		}
		if len(cells) == 0 {
			return nil // once more, if a box proved invalid late in the day
		}
		for len(cells) > 0 {
			from := len(cells) - 1
			for from > 0 && cells[from-1].Hour < cells[len(cells)-1].Hour+aggregator.Hour(hours) {
				from--
			}
			if err := r.to.Close(ctx, store.Snapshot{Cells: cells[from:], Mark: snap.Mark}); err != nil {
				return err
			}
			cells = cells[:from]
			r.report()
		}
	}
}
