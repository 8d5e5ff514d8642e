package quality

import (
	"cmp"
	"slices"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/store"
)

// dues lists when the files that speak of a day are due, without grace: of a
// daily feed at the first time after the day's end; of an hourly one at the 24
// times that follow the ends of the day's hours, whatever hour each names; of a
// monthly one only if it is due on the day after.
func dues(e dialect.Expect, d aggregator.Day) []time.Time {
	just := func(ms int64) time.Time { return time.UnixMilli(ms - 1) } // so that a file due at that moment counts
	end := (d + 1).Start()
	switch e.Every {
	case "day":
		return []time.Time{e.Next(just(end))}
	case "hour":
		all := make([]time.Time, 24)
		at := just(d.Start() + aggregator.HourMs)
		for i := range all {
			at = e.Next(at)
			all[i] = at
		}
		return all
	case "month":
		if due := e.Next(just(end)); aggregator.DayOf(due.UnixMilli()) == d+1 {
			return []time.Time{due}
		}
	}
	return nil
}

// feedDay adds up what came of a feed for a day, and says whether that is all.
// The k-th file that came is held against the k-th that is due; refused ones do
// not count as having come.
func feedDay(feed c3.Feed, e dialect.Expect, due []time.Time, files []store.FileRow, now time.Time) FeedDay {
	f := FeedDay{Feed: feed, Due: len(due), Files: len(files)}
	var came []int64
	var refusedMs int64
	for i := range files {
		r := &files[i]
		f.LastMs = max(f.LastMs, r.ReceivedMs)
		if badness(r.Outcome) > badness(f.Outcome) {
			f.Outcome = r.Outcome
		}
		switch r.Outcome {
		case c3.OutcomeRefused:
			f.Refused++
			if r.ReceivedMs >= refusedMs {
				refusedMs, f.Why = r.ReceivedMs, r.Why
			}
			continue
		case c3.OutcomeWaiting:
			f.Waiting++
		default:
			f.Records += r.Records
			f.Rejected += r.Rejected
		}
		came = append(came, r.ReceivedMs)
	}
	slices.Sort(came)
	late, passed := false, 0
	for i, at := range due {
		limit := at.Add(e.Grace)
		if now.After(limit) {
			passed++
		}
		late = late || i < len(came) && came[i] > limit.UnixMilli()
		f.DueMs = at.UnixMilli()
	}
	f.Overdue, f.Lacking = passed, max(0, passed-len(came))
	switch {
	case f.Lacking > 0:
		f.State = Missing
	case late:
		f.State = Late
	case len(came) < len(due):
		f.State = Pending
	case f.Files > 0:
		f.State = Arrived
	}
	return f
}

// badness orders outcomes.
func badness(o c3.Outcome) int {
	return slices.Index([]c3.Outcome{c3.OutcomeNone, c3.OutcomeRepeated, c3.OutcomeAccepted, c3.OutcomePartly, c3.OutcomeWaiting, c3.OutcomeRefused}, o)
}

// expected is what a province is to send of a feed.
type expected struct {
	feed c3.Feed
	due  dialect.Expect
	from aggregator.Day // the first day of which files must speak
}

// expectations joins what is promised with what was heard of: first has the
// first day of which a file of a feed speaks. Of several promises of one feed
// that with the shortest time between files holds.
func expectations(promises []Promise, first map[c3.Feed]aggregator.Day) []expected {
	often := map[string]int{"hour": 3, "day": 2, "month": 1}
	var all []expected
	sorted := slices.SortedStableFunc(slices.Values(promises), func(a, b Promise) int {
		return cmp.Or(cmp.Compare(a.Feed, b.Feed), cmp.Compare(often[b.Due.Every], often[a.Due.Every]))
	})
	for _, p := range sorted {
		if len(all) > 0 && all[len(all)-1].feed == p.Feed {
			continue
		}
		from, heard := first[p.Feed]
		switch {
		case !heard && p.Since == 0:
			continue
		case !heard || p.Since != 0 && p.Since < from:
			from = p.Since
		}
		all = append(all, expected{p.Feed, p.Due, from})
	}
	return all
}

// tellsChanges reports whether a province sends changes of accounts.
func tellsChanges(promises []Promise) bool {
	return slices.ContainsFunc(promises, func(p Promise) bool { return p.Feed == c3.FeedChanges || p.Also == c3.FeedChanges })
}
