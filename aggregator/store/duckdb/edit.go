package duckdb

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// doingSQL counts the events of a closing's cells, before its facts are made:
// which boxes are valid follows from them.
//
//go:embed sql/doing.sql
var doingSQL string

const doingTable = `CREATE OR REPLACE TEMP TABLE doing (hour INTEGER, province UTINYINT, city USMALLINT, box UBIGINT, account UBIGINT, last_ms BIGINT,
	power_ons INTEGER, page_views INTEGER, clicks INTEGER, events INTEGER, synced INTEGER, unsynced INTEGER)`

// SetEditRules implements store.Store. It waits for the insert and the closing
// under way.
func (s *Store) SetEditRules(ctx context.Context, r store.EditRules) error {
	if err := r.Check(); err != nil {
		return err
	}
	s.closing.Lock()
	defer s.closing.Unlock()
	s.writing.Lock()
	defer s.writing.Unlock()
	r = r.Sorted()
	if r.Name() == s.edit.Name() {
		return ctx.Err()
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: edit rules: %w", err)
	}
	err = keepEdit(ctx, tx, s.editing+1, &r)
	if err == nil {
		_, err = tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO dirt SELECT DISTINCT hour, province, %d FROM closed", s.mark+1))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("store: edit rules: %w", err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store: edit rules: %w", err)
	}
	s.edit, s.editing, s.mark = r, s.editing+1, s.mark+1
	return nil
}

func keepEdit(ctx context.Context, tx *sql.Tx, number int64, r *store.EditRules) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO edit_rules VALUES (?, ?, ?)", number, r.Name(), string(text))
	return err
}

// readEdit reads the rules in force; a store without any gets those by default.
func (s *Store) readEdit(ctx context.Context) error {
	var text string
	err := s.db.QueryRowContext(ctx, "SELECT number, rules FROM edit_rules ORDER BY number DESC LIMIT 1").Scan(&s.editing, &text)
	if err == nil {
		return json.Unmarshal([]byte(text), &s.edit)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	s.edit, s.editing = store.DefaultEditRules().Sorted(), 1
	if err := keepEdit(ctx, tx, s.editing, &s.edit); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// EditVersions implements store.Store.
func (s *Store) EditVersions(ctx context.Context, scope aggregator.Scope, from, to aggregator.Hour) ([]string, error) {
	where := fmt.Sprintf("c.hour >= %d AND c.hour < %d", from, to)
	if !scope.All {
		if len(scope.Provinces) == 0 {
			where = "false" // empty means none, never all
		} else {
			where += " AND c.province IN (" + join(scope.Provinces) + ")"
		}
	}
	var names []string
	err := s.each(ctx, fmt.Sprintf(`WITH held AS (SELECT DISTINCT edit FROM closed c WHERE %s)
SELECT coalesce(r.name, '%s') AS name FROM held LEFT JOIN edit_rules r ON r.number = held.edit
UNION SELECT name FROM edit_rules WHERE number = (SELECT max(number) FROM edit_rules) AND NOT EXISTS (FROM held)
ORDER BY name`, where, store.EditNone), func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	})
	return names, wrap("edit versions", err)
}

// busy keeps, of the cells in the table cell, the boxes that told much and those
// that the rules list; the table hot and the view share are those of doingSQL.
func (s *Store) busy(ctx context.Context, tx steps) error {
	steps := []string{"DELETE FROM busy WHERE hour >= (SELECT min(hour) FROM cell) AND hour <= (SELECT max(hour) FROM cell) AND (hour, province) IN (SELECT hour, province FROM cell)"}
	var hot int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM hot").Scan(&hot); err != nil {
		return err
	}
	if hot > 0 {
		// Of the others no minute and no day has too much, see judge.
		steps = append(steps, fmt.Sprintf(`INSERT INTO busy
SELECT hour, province, box, any_value(records), max(n), false
FROM (
	SELECT hour, province, box, any_value(records) AS records, at_ms // 60000 AS minute, count(*) AS n
	FROM share JOIN hot USING (hour, province, box)
	GROUP BY hour, province, box, at_ms // 60000)
GROUP BY hour, province, box HAVING max(n) > %d OR any_value(records) > %d`, s.edit.MinuteRecords, s.edit.DayRecords/24))
	}
	listed := func(column string, keys []uint64) {
		if len(keys) > 0 {
			steps = append(steps, fmt.Sprintf("INSERT INTO busy SELECT DISTINCT hour, province, box, 0, 0, true FROM share SEMI JOIN cell USING (hour, province) WHERE %s IN (%s)", column, join(keys)))
		}
	}
	listed("box", s.edit.Boxes)
	listed("account", slices.DeleteFunc(slices.Clone(s.edit.Accounts), func(key uint64) bool { return key == 0 }))
	return execAll(ctx, tx, steps...)
}

// judge finds which boxes are invalid on the days of the cells in the table cell, and
// marks the other cells that this changes.
func (s *Store) judge(ctx context.Context, tx steps) error {
	var first, last int64
	if err := tx.QueryRowContext(ctx, "SELECT min(hour // 24), max(hour // 24) FROM cell").Scan(&first, &last); err != nil {
		return err
	}
	if err := execAll(ctx, tx,
		"CREATE OR REPLACE TEMP TABLE judged_day AS SELECT DISTINCT hour // 24 AS day, province FROM cell",
		// Bounds that are numbers let DuckDB skip all other days.
		fmt.Sprintf("CREATE OR REPLACE TEMP TABLE busy_day AS SELECT hour // 24 AS day, province, box, max(records) AS records, max(minute) AS minute, bool_or(listed) AS listed FROM busy WHERE hour >= %d AND hour < %d AND (hour // 24, province) IN (FROM judged_day) GROUP BY ALL",
			first*24, last*24+24),
	); err != nil {
		return err
	}
	var some bool
	if err := tx.QueryRowContext(ctx, "SELECT EXISTS (FROM busy_day) OR EXISTS (FROM invalid WHERE (day, province) IN (FROM judged_day))").Scan(&some); err != nil || !some {
		return err
	}
	// A day has too much only if an hour has more than a 24th of it. Cells of this
	// closing count as they are now.
	if err := execAll(ctx, tx,
		fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE full_box AS
SELECT day, province, box
FROM (
	SELECT hour // 24 AS day, province, box, events FROM doing
	UNION ALL
	SELECT period // 24, province, box, events FROM fact_box_hour
	WHERE period >= (SELECT min(day) * 24 FROM judged_day) AND period < (SELECT max(day) * 24 + 24 FROM judged_day)
		AND (period, province) NOT IN (SELECT hour, province FROM cell))
	SEMI JOIN (FROM busy_day WHERE records > %d) USING (day, province, box)
GROUP BY ALL HAVING sum(events) > %d`, s.edit.DayRecords/24, s.edit.DayRecords),
		fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE judged AS
SELECT day, province, box, CASE WHEN minute > %d THEN %d WHEN (day, province, box) IN (FROM full_box) THEN %d ELSE %d END::UTINYINT AS why
FROM busy_day WHERE minute > %[1]d OR listed OR (day, province, box) IN (FROM full_box)`,
			s.edit.MinuteRecords, store.InvalidMinute, store.InvalidDay, store.InvalidListed),
		`CREATE OR REPLACE TEMP TABLE turned AS
SELECT DISTINCT day, province, box FROM (
	(FROM judged EXCEPT FROM invalid) UNION ALL (FROM invalid WHERE (day, province) IN (FROM judged_day) EXCEPT FROM judged))`,
	); err != nil {
		return err
	}
	var turned int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM turned").Scan(&turned); err != nil || turned == 0 {
		return err
	}
	return execAll(ctx, tx,
		fmt.Sprintf(`INSERT INTO dirt
SELECT DISTINCT hour, province, %d
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

func execAll(ctx context.Context, tx steps, statements ...string) error {
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%w, in %.60s", err, strings.TrimSpace(statement))
		}
	}
	return nil
}

// widen gives the facts of an older store the edited measures: what the raw ones
// hold, until the cells are closed again. Tables derived from them are dropped, to be
// made anew.
func widen(ctx context.Context, tx *sql.Tx) error {
	lacks := func(table string, m store.Measure) (bool, error) {
		var tables, columns int
		err := tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM duckdb_tables() WHERE table_name = $1),
	(SELECT count(*) FROM duckdb_columns() WHERE table_name = $1 AND column_name = $2)`, table, string(m)).Scan(&tables, &columns)
		return tables > 0 && columns == 0, err
	}
	for f := range store.Fact(store.EventFacts) {
		shape := store.ShapeOf(f)
		edited := slices.IndexFunc(shape.Measures, func(m store.Measure) bool { return store.RawOf[m] != "" })
		if edited < 0 {
			continue
		}
		for _, grain := range []string{"hour", "day"} {
			name := shape.Name + "_" + grain
			lacking, err := lacks(name, shape.Measures[edited])
			if err != nil {
				return err
			}
			if !lacking {
				continue
			}
			columns := "period, " + joinWith(shape.Dimensions, ", ")
			for _, m := range shape.Measures {
				if raw := store.RawOf[m]; raw != "" {
					m = raw
				}
				columns += ", " + string(m)
			}
			if err := execAll(ctx, tx,
				factTable("wide_"+name, shape.Dimensions, shape.Measures, measureTypes),
				fmt.Sprintf("INSERT INTO wide_%[1]s SELECT %[2]s FROM %[1]s", name, columns),
				"DROP TABLE "+name,
				fmt.Sprintf("ALTER TABLE wide_%[1]s RENAME TO %[1]s", name)); err != nil {
				return err
			}
		}
	}
	for _, d := range allDerived() {
		m := store.MeasureEditedMs
		if !strings.Contains(d.create, string(m)) {
			continue
		}
		lacking, err := lacks(d.name, m)
		if err == nil && lacking {
			_, err = tx.ExecContext(ctx, "DROP TABLE "+d.name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
