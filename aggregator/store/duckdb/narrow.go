package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"iptvdc/aggregator/store"
)

// A fact has a row for each combination of its dimensions, and most questions
// ask for few of them: a narrow table holds the same measures added up over the
// others, and a question reads the narrowest that has what it asks for. Boxes
// are counted from rolls (roll.go). Both are derived from the fact tables in the
// transactions that change those, and show in no answer but by its time.

// narrow is a fact without some of its dimensions. It keeps the province, by
// which closings replace rows and scopes select them.
type narrow struct {
	fact       store.Fact
	dimensions []store.Column
	// country: days stand without the province too. Of contents and slots every
	// province has its own rows, and who asks for the whole country would add up
	// fourteen times as many.
	country bool
}

// narrows are, of each fact, those with the fewest rows first.
var narrows = []narrow{
	{store.FactBox, []store.Column{store.ColProvince, store.ColCity}, false},
	{store.FactClick, []store.Column{store.ColProvince, store.ColCity}, false},
	{store.FactClick, []store.Column{store.ColProvince, store.ColPage, store.ColArea, store.ColSlot}, true},
	{store.FactClick, []store.Column{store.ColProvince, store.ColContent}, true},
	{store.FactMode, []store.Column{store.ColProvince, store.ColCity, store.ColMode}, false},
	{store.FactView, []store.Column{store.ColProvince, store.ColCity, store.ColMode}, false},
	{store.FactView, []store.Column{store.ColProvince, store.ColMode, store.ColChannel}, false},
	{store.FactView, []store.Column{store.ColProvince, store.ColMode, store.ColContent}, true},
	{store.FactImpression, []store.Column{store.ColProvince, store.ColPage, store.ColArea, store.ColSlot}, true},
	{store.FactImpression, []store.Column{store.ColProvince, store.ColContent}, true},
	{store.FactOn, []store.Column{store.ColProvince, store.ColCity}, false},
}

func (n narrow) name() string {
	return store.ShapeOf(n.fact).Name + "_by_" + joinWith(n.dimensions, "_")
}

// anywhere are the dimensions but the province, and countryName the name of the table
// that has those.
func (n narrow) anywhere() []store.Column {
	return slices.DeleteFunc(slices.Clone(n.dimensions), func(c store.Column) bool { return c == store.ColProvince })
}

func (n narrow) countryName() string {
	return store.ShapeOf(n.fact).Name + "_by_" + joinWith(n.anywhere(), "_")
}

func (n narrow) sums(dimensions []store.Column) string {
	return joinWith(dimensions, ", ") + ", sum(" + joinWith(store.ShapeOf(n.fact).Measures, "), sum(") + ")"
}

// fillCountry adds the country's days that a condition selects, from the provinces'.
func (n narrow) fillCountry(where string) string {
	return fmt.Sprintf("INSERT INTO %s_day SELECT period, %s FROM %s_day WHERE %s GROUP BY ALL", n.countryName(), n.sums(n.anywhere()), n.name(), where)
}

// needed are the columns of a fact by which q groups and selects; a period every
// table has.
func needed(q *store.Query) []store.Column {
	columns := slices.Concat(q.GroupBy, q.Among.Columns)
	for _, f := range q.Filters {
		columns = append(columns, f.Column)
	}
	columns = slices.DeleteFunc(columns, isTime)
	if !q.AllProvinces {
		columns = append(columns, store.ColProvince)
	}
	for i, c := range columns {
		if c == store.ColModel {
			columns[i] = store.ColBox
		}
		if slices.Contains(store.ContentColumns, c) || c == colSeconds || c == store.ColPackage { // joined by province and content
			columns[i] = store.ColContent
			columns = append(columns, store.ColProvince)
		}
		if c == store.ColPackage && hasChannel(q) {
			columns = append(columns, store.ColChannel)
		}
	}
	return columns
}

// sumTable is the table, without its grain, from which q's sums are read by hour or by
// day.
func sumTable(q *store.Query, grain string) string {
	columns := needed(q)
	for _, n := range narrows {
		has := func(dimensions []store.Column) bool {
			return !slices.ContainsFunc(columns, func(c store.Column) bool { return !slices.Contains(dimensions, c) })
		}
		switch {
		case n.fact != q.Fact:
		case grain == "day" && n.country && has(n.anywhere()):
			return n.countryName()
		case has(n.dimensions):
			return n.name()
		}
	}
	if shape, ok := folded[q.Fact]; ok {
		missing := func(c store.Column) bool { return !slices.Contains(shape.Dimensions, c) }
		unknown := func(m store.Measure) bool { return !slices.Contains(shape.Measures, m) }
		if !slices.ContainsFunc(columns, missing) && !slices.ContainsFunc(measures(q, addsUp), unknown) {
			return shape.Name
		}
	}
	return store.ShapeOf(q.Fact).Name
}

// derived is a table that is made from another.
type derived struct {
	name, create, fill string
	seated             bool // its boxes must have seats
	// part fills it from the rows of the table from that a condition selects, whole
	// periods; nil: fill at once.
	part func(where string) string
	from string
}

func allDerived() (all []derived) {
	for _, n := range narrows {
		shape := store.ShapeOf(n.fact)
		types := map[store.Measure]string{} // a province's sums can outgrow what a city's content cannot
		for _, m := range shape.Measures {
			types[m] = "BIGINT"
		}
		for _, grain := range []string{"hour", "day"} {
			all = append(all, derived{n.name() + "_" + grain, factTable(n.name()+"_"+grain, n.dimensions, shape.Measures, types),
				fmt.Sprintf("INSERT INTO %s_%s SELECT period, %s FROM %s_%[2]s GROUP BY ALL", n.name(), grain, n.sums(n.dimensions), shape.Name), false, nil, ""})
		}
		if n.country {
			all = append(all, derived{n.countryName() + "_day", factTable(n.countryName()+"_day", n.anywhere(), shape.Measures, types), n.fillCountry("true"), false, nil, ""})
		}
	}
	for _, shape := range rolled {
		for _, grain := range []string{"hour", "day"} {
			all = append(all, derived{rollTable(shape, grain), createRoll(shape, grain), fillRoll(shape, grain, "seat", "true"), true,
				func(where string) string { return fillRoll(shape, grain, "seat", where) }, shape.Name + "_" + grain})
		}
	}
	for _, shape := range marked {
		all = append(all, derived{shape.Name + "_marks", createMarks(shape), fillMarks(shape, "true"), false, nil, ""})
	}
	all = append(all, derived{"packed", "CREATE TABLE packed (province UTINYINT NOT NULL, package UBIGINT NOT NULL, element UTINYINT NOT NULL, code UBIGINT NOT NULL)",
		script(packedSQL, map[string]any{"which": "true"})[0], false, nil, ""})
	return all
}

// partRows is of how many rows a roll is made at a time. DuckDB keeps the words that a
// roll's texts are made of in memory: of a month of a million boxes more than 3 GB.
const partRows = 4_000_000

// periodParts cuts the periods of a fact table into conditions, each of which selects
// about so many rows, at least those of one period.
func periodParts(ctx context.Context, tx *sql.Tx, table string, rows int64) ([]string, error) {
	var first, last, n int64
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(min(period), 0), coalesce(max(period), 0), count(*) FROM "+table).Scan(&first, &last, &n); err != nil {
		return nil, err
	}
	if n <= rows {
		return []string{"true"}, nil
	}
	parts := (n + rows - 1) / rows
	step := max(1, (last-first+parts)/parts)
	var all []string
	for from := first; from <= last; from += step {
		all = append(all, fmt.Sprintf("period >= %d AND period < %d", from, from+step))
	}
	return all, nil
}

// derive makes the derived tables that are not there: all of them in a new
// store, those that came later in an older one.
func derive(ctx context.Context, tx *sql.Tx) error {
	there := map[string]bool{}
	rows, err := tx.QueryContext(ctx, "SELECT table_name FROM duckdb_tables()")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		there[name] = true
	}
	if err := rows.Err(); err != nil {
		return err
	}
	var steps []string
	seats := false
	for _, d := range allDerived() {
		if there[d.name] {
			continue
		}
		steps = append(steps, d.create)
		seats = seats || d.seated
		if d.part == nil {
			steps = append(steps, d.fill)
			continue
		}
		conditions, err := periodParts(ctx, tx, d.from, partRows)
		if err != nil {
			return err
		}
		for _, where := range conditions {
			steps = append(steps, d.part(where))
		}
	}
	if seats {
		if err := seatAll(ctx, tx); err != nil {
			return err
		}
	}
	for _, shape := range rolled { // by which boxes were counted before there were rolls
		if name := shape.Name + "_marks"; there[name] {
			steps = append(steps, "DROP TABLE "+name)
		}
	}
	for _, step := range steps {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("%w, in %.60s", err, step)
		}
	}
	return nil
}

// cellsOf selects rows of the cells in the table cell, all of hours from..to-1.
func cellsOf(from, to int64) string {
	return fmt.Sprintf("period >= %d AND period < %d AND (period, province) IN (SELECT hour, province FROM cell)", from, to)
}

// renarrow brings a narrow table in line with what changed of its fact where a
// condition selects whole periods of provinces. Of the country those days are made
// anew that had such rows or have them now.
func renarrow(n narrow, grain, where string, c changed) (all []string) {
	fact := store.ShapeOf(n.fact).Name
	country := grain == "day" && n.country && c.any(fact)
	days := fmt.Sprintf("SELECT DISTINCT period FROM %s_day WHERE %s", n.name(), where)
	if country {
		all = append(all, "CREATE OR REPLACE TEMP TABLE country_day AS "+days)
	}
	if c.gone[fact] {
		all = append(all, fmt.Sprintf("DELETE FROM %s_%s WHERE %s", n.name(), grain, where))
	}
	if c.made[fact] {
		all = append(all, fmt.Sprintf("INSERT INTO %[1]s_%[2]s SELECT period, %[3]s FROM %[4]s_%[2]s WHERE %[5]s GROUP BY ALL", n.name(), grain, n.sums(n.dimensions), fact, where))
	}
	if country {
		all = append(all, "INSERT INTO country_day "+days,
			fmt.Sprintf("DELETE FROM %s_day WHERE period IN (FROM country_day)", n.countryName()),
			n.fillCountry("period IN (FROM country_day)"))
	}
	return all
}
