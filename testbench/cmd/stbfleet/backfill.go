package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/testbench/backfill"
)

func backfillCommand(end <-chan struct{}) *cobra.Command {
	var f fleetFlags
	var days int
	var into intoStore
	cmd := &cobra.Command{
		Use:   "backfill",
		Short: "Make whole days of the past: through a broker, or straight into a store",
		Long: `Make whole days of the past.

Without --data households play them and send them to a broker, as fast as they
are acknowledged.

With --data they are put straight into the columnar store of an aggregator that
does not run, past boxes, broker and ledger: a million boxes by default. The
aggregator's own closing makes the facts. The events themselves are 55 bytes each, the facts of each 85;
--keep-days N keeps those of the latest N days, and of the days before only facts.
The same seed, sizes and --end give the same events; after a kill the same command
goes on where it stopped, if --end was given.

With --clones N each box becomes N, in minutes: the boxes' own past is made in
DIR/base, and the facts of its clones are multiplied by SQL into DIR, row for row
what closing their events would have left. What a million boxes visit, reach and see
of assets takes most of the disk; --leave leaves such facts out.`,
		Example: `  stbfleet backfill --days 30
  stbfleet backfill --data data/month --boxes 20000
  stbfleet backfill --data data/month --boxes 1000000 --days 31 --keep-days 2 --end 2026-11-27T12:00
  stbfleet backfill --data data/month --boxes 10000 --clones 100 --keep-days 2 --leave fact_visit,fact_reach,fact_asset`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			into.given = cmd.Flags().Changed
			if into.data != "" {
				return into.run(cmd, &f, days, end)
			}
			for _, name := range []string{"events-per-box-day", "keep-days", "year-before", "memory-mb", "clones", "leave"} {
				if into.given(name) {
					return fmt.Errorf("%s: only for a store; name its aggregator's folder with --data DIR", name)
				}
			}
			if !into.given("days") {
				days = 30
			}
			if days < 1 || days > 800 {
				return fmt.Errorf("days: %d, allowed 1..800", days)
			}
			last := aggregator.DayOf(time.Now().UnixMilli()) // it is not in
			if into.endAt != "" {
				at, err := parseStart(into.endAt)
				if err != nil {
					return fmt.Errorf("end: %w", err)
				}
				if last = aggregator.DayOf(at.UnixMilli()); last.Time().UnixMilli() != at.UnixMilli() {
					return fmt.Errorf("end: %s is in the middle of a day; with a broker the past is whole days, write %s or leave out --end", into.endAt, last)
				}
			}
			f.cfg.Flood = true
			f.cfg.BatchAge = time.Minute // batches are full long before
			f.cfg.Start = (last - aggregator.Day(days)).Time()
			f.cfg.Duration = last.Time().Sub(f.cfg.Start)
			return f.play(cmd, end)
		},
	}
	f.add(cmd)
	cmd.Flags().IntVar(&days, "days", 0, "how many days, the last of them yesterday, or the one before --end (default 30, with --data 31)")
	flags := cmd.Flags()
	flags.StringVar(&into.data, "data", "", "put it straight into the store in this data `DIR` of an aggregator that does not run; then --boxes is 1000000 unless given")
	flags.IntVar(&into.events, "events-per-box-day", 100, "with --data: events of a box and day, on the mean")
	flags.IntVar(&into.keep, "keep-days", 0, "with --data: of how many of the latest days the events themselves stay, today included; 0: all")
	flags.BoolVar(&into.year, "year-before", false, "with --data: the same days a year before, too")
	flags.StringVar(&into.endAt, "end", "", "where the past ends, as 2026-11-21T18:00, without --data at midnight; now or today's midnight, if none is given")
	flags.IntVar(&into.memoryMB, "memory-mb", 0, "with --data: bound of the store's memory; 0: 80 % of the machine's")
	flags.IntVar(&into.clones, "clones", 1, "with --data: how many boxes each box becomes in the store; then --boxes is 10000 unless given")
	flags.StringSliceVar(&into.leave, "leave", nil, "with --clones: facts by box, as fact_visit, of which the store shall have no rows at all")
	return cmd
}

// intoStore is a backfill that goes straight into a store.
type intoStore struct {
	data     string
	events   int
	keep     int
	year     bool
	endAt    string
	memoryMB int
	clones   int
	leave    []string
	given    func(flag string) bool
}

func (i *intoStore) config(f *fleetFlags, days int) (backfill.Config, error) {
	for _, name := range []string{"broker", "token", "truth", "provinces", "part", "batch-events", "drain"} {
		if i.given(name) {
			return backfill.Config{}, fmt.Errorf("%s: only for a broker; leave out --data", name)
		}
	}
	c := backfill.Config{Boxes: 1_000_000, EventsPerBoxDay: i.events, Days: days, Seed: f.cfg.Seed, YearBefore: i.year, EndMs: time.Now().UnixMilli()}
	if i.clones > 1 {
		c.Boxes = 10_000
	}
	if i.given("boxes") {
		c.Boxes = f.cfg.Boxes
	}
	if i.clones < 1 || i.clones == 1 && len(i.leave) > 0 {
		return c, errors.New("clones: must be 1 (none) or more; --leave needs 2 or more")
	}
	if i.given("days") && days == 0 || i.events == 0 {
		return c, errors.New("days and events-per-box-day: 0, must be more")
	}
	if i.keep < 0 {
		return c, fmt.Errorf("keep-days: %d, must be 0 (all) or more", i.keep)
	}
	if i.endAt != "" {
		at, err := parseStart(i.endAt)
		if err != nil {
			return c, fmt.Errorf("end: %w", err)
		}
		c.EndMs = at.UnixMilli()
	}
	return c, nil
}

func (i *intoStore) run(cmd *cobra.Command, f *fleetFlags, days int, end <-chan struct{}) (err error) {
	c, err := i.config(f, days)
	if err != nil {
		return err
	}
	folder, err := backfill.Lock(i.data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	if i.clones == 1 {
		return i.fill(cmd, f, c, folder, end)
	}
	if folder.HasStore() {
		return fmt.Errorf("%s holds a store already; give a folder without one, clones are made as a whole", i.data)
	}
	base, err := backfill.Lock(filepath.Join(i.data, "base"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, base.Close()) }()
	if err := i.fill(cmd, f, c, base, end); err != nil {
		return err
	}
	if err := base.Shut(); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "clones: %d of each box, %d boxes\n", i.clones, c.Boxes*i.clones)
	o := backfill.CloneOptions{Clones: i.clones, Leave: i.leave, Store: i.store(c), Report: func(p backfill.CloneProgress) {
		if p.Table != "" && p.Rows > 0 && !f.quiet {
			fmt.Fprintf(out, "%7s  %s: %d rows\n", p.Elapsed.Round(time.Second), p.Table, p.Rows)
		}
	}}
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	go until(ctx, end, cancel)
	if err := base.CloneTo(ctx, folder, o); err != nil {
		return err
	}
	fmt.Fprintf(out, "store %d MB; what it was made of is in %s and no longer needed\n", folder.StoreBytes()/1_000_000, filepath.Join(i.data, "base"))
	return nil
}

// store is how the store is opened.
func (i *intoStore) store(c backfill.Config) duckdb.Options {
	return duckdb.Options{Threads: runtime.NumCPU(), MemoryBytes: int64(i.memoryMB) << 20, Now: func() time.Time { return time.UnixMilli(c.EndMs) }}
}

// until ends what runs under a context when the end is asked for.
func until(ctx context.Context, end <-chan struct{}, cancel func()) {
	select {
	case <-end:
		cancel()
	case <-ctx.Done():
	}
}

// fill makes the past of a config in a folder.
func (i *intoStore) fill(cmd *cobra.Command, f *fleetFlags, c backfill.Config, folder *backfill.Folder, end <-chan struct{}) error {
	free, err := folder.Free()
	if err != nil {
		return err
	}
	if err := backfill.Fits(c, i.keep, free); err != nil {
		return err
	}
	if err := folder.Open(i.store(c)); err != nil {
		return err
	}
	c.Box = folder.Secrets.BoxKey
	set, err := backfill.New(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	go until(ctx, end, cancel) // whole blocks are left; the same command goes on
	out := cmd.OutOrStdout()
	all, _ := set.Expected()
	fmt.Fprintf(out, "%d boxes, %d days and today until %s: about %d events, %d MB\n", c.Boxes, set.Days,
		time.UnixMilli(c.EndMs).In(aggregator.Shanghai).Format("2006-01-02T15:04:05"), all, set.Bytes(i.keep)/1_000_000)
	shown := time.Now()
	o := backfill.Options{KeepDays: i.keep, Workers: runtime.NumCPU(), Report: func(p backfill.Progress) {
		if !f.quiet && time.Since(shown) >= f.cfg.ReportEvery {
			shown = time.Now()
			showBackfill(out, &p, all, folder.StoreBytes())
		}
	}}
	p, err := set.Run(ctx, folder.Store, o)
	showBackfill(out, &p, all, folder.StoreBytes())
	if err != nil {
		return fmt.Errorf("%w; the same command with --end %s goes on from here", err, time.UnixMilli(c.EndMs).In(aggregator.Shanghai).Format(time.RFC3339Nano))
	}
	return nil
}

func showBackfill(w io.Writer, p *backfill.Progress, all, bytes int64) {
	known := ""
	if p.Known > 0 {
		known = fmt.Sprintf("  %d blocks were there", p.Known)
	}
	fmt.Fprintf(w, "%7s  %s  days %d/%d  events %d of about %d (%.0f/s)  closing %s  store %d MB%s\n",
		p.Elapsed.Round(time.Second), p.Day, p.Done, p.Days, p.Events, all, float64(p.Events)/max(p.Elapsed.Seconds(), 0.001),
		p.Closing.Round(time.Second), bytes/1_000_000, known)
}
