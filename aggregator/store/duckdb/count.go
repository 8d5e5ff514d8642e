package duckdb

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Counting boxes in spans that overlap (boxes seen in the 30 days up to each
// of 31 days) would take each row into 30 groups. So a box's periods first
// become bits of a few words, in one pass over the rows; a span is then a mask
// over these words, and what remains is boxes times spans.

const (
	wordBits = 48 // of a BIGINT: whole rows of marks
	// maxWords and maxMasks bound when that pays: beyond, rows are fewer than
	// boxes times spans.
	maxWords = 10
	maxMasks = 400
)

// bounds returns the first period of all spans and the one after the last.
func bounds(q *store.Query) (first, last int64) {
	first, last = math.MaxInt32, math.MinInt32
	for _, p := range q.Spans {
		if p.From < p.To {
			first, last = min(first, int64(p.From)), max(last, int64(p.To))
		}
	}
	return first, last
}

// bitHours is how many periods one bit stands for: a whole day if hours are
// asked for in whole days, as by the hour of the day.
func bitHours(q *store.Query) int64 {
	if !q.Hourly || slices.ContainsFunc(q.Spans, func(p store.Span) bool { return p.From%24 != 0 || p.To%24 != 0 }) {
		return 1
	}
	return 24
}

// fromMarks reports whether boxes are counted from rows of marks. Those tell no
// hours, days of sixteen alone.
func fromMarks(q *store.Query) bool {
	return !q.Hourly && slices.Contains(markedFacts, q.Fact) && !slices.ContainsFunc(store.TimeColumns, q.Asks)
}

// words returns the first bit, in periods of bitHours, and how many words hold
// all.
func words(q *store.Query) (base int64, n int) {
	first, last := bounds(q)
	unit := bitHours(q)
	first, last = first/unit, last/unit
	if fromMarks(q) { // words begin where rows of marks do
		first = first >> markShift << markShift
	}
	return first, int((last - first + wordBits - 1) / wordBits)
}

func masksFit(q *store.Query) bool {
	_, n := words(q)
	return n <= maxWords && len(q.Spans) <= maxMasks
}

// countSQL is the common table boxes, and what it stands on but seen.
func countSQL(q *store.Query, settled aggregator.Day) string {
	if !masksFit(q) {
		return countByRows(q)
	}
	base, n := words(q)
	unit := bitHours(q)
	period := "period"
	if unit > 1 {
		period = fmt.Sprintf("((period - %d) // %d + %d)", base*unit, unit, base)
	}
	before, from := "", "seen"
	bits := func(m store.Measure, word int64) string { return periodBits(m, period, word) }
	if fromMarks(q) {
		before, from, bits = "marks AS ("+marksSQL(q, settled)+"),\n", "marks", rowBits
	}
	perBox := append(groupColumns(q), string(store.ShapeOf(q.Fact).Counted())+" AS one_box")
	counts := []string{"span"}
	for i := range q.GroupBy {
		counts = append(counts, fmt.Sprintf("g%d", i))
	}
	for i, v := range q.Values {
		if !v.DistinctBoxes {
			counts = append(counts, fmt.Sprintf("0 AS v%d", i))
			continue
		}
		var hits []string
		for w := range n {
			perBox = append(perBox, fmt.Sprintf("bit_or(%s) AS b%d_%d", bits(v.Measure, base+int64(w)*wordBits), i, w))
			hits = append(hits, fmt.Sprintf("(b%d_%d & m%d)", i, w, w))
		}
		counts = append(counts, fmt.Sprintf("%s AS v%d", countHit(hits), i))
	}
	return fmt.Sprintf("%sby_box AS (SELECT %s FROM %s GROUP BY ALL),\nboxes AS (SELECT %s FROM by_box, (VALUES %s) mask(span%s) GROUP BY ALL)",
		before, joinWith(perBox, ", "), from, joinWith(counts, ", "), maskRows(q, base, unit, n), numbered(", m", n))
}

// periodBits is the bit that a row of one period has in the word that begins
// with a period.
func periodBits(m store.Measure, period string, word int64) string {
	return fmt.Sprintf("CASE WHEN %[1]s > 0 AND %[2]s >= %[3]d AND %[2]s < %[4]d THEN 1::BIGINT << (%[2]s - %[3]d) ELSE 0 END", m, period, word, word+wordBits)
}

// rowBits are the bits that a row of marks has in the word that begins with a
// day.
func rowBits(m store.Measure, word int64) string {
	row := word >> markShift
	return fmt.Sprintf("CASE WHEN period >= %[2]d AND period < %[3]d THEN %[1]s::BIGINT << ((period - %[2]d) * %[4]d) ELSE 0 END",
		m, row, row+wordBits/markDays, markDays)
}

// marksSQL selects the marks that q needs: rows of the settled days as they are,
// later ones made of the hourly table's.
func marksSQL(q *store.Query, settled aggregator.Day) string {
	shape := store.ShapeOf(q.Fact)
	columns := joinWith(slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(q.GroupBy), shape.Counted())))), ", ")
	asked, where := measures(q, countsBoxes), conditions(q, "period", false)
	first, last := bounds(q)
	source := func(name string) string {
		if q.Asks(store.ColModel) {
			return modelSource(name, name)
		}
		return name
	}
	var parts []string
	if first <= int64(settled) {
		parts = append(parts, fmt.Sprintf("SELECT period, %s, %s FROM %s WHERE period >= %d AND period <= %d%s",
			columns, joinWith(asked, ", "), source(shape.Name+"_marks"), first>>markShift, (min(last, int64(settled)+1)-1)>>markShift, where))
	}
	if open := max(first, int64(settled)+1); open < last {
		parts = append(parts, fmt.Sprintf("SELECT (period // 24) >> %d AS period, %s, %s FROM %s WHERE period >= %d AND period < %d%s",
			markShift, columns, markBits("(period // 24)", asked), source(shape.Name+"_hour"), open*24, last*24, where))
	}
	return joinWith(parts, "\nUNION ALL ")
}

// maskRows lists each span with the bits of its periods.
func maskRows(q *store.Query, first, unit int64, n int) string {
	var b strings.Builder
	for i, p := range q.Spans {
		if p.From >= p.To {
			continue
		}
		fmt.Fprintf(&b, "%s(%d", comma(b.Len()), i)
		for w := range n {
			fmt.Fprintf(&b, ", %d::BIGINT", mask(int64(p.From)/unit-first-int64(w)*wordBits, int64(p.To)/unit-first-int64(w)*wordBits))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// mask has the bits from..to-1 of one word; bits outside the word are cut.
func mask(from, to int64) int64 {
	from, to = max(from, 0), min(to, wordBits)
	if from >= to {
		return 0
	}
	return (1<<to - 1) &^ (1<<from - 1)
}

func numbered(word string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s%d", word, i)
	}
	return b.String()
}

// countByRows joins every row with its spans and groups by box first.
func countByRows(q *store.Query) string {
	perBox := append([]string{"span"}, groupColumns(q)...)
	perBox = append(perBox, string(store.ShapeOf(q.Fact).Counted())+" AS one_box")
	counts := []string{"span"}
	for i := range q.GroupBy {
		counts = append(counts, fmt.Sprintf("g%d", i))
	}
	for i, v := range q.Values {
		if !v.DistinctBoxes {
			counts = append(counts, fmt.Sprintf("0 AS v%d", i))
			continue
		}
		perBox = append(perBox, fmt.Sprintf("max(%s) > 0 AS b%d", v.Measure, i))
		counts = append(counts, fmt.Sprintf("count(*) FILTER (b%d) AS v%d", i, i))
	}
	return fmt.Sprintf("by_box AS (SELECT %s FROM seen JOIN span USING (period) GROUP BY ALL),\nboxes AS (SELECT %s FROM by_box GROUP BY ALL)",
		joinWith(perBox, ", "), joinWith(counts, ", "))
}

// squareSQL is the common table squares: what each box has in a span and group
// is added up, rounded to the unit and squared.
func squareSQL(q *store.Query) string {
	perBox := append([]string{"span"}, groupColumns(q)...)
	perBox = append(perBox, string(store.ShapeOf(q.Fact).Counted())+" AS one_box")
	sums := []string{"span"}
	for i := range q.GroupBy {
		sums = append(sums, fmt.Sprintf("g%d", i))
	}
	for i, v := range q.Values {
		if v.Squares <= 0 {
			sums = append(sums, fmt.Sprintf("0 AS v%d", i))
			continue
		}
		perBox = append(perBox, fmt.Sprintf("((sum(%s)::BIGINT + %d) // %d) AS s%d", v.Measure, v.Squares/2, v.Squares, i))
		sums = append(sums, fmt.Sprintf("sum(s%d * s%d) AS v%d", i, i, i))
	}
	return fmt.Sprintf("sum_by_box AS (SELECT %s FROM seen JOIN span USING (period) GROUP BY ALL),\nsquares AS (SELECT %s FROM sum_by_box GROUP BY ALL)",
		joinWith(perBox, ", "), joinWith(sums, ", "))
}
