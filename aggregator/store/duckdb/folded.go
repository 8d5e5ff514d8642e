package duckdb

import (
	"fmt"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// A fact may lie in its table otherwise than it is asked for: FactAsset has a row for
// each part of a content that a box saw, which would be the most rows of all facts. It
// is kept as one row a box and content with a column for each part. What viewers saw is
// read from there, as bits; a view of the fact's name unfolds it for all else.

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

// readsFolded reports whether sightSQL answers q: it counts viewers, what they saw and
// who saw the whole, and adds up nothing.
func readsFolded(q *store.Query) bool {
	if q.Fact != store.FactAsset || slices.Contains(q.Among.Columns, store.ColPart) || q.Asks(store.ColSight) {
		return false
	}
	byPart, parts := slices.Contains(q.GroupBy, store.ColPart), q.Asks(store.ColPart)
	for _, v := range q.Values {
		switch {
		case v.DistinctBoxes && v.Measure == store.MeasurePassed:
		case v.DistinctBoxes && !parts:
		case v.Count == store.CountComplete && v.Measure == store.MeasurePassed && !byPart:
		default:
			return false
		}
	}
	return true
}

// passedBits has bit n set if part n+1 was passed.
var passedBits = func() string {
	bits := make([]string, len(passedParts))
	for n, m := range passedParts {
		bits[n] = fmt.Sprintf("(%s > 0)::INTEGER << %d", m, n)
	}
	return "(" + joinWith(bits, ") | (") + ")"
}()

// partBits has bit n set if q's filters let part n+1 through.
func partBits(q *store.Query) (bits uint64) {
	bits = 1<<store.Parts - 1
	for _, f := range q.Filters {
		if f.Column != store.ColPart {
			continue
		}
		var in uint64
		for _, part := range f.In {
			if part >= 1 && part <= store.Parts {
				in |= 1 << (part - 1)
			}
		}
		if f.Not {
			in = ^in
		}
		bits &= in
	}
	return bits
}

// sightSQL answers what readsFolded tells. Of each pair of a box and a content in a
// span and group the parts it passed become bits of one number: unfolded, a month would
// be counted from twenty times the rows.
//
//	source    the rows of all spans that scope and filters let through
//	span      which periods belong to which span; not if there is but one span
//	by_sight  whether a pair's place is known, and its parts
//	sights    the counts, by span and group
func sightSQL(q *store.Query, settled aggregator.Day) string {
	asked := *q
	asked.Filters = slices.DeleteFunc(slices.Clone(q.Filters), func(f store.Filter) bool { return f.Column == store.ColPart })
	columns := []string{"xor(box, content) AS sight", string(store.MeasurePlacedMs), passedBits + " AS passed"}
	bySight, sights := []string{"span"}, []string{"span"}
	byPart := false
	for i, c := range q.GroupBy {
		if c == store.ColPart {
			byPart = true
			sights = append(sights, fmt.Sprintf("unnest(range(1, %d))::UBIGINT AS g%d", store.Parts+1, i))
			continue
		}
		if !isTime(c) && !slices.Contains(columns, string(c)) {
			columns = append(columns, string(c))
		}
		bySight = append(bySight, fmt.Sprintf("%s::UBIGINT AS g%d", expression(c, "period", q.Hourly), i))
		sights = append(sights, fmt.Sprintf("g%d", i))
	}
	bySight = append(bySight, "sight", "max(placed_ms) > 0 AS placed", fmt.Sprintf("bit_or(passed) & %d AS parts", partBits(q)))
	for i, v := range q.Values {
		count := "count(*) FILTER (placed)"
		switch {
		case byPart:
			each := make([]string, store.Parts)
			for n := range each {
				each[n] = fmt.Sprintf("count(*) FILTER (parts & %d <> 0)", 1<<n)
			}
			count = "unnest([" + joinWith(each, ", ") + "])"
		case v.Count == store.CountComplete:
			count = fmt.Sprintf("count(*) FILTER (bit_count(parts) >= %d)", store.CompleteParts)
		case v.Measure == store.MeasurePassed:
			count = "sum(bit_count(parts))"
		}
		sights = append(sights, fmt.Sprintf("%s AS v%d", count, i))
	}
	table := func(string) string { return folded[store.FactAsset].Name }
	ctes := []string{fmt.Sprintf("source AS (%s)", rowsSQL(&asked, settled, table, columns))}
	if _, one := oneSpan(q); !one {
		ctes = append(ctes, fmt.Sprintf("span AS (%s)", spanSQL(q, "source")))
	}
	ctes = append(ctes, fmt.Sprintf("by_sight AS (SELECT %s FROM %s GROUP BY ALL)", joinWith(bySight, ", "), spanned(q, "source")),
		fmt.Sprintf("sights AS (SELECT %s FROM by_sight GROUP BY ALL)", joinWith(sights, ", ")))
	return answerSQL(q, ctes, []string{"FROM sights"})
}
