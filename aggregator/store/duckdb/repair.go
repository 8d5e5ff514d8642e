package duckdb

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
)

// Damage is what Open cut off the store's write-ahead log to get it open. The
// zero Damage: nothing.
//
// DuckDB takes a log that ends in the middle of an entry for what it is, the
// end of a process or of the power. It refuses a log in which an entry's
// checksum is wrong, and that too is what a power cut leaves: of what was
// written and not yet synced, a disk may keep later sectors and not the earlier
// ones. What was committed lies before it, whole. So the log ends there, and
// blocks that it held behind (there are none unless the disk damaged what it
// had promised to keep) are found missing by loader.Reconcile.
type Damage struct {
	Bytes int64  // how much was cut off, the last time if it took several
	Kept  string // the file that holds it, for a person to look at
	Why   error  // what DuckDB said
}

// Damage tells whether Open found the store damaged.
func (s *Store) Damage() Damage { return s.damage }

// DuckDB names the place behind the entry's length and checksum, 8 bytes each.
const entryHead = 16

var wrongEntry = regexp.MustCompile(`Corrupt WAL file: entry at byte position (\d+) `)

// openWhole opens the file, and cuts its log where DuckDB finds it wrong.
func openWhole(path string, settings map[string]string) (*sql.DB, Damage, error) {
	var d Damage
	end := int64(1<<63 - 1) // each cut must lie before the last one
	for {
		db, err := openFile(path, settings)
		if err == nil {
			return db, d, nil
		}
		at := wrongEntry.FindStringSubmatch(err.Error())
		if at == nil {
			return nil, d, err
		}
		data, perr := strconv.ParseInt(at[1], 10, 64)
		from := data - entryHead
		if perr != nil || from < 0 || from >= end {
			return nil, d, err
		}
		bytes, cerr := cutLog(path+".wal", from, path+".wal.damaged")
		if cerr != nil {
			return nil, d, errors.Join(err, fmt.Errorf("cut the log: %w", cerr))
		}
		d, end = Damage{Bytes: bytes, Kept: path + ".wal.damaged", Why: err}, from
	}
}

// cutLog moves what lies from byte from on into the file kept, which is on the
// disk before the log is cut.
func cutLog(log string, from int64, kept string) (bytes int64, err error) {
	f, err := os.OpenFile(log, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	rest, err := os.OpenFile(kept, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rest.Close()) }()
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return 0, err
	}
	if bytes, err = io.Copy(rest, f); err != nil {
		return 0, err
	}
	if bytes == 0 {
		return 0, fmt.Errorf("%s ends before byte %d", log, from)
	}
	return bytes, errors.Join(rest.Sync(), f.Truncate(from), f.Sync())
}
