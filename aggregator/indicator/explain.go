package indicator

import (
	"context"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Explanation says how a figure came about: its formula, and every number that went
// into it, so that a reader can work it out by hand:
//
//	figure = Times / By × (± value numbers) ÷ (over numbers) ÷ (beside numbers)
//
// where without over numbers beside ones multiply. Projected figures come of strata
// instead; see projection.
type Explanation struct {
	Indicator string `json:"indicator"`
	Title     Text   `json:"title"`
	Unit      Unit   `json:"unit"`
	Formula   Text   `json:"formula"`
	// Period is the cell's; Filters are the question's.
	Period  string   `json:"period"`
	Filters []Filter `json:"filters"`
	// Figure and Before, with Compare, are what the numbers make; none if what is
	// divided by is 0.
	Figure Number `json:"figure"`
	Before Number `json:"before"`

	Times int64 `json:"times,omitempty"`
	By    int64 `json:"by,omitempty"`
	// Curved: the figure is no multiple of the quotient, the formula's words say what
	// is made of it.
	Curved  bool            `json:"curved,omitempty"`
	Numbers []ExplainedSum  `json:"numbers,omitempty"`
	Strata  []ExplainedPart `json:"strata,omitempty"`

	AsOf        Moment `json:"as_of"`
	RuleVersion string `json:"rule_version"`
	// Edit and EditVersions are as in Answer.
	Edit         Edit     `json:"edit,omitempty"`
	EditVersions []string `json:"edit_versions,omitempty"`
	// Sources are as in Answer.
	Sources []SourceState `json:"sources,omitempty"`
}

// ExplainedSum is one number of a figure.
type ExplainedSum struct {
	Role  Role `json:"role"`
	Minus bool `json:"minus,omitempty"` // it is taken away
	Title Text `json:"title"`
	// Fact and Measure are where it is read, see store.Fact; "" for the length of the
	// time. Counted is what is counted once each, box, account or airing; "": it is
	// a sum.
	Fact    string        `json:"fact,omitempty"`
	Measure store.Measure `json:"measure,omitempty"`
	Counted store.Column  `json:"counted,omitempty"`
	// Only is what else than by the filters it is restricted to.
	Only *Filter `json:"only,omitempty"`
	// Ignores are the filters' dimensions that it does not follow: the boxes of a
	// place are the same for every channel.
	Ignores []store.Column `json:"ignores,omitempty"`
	// From and To are the days it is read of, both inside; BeforeFrom and BeforeTo
	// those of Before.
	From       string `json:"from"`
	To         string `json:"to"`
	Number     int64  `json:"number"`
	BeforeFrom string `json:"before_from,omitempty"`
	BeforeTo   string `json:"before_to,omitempty"`
	Before     int64  `json:"before,omitempty"`
}

// Role is a number's place in the formula.
type Role string

const (
	RoleValue  Role = "value"
	RoleOver   Role = "over"
	RoleBeside Role = "beside"
)

// ExplainedPart is a stratum of a projection, a city.
type ExplainedPart struct {
	Province  string `json:"province"`
	City      string `json:"city"`
	Accounts  int64  `json:"accounts"`  // active, N
	Reporting int64  `json:"reporting"` // boxes, n
	Sum       Number `json:"sum"`       // of what they had, Σy
	Squares   Number `json:"squares"`   // Σy²
	LeftOut   bool   `json:"left_out"`  // fewer than MinCoverage % of the accounts report
}

// Explain explains the one figure that r asks for: one indicator, one period, no
// dimensions; whoever asks about a cell of an answer filters by its values. The
// scope holds as in Evaluate.
func Explain(ctx context.Context, src Source, scope aggregator.Scope, r *Request) (*Explanation, error) {
	if len(r.Indicators) != 1 || len(r.Dimensions) > 0 || r.Limit > 0 || r.Top > 0 || r.LikeForLike || r.Totals {
		return nil, faultf("bad_explain", "explain: one figure is explained at a time; ask for one indicator without dimensions, limit, top, totals and like_for_like, and filter by the cell's values")
	}
	q, err := r.question()
	if err != nil {
		return nil, err
	}
	if len(q.periods) != 1 {
		return nil, faultf("bad_explain", "explain: %d periods; ask from the first to the last day of one, with grain total", len(q.periods))
	}
	i := &q.indicators[0]
	e := &Explanation{Indicator: i.ID, Title: i.Title, Unit: i.Unit, Formula: i.Formula, Period: q.periods[0].label, Filters: r.Filters,
		Figure: None(), Before: None(), RuleVersion: RuleVersion}
	if e.Filters == nil {
		e.Filters = []Filter{}
	}
	ms, _, err := src.AsOf(ctx)
	if err != nil {
		return nil, err
	}
	e.AsOf, e.Edit = Moment(ms), q.edit
	if q.edit == Edited {
		from, to := q.hours()
		if e.EditVersions, err = src.EditVersions(ctx, scope, from, to); err != nil {
			return nil, err
		}
	}
	if e.Sources, err = q.states(scope); err != nil {
		return nil, err
	}
	if !scope.All && len(scope.Provinces) == 0 {
		return e, nil
	}
	if i.Projected() {
		return e, q.explainStrata(ctx, src, scope, e)
	}
	p := q.plan(i.amounts()...)
	if err := p.run(ctx, src, scope); err != nil {
		return nil, err
	}
	sums := p.sums[groupKey{}]
	e.Figure, e.Times, e.By, e.Curved = p.of(i, 0, sums, false), i.times, i.by, i.Curved()
	if q.before != nil {
		e.Before = p.of(i, 0, sums, true)
	}
	for n, a := range i.amounts() {
		for at, part := range a {
			e.Numbers = append(e.Numbers, p.explain(part, []Role{RoleValue, RoleOver, RoleBeside}[n], sums, p.places[n][at]))
		}
	}
	return e, nil
}

func (p *plan) explain(t part, role Role, sums []int64, place int) ExplainedSum {
	q := p.q
	s := ExplainedSum{Role: role, Minus: t.minus, Number: sums[place]}
	for _, f := range q.filters {
		if !t.follows(f.Column) {
			s.Ignores = append(s.Ignores, f.Column)
		}
	}
	days := func(span store.Span) (from, to string) {
		span = t.stretch.of(span, q.hourly)
		if q.hourly && t.stretch.follows() {
			return aggregator.Hour(span.From).Day().String(), aggregator.Hour(span.To - 1).Day().String()
		}
		return aggregator.Day(span.From).String(), aggregator.Day(span.To - 1).String()
	}
	s.From, s.To = days(q.periods[0].span)
	if q.before != nil {
		s.BeforeFrom, s.BeforeTo = days(q.before[0])
		s.Before = sums[p.terms+place]
	}
	if t.clock {
		s.Title = Text{"时段长度（毫秒）", "length of the time in milliseconds"}
		return s
	}
	if t.source != "" {
		how, column := HowOf(t.value.Measure)
		s.Fact, s.Measure, s.Title = string(aggregator.DataOfSource(t.source)), t.value.Measure, howTitles[how]
		if column != "" {
			s.Title = Text{column + " " + s.Title.ZH, s.Title.EN + " of " + column}
		}
		return s
	}
	shape := store.ShapeOf(t.fact)
	s.Fact, s.Measure, s.Title = shape.Name, t.value.Measure, measureTitles[t.value.Measure]
	if t.value.DistinctBoxes {
		s.Counted = shape.Counted()
		what := countedTitles[s.Counted]
		s.Title = Text{"有" + s.Title.ZH + "的" + what.ZH, what.EN + " with " + s.Title.EN}
	}
	if t.only != (only{}) {
		f := t.only.filter()
		s.Only = &Filter{Dimension: f.Column}
		for _, v := range f.In {
			s.Only.In = append(s.Only.In, cell(f.Column, v, nil))
		}
	}
	return s
}

// explainStrata lists the cities of a projection, and what they make.
func (q *question) explainStrata(ctx context.Context, src Source, scope aggregator.Scope, e *Explanation) error {
	i := &q.indicators[0]
	found, err := q.project(ctx, src, scope, i, &leftOuts{})
	if err != nil {
		return err
	}
	if made, ok := found[groupKey{}]; ok {
		e.Figure, e.Before = made[0].value, made[1].value
	}
	strata := *q
	strata.dimensions = byPlace
	p := strata.plan(i.projected.amounts()...)
	p.most = MaxGroups
	if err := p.run(ctx, src, scope); err != nil {
		return err
	}
	for key, sums := range p.sums {
		v := func(n int) int64 { return sums[p.places[n][0]] }
		s := ExplainedPart{Province: cell(store.ColProvince, key.group[0], nil), City: cell(store.ColCity, key.group[1], nil),
			Accounts: v(3), Reporting: v(2), Sum: Number(v(0)) / Number(i.projected.unit), Squares: Number(v(1))}
		s.LeftOut = s.Accounts == 0 || 100*s.Reporting < MinCoverage*s.Accounts
		if s.Accounts+s.Reporting > 0 {
			e.Strata = append(e.Strata, s)
		}
	}
	slices.SortFunc(e.Strata, func(a, b ExplainedPart) int {
		return slices.Compare([]string{a.Province, a.City}, []string{b.Province, b.City})
	})
	return nil
}
