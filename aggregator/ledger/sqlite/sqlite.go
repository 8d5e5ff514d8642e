// Package sqlite is the embedded ledger: one SQLite file in WAL mode, bodies
// encrypted with a key per province.
//
// A commit that returned nil survives a power cut. Nothing in memory decides:
// marks and uids are read from the database in the transaction that writes
// them. DESIGN.md beside the ledger package says why it is laid out so.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"iptvdc/aggregator"
	"iptvdc/aggregator/ledger"
)

// Ledger implements ledger.Ledger on a directory.
type Ledger struct {
	dsn  string
	keys *keyring
	read *sql.DB

	ready sync.Pool // of *prepared

	mu     sync.Mutex
	w      *writer // nil after an error that left the connection in doubt
	group  *group
	closed bool
}

var _ ledger.Ledger = (*Ledger)(nil)

// Open opens the ledger in dir, or makes it: ledger.db and keys/, both for the
// owner only. A file of a newer program, or one whose keys are missing, is
// refused with an error that says so.
func Open(dir string) (*Ledger, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	path, err := filepath.Abs(filepath.Join(dir, "ledger.db"))
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	l := &Ledger{
		dsn:   (&url.URL{Scheme: "file", Path: path}).String(),
		keys:  newKeyring(filepath.Join(dir, "keys")),
		group: newGroup(),
	}
	l.ready.New = func() any { return new(prepared) }
	w, err := openWriter(l.dsn)
	if err != nil {
		return nil, fmt.Errorf("ledger: open %s: %w", path, err)
	}
	if err := l.start(w, path); err != nil {
		return nil, errors.Join(err, w.close())
	}
	l.w = w
	l.read, err = sql.Open("sqlite", l.dsn+"?_pragma=busy_timeout(10000)&_pragma=query_only(1)")
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	l.read.SetMaxOpenConns(4)
	return l, nil
}

// start makes sure that the file can be used.
func (l *Ledger) start(w *writer, path string) error {
	if err := prepareSchema(w, path); err != nil {
		return err
	}
	keys, err := w.prepareOne(`SELECT province, fingerprint FROM key`)
	if err != nil {
		return err
	}
	defer keys.close()
	row := l.group.row[:2]
	err = keys.rows(nil, row, func() error {
		fingerprint, _ := row[1].([]byte)
		return l.keys.expect(uint8(integer(row[0])), fingerprint)
	})
	if err != nil {
		return err
	}
	return w.prepare()
}

// write runs f with the writer, after an error in doubt with a new one. It
// needs l.mu.
func (l *Ledger) write(f func(w *writer) error) error {
	if l.closed {
		return ledger.ErrClosed
	}
	if l.w == nil {
		w, err := openWriter(l.dsn)
		if err != nil {
			return err
		}
		if err := w.prepare(); err != nil {
			return errors.Join(err, w.close())
		}
		l.w = w
	}
	err, broken := explain(f(l.w))
	if broken {
		err = errors.Join(err, l.w.close())
		l.w = nil
	}
	return err
}

// Close implements ledger.Ledger. It waits for a commit under way.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	err := l.read.Close()
	if l.w != nil {
		err = errors.Join(err, l.w.close())
	}
	return err
}

// Mark implements ledger.Ledger.
func (l *Ledger) Mark(ctx context.Context, box string, epoch uint64) (ledger.Mark, error) {
	var m ledger.Mark
	var packed []byte
	err := l.read.QueryRowContext(ctx, `
		SELECT mark, lost FROM stream
		WHERE box = (SELECT id FROM box WHERE name = ?) AND epoch = ?`, box, int64(epoch)).Scan(&packed, &m.Lost)
	if errors.Is(err, sql.ErrNoRows) {
		return ledger.Mark{}, nil
	}
	if err == nil {
		err = readMark(packed, &m)
	}
	if err != nil {
		return ledger.Mark{}, fmt.Errorf("ledger: mark: %w", err)
	}
	return m, nil
}

// Gaps implements ledger.Ledger. It reads every stream.
func (l *Ledger) Gaps(ctx context.Context) ([]ledger.Gaps, error) {
	// Losses are summed in halves: what hostile boxes claim may exceed 63 bits.
	rows, err := l.read.QueryContext(ctx, `
		SELECT province, count(*), count(DISTINCT box), sum(received), sum(lost >> 32), sum(lost & 0xffffffff), sum(poison)
		FROM stream GROUP BY province ORDER BY province`)
	if err != nil {
		return nil, fmt.Errorf("ledger: gaps: %w", err)
	}
	defer rows.Close()
	var gaps []ledger.Gaps
	for rows.Next() {
		var g ledger.Gaps
		var province uint8
		var high, low uint64
		if err := rows.Scan(&province, &g.Streams, &g.Boxes, &g.Received, &high, &low, &g.Quarantine); err != nil {
			return nil, fmt.Errorf("ledger: gaps: %w", err)
		}
		g.Province = aggregator.Province(province)
		high += low >> 32
		g.Lost = 1<<64 - 1
		if high < 1<<32 {
			g.Lost = high<<32 | low&0xffffffff
		}
		gaps = append(gaps, g)
	}
	return gaps, rows.Err()
}

// Backlog implements ledger.Ledger.
func (l *Ledger) Backlog(ctx context.Context) (events uint64, err error) {
	if err := l.read.QueryRowContext(ctx, `SELECT backlog FROM progress`).Scan(&events); err != nil {
		return 0, fmt.Errorf("ledger: backlog: %w", err)
	}
	return events, nil
}
