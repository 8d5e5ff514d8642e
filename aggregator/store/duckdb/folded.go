package duckdb

import (
	"fmt"
	"slices"
	"strings"

	"iptvdc/aggregator/store"
)

// A fact may lie in its table otherwise than it is asked for: FactAsset has a row for
// each part of a content that a box saw, which would be the most rows of all facts. It
// is kept as one row a box and content with a column for each part, and a view of the
// fact's name unfolds that.

// folded are the shapes of such tables. Their rows add up like a fact's.
var folded = map[store.Fact]store.Shape{
	store.FactAsset: {Name: "asset", Measures: slices.Concat([]store.Measure{store.MeasurePlacedMs}, passedParts),
		Dimensions: []store.Column{store.ColProvince, store.ColCity, store.ColMode, store.ColContent, store.ColBox}},
}

// passedParts are the columns of the parts.
var passedParts = func() (all []store.Measure) {
	for part := range store.Parts {
		all = append(all, store.Measure(fmt.Sprintf("passed_%d", part+1)))
	}
	return all
}()

// tableOf is the shape of the tables in which a fact lies.
func tableOf(f store.Fact) store.Shape {
	if shape, ok := folded[f]; ok {
		return shape
	}
	return store.ShapeOf(f)
}

// tableNamed is the shape of the tables of a fact of events that have a name, without
// their grain.
func tableNamed(name string) store.Shape {
	for f := range store.Fact(store.EventFacts) {
		if shape := tableOf(f); shape.Name == name {
			return shape
		}
	}
	panic("duckdb: no fact lies in tables called " + name) // only the closing's own statements name some
}

// foldedTypes are the types of their measures that no fact has.
func foldedTypes() map[store.Measure]string {
	types := map[store.Measure]string{store.MeasurePlacedMs: "BIGINT"}
	for _, m := range passedParts {
		types[m] = "UTINYINT" // of a day at most 24
	}
	return types
}

// foldedViews are the views that unfold FactAsset.
func foldedViews() string {
	var b strings.Builder
	for _, grain := range []string{"hour", "day"} {
		fmt.Fprintf(&b, `CREATE OR REPLACE VIEW fact_asset_%[1]s AS
SELECT period, province, city, mode, content, 0::UTINYINT AS part, xor(box, content) AS sight, placed_ms, 0::UTINYINT AS passed
FROM asset_%[1]s
UNION ALL
SELECT period, province, city, mode, content, part, xor(xor(box, content), part::UBIGINT << 56), 0, passed
FROM (SELECT period, province, city, mode, content, box, unnest(range(1, %[2]d))::UTINYINT AS part, unnest([%[3]s]) AS passed FROM asset_%[1]s)
WHERE passed > 0;
`, grain, store.Parts+1, joinWith(passedParts, ", "))
	}
	return b.String()
}
