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
	if q.Latest && q.Fact != FactAccounts {
		return badQuery("%s is no stock: its days add up, none is the latest.", shape.Name)
	}
	if q.Aired && !slices.Contains(shape.Dimensions, ColAired) {
		return badQuery("%s does not know broadcasts, so it has no time at which they began.", shape.Name)
	}
	for _, c := range q.GroupBy {
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
		if v.DistinctBoxes && shape.Counted() == "" {
			return badQuery("%s does not know boxes, they cannot be counted in it.", shape.Name)
		}
	}
	return nil
}

func badQuery(format string, args ...any) error {
	return &aggregator.Error{Code: "bad_query", Message: fmt.Sprintf(format, args...)}
}
