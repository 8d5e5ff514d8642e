// Package board is what people put together of figures: boards of tabs and widgets,
// as data. It says what a board may hold, turns a widget and the filters around it
// into questions for indicator, and reckons formulas of indicators. It has no state,
// asks nothing itself, and knows no reader: grants are applied to its questions by
// whoever asks them.
package board

import (
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// Schema is the number of the form in which boards are written. A board of another
// one is refused.
const Schema = 1

// Limits of a board, so that a hostile one costs no more than a large one.
const (
	// MaxBytes is the greatest size of a board as JSON.
	MaxBytes = 256 << 10
	// MaxTabs is the greatest number of tabs, MaxWidgets that of all their widgets.
	MaxTabs    = 12
	MaxWidgets = 120
	// MaxText is the greatest length of a title, MaxProse that of a text widget and
	// of what a board is about, in bytes.
	MaxText  = 200
	MaxProse = 20_000
	// Columns is how many columns a tab's grid has, MaxRow the last row that it may.
	Columns = 24
	MaxRow  = 1_000
	// MaxMarks is the greatest number of annotations.
	MaxMarks = 200
	// MaxSlots is the greatest number of slots on a picture.
	MaxSlots = 300
)

// Board is a page that people put together. The zero Board has no tabs and is
// refused; Blank is the smallest one.
type Board struct {
	Schema int            `json:"schema"`
	Title  indicator.Text `json:"title"` // in the language that is not given the other holds
	About  indicator.Text `json:"about"`
	// Filters hold for all widgets, unless a tab or a widget says otherwise.
	Filters Filters `json:"filters"`
	// Views are sets of filters kept by name.
	Views []View `json:"views,omitempty"`
	Tabs  []Tab  `json:"tabs"`
	// Marks are events on the time axis of every chart.
	Marks []Mark `json:"marks,omitempty"`
	// RotateSeconds, on a wall, is how long a tab stands before the next; 0: it stays.
	RotateSeconds int `json:"rotate_seconds,omitempty"`
}

// Tab is one sheet of a board.
type Tab struct {
	ID      string         `json:"id"`
	Title   indicator.Text `json:"title"`
	Filters *Filters       `json:"filters,omitempty"` // instead of the board's, field by field
	Widgets []Widget       `json:"widgets"`
}

// View is a set of filters with a name.
type View struct {
	Name    string  `json:"name"`
	Filters Filters `json:"filters"`
}

// Mark is an event that charts show on their time axis.
type Mark struct {
	From string         `json:"from"` // day
	To   string         `json:"to,omitempty"`
	Text indicator.Text `json:"text"`
	// Provinces it is about, two digits each; none: all.
	Provinces []string `json:"provinces,omitempty"`
}

// Filters are what a reader may turn. A field that is not set leaves what is around
// it: the tab's, then the board's.
type Filters struct {
	Period  *Period            `json:"period,omitempty"`
	Compare *Comparison        `json:"compare,omitempty"`
	Where   []indicator.Filter `json:"where,omitempty"` // a dimension replaces the same one around
	Grain   indicator.Grain    `json:"grain,omitempty"`
	Edit    string             `json:"edit,omitempty"` // which viewing counts, see indicator.Request
}

// Comparison is with what figures are compared.
type Comparison struct {
	With        indicator.Compare `json:"with"` // "": with nothing
	Align       indicator.Align   `json:"align,omitempty"`
	LikeForLike bool              `json:"like_for_like,omitempty"`
}

// Widget is one thing on a board.
type Widget struct {
	ID    string         `json:"id"`
	Kind  Kind           `json:"kind"`
	Title indicator.Text `json:"title"`
	Place Place          `json:"place"`
	// Phone is its turn in the one column of a phone, rising; 0: by place.
	Phone int `json:"phone,omitempty"`
	// Alone keeps the filters of tab and board away from it.
	Alone   bool    `json:"alone,omitempty"`
	Filters Filters `json:"filters"`
	Ask     Ask     `json:"ask"`
	Show    Show    `json:"show"`
	// Prose is the text of a text widget: plain, with # headings, - lists, **bold**.
	Prose indicator.Text `json:"prose"`
}

// Place is where a widget lies in the grid of Columns columns, in cells from 0.
type Place struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

// overlaps reports whether two places share a cell.
func (p Place) overlaps(o Place) bool {
	return p.X < o.X+o.W && o.X < p.X+p.W && p.Y < o.Y+o.H && o.Y < p.Y+p.H
}

// Ask is what a widget shows: figures of the platform and of own data sources.
type Ask struct {
	Figures []Figure       `json:"figures,omitempty"`
	By      []store.Column `json:"by,omitempty"`
	Top     int            `json:"top,omitempty"`
	Order   string         `json:"order,omitempty"`
	Totals  bool           `json:"totals,omitempty"`
}

// Figure is one indicator, or a formula of some.
type Figure struct {
	Indicator string         `json:"indicator,omitempty"`
	Formula   string         `json:"formula,omitempty"`
	Title     indicator.Text `json:"title"` // of a formula, or instead of the indicator's
}

// Show is how a widget looks. What a kind does not know is refused.
type Show struct {
	Labels   bool   `json:"labels,omitempty"`  // numbers at the points
	Legend   string `json:"legend,omitempty"`  // "": as it fits; none, top, right
	Percent  bool   `json:"percent,omitempty"` // stacked to 100 %
	Right    []int  `json:"right,omitempty"`   // figures on the right axis, by number from 0
	Aim      *Aim   `json:"aim,omitempty"`
	Colour   string `json:"colour,omitempty"` // one of Colours
	Page     string `json:"page,omitempty"`   // epg: whose slots are shown
	Decimals *int   `json:"decimals,omitempty"`
	// Picture names a picture of the page, over which its slots are laid where Slots say.
	Picture string     `json:"picture,omitempty"`
	Slots   []SlotArea `json:"slots,omitempty"`
}

// SlotArea is where a slot lies on the picture of its page, in thousandths of the picture's
// width and height.
type SlotArea struct {
	Area string `json:"area"`
	Slot string `json:"slot"`
	X    int    `json:"x"`
	Y    int    `json:"y"`
	W    int    `json:"w"`
	H    int    `json:"h"`
}

// Aim is what a figure should reach.
type Aim struct {
	Value float64 `json:"value"`
	Below bool    `json:"below,omitempty"` // less is better
}

// Colours are those a widget may take: names of the page's palette, so that they are
// legible in light and dark.
var Colours = []string{"blue", "teal", "green", "amber", "red", "violet", "grey"}

// Blank is a board of one empty tab.
func Blank(title indicator.Text) *Board {
	return &Board{Schema: Schema, Title: title, Filters: Filters{Period: &Period{Last: 31, Unit: UnitDay}},
		Tabs: []Tab{{ID: "t1", Title: indicator.Text{ZH: "概览", EN: "Overview"}, Widgets: []Widget{}}}}
}
