package duckdb

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

var (
	feedAccounts = flag.Int("feed-accounts", 1_000_000, "accounts of the province in the benchmarks of files")
	feedMemory   = flag.Int64("feed-memory", 1<<30, "what DuckDB may take in the benchmarks of files, bytes")
)

var feedBenchDay = benchHour.Day()

// subscriber is the n-th account of the province on a day; of hundred one
// differs from the day before.
func subscriber(n, day int) store.SubscriberRow {
	r := store.SubscriberRow{Line: int64(n + 2), Account: uint64(n+1) * 0x9e3779b97f4a7c15, State: c3.StateActive, City: aggregator.City(3301 + n%11),
		OpenMs: feedBenchDay.Start() - int64(1+n%1000)*aggregator.DayMs, Product: uint64(n % 20), STB: uint64(n+1) * 0xbf58476d1ce4e5b9, Net: uint64(n % 3)}
	if n%50 == 0 {
		r.State, r.Reason, r.SuspendMs = c3.StateSuspended, c3.ReasonArrears, r.OpenMs+aggregator.HourMs
	}
	for d := 1; d <= day; d++ {
		if (n+d)%100 == 0 {
			r.State, r.Reason, r.SuspendMs = c3.StateSuspended, c3.ReasonArrears, (feedBenchDay+aggregator.Day(d)).Start()+aggregator.HourMs
		}
	}
	return r
}

const feedPiece = 20_000

// takeFull takes in the full file of a day and returns how long staging and
// committing took.
func takeFull(b testing.TB, s *Store, n, day int) (staging, commit time.Duration) {
	b.Helper()
	ctx := context.Background()
	f := store.File{Province: 33, Feed: c3.FeedSubscribers, Day: feedBenchDay + aggregator.Day(day), VersionMs: int64(day), Name: "full"}
	binary.BigEndian.PutUint64(f.ID[:], uint64(day+1))
	st, err := s.Stage(ctx, f)
	if err != nil {
		b.Fatal(err)
	}
	rows := make([]store.SubscriberRow, 0, feedPiece)
	for i := range n {
		if rows = append(rows, subscriber(i, day)); len(rows) == feedPiece || i == n-1 {
			start := time.Now()
			if err := st.Add(ctx, &store.FeedRows{Subscribers: rows}); err != nil {
				b.Fatal(err)
			}
			staging += time.Since(start)
			rows = rows[:0]
		}
	}
	start := time.Now()
	row, err := st.Commit(ctx, store.Verdict{Records: int64(n), MaxShrink: 10})
	if err != nil || row.Accepted != int64(n) {
		b.Fatalf("Commit = %+v, %v", row, err)
	}
	return staging, time.Since(start)
}

// BenchmarkFeedFull takes in the first full file of a province, then the next
// day's, in which of hundred accounts one differs.
func BenchmarkFeedFull(b *testing.B) {
	s, path := openBench(b, Options{MemoryBytes: *feedMemory})
	n := *feedAccounts
	day := 0
	for b.Loop() {
		before := cpu(b)
		staging, commit := takeFull(b, s, n, day)
		name := "next"
		if day == 0 {
			name = "first"
		}
		b.Logf("%s full file of %d: staged in %v (%.0f rows/s), committed in %v; together %.0f rows/s, %.0f cpu-ns/row; peak RSS %d MB, file %d MB",
			name, n, staging, float64(n)/staging.Seconds(), commit, float64(n)/(staging+commit).Seconds(), float64(cpu(b)-before)/float64(n), peakMB(b), fileMB(b, path))
		day++
	}
}

// BenchmarkFeedChanges takes in 100,000 changes of accounts that full files show.
func BenchmarkFeedChanges(b *testing.B) {
	s, _ := openBench(b, Options{MemoryBytes: *feedMemory})
	takeFull(b, s, *feedAccounts, 0)
	const n = 100_000
	i := 0
	for b.Loop() {
		i++
		f := store.File{Province: 33, Feed: c3.FeedChanges, Day: feedBenchDay + 1, VersionMs: int64(i), ID: [16]byte{1, byte(i >> 8), byte(i)}}
		var rows []store.ChangeRow
		for k := range n {
			rows = append(rows, store.ChangeRow{Line: int64(k), Account: uint64(k**feedAccounts/n+1) * 0x9e3779b97f4a7c15, Op: []c3.Op{c3.OpSuspend, c3.OpResume}[i%2],
				AtMs: (feedBenchDay + 1).Start() + int64(i)*1000})
		}
		start := time.Now()
		take(b, s, f, &store.FeedRows{Changes: rows}, n)
		b.Logf("%d changes: %.0f a second", n, n/time.Since(start).Seconds())
	}
}

func take(b testing.TB, s *Store, f store.File, rows *store.FeedRows, n int64) {
	b.Helper()
	st, err := s.Stage(context.Background(), f)
	if err == nil {
		err = st.Add(context.Background(), rows)
	}
	if err != nil {
		b.Fatal(err)
	}
	if row, err := st.Commit(context.Background(), store.Verdict{Records: n, MaxShrink: 100}); err != nil || row.Records != n {
		b.Fatalf("Commit = %+v, %v", row, err)
	}
}

// BenchmarkFeedCatalogue takes in 200,000 things of 12 properties, 100,000 of
// them episodes, again and again with another value.
func BenchmarkFeedCatalogue(b *testing.B) {
	s, path := openBench(b, Options{MemoryBytes: *feedMemory})
	const n = 200_000
	r := rand.New(rand.NewPCG(1, 2))
	i := 0
	for b.Loop() {
		i++
		f := store.File{Province: 33, Feed: c3.FeedCatalogue, Day: feedBenchDay, VersionMs: int64(i), ID: [16]byte{2, byte(i >> 8), byte(i)}}
		rows := &store.FeedRows{}
		for k := range uint64(n) {
			o := store.ObjectRow{Line: int64(2 * k), Element: c3.ElementProgram, Code: k + 1, Name: k + 1, Normal: store.Normal{Genre: r.Uint64N(12)}}
			if k%20 == 0 {
				o.Element = c3.ElementSeries
			}
			for j := range 12 {
				o.Properties = append(o.Properties, c3.Property{Name: fmt.Sprintf("Property%d", j), Value: fmt.Sprintf("值 %d of %d in %d", k, j, i)})
			}
			rows.Objects = append(rows.Objects, o)
			rows.Codes = append(rows.Codes, store.Code{Key: k + 1, Text: fmt.Sprintf("code-%d", k)})
			if k%2 == 1 {
				rows.Mappings = append(rows.Mappings, store.MappingRow{Line: int64(2*k + 1), Parent: c3.ElementSeries, ParentCode: k/20*20 + 1, Child: c3.ElementProgram, ChildCode: k + 1})
			}
		}
		start := time.Now()
		take(b, s, f, rows, n*3/2)
		b.Logf("%d things and %d mappings: %.0f things a second; file %d MB", n, n/2, n/time.Since(start).Seconds(), fileMB(b, path))
	}
}

// peakMB is the most memory this process has had.
func peakMB(b testing.TB) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Maxrss >> 10
}

func fileMB(b testing.TB, path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return st.Size() >> 20
}
