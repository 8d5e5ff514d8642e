package indicator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

const (
	// MaxRows is the greatest number of rows in an answer, unless Request.Rows says
	// another.
	MaxRows = 10_000
	// MaxGroups is the greatest number of groups that are sorted to find the
	// Limit first.
	MaxGroups = 200_000
	// MaxIndicators is the greatest number of indicators in a question.
	MaxIndicators = 16
	// MaxFilterValues is the greatest number of values in one filter.
	MaxFilterValues = 1_000
	// MaxFilters is the greatest number of filters in a question.
	MaxFilters = 16
)

// Request is a question. The zero values of Grain, Compare, Limit and Order
// mean total, none, all rows and by period and dimensions.
type Request struct {
	Indicators []string       `json:"indicators"`
	Dimensions []store.Column `json:"dimensions,omitempty"`
	Filters    []Filter       `json:"filters,omitempty"`
	// From and To are civil days in Asia/Shanghai as 2006-01-02, both inside.
	From    string  `json:"from"`
	To      string  `json:"to"`
	Grain   Grain   `json:"grain,omitempty"`
	Compare Compare `json:"compare,omitempty"`
	// Align says which earlier day a day is compared with.
	Align Align `json:"align,omitempty"`
	// LikeForLike compares also only those provinces that have data in both times;
	// if the question groups or filters by product, provider or channel, only
	// those of them in each province. Data is any number but 0 behind the figure,
	// period by period: of a province that began within a long period, ask by
	// month.
	LikeForLike bool `json:"like_for_like,omitempty"`
	// Edit says whether figures of viewing are edited, which the zero value means
	// too, or raw.
	Edit Edit `json:"edit,omitempty"`
	// Limit keeps the first rows after Order.
	Limit int `json:"limit,omitempty"`
	// Rows is the greatest number of rows in an answer without Limit; 0: MaxRows. It is
	// for who evaluates, not for who asks.
	Rows int `json:"-"`
	// Order is the id of a column, with - before it for descending. Rows
	// without a value come last either way; equal ones stay in the order of
	// period and dimensions.
	Order string `json:"order,omitempty"`
	// Top keeps, of all groups, so many: those that come first by Order (without: the
	// first indicator, the greatest first) when the whole time is one period. Every
	// period then has the same groups, in the order of their rank, and the answer has
	// what all others make together. Not with Limit, LikeForLike, projected figures
	// or dimensions of time.
	Top int `json:"top,omitempty"`
	// Totals asks for the figures of every period without dimensions too: of all
	// groups, also of those that Top or Limit leave out. They are counted, not added
	// up of rows.
	Totals bool `json:"totals,omitempty"`
}

// Filter keeps what has one of the values in In for Dimension, or with Not none of
// them, written as cells of answers are.
type Filter struct {
	Dimension store.Column `json:"dimension"`
	In        []string     `json:"in"`
	Not       bool         `json:"not,omitempty"`
}

// question is a Request that has been checked.
type question struct {
	indicators []Indicator
	dimensions []store.Column
	filters    []store.Filter
	periods    []period
	hourly     bool
	compare    Compare
	before     []store.Span // what each period is compared with; nil: nothing
	chosen     []bool       // the periods to ask about; nil: all
	among      store.Among
	like       bool
	days       int32
	limit      int
	mostRows   int  // of an answer without limit
	edit       Edit // "": no figure has an edited and a raw value
	order      int  // column; -1: by period and dimensions
	descending bool
	columns    []Column
}

// Check reports what is wrong with the request, as an *aggregator.Error that
// names the field and what is allowed.
func (r *Request) Check() error {
	_, err := r.question()
	return err
}

func (r *Request) question() (*question, error) {
	q := &question{dimensions: r.Dimensions, compare: r.Compare, like: r.LikeForLike, limit: r.Limit, mostRows: cmp.Or(r.Rows, MaxRows), order: -1}
	for _, check := range []func(*question) error{r.checkIndicators, r.checkEdit, r.checkDimensions, r.checkFilters, r.checkTime, r.checkCompare, r.checkLimit, r.checkTop} {
		if err := check(q); err != nil {
			return nil, err
		}
	}
	q.columns = q.allColumns()
	return q, r.checkOrder(q)
}

func (r *Request) checkIndicators(q *question) error {
	if len(r.Indicators) == 0 || len(r.Indicators) > MaxIndicators {
		return faultf("bad_indicator", "indicators: %d given, allowed 1 to %d", len(r.Indicators), MaxIndicators)
	}
	for n, id := range r.Indicators {
		i, ok := Find(id)
		if !ok {
			return faultf("bad_indicator", "indicators: there is no %q; allowed: %s", clip(id), joined(ids()))
		}
		if slices.Contains(r.Indicators[:n], id) {
			return faultf("bad_indicator", "indicators: %q stands twice; each may stand once", id)
		}
		q.indicators = append(q.indicators, i)
	}
	return nil
}

func (r *Request) checkDimensions(q *question) error {
	for n, d := range r.Dimensions {
		if d == store.ColPackage {
			return faultf("bad_dimension", "dimensions: a content may be in several packages and would count in each of their groups; filter by %s, one after the other, or ask for the insight products", d)
		}
		if err := q.has("bad_dimension", "dimensions", d, func(i *Indicator) []store.Column { return i.Dimensions }); err != nil {
			return err
		}
		if slices.Contains(r.Dimensions[:n], d) {
			return faultf("bad_dimension", "dimensions: %q stands twice; each may stand once", d)
		}
	}
	return nil
}

// has reports an error unless d is among what is allowed with every indicator of the
// question.
func (q *question) has(code, field string, d store.Column, allowed func(*Indicator) []store.Column) error {
	if !isDimension(d) {
		return faultf(code, "%s: there is no %q; allowed: %s", field, clip(string(d)), joined(dimensionIDs()))
	}
	for n := range q.indicators {
		if all := allowed(&q.indicators[n]); !slices.Contains(all, d) {
			return faultf(code, "%s: %s has no %q; allowed: %s", field, q.indicators[n].ID, d, joined(all))
		}
	}
	return nil
}

func (r *Request) checkFilters(q *question) error {
	if len(r.Filters) > MaxFilters {
		return faultf("bad_filter", "filters: %d given, allowed at most %d", len(r.Filters), MaxFilters)
	}
	for _, f := range r.Filters {
		if err := q.has("bad_filter", "filters", f.Dimension, func(i *Indicator) []store.Column { return slices.Concat(i.Dimensions, i.Filters()) }); err != nil {
			return err
		}
		if len(f.In) == 0 || len(f.In) > MaxFilterValues {
			return faultf("bad_filter", "filters: in of %s has %d values, allowed 1 to %d", f.Dimension, len(f.In), MaxFilterValues)
		}
		sf := store.Filter{Column: f.Dimension, Not: f.Not}
		for _, s := range f.In {
			v, err := parseCell(f.Dimension, s)
			if err != nil {
				return err
			}
			sf.In = append(sf.In, v)
		}
		q.filters = append(q.filters, sf)
	}
	return nil
}

func (r *Request) checkTime(q *question) error {
	from, err := parseDay("from", r.From)
	if err != nil {
		return err
	}
	to, err := parseDay("to", r.To)
	if err != nil {
		return err
	}
	q.days = int32(to-from) + 1
	if from > to {
		return faultf("bad_period", "from: %s lies after to, %s; both days count, so from may be at most to", from, to)
	}
	if q.days > MaxDays {
		return faultf("bad_period", "to: %d days from %s, allowed at most %d", q.days, from, MaxDays)
	}
	grain := r.Grain
	if grain == "" {
		grain = Total
	}
	if !slices.Contains(Grains(), grain) {
		return faultf("bad_grain", "grain: there is no %q; allowed: %s", clip(string(grain)), joined(Grains()))
	}
	if grain == Hourly && q.days*24 > MaxPeriods || grain == Daily && q.days > MaxPeriods {
		return faultf("bad_grain", "grain: %s gives more than %d periods from %s to %s; take a longer grain or fewer days", grain, MaxPeriods, from, to)
	}
	q.hourly = grain == Hourly
	for _, i := range q.indicators {
		if q.hourly && i.Daily() {
			return faultf("bad_grain", "grain: %s is known by day, not by hour; take day or a longer grain", i.ID)
		}
	}
	q.periods = periods(from, to, grain)
	return nil
}

// checkCompare finds what each period is compared with.
func (r *Request) checkCompare(q *question) error {
	switch {
	case r.Compare != NoCompare && !slices.Contains(Compares(), r.Compare):
		return faultf("bad_compare", "compare: there is no %q; allowed: %s", clip(string(r.Compare)), joined(Compares()))
	case r.Align != NoAlign && !slices.Contains(Aligns(), r.Align):
		return faultf("bad_align", "align: there is no %q; allowed: %s", clip(string(r.Align)), joined(Aligns()))
	case r.Align == ByHoliday && r.Compare != Year:
		return faultf("bad_align", "align: holidays come back by the year; take compare year")
	case r.Align == ByWeekday && r.Compare != Year && r.Compare != Month:
		return faultf("bad_align", "align: weekdays are aligned between years and months; take compare year or month")
	case r.LikeForLike && r.Compare == NoCompare:
		return faultf("bad_like_for_like", "like_for_like: there is nothing to compare; take compare %s", joined(Compares()))
	case r.LikeForLike && len(q.periods) > maxLikePeriods:
		return faultf("bad_like_for_like", "like_for_like: %d periods, allowed at most %d; take a longer grain or fewer days", len(q.periods), maxLikePeriods)
	case r.Compare == NoCompare:
		return nil
	}
	for _, i := range q.indicators {
		if r.LikeForLike && i.Projected() {
			return faultf("bad_like_for_like", "like_for_like: %s is projected to all accounts of the provinces; ask for it without", i.ID)
		}
	}
	for _, p := range q.periods {
		before, err := earlier(p.span, q.hourly, r.Compare, r.Align, q.days)
		if err != nil {
			return err
		}
		q.before = append(q.before, before)
	}
	return nil
}

// parseDay bounds years so that no arithmetic on days and hours can overflow.
func parseDay(field, s string) (aggregator.Day, error) {
	d, err := aggregator.ParseDay(s)
	if err != nil || d.Time().Year() < 1990 || d.Time().Year() > 2200 {
		return 0, faultf("bad_day", "%s: %q is not a day; allowed are days written as 2026-05-03, from 1990 to 2200", field, clip(s))
	}
	return d, nil
}

func (r *Request) checkLimit(*question) error {
	if r.Limit < 0 || r.Limit > MaxRows {
		return faultf("bad_limit", "limit: %d, allowed 1 to %d, or none for all rows", r.Limit, MaxRows)
	}
	return nil
}

func (r *Request) checkOrder(q *question) error {
	if r.Order == "" {
		return nil
	}
	id, descending := strings.CutPrefix(r.Order, "-")
	q.descending = descending
	q.order = slices.IndexFunc(q.columns, func(c Column) bool { return c.ID == id })
	if q.order < 0 {
		return faultf("bad_order", "order: there is no column %q; allowed, with or without - before it: %s", clip(id), joined(columnIDs(q.columns)))
	}
	return nil
}

func faultf(code, format string, args ...any) *aggregator.Error {
	return &aggregator.Error{Code: code, Message: fmt.Sprintf(format, args...) + "."}
}

// clip cuts text from outside to a readable length.
func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

func joined[T any](all []T) string {
	words := make([]string, len(all))
	for i, v := range all {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

func ids() []string {
	all := make([]string, len(catalogue))
	for n, i := range catalogue {
		all[n] = i.ID
	}
	return all
}

func dimensionIDs() []store.Column {
	all := make([]store.Column, len(dimensions))
	for n, d := range dimensions {
		all[n] = d.ID
	}
	return all
}

func columnIDs(columns []Column) []string {
	all := make([]string, len(columns))
	for n, c := range columns {
		all[n] = c.ID
	}
	return all
}
