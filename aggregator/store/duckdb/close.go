package duckdb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// maxRunHours bounds how many hours are computed at once. Within it the memory
// a closing takes grows with the events of its snapshot: who closes much cuts
// it into portions.
const maxRunHours = 31 * 24

// Dirty implements store.Store.
func (s *Store) Dirty(ctx context.Context, limit int) (store.Snapshot, error) {
	rows, err := s.db.QueryContext(ctx, `
SELECT hour, province, max(max(mark)) OVER () FROM dirt
GROUP BY hour, province ORDER BY hour DESC, province LIMIT ?`, limit)
	if err != nil {
		return store.Snapshot{}, fmt.Errorf("store: dirty: %w", err)
	}
	defer rows.Close()
	var snap store.Snapshot
	for rows.Next() {
		var c store.Cell
		if err := rows.Scan(&c.Hour, &c.Province, &snap.Mark); err != nil {
			return store.Snapshot{}, fmt.Errorf("store: dirty: %w", err)
		}
		snap.Cells = append(snap.Cells, c)
	}
	return snap, rows.Err()
}

// Close implements store.Store. It runs beside Insert: events that come while
// it computes are not in its transaction's view, and their marks are above the
// snapshot's.
func (s *Store) Close(ctx context.Context, snap store.Snapshot) error {
	if len(snap.Cells) == 0 {
		return nil
	}
	s.closing.Lock()
	defer s.closing.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	// The statements end with ctx, the transaction does not: database/sql throws
	// away the connection of a transaction whose context ends, and this one is
	// kept, with its temporary table.
	tx, err := s.closer.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	var work steps = tx
	if s.o.Step != nil {
		work = told{tx, s.o.Step}
	}
	if err := s.close(ctx, work, snap); err != nil {
		return errors.Join(fmt.Errorf("store: close: %w", err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	if s.o.Step != nil {
		s.o.Step("COMMIT")
	}
	return nil
}

func (s *Store) close(ctx context.Context, tx steps, snap store.Snapshot) error {
	final, err := finalHour(ctx, tx)
	if err != nil {
		return err
	}
	told := snap.Cells
	snap.Cells = slices.DeleteFunc(slices.Clone(told), func(c store.Cell) bool { return c.Hour < final })
	if len(snap.Cells) == 0 {
		return s.clean(ctx, tx, snap.Mark, told)
	}
	var mark int64 // of the latest block that this transaction sees
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(mark), 0) FROM block").Scan(&mark); err != nil {
		return err
	}
	if err := fillCells(ctx, tx, snap.Cells); err != nil {
		return err
	}
	all, err := s.portions(ctx, tx, snap.Cells, final)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, doingTable("doing")); err != nil {
		return err
	}
	taken := 0 // the portion whose rows take left
	for i := range all {
		if err := s.look(ctx, tx, &all[i]); err != nil {
			return err
		}
		taken = max(taken, all[i].number)
	}
	if len(all) > 1 {
		if err := fillCells(ctx, tx, snap.Cells); err != nil {
			return err
		}
	}
	turned, err := s.judge(ctx, tx, all)
	if err != nil {
		return fmt.Errorf("valid boxes: %w", err)
	}
	changes := newChanged()
	for i := range all {
		p := &all[i]
		if len(all) > 1 {
			if err := fillCells(ctx, tx, p.cells); err != nil {
				return err
			}
		}
		if !p.whole {
			if err := s.lookAgain(ctx, tx, p, p.number == taken, turned); err != nil {
				return err
			}
			taken = p.number
		}
		c, err := s.makeFacts(ctx, tx, p)
		if err != nil {
			return err
		}
		if err := s.keepClosed(ctx, tx, p, mark); err != nil {
			return err
		}
		changes.add(c)
	}
	if len(all) > 1 {
		if err := fillCells(ctx, tx, snap.Cells); err != nil {
			return err
		}
	}
	if err := s.settle(ctx, tx, snap.Cells, changes); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	return s.clean(ctx, tx, snap.Mark, told)
}

// clean takes the dirt of cells away, and what rows were before they moved, once no
// cell is dirty since.
func (s *Store) clean(ctx context.Context, tx steps, mark int64, cells []store.Cell) error {
	if err := fillCells(ctx, tx, cells); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(
		"DELETE FROM dirt WHERE mark <= %d AND (hour, province) IN (SELECT hour, province FROM cell)", mark)); err != nil {
		return err
	}
	parts := make([]string, len(nearby))
	for i := range nearby {
		parts[i] = fmt.Sprintf("(SELECT '%s' FROM %[1]s_was WHERE until < (SELECT coalesce(min(mark), %d) FROM dirt) LIMIT 1)", nearby[i].name, int64(math.MaxInt64))
	}
	rows, err := tx.QueryContext(ctx, joinWith(parts, " UNION ALL "))
	if err != nil {
		return err
	}
	defer rows.Close()
	var gone []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		gone = append(gone, fmt.Sprintf("DELETE FROM %s_was WHERE until < (SELECT coalesce(min(mark), %d) FROM dirt)", name, int64(math.MaxInt64)))
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return execAll(ctx, tx, gone...)
}

// finalHour is the first hour whose facts may still change: the events before
// it are gone, see DropEvents.
func finalHour(ctx context.Context, tx steps) (aggregator.Hour, error) {
	day := noDay
	err := tx.QueryRowContext(ctx, fmt.Sprintf("SELECT coalesce(max(day), %d) FROM dropped", noDay)).Scan(&day)
	return day.FirstHour(), err
}

// maxGapHours is how many hours without a dirty cell are read along rather
// than beginning another run: a run costs up to a hundred statements.
const maxGapHours = 3

// runs cuts cells into stretches of hours that lie close together.
func runs(cells []store.Cell) [][]store.Cell {
	cells = slices.Clone(cells)
	slices.SortFunc(cells, func(a, b store.Cell) int {
		return cmp.Or(cmp.Compare(a.Hour, b.Hour), cmp.Compare(a.Province, b.Province))
	})
	cells = slices.Compact(cells)
	var out [][]store.Cell
	start := 0
	for i := range cells {
		if i > start && (cells[i].Hour > cells[i-1].Hour+1+maxGapHours || cells[i].Hour >= cells[start].Hour+maxRunHours) {
			out = append(out, cells[start:i])
			start = i
		}
	}
	return append(out, cells[start:])
}

// fillCells puts cells into the closing connection's temporary table.
func fillCells(ctx context.Context, tx steps, cells []store.Cell) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM cell"); err != nil {
		return err
	}
	// As two lists of numbers: a row of VALUES each would take longer to parse
	// than a small closing to compute.
	hours, provinces := cellList(cells)
	_, err := tx.ExecContext(ctx, "INSERT INTO cell SELECT unnest(string_split(?, ','))::INTEGER, unnest(string_split(?, ','))::UTINYINT", hours, provinces)
	return err
}

// cellList lists the hours of cells, and their provinces.
func cellList(cells []store.Cell) (hours, provinces string) {
	var h, p strings.Builder
	for i, c := range cells {
		if i > 0 {
			h.WriteByte(',')
			p.WriteByte(',')
		}
		fmt.Fprint(&h, int32(c.Hour))
		fmt.Fprint(&p, uint8(c.Province))
	}
	return h.String(), p.String()
}

// settle brings the daily tables in line: days that have become settled are
// made, settled ones that cells lie in are made again, of the facts that changed.
// The table cell holds cells.
func (s *Store) settle(ctx context.Context, tx steps, cells []store.Cell, changes changed) error {
	before, err := settledDay(ctx, tx)
	if err != nil {
		return err
	}
	// The latest day with facts stays open, and so does today whatever a box
	// with a fast clock says.
	latest := slices.MaxFunc(cells, func(a, b store.Cell) int { return cmp.Compare(a.Hour, b.Hour) }).Hour.Day()
	today := aggregator.DayOf(s.o.Now().UnixMilli())
	after := max(before, min(latest, today)-1)
	if after > before {
		daily := fmt.Sprintf("period > %d AND period <= %d", before, after)
		if err := remake(ctx, tx, daily, hoursOf(before+1, after), nil); err != nil {
			return err
		}
		if err := remark(ctx, tx, func(shape store.Shape) string {
			return fmt.Sprintf("SELECT DISTINCT period >> %d AS block, province FROM %s_day WHERE %s", markShift, shape.Name, daily)
		}, before+1, after); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM settled"); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO settled VALUES (%d)", after)); err != nil {
			return err
		}
	}
	first, last := noDay, noDay
	for _, c := range cells {
		if d := c.Hour.Day(); d <= before {
			if first == noDay || d < first {
				first = d
			}
			last = max(last, d)
		}
	}
	if first == noDay {
		return nil
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(
		"CREATE OR REPLACE TEMP TABLE cell_day AS SELECT DISTINCT hour // 24 AS day, province FROM cell WHERE hour // 24 <= %d", before)); err != nil {
		return err
	}
	if err := remake(ctx, tx,
		fmt.Sprintf("period >= %d AND period <= %d AND (period, province) IN (FROM cell_day)", first, last),
		hoursOf(first, last)+" AND (period // 24, province) IN (FROM cell_day)", &changes); err != nil {
		return err
	}
	return remark(ctx, tx, func(store.Shape) string {
		return fmt.Sprintf("SELECT DISTINCT day >> %d AS block, province FROM cell_day", markShift)
	}, first, last)
}

// noDay is before every day there is.
const noDay = aggregator.Day(-1 << 26)

// settledDay returns the last day that the daily tables hold.
func settledDay(ctx context.Context, q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) (aggregator.Day, error) {
	day := noDay
	err := q.QueryRowContext(ctx, "SELECT day FROM settled").Scan(&day)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return day, err
}

func hoursOf(first, last aggregator.Day) string {
	return fmt.Sprintf("period >= %d AND period < %d", first.FirstHour(), (last + 1).FirstHour())
}

// remake replaces daily rows by the sums of the hourly ones, and the narrow ones
// and rolls with them. of are the facts whose hours changed; nil: any may have.
func remake(ctx context.Context, tx steps, daily, hourly string, of *changed) error {
	days := newChanged()
	for f := range store.Fact(store.EventFacts) {
		shape := tableOf(f)
		if of != nil && !of.any(shape.Name) {
			continue
		}
		gone, err := rowsOf(tx.ExecContext(ctx, fmt.Sprintf("DELETE FROM %s_day WHERE %s", shape.Name, daily)))
		if err != nil {
			return err
		}
		made, err := rowsOf(tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO %[1]s_day SELECT period // 24, %[2]s, sum(%[3]s) FROM %[1]s_hour WHERE %[4]s GROUP BY ALL",
			shape.Name, joinWith(shape.Dimensions, ", "), joinWith(shape.Measures, "), sum("), hourly)))
		if err != nil {
			return err
		}
		days.gone[shape.Name], days.made[shape.Name] = gone > 0, made > 0
	}
	var follow []string
	for _, n := range narrows {
		follow = append(follow, renarrow(n, "day", daily, days)...)
	}
	for _, shape := range rolled {
		follow = append(follow, reroll(shape, "day", "seat", daily, days)...)
	}
	return execAll(ctx, tx, follow...)
}

// AsOf implements store.Store.
func (s *Store) AsOf(ctx context.Context) (int64, int, error) {
	var ms int64
	var dirty int
	err := s.db.QueryRowContext(ctx, `
SELECT (SELECT coalesce(max(last_ms), 0) FROM closed), (SELECT count(*) FROM (SELECT DISTINCT hour, province FROM dirt))`).Scan(&ms, &dirty)
	if err != nil {
		return 0, 0, fmt.Errorf("store: as of: %w", err)
	}
	return ms, dirty, nil
}
