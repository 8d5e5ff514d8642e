package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// A fact has a row for each combination of its dimensions, and most questions
// ask for few of them: a narrow table holds the same measures added up over the
// others, and a question reads the narrowest that has what it asks for. Boxes
// are counted from marks. Both are derived from the fact tables in the
// transactions that change those, and show in no answer but by its time.

// narrow is a fact without some of its dimensions. It keeps the province, by
// which closings replace rows and scopes select them.
type narrow struct {
	fact       store.Fact
	dimensions []store.Column
}

// narrows are, of each fact, those with the fewest rows first.
var narrows = []narrow{
	{store.FactBox, []store.Column{store.ColProvince, store.ColCity}},
	{store.FactClick, []store.Column{store.ColProvince, store.ColCity}},
	{store.FactClick, []store.Column{store.ColProvince, store.ColPage, store.ColArea, store.ColSlot}},
	{store.FactClick, []store.Column{store.ColProvince, store.ColContent}},
	{store.FactMode, []store.Column{store.ColProvince, store.ColCity, store.ColMode}},
	{store.FactView, []store.Column{store.ColProvince, store.ColCity, store.ColMode}},
	{store.FactView, []store.Column{store.ColProvince, store.ColMode, store.ColChannel}},
	{store.FactView, []store.Column{store.ColProvince, store.ColMode, store.ColContent}},
	{store.FactImpression, []store.Column{store.ColProvince, store.ColPage, store.ColArea, store.ColSlot}},
	{store.FactImpression, []store.Column{store.ColProvince, store.ColContent}},
	{store.FactOn, []store.Column{store.ColProvince, store.ColCity}},
}

func (n narrow) name() string {
	return store.ShapeOf(n.fact).Name + "_by_" + joinWith(n.dimensions, "_")
}

func (n narrow) sums() string {
	return joinWith(n.dimensions, ", ") + ", sum(" + joinWith(store.ShapeOf(n.fact).Measures, "), sum(") + ")"
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
		if slices.Contains(store.ContentColumns, c) || c == colSeconds { // joined by province and content
			columns[i] = store.ColContent
			columns = append(columns, store.ColProvince)
		}
	}
	return columns
}

// sumTable is the table, without its grain, from which q's sums are read.
func sumTable(q *store.Query) string {
	columns := needed(q)
	for _, n := range narrows {
		if n.fact == q.Fact && !slices.ContainsFunc(columns, func(c store.Column) bool { return !slices.Contains(n.dimensions, c) }) {
			return n.name()
		}
	}
	return store.ShapeOf(q.Fact).Name
}

// Marks are the days on which each measure of a box was not 0, as bits: one row
// for markDays days, of each combination of the fact's dimensions.

// markDays is how many days a row of marks holds; its bits fit into a USMALLINT.
const (
	markDays  = 16
	markShift = 4
)

// markedFacts are the facts that have marks: those whose boxes are counted over
// many days, and that have few rows for each.
var markedFacts = []store.Fact{store.FactBox, store.FactMode, store.FactOn}

// marked are their shapes.
var marked = func() (all []store.Shape) {
	for _, f := range markedFacts {
		all = append(all, store.ShapeOf(f))
	}
	return all
}()

// markBits are the columns of marks that a day's row makes.
func markBits(day string, measures []store.Measure) string {
	bits := make([]string, len(measures))
	for i, m := range measures {
		bits[i] = fmt.Sprintf("CASE WHEN %[1]s > 0 THEN 1 << (%[2]s & %[3]d) ELSE 0 END::USMALLINT AS %[1]s", m, day, markDays-1)
	}
	return joinWith(bits, ", ")
}

// fillMarks makes the rows of marks of the days that a condition selects, which
// must be whole rows.
func fillMarks(shape store.Shape, where string) string {
	return fmt.Sprintf("INSERT INTO %[1]s_marks SELECT period, %[2]s, bit_or(%[3]s) FROM (SELECT period >> %[4]d AS period, %[2]s, %[5]s FROM %[1]s_day WHERE %[6]s) GROUP BY ALL",
		shape.Name, joinWith(shape.Dimensions, ", "), joinWith(shape.Measures, "), bit_or("), markShift, markBits("period", shape.Measures), where)
}

// derived is a table that is made from another.
type derived struct{ name, create, fill string }

func allDerived() (all []derived) {
	for _, n := range narrows {
		shape := store.ShapeOf(n.fact)
		types := map[store.Measure]string{} // a province's sums can outgrow what a city's content cannot
		for _, m := range shape.Measures {
			types[m] = "BIGINT"
		}
		for _, grain := range []string{"hour", "day"} {
			all = append(all, derived{n.name() + "_" + grain, factTable(n.name()+"_"+grain, n.dimensions, shape.Measures, types),
				fmt.Sprintf("INSERT INTO %s_%s SELECT period, %s FROM %s_%[2]s GROUP BY ALL", n.name(), grain, n.sums(), shape.Name)})
		}
	}
	for _, shape := range marked {
		create := "CREATE TABLE " + shape.Name + "_marks (period INTEGER NOT NULL"
		for _, c := range shape.Dimensions {
			create += fmt.Sprintf(", %s %s NOT NULL", c, typeOr(columnTypes[c], "UBIGINT"))
		}
		for _, m := range shape.Measures {
			create += fmt.Sprintf(", %s USMALLINT NOT NULL", m)
		}
		all = append(all, derived{shape.Name + "_marks", create + ")", fillMarks(shape, "true")})
	}
	return all
}

// derive makes the derived tables that are not there: all of them in a new
// store, those that came later in an older one.
func derive(ctx context.Context, tx *sql.Tx) error {
	for _, d := range allDerived() {
		var there int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", d.name).Scan(&there); err != nil {
			return err
		}
		if there > 0 {
			continue
		}
		for _, statement := range []string{d.create, d.fill} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("make %s: %w", d.name, err)
			}
		}
	}
	return nil
}

// narrowHours brings the narrow hourly tables in line with the facts of the
// cells in the table cell, all of hours from..to-1.
func narrowHours(from, to int64) (statements []string) {
	cells := fmt.Sprintf("period >= %d AND period < %d AND (period, province) IN (SELECT hour, province FROM cell)", from, to)
	for _, n := range narrows {
		statements = append(statements, renarrow(n, "hour", cells)...)
	}
	return statements
}

func renarrow(n narrow, grain, where string) []string {
	return []string{
		fmt.Sprintf("DELETE FROM %s_%s WHERE %s", n.name(), grain, where),
		fmt.Sprintf("INSERT INTO %[1]s_%[2]s SELECT period, %[3]s FROM %[4]s_%[2]s WHERE %[5]s GROUP BY ALL", n.name(), grain, n.sums(), store.ShapeOf(n.fact).Name, where),
	}
}

// remark makes the marks of blocks anew, which a SELECT of (block, province)
// tells; first and last are days that bound them.
func remark(ctx context.Context, tx *sql.Tx, blocks func(store.Shape) string, first, last aggregator.Day) error {
	for _, shape := range marked {
		for _, statement := range []string{
			"CREATE OR REPLACE TEMP TABLE mark_block AS " + blocks(shape),
			fmt.Sprintf("DELETE FROM %s_marks WHERE (period, province) IN (FROM mark_block)", shape.Name),
			fillMarks(shape, fmt.Sprintf("period >= %d AND period <= %d AND (period >> %d, province) IN (FROM mark_block)",
				first>>markShift<<markShift, last>>markShift<<markShift+markDays-1, markShift)),
		} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
	}
	return nil
}
