package duckdb

import (
	"fmt"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// colSeconds is how long a content is by the catalogue, 0 unknown: what contentSource
// has beside the content columns.
const colSeconds store.Column = "length_s"

// countingSQL is the common tables that count value n of q, the last of which is
// counted<n>, with span, groups and all values, the others 0.
func countingSQL(q *store.Query, n int, settled aggregator.Day) string {
	v := q.Values[n]
	switch v.Count {
	case store.CountLengths:
		return lengthsSQL(q, n, settled)
	case store.CountBoxDays, store.CountReturns:
		return boxDaysSQL(q, n, settled)
	case store.CountComplete:
		return completeSQL(q, n, settled)
	}
	return episodesSQL(q, n)
}

// counted closes the common tables: one row for each span and group of from, which
// has them.
func counted(q *store.Query, n int, value, from string) string {
	columns := []string{"span"}
	for i := range q.GroupBy {
		columns = append(columns, fmt.Sprintf("g%d", i))
	}
	for i := range q.Values {
		if i == n {
			columns = append(columns, fmt.Sprintf("%s AS v%d", value, i))
		} else {
			columns = append(columns, fmt.Sprintf("0 AS v%d", i))
		}
	}
	return fmt.Sprintf("counted%d AS (SELECT %s FROM %s GROUP BY ALL)", n, joinWith(columns, ", "), from)
}

// source is a common table with the rows that q selects and columns beside those of
// its groups; way asks them for the measure of value n.
func source(q store.Query, n int, settled aggregator.Day, boxes bool, columns ...store.Column) string {
	q.Values = []store.Value{{Measure: q.Values[n].Measure, DistinctBoxes: boxes}}
	q.GroupBy = slices.Concat(q.GroupBy, columns)
	return fmt.Sprintf("source%d AS (%s),\n", n, sourceSQL(&q, settled, boxes))
}

// spansOf is the list of (period, span) of value n.
func spansOf(q *store.Query, n int) string {
	return fmt.Sprintf("span%d AS (%s),\n", n, spanSQL(q, fmt.Sprintf("source%d", n)))
}

func groups(q *store.Query) string {
	return joinWith(append([]string{"span"}, groupColumns(q)...), ", ")
}

func lengthsSQL(q *store.Query, n int, settled aggregator.Day) string {
	each := fmt.Sprintf("(SELECT %[1]s, province AS in_province, content AS of_content, any_value(length_s)::BIGINT * 1000 AS ms, sum(%[2]s)::BIGINT AS n FROM source%[3]d JOIN span%[3]d USING (period) WHERE length_s > 0 GROUP BY ALL)",
		groups(q), q.Values[n].Measure, n)
	return source(*q, n, settled, false, store.ColProvince, store.ColContent, store.ColLength, colSeconds) + spansOf(q, n) +
		counted(q, n, fmt.Sprintf("sum((n * %d + ms // 2) // ms)", store.LengthUnit), each)
}

func boxDaysSQL(q *store.Query, n int, settled aggregator.Day) string {
	wide := *q
	wide.Filters = nil // those on time are of the first day
	times := ""
	for _, f := range q.Filters {
		switch {
		case !isTime(f.Column):
			wide.Filters = append(wide.Filters, f)
		case len(f.In) > 0:
			times += fmt.Sprintf(" AND %s %s (%s)", expression(f.Column, "period", false), isIn(f.Not), join(f.In))
		case !f.Not:
			times += " AND false"
		}
	}
	measure := q.Values[n].Measure
	if q.Values[n].Count == store.CountBoxDays {
		return source(wide, n, settled, true) + spansOf(q, n) + counted(q, n, "count(*)",
			fmt.Sprintf("(SELECT DISTINCT period, %[1]s, box FROM source%[2]d JOIN span%[2]d USING (period) WHERE %[3]s > 0%[4]s)", groups(q), n, measure, times))
	}
	wide.Spans = slices.Clone(q.Spans)
	for i, s := range wide.Spans {
		if s.From < s.To {
			wide.Spans[i].To += store.ReturnDays
		}
	}
	var same []string // what makes a group, but for the day's own time
	for _, c := range q.GroupBy {
		if !isTime(c) && !slices.Contains(same, string(c)) {
			same = append(same, string(c))
		}
	}
	same = append(same, "box")
	return source(wide, n, settled, true) + spansOf(q, n) +
		fmt.Sprintf("day%[1]d AS (SELECT *, lead(period) OVER (PARTITION BY %[2]s ORDER BY period) AS again FROM (SELECT DISTINCT period, %[2]s FROM source%[1]d WHERE %[3]s > 0)),\n", n, joinWith(same, ", "), measure) +
		counted(q, n, "count(*)", fmt.Sprintf("(SELECT %[1]s FROM day%[2]d JOIN span%[2]d USING (period) WHERE again - period <= %[3]d%[4]s)", groups(q), n, store.ReturnDays, times))
}

func completeSQL(q *store.Query, n int, settled aggregator.Day) string {
	each := fmt.Sprintf("(SELECT %[1]s, xor(sight, part::UBIGINT << 56) AS viewer FROM source%[2]d JOIN span%[2]d USING (period) WHERE %[3]s > 0 GROUP BY ALL HAVING count(DISTINCT part) >= %[4]d)",
		groups(q), n, q.Values[n].Measure, store.CompleteParts)
	return source(*q, n, settled, true, store.ColPart) + spansOf(q, n) + counted(q, n, "count(*)", each)
}

// episodesSQL reads the hours: a TV day is no civil one.
func episodesSQL(q *store.Query, n int) string {
	first, last := bounds(q)
	name := store.ShapeOf(q.Fact).Name + "_hour"
	day := fmt.Sprintf("((%s.period - 2) // 24)", name)
	columns := []string{"box", "content", "series"}
	for _, c := range q.GroupBy {
		if !isTime(c) && !slices.Contains(columns, string(c)) {
			columns = append(columns, string(c))
		}
	}
	rows := fmt.Sprintf("source%d AS (SELECT DISTINCT %s::INTEGER AS period, %s FROM %s WHERE %s.period >= %d AND %[5]s.period < %[7]d AND series <> 0 AND series <> content AND %[8]s > 0%[9]s),\n",
		n, day, joinWith(columns, ", "), tableWith(q, name, true), name, first*24+2, last*24+2, q.Values[n].Measure, conditions(q, day, false))
	from := fmt.Sprintf("source%[1]d JOIN span%[1]d USING (period)", n)
	switch q.Values[n].Count {
	case store.CountFollowers:
		from = fmt.Sprintf("(SELECT DISTINCT %s, box FROM %s)", groups(q), from)
	case store.CountEpisodes:
		from = fmt.Sprintf("(SELECT DISTINCT %s, box, content FROM %s)", groups(q), from)
	default:
		from = fmt.Sprintf("(SELECT DISTINCT * EXCLUDE (day, of_series) FROM (SELECT %s, box, period AS day, series AS of_series FROM %s GROUP BY ALL HAVING count(DISTINCT content) >= %d))",
			groups(q), from, store.BingeEpisodes)
	}
	return rows + spansOf(q, n) + counted(q, n, "count(*)", from)
}
