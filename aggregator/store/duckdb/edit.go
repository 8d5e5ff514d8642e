package duckdb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

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
		_, err = tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO dirt SELECT DISTINCT hour, province, %d, true FROM closed", s.mark+1))
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
