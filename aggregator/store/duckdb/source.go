package duckdb

import (
	"fmt"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// sourceSQL selects the columns that q needs for its sums, or with boxes for
// what it asks of boxes, or accounts, one by one.
func sourceSQL(q *store.Query, settled aggregator.Day, boxes bool) string {
	shape := store.ShapeOf(q.Fact)
	table, asked := func(grain string) string { return sumTable(q, grain) }, measures(q, addsUp)
	columns := slices.DeleteFunc(slices.Clone(q.GroupBy), isTime)
	if q.Latest {
		columns = append(columns, store.ColProvince)
	}
	if boxes {
		table, asked = func(string) string { return shape.Name }, measures(q, store.Value.ByBox)
		columns = append(columns, shape.Counted())
	}
	columns = slices.Compact(slices.Sorted(slices.Values(columns)))
	rest := make([]string, 0, len(columns)+len(asked))
	for _, c := range columns {
		rest = append(rest, string(c))
	}
	for _, m := range asked {
		rest = append(rest, string(m))
	}
	return rowsSQL(q, settled, table, rest)
}

// rowsSQL selects columns, or what is made of them, of the rows that scope and filters
// of q let through, of the table that is called table(grain) but for its grain. For
// days after the settled one the hourly table stands in: its rows add up to the same.
func rowsSQL(q *store.Query, settled aggregator.Day, table func(grain string) string, columns []string) string {
	first, last := bounds(q)
	rest := ""
	for _, c := range columns {
		rest += ", " + c
	}
	one := func(grain, period string, from, to int64) string {
		name := table(grain) + "_" + grain
		where := conditions(q, name+".period", grain == "hour")
		if q.Aired {
			where = conditions(q, "aired", true) + airedWithin(q, first, last)
		}
		return fmt.Sprintf("SELECT %s AS period%s FROM %s WHERE %s.period >= %d AND %s.period < %d%s",
			period, rest, tableWith(q, name, asksContent(q)), name, from, name, to, where)
	}
	if q.Fact >= store.EventFacts {
		return one("day", "period", first, last)
	}
	if q.Aired {
		return airedSQL(q, settled, first, last, one)
	}
	if q.Hourly {
		return one("hour", "period", first, last)
	}
	open := max(first, int64(settled)+1)
	daily := one("day", "period", first, min(last, int64(settled)+1))
	if open >= last {
		return daily
	}
	hourly := one("hour", "period // 24", open*24, last*24)
	if open == first {
		return hourly
	}
	return daily + "\nUNION ALL " + hourly
}

// measures are those of the values that q asks for in one way, each once.
func measures(q *store.Query, way func(store.Value) bool) (all []store.Measure) {
	for _, v := range q.Values {
		if way(v) && !slices.Contains(all, v.Measure) {
			all = append(all, v.Measure)
		}
	}
	return all
}

// airedWithin keeps broadcasts that began in the periods first..last-1.
func airedWithin(q *store.Query, first, last int64) string {
	if !q.Hourly {
		first, last = first*24, last*24
	}
	return fmt.Sprintf(" AND aired >= %d AND aired < %d", first, last)
}

// watchedDays is how many days after the one in which a broadcast began it is
// watched at most: MaxLag TV days, of which the last ends in the next civil day.
const watchedDays = store.MaxLag + 1

// airedSQL is sourceSQL for periods in which broadcasts began, whenever they were
// watched.
func airedSQL(q *store.Query, settled aggregator.Day, first, last int64, one func(table, period string, from, to int64) string) string {
	period := "aired"
	if q.Hourly {
		first, last = int64(aggregator.Hour(first).Day()), int64(aggregator.Hour(last-1).Day())+1
	} else {
		period = "aired // 24"
	}
	last += watchedDays
	open := max(first, int64(settled)+1)
	return one("day", period, first, min(last, open)) + "\nUNION ALL " + one("hour", period, open*24, last*24)
}

// asksContent reports whether q asks what contents are by their catalogues.
func asksContent(q *store.Query) bool {
	for _, c := range append([]store.Column{store.ColProgramme}, store.ContentColumns...) {
		if q.Asks(c) {
			return true
		}
	}
	return false
}

// tableWith is the table called name of q's fact, under its own name, with what q
// asks of its rows that others know: the catalogues, if content is set, and the
// boxes' models.
func tableWith(q *store.Query, name string, content bool) string {
	source := name
	switch {
	case !content:
	case slices.Contains(store.ShapeOf(q.Fact).Dimensions, store.ColBroadcast):
		source = broadcastSource(name)
	default:
		source = contentSource(name)
	}
	if q.Asks(store.ColModel) {
		source = modelSource(source, name)
	}
	return source
}

// contentSource is a fact table under its own name with the content columns.
func contentSource(name string) string {
	return fmt.Sprintf(`(SELECT f.*, coalesce(t.genre, 0) AS genre, coalesce(t.sub_genre, 0) AS sub_genre, coalesce(t.place, 0) AS place,
	coalesce(CASE WHEN t.element = 2 THEN t.content ELSE t.series END, 0) AS series, coalesce(t.provider, 0) AS maker,
	coalesce(t.definition, 0) AS definition, %[2]s AS length, CASE WHEN t.element = 1 AND t.duration_s > 0 THEN t.duration_s ELSE 0 END AS length_s
FROM %[1]s f LEFT JOIN title t ON t.prime AND t.province = f.province AND t.content = f.content AND t.content <> 0) AS %[1]s`, name, lengthClass)
}

// modelSource is a source of boxes called name with their models.
func modelSource(source, name string) string {
	return fmt.Sprintf(`(SELECT %[2]s.*, coalesce(i.model, 0) AS model
FROM %[1]s LEFT JOIN (SELECT box, max(model) AS model FROM identity GROUP BY box) i ON i.box = %[2]s.box) AS %[2]s`, source, name)
}

// broadcastSource is a fact table under its own name with the programme's name and
// the content columns: those of the thing that the broadcast's programme names,
// else of its Schedule, as store.Normal.Inherit has it. Most name nothing: a
// condition on that beside the equalities made DuckDB 1.4.3 join fifty times slower.
func broadcastSource(name string) string {
	return fmt.Sprintf(`(SELECT f.*, coalesce(b.name, 0) AS programme,
	coalesce(nullif(t.genre, 0), b.genre, 0) AS genre,
	CASE WHEN coalesce(t.sub_genre, 0) = 0 AND (coalesce(t.genre, 0) = 0 OR t.genre = b.genre) THEN coalesce(b.sub_genre, 0) ELSE coalesce(t.sub_genre, 0) END AS sub_genre,
	coalesce(nullif(t.place, 0), b.place, 0) AS place,
	coalesce(CASE WHEN t.element = 2 THEN t.content ELSE t.series END, 0) AS series,
	coalesce(nullif(t.provider, 0), b.provider, 0) AS maker,
	coalesce(nullif(t.definition, 0), b.definition, 0) AS definition, %[2]s AS length
FROM %[1]s f LEFT JOIN broadcast b ON b.province = f.province AND b.code = f.broadcast
	LEFT JOIN title t ON t.prime AND t.province = b.province AND t.content = nullif(b.programme, 0)) AS %[1]s`, name, lengthClass)
}

// lengthClass is store.LengthClass of a title t.
const lengthClass = "CASE WHEN t.element IS DISTINCT FROM 1 OR t.duration_s <= 0 THEN 0 WHEN t.duration_s < 600 THEN 1 WHEN t.duration_s < 1800 THEN 2 WHEN t.duration_s < 3600 THEN 3 WHEN t.duration_s < 5400 THEN 4 ELSE 5 END"
