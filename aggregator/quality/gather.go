package quality

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// cell is a province and day.
type cell struct {
	province aggregator.Province
	day      aggregator.Day
}

// gathering is one answer in the making.
type gathering struct {
	board    *Board
	scope    aggregator.Scope
	from, to aggregator.Day
	now      time.Time

	promises map[aggregator.Province][]Promise
	rows     map[cell]*Row
}

func (g *gathering) row(c cell) *Row {
	r := g.rows[c]
	if r == nil {
		r = &Row{Province: c.province, Day: c.day, GenreUnknown: indicator.None(), PlaceUnknown: indicator.None(), BoxCoverage: indicator.None()}
		g.rows[c] = r
	}
	return r
}

// listed asks for files by feed: a catalogue's are many, and of them only those
// of the days asked for matter.
func (g *gathering) listed(ctx context.Context) ([]store.FileRow, error) {
	var all []store.FileRow
	for f := c3.FeedCatalogue; f < c3.Feeds; f++ {
		q := store.FileQuery{Scope: g.scope, Feed: f, From: g.from - lookBack, To: g.to, Limit: MaxFiles + 1}
		if f == c3.FeedCatalogue {
			q.From = g.from
		}
		rows, err := g.board.Files.Files(ctx, q)
		if err != nil {
			return nil, err
		}
		if all = append(all, rows...); len(all) > MaxFiles {
			return nil, &aggregator.Error{Code: "too_many_files", Message: fmt.Sprintf("More than %d files speak of these days; ask for fewer days or one province.", MaxFiles)}
		}
	}
	return all, nil
}

// files fills in what came.
func (g *gathering) files(ctx context.Context) error {
	g.promises = map[aggregator.Province][]Promise{}
	for p, promises := range g.board.Promises() {
		if g.scope.Sees(p) {
			g.promises[p] = promises
		}
	}
	listed, err := g.listed(ctx)
	if err != nil {
		return err
	}
	type feedCell struct {
		cell
		feed c3.Feed
	}
	came := map[feedCell][]store.FileRow{}
	first := map[aggregator.Province]map[c3.Feed]aggregator.Day{}
	for _, r := range listed {
		of := feedCell{cell{r.Province, r.Day}, r.Feed}
		came[of] = append(came[of], r)
		if r.Outcome == c3.OutcomeRefused {
			continue // it need not be what it says it is
		}
		if first[r.Province] == nil {
			first[r.Province] = map[c3.Feed]aggregator.Day{}
		}
		if d, ok := first[r.Province][r.Feed]; !ok || r.Day < d {
			first[r.Province][r.Feed] = r.Day
		}
	}
	for p, promises := range g.promises {
		for _, e := range expectations(promises, first[p]) {
			for d := max(g.from, e.from); d <= g.to; d++ {
				of := feedCell{cell{p, d}, e.feed}
				r := g.row(of.cell)
				r.Feeds = append(r.Feeds, feedDay(e.feed, e.due, dues(e.due, d), came[of], g.now))
				delete(came, of)
			}
		}
	}
	for of, files := range came { // of which nobody said when they are due
		if of.day >= g.from {
			r := g.row(of.cell)
			r.Feeds = append(r.Feeds, feedDay(of.feed, noExpect, nil, files, g.now))
		}
	}
	for _, r := range g.rows {
		slices.SortFunc(r.Feeds, func(a, b FeedDay) int { return cmp.Compare(feedOrder(a.Feed), feedOrder(b.Feed)) })
	}
	return nil
}

// figures fills in what indicator knows.
func (g *gathering) figures(ctx context.Context) error {
	// balance_error stands last: it is the only one that is there without accounts.
	a, err := indicator.Evaluate(ctx, g.board.Figures, g.scope, &indicator.Request{
		Indicators: []string{"accounts", "active_accounts", "genre_coverage", "place_coverage", "box_coverage", "balance_error"},
		Dimensions: []store.Column{store.ColProvince}, Grain: indicator.Daily, From: g.from.String(), To: g.to.String(),
	})
	if err != nil {
		return err
	}
	for _, line := range a.Rows {
		day, err := aggregator.ParseDay(line.Period)
		if err != nil {
			return err
		}
		p, err := aggregator.ParseProvince(line.Cells[0])
		if err != nil {
			continue // boxes that do not know where they are belong to nobody
		}
		v := line.Values
		if v[0] == 0 && !v[2].Valid() && !v[3].Valid() && !v[4].Valid() {
			continue // accounts of the day before alone
		}
		r := g.row(cell{p, day})
		r.GenreUnknown, r.PlaceUnknown = 100-v[2], 100-v[3]
		if v[0] == 0 {
			continue // no file speaks of the day
		}
		r.BoxCoverage = v[4]
		r.Balance = &Balance{After: int64(v[1]), Error: int64(v[5])}
	}
	return nil
}

// boxes fills in what boxes told, and what they lost.
func (g *gathering) boxes(ctx context.Context) error {
	a, err := indicator.Evaluate(ctx, g.board.Figures, g.scope, &indicator.Request{
		Indicators: []string{"events", "clock_synced", "clock_unsynced", "events_lost", "loss_rate", "repeated_batches"},
		Dimensions: []store.Column{store.ColProvince}, Grain: indicator.Daily, From: g.from.String(), To: g.to.String(),
	})
	if err != nil {
		return err
	}
	for _, line := range a.Rows {
		day, err := aggregator.ParseDay(line.Period)
		if err != nil {
			return err
		}
		p, err := aggregator.ParseProvince(line.Cells[0])
		if err != nil {
			continue // boxes that do not know where they are belong to nobody
		}
		v := line.Values
		g.row(cell{p, day}).Boxes = &BoxDay{Events: int64(v[0]), ClockSynced: v[1], ClockUnsynced: v[2], Lost: int64(v[3]), LossRate: v[4], Repeated: int64(v[5])}
	}
	return nil
}

// flows fills in the parts of the equation.
func (g *gathering) flows(ctx context.Context) error {
	q := store.Query{
		Fact: store.FactFlow, AllProvinces: g.scope.All, Provinces: g.scope.Provinces,
		GroupBy: []store.Column{store.ColProvince, store.ColFlow}, Values: []store.Value{{Measure: store.MeasureFlows}},
	}
	for d := g.from; d <= g.to; d++ {
		q.Spans = append(q.Spans, store.Span{From: int32(d), To: int32(d) + 1})
	}
	rows, err := g.board.Figures.Query(ctx, q)
	if err != nil {
		return err
	}
	for _, row := range rows {
		r := g.rows[cell{aggregator.Province(row.Group[0]), g.from + aggregator.Day(row.Span)}]
		if r == nil || r.Balance == nil {
			continue
		}
		if part := r.Balance.part(store.FlowKind(row.Group[1])); part != nil {
			*part += row.Values[0]
		}
	}
	for _, r := range g.rows {
		if b := r.Balance; b != nil { // the definition of the error, solved for what was before
			b.Before = b.After - b.Error - b.Opening - b.New - b.Resumed - b.MovedIn + b.Suspended + b.Cancelled + b.MovedOut
		}
	}
	return nil
}

// part is where a flow into or out of the active accounts is counted; nil: it is
// none.
func (b *Balance) part(k store.FlowKind) *int64 {
	switch k {
	case store.FlowOpening:
		return &b.Opening
	case store.FlowNew:
		return &b.New
	case store.FlowResumed:
		return &b.Resumed
	case store.FlowMovedIn:
		return &b.MovedIn
	case store.FlowSuspended:
		return &b.Suspended
	case store.FlowCancelled:
		return &b.Cancelled
	case store.FlowMovedOut:
		return &b.MovedOut
	}
	return nil
}

// untold counts what full files had to put right.
func (g *gathering) untold(ctx context.Context) error {
	for c, r := range g.rows {
		if !tellsChanges(g.promises[c.province]) || !slices.ContainsFunc(r.Feeds, func(f FeedDay) bool {
			return f.Feed == c3.FeedSubscribers && f.Files > f.Refused+f.Waiting
		}) {
			continue
		}
		put, err := g.board.Files.Untold(ctx, c.province, c.day, MaxUntold)
		if err != nil {
			return err
		}
		n := int64(len(put))
		r.Untold = &n
	}
	return nil
}

// judged puts rows in order and judges them.
func (g *gathering) judged() []Row {
	all := make([]Row, 0, len(g.rows))
	for _, c := range slices.SortedFunc(maps.Keys(g.rows), func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.province, b.province), cmp.Compare(a.day, b.day))
	}) {
		r := g.rows[c]
		r.judge()
		all = append(all, *r)
	}
	return all
}
