package source

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// maxBy is how many dimensions a source has at most: province, city, product, provider
// and weekday.
const maxBy = 5

type resultKey struct {
	span  int
	group [maxBy]uint64
}

type result struct {
	key    resultKey
	values []int64
	seen   []map[int64]struct{} // of HowDistinct
}

// scan is a question on its way.
type scan struct {
	t       *Table
	q       *store.Query
	columns map[int][]int64 // read so far
}

func (s *scan) column(n int) ([]int64, error) {
	if c, ok := s.columns[n]; ok {
		return c, nil
	}
	c, err := s.t.column(n)
	s.columns[n] = c
	return c, err
}

// dimension returns the values of one of the catalogue's dimensions, or of a column of text,
// by row.
func (s *scan) dimension(d store.Column) (func(row int) uint64, error) {
	want := func(c *StoredColumn) bool { return c.Type.dimension() == d }
	if _, name, own := indicator.CutTextColumn(d); own {
		want = func(c *StoredColumn) bool { return c.Name == name && c.Type == TypeText }
	}
	if d == store.ColWeekday {
		want = func(c *StoredColumn) bool { return c.Type == TypeDate }
	}
	n := s.t.place(want)
	if n < 0 {
		return nil, faultf("bad_dimension", "The data source has no column %s any more.", clip(string(d)))
	}
	values, err := s.column(n)
	if err != nil {
		return nil, err
	}
	if d == store.ColWeekday {
		return func(row int) uint64 { return uint64((int(aggregator.Day(values[row]).Time().Weekday()) + 6) % 7) }, nil
	}
	return func(row int) uint64 { return uint64(values[row]) }, nil
}

// Query answers a question, see indicator.OwnSources. Rows without a province are seen
// by who sees all provinces alone.
func (t *Table) Query(ctx context.Context, q store.Query) ([]store.Row, error) {
	if !q.AllProvinces && len(q.Provinces) == 0 || len(q.Spans) == 0 {
		return nil, nil
	}
	if q.Hourly || len(q.GroupBy) > maxBy {
		return nil, fmt.Errorf("source: a question that no source answers")
	}
	s := &scan{t: t, q: &q, columns: map[int][]int64{}}
	keep, err := s.keep()
	if err != nil {
		return nil, err
	}
	spans, err := s.spans()
	if err != nil {
		return nil, err
	}
	var by []func(int) uint64
	for _, d := range q.GroupBy {
		f, err := s.dimension(d)
		if err != nil {
			return nil, err
		}
		by = append(by, f)
	}
	takes, err := s.values()
	if err != nil {
		return nil, err
	}
	found := map[resultKey]*result{}
	for row := range int(t.foot.Rows) {
		if row%65_536 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if slices.ContainsFunc(keep, func(k func(int) bool) bool { return !k(row) }) {
			continue
		}
		var key resultKey
		for n, f := range by {
			key.group[n] = f(row)
		}
		for _, span := range spans(row) {
			key.span = int(span)
			r := found[key]
			if r == nil {
				r = &result{key: key, values: make([]int64, len(takes)), seen: make([]map[int64]struct{}, len(takes))}
				for n, take := range takes {
					r.values[n] = take.zero
				}
				found[key] = r
			}
			for n, take := range takes {
				take.add(r, n, row)
			}
		}
	}
	return rows(found, takes, len(q.GroupBy), q.Limit), nil
}

// rows orders what was found, and cuts it.
func rows(found map[resultKey]*result, takes []take, by, limit int) []store.Row {
	all := make([]*result, 0, len(found))
	for _, r := range found {
		for n, take := range takes {
			if r.seen[n] != nil {
				r.values[n] = int64(len(r.seen[n]))
			}
			if r.values[n] == take.zero && take.zero != 0 { // no number
				r.values[n] = 0
			}
		}
		all = append(all, r)
	}
	if limit > 0 && len(all) > limit {
		slices.SortFunc(all, func(a, b *result) int { return cmp.Or(cmp.Compare(b.values[0], a.values[0]), byGroup(a, b)) })
		all = all[:limit]
	}
	slices.SortFunc(all, byGroup)
	out := make([]store.Row, len(all))
	for n, r := range all {
		out[n] = store.Row{Span: r.key.span, Group: slices.Clone(r.key.group[:by]), Values: r.values}
	}
	return out
}

// keep are the conditions that a row must meet: the reader's provinces first.
func (s *scan) keep() ([]func(int) bool, error) {
	var all []func(int) bool
	if !s.q.AllProvinces {
		n := s.t.place(func(c *StoredColumn) bool { return c.Type == TypeProvince })
		if n < 0 {
			return []func(int) bool{func(int) bool { return false }}, nil
		}
		values, err := s.column(n)
		if err != nil {
			return nil, err
		}
		var open [256]bool
		for _, p := range s.q.Provinces {
			open[p] = p != 0
		}
		all = append(all, func(row int) bool { return values[row] >= 0 && values[row] < 256 && open[values[row]] })
	}
	for n := range s.q.Filters {
		f := &s.q.Filters[n]
		value, err := s.dimension(f.Column)
		if err != nil {
			return nil, err
		}
		in := map[uint64]bool{}
		for _, v := range f.In {
			in[v] = true
		}
		all = append(all, func(row int) bool { return in[value(row)] != f.Not })
	}
	if a := &s.q.Among; len(a.Columns) > 0 {
		var values []func(int) uint64
		for _, c := range a.Columns {
			value, err := s.dimension(c)
			if err != nil {
				return nil, err
			}
			values = append(values, value)
		}
		in := map[[maxBy]uint64]bool{}
		for _, tuple := range a.In {
			var k [maxBy]uint64
			copy(k[:], tuple)
			in[k] = true
		}
		all = append(all, func(row int) bool {
			var k [maxBy]uint64
			for n, value := range values {
				k[n] = value(row)
			}
			return in[k] != a.Not
		})
	}
	return all, nil
}

// spans returns in which spans a row lies; without a column of days in all of them.
func (s *scan) spans() (func(row int) []int32, error) {
	n := s.t.place(func(c *StoredColumn) bool { return c.Type == TypeDate })
	if n < 0 {
		every := make([]int32, len(s.q.Spans))
		for i := range every {
			every[i] = int32(i)
		}
		return func(int) []int32 { return every }, nil
	}
	days, err := s.column(n)
	if err != nil {
		return nil, err
	}
	first, last := s.q.Spans[0].From, s.q.Spans[0].To
	for _, span := range s.q.Spans {
		first, last = min(first, span.From), max(last, span.To)
	}
	if int64(last)-int64(first) > maxDays {
		return nil, fmt.Errorf("source: a question over %d days", last-first)
	}
	of := make([][]int32, last-first) // spans by day
	for i, span := range s.q.Spans {
		for d := span.From; d < span.To; d++ {
			of[d-first] = append(of[d-first], int32(i))
		}
	}
	return func(row int) []int32 {
		if d := days[row] - int64(first); d >= 0 && d < int64(len(of)) {
			return of[d]
		}
		return nil
	}, nil
}

// maxDays bounds the days from the first span to the last: indicator asks for years.
const maxDays = 400_000

// take makes one number of the rows of a group.
type take struct {
	zero int64 // of no rows
	add  func(r *result, n, row int)
}

func (s *scan) values() ([]take, error) {
	var all []take
	for _, v := range s.q.Values {
		how, name := indicator.HowOf(v.Measure)
		if how == indicator.HowRows {
			all = append(all, take{add: func(r *result, n, _ int) { r.values[n]++ }})
			continue
		}
		at := s.t.place(func(c *StoredColumn) bool { return c.Name == name })
		if at < 0 {
			return nil, faultf("bad_indicator", "The data source has no column %q any more.", clip(name))
		}
		column, err := s.column(at)
		if err != nil {
			return nil, err
		}
		if how == indicator.HowDistinct {
			all = append(all, take{add: func(r *result, n, row int) {
				if r.seen[n] == nil {
					r.seen[n] = map[int64]struct{}{}
				}
				if column[row] != 0 { // the empty text is none
					r.seen[n][column[row]] = struct{}{}
				}
			}})
			continue
		}
		t := take{}
		var add func(into *int64, v int64)
		switch how {
		case indicator.HowSum:
			add = func(into *int64, v int64) { *into += v }
		case indicator.HowFilled:
			add = func(into *int64, _ int64) { *into++ }
		case indicator.HowAny:
			add = func(into *int64, _ int64) { *into = 1 }
		case indicator.HowLeast:
			t.zero, add = math.MaxInt64, func(into *int64, v int64) { *into = min(*into, v) }
		case indicator.HowGreatest:
			t.zero, add = math.MinInt64, func(into *int64, v int64) { *into = max(*into, v) }
		default:
			return nil, fmt.Errorf("source: there is no number %s", v.Measure)
		}
		t.add = func(r *result, n, row int) {
			if v := column[row]; v != none {
				add(&r.values[n], v)
			}
		}
		all = append(all, t)
	}
	return all, nil
}
