package indicator

import (
	"context"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Source is what figures are computed from; every store.Store is one.
type Source interface {
	// Query answers a question over facts; empty Provinces without
	// AllProvinces have no rows.
	Query(ctx context.Context, q store.Query) ([]store.Row, error)
	// Codes returns the texts of keys; unknown keys are left out.
	Codes(ctx context.Context, keys []uint64) (map[uint64]string, error)
	// Labels returns what values of a dimension are called; those without a label
	// are left out.
	Labels(ctx context.Context, c store.Column, keys []uint64) (map[uint64]store.Label, error)
	// Broadcasts names what was broadcast.
	Broadcasts(ctx context.Context, s aggregator.Scope, codes []uint64) ([]store.BroadcastRow, error)
	// Products tells what provinces sell.
	Products(ctx context.Context, s aggregator.Scope, codes []uint64) ([]store.ProductInfo, error)
	// EditVersions returns the names of the rules by which closed cells' facts were
	// edited.
	EditVersions(ctx context.Context, s aggregator.Scope, from, to aggregator.Hour) ([]string, error)
	// AsOf returns the latest time of any event in the facts, UTC milliseconds.
	AsOf(ctx context.Context) (ms int64, dirty int, err error)
}

// maxDimensions is how many dimensions the indicator with the most of them has.
const maxDimensions = 20

// group is the values of a question's dimensions, in their order.
type group = [maxDimensions]uint64

// groupKey names a group of a period.
type groupKey struct {
	period int
	group  group
}

// Evaluate answers r for a reader of the given scope. What the scope does not
// open is left out before anything is grouped or divided, so a narrow reader
// sees exactly the part of the whole that is theirs; the zero Scope gets no
// rows. Without dimensions every period has a row, else groups in which
// everything is 0 are left out. A fault of the request is an *aggregator.Error.
func Evaluate(ctx context.Context, src Source, scope aggregator.Scope, r *Request) (*Answer, error) {
	q, err := r.question()
	if err != nil {
		return nil, err
	}
	a := &Answer{Columns: q.columns, Rows: []Row{}, Labels: map[store.Column]map[string]Text{}, RuleVersion: RuleVersion, Edit: q.edit, Completeness: None()}
	// Read before the figures: it may then be too old, never too new.
	ms, _, err := src.AsOf(ctx)
	if err != nil {
		return nil, err
	}
	a.AsOf = Moment(ms)
	if q.edit == Edited {
		from, to := q.hours()
		if a.EditVersions, err = src.EditVersions(ctx, scope, from, to); err != nil {
			return nil, err
		}
	}
	if a.Sources, err = q.states(scope); err != nil {
		return nil, err
	}
	if !scope.All && len(scope.Provinces) == 0 {
		return a, nil
	}
	var ranks map[group]int
	if r.Top > 0 {
		if ranks, err = r.rank(ctx, src, scope); err != nil {
			return nil, err
		}
		q.among = among(q.dimensions, ranks)
		if a.Others, err = q.beside(ctx, src, scope); err != nil {
			return nil, err
		}
	}
	found, out, err := q.figures(ctx, src, scope)
	if err != nil {
		return nil, err
	}
	lines, err := q.finish(ctx, src, found)
	if err != nil {
		return nil, err
	}
	if ranks != nil {
		byRank(lines, ranks)
	}
	if r.Totals {
		q.among = store.Among{}
		if a.Totals, err = q.beside(ctx, src, scope); err != nil {
			return nil, err
		}
	}
	if err := out.write(ctx, src, q, a); err != nil {
		return nil, err
	}
	a.Rows = q.rows(lines)
	if err := q.label(ctx, src, a.Labels, lines); err != nil {
		return nil, err
	}
	if err := q.nameBroadcasts(ctx, src, scope, a, lines); err != nil {
		return nil, err
	}
	return a, q.nameProducts(ctx, src, scope, a.Labels, lines)
}

// figures computes the lines: those of ordinary figures together, projections and
// comparisons of like with like one by one beside them.
func (q *question) figures(ctx context.Context, src Source, scope aggregator.Scope) ([]*line, *leftOuts, error) {
	var amounts []amount
	for _, i := range q.indicators {
		if !i.Projected() {
			amounts = append(amounts, i.amounts()...)
		}
	}
	p := q.plan(amounts...)
	if err := p.run(ctx, src, scope); err != nil {
		return nil, nil, err
	}
	out := &leftOuts{}
	projected, like := make([]map[groupKey][2]estimate, len(q.indicators)), make([]map[groupKey][2]Number, len(q.indicators))
	for n := range q.indicators {
		i := &q.indicators[n]
		var err error
		if i.Projected() {
			projected[n], err = q.project(ctx, src, scope, i, out)
		} else if q.like {
			like[n], err = q.likeForLike(ctx, src, scope, i, out)
		}
		if err != nil {
			return nil, nil, err
		}
		for key, e := range projected[n] {
			if _, ok := p.sums[key]; !ok && (e[0].value.Valid() || e[1].value.Valid()) {
				p.sums[key] = make([]int64, 2*p.terms)
			}
		}
	}
	if len(p.sums) > p.limit() {
		return nil, nil, tooMany(p.limit())
	}
	lines := make([]*line, 0, len(p.sums))
	for key, sums := range p.sums {
		l := &line{key: key}
		place := 0
		for n := range q.indicators {
			i := &q.indicators[n]
			if i.Projected() {
				e := [2]estimate{{None(), None()}, {None(), None()}}
				if found, ok := projected[n][key]; ok {
					e = found
				}
				l.values = append(l.values, e[0].value, e[0].err)
				if q.before != nil {
					l.values = append(l.values, e[1].value, e[1].err, Change(e[0].value, e[1].value))
				}
				continue
			}
			now := p.of(i, place, sums, false)
			l.values = append(l.values, now)
			if q.before != nil {
				before := p.of(i, place, sums, true)
				l.values = append(l.values, before, Change(now, before))
			}
			if q.like {
				v, ok := like[n][key]
				if !ok {
					v = [2]Number{None(), None()}
				}
				l.values = append(l.values, v[0], v[1], Change(v[0], v[1]))
			}
			place += len(i.amounts())
		}
		lines = append(lines, l)
	}
	return lines, out, nil
}

// finish sorts, cuts and puts texts for keys.
func (q *question) finish(ctx context.Context, src Source, lines []*line) ([]*line, error) {
	if q.limit == 0 && len(lines) > q.mostRows {
		return nil, tooMany(q.mostRows)
	}
	if q.byText() || q.limit == 0 {
		if err := q.write(ctx, src, lines); err != nil {
			return nil, err
		}
		q.sort(lines)
		return lines[:q.cut(len(lines))], nil
	}
	q.sort(lines)
	lines = lines[:q.cut(len(lines))]
	return lines, q.write(ctx, src, lines)
}

func (q *question) cut(n int) int {
	if q.limit > 0 {
		return min(n, q.limit)
	}
	return n
}

func tooMany(most int) error {
	return faultf("too_many_rows", "dimensions: the answer has more than %d rows; narrow it by filters, fewer dimensions, a shorter time or a longer grain, or ask for the first with order and limit", most)
}
