package rollout

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// Outcomes knows what boxes told of updates; store.Store is one.
type Outcomes interface {
	Updates(ctx context.Context, q store.UpdateQuery) ([]store.UpdateCount, error)
}

// Progress is how many boxes stand where with an update, each counted once, by what
// it told last of it.
type Progress struct {
	Offered    int64 `json:"offered"`     // fetching
	Downloaded int64 `json:"downloaded"`  // waiting for its start
	Trying     int64 `json:"trying"`      // started, not known to be good
	Good       int64 `json:"good"`        //
	RolledBack int64 `json:"rolled_back"` //
	Refused    int64 `json:"refused"`     //
	Others     int64 `json:"others"`      // told which agent they run, and nothing of it
}

// Add counts a row of what boxes told of a version. One that told that it was fetched,
// and then that it runs, is trying it: so it was told before it is good.
func (p *Progress) Add(version uint64, c store.UpdateCount) {
	switch protocol.ProfileState(c.State) {
	case protocol.UpdateOffered:
		p.Offered += c.Boxes
	case protocol.UpdateDownloaded:
		if c.Runs == version {
			p.Trying += c.Boxes
		} else {
			p.Downloaded += c.Boxes
		}
	case protocol.UpdateGood:
		p.Good += c.Boxes
	case protocol.UpdateRolledBack:
		p.RolledBack += c.Boxes
	case protocol.UpdateRefused:
		p.Refused += c.Boxes
	default:
		p.Others += c.Boxes
	}
}

// Limits say when a release halts by itself: when at least Least boxes went back, and
// these are at least Percent of those that started it and know how it ended.
type Limits struct {
	Percent int
	Least   int
}

// judge says why a release is to be halted; "": it is not.
func (l Limits) judge(r *Release, p Progress) string {
	back := p.RolledBack - r.Trusted
	if ended := p.Good + back; back >= int64(max(l.Least, 1)) && back*100 >= int64(l.Percent)*ended {
		return fmt.Sprintf("%d of %d boxes went back; halted by itself at %d percent", back, ended, l.Percent)
	}
	return ""
}

const (
	// WatchEvery is how often a Watcher looks.
	WatchEvery = 30 * time.Second
	// watched is how many releases that are under way it looks at, the newest.
	watched = 3
)

// Watcher halts releases of which too many boxes go back.
type Watcher struct {
	Folder   *Folder
	Outcomes Outcomes
	Limits   Limits
	Now      func() time.Time // nil: time.Now
	// Halted is told of each release that was halted, for the audit log.
	Halted func(ctx context.Context, version uint64, why string) error
	Log    *slog.Logger

	mu     sync.Mutex
	newest uint64
	latest map[aggregator.Province]Progress
	halted int
}

// Run looks until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	tick := time.NewTicker(WatchEvery)
	defer tick.Stop()
	said := ""
	for {
		if err := w.Look(ctx); err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			w.Log.Error("updates are not watched", "error", err)
		} else if err == nil {
			said = ""
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Look counts and halts once.
func (w *Watcher) Look(ctx context.Context) error {
	now := time.Now
	if w.Now != nil {
		now = w.Now
	}
	all, err := w.Folder.List()
	if err != nil && len(all) == 0 {
		return err
	}
	halted, looked := 0, 0
	for i := range all {
		r := &all[i]
		if r.Halted {
			halted++
		}
		if r.Halted && i > 0 || looked == watched {
			continue
		}
		looked++
		counts, err := w.Outcomes.Updates(ctx, store.UpdateQuery{AllProvinces: true, Version: r.Version})
		if err != nil {
			return err
		}
		var sum Progress
		by := map[aggregator.Province]Progress{}
		for _, c := range counts {
			p := by[c.Province]
			p.Add(r.Version, c)
			by[c.Province] = p
			sum.Add(r.Version, c)
		}
		if i == 0 {
			w.mu.Lock()
			w.newest, w.latest = r.Version, by
			w.mu.Unlock()
		}
		if why := w.Limits.judge(r, sum); why != "" && !r.Halted {
			if _, err := w.Folder.Halt(r.Version, ByItself, why, now()); err != nil {
				return err
			}
			halted++
			w.Log.Error("an update is halted", "version", r.Version, "why", why)
			if err := w.Halted(ctx, r.Version, why); err != nil {
				return err
			}
		}
	}
	w.mu.Lock()
	w.halted = halted
	w.mu.Unlock()
	return err
}

// Latest is what the last look found: the newest release, how boxes stand with it by
// province, and how many releases are halted.
func (w *Watcher) Latest() (version uint64, by map[aggregator.Province]Progress, halted int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newest, w.latest, w.halted
}

// Back counts the boxes that went back from a version, for Resume.
func Back(ctx context.Context, o Outcomes, version uint64) (n int64, err error) {
	counts, err := o.Updates(ctx, store.UpdateQuery{AllProvinces: true, Version: version})
	var p Progress
	for _, c := range counts {
		p.Add(version, c)
	}
	return p.RolledBack, err
}
