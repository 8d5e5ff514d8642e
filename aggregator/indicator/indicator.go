// Package indicator declares the business figures, each once: what it sums or
// counts, in which unit, along which dimensions, by which formula. Answer
// computes them for a reader's scope; whoever shows, exports or alarms on a
// figure goes through it.
package indicator

import (
	"slices"

	"iptvdc/aggregator/store"
)

// RuleVersion names the rules by which facts and figures are computed: what is
// a valid play, what counts as a led click, the formulas below. It changes with
// any of them, so that two answers with one version may be compared.
const RuleVersion = "1"

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
	Percent Unit = "percent" // 0..100
	Ratio   Unit = "ratio"
	Minutes Unit = "minutes"
	Fen     Unit = "fen" // 1/100 yuan, whole
	Millis  Unit = "ms"
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
	{Percent, Text{"%", "%"}},
	{Ratio, Text{"比值", "ratio"}},
	{Minutes, Text{"分钟", "minutes"}},
	{Fen, Text{"分", "fen"}},
	{Millis, Text{"毫秒", "ms"}},
}

// Indicator is one business figure: the sum of its terms, or with Over the
// quotient of two sums, divided after scope, filters and grouping.
type Indicator struct {
	ID         string
	Title      Text
	Unit       Unit
	Formula    Text
	Dimensions []store.Column

	value term
	over  *term // nil: no quotient
	// times and by turn the quotient, or without over the sum, into the unit:
	// value * times / by. Both are 1 for most.
	times, by int64
}

// Has reports whether the indicator can be grouped and filtered by d.
func (i *Indicator) Has(d store.Column) bool { return slices.Contains(i.Dimensions, d) }

// term is one number that is asked of the store.
type term struct {
	fact  store.Fact
	value store.Value
	// mode, if not anyMode, keeps only viewing of that mode.
	mode mode
	// trailing, if > 0, replaces the period by the days, this many, that end
	// with the period's last day; the daily table answers.
	trailing int32
}

// ReportingDays is how long a box counts as reporting after its last event.
const ReportingDays = 30

func sum(f store.Fact, m store.Measure) term { return term{fact: f, value: store.Value{Measure: m}} }

func boxes(f store.Fact, m store.Measure) term {
	return term{fact: f, value: store.Value{Measure: m, DistinctBoxes: true}}
}

func (t term) of(m mode) term { t.mode = m; return t }

func (t term) last(days int32) term { t.trailing = days; return t }

var (
	byPlace = []store.Column{store.ColProvince, store.ColCity}
	byPage  = append(slices.Clone(byPlace), store.ColPage)
	byClick = append(slices.Clone(byPlace), store.ColPage, store.ColArea, store.ColSlot, store.ColContent)
	byMode  = append(slices.Clone(byPlace), store.ColMode)
	byView  = append(slices.Clone(byPlace), store.ColMode, store.ColChannel, store.ColContent)
	byOrder = append(slices.Clone(byPlace), store.ColProduct, store.ColProvider)

	byImpression = append(slices.Clone(byClick), store.ColTemplate)
	byOrderPage  = append(slices.Clone(byPlace), store.ColPage, store.ColProduct, store.ColContent)
	byContent    = append(slices.Clone(byPlace), store.ColContent)
	byProduct    = append(slices.Clone(byPlace), store.ColProduct)
)

// Catalogue lists every indicator in the order in which people read them.
func Catalogue() []Indicator { return slices.Clone(catalogue) }

// Find returns the indicator with that id.
func Find(id string) (Indicator, bool) {
	i := slices.IndexFunc(catalogue, func(i Indicator) bool { return i.ID == id })
	if i < 0 {
		return Indicator{}, false
	}
	return catalogue[i], true
}

func plain(id string, title Text, unit Unit, formula Text, dims []store.Column, value term) Indicator {
	return Indicator{ID: id, Title: title, Unit: unit, Formula: formula, Dimensions: dims, value: value, times: 1, by: 1}
}

func quotient(id string, title Text, unit Unit, formula Text, dims []store.Column, times int64, value, over term) Indicator {
	return Indicator{ID: id, Title: title, Unit: unit, Formula: formula, Dimensions: dims, value: value, over: &over, times: times, by: 1}
}

func per(by int64, i Indicator) Indicator { i.by = by; return i }
