package inbox

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/store"
)

// Stats is what an Inbox did since New, and what is amiss.
type Stats struct {
	Files []FileCount
	// Feeds are those of which something ever came, or an operator's dialect
	// says that something will.
	Feeds []FeedState
	// Failed counts tries that failed for a reason of ours, by province.
	Failed map[aggregator.Province]uint64
	// Waiting is how many files lie in in folders, and Deciding how many wait for
	// an operator, by province; without zeros.
	Waiting, Deciding map[aggregator.Province]int
	// BadDialects are provinces whose files are held back, and why.
	BadDialects map[aggregator.Province]error
}

// FileCount counts files, and the records in them.
type FileCount struct {
	Province aggregator.Province
	Feed     c3.Feed
	Outcome  c3.Outcome
	Files    uint64
	// Records of them, by what became of each.
	Accepted, Rejected, Repeated uint64
}

// FeedState is how a province's feed does.
type FeedState struct {
	Province aggregator.Province
	Feed     c3.Feed
	LastMs   int64 // when a file came last, taken or repeated; 0: never
	// Late is since when a file is overdue; 0: none is.
	Late time.Duration
}

type feedOf struct {
	province aggregator.Province
	feed     c3.Feed
}

type countOf struct {
	feedOf
	outcome c3.Outcome
}

type stats struct {
	mu     sync.Mutex
	counts map[countOf]*FileCount
	last   map[feedOf]int64
	fails  map[aggregator.Province]uint64
}

func (s *stats) count(now time.Time, r *c3.Receipt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = map[countOf]*FileCount{}
	}
	of := feedOf{r.Province, r.Feed}
	c := s.counts[countOf{of, r.Outcome}]
	if c == nil {
		c = &FileCount{Province: r.Province, Feed: r.Feed, Outcome: r.Outcome}
		s.counts[countOf{of, r.Outcome}] = c
	}
	c.Files++
	if r.Outcome == c3.OutcomeAccepted || r.Outcome == c3.OutcomePartly {
		c.Accepted += uint64(r.Accepted)
		c.Rejected += uint64(r.Rejected)
		c.Repeated += uint64(r.Repeated)
	}
	if r.Outcome != c3.OutcomeRefused {
		s.came(of, now.UnixMilli())
	}
}

func (s *stats) came(of feedOf, ms int64) {
	if s.last == nil {
		s.last = map[feedOf]int64{}
	}
	s.last[of] = max(s.last[of], ms)
}

func (s *stats) failed(p aggregator.Province) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails == nil {
		s.fails = map[aggregator.Province]uint64{}
	}
	s.fails[p]++
}

// recall reads from the store when files came last.
func (i *Inbox) recall(ctx context.Context) error {
	rows, err := i.cfg.Store.Files(ctx, store.FileQuery{
		Scope: aggregator.Scope{All: true}, Outcomes: []c3.Outcome{c3.OutcomeAccepted, c3.OutcomePartly, c3.OutcomeWaiting}, Limit: 10_000,
	})
	if err != nil {
		return err
	}
	i.stats.mu.Lock()
	defer i.stats.mu.Unlock()
	for _, r := range rows {
		i.stats.came(feedOf{r.Province, r.Feed}, r.ReceivedMs)
	}
	return nil
}

// early is by how much a file may come before it is due and still be that one.
func early(e dialect.Expect) time.Duration {
	period := map[string]time.Duration{"hour": time.Hour, "day": 24 * time.Hour, "month": 28 * 24 * time.Hour}[e.Every]
	return min(e.Grace, period/2)
}

// Stats returns the counters.
func (i *Inbox) Stats() Stats {
	out := Stats{Failed: map[aggregator.Province]uint64{}, Waiting: map[aggregator.Province]int{}, Deciding: map[aggregator.Province]int{}, BadDialects: map[aggregator.Province]error{}}
	now := i.cfg.Now()
	i.mu.Lock()
	dialects := i.dialects
	i.mu.Unlock()
	i.stats.mu.Lock()
	defer i.stats.mu.Unlock()
	for _, c := range i.stats.counts {
		out.Files = append(out.Files, *c)
	}
	slices.SortFunc(out.Files, func(a, b FileCount) int {
		return cmp.Or(cmp.Compare(a.Province, b.Province), cmp.Compare(a.Feed, b.Feed), cmp.Compare(a.Outcome, b.Outcome))
	})
	for p, n := range i.stats.fails {
		out.Failed[p] = n
	}
	for p, err := range dialects.bad {
		out.BadDialects[p] = err
	}
	states := map[feedOf]FeedState{}
	for of, ms := range i.stats.last {
		states[of] = FeedState{Province: of.province, Feed: of.feed, LastMs: ms}
	}
	for p, d := range dialects.of {
		for _, f := range d.Feeds {
			of := feedOf{p, f.Kind}
			s, came := states[of]
			if !came && !dialects.own[p] {
				continue
			}
			s.Province, s.Feed = p, f.Kind
			since := i.since
			if came {
				since = time.UnixMilli(s.LastMs)
			}
			if due := f.Expect.Next(since.Add(early(f.Expect))); !due.IsZero() && now.After(due.Add(f.Expect.Grace)) {
				s.Late = max(s.Late, now.Sub(due))
			}
			states[of] = s
		}
	}
	for _, s := range states {
		out.Feeds = append(out.Feeds, s)
	}
	slices.SortFunc(out.Feeds, func(a, b FeedState) int {
		return cmp.Or(cmp.Compare(a.Province, b.Province), cmp.Compare(a.Feed, b.Feed))
	})
	for p, d := range i.desks {
		if files, _, err := list(d.folder(inDir)); err == nil && len(files) > 0 {
			out.Waiting[p] = len(files)
		}
		if files, _, err := list(d.folder(waitingDir)); err == nil && len(files) > 0 {
			out.Deciding[p] = len(files)
		}
	}
	return out
}
