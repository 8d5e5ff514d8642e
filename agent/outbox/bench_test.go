package outbox

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"iptvdc/protocol"
)

// flashWritten reads how many bytes this process has sent towards storage:
// write_bytes of /proc/self/io counts pages (of 4 KiB) as they become dirty in
// files on a disk. The file system's own journal comes on top of it for each
// sync; a file system in memory counts nothing.
func flashWritten(b *testing.B) int64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		b.Skip("no /proc/self/io: ", err)
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatal("/proc/self/io has no write_bytes")
	return 0
}

// benchEvent is a click with a code of each sort, about 60 bytes of values.
func benchEvent(i int) protocol.Event {
	return protocol.Event{Kind: protocol.Click, Page: fmt.Sprintf("epg/home/%d", i%17), Area: "banner", Slot: uint32(i%40 + 1),
		Content: fmt.Sprintf("content-%07d", (i*7919)%100000), Template: "v3.2", MonoMs: uint64(i) * 1373, Boot: 5}
}

// flash runs f, which records events, and reports what it cost.
func flash(b *testing.B, events int, f func(b *testing.B, dir string)) {
	for range b.N {
		dir, err := os.MkdirTemp(".", "flash-") // beside the source: the temporary folder may lie in memory
		if err != nil {
			b.Fatal(err)
		}
		before, start := flashWritten(b), time.Now()
		f(b, dir)
		took := time.Since(start)
		wrote := flashWritten(b) - before
		os.RemoveAll(dir)
		if wrote == 0 {
			b.Skip("this file system does not count writes")
		}
		b.ReportMetric(float64(wrote)/float64(events), "flash-B/event")
		b.ReportMetric(float64(events)/took.Seconds(), "events/s")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkFlash compares what recording, sending and forgetting an event
// costs: our way, and the plain ways beside it. In all of them every event is
// synced to disk before it counts as stored.
func BenchmarkFlash(b *testing.B) {
	const events = 4000
	ours := func(group, batch int) func(*testing.B) {
		return func(b *testing.B) {
			flash(b, events, func(b *testing.B, dir string) {
				o, err := New(NewSQLite(dir), Options{BatchEvents: batch})
				if err != nil {
					b.Fatal(err)
				}
				for i := 0; i < events; i += group {
					var events []protocol.Event
					for j := range group {
						events = append(events, benchEvent(i+j))
					}
					if err := o.Append(events...); err != nil {
						b.Fatal(err)
					}
					ackAll(b, o)
				}
				if err := o.Close(); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
	b.Run("ours-20-a-commit", ours(20, 20))
	b.Run("ours-20-a-commit-200-a-batch", ours(20, 200))
	b.Run("ours-200-a-commit", ours(200, 200))
	b.Run("ours-1-a-commit-200-a-batch", ours(1, 200))
	plain := func(journal string) func(*testing.B) {
		return func(b *testing.B) {
			const events = 500
			flash(b, events, func(b *testing.B, dir string) {
				db, err := sql.Open("sqlite", filepath.Join(dir, "plain.db"))
				if err != nil {
					b.Fatal(err)
				}
				defer db.Close()
				db.SetMaxOpenConns(1)
				exec := func(q string, args ...any) {
					if _, err := db.Exec(q, args...); err != nil {
						b.Fatal(err)
					}
				}
				exec("PRAGMA journal_mode=" + journal)
				exec("PRAGMA synchronous=FULL")
				exec("CREATE TABLE event (id INTEGER PRIMARY KEY, body BLOB)")
				for i := range events {
					e := benchEvent(i)
					exec("INSERT INTO event (id, body) VALUES (?, ?)", i, protocol.AppendJSON(nil, &e)[:60])
					exec("DELETE FROM event WHERE id = ?", i)
				}
			})
		}
	}
	b.Run("peer-rollback-journal-each", plain("DELETE"))
	b.Run("peer-wal-each", plain("WAL"))
}

// ackAll acknowledges everything sealed, as a centre near by would.
func ackAll(tb testing.TB, o *Outbox) {
	tb.Helper()
	for {
		s, ok, err := o.Next(0)
		if err != nil {
			tb.Fatal(err)
		}
		if !ok {
			return
		}
		if _, err := o.Ack(protocol.Ack{Epoch: s.Epoch, Through: s.No, Chain: s.Chain()}); err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkMemory is what a light box pays: record, seal, acknowledge in
// memory, per event.
func BenchmarkMemory(b *testing.B) {
	o, err := New(NewMemory(), Options{BatchEvents: 20})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := o.Append(benchEvent(i)); err != nil {
			b.Fatal(err)
		}
		if o.Open() == 0 {
			ackAll(b, o)
		}
	}
}

// BenchmarkWire prints bytes an event on the wire, MQTT framing included.
func BenchmarkWire(b *testing.B) {
	for _, n := range []int{20, 200} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			total := 0
			for range b.N {
				o, err := New(NewMemory(), Options{BatchEvents: n})
				if err != nil {
					b.Fatal(err)
				}
				for i := range n {
					if err := o.Append(benchEvent(i)); err != nil {
						b.Fatal(err)
					}
				}
				s, _, err := o.Next(0)
				if err != nil {
					b.Fatal(err)
				}
				packet := protocol.AppendBatch(nil, &s, &protocol.Envelope{Floor: 1, Boot: 5, UpMs: 3_600_000, WallMs: 1_800_000_000_000})
				// Fixed header, topic and message id of a PUBLISH.
				total = len(packet) + 3 + 2 + len(protocol.UpTopic(33, "0123456789abcdef")) + 2
			}
			b.ReportMetric(float64(total)/float64(n), "wire-B/event")
		})
	}
}
