package indicator

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// maxLikePeriods is for how many periods like can be compared with like: each
// may take a question of its own.
const maxLikePeriods = 100

// entities are the columns that name what must have data in both times.
func (q *question) entities() []store.Column {
	all := []store.Column{store.ColProvince}
	for _, c := range []store.Column{store.ColProduct, store.ColProvider, store.ColChannel} {
		if slices.Contains(q.dimensions, c) || slices.ContainsFunc(q.filters, func(f store.Filter) bool { return f.Column == c }) {
			all = append(all, c)
		}
	}
	return all
}

// like is what a figure is, now and before, of what has data in both times. What
// a province has in both depends on that province alone, so a reader of few
// provinces sees their part of what a reader of all sees.
func (q *question) likeForLike(ctx context.Context, src Source, scope aggregator.Scope, i *Indicator, out *leftOuts) (map[groupKey][2]Number, error) {
	kept, err := q.inBoth(ctx, src, scope, i, out)
	if err != nil {
		return nil, err
	}
	found := map[groupKey][2]Number{}
	for _, k := range kept {
		narrow := *q
		narrow.chosen, narrow.limit = k.chosen, 0
		narrow.among = store.Among{Columns: q.entities(), In: k.tuples}
		p := narrow.plan(i.amounts()...)
		p.most = MaxGroups
		if err := p.run(ctx, src, scope); err != nil {
			return nil, err
		}
		for key, sums := range p.sums {
			found[key] = [2]Number{p.of(i, 0, sums, false), p.of(i, 0, sums, true)}
		}
	}
	return found, nil
}

// keeping is what has data in both times of some periods.
type keeping struct {
	chosen []bool // these periods
	tuples [][]uint64
}

// inBoth finds what has data in both times, and notes what has it in one.
func (q *question) inBoth(ctx context.Context, src Source, scope aggregator.Scope, i *Indicator, out *leftOuts) (map[string]*keeping, error) {
	seen := *q
	seen.dimensions, seen.limit, seen.order = q.entities(), 0, -1
	p := seen.plan(i.rows())
	p.most = MaxGroups
	if err := p.run(ctx, src, scope); err != nil {
		return nil, err
	}
	tuples := make([][][]uint64, len(q.periods))
	some := func(n int64) bool { return n != 0 }
	for _, key := range slices.SortedFunc(maps.Keys(p.sums), compareKeys) {
		sums := p.sums[key]
		now, before := slices.ContainsFunc(sums[:p.terms], some), slices.ContainsFunc(sums[p.terms:], some)
		switch {
		case now && before:
			tuples[key.period] = append(tuples[key.period], slices.Clone(key.group[:len(seen.dimensions)]))
		case now:
			out.add(i, seen.dimensions, key, NoDataBefore)
		case before:
			out.add(i, seen.dimensions, key, NoDataNow)
		}
	}
	kept := map[string]*keeping{}
	for n, t := range tuples {
		if len(t) == 0 {
			continue
		}
		name := fmt.Sprint(t)
		if kept[name] == nil {
			kept[name] = &keeping{chosen: make([]bool, len(q.periods)), tuples: t}
		}
		kept[name].chosen[n] = true
	}
	return kept, nil
}

// rows are the terms that have rows of their own: not the length of the time, nor
// what is the same for all channels of a place.
func (i *Indicator) rows() amount {
	return slices.DeleteFunc(slices.Concat(i.amounts()...), func(p part) bool { return p.clock || p.around != own })
}

func compareKeys(a, b groupKey) int {
	return cmp.Or(cmp.Compare(a.period, b.period), slices.Compare(a.group[:], b.group[:]))
}

// leftOuts gathers what does not count.
type leftOuts struct {
	all   []*leaving
	index map[leavingKey]*leaving
}

// leavingKey names a thing that does not count in a figure.
type leavingKey struct {
	indicator string
	why       Why
	columns   string
	group     [maxDimensions]uint64
}

type leaving struct {
	leavingKey
	columns []store.Column
	periods []int
}

func (o *leftOuts) add(i *Indicator, columns []store.Column, key groupKey, why Why) {
	k := leavingKey{i.ID, why, fmt.Sprint(columns), key.group}
	l := o.index[k]
	if l == nil {
		l = &leaving{leavingKey: k, columns: columns}
		if o.index == nil {
			o.index = map[leavingKey]*leaving{}
		}
		o.index[k] = l
		o.all = append(o.all, l)
	}
	if !slices.Contains(l.periods, key.period) {
		l.periods = append(l.periods, key.period)
	}
}

// write puts the first of them, with texts, into the answer.
func (o *leftOuts) write(ctx context.Context, src Source, q *question, a *Answer) error {
	slices.SortStableFunc(o.all, func(x, y *leaving) int {
		return cmp.Or(cmp.Compare(place(q, x), place(q, y)), slices.Compare(x.group[:], y.group[:]), cmp.Compare(x.why, y.why))
	})
	first := o.all[:min(len(o.all), MaxLeftOut)]
	a.LeftOutMore = len(o.all) - len(first)
	var keys []uint64
	for _, l := range first {
		for n, c := range l.columns {
			if coded(c) && l.group[n] != 0 {
				keys = append(keys, l.group[n])
			}
		}
	}
	texts, err := src.Codes(ctx, slices.Compact(slices.Sorted(slices.Values(keys))))
	if err != nil {
		return err
	}
	for _, l := range first {
		row := LeftOut{Indicator: l.indicator, Why: l.why, Cells: map[store.Column]string{}}
		for n, c := range l.columns {
			row.Cells[c] = cell(c, l.group[n], texts)
		}
		for _, n := range slices.Sorted(slices.Values(l.periods)) {
			row.Periods = append(row.Periods, q.periods[n].label)
		}
		a.LeftOut = append(a.LeftOut, row)
	}
	return nil
}

func place(q *question, l *leaving) int {
	return slices.IndexFunc(q.indicators, func(i Indicator) bool { return i.ID == l.indicator })
}
