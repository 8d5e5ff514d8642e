package quality

import (
	"cmp"
	"context"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

const (
	// latestDays is for how many days before today Latest looks for figures.
	latestDays = 7
	// latestFiles is among how many files of a feed, by arrival, the one of the
	// latest day is looked for: earlier days come late.
	latestFiles = 30
)

// Latest is how provinces do now, for operators.
type Latest struct {
	Feeds     []LatestFeed
	Provinces []LatestProvince
}

// LatestFeed is the last file of a feed that is in.
type LatestFeed struct {
	Province aggregator.Province
	Feed     c3.Feed
	// Day is the latest of which a file that is in speaks; 0: none is in.
	Day               aggregator.Day
	Records, Rejected int64 // of that file
	// Overdue is whether a file is lacking of the latest day of which any is due by
	// now, its grace over.
	Overdue bool
}

// LatestProvince is the last of each figure that a province has, in seven days.
type LatestProvince struct {
	Province aggregator.Province
	Balance  *Balance // nil: none
	// Percentages, none if there is none.
	GenreUnknown, PlaceUnknown, BoxCoverage indicator.Number
	Boxes                                   *BoxDay // of the last day that has any event; nil: none
}

// Latest returns how every province does now, by province, then by feed.
func (b *Board) Latest(ctx context.Context) (Latest, error) {
	var out Latest
	today := aggregator.DayOf(b.Now().UnixMilli())
	rows, err := b.Rows(ctx, aggregator.Scope{All: true}, today-latestDays, today)
	if err != nil {
		return out, err
	}
	for len(rows) > 0 {
		p := rows[0].Province
		n := slices.IndexFunc(rows, func(r Row) bool { return r.Province != p })
		if n < 0 {
			n = len(rows)
		}
		out.Provinces = append(out.Provinces, latestProvince(rows[:n]))
		for _, f := range latestFeeds(rows[:n]) {
			if err := b.lastFile(ctx, &f); err != nil {
				return out, err
			}
			out.Feeds = append(out.Feeds, f)
		}
		rows = rows[n:]
	}
	return out, nil
}

// latestProvince joins a province's rows, which come by day.
func latestProvince(rows []Row) LatestProvince {
	l := LatestProvince{Province: rows[0].Province, GenreUnknown: indicator.None(), PlaceUnknown: indicator.None(), BoxCoverage: indicator.None()}
	last := func(to *indicator.Number, v indicator.Number) {
		if v.Valid() {
			*to = v
		}
	}
	for i := range rows {
		if rows[i].Balance != nil {
			l.Balance = rows[i].Balance
		}
		if b := rows[i].Boxes; b != nil && b.Events > 0 {
			l.Boxes = b
		}
		last(&l.GenreUnknown, rows[i].GenreUnknown)
		last(&l.PlaceUnknown, rows[i].PlaceUnknown)
		last(&l.BoxCoverage, rows[i].BoxCoverage)
	}
	return l
}

// latestFeeds lists the feeds of a province's rows.
func latestFeeds(rows []Row) []LatestFeed {
	found := map[c3.Feed]*LatestFeed{}
	var all []*LatestFeed
	for i := range rows {
		for _, f := range rows[i].Feeds {
			l := found[f.Feed]
			if l == nil {
				l = &LatestFeed{Province: rows[i].Province, Feed: f.Feed}
				found[f.Feed] = l
				all = append(all, l)
			}
			if f.Overdue > 0 {
				l.Overdue = f.Lacking > 0
			}
		}
	}
	slices.SortFunc(all, func(a, b *LatestFeed) int { return cmp.Compare(feedOrder(a.Feed), feedOrder(b.Feed)) })
	out := make([]LatestFeed, len(all))
	for i, l := range all {
		out[i] = *l
	}
	return out
}

// lastFile finds the last file of a feed that is in.
func (b *Board) lastFile(ctx context.Context, f *LatestFeed) error {
	files, err := b.Files.Files(ctx, store.FileQuery{
		Scope: aggregator.Scope{Provinces: []aggregator.Province{f.Province}}, Feed: f.Feed,
		Outcomes: []c3.Outcome{c3.OutcomeAccepted, c3.OutcomePartly}, Limit: latestFiles,
	})
	if err != nil {
		return err
	}
	for i := range files { // of one day the last that came
		if files[i].Day > f.Day {
			f.Day, f.Records, f.Rejected = files[i].Day, files[i].Records, files[i].Rejected
		}
	}
	return nil
}
