package sheets

import (
	"fmt"

	"iptvdc/aggregator/board"
)

// block is a table made for a chart: categories in the first column, a series in each
// other.
type block struct {
	head []Column
	rows [][]Cell
}

// maxSeries is how many series a chart has at most: more can be told apart by nobody.
const maxSeries = 24

// charted reports whether spreadsheets know the kind of chart.
func charted(k board.Kind) bool {
	switch k {
	case board.KindLine, board.KindArea, board.KindBar, board.KindStacked, board.KindPie, board.KindScatter, board.KindRanking, board.KindFunnel, board.KindMinute:
		return true
	}
	return false
}

// heads is how many columns stand before the numbers.
func (t *Table) heads() int {
	n := 0
	for n < len(t.Columns) && t.Columns[n].Kind != Numbers {
		n++
	}
	return n
}

// series are the columns that a chart of the table itself draws: figures and, beside
// them, what was before.
func (t *Table) series() []int {
	var all []int
	for n := t.heads(); n < len(t.Columns); n++ {
		if c := &t.Columns[n]; !c.Beside || hasSuffix(c.ID, ":compare") {
			all = append(all, n)
		}
	}
	return all
}

func hasSuffix(s, suffix string) bool {
	return len(s) > len(suffix) && s[len(s)-len(suffix):] == suffix
}

// pivot puts the groups of a table that has two columns before its numbers beside each
// other: a row a value of the first, a series a value of the second and figure. Others
// are a series too. It is nil if there is nothing to turn.
func (t *Table) pivot(l Lang) *block {
	if t.heads() != 2 {
		return nil
	}
	b := &block{head: []Column{t.Columns[0]}}
	type group struct {
		cell   string
		figure int
	}
	columns, lines := map[group]int{}, map[string]int{}
	figures := 0
	for _, c := range t.Columns {
		if c.Kind == Numbers && !c.Beside {
			figures++
		}
	}
	put := func(row []Cell, cell string) {
		key := fmt.Sprint(row[0])
		if m, ok := row[0].(Moment); ok {
			key = m.Text
		}
		at, ok := lines[key]
		if !ok {
			at = len(b.rows)
			lines[key] = at
			b.rows = append(b.rows, []Cell{row[0]})
		}
		for n := 2; n < len(t.Columns); n++ {
			c := t.Columns[n]
			if c.Beside {
				continue
			}
			g := group{cell, n}
			column, ok := columns[g]
			if !ok {
				if len(b.head) > maxSeries {
					continue
				}
				column = len(b.head)
				columns[g] = column
				if figures > 1 {
					c.Title = cell + " · " + c.Title
				} else {
					c.Title = cell
				}
				b.head = append(b.head, c)
			}
			for len(b.rows[at]) <= column {
				b.rows[at] = append(b.rows[at], nil)
			}
			b.rows[at][column] = row[n]
		}
	}
	for _, r := range t.Rows {
		put(r, fmt.Sprint(r[1]))
	}
	for n, r := range t.Foot {
		if n >= t.Others || !t.Timed {
			break
		}
		m := append([]Cell{momentOf(t.OtherPeriods[n])}, r[1:]...)
		put(m, l.Say("others"))
	}
	return b
}
