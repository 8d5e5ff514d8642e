package indicator

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// MaxTop is the greatest Top: who reads a list beyond it asks for all rows.
const MaxTop = 1_000

func (r *Request) checkTop(q *question) error {
	switch {
	case r.Top < 0 || r.Top > MaxTop:
		return faultf("bad_top", "top: %d, allowed 1 to %d, or none for all groups", r.Top, MaxTop)
	case r.Top == 0:
		return nil
	case len(r.Dimensions) == 0:
		return faultf("bad_top", "top: there are no groups to choose from; add a dimension")
	case r.Limit > 0:
		return faultf("bad_top", "top: limit counts rows and top groups; take one of them")
	case r.LikeForLike:
		return faultf("bad_top", "top: like_for_like cannot be told of what is left of groups; ask without one of them")
	}
	for _, d := range r.Dimensions {
		if isTime(d) || d == store.ColMinute {
			return faultf("bad_top", "top: %s has few values; ask for all of them", d)
		}
	}
	for _, i := range q.indicators {
		if i.Projected() {
			return faultf("bad_top", "top: %s is projected to all accounts; ask for it without", i.ID)
		}
	}
	return nil
}

// rank finds the groups that come first when the whole time is one period.
func (r *Request) rank(ctx context.Context, src Source, scope aggregator.Scope) (map[group]int, error) {
	whole := *r
	whole.Top, whole.Limit, whole.Grain = 0, r.Top, Total
	if whole.Order == "" {
		whole.Order = "-" + r.Indicators[0]
	}
	q, err := whole.question()
	if err != nil {
		return nil, err
	}
	lines, _, err := q.figures(ctx, src, scope)
	if err == nil {
		lines, err = q.finish(ctx, src, lines)
	}
	ranks := make(map[group]int, len(lines))
	for n, l := range lines {
		ranks[l.key.group] = n
	}
	return ranks, err
}

// among are the tuples of groups.
func among(dimensions []store.Column, groups map[group]int) store.Among {
	a := store.Among{Columns: dimensions}
	for _, g := range slices.SortedFunc(maps.Keys(groups), func(a, b group) int { return slices.Compare(a[:], b[:]) }) {
		a.In = append(a.In, g[:len(dimensions)])
	}
	return a
}

func byRank(lines []*line, ranks map[group]int) {
	slices.SortFunc(lines, func(a, b *line) int {
		return cmp.Or(cmp.Compare(a.key.period, b.key.period), cmp.Compare(ranks[a.key.group], ranks[b.key.group]))
	})
}

// beside asks for the figures of every period without dimensions: of all that
// q.among does not name, so of everything if it names nothing.
func (q *question) beside(ctx context.Context, src Source, scope aggregator.Scope) ([]Row, error) {
	rest := *q
	rest.dimensions, rest.limit, rest.order = nil, 0, -1
	rest.among.Not = true
	lines, _, err := rest.figures(ctx, src, scope)
	if err != nil {
		return nil, err
	}
	if lines, err = rest.finish(ctx, src, lines); err != nil {
		return nil, err
	}
	return rest.rows(lines), nil
}

func (q *question) rows(lines []*line) []Row {
	rows := make([]Row, 0, len(lines))
	for _, l := range lines {
		rows = append(rows, Row{Period: q.periods[l.key.period].label, Cells: l.cells, Values: l.values})
	}
	return rows
}
