package board

import "iptvdc/aggregator/store"

// Kind is what a widget draws.
type Kind string

const (
	KindFigure  Kind = "figure"  // one number, its trend and comparison
	KindLine    Kind = "line"    // over time, or over one dimension
	KindArea    Kind = "area"    // over time, stacked
	KindBar     Kind = "bar"     // over time or one dimension
	KindStacked Kind = "stacked" // bars over time, or over one dimension, stacked by another
	KindPie     Kind = "pie"
	KindRanking Kind = "ranking"
	KindTable   Kind = "table"
	KindHeat    Kind = "heat"    // weekday by hour
	KindFunnel  Kind = "funnel"  // figures below each other, each a part of the one before
	KindPath    Kind = "path"    // from page to page
	KindCohort  Kind = "cohort"  // month of opening by months since
	KindMinute  Kind = "minute"  // the day minute by minute, with programmes
	KindTiles   Kind = "tiles"   // provinces as tiles
	KindMap     Kind = "map"     // provinces on the operator's map
	KindScatter Kind = "scatter" // a dimension's values by two figures, a third as size
	KindTicker  Kind = "ticker"  // what is coming in now
	KindText    Kind = "text"
	KindEPG     Kind = "epg" // a page with clicks laid over its slots
)

// rule says what a kind can show.
type rule struct {
	kind Kind
	// least and most are how many figures, by and upTo how many dimensions.
	least, most int
	by, upTo    int
	// always are the dimensions that it has whatever is asked.
	always []store.Column
	// time: without a dimension it goes along time; axis: it does with one too, which
	// then tells its series apart.
	time, axis bool
	// smallest size on the grid
	w, h int
	// formulas: its figures may be formulas
	formulas bool
}

// The dimensions of kinds that have their own.
var (
	heatBy   = []store.Column{store.ColWeekday, store.ColHourOfDay}
	pathBy   = []store.Column{store.ColFromPage, store.ColPage}
	minuteBy = []store.Column{store.ColMinute}
	epgBy    = []store.Column{store.ColArea, store.ColSlot}
	placeBy  = []store.Column{store.ColProvince}
	cohortBy = []store.Column{"cohort", "age_months"}
)

var rules = []rule{
	{kind: KindFigure, least: 1, most: 4, w: 3, h: 2, formulas: true},
	{kind: KindLine, least: 1, most: 8, upTo: 1, time: true, axis: true, w: 4, h: 3, formulas: true},
	{kind: KindArea, least: 1, most: 8, upTo: 1, time: true, axis: true, w: 4, h: 3, formulas: true},
	{kind: KindBar, least: 1, most: 8, upTo: 1, time: true, w: 4, h: 3, formulas: true},
	{kind: KindStacked, least: 1, most: 8, upTo: 1, time: true, axis: true, w: 4, h: 3, formulas: true},
	{kind: KindPie, least: 1, most: 1, by: 1, upTo: 1, w: 4, h: 3, formulas: true},
	{kind: KindRanking, least: 1, most: 3, by: 1, upTo: 1, w: 4, h: 3, formulas: true},
	{kind: KindTable, least: 1, most: 12, upTo: 4, w: 4, h: 3, formulas: true},
	{kind: KindHeat, least: 1, most: 1, always: heatBy, w: 6, h: 4, formulas: true},
	{kind: KindFunnel, least: 2, most: 6, upTo: 0, w: 4, h: 3, formulas: true},
	{kind: KindPath, least: 1, most: 1, always: pathBy, w: 6, h: 4},
	{kind: KindCohort, least: 1, most: 1, always: cohortBy, w: 6, h: 4},
	{kind: KindMinute, least: 1, most: 2, upTo: 1, always: minuteBy, w: 8, h: 4},
	{kind: KindTiles, least: 1, most: 2, always: placeBy, w: 6, h: 5, formulas: true},
	{kind: KindMap, least: 1, most: 2, always: placeBy, w: 6, h: 5, formulas: true},
	{kind: KindScatter, least: 2, most: 3, by: 1, upTo: 1, w: 5, h: 4, formulas: true},
	{kind: KindTicker, least: 1, most: 4, w: 4, h: 2, formulas: true},
	{kind: KindText, w: 2, h: 1},
	{kind: KindEPG, least: 1, most: 3, always: epgBy, w: 6, h: 5, formulas: true},
}

// Kinds lists every kind.
func Kinds() []Kind {
	all := make([]Kind, len(rules))
	for n, r := range rules {
		all[n] = r.kind
	}
	return all
}

func ruleOf(k Kind) (rule, bool) {
	for _, r := range rules {
		if r.kind == k {
			return r, true
		}
	}
	return rule{}, false
}
