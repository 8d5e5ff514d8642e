package settings

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Source is an own data source as it is kept. What Definition and Told mean is the
// business of package source.
type Source struct {
	Name       string
	Owner      string
	Definition []byte // JSON
	// Secret is sealed; nil: there is none.
	Secret []byte
	// Version holds now; 0: none yet.
	Version int64
	Made    time.Time
	// Tried is when it was last read or tried, Due when it is to be read again; zero:
	// never, by hand alone.
	Tried, Due time.Time
	// Fault is why the latest attempt failed, "" if it did not; Told what it said of rows.
	Fault string
	Told  []byte
}

// SourceVersion is what was read of a source at a time.
type SourceVersion struct {
	Version  int64
	At       time.Time
	By       string // Machine: by schedule, or on the machine
	Rows     int64
	Rejected int64
	Bytes    int64 // of its file
	Told     []byte
}

func momentOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func msOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

const sourceColumns = "SELECT name, owner, definition, secret, version, made_ms, tried_ms, due_ms, fault, told FROM source WHERE removed_ms IS NULL"

func scanSource(row scanner) (Source, error) {
	var s Source
	var made, tried, due int64
	err := row.Scan(&s.Name, &s.Owner, &s.Definition, &s.Secret, &s.Version, &made, &tried, &due, &s.Fault, &s.Told)
	s.Made, s.Tried, s.Due = momentOf(made), momentOf(tried), momentOf(due)
	return s, err
}

// SourceChange is a number that every change of sources raises, by whatever process.
func (s *Settings) SourceChange(ctx context.Context) (n int64, err error) {
	return n, wrap("sources", s.db.QueryRowContext(ctx, "SELECT n FROM source_change").Scan(&n))
}

// Sources lists all own data sources, by name.
func (s *Settings) Sources(ctx context.Context) ([]Source, error) {
	rows, err := s.db.QueryContext(ctx, sourceColumns+" ORDER BY name")
	if err != nil {
		return nil, wrap("sources", err)
	}
	defer func() { _ = rows.Close() }()
	all := []Source{}
	for rows.Next() {
		one, err := scanSource(rows)
		if err != nil {
			return nil, wrap("sources", err)
		}
		all = append(all, one)
	}
	return all, wrap("sources", rows.Err())
}

func errNoSource(name string) error {
	return faultf("not_found", "There is no data source %q that you may see.", clip(name))
}

// Source returns one of them; an unknown one is an *aggregator.Error of code not_found.
func (s *Settings) Source(ctx context.Context, name string) (Source, error) {
	one, err := scanSource(s.db.QueryRowContext(ctx, sourceColumns+" AND name = ?", name))
	if errors.Is(err, sql.ErrNoRows) {
		return one, errNoSource(name)
	}
	return one, wrap("source", err)
}

// AddSource keeps a new source of p's, of which there may be at most most.
func (s *Settings) AddSource(ctx context.Context, p Principal, one Source, most int) error {
	return wrap("source", s.update(ctx, func(tx *sql.Tx) error {
		var have, taken int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FILTER (WHERE removed_ms IS NULL), count(*) FILTER (WHERE name = ?) FROM source", one.Name).Scan(&have, &taken); err != nil {
			return err
		}
		if taken > 0 {
			return faultf("name_taken", "There is or was a data source %s, and a name is never given twice; take another.", one.Name)
		}
		if have >= most {
			return faultf("too_many_sources", "There are %d data sources, and there may be no more; remove one first.", have)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO source (name, owner, definition, secret, made_ms, due_ms) VALUES (?, ?, ?, ?, ?, ?)",
			one.Name, p.Name, one.Definition, one.Secret, s.now().UnixMilli(), msOf(one.Due)); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "source_added", "", "source="+one.Name)
	}))
}

// ChangeSource replaces what a source is, and its secret, nil for none.
func (s *Settings) ChangeSource(ctx context.Context, p Principal, one Source) error {
	return s.changeSource(ctx, p, one.Name, "source_changed", "", func(tx *sql.Tx) (sql.Result, error) {
		return tx.ExecContext(ctx, "UPDATE source SET definition = ?, secret = ?, due_ms = ? WHERE name = ? AND removed_ms IS NULL", one.Definition, one.Secret, msOf(one.Due), one.Name)
	})
}

// changeSource runs a change of one source. what "" leaves no line in the audit log.
func (s *Settings) changeSource(ctx context.Context, p Principal, name, what, detail string, change func(tx *sql.Tx) (sql.Result, error)) error {
	return wrap("source", s.update(ctx, func(tx *sql.Tx) error {
		done, err := change(tx)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errNoSource(name))
		}
		if what == "" {
			return nil
		}
		return s.record(ctx, tx, p, what, "", "source="+name+detail)
	}))
}

// RemoveSource removes a source with its versions and its secret. Its files are the
// caller's.
func (s *Settings) RemoveSource(ctx context.Context, p Principal, name string) error {
	return s.changeSource(ctx, p, name, "source_removed", "", func(tx *sql.Tx) (sql.Result, error) {
		if _, err := tx.ExecContext(ctx, "DELETE FROM source_version WHERE source = ?", name); err != nil {
			return nil, err
		}
		return tx.ExecContext(ctx, "UPDATE source SET removed_ms = ?, secret = NULL, definition = x'7b7d', version = 0, due_ms = 0, fault = '', told = NULL WHERE name = ? AND removed_ms IS NULL", s.now().UnixMilli(), name)
	})
}

// NextSourceVersion gives out a number for a version that is being read; it is never
// given twice.
func (s *Settings) NextSourceVersion(ctx context.Context, name string) (n int64, err error) {
	err = s.db.QueryRowContext(ctx, "UPDATE source SET last = last + 1 WHERE name = ? AND removed_ms IS NULL RETURNING last", name).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, errNoSource(name)
	}
	return n, wrap("source", err)
}

// SourceRead has a version hold from now on, with what definition it was read by, and
// returns the numbers of the versions that are kept, keep of them at most. noted writes
// a line into the audit log.
func (s *Settings) SourceRead(ctx context.Context, p Principal, name string, v SourceVersion, due time.Time, keep int, noted bool) (kept []int64, err error) {
	what := ""
	if noted {
		what = "source_refreshed"
	}
	if v.By == "" {
		v.By = Machine
	}
	err = s.changeSource(ctx, p, name, what, fmt.Sprintf(" version=%d rows=%d rejected=%d", v.Version, v.Rows, v.Rejected), func(tx *sql.Tx) (sql.Result, error) {
		done, err := tx.ExecContext(ctx, "UPDATE source SET version = ?, tried_ms = ?, due_ms = ?, fault = '', told = NULL WHERE name = ? AND removed_ms IS NULL", v.Version, msOf(v.At), msOf(due), name)
		if err != nil {
			return nil, err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO source_version (source, version, at_ms, by, rows, rejected, bytes, told) SELECT name, ?, ?, ?, ?, ?, ?, ? FROM source WHERE name = ? AND removed_ms IS NULL",
			v.Version, msOf(v.At), v.By, v.Rows, v.Rejected, v.Bytes, v.Told, name); err != nil {
			return nil, err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM source_version WHERE source = ?1 AND version NOT IN (SELECT version FROM source_version WHERE source = ?1 ORDER BY version DESC LIMIT ?2)", name, keep); err != nil {
			return nil, err
		}
		rows, err := tx.QueryContext(ctx, "SELECT version FROM source_version WHERE source = ?", name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var n int64
			if err := rows.Scan(&n); err != nil {
				return nil, err
			}
			kept = append(kept, n)
		}
		return done, rows.Err()
	})
	return kept, err
}

// SourceFailed notes that a source could not be read; what holds goes on to hold.
func (s *Settings) SourceFailed(ctx context.Context, p Principal, name, fault string, told []byte, due time.Time, noted bool) error {
	what := ""
	if noted {
		what = "source_failed"
	}
	return s.changeSource(ctx, p, name, what, "", func(tx *sql.Tx) (sql.Result, error) {
		return tx.ExecContext(ctx, "UPDATE source SET tried_ms = ?, due_ms = ?, fault = ?, told = ? WHERE name = ? AND removed_ms IS NULL", s.now().UnixMilli(), msOf(due), fault, told, name)
	})
}

// UseSourceVersion has a version hold that is kept.
func (s *Settings) UseSourceVersion(ctx context.Context, p Principal, name string, version int64) error {
	return s.changeSource(ctx, p, name, "source_restored", fmt.Sprintf(" version=%d", version), func(tx *sql.Tx) (sql.Result, error) {
		return tx.ExecContext(ctx, "UPDATE source SET version = ?1 WHERE name = ?2 AND removed_ms IS NULL AND EXISTS (SELECT 1 FROM source_version WHERE source = ?2 AND version = ?1)", version, name)
	})
}

// SourceVersions lists what is kept of a source, the newest first.
func (s *Settings) SourceVersions(ctx context.Context, name string) ([]SourceVersion, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT version, at_ms, by, rows, rejected, bytes, told FROM source_version WHERE source = ? ORDER BY version DESC", name)
	if err != nil {
		return nil, wrap("source", err)
	}
	defer func() { _ = rows.Close() }()
	all := []SourceVersion{}
	for rows.Next() {
		var v SourceVersion
		var ms int64
		if err := rows.Scan(&v.Version, &ms, &v.By, &v.Rows, &v.Rejected, &v.Bytes, &v.Told); err != nil {
			return nil, wrap("source", err)
		}
		v.At = momentOf(ms)
		all = append(all, v)
	}
	return all, wrap("source", rows.Err())
}
