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
var rolledFacts = []store.Fact{store.FactBox, store.FactMode, store.FactOn, store.FactAgent}

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

// rebit brings a roll in line with rows of its fact in a table: each says what its box
// has now, with zeros if nothing. Where a condition selects its rows, bits of other
// boxes stay.
func rebit(shape store.Shape, grain, rows, where string) []string {
	places := "period, " + joinWith(placed(shape), ", ")
	roll := rollTable(shape, grain)
	var bits, old, texts, nothing []string
	for _, m := range shape.Measures {
		bits = append(bits, fmt.Sprintf("bit_or(CASE WHEN %[1]s > 0 THEN 1::UBIGINT << (seat %% 64) ELSE 0 END) AS %[1]s", m))
		old = append(old, fmt.Sprintf("(bit_or(was_%[1]s) & ~bit_or(mask)) | bit_or(%[1]s) AS %[1]s", m))
		texts = append(texts, fmt.Sprintf("unhex(coalesce(string_agg(printf('%%08x%%016x', word, %[1]s), '' ORDER BY word) FILTER (%[1]s <> 0), ''))", m))
		nothing = append(nothing, fmt.Sprintf("0::UBIGINT AS was_%s", m))
	}
	// Each measure's words as rows of their own, which add up to one.
	var parts []string
	for i, m := range shape.Measures {
		own := make([]string, len(shape.Measures))
		for j := range own {
			own[j] = "0::UBIGINT"
		}
		own[i] = "('0x' || substr(digits, nth * 24 + 9, 16))::UBIGINT"
		parts = append(parts, fmt.Sprintf("SELECT %s, ('0x' || substr(digits, nth * 24 + 1, 8))::UINTEGER AS word, 0::UBIGINT AS mask, %s, %s FROM (SELECT %[1]s, hex(%[4]s) AS digits, unnest(range(octet_length(%[4]s) // 12)) AS nth FROM %[5]s SEMI JOIN bit USING (%[1]s) WHERE %[6]s)",
			places, joinWith(zeros(shape.Measures), ", "), joinWith(own, ", "), m, roll, where))
	}
	return []string{
		fmt.Sprintf("CREATE OR REPLACE TEMP TABLE bit AS SELECT %s, seat // 64 AS word, bit_or(1::UBIGINT << (seat %% 64)) AS mask, %s FROM %s JOIN seat USING (box) GROUP BY %[1]s, seat // 64", places, joinWith(bits, ", "), rows),
		fmt.Sprintf("CREATE OR REPLACE TEMP TABLE rebit AS SELECT %s, %s FROM (SELECT %[1]s, word, %[3]s FROM (SELECT *, %[4]s FROM bit UNION ALL %[5]s) GROUP BY %[1]s, word) GROUP BY %[1]s",
			places, joinWith(named(texts, shape.Measures), ", "), joinWith(old, ", "), joinWith(nothing, ", "), joinWith(parts, " UNION ALL ")),
		fmt.Sprintf("DELETE FROM %s WHERE %s AND (%s) IN (SELECT %[3]s FROM bit)", roll, where, places),
		fmt.Sprintf("INSERT INTO %s SELECT %s FROM rebit WHERE %s", roll, places+", "+joinWith(shape.Measures, ", "), anyBits(shape.Measures)),
	}
}

func zeros(measures []store.Measure) (all []string) {
	for range measures {
		all = append(all, "0::UBIGINT")
	}
	return all
}

// named gives expressions the names of measures.
func named(expressions []string, measures []store.Measure) (all []string) {
	for i, e := range expressions {
		all = append(all, fmt.Sprintf("%s AS %s", e, measures[i]))
	}
	return all
}

// anyBits is whether a roll's row still says something of a box.
func anyBits(measures []store.Measure) string {
	parts := make([]string, len(measures))
	for i, m := range measures {
		parts[i] = fmt.Sprintf("octet_length(%s) > 0", m)
	}
	return joinWith(parts, " OR ")
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
