package duckdb

import (
	"context"
	"fmt"

	"iptvdc/aggregator/store"
)

// difference is a statement that gives rows to a fact's hours, as one that adds them,
// or takes them away, in the temporary table delta_ of the fact's name.
func difference(body string, shape store.Shape, taken, begins bool) string {
	columns := "period, " + joinWith(shape.Dimensions, ", ")
	sign, into := "", "INSERT INTO delta_"+shape.Name
	if taken {
		sign = "-"
	}
	if begins {
		into = "CREATE OR REPLACE TEMP TABLE delta_" + shape.Name + " AS"
	}
	selected := columns
	for _, m := range shape.Measures {
		columns += ", " + string(m)
		selected += fmt.Sprintf(", %s(%s::BIGINT) AS %[2]s", sign, m)
	}
	return fmt.Sprintf("%s SELECT %s FROM (%s) made(%s)", into, selected, body, columns)
}

// merge adds the sums that a SELECT of period, dimensions and measures names to a
// table of them, where a condition selects its rows, and takes rows away of which
// nothing is left. What it added lies in the temporary table net, and what rows it
// touched hold now in merged, those that are gone as zeros. It tells how many rows
// went and came.
func merge(ctx context.Context, tx steps, table string, dimensions []store.Column, measures []store.Measure, added, where string) (gone, made int64, err error) {
	by := "period, " + joinWith(dimensions, ", ")
	sums, some := "", ""
	for i, m := range measures {
		sums += fmt.Sprintf(", sum(%s)::BIGINT AS %[1]s", m)
		if i > 0 {
			some += " OR "
		}
		some += string(m) + " <> 0"
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("CREATE OR REPLACE TEMP TABLE net AS SELECT * FROM (SELECT %s%s FROM (%s) GROUP BY %[1]s) WHERE %[4]s", by, sums, added, some)); err != nil {
		return 0, 0, err
	}
	var differs bool
	if err := tx.QueryRowContext(ctx, "SELECT EXISTS (FROM net)").Scan(&differs); err != nil || !differs {
		return 0, 0, err
	}
	list := by + ", " + joinWith(measures, ", ")
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("CREATE OR REPLACE TEMP TABLE merged AS SELECT %s%s FROM (SELECT %s FROM net UNION ALL SELECT %[3]s FROM %[4]s SEMI JOIN net USING (%[1]s) WHERE %[5]s) GROUP BY %[1]s",
		by, sums, list, table, where)); err != nil {
		return 0, 0, err
	}
	if gone, err = rowsOf(tx.ExecContext(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s AND (%s) IN (SELECT %[3]s FROM net)", table, where, by))); err != nil {
		return 0, 0, err
	}
	made, err = rowsOf(tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s SELECT %s FROM merged WHERE %s", table, list, some)))
	return gone, made, err
}
