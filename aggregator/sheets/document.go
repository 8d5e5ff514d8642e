// Package sheets turns what a board shows into what leaves the page: a document of
// tables for one reader, written as an Excel workbook, a folder of CSV files, the body
// of a mail or a few lines for a chat. It computes no figure and knows no grant: the
// answers it lays out were given to that reader.
package sheets

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
	"iptvdc/aggregator/indicator"
)

// Lang is the language of a document.
type Lang string

const (
	ZH Lang = "zh"
	EN Lang = "en"
)

// Of is a text in the language, or in the other one if there is none.
func (l Lang) Of(t indicator.Text) string {
	if l == EN && t.EN != "" || t.ZH == "" {
		return t.EN
	}
	return t.ZH
}

// Document is what a board shows to one reader.
type Document struct {
	Lang  Lang
	Title string
	About string
	// Reader is for whom it was computed, in whose scope; Mark is written on every page
	// of it, "": nothing.
	Reader string
	Mark   string
	// Day is the day as seen on which it was computed, Made when.
	Day  aggregator.Day
	Made time.Time
	// Link leads to the board; "": nowhere.
	Link string
	// Facts hold for all parts: filters and period around them.
	Facts []Fact
	// Notes must be read before any figure, such as that a day was not complete.
	Notes []string
	Parts []Part
}

// Fact says under what figures hold: a period, a filter, a scope.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Part is one widget of a board.
type Part struct {
	Tab    string
	Title  string
	Widget board.Widget
	Facts  []Fact
	Tables []Table
	// Prose is the text of a text widget, as it was written.
	Prose string
	// Refused says why there are no figures: they are not open to the reader, or could
	// not be computed.
	Refused string
}

// Table is the answer to one question of a widget.
type Table struct {
	Part    board.Part
	Columns []Column
	// Rows hold a Cell a column; Foot are others and totals, named in the first column.
	Rows [][]Cell
	Foot [][]Cell
	// Others is how many of Foot are what all groups that have no row make together, and
	// OtherPeriods of which period each of them is; the rest are totals.
	Others       int
	OtherPeriods []string
	// Timed: the first column is a time.
	Timed bool
}

// Column is one of a table.
type Column struct {
	ID    string
	Title string
	Kind  ColumnKind
	// Unit is that of numbers; those in fen were turned into yuan.
	Unit indicator.Unit
	// Decimals are how many a reader is shown; nil: as the numbers have.
	Decimals *int
	// Figure is the number from 0 of the widget's figure it belongs to, -1: a dimension.
	// Beside: it is not the figure itself but what stands beside it.
	Figure int
	Beside bool
}

// ColumnKind says what a column's cells are.
type ColumnKind uint8

const (
	Words   ColumnKind = iota // texts
	Moments                   // days, hours or months
	Numbers                   // float64, or nothing
)

// Cell is one of a table: a string, a float64, a Moment, or nil for none.
type Cell any

// Moment is a day, an hour or a month in Asia/Shanghai, as clocks there show it.
type Moment struct {
	Time time.Time // in UTC, reading as the clock in Shanghai
	Text string    // as answers write it
}

// momentOf reads a period of an answer; what is none of a calendar stays text.
func momentOf(text string) Cell {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15", "2006-01"} {
		if t, err := time.Parse(layout, text); err == nil {
			return Moment{t, text}
		}
	}
	return text
}

// Money reports whether the column's numbers are yuan.
func (c *Column) Money() bool { return strings.HasPrefix(string(c.Unit), string(indicator.Fen)) }

// written is a cell as people read it.
func (c *Column) written(v Cell) string {
	switch v := v.(type) {
	case string:
		return v
	case Moment:
		return strings.Replace(v.Text, "T", " ", 1) + hourMark(v.Text)
	case float64:
		text := grouped(v, c.decimals(v))
		switch {
		case c.Money():
			if rest, below := strings.CutPrefix(text, "-"); below {
				return "-¥" + rest
			}
			return "¥" + text
		case c.Unit == indicator.Percent:
			return text + "%"
		}
		return text
	}
	return "–"
}

func hourMark(text string) string {
	if strings.Contains(text, "T") {
		return ":00"
	}
	return ""
}

func (c *Column) decimals(v float64) int {
	switch {
	case c.Decimals != nil:
		return *c.Decimals
	case c.Money() || c.Unit == indicator.Percent:
		return 2
	case v == float64(int64(v)):
		return 0
	}
	return 3
}

// grouped writes a number with its thousands apart.
func grouped(v float64, decimals int) string {
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	whole, part, _ := strings.Cut(text, ".")
	for n := len(whole) - 3; n > 0; n -= 3 {
		whole = whole[:n] + "," + whole[n:]
	}
	if part != "" {
		part = "." + part
	}
	return sign + whole + part
}

// Empty reports whether no part has a figure to show.
func (d *Document) Empty() bool {
	for n := range d.Parts {
		if len(d.Parts[n].Tables) > 0 {
			return false
		}
	}
	return true
}

// Cells is how many cells its tables have.
func (d *Document) Cells() int {
	all := 0
	for n := range d.Parts {
		for _, t := range d.Parts[n].Tables {
			all += (len(t.Rows) + len(t.Foot)) * len(t.Columns)
		}
	}
	return all
}

// MaxCells is the greatest number of cells that is written into one file.
const MaxCells = 200_000

// Check refuses what is too large for a file, with an *aggregator.Error that says what
// to do.
func (d *Document) Check() error {
	if n := d.Cells(); n > MaxCells {
		return &aggregator.Error{Code: "too_large", Message: fmt.Sprintf("The board has %d cells of figures, and a file takes %d; choose a shorter period or a coarser grain, or split the board.", n, MaxCells)}
	}
	return nil
}
