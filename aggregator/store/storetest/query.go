package storetest

import (
	"cmp"
	"context"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// factRow is one row of a fact table with its period.
type factRow struct {
	period   int32
	group    group
	measures []int64
}

// table returns a fact's hourly or daily table.
func (m *memory) table(fact store.Fact, hourly bool) []factRow {
	type key struct {
		period int32
		group  group
	}
	if fact >= store.EventFacts {
		return m.fileFacts(fact)
	}
	sums := map[key][]int64{}
	for c, closed := range m.closed {
		period := int32(c.Hour)
		if !hourly {
			period = int32(c.Hour.Day())
		}
		for g, measures := range closed.facts[fact] {
			k := key{period, g}
			if sums[k] == nil {
				sums[k] = make([]int64, len(measures))
			}
			for i, n := range measures {
				sums[k][i] += n
			}
		}
	}
	var rows []factRow
	for k, measures := range sums {
		rows = append(rows, factRow{k.period, k.group, measures})
	}
	return rows
}

func (m *memory) Query(_ context.Context, q store.Query) ([]store.Row, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	table := m.table(q.Fact, q.Hourly)
	if q.Aired {
		for i := range table {
			aired := int32(value(q.Fact, &table[i], store.ColAired))
			if table[i].period = aired; !q.Hourly {
				table[i].period = int32(aggregator.Hour(aired).Day())
			}
		}
	}
	var rows []store.Row
	for i, span := range q.Spans {
		groups := map[group]*answer{}
		last := latest(&q, table, span)
		for _, r := range table {
			if r.period < span.From || r.period >= span.To || !m.passes(&q, &r) {
				continue
			}
			if q.Latest && r.period != last[value(q.Fact, &r, store.ColProvince)] {
				continue
			}
			var g group
			for j, c := range q.GroupBy {
				g[j] = m.value(&q, &r, c)
			}
			if groups[g] == nil {
				groups[g] = newAnswer(&q)
			}
			groups[g].add(&q, &r)
		}
		for n, v := range q.Values {
			if v.Count == 0 {
				continue
			}
			for g, count := range m.counting(&q, span, v) {
				if groups[g] == nil {
					groups[g] = newAnswer(&q)
				}
				groups[g].sums[n] = count
			}
		}
		for g, a := range groups {
			if values := a.values(); slices.ContainsFunc(values, func(n int64) bool { return n != 0 }) {
				rows = append(rows, store.Row{Span: i, Group: slices.Clone(g[:len(q.GroupBy)]), Values: values})
			}
		}
	}
	if q.Limit > 0 {
		slices.SortFunc(rows, func(a, b store.Row) int {
			return cmp.Or(cmp.Compare(b.Values[0], a.Values[0]), slices.Compare(a.Group, b.Group), cmp.Compare(a.Span, b.Span))
		})
		rows = rows[:min(q.Limit, len(rows))]
	}
	slices.SortFunc(rows, func(a, b store.Row) int {
		return cmp.Or(cmp.Compare(a.Span, b.Span), slices.Compare(a.Group, b.Group))
	})
	return rows, nil
}

// latest is the last period with rows in a span, by province.
func latest(q *store.Query, table []factRow, span store.Span) map[uint64]int32 {
	last := map[uint64]int32{}
	for i := range table {
		r := &table[i]
		p := value(q.Fact, r, store.ColProvince)
		if before, ok := last[p]; r.period >= span.From && r.period < span.To && (!ok || r.period > before) {
			last[p] = r.period
		}
	}
	return last
}

// passes applies the scope and the filters.
func (m *memory) passes(q *store.Query, r *factRow) bool {
	scope := aggregator.Scope{All: q.AllProvinces, Provinces: q.Provinces}
	if !scope.Sees(aggregator.Province(value(q.Fact, r, store.ColProvince))) {
		return false
	}
	for _, f := range q.Filters {
		if f.Column == store.ColPackage {
			if m.packaged(q, r, f.In) == f.Not {
				return false
			}
			continue
		}
		if !f.Keeps(m.value(q, r, f.Column)) {
			return false
		}
	}
	if len(q.Among.Columns) > 0 {
		tuple := make([]uint64, len(q.Among.Columns))
		for i, c := range q.Among.Columns {
			tuple[i] = m.value(q, r, c)
		}
		return slices.ContainsFunc(q.Among.In, func(t []uint64) bool { return slices.Equal(t, tuple) }) != q.Among.Not
	}
	return true
}

// value is a dimension of a row, or when it was, or what the catalogue makes of
// its content.
func (m *memory) value(q *store.Query, r *factRow, c store.Column) uint64 {
	fact := q.Fact
	day, hourOfDay := aggregator.Day(r.period), uint64(0)
	if q.Hourly {
		day = aggregator.Hour(r.period).Day()
		hourOfDay = uint64(aggregator.Hour(r.period) - day.FirstHour())
	}
	switch c {
	case store.ColHourOfDay:
		return hourOfDay
	case store.ColWeekday:
		return uint64(day - day.Week())
	}
	shape := store.ShapeOf(fact)
	switch {
	case slices.Contains(shape.Dimensions, c):
	case c == store.ColModel:
		model := uint64(0)
		for k, id := range m.identities {
			if k.Box == value(fact, r, store.ColBox) {
				model = max(model, id.Model)
			}
		}
		return model
	case slices.Contains(shape.Dimensions, store.ColBroadcast):
		return m.airs(aggregator.Province(value(fact, r, store.ColProvince)), value(fact, r, store.ColBroadcast), c)
	case slices.Contains(store.ContentColumns, c):
		return m.meaning(aggregator.Province(value(fact, r, store.ColProvince)), value(fact, r, store.ColContent), c)
	}
	return value(fact, r, c)
}

func value(fact store.Fact, r *factRow, c store.Column) uint64 {
	return r.group[slices.Index(store.ShapeOf(fact).Dimensions, c)]
}

// answer gathers the values of one group.
type answer struct {
	sums  []int64
	boxes []map[uint64]int64 // for values by box, the sum of each whose measure was > 0
	units []int64
}

func newAnswer(q *store.Query) *answer {
	a := &answer{sums: make([]int64, len(q.Values)), boxes: make([]map[uint64]int64, len(q.Values)), units: make([]int64, len(q.Values))}
	for i, v := range q.Values {
		if v.ByBox() {
			a.boxes[i], a.units[i] = map[uint64]int64{}, v.Squares
		}
	}
	return a
}

func (a *answer) add(q *store.Query, r *factRow) {
	for i, v := range q.Values {
		n := r.measures[slices.Index(store.ShapeOf(q.Fact).Measures, v.Measure)]
		switch {
		case v.Count != 0:
		case !v.ByBox():
			a.sums[i] += n
		case n > 0:
			a.boxes[i][value(q.Fact, r, store.ShapeOf(q.Fact).Counted())] += n
		}
	}
}

func (a *answer) values() []int64 {
	out := slices.Clone(a.sums)
	for i, boxes := range a.boxes {
		switch unit := a.units[i]; {
		case boxes != nil && unit == 0:
			out[i] = int64(len(boxes))
		case boxes != nil:
			for _, n := range boxes {
				n = (n + unit/2) / unit
				out[i] += n * n
			}
		}
	}
	return out
}
