package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"modernc.org/sqlite"

	"iptvdc/aggregator/ledger"
)

// writer is the one connection that changes the database. It speaks to the
// driver itself: database/sql's conversions would cost more than the inserts.
// Not safe for concurrent use.
type writer struct {
	conn driver.Conn
	open map[*statement]struct{} // a connection closes only after its statements

	seen    *many // what is known about each batch's stream
	seenUID *many // that, and whether its uid is known
	batches *many
	bodies  *many
	advance *statement // a mark, what was received under it, and where
	settle  *statement // what is lost or quarantined under it
	stream  *statement // a new one
	newBox  *statement
	lastID  *statement
	backlog *statement
	begin   *statement
	commit  *statement
	poison  *statement
	addKey  *statement
	tally   *statement
}

// pragmas of the writer, page_size first because it holds for an empty file
// only. FULL: a commit is on the disk when it returns. The log is folded into
// the file at 32 MB: rarely enough that pages hit again and again are written
// once. The cache is small because each commit looks through all of it.
var pragmas = []string{
	"page_size = 8192",
	"busy_timeout = 10000",
	"journal_mode = WAL",
	"synchronous = FULL",
	"cache_size = -16384",
	"wal_autocheckpoint = 4096",
	"journal_size_limit = 67108864",
}

func openWriter(dsn string) (*writer, error) {
	conn, err := new(sqlite.Driver).Open(dsn)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn, open: make(map[*statement]struct{})}
	for _, p := range pragmas {
		if err := w.run("PRAGMA " + p); err != nil {
			return nil, errors.Join(fmt.Errorf("pragma %s: %w", p, err), conn.Close())
		}
	}
	return w, nil
}

// prepare readies the statements of the commit path; the tables must exist.
func (w *writer) prepare() error {
	var errs []error
	one := func(query string) *statement {
		s, err := w.prepareOne(query)
		errs = append(errs, err)
		return s
	}
	rows := func(head, row, tail string) *many {
		return &many{w: w, head: head, row: row, tail: tail, width: strings.Count(row, "?")}
	}
	w.seen = rows(`WITH v(i, name, epoch) AS (VALUES `, `(%d, ?, ?)`, selectSeen("NULL"))
	w.seenUID = rows(`WITH v(i, name, epoch, uid) AS (VALUES `, `(%d, ?, ?, ?)`, selectSeen("b.id")+joinUID)
	w.advance = one(swapMark)
	w.settle = one(`UPDATE stream SET lost = ?, poison = poison + ? WHERE id = ?`)
	w.stream = one(`INSERT INTO stream (box, epoch, mark, received, lost, poison, province) VALUES (?,?,?,?,?,?,?)`)
	w.batches = rows(`INSERT INTO batch VALUES `, `(?,?,?,?,?,?,?)`, ``)
	w.bodies = rows(`INSERT INTO body VALUES `, `(?,?)`, ``)
	w.newBox = one(`INSERT INTO box (name) VALUES (?)`)
	w.lastID = one(`SELECT ifnull(max(id), 0) FROM batch`)
	w.backlog = one(`UPDATE progress SET backlog = backlog + ?`)
	w.begin = one(`BEGIN IMMEDIATE`)
	w.commit = one(`COMMIT`)
	w.poison = one(`INSERT INTO poison VALUES (?, ?)`)
	w.addKey = one(`INSERT INTO key VALUES (?, ?) ON CONFLICT (province) DO NOTHING`)
	w.tally = one(`INSERT INTO tally VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET lost = lost + excluded.lost, repeated = repeated + excluded.repeated`)
	return errors.Join(errs...)
}

// selectSeen ends a query over v, the group's batches; known is the column
// that is not NULL if the uid is known.
func selectSeen(known string) string {
	return `)
		SELECT v.i, x.id, s.id, s.mark, s.lost, ` + known + `
		FROM v
		LEFT JOIN box x ON x.name = v.name
		LEFT JOIN stream s ON s.box = x.id AND s.epoch = v.epoch`
}

const joinUID = ` LEFT JOIN batch b ON b.box = x.id AND b.uid = v.uid`

// chunks are the row counts of multi-row statements, greatest first.
var chunks = [...]int{64, 16, 4, 1}

func repeatRow(row string, times int) string {
	var b strings.Builder
	for i := range times {
		if i > 0 {
			b.WriteByte(',')
		}
		if strings.Contains(row, "%d") {
			fmt.Fprintf(&b, row, i)
		} else {
			b.WriteString(row)
		}
	}
	return b.String()
}

// statement is a prepared statement with its arguments' frames.
type statement struct {
	w     *writer
	exec  driver.StmtExecContext
	query driver.StmtQueryContext
	args  []driver.NamedValue
}

func (w *writer) prepareOne(query string) (*statement, error) {
	s, err := w.conn.Prepare(query)
	if err != nil {
		return nil, fmt.Errorf("prepare %.60s: %w", strings.TrimSpace(query), err)
	}
	exec, ok1 := s.(driver.StmtExecContext)
	rows, ok2 := s.(driver.StmtQueryContext)
	if !ok1 || !ok2 {
		return nil, errors.New("ledger: the SQLite driver lacks contexts")
	}
	st := &statement{w: w, exec: exec, query: rows}
	w.open[st] = struct{}{}
	return st, nil
}

func (s *statement) frame(values []driver.Value) []driver.NamedValue {
	for len(s.args) < len(values) {
		s.args = append(s.args, driver.NamedValue{Ordinal: len(s.args) + 1})
	}
	for i, v := range values {
		s.args[i].Value = v
	}
	return s.args[:len(values)]
}

// do runs the statement and returns how many rows it changed.
func (s *statement) do(values ...driver.Value) (int64, error) {
	r, err := s.exec.ExecContext(context.Background(), s.frame(values))
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// rows runs the statement and hands each row to visit; row is valid only there.
func (s *statement) rows(values []driver.Value, row []driver.Value, visit func() error) error {
	rs, err := s.query.QueryContext(context.Background(), s.frame(values))
	if err != nil {
		return err
	}
	for {
		err := rs.Next(row)
		if errors.Is(err, io.EOF) {
			return rs.Close()
		}
		if err == nil {
			err = visit()
		}
		if err != nil {
			return errors.Join(err, rs.Close())
		}
	}
}

// many is one statement for several numbers of rows, each prepared when it is
// first needed.
type many struct {
	w               *writer
	head, row, tail string
	width           int // values a row
	stmts           [len(chunks)]*statement
}

// each cuts values, a multiple of width, into chunks; at is the first row's
// place.
func (m *many) each(values []driver.Value, run func(s *statement, at int, values []driver.Value) error) error {
	at := 0
	for c, size := range chunks {
		for len(values) >= size*m.width {
			if m.stmts[c] == nil {
				s, err := m.w.prepareOne(m.head + repeatRow(m.row, size) + m.tail)
				if err != nil {
					return err
				}
				m.stmts[c] = s
			}
			if err := run(m.stmts[c], at, values[:size*m.width]); err != nil {
				return err
			}
			at, values = at+size, values[size*m.width:]
		}
	}
	return nil
}

// do runs the statement over all values and returns how many rows it changed.
func (m *many) do(values []driver.Value) (changed int64, err error) {
	err = m.each(values, func(s *statement, _ int, values []driver.Value) error {
		n, err := s.do(values...)
		changed += n
		return err
	})
	return changed, err
}

// run executes statements that are not on the commit path.
func (w *writer) run(query string, values ...driver.Value) error {
	_, err := w.change(query, values...)
	return err
}

// change does so and returns how many rows the last one changed.
func (w *writer) change(query string, values ...driver.Value) (int64, error) {
	s, err := w.prepareOne(query)
	if err != nil {
		return 0, err
	}
	defer s.close()
	return s.do(values...)
}

// number returns the first column of the only row.
func (w *writer) number(query string, values ...driver.Value) (n int64, err error) {
	s, err := w.prepareOne(query)
	if err != nil {
		return 0, err
	}
	defer s.close()
	row := make([]driver.Value, 1)
	err = s.rows(values, row, func() error {
		n, _ = row[0].(int64)
		return nil
	})
	return n, err
}

func (s *statement) close() {
	delete(s.w.open, s)
	s.exec.(driver.Stmt).Close() // a finished statement's close has nothing to report
}

// transaction runs f between BEGIN IMMEDIATE and COMMIT; on an error of either
// nothing has changed.
func (w *writer) transaction(f func() error) error {
	if err := w.run(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	err := f()
	if err == nil {
		err = w.run(`COMMIT`)
	}
	if err != nil {
		w.rollback()
	}
	return err
}

// rollback ends a transaction that failed. Some errors have already ended it;
// then there is nothing to roll back, which is no fault.
func (w *writer) rollback() { _ = w.run(`ROLLBACK`) }

// close ends the connection. SQLite keeps it, and its files open, as long as
// one of its statements lives.
func (w *writer) close() error {
	for s := range w.open {
		s.close()
	}
	return w.conn.Close()
}

// SQLite's primary result codes that are treated apart.
const (
	codeIOError = 10
	codeCorrupt = 11
	codeFull    = 13
	codeNotADB  = 26

	codeNotUnique = 2067 // extended: a unique index other than the rowid
)

// isNotUnique says that an insert met a row with the same unique key.
func isNotUnique(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == codeNotUnique
}

// explain puts a full disk into the ledger's own words and says whether the
// connection may be used again: after a failed write or sync the kernel may
// have dropped pages it will never report again.
func explain(err error) (explained error, broken bool) {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err, false
	}
	switch e.Code() & 0xff {
	case codeFull:
		return fmt.Errorf("%w: %w", ledger.ErrFull, err), false
	case codeIOError, codeCorrupt, codeNotADB:
		return err, true
	}
	return err, false
}
