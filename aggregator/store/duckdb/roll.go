package duckdb

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"iptvdc/aggregator/store"
)

// A roll says which boxes have a measure > 0 in a period and a place, as bits by
// seat: whoever counts boxes joins bits, however many days or places that is.
//
// A box has its seat from the first closing that sees it, for ever and wherever it
// goes. Seats are given out by home, the place where a box was first seen, 64 (a
// word) at a time, so that what a place has of a measure lies in few words.
//
// A row of a roll has all dimensions of its fact but the box. Of each measure it
// holds the words with a bit: 4 bytes of the word's number and 8 of its bits, both
// with the greatest byte first, by number.

// rolledFacts are the facts that have rolls: those whose boxes are counted over
// many days, and whose rows without the box are few.
var rolledFacts = []store.Fact{store.FactBox, store.FactMode, store.FactOn}

// rolled are their shapes.
var rolled = func() (all []store.Shape) {
	for _, f := range rolledFacts {
		all = append(all, store.ShapeOf(f))
	}
	return all
}()

// rollTable is the name of a fact's roll by hour or by day.
func rollTable(shape store.Shape, grain string) string { return shape.Name + "_roll_" + grain }

// placed are a fact's dimensions but the box.
func placed(shape store.Shape) []store.Column {
	return slices.DeleteFunc(slices.Clone(shape.Dimensions), func(c store.Column) bool { return c == shape.Counted() })
}

func createRoll(shape store.Shape, grain string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (period INTEGER NOT NULL", rollTable(shape, grain))
	for _, c := range placed(shape) {
		fmt.Fprintf(&b, ", %s %s NOT NULL", c, typeOr(columnTypes[c], "UBIGINT"))
	}
	for _, m := range shape.Measures {
		fmt.Fprintf(&b, ", %s BLOB NOT NULL", m)
	}
	b.WriteString(")")
	return b.String()
}

// fillRoll adds the roll of the fact's rows that a condition selects. Their boxes
// have seats in the table that seats names.
func fillRoll(shape store.Shape, grain, seats, where string) string {
	places := joinWith(placed(shape), ", ")
	var words, texts []string
	for _, m := range shape.Measures {
		words = append(words, fmt.Sprintf("bit_or(CASE WHEN %[1]s > 0 THEN 1::UBIGINT << (seat %% 64) ELSE 0 END) AS %[1]s", m))
		texts = append(texts, fmt.Sprintf("unhex(coalesce(string_agg(printf('%%08x%%016x', word, %[1]s), '' ORDER BY word) FILTER (%[1]s <> 0), ''))", m))
	}
	return fmt.Sprintf("INSERT INTO %[1]s SELECT period, %[2]s, %[3]s FROM (SELECT period, %[2]s, seat // 64 AS word, %[4]s FROM %[5]s_%[6]s JOIN %[7]s USING (box) WHERE %[8]s GROUP BY ALL) GROUP BY ALL",
		rollTable(shape, grain), places, joinWith(texts, ", "), joinWith(words, ", "), shape.Name, grain, seats, where)
}

// reroll makes a roll anew, where a condition selects whole rows of it, if its fact
// changed there.
func reroll(shape store.Shape, grain, seats, where string, c changed) (all []string) {
	if c.gone[shape.Name] {
		all = append(all, fmt.Sprintf("DELETE FROM %s WHERE %s", rollTable(shape, grain), where))
	}
	if c.made[shape.Name] {
		all = append(all, fillRoll(shape, grain, seats, where))
	}
	return all
}

// seatSQL gives seats to the boxes of the temporary table present that have none,
// and leaves all seats of present in seated.
//
//go:embed sql/seat.sql
var seatSQL string

// present fills the temporary table present with the boxes of tables and the place
// that they come from.
func present(where string, tables ...string) string {
	parts := make([]string, len(tables))
	for i, t := range tables {
		parts[i] = fmt.Sprintf("SELECT box, province::UINTEGER * 65536 + city AS home FROM %s WHERE %s", t, where)
	}
	return "CREATE OR REPLACE TEMP TABLE present AS SELECT box, min(home) AS home FROM (" + joinWith(parts, " UNION ALL ") + ") GROUP BY box"
}

// seatAll gives seats to every box that the facts know.
func seatAll(ctx context.Context, tx *sql.Tx) error {
	var tables []string
	for _, shape := range rolled {
		tables = append(tables, shape.Name+"_hour", shape.Name+"_day")
	}
	for _, statement := range append([]string{present("true", tables...)}, statements(seatSQL)...) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%w, in %.60s", err, strings.TrimSpace(statement))
		}
	}
	return nil
}
