package insight

import (
	"cmp"
	"context"
	"math"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// Against says with which earlier time a time is compared.
type Against string

const (
	// SameWeekdays is the latest time before of as many days that begins with the
	// same weekday: one to seven days go back a week, eight to fourteen two.
	SameWeekdays Against = "weekdays"
	// JustBefore is the time of as many days just before.
	JustBefore Against = "previous"
	// YearBefore is the same days 364 days before, so that weekdays agree.
	YearBefore Against = "year"
)

// Againsts lists them.
func Againsts() []Against { return []Against{SameWeekdays, JustBefore, YearBefore} }

// before is the earlier time.
func (a Against) before(t Time) Time {
	back := aggregator.Day(t.days())
	switch a {
	case SameWeekdays:
		back = (back + 6) / 7 * 7
	case YearBefore:
		back = 364
	}
	return Time{t.From - back, t.To - back}
}

// MoversQuery asks what explains the change of an indicator.
type MoversQuery struct {
	Time
	Indicator string
	Against   Against // "": SameWeekdays
	// By are the dimensions to look along; none: those of usual interest that the
	// indicator has.
	By    []store.Column
	Where Where
	Limit int // how many groups of a dimension, 0: 8
}

// usual are the dimensions in which business people look for a reason.
var usual = []store.Column{store.ColProvince, store.ColCity, store.ColMode, store.ColGenre, store.ColPlace, store.ColMaker, store.ColProvider, store.ColChannel, store.ColProduct, store.ColPage, store.ColFlow, store.ColOp}

// Movers is what explains a change. Each dimension explains all of it: the changes
// of its movers, its rest and its overlap add up to the indicator's.
type Movers struct {
	Indicator string           `json:"indicator"`
	Title     indicator.Text   `json:"title"`
	Unit      indicator.Unit   `json:"unit"`
	From      string           `json:"from"`
	To        string           `json:"to"`
	BaseFrom  string           `json:"base_from"`
	BaseTo    string           `json:"base_to"`
	Now       indicator.Number `json:"now"`
	Before    indicator.Number `json:"before"`
	Change    indicator.Number `json:"change"`
	Percent   indicator.Number `json:"percent"` // the change of before
	Text      indicator.Text   `json:"text"`
	Sides     []Side           `json:"sides"`
}

// Side is the change seen along one dimension. Of a ratio, each change is rate +
// mix: rate because the group itself does better, mix because better groups have
// more weight.
type Side struct {
	Dimension store.Column   `json:"dimension"`
	Title     indicator.Text `json:"title"`
	Text      indicator.Text `json:"text"`
	Movers    []Mover        `json:"movers"` // the largest first
	Rest      Mover          `json:"rest"`   // all other groups
	// Overlap is what boxes that are in several groups are counted too much; 0 if
	// none are.
	Overlap Mover `json:"overlap"`
}

// Mover is what a group has to do with a change.
type Mover struct {
	Cell   string           `json:"cell"`
	Name   indicator.Text   `json:"name"`
	Now    indicator.Number `json:"now"`
	Before indicator.Number `json:"before"`
	Change indicator.Number `json:"change"` // of the indicator, in its unit
	Share  indicator.Number `json:"share"`  // percent of the whole change
	Rate   indicator.Number `json:"rate"`   // of a ratio; else the change
	Mix    indicator.Number `json:"mix"`    // of a ratio; else 0
}

// pair is a value and an over now and before.
type pair struct{ value, over, value0, over0 int64 }

func (p pair) less(q pair) pair {
	return pair{p.value - q.value, p.over - q.over, p.value0 - q.value0, p.over0 - q.over0}
}

func (p pair) plus(q pair) pair {
	return pair{p.value + q.value, p.over + q.over, p.value0 + q.value0, p.over0 + q.over0}
}

// maxSides is how many dimensions may be asked for at once.
const maxSides = 12

// moversShown is how many groups of a dimension are named if nobody says.
const moversShown = 8

// FindMovers explains a change to a reader of the given scope.
func FindMovers(ctx context.Context, src Source, scope aggregator.Scope, q MoversQuery) (*Movers, error) {
	i, ok := indicator.Find(q.Indicator)
	if !ok {
		return nil, faultf("bad_indicator", "indicator: there is no %q; /api/v1/indicators lists them", clip(q.Indicator))
	}
	if i.Curved() {
		return nil, curved(&i)
	}
	if err := q.check(&i); err != nil {
		return nil, err
	}
	was := q.Against.before(q.Time)
	m := &mover{i: i, now: asking{src, scope, q.Time}, was: asking{src, scope, was}, filters: q.Where.filters()}
	all, err := m.pairs(ctx)
	if err != nil {
		return nil, err
	}
	m.all = all.pairs[""]
	a := &Movers{Indicator: i.ID, Title: i.Title, Unit: i.Unit, From: q.From.String(), To: q.To.String(), BaseFrom: was.From.String(), BaseTo: was.To.String(), Sides: []Side{}}
	a.Now, a.Before = m.figure(m.all.value, m.all.over), m.figure(m.all.value0, m.all.over0)
	a.Change = a.Now - a.Before
	if a.Change.Valid() {
		a.Percent = change(float64(a.Now), float64(a.Before))
	} else {
		a.Percent = indicator.None()
	}
	a.Text = m.words(a)
	if !a.Change.Valid() {
		return a, nil // there is nothing to divide by, so nothing to explain
	}
	for _, d := range q.By {
		s, err := m.side(ctx, d, q.Limit, a)
		if err != nil {
			return nil, err
		}
		if s != nil {
			a.Sides = append(a.Sides, *s)
		}
	}
	return a, nil
}

func (q *MoversQuery) check(i *indicator.Indicator) error {
	if err := q.Time.check(); err != nil {
		return err
	}
	if err := q.Where.check(); err != nil {
		return err
	}
	q.Against = cmp.Or(q.Against, SameWeekdays)
	if !slices.Contains(Againsts(), q.Against) {
		return faultf("bad_compare", "compare: there is no %q; allowed: weekdays, previous, year", clip(string(q.Against)))
	}
	if q.Limit < 0 || q.Limit > MaxShown {
		return faultf("bad_limit", "limit: %d, allowed 1 to %d", q.Limit, MaxShown)
	}
	if q.Limit == 0 {
		q.Limit = moversShown
	}
	if len(q.By) > maxSides {
		return faultf("bad_dimension", "by: %d dimensions, allowed at most %d", len(q.By), maxSides)
	}
	if q.Where.Province != 0 && !i.Has(store.ColProvince) {
		return faultf("bad_filter", "province: %s has no province", i.ID)
	}
	for n, d := range q.By {
		if !i.Has(d) || slices.Contains(q.By[:n], d) {
			return faultf("bad_dimension", "by: %s has no %q, or it stands twice; /api/v1/indicators lists its dimensions", i.ID, clip(string(d)))
		}
	}
	if len(q.By) > 0 {
		return nil
	}
	for _, d := range usual {
		if d == store.ColProvince && q.Where.Province != 0 || d == store.ColCity && q.Where.Province == 0 {
			continue // one province explains nothing; cities of all are too many to read
		}
		if i.Has(d) {
			q.By = append(q.By, d)
		}
	}
	return nil
}

// mover computes Movers.
type mover struct {
	i        indicator.Indicator
	now, was asking
	filters  []indicator.Filter
	all      pair
}

// grouped is the pairs of a dimension's groups, and their names.
type groups struct {
	pairs map[string]pair
	names map[string]indicator.Text
}

// pairs asks for both times. Too many groups are the question's error: one that is
// cut off in one time only would look as if it had come or gone.
func (m *mover) pairs(ctx context.Context, dimensions ...store.Column) (groups, error) {
	g := groups{map[string]pair{}, map[string]indicator.Text{}}
	for n, q := range []asking{m.now, m.was} {
		t, err := q.ask(ctx, parts(&m.i), m.filters, dimensions...)
		if err != nil {
			return g, err
		}
		if t.cut {
			return g, faultf("too_many_rows", "by: %s has more than %d groups; narrow the question to a province", dimensions[0], indicator.MaxRows)
		}
		for _, row := range t.Rows {
			cell := ""
			if len(dimensions) > 0 {
				cell = row.Cells[0]
				g.names[cell] = t.name(dimensions[0], cell)
			}
			p := g.pairs[cell]
			value, over := whole(row.Values[0]), int64(0)
			if len(row.Values) > 1 {
				over = whole(row.Values[1])
			}
			if n == 0 {
				p.value, p.over = value, over
			} else {
				p.value0, p.over0 = value, over
			}
			g.pairs[cell] = p
		}
	}
	return g, nil
}

// figure is the indicator of sums.
func (m *mover) figure(value, over int64) indicator.Number {
	v := m.i.Scale() * float64(value)
	if !m.i.Quotient() {
		return indicator.Number(v)
	}
	if over == 0 {
		return indicator.None()
	}
	return indicator.Number(v / float64(over))
}

// mover is what a group contributes. A sum's contribution is its own change. A
// ratio is Σ weight × rate over the groups, weight being the group's part of what
// is divided by; with r̄ the mean of the two times' ratios, a group contributes
//
//	Δ(weight × rate) − r̄ Δweight = mean weight × Δrate + Δweight × (mean rate − r̄)
//
// which adds up to the ratio's change because weights add up to 1. The first part
// is the group's own doing, the second that of its weight. A group without over in
// one of the times has no change of rate: all of its doing is weight.
func (m *mover) mover(p pair) Mover {
	g := Mover{Now: m.figure(p.value, p.over), Before: m.figure(p.value0, p.over0)}
	if !m.i.Quotient() {
		g.Change = indicator.Number(m.i.Scale() * float64(p.value-p.value0))
		g.Rate = g.Change
		return g
	}
	o1, o0 := float64(m.all.over), float64(m.all.over0)
	w1, w0 := float64(p.over)/o1, float64(p.over0)/o0
	mean := (float64(m.figure(m.all.value, m.all.over)) + float64(m.figure(m.all.value0, m.all.over0))) / 2
	scale := m.i.Scale()
	g.Change = indicator.Number(scale*float64(p.value)/o1 - scale*float64(p.value0)/o0 - mean*(w1-w0))
	if g.Now.Valid() && g.Before.Valid() {
		g.Rate = (g.Now - g.Before) * indicator.Number((w1+w0)/2)
	}
	g.Mix = g.Change - g.Rate
	return g
}

// side explains the change along one dimension; nil if there is but one group.
func (m *mover) side(ctx context.Context, d store.Column, limit int, a *Movers) (*Side, error) {
	g, err := m.pairs(ctx, d)
	if err != nil {
		return nil, err
	}
	if len(g.pairs) < 2 {
		return nil, nil
	}
	if m.i.Quotient() && !m.i.Divides(d) {
		for cell, p := range g.pairs { // also of a group that has nothing in one of the times
			p.over, p.over0 = m.all.over, m.all.over0
			g.pairs[cell] = p
		}
	}
	var movers []Mover
	var sum pair
	for cell, p := range g.pairs {
		one := m.mover(p)
		one.Cell, one.Name = cell, g.names[cell]
		movers = append(movers, one)
		sum = sum.plus(p)
	}
	slices.SortFunc(movers, func(a, b Mover) int {
		return cmp.Or(cmp.Compare(math.Abs(float64(b.Change)), math.Abs(float64(a.Change))), cmp.Compare(a.Cell, b.Cell))
	})
	var rest pair
	for _, one := range movers[min(limit, len(movers)):] {
		rest = rest.plus(g.pairs[one.Cell])
	}
	s := &Side{Dimension: d, Title: titleOf(d), Movers: first(movers, limit), Rest: m.named(rest, indicator.Text{ZH: "其余", EN: "all others"}),
		Overlap: m.named(m.all.less(sum), indicator.Text{ZH: "重复计数", EN: "counted in several"})}
	// The rest is what the others contribute one by one: groups of a ratio that are
	// put together contribute the same, but with another rate and mix.
	s.Rest.Change, s.Rest.Rate, s.Rest.Mix = 0, 0, 0
	for _, one := range movers[len(s.Movers):] {
		s.Rest.Change += one.Change
		s.Rest.Rate += one.Rate
		s.Rest.Mix += one.Mix
	}
	if !m.i.Distinct() { // groups where nothing was, such as minutes nobody watched
		s.Rest.Change += s.Overlap.Change
		s.Rest.Rate += s.Overlap.Rate
		s.Rest.Mix += s.Overlap.Mix
		s.Overlap = m.named(pair{}, s.Overlap.Name)
	}
	for n := range s.Movers {
		s.Movers[n].Share = shareOf(s.Movers[n].Change, a.Change)
	}
	s.Rest.Share, s.Overlap.Share = shareOf(s.Rest.Change, a.Change), shareOf(s.Overlap.Change, a.Change)
	s.Text = m.sideWords(s, a)
	return s, nil
}

func (m *mover) named(p pair, name indicator.Text) Mover {
	one := m.mover(p)
	one.Name = name
	return one
}

func shareOf(part, all indicator.Number) indicator.Number {
	if all == 0 {
		return indicator.None()
	}
	return 100 * part / all
}

func titleOf(d store.Column) indicator.Text {
	if one, ok := indicator.FindDimension(d); ok {
		return one.Title
	}
	return indicator.Text{ZH: string(d), EN: string(d)}
}

func (m *mover) words(a *Movers) indicator.Text {
	holes := map[string]any{
		"title": a.Title, "now": figure(float64(a.Now), a.Unit), "before": figure(float64(a.Before), a.Unit),
		"when": indicator.Text{ZH: a.BaseFrom + " 至 " + a.BaseTo, EN: a.BaseFrom + " to " + a.BaseTo}, "by": m.amount(math.Abs(float64(a.Change))),
	}
	if a.Percent.Valid() {
		holes["percent"] = "（" + signed(float64(a.Percent)) + "%）"
		holes["percentEN"] = " (" + signed(float64(a.Percent)) + "%)"
	} else {
		holes["percent"], holes["percentEN"] = "", ""
	}
	if a.BaseFrom == a.BaseTo {
		holes["when"] = a.BaseFrom
	}
	switch {
	case !a.Now.Valid() && !a.Before.Valid():
		return say("{title}：两个时段都没有数据。", "{title}: no data in either period.", holes)
	case !a.Before.Valid():
		return say("{title}为 {now}；对比时段（{when}）没有数据。", "{title}: {now}; the period before ({when}) has no data.", holes)
	case !a.Now.Valid():
		return say("{title}没有数据；对比时段（{when}）为 {before}。", "{title}: no data; {before} in the period before ({when}).", holes)
	case a.Change == 0:
		return say("{title}没有变化：{now}。", "{title} did not change: {now}.", holes)
	case a.still():
		return say("{title}几乎没有变化：{now}；对比 {when}。", "{title} hardly changed: {now}, against {when}.", holes)
	case a.Change > 0:
		return say("{title}由 {before} 升至 {now}，增加 {by}{percent}；对比 {when}。", "{title} rose from {before} to {now}, by {by}{percentEN}, against {when}.", holes)
	}
	return say("{title}由 {before} 降至 {now}，减少 {by}{percent}；对比 {when}。", "{title} fell from {before} to {now}, by {by}{percentEN}, against {when}.", holes)
}

// still reports whether the change is too small for words: less than a twentieth of
// a percent. Its parts are there all the same.
func (a *Movers) still() bool { return a.Percent.Valid() && math.Abs(float64(a.Percent)) < 0.05 }

// amount writes a change: of a percentage in points.
func (m *mover) amount(v float64) any {
	if m.i.Unit == indicator.Percent {
		return indicator.Text{ZH: rate(v) + " 个百分点", EN: rate(v) + " points"}
	}
	return figure(v, m.i.Unit)
}

func (m *mover) sideWords(s *Side, a *Movers) indicator.Text {
	if a.Change == 0 || a.still() || len(s.Movers) == 0 {
		return indicator.Text{}
	}
	lead, among := s.Movers[0], indicator.Text{}
	// What nobody knows, or what has no channel, explains little if anything else moved.
	if known := slices.IndexFunc(s.Movers, func(m Mover) bool { return m.Cell != "" && m.Change != 0 }); known > 0 {
		lead, among = s.Movers[known], indicator.Text{ZH: "已知的各组中", EN: "of what is known, "}
	}
	holes := map[string]any{"among": among, "side": s.Title, "name": nameOr(lead.Name), "change": m.moved(lead.Change), "share": rate(math.Abs(float64(lead.Share))), "against": ""}
	text := say("按{side}看，{among}{name}影响最大：{change}，占全部变化的 {share}%。", "By {side}, {among}{name} counts most: {change}, {share}% of the whole change.", holes)
	if (lead.Change < 0) != (a.Change < 0) {
		text = say("按{side}看，{among}{name}变动最大但方向相反：{change}。", "By {side}, {among}{name} moved most, but the other way: {change}.", holes)
	}
	if m.i.Quotient() {
		var rates, mixes indicator.Number
		for _, one := range append(slices.Clone(s.Movers), s.Rest, s.Overlap) {
			rates += one.Rate
			mixes += one.Mix
		}
		more := say("各组自身变化合计 {rate}，构成变化合计 {mix}。", " The groups' own change makes {rate}, the shift between them {mix}.", map[string]any{"rate": m.moved(rates), "mix": m.moved(mixes)})
		text.ZH += more.ZH
		text.EN += more.EN
	}
	return text
}

// moved writes a change with its sign.
func (m *mover) moved(v indicator.Number) any {
	sign := "+"
	switch {
	case math.Abs(float64(v)) < 0.0005: // would read "< 0.001"
		sign, v = "±", 0
	case v < 0:
		sign = "−"
	}
	switch amount := m.amount(math.Abs(float64(v))).(type) {
	case indicator.Text:
		return indicator.Text{ZH: sign + amount.ZH, EN: sign + amount.EN}
	default:
		return sign + amount.(string)
	}
}

// nameOr names what has no name.
func nameOr(t indicator.Text) indicator.Text {
	if t.ZH == "" {
		return indicator.Text{ZH: "未知", EN: "unknown"}
	}
	return t
}
