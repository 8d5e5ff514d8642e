package duckdb

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"iptvdc/aggregator/store"
)

// doingSQL counts the events of a portion's cells, before its facts are made: which
// boxes are valid follows from them.
//
//go:embed sql/doing.sql
var doingSQL string

func doingTable(name string) string {
	return "CREATE OR REPLACE TEMP TABLE " + name + ` (hour INTEGER, province UTINYINT, city USMALLINT, box UBIGINT, account UBIGINT, last_ms BIGINT,
	power_ons INTEGER, page_views INTEGER, clicks INTEGER, events INTEGER, synced INTEGER, unsynced INTEGER)`
}

// look counts, into the table doing, what the boxes of a portion do now, all or those
// touched, and keeps who is busy. It leaves the table cell with the portion's cells, and
// what take leaves.
func (s *Store) look(ctx context.Context, tx steps, p *portion) error {
	if err := fillCells(ctx, tx, p.cells); err != nil {
		return err
	}
	if err := s.take(ctx, tx, p); err != nil {
		return fmt.Errorf("touched boxes: %w", err)
	}
	if err := s.count(ctx, tx, p, p.side()); err != nil {
		return err
	}
	if err := s.busy(ctx, tx, p); err != nil {
		return fmt.Errorf("busy boxes: %w", err)
	}
	return nil
}

// count adds what boxes do on a side to its table of that.
func (s *Store) count(ctx context.Context, tx steps, p *portion, d side) error {
	return execAll(ctx, tx, statements(s.placeholders(p, d).Replace(doingSQL))...)
}

// lookAgain takes a portion's rows once more, if other rows lie where take leaves them
// or boxes turned out to be touched too, and counts what its boxes did. The table cell
// holds its cells.
func (s *Store) lookAgain(ctx context.Context, tx steps, p *portion, taken, turned bool) error {
	if turned {
		if err := execAll(ctx, tx, fmt.Sprintf(`INSERT INTO touched
SELECT DISTINCT %d, province, box FROM turned
WHERE province IN (SELECT province FROM cell) AND (province, box) NOT IN (SELECT province, box FROM touched WHERE number = %[1]d)`, p.number),
			"DELETE FROM doing WHERE (hour, province) IN (SELECT hour, province FROM cell)"); err != nil {
			return err
		}
	}
	if turned || !taken {
		if err := s.take(ctx, tx, p); err != nil {
			return err
		}
	}
	if turned {
		if err := s.count(ctx, tx, p, nowRows); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, doingTable("then_doing")); err != nil {
		return err
	}
	return s.count(ctx, tx, p, thenRows)
}

// keepClosed notes by what a portion's cells are closed, whose facts are made: up to
// which block, and the latest event of each.
func (s *Store) keepClosed(ctx context.Context, tx steps, p *portion, mark int64) error {
	last := "CREATE OR REPLACE TEMP TABLE latest AS SELECT hour, province, coalesce(max(last_ms), 0) AS last_ms FROM cell LEFT JOIN doing USING (hour, province) GROUP BY ALL"
	if !p.whole {
		// Where the latest went, another is; an hour of before 1970 may have had none,
		// which counts as 0.
		last = `CREATE OR REPLACE TEMP TABLE latest AS
SELECT hour, province, CASE WHEN hour < 9 OR t.last_ms >= k.last_ms AND coalesce(n.last_ms, 0) < k.last_ms THEN NULL
	ELSE greatest(k.last_ms, coalesce(n.last_ms, 0)) END AS last_ms
FROM cell JOIN closed k USING (hour, province)
	LEFT JOIN (SELECT hour, province, max(last_ms) AS last_ms FROM doing GROUP BY ALL) n USING (hour, province)
	LEFT JOIN (SELECT hour, province, max(last_ms) AS last_ms FROM then_doing GROUP BY ALL) t USING (hour, province)`
	}
	if _, err := tx.ExecContext(ctx, last); err != nil {
		return err
	}
	if !p.whole {
		var lost bool
		if err := tx.QueryRowContext(ctx, "SELECT EXISTS (FROM latest WHERE last_ms IS NULL)").Scan(&lost); err != nil {
			return err
		}
		if lost {
			all := statements(s.placeholders(p, allRows).Replace(doingSQL))
			if err := execAll(ctx, tx, all[0], `UPDATE latest SET last_ms = coalesce(
	(SELECT max(at_ms) FROM share WHERE share.hour = latest.hour AND share.province = latest.province), 0) WHERE last_ms IS NULL`); err != nil {
				return err
			}
		}
	}
	return execAll(ctx, tx,
		"DELETE FROM closed WHERE (hour, province) IN (SELECT hour, province FROM cell)",
		fmt.Sprintf("INSERT INTO closed (hour, province, last_ms, edit, mark) SELECT hour, province, last_ms, %d, %d FROM latest", s.editing, mark))
}

// busy keeps, of the cells in the table cell, the boxes that told too much and those
// that the rules list, all or those touched. The view share is that of doingSQL.
func (s *Store) busy(ctx context.Context, tx steps, p *portion) error {
	share, of := string(p.side())+"share", ""
	if !p.whole {
		of = " AND (province, box) IN (SELECT province, box FROM touched_now)"
	}
	// Boxes that told much in an hour: of the others no minute and no day has too much.
	if err := execAll(ctx, tx,
		fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE hot AS
SELECT hour, province, box, sum(events) AS records
FROM doing SEMI JOIN cell USING (hour, province)
GROUP BY ALL HAVING sum(events) > %d`, min(s.edit.MinuteRecords, s.edit.DayRecords/24)),
		fmt.Sprintf("DELETE FROM busy WHERE hour >= %d AND hour <= %d AND (hour, province) IN (SELECT hour, province FROM cell)%s",
			p.cells[0].Hour, p.cells[len(p.cells)-1].Hour, of)); err != nil {
		return err
	}
	var steps []string
	var hot int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM hot").Scan(&hot); err != nil {
		return err
	}
	if hot > 0 {
		steps = append(steps, fmt.Sprintf(`INSERT INTO busy
SELECT hour, province, box, any_value(records), max(n), false
FROM (
	SELECT hour, province, box, any_value(records) AS records, at_ms // 60000 AS minute, count(*) FILTER (NOT sight) AS n
	FROM %s JOIN hot USING (hour, province, box)
	GROUP BY hour, province, box, at_ms // 60000)
GROUP BY hour, province, box HAVING max(n) > %d OR any_value(records) > %d`, share, s.edit.MinuteRecords, s.edit.DayRecords/24))
	}
	listed := func(column string, keys []uint64) {
		if len(keys) > 0 {
			steps = append(steps, fmt.Sprintf("INSERT INTO busy SELECT DISTINCT hour, province, box, 0, 0, true FROM %s SEMI JOIN cell USING (hour, province) WHERE %s IN (%s)", share, column, join(keys)))
		}
	}
	listed("box", s.edit.Boxes)
	listed("account", slices.DeleteFunc(slices.Clone(s.edit.Accounts), func(key uint64) bool { return key == 0 }))
	return execAll(ctx, tx, steps...)
}

// judge finds which boxes are invalid on the days of the cells in the table cell, those
// of portions, and marks the other cells that this changes. It tells whether some
// turned; then_invalid is how it was before.
func (s *Store) judge(ctx context.Context, tx steps, all []portion) (turned bool, err error) {
	var first, last int64
	if err := tx.QueryRowContext(ctx, "SELECT min(hour // 24), max(hour // 24) FROM cell").Scan(&first, &last); err != nil {
		return false, err
	}
	if err := execAll(ctx, tx,
		"CREATE OR REPLACE TEMP TABLE judged_day AS SELECT DISTINCT hour // 24 AS day, province FROM cell",
		// Bounds that are numbers let DuckDB skip all other days.
		fmt.Sprintf("CREATE OR REPLACE TEMP TABLE busy_day AS SELECT hour // 24 AS day, province, box, max(records) AS records, max(minute) AS minute, bool_or(listed) AS listed FROM busy WHERE hour >= %d AND hour < %d AND (hour // 24, province) IN (FROM judged_day) GROUP BY ALL",
			first*24, last*24+24),
		fmt.Sprintf("CREATE OR REPLACE TEMP TABLE then_invalid AS FROM invalid WHERE day >= %d AND day <= %d", first-2, last+2),
	); err != nil {
		return false, err
	}
	var some bool
	if err := tx.QueryRowContext(ctx, "SELECT EXISTS (FROM busy_day) OR EXISTS (FROM invalid WHERE (day, province) IN (FROM judged_day))").Scan(&some); err != nil || !some {
		return false, err
	}
	lined := "false"
	for i := range all {
		if p := &all[i]; !p.whole {
			hours, provinces := cellList(p.cells)
			lined += fmt.Sprintf(" OR (hour, province) IN (SELECT unnest([%s])::INTEGER, unnest([%s])::UTINYINT) AND (province, box) NOT IN (SELECT province, box FROM touched WHERE number = %d)", hours, provinces, p.number)
		}
	}
	// A day has too much only if an hour has more than a 24th of it. Cells of this
	// closing count as they are now.
	if err := execAll(ctx, tx,
		fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE full_box AS
SELECT day, province, box
FROM (
	SELECT hour // 24 AS day, province, box, events FROM doing
	UNION ALL
	SELECT hour // 24, province, box, events
	FROM (
		SELECT period AS hour, province, box, events FROM fact_box_hour
		WHERE period >= %d AND period < %d AND (period // 24, province, box) IN (SELECT day, province, box FROM busy_day WHERE records > %d))
	WHERE (hour, province) NOT IN (SELECT hour, province FROM cell) OR %s)
	SEMI JOIN (FROM busy_day WHERE records > %[3]d) USING (day, province, box)
GROUP BY ALL HAVING sum(events) > %[5]d`, first*24, last*24+24, s.edit.DayRecords/24, lined, s.edit.DayRecords),
		fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE judged AS
SELECT day, province, box, CASE WHEN minute > %d THEN %d WHEN (day, province, box) IN (FROM full_box) THEN %d ELSE %d END::UTINYINT AS why
FROM busy_day WHERE minute > %[1]d OR listed OR (day, province, box) IN (FROM full_box)`,
			s.edit.MinuteRecords, store.InvalidMinute, store.InvalidDay, store.InvalidListed),
		`CREATE OR REPLACE TEMP TABLE turned AS
SELECT DISTINCT day, province, box FROM (
	(FROM judged EXCEPT FROM invalid) UNION ALL (FROM invalid WHERE (day, province) IN (FROM judged_day) EXCEPT FROM judged))`,
	); err != nil {
		return false, err
	}
	if err := tx.QueryRowContext(ctx, "SELECT EXISTS (FROM turned)").Scan(&turned); err != nil || !turned {
		return false, err
	}
	return true, execAll(ctx, tx,
		fmt.Sprintf(`INSERT INTO dirt
SELECT DISTINCT hour, province, %d, true
FROM (
	SELECT period AS hour, province FROM fact_box_hour
	WHERE events > 0 AND period >= (SELECT min(day) * 24 FROM turned) AND period < (SELECT max(day) * 24 + 24 FROM turned)
		AND (period // 24, province, box) IN (FROM turned)
	UNION ALL
	SELECT unnest(range(hour_of(at_ms - duration_ms), hour_of(at_ms + %d) + 1))::INTEGER, province FROM viewing
	WHERE at_ms >= (SELECT hour_start(min(day) * 24) FROM turned) AND at_ms < (SELECT hour_start(max(day) * 24 + 24) FROM turned)
		AND (hour_of(at_ms) // 24, province, box) IN (FROM turned))
	ANTI JOIN cell USING (hour, province)`, s.nextMark(), store.ViewAheadMs),
		"DELETE FROM invalid WHERE (day, province) IN (FROM judged_day)",
		"INSERT INTO invalid FROM judged")
}
