package verify

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"iptvdc/testbench/oracle"
)

const (
	maxRows       = 8000 // of an answer, which may have 10,000
	maxPeriods    = 900  // of a question, which may have 1,000
	maxIndicators = 12
	maxValues     = 800 // of a filter, which may have 1,000
)

// compareFigures compares every indicator in every way it can be split.
func (v *verifier) compareFigures(ctx context.Context) error {
	o := oracle.New(v.truth)
	v.report.From, v.report.To = o.Days()
	if v.report.From == "" {
		return nil // nothing ever happened
	}
	groups := oracle.Groups()
	for n, group := range groups {
		for _, grain := range oracle.Grains() {
			answer := o.Ask(grain, group...)
			if v.report.Lost > 0 { // the oracle does not know where they show, see compareLost
				delete(answer, "events_lost")
				delete(answer, "loss_rate")
			}
			raw := make(oracle.Answer)
			for id, figures := range answer {
				if id, is := strings.CutSuffix(id, oracle.Raw); is {
					raw[id] = figures
					delete(answer, id+oracle.Raw)
				}
			}
			q := query{Dimensions: group, From: v.report.From, To: v.report.To, Grain: grain}
			if err := v.askAll(ctx, q, answer); err != nil {
				return err
			}
			q.Edit = "raw"
			if err := v.askAll(ctx, q, raw); err != nil {
				return err
			}
		}
		v.say("figures: %d of %d ways to split compared (%s)", n+1, len(groups), strings.Join(append([]string{"all"}, group...), " x "))
	}
	return nil
}

// askAll asks q for every indicator of want, some at a time.
func (v *verifier) askAll(ctx context.Context, q query, want oracle.Answer) error {
	for some := range slices.Chunk(slices.Sorted(maps.Keys(want)), maxIndicators) {
		cells := make(map[oracle.Cell]bool)
		for _, id := range some {
			for c := range want[id] {
				cells[c] = true
			}
		}
		q.Indicators = some
		if err := v.ask(ctx, &q, slices.Collect(maps.Keys(cells)), want); err != nil {
			return err
		}
	}
	return nil
}

// compareLost holds all events lost, in one figure, against what is missing and
// what boxes told: what is missing shows at the events after it, and which those
// are only the centre knows.
func (v *verifier) compareLost(ctx context.Context) error {
	if v.report.Lost == 0 || !v.WithoutEvicted {
		return nil // compared cell by cell, or different anyway
	}
	told := oracle.New(v.truth).Ask("total")["events_lost"][oracle.Cell{Period: "total"}]
	q := query{Indicators: []string{"events_lost"}, From: v.report.From, To: v.report.To, Grain: "total"}
	want := oracle.Answer{"events_lost": {{Period: "total"}: {Number: told.Number + float64(v.report.Lost), Known: true}}}
	return v.compare(ctx, &q, []oracle.Cell{{Period: "total"}}, want)
}

// ask asks one question and compares the answer; if it would be too long, it
// asks for parts.
func (v *verifier) ask(ctx context.Context, q *query, cells []oracle.Cell, want oracle.Answer) error {
	parts := split(q, cells)
	if parts == nil {
		return v.compare(ctx, q, cells, want)
	}
	for _, p := range parts {
		if err := v.ask(ctx, &p.query, p.cells, want); err != nil {
			return err
		}
	}
	return nil
}

// part is a question for some of the cells of another.
type part struct {
	query query
	cells []oracle.Cell
}

// split cuts a question whose answer would be too long: into days as long as
// that changes no figure, then into provinces, then into values of the last
// dimension. It returns nil if the question may be asked as it is.
func split(q *query, cells []oracle.Cell) []part {
	periods := make(map[string]bool)
	for _, c := range cells {
		periods[c.Period] = true
	}
	span := len(oracle.DaysBetween(q.From, q.To))
	if q.Grain == "hour" {
		span *= 24
	}
	fits := len(cells) <= maxRows && span <= maxPeriods
	if byTime := q.Grain == "hour" || q.Grain == "day"; byTime && !fits && q.From < q.To {
		all := oracle.DaysBetween(q.From, q.To)
		half := all[len(all)/2]
		early, late := part{query: *q}, part{query: *q}
		early.query.To, late.query.From = all[len(all)/2-1], half
		for _, c := range cells {
			if c.Period[:10] < half {
				early.cells = append(early.cells, c)
			} else {
				late.cells = append(late.cells, c)
			}
		}
		return []part{early, late}
	}
	if fits || len(q.Dimensions) == 0 {
		return nil
	}
	for n, dimension := range q.Dimensions {
		values := make(map[string]bool)
		for _, c := range cells {
			values[[]string{c.A, c.B}[n]] = true
		}
		if len(values) < 2 {
			continue
		}
		sorted := slices.Sorted(maps.Keys(values))
		// Enough pieces for the rows and for the values of a filter.
		pieces := max(2, (len(cells)+maxRows-1)/maxRows, (len(sorted)+maxValues-1)/maxValues)
		var parts []part
		home := make(map[string]int) // which part a value is asked in
		for some := range slices.Chunk(sorted, max(1, (len(sorted)+pieces-1)/pieces)) {
			p := part{query: *q}
			p.query.Filters = append(slices.DeleteFunc(slices.Clone(q.Filters), func(f filter) bool { return f.Dimension == dimension }), filter{dimension, some})
			for _, value := range some {
				home[value] = len(parts)
			}
			parts = append(parts, p)
		}
		for _, c := range cells {
			p := &parts[home[[]string{c.A, c.B}[n]]]
			p.cells = append(p.cells, c)
		}
		return parts
	}
	return nil
}

// figure is a number of an answer, nil if there is none.
type figure *float64

// compare asks q and holds the answer against what it must be.
func (v *verifier) compare(ctx context.Context, q *query, cells []oracle.Cell, want oracle.Answer) error {
	t, err := v.client.query(ctx, q)
	if err != nil {
		return fmt.Errorf("%v by %v, %s from %s to %s: %w", q.Indicators, q.Dimensions, q.Grain, q.From, q.To, err)
	}
	v.report.Queries++
	got, err := read(&t, q)
	if err != nil {
		return err
	}
	known := make(map[oracle.Cell]bool, len(cells))
	for _, c := range cells {
		known[c] = true
	}
	for c := range got {
		if !known[c] { // a cell that should not be
			cells = append(cells, c)
		}
	}
	for _, id := range q.Indicators {
		line := v.line(id)
		if q.Edit == "raw" {
			line = v.line(id + oracle.Raw)
		}
		for _, c := range cells {
			line.Cells++
			if must, is := want[id][c], got[c][id]; !same(must, is) {
				line.Different++
				v.example(&line.First, "%s %s: %s, must be %s", q.Grain, describe(q, c), show(is), showValue(must))
			} else {
				line.Equal++
			}
		}
	}
	return nil
}

// read turns an answer into figures by cell and indicator.
func read(t *table, q *query) (map[oracle.Cell]map[string]figure, error) {
	got := make(map[oracle.Cell]map[string]figure)
	want := append([]string{"period"}, append(slices.Clone(q.Dimensions), q.Indicators...)...)
	for i, c := range t.Columns {
		if i >= len(want) || c.ID != want[i] {
			return nil, fmt.Errorf("query: the answer's columns are %v, must be %v", t.Columns, want)
		}
	}
	for _, row := range t.Rows {
		if len(row) != len(want) {
			return nil, fmt.Errorf("query: a row has %d values, must have %d", len(row), len(want))
		}
		var words []string
		for _, x := range row[:1+len(q.Dimensions)] {
			word, ok := x.(string)
			if !ok {
				return nil, fmt.Errorf("query: a period or dimension is %v, must be a text", x)
			}
			words = append(words, word)
		}
		words = append(words, "", "")
		c := oracle.Cell{Period: words[0], A: words[1], B: words[2]}
		if got[c] != nil {
			return nil, fmt.Errorf("query: the row %v stands twice", words)
		}
		got[c] = make(map[string]figure)
		for i, id := range q.Indicators {
			switch x := row[1+len(q.Dimensions)+i].(type) {
			case nil:
			case float64:
				got[c][id] = &x
			default:
				return nil, fmt.Errorf("query: %s is %v, must be a number or null", id, x)
			}
		}
	}
	return got, nil
}

// same compares a figure with what it must be. A count of zero may be left out;
// a quotient that does not exist must not be a number.
func same(must oracle.Value, is figure) bool {
	if is == nil {
		return !must.Known || must.Number == 0
	}
	if !must.Known && must.Number != *is {
		return false
	}
	return math.Abs(must.Number-*is) <= 1e-9*math.Max(1, math.Abs(must.Number))
}

func show(f figure) string {
	if f == nil {
		return "nothing"
	}
	return fmt.Sprintf("%.10g", *f)
}

func showValue(v oracle.Value) string {
	if !v.Known && v.Number == 0 {
		return "nothing or 0"
	}
	return fmt.Sprintf("%.10g", v.Number)
}

func describe(q *query, c oracle.Cell) string {
	text := c.Period
	for i, d := range q.Dimensions {
		text += fmt.Sprintf(" %s=%q", d, []string{c.A, c.B}[i])
	}
	return text
}
