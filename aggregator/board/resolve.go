package board

import (
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// Under returns what holds where inner filters lie in outer ones: each field is the
// inner one's if it is set. Of Where a dimension of the inner replaces the same one of
// the outer.
func Under(outer, inner Filters) Filters {
	out := outer
	if inner.Period != nil {
		out.Period = inner.Period
	}
	if inner.Compare != nil {
		out.Compare = inner.Compare
	}
	if inner.Grain != "" {
		out.Grain = inner.Grain
	}
	if inner.Edit != "" {
		out.Edit = inner.Edit
	}
	out.Where = slices.Clone(inner.Where)
	for _, f := range outer.Where {
		if !slices.ContainsFunc(inner.Where, func(o indicator.Filter) bool { return o.Dimension == f.Dimension }) {
			out.Where = append(out.Where, f)
		}
	}
	return out
}

// Around returns the filters that hold for a widget: of the board, the tab, the reader
// and the widget itself, each within the one before. The reader's are what they turned
// on the page; a widget that shows last year says so itself and stays.
func (b *Board) Around(t *Tab, w *Widget, reader Filters) Filters {
	if w.Alone {
		return w.Filters
	}
	f := b.Filters
	if t.Filters != nil {
		f = Under(f, *t.Filters)
	}
	return Under(Under(f, reader), w.Filters)
}

// Question is one question of a widget.
type Question struct {
	Part    Part              `json:"part"`
	Request indicator.Request `json:"request"`
}

// Part is what of a widget an answer is for.
type Part string

const (
	PartMain  Part = "main"
	PartTrend Part = "trend" // of a figure: its course in the period
	// PartProgrammes is of a minute curve of one day: what was on, laid by LayProgrammes.
	PartProgrammes Part = "programmes"
)

// Asked is what a widget asks, and which filters it cannot follow because its figures
// do not know the dimension: readers must see that, else they would take a figure for
// one of the channel that they chose.
type Asked struct {
	Questions []Question     `json:"questions"`
	Ignored   []store.Column `json:"ignored,omitempty"`
}

// defaultPeriod is that of a widget around which nobody says any.
var defaultPeriod = Period{Last: 31, Unit: UnitDay}

// tops are how many groups kinds show if nobody says.
var tops = map[Kind]int{KindLine: 8, KindArea: 8, KindStacked: 8, KindPie: 8, KindRanking: 10, KindBar: 20, KindScatter: 200}

// maxTable is how many rows a table asks for at most.
const maxTable = 1_000

// Resolve makes the questions of a widget that was checked, on a day. A text has none.
func (w *Widget) Resolve(f Filters, today aggregator.Day) (*Asked, error) {
	if w.Kind == KindText {
		return &Asked{}, nil
	}
	r, ok := ruleOf(w.Kind)
	if !ok {
		return nil, faultf("bad_widget", "kind: there is no %q", clip(string(w.Kind)))
	}
	ids, err := w.Ask.indicators()
	if err != nil {
		return nil, err
	}
	out := &Asked{}
	q := indicator.Request{Indicators: ids, Totals: w.Ask.Totals, Dimensions: slices.Concat(r.always, w.Ask.By)}
	if w.Kind == KindEPG {
		f.Where = append(slices.DeleteFunc(slices.Clone(f.Where), func(o indicator.Filter) bool { return o.Dimension == store.ColPage }),
			indicator.Filter{Dimension: store.ColPage, In: []string{w.Show.Page}})
		if has(ids, store.ColContent) {
			q.Dimensions = append(q.Dimensions, store.ColContent)
		}
	}
	for _, where := range f.Where {
		if filtered(ids, where.Dimension) {
			q.Filters = append(q.Filters, where)
		} else {
			out.Ignored = append(out.Ignored, where.Dimension)
		}
	}
	period := defaultPeriod
	if f.Period != nil {
		period = *f.Period
	}
	from, to, err := period.Days(today)
	if err != nil {
		return nil, err
	}
	if from > to { // a unit under way that has not begun
		from = to
	}
	q.From, q.To = from.String(), to.String()
	if r.time && (r.axis || len(w.Ask.By) == 0) {
		q.Grain = f.Grain
		if q.Grain == "" || q.Grain == indicator.Total {
			q.Grain = grainFor(ids, int(to-from)+1)
		}
	}
	if c := f.Compare; c != nil && compared(w.Kind) {
		q.Compare, q.Align = c.With, c.Align
		q.LikeForLike = c.LikeForLike && c.With != indicator.NoCompare && !slices.ContainsFunc(ids, projected)
	}
	w.cut(&q)
	out.Questions = append(out.Questions, Question{PartMain, q})
	if q, ok := w.programmes(f.Where, from, to); ok {
		out.Questions = append(out.Questions, Question{PartProgrammes, *q})
	}
	if w.Kind == KindFigure || w.Kind == KindTicker {
		trend := indicator.Request{Indicators: ids, Filters: q.Filters, From: q.From, To: q.To, Grain: grainFor(ids, int(to-from)+1)}
		out.Questions = append(out.Questions, Question{PartTrend, trend})
	}
	return out, nil
}

// cut says how many rows are enough.
func (w *Widget) cut(q *indicator.Request) {
	timed := func(c store.Column) bool { return slices.Contains(store.TimeColumns, c) || c == store.ColMinute }
	top := w.Ask.Top
	if top == 0 {
		top = tops[w.Kind]
	}
	switch {
	case len(w.Ask.By) == 0 && w.Kind != KindPath:
	case w.Kind == KindTable:
		q.Limit, q.Order = maxTable, w.Ask.Order
		if w.Ask.Top > 0 {
			q.Limit = w.Ask.Top
		}
		if q.Order == "" && !slices.ContainsFunc(q.Dimensions, timed) {
			q.Order = "-" + q.Indicators[0]
		}
	case w.Kind == KindPath:
		q.Limit, q.Order = max(top, 40), "-"+q.Indicators[0]
	case slices.ContainsFunc(q.Dimensions, timed) || slices.ContainsFunc(q.Indicators, projected):
	case top > 0:
		q.Top, q.Order, q.LikeForLike = top, w.Ask.Order, false
	}
}

// compared reports whether a kind shows what was before.
func compared(k Kind) bool {
	return slices.Contains([]Kind{KindFigure, KindLine, KindBar, KindRanking, KindTable, KindTiles, KindMap, KindFunnel}, k)
}

func projected(id string) bool {
	i, _ := indicator.Find(id)
	return i.Projected()
}

// grainFor is the grain in which so many days make a legible line.
func grainFor(ids []string, days int) indicator.Grain {
	daily := slices.ContainsFunc(ids, func(id string) bool {
		i, _ := indicator.Find(id)
		return i.Daily()
	})
	switch {
	case days <= 2 && !daily:
		return indicator.Hourly
	case days <= 100:
		return indicator.Daily
	case days <= 400:
		return indicator.Weekly
	}
	return indicator.Monthly
}
