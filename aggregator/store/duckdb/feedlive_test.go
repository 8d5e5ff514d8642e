package duckdb

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// TestFilesBesideBlocks lets files come in, two stages open at a time, while
// blocks are inserted, closed and read: all of both is there in the end, and no
// reader sees a part of a file.
func TestFilesBesideBlocks(t *testing.T) {
	s := open(t, t.TempDir()).(*Store)
	defer func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	fail := func(what string, err error) {
		if err != nil && ctx.Err() == nil {
			t.Errorf("%s: %v", what, err)
			cancel()
		}
	}
	var work sync.WaitGroup
	taken := make(chan struct{})
	const accounts, files = 500, 6
	work.Go(func() {
		defer close(taken)
		var both sync.WaitGroup
		both.Go(func() {
			for day := range files {
				takeFull(t, s, accounts, day)
			}
		})
		both.Go(func() {
			for i := range files {
				f := store.File{Province: 43, Feed: c3.FeedCatalogue, Day: feedBenchDay, ID: [16]byte{7, byte(i)}, VersionMs: int64(i)}
				rows := &store.FeedRows{Codes: []store.Code{{Key: 1, Text: "one"}, {Key: uint64(10 + i), Text: "more"}}}
				for k := range uint64(50) {
					rows.Objects = append(rows.Objects, store.ObjectRow{Line: int64(k), Element: c3.ElementProgram, Code: k + 1, Name: uint64(i)})
				}
				take(t, s, f, rows, 50)
			}
		})
		both.Wait()
	})
	rounds := 0
	work.Go(func() {
		g := &evening{r: rand.New(rand.NewPCG(3, 0)), boxes: 40}
		for done := false; !done; rounds++ {
			select {
			case <-taken:
				done = true
			default:
			}
			b := g.block(30, benchHour)
			b.Codes = []store.Code{{Key: 1, Text: "one"}, {Key: uint64(100 + rounds), Text: "c"}}
			_, err := s.Insert(ctx, b)
			fail("Insert", err)
			snap, err := s.Dirty(ctx, 1000)
			fail("Dirty", err)
			fail("Close", s.Close(ctx, snap))
			rows, err := s.Query(ctx, accountsOf(feedBenchDay, files))
			fail("Query", err)
			for _, r := range rows {
				if r.Values[0] != accounts {
					fail("Query", fmt.Errorf("%d accounts on day %d, want all %d", r.Values[0], r.Span, accounts))
				}
			}
			_, err = s.Untold(ctx, 33, feedBenchDay+1, 5)
			fail("Untold", err)
		}
	})
	work.Wait()
	rows, err := s.Query(t.Context(), accountsOf(feedBenchDay, files))
	if err != nil || len(rows) != files {
		t.Errorf("accounts %v, %v", rows, err)
	}
	n := 0
	if err := s.Titles(t.Context(), aggregator.Scope{All: true}, func(store.TitleRow) error { n++; return nil }); err != nil || n != 50 {
		t.Errorf("%d titles, %v", n, err)
	}
	var twice int
	if err := s.db.QueryRow("SELECT count(*) - count(DISTINCT key) FROM code").Scan(&twice); err != nil || twice != 0 {
		t.Errorf("%d codes are there twice, %v", twice, err)
	}
}

// accountsOf asks how many accounts there are on each of n days.
func accountsOf(d aggregator.Day, n int) store.Query {
	q := store.Query{Fact: store.FactAccounts, AllProvinces: true, Values: []store.Value{{Measure: store.MeasureAccounts}}}
	for i := range int32(n) {
		q.Spans = append(q.Spans, store.Span{From: int32(d) + i, To: int32(d) + i + 1})
	}
	return q
}

const crashAccounts = 2000

// TestFeedCrashChild takes in a full file a day without end for TestFeedKilled;
// it says each that is in when the next one is about to be committed.
func TestFeedCrashChild(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("only as a child of TestFeedKilled")
	}
	s := open(t, dir)
	from, err := strconv.Atoi(os.Getenv(crashDir + "_FROM"))
	if err != nil {
		t.Fatal(err)
	}
	for day := from; ; day++ {
		f := store.File{Province: 33, Feed: c3.FeedSubscribers, Day: feedBenchDay + aggregator.Day(day), VersionMs: 1}
		binary.BigEndian.PutUint64(f.ID[:], uint64(day+1))
		st, err := s.Stage(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		rows := make([]store.SubscriberRow, crashAccounts)
		for i := range rows {
			rows[i] = subscriber(i, day)
		}
		if err := st.Add(t.Context(), &store.FeedRows{Subscribers: rows}); err != nil {
			t.Fatal(err)
		}
		if day > from {
			fmt.Println("in", day-1)
		}
		if _, err := st.Commit(t.Context(), store.Verdict{Records: crashAccounts, MaxShrink: 100}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFeedKilled kills a process in the middle of a Commit, several times: every
// file it reported is there with all that follows from it, and at most one more.
func TestFeedKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	files := 0
	for range 3 {
		in, _ := runAndKill(t, "TestFeedCrashChild", dir, files, 1+r.IntN(3))
		s := open(t, dir).(*Store)
		all, err := s.Files(t.Context(), store.FileQuery{Scope: aggregator.Scope{All: true}})
		if err != nil || len(all) != in && len(all) != in+1 {
			t.Fatalf("%d files were in, %d are there, %v", in, len(all), err)
		}
		files = len(all)
		var days, standings int
		if err := s.db.QueryRow("SELECT (SELECT count(*) FROM full_day), (SELECT count(*) FROM standing WHERE to_ms = 9223372036854775807)").Scan(&days, &standings); err != nil {
			t.Fatal(err)
		}
		if days != files || standings != crashAccounts {
			t.Errorf("%d files, %d days, %d standings that last", files, days, standings)
		}
		rows, err := s.Query(t.Context(), accountsOf(feedBenchDay, files+2))
		if err != nil || len(rows) != files {
			t.Errorf("%d files, accounts %v, %v", files, rows, err)
		}
		for _, row := range rows {
			if row.Values[0] != crashAccounts {
				t.Errorf("%d accounts on day %d", row.Values[0], row.Span)
			}
		}
		if err := s.Shutdown(); err != nil {
			t.Fatal(err)
		}
	}
}
