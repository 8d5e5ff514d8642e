package console

import (
	"testing"

	"iptvdc/aggregator/indicator"
)

// Whoever misspells a field is told the fields as JSON has them, also those of a struct
// within, and none that JSON does not have.
func TestFieldsAreThoseOfJSON(t *testing.T) {
	f := func(into any, want string) {
		t.Helper()
		if got := fields(into); got != want {
			t.Errorf("%T: %s\nwant %s", into, got, want)
		}
	}
	f(&NewPerson{}, "name, display, language, department, grants, grants.role, grants.data, grants.all, grants.provinces")
	f(&indicator.Request{}, "indicators, dimensions, filters, from, to, grain, compare, align, like_for_like, edit, limit, order, top, totals, filters.dimension, filters.in, filters.not")
}
