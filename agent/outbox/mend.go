package outbox

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"os"
	"slices"
)

// A database's first page says what tables there are and where each begins. It
// is one of many, and without it nothing of the others can be read. But it is
// the same in every outbox of a schema, save for the counters of its head,
// which reading can do without: so a blank one mends it.

const (
	pageBytes = 1024 // as settings have it
	// mendedName is a copy of the set-aside file with a blank first page; gone
	// when what it holds was read.
	mendedName = "outbox-mended.db"
)

// layout is what the first page says: name, first page and text of each table.
// The note is left out: in a file of the first schema it stands elsewhere.
func layout(ctx context.Context, conn *sql.Conn) ([]string, error) {
	rows, err := conn.QueryContext(ctx, "SELECT name || ' ' || rootpage || ' ' || sql FROM sqlite_master WHERE name != 'note' ORDER BY rootpage")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return nil, err
		}
		tables = append(tables, table)
	}
	return tables, rows.Err()
}

// blank returns the layout of an outbox without rows, and its first page.
func blank(ctx context.Context) (tables []string, page []byte, err error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "PRAGMA page_size=1024;"+schema); err != nil {
		return nil, nil, err
	}
	if tables, err = layout(ctx, conn); err != nil {
		return nil, nil, err
	}
	err = conn.Raw(func(driver any) error {
		image, err := driver.(interface{ Serialize() ([]byte, error) }).Serialize()
		if err == nil && len(image) < pageBytes {
			err = errors.New("outbox: a blank database without a page")
		}
		if err == nil {
			page = slices.Clone(image[:pageBytes])
		}
		return err
	})
	return tables, page, err
}

// Places in a database's head, from SQLite's description of its file format.
const (
	headWrites = 18 // 1: rollback journal, 2: WAL; reading has the next byte
	headPages  = 28 // how many pages the file has, big endian
)

// mend makes a copy of the set-aside pair whose first page is page.
func (s *SQLite) mend(page []byte) error {
	image, err := os.ReadFile(s.path(salvageName))
	if err != nil {
		return err
	}
	if len(image) < 2*pageBytes {
		return ErrDamaged // nothing behind the first page
	}
	copy(image, page)
	image[headWrites], image[headWrites+1] = 2, 2
	binary.BigEndian.PutUint32(image[headPages:], uint32(len(image)/pageBytes))
	if err := os.WriteFile(s.path(mendedName), image, 0o600); err != nil {
		return err
	}
	log, err := os.ReadFile(s.path(salvageName + "-wal"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(s.path(mendedName+"-wal"), log, 0o600)
}

// dropMended removes the copy.
func (s *SQLite) dropMended() {
	for _, suffix := range []string{"-wal", "-shm", ""} {
		os.Remove(s.path(mendedName + suffix)) // not there, or tried again at the next salvage
	}
}
