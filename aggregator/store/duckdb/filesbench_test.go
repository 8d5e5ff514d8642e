package duckdb

import (
	"context"
	"flag"
	"fmt"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

var feedFiles = flag.Int("feed-files", 200_000, "files that came before, in the benchmark of looking them up; 2,000,000 are three years of 34 provinces")

// BenchmarkFeedFiles looks files up among those of years: by id, as every file
// that comes is, and as people ask for them.
func BenchmarkFeedFiles(b *testing.B) {
	s, _ := openBench(b, Options{MemoryBytes: *feedMemory})
	ctx := context.Background()
	const perDay = 1800
	days := *feedFiles / perDay
	for _, statement := range []string{
		fmt.Sprintf(`INSERT INTO feed_file SELECT unhex(md5(range::VARCHAR)), (11 + range %% 34)::UTINYINT, (1 + range %% 5)::UTINYINT, ('FILE_' || range)::BLOB,
	(%[1]d + range // %[2]d)::INTEGER, range, %[4]d + range * 48000, 1000000, (CASE WHEN range %% 500 = 0 THEN 3 ELSE 1 END)::UTINYINT, 1000, 1000, 0, 0, '', '{}', 0
FROM range(%[3]d)`, feedBenchDay-aggregator.Day(days), perDay, *feedFiles, (feedBenchDay - aggregator.Day(days)).Start()),
		fmt.Sprintf(`INSERT INTO feed_fault SELECT unhex(md5((range // 10)::VARCHAR)), range %% 10, range, ''::BLOB, 'bad_time', 'It is no time.'::BLOB, ('line ' || range)::BLOB FROM range(%d)`, *feedFiles),
		"CHECKPOINT",
	} {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			b.Fatal(err)
		}
	}
	recent, err := s.Files(ctx, store.FileQuery{Scope: aggregator.Scope{All: true}, Limit: 3})
	if err != nil || len(recent) != 3 {
		b.Fatal(recent, err)
	}
	id := recent[1].ID
	f := func(name string, ask func() error) {
		b.Run(name, func(b *testing.B) {
			before := cpu(b)
			for b.Loop() {
				if err := ask(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-us/op")
		})
	}
	files := func(q store.FileQuery) func() error {
		return func() error {
			_, err := s.Files(ctx, q)
			return err
		}
	}
	day, one := feedBenchDay-1, aggregator.Scope{Provinces: []aggregator.Province{33}}
	f("taken", func() error { _, err := s.Taken(ctx, [][16]byte{id}); return err })
	f("faults", func() error { _, err := s.Faults(ctx, id, 0, 1000); return err })
	f("note", func() error {
		return s.Note(ctx, store.File{ID: [16]byte{1}, Province: 33, Feed: c3.FeedOrders, Name: "x", Day: feedBenchDay, ReceivedMs: feedBenchDay.Start()},
			c3.Receipt{Province: 33, Feed: c3.FeedOrders, File: "x", Outcome: c3.OutcomeRefused, Faults: []c3.Fault{{Code: c3.FaultUnknown}}})
	})
	f("latest", files(store.FileQuery{Scope: aggregator.Scope{All: true}, Limit: 100}))
	f("day-of-a-province", files(store.FileQuery{Scope: one, From: day, To: day}))
	f("day-of-a-feed", files(store.FileQuery{Scope: one, From: day, To: day, Feed: c3.FeedOrders}))
	f("waiting", files(store.FileQuery{Scope: aggregator.Scope{All: true}, Outcomes: []c3.Outcome{c3.OutcomeWaiting}, Limit: 100}))
}
