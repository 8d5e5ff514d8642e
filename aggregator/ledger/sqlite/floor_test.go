package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// BenchmarkCommitFloor is what SQLite alone does for the same load: a
// compare-and-swap on a number and a blob of 1,000 bytes a batch, groups of
// 200, no hashes, no encryption, no uids, no headers.
func BenchmarkCommitFloor(b *testing.B) {
	const group, boxes = 200, 10_000
	db, err := sql.Open("sqlite", filepath.Join(b.TempDir(), "floor.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(8192)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	must := func(_ sql.Result, err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	must(db.Exec(`CREATE TABLE mark (box INTEGER PRIMARY KEY, through INTEGER NOT NULL); CREATE TABLE body (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
		WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) INSERT INTO mark SELECT i, 0 FROM n`))
	swap, err := db.Prepare(`UPDATE mark SET through = ? WHERE box = ? AND through = ?`)
	if err != nil {
		b.Fatal(err)
	}
	insert, err := db.Prepare(`INSERT INTO body (body) VALUES (?)`)
	if err != nil {
		b.Fatal(err)
	}
	body := make([]byte, 1000)
	next := 0
	busy := cpuTime(b)
	b.ResetTimer()
	for range b.N {
		tx, err := db.Begin()
		if err != nil {
			b.Fatal(err)
		}
		swap, insert := tx.Stmt(swap), tx.Stmt(insert)
		for range group {
			box, through := next%boxes, next/boxes
			next++
			must(swap.Exec(through+1, box, through))
			must(insert.Exec(body))
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpuTime(b)-busy).Nanoseconds())/1000/float64(b.N*group), "cpu-µs/batch")
	b.ReportMetric(float64(b.N*group)/b.Elapsed().Seconds(), "batches/s")
}
