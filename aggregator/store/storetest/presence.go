package storetest

import (
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// heard are the days in which the boxes of a subscriber told anything, by what.
type heard map[aggregator.Day]struct{ on, any bool }

// over is the last day that is over: see store.FactPresence.
func (m *memory) over() aggregator.Day {
	latest := aggregator.Day(-1 << 26)
	for c := range m.closed {
		latest = max(latest, c.Hour.Day())
	}
	return min(latest, aggregator.DayOf(time.Now().UnixMilli())) - 1
}

// hearings are what was heard of the subscribers of a province, by root.
func (m *memory) hearings(p aggregator.Province) map[uint64]heard {
	books, all := m.book(p), map[uint64]heard{}
	for _, r := range m.table(store.FactSeen, false) {
		if aggregator.Province(value(store.FactSeen, &r, store.ColProvince)) != p {
			continue
		}
		d := aggregator.Day(r.period)
		root, _ := books.whose(value(store.FactSeen, &r, store.ColAccount), (d+1).Start()-1)
		if all[root] == nil {
			all[root] = heard{}
		}
		h := all[root][d]
		h.any = true
		h.on = h.on || r.measures[0] > 0
		all[root][d] = h
	}
	return all
}

// last is the last day up to d, first the first, for which f holds; false: none.
func (h heard) last(d aggregator.Day, on bool) (last aggregator.Day, found bool) {
	for day, what := range h {
		if day <= d && (what.on || !on) && (!found || day > last) {
			last, found = day, true
		}
	}
	return last, found
}

func (h heard) first() (first aggregator.Day, found bool) {
	for day := range h {
		if !found || day < first {
			first, found = day, true
		}
	}
	return first, found
}

// since is the first moment of the stretch of its state in which a book is at ms.
func (b *Book) since(ms int64) int64 {
	s, _ := b.at(ms)
	for {
		before, found := b.at(s.FromMs - 1)
		if !found || before.State != s.State {
			return s.FromMs
		}
		s = before
	}
}

// silentFor is for how many days an active subscriber has been silent at the end
// of d; false: nobody ever heard of it.
func silentFor(b *Book, h heard, d aggregator.Day) (days aggregator.Day, seen bool) {
	first, seen := h.first()
	if !seen || first > d {
		return 0, false
	}
	since := max(first, aggregator.DayOf(b.since((d+1).Start()-1)))
	if on, ever := h.last(d, true); ever {
		since = max(since, on)
	}
	return d - since, true
}

// presence adds up FactPresence.
func (m *memory) presence(p aggregator.Province, add func(aggregator.Day, group, store.Measure)) {
	first, last, any := m.toldDays(p)
	if !any {
		return
	}
	hearings, books := m.hearings(p), m.book(p)
	for d := first; d <= min(last, m.over()); d++ {
		for i := range books.all {
			b := &books.all[i]
			s, found := b.at((d + 1).Start() - 1)
			if !found || s.State != c3.StateActive && s.State != c3.StateSuspended {
				continue
			}
			h := hearings[b.Root]
			g := group{uint64(p), uint64(s.City), uint64(s.State), uint64(store.TenureAt(s.OpenMs, d)), uint64(recency(h, d, s.State)), uint64(silence(b, h, d, s.State))}
			add(d, g, store.MeasureAccounts)
			if s.State != c3.StateActive {
				continue
			}
			if word, ever := h.last(d, false); ever && word > d-30 {
				add(d, g, store.MeasureReporting)
			}
			if days, seen := silentFor(b, h, d-1); h[d].on && seen && days >= store.SilentDays {
				if b.since((d+1).Start()-1) < d.Start() { // else a break came between
					add(d, g, store.MeasureReturned)
				}
			}
		}
	}
}

func silence(b *Book, h heard, d aggregator.Day, s c3.State) store.Silence {
	if s == c3.StateSuspended {
		if d-aggregator.DayOf(b.since((d+1).Start()-1)) > store.SuspendedDays {
			return store.SilenceLost
		}
		return store.SilenceSuspended
	}
	days, seen := silentFor(b, h, d)
	switch {
	case !seen:
		return store.SilenceUnseen
	case days >= 90:
		return store.Silence90
	case days >= 30:
		return store.Silence30
	case days >= 7:
		return store.Silence7
	}
	return store.SilenceNone
}

func recency(h heard, d aggregator.Day, s c3.State) store.Recency {
	on, ever := h.last(d, true)
	_, seen := h.last(d, false)
	switch {
	case s == c3.StateSuspended:
		return store.RecencySuspended
	case !seen:
		return store.RecencyUnseen
	case !ever:
		return store.RecencyNever
	case on == d:
		return store.RecencyDay
	case on > d-7:
		return store.RecencyWeek
	case on > d-30:
		return store.RecencyMonth
	}
	return store.RecencyLonger
}

// cohorts adds up FactCohort.
func (m *memory) cohorts(p aggregator.Province, add func(aggregator.Day, group, store.Measure)) {
	first, last, any := m.toldDays(p)
	if !any {
		return
	}
	hearings, books, over := m.hearings(p), m.book(p), m.over()
	for i := range books.all {
		b := &books.all[i]
		opened := map[uint64]store.Flow{} // the last of each month
		for _, f := range b.Flows {
			if f.Kind == store.FlowNew {
				if had, there := opened[store.MonthOf(aggregator.DayOf(f.AtMs))]; !there || f.AtMs > had.AtMs {
					opened[store.MonthOf(aggregator.DayOf(f.AtMs))] = f
				}
			}
		}
		for month, f := range opened {
			for d := aggregator.DayOf(f.AtMs).NextMonth() - 1; d <= last; d = (d + 1).NextMonth() - 1 {
				if d < first {
					continue
				}
				g := group{uint64(p), uint64(f.City), month, store.MonthOf(d) - month}
				add(d, g, store.MeasureMembers)
				if s, there := b.at((d + 1).Start() - 1); there && s.State == c3.StateActive {
					add(d, g, store.MeasureRetained)
				}
				if d > over {
					continue
				}
				add(d, g, store.MeasureObserved)
				if on, ever := hearings[b.Root].last(d, true); ever && on >= d.Month() {
					add(d, g, store.MeasureEngaged)
				}
			}
		}
	}
}
