package sim

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/sqlite"
)

// disk is the SQLite ledger's place. Commits are made to fail by a trigger
// inside the transaction, after marks have moved in it.
type disk struct {
	dir   string
	admin *sql.DB
}

// template returns an empty ledger's file with the trigger in it: making the
// tables takes longer than most worlds.
func template(dir string) ([]byte, error) {
	l, err := sqlite.Open(dir) // makes the tables
	if err != nil {
		return nil, err
	}
	if err := l.Close(); err != nil {
		return nil, err
	}
	admin, err := openAdmin(dir)
	if err != nil {
		return nil, err
	}
	_, err = admin.Exec(`
		CREATE TABLE outage (now INTEGER);
		INSERT INTO outage VALUES (0);
		CREATE TRIGGER outage BEFORE INSERT ON batch WHEN (SELECT now FROM outage)
		BEGIN SELECT RAISE(ABORT, 'an outage that the simulator made'); END`)
	if err := errors.Join(err, admin.Close()); err != nil { // the last to close moves all into the file
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "ledger.db"))
}

func openAdmin(dir string) (*sql.DB, error) {
	admin, err := sql.Open("sqlite", filepath.Join(dir, "ledger.db")+"?_pragma=synchronous(0)&_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, err
	}
	admin.SetMaxOpenConns(1)
	return admin, nil
}

func newDisk(parent string, empty []byte) (Place, error) {
	dir, err := os.MkdirTemp(parent, "ledger")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "ledger.db"), empty, 0o600); err != nil {
		return nil, err
	}
	admin, err := openAdmin(dir)
	if err != nil {
		return nil, err
	}
	return &disk{dir, admin}, nil
}

// memoryDir is a folder in memory if the system has one: no power is cut in
// this world but its own, and a sync would only be waited for.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "sim")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func (d *disk) Open() (ledger.Ledger, error) { return sqlite.Open(d.dir) }

func (d *disk) Fail(on bool) error {
	_, err := d.admin.Exec(`UPDATE outage SET now = ?`, on)
	return err
}

func (d *disk) Close() error { return errors.Join(d.admin.Close(), os.RemoveAll(d.dir)) }

// The rules hold on the engine that is shipped, with two aggregators on one
// file, kills and failing commits; a twentieth of -seeds, because each commit
// reaches a disk.
func TestRulesHoldOnSQLite(t *testing.T) {
	n, from := max(5, seedCount(t)/20), uint64(1)
	if *oneSeed != 0 {
		n, from = 1, *oneSeed
	}
	empty, err := template(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	parent := memoryDir(t)
	var sum Tally
	for _, s := range Settings() {
		if *oneSetting != "" && *oneSetting != s.Name {
			continue
		}
		began := time.Now()
		total, _, first := play(s, Rules{}, func() (Place, error) { return newDisk(parent, empty) }, from, n, 1)
		t.Logf("setting %s: seeds %d..%d in %.1f s: %+v", s.Name, from, from+uint64(n)-1, time.Since(began).Seconds(), total)
		for _, v := range first {
			t.Errorf("%s; play it again with -seed", v)
		}
		sum.add(&total)
	}
	if sum.NoCommit == 0 || sum.Killed == 0 || sum.Repeated == 0 {
		t.Errorf("nothing was tried: %d commits failed, %d aggregators killed, %d batches repeated", sum.NoCommit, sum.Killed, sum.Repeated)
	}
}
