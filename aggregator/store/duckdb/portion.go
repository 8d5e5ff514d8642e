package duckdb

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// A closing makes a cell whole, of all that is told of it, or brings it in line: most
// rounds come a few seconds after the last, and what they find is of a few boxes in a
// hundred. Every fact is a sum over boxes, each of what that box told in the cell's
// province. So the closing's statements run over the rows of the boxes that told
// something since, once as these are and once as they were when the cell was closed
// last, and facts change by the difference. What is more than that (schedules, rules,
// which boxes are valid in cells that are not at hand) marks a cell to be made whole.

// portion is cells that one run of the closing's statements makes.
type portion struct {
	cells []store.Cell // in order, close together
	whole bool
	// Unless whole: rows of blocks up to mark are counted in these cells, or would
	// change nothing in them, and the temporary table touched holds, under the
	// portion's number, the boxes that have others near them.
	mark   int64
	number int
	// provinces are those of the cells, if there are others; empty: there are none.
	provinces string
}

// side is which rows the portion's facts are made of.
func (p *portion) side() side {
	if p.whole {
		return allRows
	}
	return nowRows
}

// hours are those from..to-1 in which the portion's cells lie.
func (p *portion) hours() (from, to aggregator.Hour) {
	return p.cells[0].Hour, p.cells[len(p.cells)-1].Hour + 1
}

func (p *portion) first() int64 { return p.cells[0].Hour.Start() }
func (p *portion) after() int64 { return (p.cells[len(p.cells)-1].Hour + 1).Start() }

// lining says from how many rows of FactBox in a portion's cells on it is brought in
// line, and which share of them touched boxes may have: of few cells of few boxes
// statements take longer to plan than to run, and there are more of them.
type lining struct {
	rows  int64
	share float64
}

var usualLining = lining{rows: 20_000, share: 0.3}

// known is what a cell was closed by.
type known struct {
	store.Cell
	// Rows of blocks with marks up to any between these two make the same facts.
	least, most int64
}

// portions cuts cells into portions, of hours from final on. The table cell holds them,
// and touched is filled.
func (s *Store) portions(ctx context.Context, tx steps, cells []store.Cell, final aggregator.Hour) (all []portion, err error) {
	if _, err := tx.ExecContext(ctx, "CREATE OR REPLACE TEMP TABLE touched (number INTEGER, province UTINYINT, box UBIGINT)"); err != nil {
		return nil, err
	}
	// What cells count of events that were dropped since nobody can take away.
	first := final + aggregator.Hour((max(store.StandbyMs, store.MaxReachMs+s.edit.DemandMs)+aggregator.HourMs-1)/aggregator.HourMs)
	whole, held, err := sinceClosed(ctx, tx, first)
	if err != nil {
		return nil, err
	}
	number := 0
	for len(held) > 0 {
		// All cells that may be taken as they were at the least of the latest marks.
		at := slices.MinFunc(held, func(a, b known) int { return cmp.Compare(a.most, b.most) }).most
		var some []store.Cell
		held = slices.DeleteFunc(held, func(k known) bool {
			if k.least > at {
				return false
			}
			some = append(some, k.Cell)
			return true
		})
		for _, run := range runs(some) {
			number++
			p := portion{cells: run, mark: at, number: number}
			pays, err := s.touch(ctx, tx, &p)
			if err != nil {
				return nil, fmt.Errorf("touched boxes: %w", err)
			}
			if pays {
				all = append(all, p)
			} else {
				whole = append(whole, run...)
			}
		}
	}
	if len(whole) == 0 {
		return all, nil
	}
	var provinces int
	if err := tx.QueryRowContext(ctx, "SELECT count(DISTINCT province) FROM (SELECT province FROM closed UNION ALL SELECT province FROM dirt)").Scan(&provinces); err != nil {
		return nil, err
	}
	for _, run := range runs(whole) {
		p := portion{cells: run, whole: true}
		if own := provincesIn(run); len(own) < provinces {
			p.provinces = join(own)
		}
		all = append(all, p)
	}
	return all, nil
}

func provincesIn(cells []store.Cell) (all []aggregator.Province) {
	for _, c := range cells {
		all = append(all, c.Province)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// sinceClosed parts the cells of the table cell: those to be made whole, for what is
// there of them was made by other rules or schedules, or there is nothing, or nothing
// is said to have changed, or they lie before an hour; and the others.
func sinceClosed(ctx context.Context, tx steps, first aggregator.Hour) (whole []store.Cell, held []known, err error) {
	rows, err := tx.QueryContext(ctx, `
SELECT hour, province, k.mark, coalesce(min(d.mark), 0), coalesce(bool_or(d.whole), true)
FROM cell LEFT JOIN closed k USING (hour, province) LEFT JOIN dirt d USING (hour, province)
GROUP BY hour, province, k.mark`)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k known
		var mark *int64
		var dirt int64
		var anew bool
		if err := rows.Scan(&k.Hour, &k.Province, &mark, &dirt, &anew); err != nil {
			return nil, nil, err
		}
		if mark == nil || anew || k.Hour < first {
			whole = append(whole, k.Cell)
			continue
		}
		k.least, k.most = *mark, max(*mark, dirt-1)
		held = append(held, k)
	}
	return whole, held, rows.Err()
}

// nearby are the events that closings read, each with the stretch of time, before the
// first moment of the cells and after their last, in which its rows may count in them.
var nearby = []struct {
	name          string
	before, after int64
	columns       string // that the statements of closings name
}{
	{"power", store.StandbyMs, store.OnReachMs, "province, city, box, account, boot, mono_ms, at_ms, clock, switched_on, cause, agent"},
	{"page_view", 0, store.OnReachMs, "province, city, box, account, at_ms, clock, page, from_page"},
	{"click", 0, store.ClickReachMs, "province, city, box, account, boot, at_ms, clock, page, area, content, template, slot, trace"},
	// And the longest cap before them, see placeholders.
	{"viewing", store.MaxReachMs, aggregator.DayMs + store.StartReachMs, "province, city, box, account, at_ms, clock, mode, channel, content, duration_ms, speed, part, ended, idle_ms, tv, length_ms, position_ms, trace"},
	{"orders", 0, store.OrderReachMs, "province, city, box, account, boot, at_ms, clock, product, provider, fen, result, trace"},
	{"impression", 0, 0, "province, city, box, account, at_ms, clock, page, area, content, template, slot, sight"},
	{"order_page", 0, 0, "province, city, box, account, at_ms, clock, page, product, content"},
	{"playback", 0, 0, "province, city, box, account, at_ms, clock, mode, channel, content, start_ms, stalls, stall_ms, errors"},
	{"health", 0, 0, "province, city, box, account, at_ms, clock"},
	{"running", 0, 0, "province, city, box, account, boot, mono_ms, at_ms, clock, version, state, agent"},
	{"notice", 0, 0, "province, city, box, account, at_ms, clock, kind, dropped, reason"},
	{"tally", 0, 0, "province, city, at_ms, box, lost, repeated"},
}

// within is the condition that a row of nearby[i] lies near enough to count in p.
func (s *Store) within(i int, p *portion) string {
	n := &nearby[i]
	lo, hi := p.first()-n.before, p.after()+n.after
	where := fmt.Sprintf("at_ms < %d", hi)
	if n.name == "viewing" {
		lo -= s.edit.DemandMs
		where += fmt.Sprintf(" AND (at_ms < %d OR at_ms - duration_ms < %d)", p.after()+store.OnReachMs, p.after()+store.StartReachMs)
	}
	return fmt.Sprintf("at_ms >= %d AND %s", lo, where)
}

// touch notes the boxes that have something new near the cells of a portion, and tells
// whether it pays to look at them alone.
func (s *Store) touch(ctx context.Context, tx steps, p *portion) (pays bool, err error) {
	if err := fillCells(ctx, tx, p.cells); err != nil {
		return false, err
	}
	from, to := p.hours()
	var rows int64
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM fact_box_hour WHERE "+cellsOf(int64(from), int64(to))).Scan(&rows); err != nil {
		return false, err
	}
	if rows < s.lining.rows {
		return false, nil
	}
	parts := make([]string, 0, 2*len(nearby))
	for i := range nearby {
		where := s.within(i, p) + " AND province IN (SELECT province FROM cell)"
		parts = append(parts, fmt.Sprintf("SELECT province, box FROM %s WHERE mark > %d AND %s", nearby[i].name, p.mark, where),
			fmt.Sprintf("SELECT province, box FROM %s_was WHERE mark <= %d AND until > %[2]d AND %s", nearby[i].name, p.mark, where))
	}
	n, err := rowsOf(tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO touched SELECT DISTINCT %d, province, box FROM (%s)", p.number, joinWith(parts, " UNION ALL "))))
	return float64(n*int64(to-from)) <= s.lining.share*float64(max(rows, 1)), err
}

// take leaves the rows of a portion's touched boxes in temporary tables, whose names
// begin with now_ as they are, and with then_ as the portion's cells have counted
// them. The table cell holds the cells.
func (s *Store) take(ctx context.Context, tx steps, p *portion) error {
	if p.whole {
		return nil
	}
	all := []string{fmt.Sprintf("CREATE OR REPLACE TEMP TABLE touched_now AS SELECT province, box FROM touched WHERE number = %d", p.number)}
	for i := range nearby {
		n, where := &nearby[i], s.within(i, p)
		all = append(all, fmt.Sprintf("CREATE OR REPLACE TEMP TABLE now_%[1]s AS SELECT %[2]s, mark FROM %[1]s SEMI JOIN touched_now USING (province, box) WHERE %[3]s", n.name, n.columns, where),
			fmt.Sprintf("CREATE OR REPLACE TEMP TABLE then_%[1]s AS SELECT %[2]s FROM now_%[1]s WHERE mark <= %[4]d UNION ALL SELECT %[2]s FROM %[1]s_was SEMI JOIN touched_now USING (province, box) WHERE mark <= %[4]d AND until > %[4]d AND %[3]s",
				n.name, n.columns, where, p.mark))
	}
	return execAll(ctx, tx, all...)
}

// side is which rows the closing's statements read.
type side string

const (
	allRows  side = ""      // all there are
	nowRows  side = "now_"  // those of the touched boxes
	thenRows side = "then_" // those of the touched boxes as they were
)

// tables are those of a side, as statements have them in braces. What the boxes of all
// portions do now stands in one table, doing.
func (p *portion) tables(d side) (all []string) {
	for i := range nearby {
		table := string(d) + nearby[i].name
		if d == allRows && p.provinces != "" {
			table = fmt.Sprintf("(FROM %s WHERE province IN (%s))", table, p.provinces)
		}
		all = append(all, "{"+nearby[i].name+"}", table)
	}
	doing, invalid := "doing", "invalid"
	if d == thenRows {
		doing, invalid = "then_doing", "then_invalid"
	}
	return append(all, "{doing}", doing, "{invalid}", invalid, "{share}", string(d)+"share")
}
