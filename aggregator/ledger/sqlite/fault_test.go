package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/ledgertest"
)

func mustOpen(t *testing.T, dir string) *Ledger {
	t.Helper()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func mustCommit(t *testing.T, l *Ledger, batches ...ledger.Received) {
	t.Helper()
	verdicts, err := l.Commit(context.Background(), batches)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range verdicts {
		if v.Outcome != ledger.Stored {
			t.Fatalf("batch %d: %v", i, v.Outcome)
		}
	}
}

// change edits the database file as nobody should.
func change(t *testing.T, dir, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r, err := db.Exec(query, args...)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.RowsAffected(); n == 0 && err == nil {
		t.Fatalf("%s changed nothing", query)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := mustOpen(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	change(t, dir, `UPDATE schema SET version = 99`)
	_, err := Open(dir)
	if err == nil || !strings.Contains(err.Error(), "schema 99, this program knows up to 2") {
		t.Errorf("opened a newer file: %v", err)
	}
}

// A file of version 1, which had no tallies, opens with its work, and keeps
// tallies from then on.
func TestOlderSchemaIsBroughtUp(t *testing.T) {
	dir := t.TempDir()
	ctx := t.Context()
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 1)
	l := mustOpen(t, dir)
	first := st.Next(3)
	st.Next(2)
	st.Evict()
	if _, err := l.Commit(ctx, []ledger.Received{first, st.Next(1)}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	change(t, dir, `DROP TABLE tally; UPDATE schema SET version = 1`)
	for range 2 {
		l = mustOpen(t, dir)
		b, err := l.Bind(ctx, 100)
		if err != nil || len(b.Batches) != 2 || b.Batches[1].Lost != 0 || len(b.Tallies) != 0 {
			t.Errorf("bound %+v, %v", b, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	l = mustOpen(t, dir)
	b, err := l.Bind(ctx, 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Loaded(ctx, b.ID, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Commit(ctx, []ledger.Received{first, st.Next(1)}); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Bind(ctx, 100); err != nil || len(b.Tallies) != 1 || b.Tallies[0].Repeated != 1 {
		t.Errorf("bound %+v, %v", b.Tallies, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestForeignFileIsRefused(t *testing.T) {
	f := func(prepare func(path string) error) {
		t.Helper()
		dir := t.TempDir()
		if err := prepare(filepath.Join(dir, "ledger.db")); err != nil {
			t.Fatal(err)
		}
		if l, err := Open(dir); err == nil {
			l.Close()
			t.Error("opened a file that is not a ledger")
		} else if !strings.Contains(err.Error(), "ledger.db") {
			t.Errorf("the error does not name the file: %v", err)
		}
	}
	f(func(path string) error {
		return os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600)
	})
	f(func(path string) error {
		db, err := sql.Open("sqlite", path)
		if err != nil {
			return err
		}
		_, err = db.Exec(`CREATE TABLE something (x)`)
		return errors.Join(err, db.Close())
	})
}

// Bodies carry account ids: nothing of them may be readable on the disk, and
// only the owner may read the keys.
func TestBodiesAreEncrypted(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, dir)
	secret := []byte("account 13800138000 watched channel 7 ")
	st, other := ledgertest.NewStream(ledgertest.BoxID(1), 33, 1), ledgertest.NewStream(ledgertest.BoxID(2), 43, 1)
	mustCommit(t, l, st.NextWith(3, bytes.Repeat(secret, 40)), other.NextWith(3, secret))
	for _, name := range []string{"ledger.db", "ledger.db-wal"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, secret[:12]) {
			t.Errorf("%s holds a body in clear", name)
		}
	}
	for _, province := range []string{"33", "43"} {
		info, err := os.Stat(filepath.Join(dir, "keys", "province-"+province+".key"))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("key of %s has mode %v, want 0600", province, info.Mode())
		}
	}
	if files, _ := os.ReadDir(filepath.Join(dir, "keys")); len(files) != 2 {
		t.Errorf("%d files beside the keys, want 2 keys", len(files))
	}
}

// Without the right key a ledger does not start: it must not seal new bodies
// with another key and find out later.
func TestKeyLost(t *testing.T) {
	f := func(damage func(path string) error, word string) {
		t.Helper()
		dir := t.TempDir()
		l := mustOpen(t, dir)
		mustCommit(t, l, ledgertest.NewStream(ledgertest.BoxID(1), 33, 1).Next(1))
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "keys", "province-33.key")
		if err := damage(path); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir)
		if err == nil || !strings.Contains(err.Error(), word) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v; want an error about %q that names the file", err, word)
		}
	}
	f(os.Remove, "is missing")
	f(func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("ab", 32)+"\n"), 0o600) }, "is not the one")
	f(func(path string) error { return os.WriteFile(path, []byte("short"), 0o600) }, "64 hexadecimal digits")
}

// A body that was changed on the disk, or changed places, is an error, never
// somebody's events.
func TestBodyTampered(t *testing.T) {
	f := func(query string) {
		t.Helper()
		dir := t.TempDir()
		l := mustOpen(t, dir)
		a, b := ledgertest.NewStream(ledgertest.BoxID(1), 33, 1), ledgertest.NewStream(ledgertest.BoxID(2), 33, 1)
		mustCommit(t, l, a.Next(1), b.Next(1))
		if _, err := l.Bind(context.Background(), 10); err != nil {
			t.Fatal(err)
		}
		change(t, dir, query)
		if _, err := l.Bind(context.Background(), 10); err == nil || !strings.Contains(err.Error(), "was changed on the disk") {
			t.Errorf("%s: %v", query, err)
		}
	}
	f(`UPDATE body SET sealed = (SELECT sealed FROM body WHERE id = 2) WHERE id = 1`)
	f(`UPDATE body SET sealed = sealed || x'00' WHERE id = 2`)
}

// [S6] a full disk is told as such, changes nothing, and is over when there is
// room again.
func TestDiskFull(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 1)
	mustCommit(t, l, st.Next(1))
	if err := l.w.run(`PRAGMA max_page_count = 40`); err != nil {
		t.Fatal(err)
	}
	next := st.NextWith(5, make([]byte, 60_000))
	full := next
	for range 100 {
		if _, err := l.Commit(context.Background(), []ledger.Received{full}); err != nil {
			if !errors.Is(err, ledger.ErrFull) {
				t.Fatalf("%v, want ErrFull", err)
			}
			break
		}
		full = st.NextWith(5, make([]byte, 60_000))
	}
	before, err := l.Mark(context.Background(), st.Route.Box, 1)
	if err != nil || before.Through != full.Batch.No-1 {
		t.Fatalf("mark %+v, %v; want through %d", before, err, full.Batch.No-1)
	}
	if err := l.w.run(`PRAGMA max_page_count = 1000000`); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, l, full)
}

// A connection in doubt is replaced; what it was doing can be done again.
func TestWriterReplaced(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 1)
	mustCommit(t, l, st.Next(1))
	l.mu.Lock()
	err := errors.Join(l.w.close())
	l.w = nil // as write leaves it after an I/O error
	l.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	mustCommit(t, l, st.Next(1), st.Next(1))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Commit(context.Background(), []ledger.Received{st.Next(1)}); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// A connection that was closed or replaced holds no file: after an evening of
// I/O errors the process would have no descriptor left.
func TestCloseLeavesNoFile(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("open files are listed by Linux only")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	open := func() (names []string) {
		t.Helper()
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range all {
			// What others close meanwhile is not ours.
			if name, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(name, dir) {
				names = append(names, name)
			}
		}
		return names
	}
	l := mustOpen(t, dir)
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 1)
	mustCommit(t, l, st.Next(1))
	before := open()
	for range 3 { // as write does after an I/O error
		l.mu.Lock()
		err := l.w.close()
		l.w = nil
		l.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		mustCommit(t, l, st.Next(1))
	}
	if now := open(); len(before) == 0 || len(now) > len(before) {
		t.Errorf("open after three new connections: %v, before: %v", now, before)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if left := open(); len(left) > 0 {
		t.Errorf("open after Close: %v", left)
	}
}

// [S1] two ledgers on one file, as two processes: the mark moves once for each
// number, whoever is first.
func TestTwoHandles(t *testing.T) {
	dir := t.TempDir()
	handles := []*Ledger{mustOpen(t, dir), mustOpen(t, dir)}
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 1)
	var all []ledger.Received
	for range 30 {
		all = append(all, st.Next(2))
	}
	var stored [2]int
	var wg sync.WaitGroup
	for h, l := range handles {
		wg.Go(func() {
			for i := range all {
				for {
					v, err := l.Commit(context.Background(), all[i:i+1])
					if err != nil {
						t.Error(err)
						return
					}
					if v[0].Outcome == ledger.Stored {
						stored[h]++
					}
					if v[0].Outcome != ledger.Gap {
						break
					}
				}
			}
		})
	}
	wg.Wait()
	if stored[0]+stored[1] != len(all) {
		t.Errorf("stored %v, together not %d", stored, len(all))
	}
	gaps, err := handles[0].Gaps(context.Background())
	if err != nil || len(gaps) != 1 || gaps[0].Received != 60 {
		t.Errorf("gaps %+v, %v", gaps, err)
	}
}

// Statements run by a plan that touches what they name, not whole tables: a
// ledger of a year must be as fast as one of a day.
func TestPlans(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	f := func(query string, args ...any) {
		t.Helper()
		rows, err := l.read.Query(`EXPLAIN QUERY PLAN `+query, args...)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(detail, "SCAN") && !strings.HasSuffix(detail, " v") && !strings.Contains(detail, "CONSTANT ROW") {
				t.Errorf("%s\n%s", strings.TrimSpace(query), detail)
			}
		}
	}
	f(`WITH v(i, name, epoch, uid) AS (VALUES (0, 'a', 1, x'00'), (1, 'b', 1, x'00'))` +
		strings.TrimPrefix(selectSeen("b.id"), ")") + joinUID)
	f(`UPDATE stream SET mark = x'00', received = received + 1 WHERE id = 1 AND mark = x'01'`)
	f(`SELECT id, n FROM batch WHERE id >= 7 AND state = 0 ORDER BY id`)
	f(selectKept + `b.id BETWEEN 1 AND 9 AND b.state = 0 ORDER BY b.id`)
	f(pruneBodies, 1, 9, 0)
}
