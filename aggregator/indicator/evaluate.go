package indicator

import (
	"context"
	"maps"
	"slices"
	"time"

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

// nameProducts labels products as the first province does that names them.
func (q *question) nameProducts(ctx context.Context, src Source, scope aggregator.Scope, labels map[store.Column]map[string]Text, lines []*line) error {
	cells := q.cellsOf(store.ColProduct, lines)
	if len(cells) == 0 {
		return nil
	}
	rows, err := src.Products(ctx, scope, slices.Sorted(maps.Keys(cells)))
	if err != nil {
		return err
	}
	for _, r := range rows {
		name(labels, store.ColProduct, cells[r.Code], r.Name)
	}
	return nil
}

// cellsOf are the values of a dimension in lines, and how they are written.
func (q *question) cellsOf(c store.Column, lines []*line) map[uint64]string {
	cells := map[uint64]string{}
	if at := slices.Index(q.dimensions, c); at >= 0 {
		for _, l := range lines {
			cells[l.key.group[at]] = l.cells[at]
		}
	}
	return cells
}

// name gives a cell a name that is the same in both languages, if it has none and
// needs one.
func name(labels map[store.Column]map[string]Text, c store.Column, cell, name string) {
	if _, named := labels[c][cell]; named || name == "" || name == cell {
		return
	}
	if labels[c] == nil {
		labels[c] = map[string]Text{}
	}
	labels[c][cell] = Text{name, name}
}

// nameBroadcasts labels broadcasts by their programme and beginning, and tells when they
// were. One code in several provinces is named after the first.
func (q *question) nameBroadcasts(ctx context.Context, src Source, scope aggregator.Scope, a *Answer, lines []*line) error {
	cells := q.cellsOf(store.ColBroadcast, lines)
	if len(cells) == 0 {
		return nil
	}
	rows, err := src.Broadcasts(ctx, scope, slices.Sorted(maps.Keys(cells)))
	if err != nil {
		return err
	}
	a.Airings = map[string]Airing{}
	for _, r := range rows {
		if _, told := a.Airings[cells[r.Code]]; !told {
			a.Airings[cells[r.Code]] = Airing{r.Name, Moment(r.StartMs), Moment(r.EndMs)}
		}
		if r.Name != "" {
			name(a.Labels, store.ColBroadcast, cells[r.Code], r.Name+" "+time.UnixMilli(r.StartMs).In(aggregator.Shanghai).Format("01-02 15:04"))
		}
	}
	return nil
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
	if q.limit == 0 && len(lines) > MaxRows {
		return nil, tooMany(MaxRows)
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

// write fills the lines' cells.
func (q *question) write(ctx context.Context, src Source, lines []*line) error {
	var keys []uint64
	for d, c := range q.dimensions {
		if !coded(c) {
			continue
		}
		for _, l := range lines {
			if v := l.key.group[d]; v != 0 {
				keys = append(keys, v)
			}
		}
	}
	var texts map[uint64]string
	if len(keys) > 0 {
		slices.Sort(keys)
		var err error
		if texts, err = src.Codes(ctx, slices.Compact(keys)); err != nil {
			return err
		}
	}
	for _, l := range lines {
		l.cells = make([]string, len(q.dimensions))
		for d, c := range q.dimensions {
			l.cells[d] = cell(c, l.key.group[d], texts)
		}
	}
	return nil
}

// label names cells: by the words of this package, by the country's regions, and
// by what the dictionaries told the store.
func (q *question) label(ctx context.Context, src Source, labels map[store.Column]map[string]Text, lines []*line) error {
	for d, c := range q.dimensions {
		names := map[string]Text{}
		if labelled(c) {
			keys := make([]uint64, 0, len(lines))
			for _, l := range lines {
				keys = append(keys, l.key.group[d])
			}
			slices.Sort(keys)
			told, err := src.Labels(ctx, c, slices.Compact(keys))
			if err != nil {
				return err
			}
			for _, l := range lines {
				if name, ok := told[l.key.group[d]]; ok {
					names[l.cells[d]] = Text{name.ZH, name.EN}
				}
			}
		}
		for _, l := range lines {
			if name, ok := label(c, l.key.group[d], l.cells[d]); ok {
				names[l.cells[d]] = name
			}
		}
		if len(names) > 0 {
			labels[c] = names
		}
	}
	return nil
}

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
		return MaxRows
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
