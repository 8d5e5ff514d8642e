package duckdb

import (
	"context"
	"fmt"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Marks are the days on which an account had something of a measure, as bits: one
// row for markDays days, of each combination of the fact's dimensions. How long
// accounts are silent is told from them; boxes, which are only counted, have rolls.

// markDays is how many days a row of marks holds; its bits fit into a USMALLINT.
const (
	markDays  = 16
	markShift = 4
)

// marked are the shapes of the facts that have marks.
var marked = []store.Shape{store.ShapeOf(store.FactSeen)}

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

func createMarks(shape store.Shape) string {
	types := map[store.Measure]string{}
	for _, m := range shape.Measures {
		types[m] = "USMALLINT"
	}
	return factTable(shape.Name+"_marks", shape.Dimensions, shape.Measures, types)
}

// remark makes the marks of blocks anew, which a SELECT of (block, province)
// tells; first and last are days that bound them.
func remark(ctx context.Context, tx steps, blocks func(store.Shape) string, first, last aggregator.Day) error {
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
