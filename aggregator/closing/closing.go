// Package closing turns events into facts: it takes what has become dirty in
// the store and closes it again, the newest hours first, in a bounded share of
// a core. Closing repeats: late boxes, corrected clocks and new rules need no
// other path.
package closing

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Store is what closing needs of store.Store.
type Store interface {
	Dirty(ctx context.Context, limit int) (store.Snapshot, error)
	Close(ctx context.Context, s store.Snapshot) error
	AsOf(ctx context.Context) (ms int64, dirty int, err error)
}

// Config is what a Closing works with. Store must be set, all else has a
// default.
type Config struct {
	Store Store
	// Interval is how often the newest hours are closed at most; 0: 1 s.
	Interval time.Duration
	// Share is how much of the time may go into closing while events come in,
	// above 0 up to 1; 0: 0.5. What closing took decides how long it rests.
	// While Busy says no, a backlog is closed without rests.
	Share float64
	// Busy tells whether events wait to be loaded, for which closing leaves room; it
	// must not block. nil: events came in within the last seconds.
	Busy func() bool
	// FreshHours is how many of the newest dirty hours go first; 0: 2.
	FreshHours int
	Log        *slog.Logger // nil: discarded
}

// Change says what one round brought: readers that show one of the hours and
// one of the provinces should ask again.
type Change struct {
	AsOfMs    int64                 // the latest event that counts now, UTC milliseconds
	Hours     []aggregator.Hour     // rising
	Provinces []aggregator.Province // rising
}

// Stats counts since the Closing was made.
type Stats struct {
	Rounds   uint64 // closings committed
	Cells    uint64 // cells closed, each time counted
	Failures uint64 // calls to the store that failed and were repeated
	Dirty    int    // cells waiting after the last round
	AsOfMs   int64  // as the last round left it
	LastTook time.Duration
}

// Closing closes until told to stop. Run must not be called twice at a time;
// all else is safe for concurrent use.
type Closing struct {
	c         Config
	listeners listeners

	// Round's own:
	pace     pace      // what closings of old cells cost
	most     int       // old cells a round takes at most, after failures; 0: as pace says
	oldAfter time.Time // old cells rest until then
	oldLast  time.Time // when some were closed last
	mark     int64     // up to it newest hours are closed; it grows as events come in
	grewAt   time.Time // when it grew last

	rounds, cells, failures atomic.Uint64
	dirty, asOf, took       atomic.Int64
}

// New returns a Closing; it starts nothing.
func New(c Config) *Closing {
	if c.Interval <= 0 {
		c.Interval = time.Second
	}
	if c.Share <= 0 || c.Share > 1 {
		c.Share = 0.5
	}
	if c.FreshHours <= 0 {
		c.FreshHours = 2
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Closing{c: c}
}

// Stats returns the counters as they stand.
func (c *Closing) Stats() Stats {
	return Stats{Rounds: c.rounds.Load(), Cells: c.cells.Load(), Failures: c.failures.Load(),
		Dirty: int(c.dirty.Load()), AsOfMs: c.asOf.Load(), LastTook: time.Duration(c.took.Load())}
}

const (
	// maxCells bounds a look at the dirt: a year of hours of all provinces.
	maxCells = 300_000
	// Old cells are closed in portions that take about oldTarget, so that the
	// newest hours never wait long behind them; longer where a closing takes as much
	// whatever is in it (see pace). What cells will take is only known of those
	// before, so a portion may grow by maxGrowth at a time.
	firstOld  = 24
	maxOld    = 24 * 34 * 31
	maxGrowth = 8
	oldTarget = 2 * time.Second
	// maxRest, with a Share of 1, is how long old cells wait at most for newest
	// hours that take all of the share.
	maxRest = 5 * time.Second
	// quietAfter is how long nothing must have come in for rests to end, where nobody
	// says whether more waits.
	quietAfter = 3 * time.Second

	firstPause = 200 * time.Millisecond
	maxPause   = 10 * time.Second
)

// Run closes until ctx is done and then returns ctx's error. A failing store
// is asked again with growing pauses; nothing is lost by that, dirt stays.
func (c *Closing) Run(ctx context.Context) error {
	pause := firstPause
	for ctx.Err() == nil {
		rest, err := c.round(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			c.failures.Add(1)
			c.c.Log.Error("closing failed, trying again", "error", err, "pause", pause)
			rest = pause/2 + rand.N(pause/2+1)
			pause = min(2*pause, maxPause)
		default:
			pause = firstPause
		}
		wait(ctx, rest)
	}
	return ctx.Err()
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Round closes the newest dirty hours and then, unless they rest, a portion of
// the older ones. It does nothing if nothing is dirty. Like Run it must not be
// called twice at a time.
func (c *Closing) Round(ctx context.Context) error {
	_, err := c.round(ctx)
	return err
}

// round is Round; it tells how long to rest before the next.
func (c *Closing) round(ctx context.Context) (rest time.Duration, err error) {
	began := time.Now()
	dirt, err := c.c.Store.Dirty(ctx, maxCells)
	if err != nil {
		return 0, err
	}
	if len(dirt.Cells) == 0 {
		c.dirty.Store(0)
	}
	fresh, old := split(dirt, c.c.FreshHours, c.ahead())
	if dirt.Mark > c.mark {
		c.grewAt = began
	} else { // the newest hours are closed, what is left is old
		fresh.Cells, old.Cells = nil, dirt.Cells
	}
	if err := c.close(ctx, fresh); err != nil {
		return 0, err
	}
	c.mark = max(c.mark, dirt.Mark)
	quiet := !c.busy(began)
	freshTook := time.Since(began)
	c.oldAfter = c.oldAfter.Add(c.turn(freshTook))
	left := len(old.Cells)
	if left > 0 && (quiet || c.oldTurn()) {
		closed, err := c.closeOld(ctx, old)
		if err != nil {
			return 0, err
		}
		left -= closed
	}
	rest = c.c.Interval - time.Since(began)
	switch {
	case left == 0:
	case quiet:
		return 0, nil
	default:
		rest = min(rest, time.Until(c.oldAfter))
	}
	return max(rest, c.turn(freshTook)-freshTook), nil
}

// turn is how much time must pass for closing to have taken no more than its
// share of it.
func (c *Closing) turn(took time.Duration) time.Duration {
	return time.Duration(float64(took) / c.c.Share)
}

// oldTurn tells whether old cells may be closed beside newest hours.
func (c *Closing) oldTurn() bool {
	return !time.Now().Before(c.oldAfter) || time.Since(c.oldLast) >= c.turn(maxRest)
}

// busy tells whether closing has to leave room for loading.
func (c *Closing) busy(at time.Time) bool {
	if c.c.Busy != nil {
		return c.c.Busy()
	}
	return at.Sub(c.grewAt) < quietAfter
}

// closeOld closes a portion of old and lets the rest wait for its turn.
func (c *Closing) closeOld(ctx context.Context, old store.Snapshot) (closed int, err error) {
	n := c.pace.portion(oldTarget)
	if c.most > 0 {
		n = min(n, c.most)
	}
	portion := store.Snapshot{Cells: wholeDays(old.Cells, n), Mark: old.Mark}
	began := time.Now()
	if err := c.close(ctx, portion); err != nil {
		c.most = max(1, len(portion.Cells)/2)
		return 0, err
	}
	took, closed := time.Since(began), len(portion.Cells)
	c.pace.learn(closed, took)
	c.most *= maxGrowth // 0 stays 0
	if c.most > maxOld {
		c.most = 0
	}
	c.oldAfter, c.oldLast = began.Add(c.turn(took)), time.Now()
	return closed, nil
}

// wholeDays returns up to n cells, those that come first. It ends with a whole
// day if that leaves most of n, so that a day's facts are made once.
func wholeDays(cells []store.Cell, n int) []store.Cell {
	if n >= len(cells) {
		return cells
	}
	whole := n
	for whole > 0 && cells[whole-1].Hour.Day() == cells[whole].Hour.Day() {
		whole--
	}
	if whole > n/2 {
		return cells[:whole]
	}
	return cells[:n]
}

// ahead is the last hour that can be the newest: the one after the latest event
// that counts. What lies beyond are hours of which only schedules speak yet; they
// must not keep the present one waiting. With no event yet it is any.
func (c *Closing) ahead() aggregator.Hour {
	asOf := c.asOf.Load()
	if asOf == 0 {
		return math.MaxInt32
	}
	return aggregator.HourOf(asOf) + 1
}

// split parts the cells of the newest hours, none of them after ahead, from the
// rest; cells come with the latest hours first.
func split(dirt store.Snapshot, hours int, ahead aggregator.Hour) (fresh, old store.Snapshot) {
	first := 0
	for first < len(dirt.Cells) && dirt.Cells[first].Hour > ahead {
		first++
	}
	n, at := 0, first
	for at < len(dirt.Cells) {
		if at == first || dirt.Cells[at].Hour != dirt.Cells[at-1].Hour {
			if n++; n > hours {
				break
			}
		}
		at++
	}
	rest := dirt.Cells[at:]
	if first > 0 { // beyond before old: nothing is in them, and there are few
		rest = append(dirt.Cells[:first:first], rest...)
	}
	return store.Snapshot{Cells: dirt.Cells[first:at], Mark: dirt.Mark}, store.Snapshot{Cells: rest, Mark: dirt.Mark}
}

func (c *Closing) close(ctx context.Context, s store.Snapshot) error {
	if len(s.Cells) == 0 {
		return nil
	}
	began := time.Now()
	if err := c.c.Store.Close(ctx, s); err != nil {
		return fmt.Errorf("%d cells: %w", len(s.Cells), err)
	}
	c.took.Store(int64(time.Since(began)))
	c.rounds.Add(1)
	c.cells.Add(uint64(len(s.Cells)))
	asOf, dirty, err := c.c.Store.AsOf(ctx)
	if err != nil {
		return err
	}
	c.asOf.Store(asOf)
	c.dirty.Store(int64(dirty))
	c.listeners.tell(changeOf(s.Cells, asOf))
	return nil
}
