package store

import (
	"fmt"
	"slices"

	"iptvdc/aggregator"
)

// Check reports the first thing in q that its fact cannot answer: engines call
// it before anything else. Its errors are for people.
func (q *Query) Check() error {
	if q.Fact >= Facts {
		return badQuery("There is no fact %d.", q.Fact)
	}
	shape := ShapeOf(q.Fact)
	if q.Hourly && q.Fact >= EventFacts {
		return badQuery("%s is known by day, not by hour.", shape.Name)
	}
	if q.Latest && q.Fact != FactAccounts && q.Fact != FactPresence {
		return badQuery("%s is no stock: its days add up, none is the latest.", shape.Name)
	}
	if q.Aired && !slices.Contains(shape.Dimensions, ColAired) {
		return badQuery("%s does not know broadcasts, so it has no time at which they began.", shape.Name)
	}
	for _, c := range q.columns() {
		if c == ColHourOfDay && !q.Hourly {
			return badQuery("%s by day has no %s; ask for hours.", shape.Name, c)
		}
		if q.Latest && slices.Contains(TimeColumns, c) {
			return badQuery("%s is a stock of one day, it has no %s.", shape.Name, c)
		}
	}
	for _, t := range q.Among.In {
		if len(t) != len(q.Among.Columns) {
			return badQuery("A tuple of %d values is among tuples of %d columns.", len(t), len(q.Among.Columns))
		}
	}
	for _, c := range slices.Concat(q.GroupBy, q.Among.Columns) {
		if c == ColPackage {
			return badQuery("A content may be in several packages, so there are no groups of %s; filter by one after the other.", c)
		}
		if !shape.Has(c) {
			return badQuery("%s has no column %q; it has %v.", shape.Name, c, shape.Dimensions)
		}
	}
	for _, f := range q.Filters {
		if !shape.Has(f.Column) {
			return badQuery("%s has no column %q to filter by; it has %v.", shape.Name, f.Column, shape.Dimensions)
		}
	}
	if len(q.Values) == 0 {
		return badQuery("A question asks for at least one value.")
	}
	for _, v := range q.Values {
		if !slices.Contains(shape.Measures, v.Measure) {
			return badQuery("%s has no measure %q; it has %v.", shape.Name, v.Measure, shape.Measures)
		}
		if v.Count != 0 {
			if v.ByBox() {
				return badQuery("A value is counted in one way, not in two.")
			}
			if err := v.Count.check(q); err != nil {
				return err
			}
		}
		if v.DistinctBoxes && v.Squares != 0 || v.Squares < 0 {
			return badQuery("A value counts boxes or adds up squares in a unit > 0, not both.")
		}
		if v.ByBox() && shape.Counted() == "" {
			return badQuery("%s knows no boxes, accounts, airings or sights, they cannot be counted in it.", shape.Name)
		}
	}
	return nil
}

// columns are all columns that q names.
func (q *Query) columns() []Column {
	all := slices.Concat(q.GroupBy, q.Among.Columns)
	for _, f := range q.Filters {
		all = append(all, f.Column)
	}
	return all
}

// Asks reports whether q names c.
func (q *Query) Asks(c Column) bool { return slices.Contains(q.columns(), c) }

func badQuery(format string, args ...any) error {
	return &aggregator.Error{Code: "bad_query", Message: fmt.Sprintf(format, args...)}
}
