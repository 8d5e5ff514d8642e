// Command querybench asks the twelve questions of a board, over 31 closed days
// and today, of a store that holds a large fleet's past, and of ClickHouse's
// engine holding the same events, in one run; it prints how long each took and
// fails if two answers differ. It also measures how long the closing of an hour
// takes, and how long an event takes from insert to answer.
//
// Times are shown and never judged. On a machine with other work they say as
// much about that work, so processor time stands beside them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/testbench/backfill"
)

// options is what a run measures.
type options struct {
	set        backfill.Config
	clones     int
	leave      string
	keep       int
	threads    int
	memory     int64
	rounds     int
	closings   int
	statements bool
	hour       bool
	peer       bool
	peerRounds int
	data       string
	out        string
}

// unasked are the facts by box which no question of the board reads: of a million boxes
// they would take most of the disk and of the time.
var unasked = []string{"fact_visit", "fact_reach", "fact_asset", "fact_broadcast", "fact_on", "fact_seen"}

func main() {
	var o options
	flag.IntVar(&o.set.Boxes, "boxes", 10_000, "boxes of the fleet")
	flag.IntVar(&o.clones, "clones", 1, "how many boxes each box becomes in our store once its facts stand (testbench/backfill, Clone): 10000 boxes and 100 clones are a million. The peer has the events of -boxes, and its numbers so many times are compared")
	flag.StringVar(&o.leave, "leave", strings.Join(unasked, ","), "with -clones: facts by box of which the store shall have no rows, comma separated; none of the board's questions asks those")
	flag.IntVar(&o.set.Days, "days", 31, "closed days, before today")
	flag.IntVar(&o.set.EventsPerBoxDay, "events", 100, "events of a box and day, on the mean")
	flag.Uint64Var(&o.set.Seed, "seed", 1, "the same seed gives the same events")
	flag.IntVar(&o.keep, "keep-days", 3, "of how many of the latest days our store keeps the events; 0: all. The peer has all")
	flag.IntVar(&o.threads, "threads", 0, "threads of our store; 0: as it is run")
	memory := flag.Int("memory-mb", 4096, "memory of our store")
	flag.IntVar(&o.rounds, "rounds", 20, "how often each question is asked")
	flag.IntVar(&o.closings, "closings", 5, "how often an hour is closed and events are followed to an answer; 0: not at all")
	flag.BoolVar(&o.hour, "hour", true, "with closings: close a whole hour too, which takes minutes at a million boxes")
	flag.BoolVar(&o.statements, "statements", false, "tell what each statement of the closings takes")
	flag.BoolVar(&o.peer, "peer", true, "ask ClickHouse's engine too")
	flag.IntVar(&o.peerRounds, "peer-rounds", 3, "how often the peer is asked")
	flag.StringVar(&o.data, "data", "", "keep the stores in this folder, and use them again if they are there; \"\": a temporary one")
	flag.StringVar(&o.out, "out", "out/bench-query", "folder for query.json and query.html")
	flag.Parse()
	o.memory = int64(*memory) << 20
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "querybench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	if o.clones < 1 || o.set.Boxes < 1 || o.closings < 0 || o.rounds < 1 || o.peerRounds < 1 {
		return errors.New("boxes, clones, rounds and peer-rounds must be 1 or more, closings 0 or more")
	}
	if o.closings > 0 && o.keep == 1 {
		return errors.New("standby reaches a day back, so without yesterday's events every hour of today would be closed whole for each event that is followed; give -keep-days 2 or more, or -closings 0")
	}
	dir := o.data
	if dir == "" {
		if dir, err = os.MkdirTemp("", "querybench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	if o.set.EndMs, err = endOf(filepath.Join(dir, "end")); err != nil {
		return err
	}
	folder, err := backfill.Lock(filepath.Join(dir, "ours"))
	if err != nil {
		return err
	}
	b := &bench{options: o, folder: folder, out: out}
	defer func() { err = errors.Join(err, b.folder.Close()) }()
	free, err := folder.Free()
	if err != nil {
		return err
	}
	keep := o.keep
	if o.peer {
		keep = 0 // the peer keeps all, and takes about as much as we would
	}
	if folder.HasStore() {
		// The disk has them already.
	} else if err := backfill.Fits(o.set, keep, free); err != nil {
		return err
	}
	b.options.set.EndMs = o.set.EndMs
	if err := folder.Open(b.store()); err != nil {
		return err
	}
	b.options.set.Box = folder.Secrets.BoxKey
	if b.set, err = backfill.New(b.options.set); err != nil {
		return err
	}
	if o.peer {
		if b.peer, err = openPeer(filepath.Join(dir, "peer")); err != nil {
			return err
		}
		defer b.peer.engine.Close()
	} else if o.clones > 1 && folder.HasStore() {
		// What is followed goes into the clones' store alone.
	} else if err := os.Remove(filepath.Join(dir, "peer", "whole")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // this run's events will not be in it
	}
	return b.run(ctx, dir)
}

// store is how our stores are opened.
func (b *bench) store() duckdb.Options {
	o := duckdb.Options{Threads: b.threads, MemoryBytes: b.memory, Now: func() time.Time { return time.UnixMilli(b.options.set.EndMs) }}
	if b.statements {
		b.steps = &steps{}
		o.Step = b.steps.told
	}
	return o
}

// endOf returns where the past ends: now, or where that of an earlier run in the
// same folder did.
func endOf(path string) (int64, error) {
	text, err := os.ReadFile(path)
	if err == nil {
		at, err := time.Parse(time.RFC3339Nano, string(text))
		return at.UnixMilli(), err
	}
	if !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	now := time.Now().Truncate(time.Millisecond)
	// A board in the middle of the night would have no today.
	if evening := aggregator.DayOf(now.UnixMilli()).Time().Add(20*time.Hour + 30*time.Minute); now.Before(evening) {
		now = evening.AddDate(0, 0, -1)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, err
	}
	return now.UnixMilli(), os.WriteFile(path, []byte(now.Format(time.RFC3339Nano)), 0o600)
}

func machine() string {
	load := "unknown"
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = string(text[:min(len(text), 14)])
	}
	return fmt.Sprintf("%d cores, %s, %s/%s, load average %s", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, load)
}
