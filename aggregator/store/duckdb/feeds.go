package duckdb

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

//go:embed sql/feed_schema.sql
var feedSchemaSQL string

// script fills a script's $names and cuts it into statements.
func script(text string, names map[string]any) []string {
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.SortFunc(sorted, func(a, b string) int { return len(b) - len(a) }) // $prev before $p
	var pairs []string
	for _, name := range sorted {
		pairs = append(pairs, "$"+name, fmt.Sprint(names[name]))
	}
	return statements(strings.NewReplacer(pairs...).Replace(text))
}

// runScript runs a script's statements.
func (w *bulk) runScript(text string, names map[string]any) error {
	for _, statement := range script(text, names) {
		if err := w.exec(statement); err != nil {
			return fmt.Errorf("%w, in %.60s", err, strings.TrimSpace(statement))
		}
	}
	return nil
}

// blob is bytes as SQL.
func blob(b []byte) string { return fmt.Sprintf(`unhex('%x')`, b) }

// number asks for one number.
func (w *bulk) number(query string) (n int64, err error) {
	err = w.query("SELECT ("+query+")::BIGINT", func(p page) error {
		n = values[int64](p, 0)[0]
		return nil
	})
	return n, err
}

const fileColumns = `id, province, feed, name, day, version_ms, received_ms, bytes, outcome, records, accepted, rejected, repeated, why, counts, done_ms`

// putFile replaces what is kept of a file, inside the open transaction.
func (w *bulk) putFile(r store.FileRow, faults []c3.Fault) error {
	counts, err := json.Marshal(r.Counts)
	if err != nil {
		return err
	}
	for _, table := range []string{"feed_file", "feed_fault"} {
		if err := w.exec("DELETE FROM " + table + " WHERE id = " + blob(r.ID[:])); err != nil {
			return err
		}
	}
	one := []store.FileRow{r}
	if err := w.append("feed_file", 1, []column{
		text(one, func(r *store.FileRow) []byte { return r.ID[:] }), same(uint8(r.Province)), same(uint8(r.Feed)),
		text(one, func(r *store.FileRow) []byte { return []byte(r.Name) }), same(int32(r.Day)),
		same(r.VersionMs), same(r.ReceivedMs), same(r.Bytes), same(uint8(r.Outcome)),
		same(r.Records), same(r.Accepted), same(r.Rejected), same(r.Repeated),
		text(one, func(r *store.FileRow) []byte { return []byte(r.Why) }), text(one, func(*store.FileRow) []byte { return counts }), same(r.DoneMs),
	}); err != nil {
		return err
	}
	places := make([]int32, len(faults))
	for i := range places {
		places[i] = int32(i)
	}
	return w.append("feed_fault", len(faults), []column{
		text(faults, func(*c3.Fault) []byte { return r.ID[:] }), fixed(places, func(i *int32) int32 { return *i }),
		fixed(faults, func(f *c3.Fault) int64 { return f.Line }), text(faults, func(f *c3.Fault) []byte { return []byte(f.Field) }),
		text(faults, func(f *c3.Fault) []byte { return []byte(f.Code) }), text(faults, func(f *c3.Fault) []byte { return []byte(f.Text) }),
		text(faults, func(f *c3.Fault) []byte { return []byte(f.Raw) }),
	})
}

// Note implements store.Feeds.
func (s *Store) Note(ctx context.Context, f store.File, r c3.Receipt) error {
	s.feeding.Lock()
	defer s.feeding.Unlock()
	rows, err := s.Taken(ctx, [][16]byte{f.ID})
	if err != nil || len(rows) > 0 && rows[0].In() {
		return err
	}
	w, err := s.connect()
	if err != nil {
		return err
	}
	defer w.close()
	row, faults := store.Noted(f, r)
	return wrap("note", w.transaction(func() error { return w.putFile(row, faults) }))
}

// transaction does all of f or nothing.
func (w *bulk) transaction(f func() error) error {
	if err := w.exec("BEGIN"); err != nil {
		return err
	}
	err := f()
	if err == nil {
		err = w.exec("COMMIT")
	}
	if err != nil {
		_ = w.exec("ROLLBACK") // fails if the failed COMMIT already did
	}
	return err
}

func scanFile(rows *sql.Rows) (r store.FileRow, err error) {
	var id, name []byte
	var counts string
	if err := rows.Scan(&id, &r.Province, &r.Feed, &name, &r.Day, &r.VersionMs, &r.ReceivedMs, &r.Bytes, &r.Outcome,
		&r.Records, &r.Accepted, &r.Rejected, &r.Repeated, &r.Why, &counts, &r.DoneMs); err != nil {
		return r, err
	}
	copy(r.ID[:], id)
	r.Name = string(name)
	return r, json.Unmarshal([]byte(counts), &r.Counts)
}

// Taken implements store.Feeds.
func (s *Store) Taken(ctx context.Context, ids [][16]byte) ([]store.FileRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, len(ids))
	for i := range ids {
		args[i] = ids[i][:]
	}
	found := map[[16]byte]store.FileRow{}
	err := s.each(ctx, "SELECT "+fileColumns+" FROM feed_file WHERE id IN (?"+strings.Repeat(",?", len(ids)-1)+")", func(rows *sql.Rows) error {
		r, err := scanFile(rows)
		found[r.ID] = r
		return err
	}, args...)
	var out []store.FileRow
	for _, id := range ids {
		if r, known := found[id]; known {
			out = append(out, r)
		}
	}
	return out, wrap("files", err)
}

// Files implements store.Feeds.
func (s *Store) Files(ctx context.Context, q store.FileQuery) ([]store.FileRow, error) {
	where := "true"
	if !q.Scope.All {
		if len(q.Scope.Provinces) == 0 {
			return nil, nil // empty means none, never all
		}
		where = "province IN (" + join(q.Scope.Provinces) + ")"
	}
	if q.Feed != c3.FeedNone {
		where += fmt.Sprintf(" AND feed = %d", q.Feed)
	}
	if q.From != 0 || q.To != 0 {
		where += fmt.Sprintf(" AND day >= %d AND day <= %d", int32(q.From), int32(q.To))
	}
	if len(q.Outcomes) > 0 {
		where += " AND outcome IN (" + join(q.Outcomes) + ")"
	}
	limit := q.Limit
	if limit == 0 {
		limit = 1000
	}
	since := int64(math.MinInt64)
	if q.From == 0 || q.To-q.From > 31 { // else the zone maps of day leave little
		var err error
		if since, err = s.receivedSince(ctx, where, limit); err != nil {
			return nil, wrap("files", err)
		}
	}
	var out []store.FileRow
	err := s.each(ctx, fmt.Sprintf("SELECT %s FROM feed_file WHERE (%s) AND received_ms >= %d ORDER BY received_ms DESC, id LIMIT %d", fileColumns, where, since, limit), func(rows *sql.Rows) error {
		r, err := scanFile(rows)
		out = append(out, r)
		return err
	})
	return out, wrap("files", err)
}

// receivedSince returns a moment since which at least limit of the files in
// question came, and not many more; the first moment of all if there are fewer.
// Sorting for the latest reads every file there ever was, and they come in the
// order that is dearest to sort; here the zone maps of received_ms leave little.
func (s *Store) receivedSince(ctx context.Context, where string, limit int) (int64, error) {
	var first, last sql.NullInt64
	one := func(query string, into ...any) error {
		return s.each(ctx, query, func(rows *sql.Rows) error { return rows.Scan(into...) })
	}
	if err := one("SELECT min(received_ms), max(received_ms) FROM feed_file", &first, &last); err != nil || !last.Valid {
		return math.MinInt64, err
	}
	for back := aggregator.DayMs; ; back *= 8 {
		since := last.Int64 - back
		if since <= first.Int64 {
			return math.MinInt64, nil
		}
		var n int
		if err := one(fmt.Sprintf("SELECT count(*) FROM feed_file WHERE (%s) AND received_ms >= %d", where, since), &n); err != nil {
			return 0, err
		}
		if n >= limit {
			return since, nil
		}
	}
}

// Faults implements store.Feeds. A file has at most c3.MaxFaults of them, so those
// left out are read too: with a LIMIT DuckDB does not use the index.
func (s *Store) Faults(ctx context.Context, id [16]byte, skip, limit int) ([]c3.Fault, error) {
	var out []c3.Fault
	err := s.each(ctx, "SELECT line, field, code, text, raw FROM feed_fault WHERE id = ? ORDER BY place", func(rows *sql.Rows) error {
		if skip--; skip >= 0 || limit > 0 && len(out) == limit {
			return nil
		}
		var f c3.Fault
		var field, text, raw []byte
		err := rows.Scan(&f.Line, &field, &f.Code, &text, &raw)
		f.Field, f.Text, f.Raw = string(field), string(text), string(raw)
		out = append(out, f)
		return err
	}, id[:])
	return out, wrap("faults", err)
}

// Untold implements store.Feeds.
func (s *Store) Untold(ctx context.Context, p aggregator.Province, d aggregator.Day, limit int) ([]store.Correction, error) {
	if limit == 0 {
		limit = math.MaxInt32
	}
	var out []store.Correction
	err := s.each(ctx, `
SELECT coalesce(c.account, f.root) AS account, f.city, f.from_state, f.to_state
FROM flow f
	LEFT JOIN (SELECT root, arg_max(account, rank) AS account FROM chain WHERE province = $1 GROUP BY root) c USING (root)
WHERE f.province = $1 AND f.shown AND f.from_state <> f.to_state AND f.at_ms >= $2 AND f.at_ms < $3
	AND NOT (f.from_state = 0 AND f.at_ms = $2 AND (SELECT min(day) FROM full_day WHERE province = $1) = $4)
ORDER BY account, f.at_ms, f.from_state, f.to_state LIMIT $5`, func(rows *sql.Rows) error {
		var c store.Correction
		err := rows.Scan(&c.Account, &c.City, &c.From, &c.To)
		out = append(out, c)
		return err
	}, uint8(p), d.Start(), (d + 1).Start(), int32(d), limit)
	return out, wrap("untold", err)
}
