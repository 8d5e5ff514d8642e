package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"modernc.org/sqlite"
)

// SQLite is the Disk of a real box: one file and its WAL in a folder of its
// own. The file is locked while it is open; a second opener gets ErrBusy.
//
// Settings are made by statement, in an order that matters, and read back:
// a misspelt or misplaced one passes silently otherwise.
type SQLite struct {
	dir     string
	db      *sql.DB
	conn    *sql.Conn
	stmts   map[string]*sql.Stmt
	suspect bool                     // something failed: re-open and check before use
	failed  bool                     // it was the device: what the kernel holds may never reach it
	pending bool                     // what was salvaged is not carried over yet
	odd     atomic.Pointer[[]string] // settings that did not take
}

const (
	fileName     = "outbox.db"
	salvageName  = "outbox-salvage.db" // set aside, not carried over yet
	damagedName  = "outbox-damaged.db" // the one damaged file that is kept
	schemaNumber = 2
)

// Format is the format of the file that this program writes, FormatMin the lowest
// format whose agents still read that: what they do not know they pass over. Every
// agent reads all formats below its own. An update that would break either is
// refused, see agent/update; who raises schemaNumber so that older agents lose
// something raises FormatMin to it.
const (
	Format    = schemaNumber
	FormatMin = 1
	// Mark says both inside the program, for who signs it as an update.
	Mark = "stbagent-outbox-format:2:1;"
)

// ErrBusy says that another process has the outbox open.
var ErrBusy = errors.New("outbox: in use by another process")

// settings in the order in which they must be made, with what must be read
// back: page_size before the first table, locking_mode before the WAL, so that
// no shared-memory file comes to be.
var settings = []struct{ name, value, want string }{
	{"page_size", "1024", "1024"},
	{"locking_mode", "EXCLUSIVE", "exclusive"},
	{"journal_mode", "WAL", "wal"},
	{"synchronous", "FULL", "2"},
	{"wal_autocheckpoint", "64", "64"},
	{"journal_size_limit", "262144", "262144"},
	{"cache_size", "-256", "-256"},
	{"mmap_size", "0", "0"},
	{"temp_store", "MEMORY", "2"},
}

const schema = `
CREATE TABLE meta (
	id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, hw BLOB NOT NULL, boot INTEGER NOT NULL,
	boot_id TEXT NOT NULL, front INTEGER NOT NULL, lost INTEGER NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE open (
	seq INTEGER PRIMARY KEY, n INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE batch (
	no INTEGER PRIMARY KEY, first INTEGER NOT NULL, n INTEGER NOT NULL, uid BLOB NOT NULL,
	prev BLOB NOT NULL, flags INTEGER NOT NULL, codec INTEGER NOT NULL, class INTEGER NOT NULL,
	crc INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE hole (no INTEGER PRIMARY KEY, last INTEGER NOT NULL, chain BLOB NOT NULL);` + noteTable

// noteTable came with schema 2. An agent of schema 1 passes over it.
const noteTable = `
CREATE TABLE note (id INTEGER PRIMARY KEY, data BLOB NOT NULL, crc INTEGER NOT NULL);`

// NewSQLite prepares the disk in folder dir, which must exist; Load opens it.
func NewSQLite(dir string) *SQLite { return &SQLite{dir: dir} }

func (s *SQLite) path(name string) string { return filepath.Join(s.dir, name) }

// Odd lists settings that were asked for and did not take. Recording goes on
// with them; it costs flash, not events.
// May be called at any time.
func (s *SQLite) Odd() []string {
	if odd := s.odd.Load(); odd != nil {
		return *odd
	}
	return nil
}

// Size is how many bytes the file and its WAL take.
func (s *SQLite) Size() int64 {
	var n int64
	for _, name := range []string{fileName, fileName + "-wal"} {
		if fi, err := os.Stat(s.path(name)); err == nil {
			n += fi.Size()
		}
	}
	return n
}

// Load implements Disk.
func (s *SQLite) Load() (Image, error) {
	if s.conn == nil || s.suspect {
		if err := s.open(); err != nil {
			if damaged(err) {
				return s.Salvage()
			}
			return Image{}, err
		}
	}
	img, err := s.read()
	switch {
	case damaged(err):
		return s.Salvage()
	case err != nil:
		s.suspect = true
		return Image{}, err
	}
	if _, err := os.Stat(s.path(salvageName)); err == nil {
		if img.Meta.Epoch == 0 {
			s.pending = true
			return s.salvaged() // a crash came between setting aside and carrying over
		}
		s.settleSalvage()
	}
	return img, nil
}

// Look is Load for an onlooker: damage is an error, nothing is set aside, and a
// folder without an outbox is left without one. It closes the file again.
func (s *SQLite) Look() (Image, error) {
	if _, err := os.Stat(s.path(fileName)); err != nil {
		return Image{}, err
	}
	defer s.shut()
	if err := s.open(); err != nil {
		return Image{}, err
	}
	return s.read()
}

// damaged reports whether err says that the file is not what it should be. What
// SQLite cannot make sense of comes with many codes; these others tell of the
// machine, not of the file.
func damaged(err error) bool {
	if errors.Is(err, ErrDamaged) {
		return true
	}
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return false
	}
	switch se.Code() & 0xff {
	case 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 22, 23:
		// permission, abort, busy, locked, no memory, read-only, interrupted,
		// I/O, full, cannot open, locking protocol, no large files, forbidden
		return false
	}
	return true
}

func busy(err error) bool    { return code(err) == 5 }  // SQLITE_BUSY
func ioError(err error) bool { return code(err) == 10 } // SQLITE_IOERR
func full(err error) bool    { return code(err) == 13 } // SQLITE_FULL

// code is SQLite's primary result code; 0 if err is none of its.
func code(err error) int {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return 0
	}
	return se.Code() & 0xff
}

// open opens the file anew. After an unclean stop, or when something failed,
// its structure is checked: damage is often not met otherwise.
func (s *SQLite) open() error {
	s.shut()
	wal, err := os.Stat(s.path(fileName + "-wal"))
	unclean := s.suspect || err == nil && wal.Size() > 0
	ctx := context.Background()
	if s.db, err = sql.Open("sqlite", s.path(fileName)); err != nil {
		return err
	}
	s.db.SetMaxOpenConns(1)
	s.db.SetMaxIdleConns(1)
	if s.conn, err = s.db.Conn(ctx); err != nil {
		s.shut()
		return err
	}
	err = s.prepare(ctx, unclean)
	if err == nil && unclean {
		// Without room nothing was written, so nothing can be forgotten.
		if err = s.fold(ctx); full(err) && !s.failed {
			err = nil
		}
	}
	if err != nil {
		s.failed = s.failed || ioError(err)
		s.shut()
		if busy(err) {
			return fmt.Errorf("%w: %w", ErrBusy, err)
		}
		return err
	}
	s.suspect, s.failed = false, false
	return nil
}

// fold writes what the log holds into the database, synced, and empties the
// log. What a sync was refused for is in the kernel's cache and may never reach
// the disk, also if a later sync succeeds: Linux takes it for written. Frames
// behind it would be lost with it at the next power cut, however often they
// were synced. So nothing is built on such a log, nor on one that an earlier
// process left.
func (s *SQLite) fold(ctx context.Context) error {
	var blocked, frames, moved int
	if err := s.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&blocked, &frames, &moved); err != nil {
		return fmt.Errorf("fold the log: %w", err)
	}
	if blocked != 0 {
		return errors.New("outbox: the log cannot be folded now")
	}
	// The log of before, emptied or removed, must not come back: what the disk
	// has of it may be older than the database by now.
	log, err := os.OpenFile(s.path(fileName+"-wal"), os.O_RDWR, 0)
	if err == nil {
		err = errors.Join(log.Sync(), log.Close())
	} else if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err == nil {
		err = syncDir(s.dir)
	}
	if err != nil {
		s.failed = true
		return fmt.Errorf("fold the log: %w", err)
	}
	return nil
}

func (s *SQLite) prepare(ctx context.Context, unclean bool) error {
	s.stmts = make(map[string]*sql.Stmt)
	var odd []string
	for _, p := range settings {
		if _, err := s.conn.ExecContext(ctx, "PRAGMA "+p.name+"="+p.value); err != nil {
			return fmt.Errorf("pragma %s: %w", p.name, err)
		}
	}
	if unclean {
		var verdict string
		if err := s.conn.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
			return fmt.Errorf("check: %w", err)
		}
		if verdict != "ok" {
			return fmt.Errorf("%w: %s", ErrDamaged, verdict)
		}
	}
	var version int
	if err := s.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	tables := map[int]string{0: schema, 1: noteTable}[version]
	if tables != "" {
		// One transaction: a power cut leaves all tables or none.
		make := fmt.Sprintf("BEGIN IMMEDIATE;%s; PRAGMA user_version=%d; COMMIT", tables, schemaNumber)
		if _, err := s.conn.ExecContext(ctx, make); err != nil {
			return fmt.Errorf("schema: %w", err)
		}
	}
	for _, p := range settings {
		var got string
		if err := s.conn.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(&got); err != nil {
			odd = append(odd, fmt.Sprintf("%s: %v", p.name, err))
		} else if !strings.EqualFold(got, p.want) {
			odd = append(odd, fmt.Sprintf("%s is %s, not %s", p.name, got, p.want))
		}
	}
	if _, err := os.Stat(s.path(fileName + "-shm")); err == nil {
		odd = append(odd, "a shared-memory file exists")
	}
	s.odd.Store(&odd)
	return nil
}

// shut lets go of the file without a word about errors: what matters is read
// again.
func (s *SQLite) shut() {
	for _, st := range s.stmts {
		st.Close()
	}
	s.stmts = nil
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
	if s.db != nil {
		s.db.Close()
		s.db = nil
	}
}

// Close implements Disk.
func (s *SQLite) Close() error {
	if s.db == nil {
		return nil
	}
	for _, st := range s.stmts {
		st.Close()
	}
	err := s.conn.Close()
	if cerr := s.db.Close(); err == nil {
		err = cerr
	}
	s.conn, s.db, s.stmts = nil, nil, nil
	return err
}

// stmt returns a prepared statement, kept for the connection's life.
func (s *SQLite) stmt(query string) (*sql.Stmt, error) {
	if st := s.stmts[query]; st != nil {
		return st, nil
	}
	st, err := s.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	s.stmts[query] = st
	return st, nil
}

func (s *SQLite) exec(query string, args ...any) error {
	st, err := s.stmt(query)
	if err != nil {
		return err
	}
	_, err = st.Exec(args...)
	return err
}
