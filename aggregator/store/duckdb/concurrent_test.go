package duckdb

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
)

// TestInsertCloseAndQuerySideBySide lets blocks come in while others are
// closed and read, and compares the end with the reference.
func TestInsertCloseAndQuerySideBySide(t *testing.T) {
	s, ref := open(t, t.TempDir()), storetest.Memory()
	defer func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var work sync.WaitGroup
	inserted := make(chan struct{})
	fail := func(what string, err error) {
		if err != nil && ctx.Err() == nil {
			t.Errorf("%s: %v", what, err)
			cancel()
		}
	}
	work.Go(func() {
		defer close(inserted)
		g := &evening{r: rand.New(rand.NewPCG(3, 0)), boxes: 40}
		for i := range 15 {
			b := g.block(60, benchHour-aggregator.Hour(i%3))
			b.Retimes = []store.Retime{{ClockKey: store.ClockKey{Box: b.PageViews[0].Box, Boot: b.PageViews[0].Boot}, Clock: store.Clock{OffsetMs: benchHour.Start(), Quality: 3}}}
			for j := range b.Clicks {
				b.Clicks[j].Clock = 1 // can be moved
			}
			_, err := s.Insert(ctx, b)
			fail("Insert", err)
			_, err = ref.Insert(ctx, b)
			fail("Insert into the reference", err)
		}
	})
	closings := 0
	work.Go(func() {
		for done := false; !done; closings++ {
			select {
			case <-inserted:
				done = true // one closing more, over all
			default:
			}
			snap, err := s.Dirty(ctx, 1000)
			fail("Dirty", err)
			fail("Close", s.Close(ctx, snap))
		}
	})
	q := store.Query{Fact: store.FactBox, Hourly: true, AllProvinces: true, Spans: []store.Span{{From: int32(benchHour) - 5, To: int32(benchHour) + 50}},
		GroupBy: []store.Column{store.ColProvince}, Values: []store.Value{{Measure: store.MeasureEvents}, {Measure: store.MeasureClicks, DistinctBoxes: true}}}
	reads := 0
	work.Go(func() {
		for {
			select {
			case <-inserted:
				return
			default:
			}
			_, err := s.Query(ctx, q)
			fail("Query", err)
			_, _, err = s.AsOf(ctx)
			fail("AsOf", err)
			reads++
		}
	})
	work.Wait()
	if closings < 2 || reads < 2 {
		t.Errorf("%d closings and %d reads are not side by side", closings, reads)
	}
	snap, err := ref.Dirty(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	if err := ref.Close(t.Context(), snap); err != nil {
		t.Fatal(err)
	}
	for f := range store.Fact(store.EventFacts) {
		shape := store.ShapeOf(f)
		q := store.Query{Fact: f, Hourly: true, AllProvinces: true, Spans: q.Spans, GroupBy: shape.Dimensions}
		for _, m := range shape.Measures {
			q.Values = append(q.Values, store.Value{Measure: m})
		}
		got, err := s.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ref.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", shape.Name, diff)
		}
	}
}

const crashDir = "DUCKDB_CRASH_DIR"

// TestCrashChild inserts and closes without end for TestKilled; it says each
// block that is in.
func TestCrashChild(t *testing.T) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("only as a child of TestKilled")
	}
	s := open(t, dir)
	from, err := strconv.Atoi(os.Getenv(crashDir + "_FROM"))
	if err != nil {
		t.Fatal(err)
	}
	for i := uint64(from); ; i++ {
		b := &store.Block{}
		binary.BigEndian.PutUint64(b.ID[:], i)
		for j := range 500 {
			at := benchHour.Start() + int64(j)
			stamp := store.Stamp{Province: 33, City: 3301, Box: i + 1, AtMs: at, MonoMs: at, Clock: 3}
			b.Powers = append(b.Powers, store.Power{Stamp: stamp, On: true})
			b.PageViews = append(b.PageViews, store.PageView{Stamp: stamp, Page: 1})
		}
		if _, err := s.Insert(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		fmt.Println("in", i)
		snap, err := s.Dirty(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(t.Context(), snap); err != nil {
			t.Fatal(err)
		}
		fmt.Println("closed", i)
	}
}

// TestKilled kills a process that inserts and closes, twice, and
// looks at what is left: every block it reported, whole, and at most one more.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	blocks := 0
	for range 2 {
		in, closed := runAndKill(t, "TestCrashChild", dir, blocks, 2+r.IntN(6))
		s := open(t, dir)
		rows, err := s.Audit(t.Context(), boxes(1, in+50))
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != 2*in && len(rows) != 2*(in+1) {
			t.Fatalf("%d blocks were in, %d boxes × kinds are there", in, len(rows))
		}
		for _, row := range rows {
			if row.Events != 500 {
				t.Fatalf("box %d has %d events of kind %d, want all 500", row.Box, row.Events, row.Kind)
			}
		}
		in = len(rows) / 2
		got, err := s.Query(t.Context(), store.Query{Fact: store.FactPage, Hourly: true, AllProvinces: true,
			Spans: []store.Span{{From: int32(benchHour), To: int32(benchHour) + 1}}, Values: []store.Value{{Measure: store.MeasurePageViews}}})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0].Values[0] < int64(500*closed) || got[0].Values[0] > int64(500*in) || got[0].Values[0]%500 != 0 {
			t.Fatalf("after %d closings of %d blocks the facts say %v", closed, in, got)
		}
		again := &store.Block{}
		binary.BigEndian.PutUint64(again.ID[:], uint64(in-1))
		if inserted, err := s.Insert(t.Context(), again); err != nil || inserted {
			t.Fatalf("the last block again: %v, %v", inserted, err)
		}
		if err := s.Shutdown(); err != nil {
			t.Fatal(err)
		}
		blocks = in
	}
}

func boxes(from, n int) (keys []uint64) {
	for i := range n {
		keys = append(keys, uint64(from+i))
	}
	return keys
}

// runAndKill starts the child, which goes on at a block, and kills it when it
// has reported n blocks more. It returns how many blocks are in and closed in
// all.
func runAndKill(t *testing.T, child, dir string, from, n int) (in, closed int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+child+"$", "-test.v")
	cmd.Env = append(os.Environ(), crashDir+"="+dir, crashDir+"_FROM="+strconv.Itoa(from))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in, closed = from, from
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var i int
		switch line := lines.Text(); {
		case scan(line, "in %d", &i):
			in = i + 1
			if in >= from+n {
				_ = cmd.Process.Kill() // what it has still said is read on
			}
		case scan(line, "closed %d", &i):
			closed = i + 1
		default:
			fmt.Fprintln(&said, line)
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("the child ended by itself (%v):\n%s", err, said.String())
	}
	return in, closed
}

func scan(line, format string, into *int) bool {
	n, err := fmt.Sscanf(line, format, into)
	return n == 1 && err == nil
}

func TestOptions(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "s.duckdb"), Options{Threads: 3, MemoryBytes: 300 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown()
	f := func(setting, want string) {
		t.Helper()
		var got string
		if err := s.db.QueryRow("SELECT current_setting('" + setting + "')::VARCHAR").Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", setting, got, err, want)
		}
	}
	f("threads", "3")
	f("memory_limit", "300.0 MiB")
	if _, err := Open(filepath.Join(t.TempDir(), "no", "folder"), Options{}); err == nil {
		t.Error("Open in a folder that is not there succeeded")
	}
}
