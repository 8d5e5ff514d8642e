package indicator

import (
	"context"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// plan is the store's questions that together answer q, and the sums they give.
type plan struct {
	q     *question
	asks  []*ask
	terms int // how many different terms
	most  int // groups; 0: as the question allows
	// places holds for each amount where its terms are.
	places [][]int
	// sums holds the terms of each group, first of its own time, then of the
	// earlier one.
	sums map[groupKey][]int64
}

// ask is one question to the store. Terms over the same rows share it; of facts that
// the store works out anew for each question (see pooled) whatever of them they keep.
type ask struct {
	term    // but its value
	values  []store.Value
	numbers []number
	by      []int // places of the question's dimensions that it is grouped by
	// kept are columns that it is grouped by besides, because terms keep different
	// rows.
	kept []store.Column

	spans   []store.Span
	targets [][]target // of each span
	// context holds, if the ask follows not all dimensions, its values by those it
	// follows, the others 0: first of its own time, then of the earlier one.
	context map[groupKey][]int64
}

// number is what one term makes of the rows of an ask.
type number struct {
	value int  // place in the ask's values
	only  only // the rows it keeps
	at    int  // place of only's column in the rows' groups
	place int  // in the sums
}

// pooled reports whether terms that keep different rows of the fact share a question:
// its rows are few, and to make them costs as much for some as for all.
func (t *term) pooled() bool { return t.fact == store.FactPresence }

// target says where a span's numbers go.
type target struct {
	period  int
	earlier bool
}

// plan finds the sums of amounts; an indicator that is not projected has three.
func (q *question) plan(amounts ...amount) *plan {
	p := &plan{q: q, sums: map[groupKey][]int64{}}
	for _, a := range amounts {
		var places []int
		for _, t := range a {
			places = append(places, p.place(t.term))
		}
		p.places = append(p.places, places)
	}
	for _, a := range p.asks {
		a.keep(q)
		a.aim(q)
	}
	return p
}

// place finds or makes room for a term.
func (p *plan) place(t term) int {
	value, keeps := t.value, only{}
	t.value = store.Value{}
	if t.pooled() {
		keeps, t.only = t.only, keeps
	}
	i := slices.IndexFunc(p.asks, func(a *ask) bool { return a.term == t })
	if i < 0 {
		i = len(p.asks)
		a := &ask{term: t}
		for n, d := range p.q.dimensions {
			if t.follows(d) {
				a.by = append(a.by, n)
			}
		}
		if t.around != own || len(a.by) < len(p.q.dimensions) {
			a.context = map[groupKey][]int64{}
		}
		p.asks = append(p.asks, a)
	}
	a := p.asks[i]
	v := slices.Index(a.values, value)
	if v < 0 {
		v = len(a.values)
		a.values = append(a.values, value)
	}
	if n := slices.IndexFunc(a.numbers, func(n number) bool { return n.value == v && n.only == keeps }); n >= 0 {
		return a.numbers[n].place
	}
	a.numbers = append(a.numbers, number{value: v, only: keeps, place: p.terms})
	p.terms++
	return p.terms - 1
}

// keep settles how the rows are told apart that numbers keep: if all keep the same
// by a filter, else by groups.
func (a *ask) keep(q *question) {
	if !slices.ContainsFunc(a.numbers, func(n number) bool { return n.only != a.numbers[0].only }) {
		if a.pooled() {
			a.only = a.numbers[0].only
		}
		for i := range a.numbers {
			a.numbers[i].only = only{}
		}
		return
	}
	for i := range a.numbers {
		n := &a.numbers[i]
		if n.only == (only{}) {
			continue
		}
		if n.at = slices.IndexFunc(a.by, func(d int) bool { return q.dimensions[d] == n.only.column }); n.at >= 0 {
			continue
		}
		k := slices.Index(a.kept, n.only.column)
		if k < 0 {
			k = len(a.kept)
			a.kept = append(a.kept, n.only.column)
		}
		n.at = len(a.by) + k
	}
}

// pick are the numbers that a row makes; any is false if all are 0.
func (a *ask) pick(r *store.Row) (values []int64, any bool) {
	values = make([]int64, len(a.numbers))
	for i, n := range a.numbers {
		if n.only == (only{}) || n.only.keeps(r.Group[n.at]) {
			values[i] = r.Values[n.value]
		}
		any = any || values[i] != 0
	}
	return values, any
}

// aim sets the spans of an ask; periods with one span share it.
func (a *ask) aim(q *question) {
	index := map[store.Span]int{}
	add := func(s store.Span, t target) {
		s = a.stretch.of(s, q.hourly)
		i, ok := index[s]
		if !ok {
			i = len(a.spans)
			index[s] = i
			a.spans = append(a.spans, s)
			a.targets = append(a.targets, nil)
		}
		a.targets[i] = append(a.targets[i], t)
	}
	for n, p := range q.periods {
		if q.chosen != nil && !q.chosen[n] {
			continue
		}
		add(p.span, target{n, false})
		if q.before != nil {
			add(q.before[n], target{n, true})
		}
	}
}

// run asks the store and adds up.
func (p *plan) run(ctx context.Context, src Source, scope aggregator.Scope) error {
	if len(p.q.dimensions) == 0 {
		for n := range p.q.periods {
			if p.q.chosen == nil || p.q.chosen[n] {
				p.sums[groupKey{period: n}] = make([]int64, 2*p.terms)
			}
		}
	}
	most := p.limit()
	for _, a := range p.asks {
		if a.clock {
			continue
		}
		sq := p.query(a, scope)
		top := p.top()
		if top {
			sq.Limit = p.q.limit
		} else {
			// More than this is an error below; the store need not send it.
			sq.Limit = most + 1
			if p.q.before != nil {
				sq.Limit = 2*most + 1
			}
			for range a.kept {
				sq.Limit *= keptValues
			}
		}
		rows, err := a.rows(ctx, src, sq)
		if err != nil {
			return err
		}
		if !top && len(rows) >= sq.Limit {
			return tooMany(most)
		}
		p.add(a, rows)
		if len(p.sums) > most {
			return tooMany(most)
		}
	}
	for key, sums := range p.sums {
		p.surround(key, sums)
	}
	return nil
}

// limit is how many groups there may be.
func (p *plan) limit() int {
	switch {
	case p.most > 0:
		return p.most
	case p.q.limit == 0:
		return p.q.mostRows
	}
	return MaxGroups
}

func isTime(c store.Column) bool { return slices.Contains(store.TimeColumns, c) }

// keptValues is how many values a column has at most that terms keep rows by.
const keptValues = 8

// top reports whether the store itself can find the first rows: one sum over
// one period, in descending order.
func (p *plan) top() bool {
	q := p.q
	return q.limit > 0 && p.terms == 1 && len(q.periods) == 1 && q.before == nil && len(q.indicators) == 1 &&
		q.descending && q.order == len(q.columns)-1
}

func (p *plan) query(a *ask, scope aggregator.Scope) store.Query {
	q := store.Query{
		Fact: a.fact, Hourly: p.q.hourly && a.stretch.follows(), Spans: a.spans, Latest: a.stretch.stock != noStock,
		AllProvinces: scope.All, Provinces: scope.Provinces,
		Among: a.among(&p.q.among), Aired: a.aired, Values: a.values,
	}
	for _, n := range a.by {
		q.GroupBy = append(q.GroupBy, p.q.dimensions[n])
	}
	q.GroupBy = append(q.GroupBy, a.kept...)
	for _, f := range p.q.filters {
		if a.follows(f.Column) {
			q.Filters = append(q.Filters, f)
		}
	}
	if a.only != (only{}) {
		q.Filters = append(q.Filters, a.only.filter())
	}
	if a.search {
		q.Filters = append(q.Filters, searching())
	}
	if !q.Hourly && q.Asks(store.ColHourOfDay) {
		q.Hourly, q.Spans = true, slices.Clone(q.Spans)
		for n, s := range q.Spans {
			q.Spans[n] = store.Span{From: s.From * 24, To: s.To * 24}
		}
	}
	return q
}

func (p *plan) add(a *ask, rows []store.Row) {
	for i := range rows {
		row := &rows[i]
		values, any := a.pick(row)
		if !any {
			continue
		}
		for _, t := range a.targets[row.Span] {
			key := groupKey{period: t.period}
			for i, n := range a.by {
				key.group[n] = row.Group[i]
			}
			if a.context != nil {
				gather(a.context, key, len(a.numbers), t.earlier, values, func(n int) int { return n })
			} else {
				gather(p.sums, key, p.terms, t.earlier, values, func(n int) int { return a.numbers[n].place })
			}
		}
	}
}

// among is the part of a filter over several columns that the term follows. What
// none of the tuples shall be is anything at all to who does not follow all columns.
func (a *ask) among(all *store.Among) store.Among {
	var places []int
	var some store.Among
	for n, c := range all.Columns {
		if a.follows(c) {
			places = append(places, n)
			some.Columns = append(some.Columns, c)
		}
	}
	switch {
	case len(places) == len(all.Columns):
		return *all
	case all.Not:
		return store.Among{}
	}
	for _, t := range all.In {
		tuple := make([]uint64, len(places))
		for i, n := range places {
			tuple[i] = t[n]
		}
		if !slices.ContainsFunc(some.In, func(o []uint64) bool { return slices.Equal(o, tuple) }) {
			some.In = append(some.In, tuple)
		}
	}
	return some
}

// gather adds values to the sums of a group, of which there are twice width.
func gather(into map[groupKey][]int64, key groupKey, width int, earlier bool, values []int64, place func(v int) int) {
	sums := into[key]
	if sums == nil {
		sums = make([]int64, 2*width)
		into[key] = sums
	}
	if earlier {
		sums = sums[width:]
	}
	for v, n := range values {
		sums[place(v)] += n
	}
}

// surround fills a group's sums with what is around it: the asks that do not follow
// all dimensions, and the length of its time.
func (p *plan) surround(key groupKey, sums []int64) {
	for _, a := range p.asks {
		if a.clock {
			span := p.q.periods[key.period].span
			sums[a.numbers[0].place] = p.q.length(span, key.group)
			if p.q.before != nil {
				sums[p.terms+a.numbers[0].place] = p.q.length(p.q.before[key.period], key.group)
			}
			continue
		}
		if a.context == nil {
			continue
		}
		around := groupKey{period: key.period}
		for _, n := range a.by {
			around.group[n] = key.group[n]
		}
		if values := a.context[around]; values != nil {
			for n, number := range a.numbers {
				sums[number.place], sums[p.terms+number.place] = values[n], values[len(a.numbers)+n]
			}
		}
	}
}

// of is the indicator whose amounts stand at place and after it, of a group's own
// time or of the earlier one.
func (p *plan) of(i *Indicator, place int, sums []int64, earlier bool) Number {
	if earlier {
		sums = sums[p.terms:]
	}
	return i.of(sums, p.places[place:])
}

func (i *Indicator) of(sums []int64, places [][]int) Number {
	value := float64(i.value.of(sums, places[0])) * float64(i.times)
	by := float64(i.by)
	for n, a := range []amount{i.over, i.beside} {
		if len(a) == 0 {
			continue
		}
		factor := float64(a.of(sums, places[n+1]))
		if len(i.over) == 0 {
			value *= factor
			continue
		}
		if factor == 0 {
			return None()
		}
		by *= factor
	}
	if i.every && slices.ContainsFunc(places[1], func(place int) bool { return sums[place] == 0 }) {
		return None()
	}
	if i.curve != nil {
		return Number(i.curve(value / by))
	}
	return Number(value / by)
}

// of adds up; places says where each term's sum is.
func (a amount) of(sums []int64, places []int) (n int64) {
	for i, p := range a {
		if p.minus {
			n -= sums[places[i]]
		} else {
			n += sums[places[i]]
		}
	}
	return n
}
