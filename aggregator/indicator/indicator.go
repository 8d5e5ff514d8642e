// Package indicator declares the business figures, each once: what it sums or
// counts, in which unit, along which dimensions, by which formula. Answer
// computes them for a reader's scope; whoever shows, exports or alarms on a
// figure goes through it.
package indicator

import (
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// RuleVersion names the rules by which facts and figures are computed: what is
// a valid play, what counts as a led click, the formulas below. It changes with
// any of them, so that two answers with one version may be compared. What of viewing
// counts has versions of its own: Answer.EditVersions.
const RuleVersion = "2"

// Text is a text for people in both languages.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Unit says what an indicator's numbers count.
type Unit string

const (
	Count   Unit = "count"
	Boxes   Unit = "boxes"
	People  Unit = "accounts"
	Percent Unit = "percent" // 0..100
	Ratio   Unit = "ratio"
	Minutes Unit = "minutes"
	Fen     Unit = "fen" // 1/100 yuan, whole
	Millis  Unit = "ms"
	Hours   Unit = "hours"
	Seconds Unit = "seconds"
)

// UnitTitle is a unit with its name.
type UnitTitle struct {
	ID    Unit `json:"id"`
	Title Text `json:"title"`
}

// Units lists every unit in use.
func Units() []UnitTitle { return slices.Clone(units) }

var units = []UnitTitle{
	{Count, Text{"次", "times"}},
	{Boxes, Text{"台", "boxes"}},
	{People, Text{"户", "accounts"}},
	{Percent, Text{"%", "%"}},
	{Ratio, Text{"比值", "ratio"}},
	{Minutes, Text{"分钟", "minutes"}},
	{Fen, Text{"分", "fen"}},
	{Millis, Text{"毫秒", "ms"}},
	{Hours, Text{"小时", "hours"}},
	{Seconds, Text{"秒", "seconds"}},
}

// Indicator is one business figure: a sum of terms, or with over the quotient
// of two sums, or with beside too that of one by the product of two, divided after
// scope, filters and grouping.
type Indicator struct {
	ID         string
	Title      Text
	Unit       Unit
	Formula    Text
	Dimensions []store.Column
	// Data is the data set to which the figure belongs; it may need others, see DataSets.
	Data aggregator.DataSet

	value  amount
	over   amount // empty: no quotient
	beside amount // empty: 1; without over it multiplies value
	// times and by turn the quotient, or without over the sum, into the unit:
	// value * times / by. Both are 1 for most.
	times, by int64
	// every says that there is no number unless each term of over has one: of a stock
	// that nobody told the other half would be taken for all.
	every bool
	// curve, if not nil, bends the quotient, which is linear no more.
	curve func(float64) float64
	// projected, if not nil, is how the figure is estimated instead.
	projected *projection
}

// amounts are the sums that make the figure, in the order of Indicator.of.
func (i *Indicator) amounts() []amount { return []amount{i.value, i.over, i.beside} }

// Has reports whether the indicator can be grouped and filtered by d.
func (i *Indicator) Has(d store.Column) bool { return slices.Contains(i.Dimensions, d) }

// Filters lists what the indicator can be filtered by and not be grouped by: packages,
// of what contents are counted in.
func (i *Indicator) Filters() []store.Column {
	if !i.Has(store.ColGenre) || slices.ContainsFunc(slices.Concat(i.amounts()...), func(p part) bool {
		return p.follows(store.ColPackage) && !store.ShapeOf(p.fact).Has(store.ColPackage)
	}) {
		return nil
	}
	return []store.Column{store.ColPackage}
}

// FilteredBy reports whether the indicator can be filtered by d.
func (i *Indicator) FilteredBy(d store.Column) bool {
	return i.Has(d) || slices.Contains(i.Filters(), d)
}

// Daily reports whether the indicator is known by day alone: from files, or of what
// viewers do from day to day.
func (i *Indicator) Daily() bool {
	return slices.ContainsFunc(slices.Concat(i.amounts()...), func(p part) bool { return p.daily() })
}

// Projected reports whether the figure is an estimate for all accounts, with a
// standard error.
func (i *Indicator) Projected() bool { return i.projected != nil }

// timed adds the dimensions of time to the figures that can be told by them: all
// of value must count in the period itself. What over counts in longer times, as
// the boxes that report, is then the same for every hour and weekday.
func timed(all []Indicator) []Indicator {
	all = slices.Clone(all)
	for n := range all {
		i := &all[n]
		if i.projected != nil || slices.ContainsFunc(i.value, func(p part) bool { return !p.stretch.follows() }) {
			continue
		}
		i.Dimensions = append(slices.Clip(i.Dimensions), store.ColWeekday)
		if hours := func(p part) bool { return p.stretch.follows() && p.daily() }; !slices.ContainsFunc(slices.Concat(i.amounts()...), hours) {
			i.Dimensions = append(i.Dimensions, store.ColHourOfDay)
		}
	}
	return all
}

// amount is terms added up, some of them with the sign turned.
type amount []part

type part struct {
	term
	minus bool
}

// add makes an amount of terms.
func add(terms ...term) amount {
	a := make(amount, len(terms))
	for n, t := range terms {
		a[n] = part{term: t}
	}
	return a
}

// less takes a term away.
func (a amount) less(t term) amount { return append(slices.Clone(a), part{term: t, minus: true}) }

// term is one number that is asked of the store. Terms are compared by ==.
type term struct {
	fact    store.Fact
	value   store.Value
	only    only
	stretch stretch
	// around is what of the question's grouping and filters the term follows.
	around around
	// aired reads what was broadcast in the period, whenever it was watched.
	aired bool
	// clock is no sum of a fact but the length of the time asked for, in
	// milliseconds: of the period, or of the minutes of its days.
	clock bool
	// search keeps the pages for searching, see UseSearchPages.
	search bool
	// told is of viewing as boxes told it, edited or not: what is known of raw rows is
	// set against all of them.
	told   bool
	source string
}

// daily reports whether the term is known by day alone.
func (t term) daily() bool {
	return t.source != "" || !t.clock && (t.fact >= store.EventFacts || t.value.Count > store.CountLengths)
}

// around says which of a question's dimensions a term follows, in grouping and in
// filters. It ignores the others: so what a channel has is set against what all
// have in the same place and time. A term that ignores any makes no rows.
type around uint8

const (
	// own follows all: every term's fact has them.
	own around = iota
	// inPlace follows where and when alone.
	inPlace
	// onAir follows what is broadcast in which province.
	onAir
	// wholeAsset follows all but the part of an asset.
	wholeAsset
	// anyAgent follows all but which agent a box runs.
	anyAgent
)

// follows reports whether the term is grouped and filtered by c. What counts in
// other times than the period itself is the same at all times of the period.
func (t term) follows(c store.Column) bool {
	switch {
	case isTime(c) && !t.stretch.follows():
		return false
	case t.clock:
		return isTime(c) || c == store.ColMinute
	case t.around == own:
		return true
	case t.around == inPlace:
		return (c == store.ColProvince || c == store.ColCity || c == store.ColMinute || isTime(c)) && store.ShapeOf(t.fact).Has(c)
	}
	switch t.around {
	case wholeAsset:
		return c != store.ColPart
	case anyAgent:
		return c != store.ColAgent
	}
	return c != store.ColCity && store.ShapeOf(t.fact).Has(c)
}

// only keeps the rows of some values of one column; the zero only keeps all.
type only struct {
	column store.Column
	values uint64 // bit n is value n
}

func (o only) filter() store.Filter {
	f := store.Filter{Column: o.column}
	for v := range uint64(64) {
		if o.values>>v&1 == 1 {
			f.In = append(f.In, v)
		}
	}
	return f
}

// keeps reports whether rows with that value are kept.
func (o only) keeps(v uint64) bool { return v < 64 && o.values>>v&1 == 1 }

// stretch says which time a term reads for a period. The zero stretch is the
// period itself.
type stretch struct {
	// trailing, if > 0, takes the days, this many, that end with the period's
	// last day; the daily table answers.
	trailing int32
	// months, if > 0, takes the months, this many, that end with that day instead:
	// since the day after the same date so many months before.
	months int32
	// whole takes the whole period along if it is longer than trailing.
	whole bool
	// stock reads the last day told of each province, in the period or before it.
	stock stock
}

// stock says of which moment a number of accounts is.
type stock uint8

const (
	noStock stock = iota
	// atEnd is the last day told in the period.
	atEnd
	// atStart is the last day told before the period, or before what trailing or
	// months takes, at most staleDays old.
	atStart
)

// staleDays is how old the stock before a period may be: provinces are late,
// but who was silent for longer has no stock.
const staleDays = 31

// ReportingDays is how long a box counts as reporting after its last event.
const ReportingDays = 30

func sum(f store.Fact, m store.Measure) term { return term{fact: f, value: store.Value{Measure: m}} }

func boxes(f store.Fact, m store.Measure) term {
	return term{fact: f, value: store.Value{Measure: m, DistinctBoxes: true}}
}

func counted(f store.Fact, m store.Measure, c store.Counting) term {
	return term{fact: f, value: store.Value{Measure: m, Count: c}}
}

// of keeps the rows with one of the values in a column whose values are below 64.
func of[T ~uint8](t term, c store.Column, values ...T) term {
	t.only.column = c
	for _, v := range values {
		t.only.values |= 1 << v
	}
	return t
}

func (t term) last(days int32) term { t.stretch.trailing = days; return t }

func (t term) lastMonths(n int32) term { t.stretch.months = n; return t }

func (t term) at(s stock) term { t.stretch.stock = s; return t }

func (t term) within(a around) term { t.around = a; return t }

func (t term) asTold() term { t.told = true; return t }

func (t term) whenAired() term { t.aired = true; return t }

var (
	byPlace = []store.Column{store.ColProvince, store.ColCity}
	byPage  = append(slices.Clone(byPlace), store.ColPage)
	byClick = catalogued(store.ColPage, store.ColArea, store.ColSlot, store.ColContent)
	byMode  = append(slices.Clone(byPlace), store.ColMode)
	byView  = catalogued(store.ColMode, store.ColChannel, store.ColContent)
	byOrder = append(slices.Clone(byPlace), store.ColProduct, store.ColProvider)

	byImpression = append(slices.Clone(byClick), store.ColTemplate)
	byOrderLed   = append(slices.Clone(byClick), store.ColProduct)
	byOrderPage  = catalogued(store.ColPage, store.ColProduct, store.ColContent)
	byContent    = catalogued(store.ColContent)
	byProduct    = append(slices.Clone(byPlace), store.ColProduct)

	byState = append(slices.Clone(byPlace), store.ColState, store.ColTenure)
	byFlow  = append(slices.Clone(byPlace), store.ColFlow)
	byBill  = append(slices.Clone(byPlace), store.ColProduct, store.ColProvider, store.ColPay, store.ColOp)

	// Of these no city is known.
	byRenewal = []store.Column{store.ColProvince, store.ColProduct, store.ColProvider}
	byVerdict = []store.Column{store.ColProvince, store.ColProduct, store.ColVerdict}

	byModel    = append(slices.Clone(byPlace), store.ColModel)
	byTenure   = append(slices.Clone(byPlace), store.ColTenure)
	byPresence = append(slices.Clone(byState), store.ColRecency, store.ColSilence)
	byCohort   = append(slices.Clone(byPlace), store.ColCohort, store.ColAge)

	byWhy  = append(slices.Clone(byPlace), store.ColWhy)
	byPath = append(slices.Clone(byPlace), store.ColFromPage, store.ColPage)
)

// catalogued is place, the columns given, and what the catalogue knows of the
// content among them.
func catalogued(columns ...store.Column) []store.Column {
	return slices.Concat(byPlace, columns, store.ContentColumns)
}

// Catalogue lists every indicator in the order in which people read them.
func Catalogue() []Indicator { return slices.Clone(catalogue) }

// Find returns the indicator with that id, of the catalogue or of an own data source, or
// the sum of one that ValueOf or OverOf names.
func Find(id string) (Indicator, bool) {
	if i, ok := findWhole(id); ok {
		return i, true
	}
	return findPart(id)
}

// findWhole finds an indicator of the catalogue or of an own data source.
func findWhole(id string) (Indicator, bool) {
	if i := slices.IndexFunc(catalogue, func(i Indicator) bool { return i.ID == id }); i >= 0 {
		return catalogue[i], true
	}
	if d := ownSources.Load(); d != nil {
		i, ok := d.figures[id]
		return i, ok
	}
	return Indicator{}, false
}

func plain(id string, title Text, unit Unit, formula Text, dims []store.Column, value ...term) Indicator {
	return Indicator{ID: id, Title: title, Unit: unit, Formula: formula, Dimensions: dims, value: add(value...), times: 1, by: 1}
}

func quotient(id string, title Text, unit Unit, formula Text, dims []store.Column, times int64, value, over term) Indicator {
	return Indicator{ID: id, Title: title, Unit: unit, Formula: formula, Dimensions: dims, value: add(value), over: add(over), times: times, by: 1}
}

// against divides by a second amount too.
func against(i Indicator, t term) Indicator { i.beside = add(t); return i }

func per(by int64, i Indicator) Indicator { i.by = by; return i }
