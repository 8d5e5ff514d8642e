package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
	"iptvdc/testbench/backfill"
)

// bench is one run.
type bench struct {
	options
	set    *backfill.Set
	folder *backfill.Folder
	peer   *peer // nil: not asked
	out    io.Writer
	steps  *steps // nil: nobody asks
}

// widgetsAtOnce is how many questions of a board run side by side, as the
// console lets them.
const widgetsAtOnce = 4

func (b *bench) run(ctx context.Context, dir string) error {
	r := Report{When: time.Now().Format(time.DateTime), Before: machine()}
	fmt.Fprintln(b.out, r.Before)
	if err := b.fill(ctx, &r); err != nil {
		return err
	}
	if b.clones > 1 {
		if err := b.multiply(ctx, dir, &r); err != nil {
			return err
		}
	}
	today := aggregator.DayOf(b.options.set.EndMs - 1)
	widgets := board(today, b.set.Days)
	codes := map[uint64]string{}
	for _, c := range b.set.Codes() {
		codes[c.Key] = c.Text
	}
	var wrong []error
	for _, w := range widgets {
		row, err := b.widget(ctx, &w, codes)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		if row.Differs != "" {
			wrong = append(wrong, fmt.Errorf("%s: the answers differ:\n%s", w.name, row.Differs))
		}
		fmt.Fprintf(b.out, "  %s: %.0f ms\n", w.name, row.P50)
		r.Rows = append(r.Rows, row)
	}
	whole, err := b.board(ctx, widgets)
	if err != nil {
		return err
	}
	for _, row := range r.Rows {
		whole.Peer += row.Peer
		whole.PeerCPU += row.PeerCPU
	}
	r.Rows = append(r.Rows, whole)
	measures := []func(context.Context) (Row, error){b.closing, b.fresh}
	if !b.hour {
		measures = measures[1:]
	}
	for _, measure := range measures {
		if b.closings == 0 {
			break
		}
		row, err := measure(ctx)
		if err != nil {
			return err
		}
		r.Rows = append(r.Rows, row)
	}
	r.After = machine()
	r.text(b.out)
	return errors.Join(append(wrong, r.write(b.options.out))...)
}

// fill makes the past in our store and the peer's.
func (b *bench) fill(ctx context.Context, r *Report) error {
	o := backfill.Options{KeepDays: b.keep}
	var known int
	shown := time.Now()
	o.Report = func(p backfill.Progress) {
		known = p.Known
		if time.Since(shown) > 5*time.Second {
			shown = time.Now()
			fmt.Fprintf(b.out, "%7s  %s  days %d/%d  events %d\n", p.Elapsed.Round(time.Second), p.Day, p.Done, p.Days, p.Events)
		}
	}
	again := b.peer != nil && b.peer.complete()
	if b.peer != nil && !again {
		o.Also = b.peer.insert
	}
	before := cpuTime()
	p, err := b.set.Run(ctx, b.folder.Store, o)
	if err != nil {
		return err
	}
	if b.peer != nil {
		if known > 0 && !again {
			return errors.New("the folder holds an earlier run's events, which the peer lacks; give -peer=false, or another -data")
		}
		if err := b.peer.settle(); err != nil {
			return err
		}
	}
	r.Set = fmt.Sprintf("%d boxes, %d closed days and today, %d events a box and day, seed %d: about %d million events", b.set.Boxes, b.set.Days, b.set.EventsPerBoxDay, b.set.Seed, b.all()/1_000_000)
	r.Made = fmt.Sprintf("made in %s (%s of processor time), %s of it closings; %d events now; our store %d MB",
		p.Elapsed.Round(time.Second), (cpuTime() - before).Round(time.Second), p.Closing.Round(time.Second), p.Events, b.folder.StoreBytes()/1_000_000)
	fmt.Fprintf(b.out, "%s\n%s\n", r.Set, r.Made)
	return nil
}

// multiply makes the store of all clones, unless an earlier run did, and goes on with
// it.
func (b *bench) multiply(ctx context.Context, dir string, r *Report) (err error) {
	if err := b.folder.Shut(); err != nil {
		return err
	}
	path := filepath.Join(dir, fmt.Sprintf("clones-%d", b.clones))
	folder, err := backfill.Lock(path)
	if err != nil {
		return err
	}
	base := b.folder
	b.folder = folder
	defer func() { err = errors.Join(err, base.Close()) }()
	o := backfill.CloneOptions{Clones: b.clones, Leave: strings.FieldsFunc(b.leave, func(c rune) bool { return c == ',' }), Store: b.store()}
	for _, place := range []string{base.Path(), path} {
		if _, err := os.Stat(filepath.Join(place, followed)); err == nil && (b.peer != nil || place != path && !folder.HasStore()) {
			return fmt.Errorf("an earlier run followed events of its own into %s: nothing is cloned of it any more, nor compared with the peer; give -peer=false if the clones are made, else another -data, and -closings 0 to runs before", place)
		}
	}
	made := "from an earlier run"
	if !folder.HasStore() {
		before := cpuTime()
		var took time.Duration
		o.Report = func(p backfill.CloneProgress) {
			took = p.Elapsed
			if p.Rows > 1_000_000 {
				fmt.Fprintf(b.out, "%7s  %s: %d rows\n", p.Elapsed.Round(time.Second), p.Table, p.Rows)
			}
		}
		if err := base.CloneTo(ctx, folder, o); err != nil {
			return err
		}
		made = fmt.Sprintf("made in %s (%s of processor time)", took.Round(time.Second), (cpuTime() - before).Round(time.Second))
	}
	if err := folder.Open(b.store()); err != nil {
		return err
	}
	r.Set += fmt.Sprintf("; of each box %d clones: %d boxes, about %d million events", b.clones, b.set.Boxes*b.clones, b.all()*int64(b.clones)/1_000_000)
	r.Made += fmt.Sprintf("; clones %s, without %s; that store %d MB", made, strings.Join(o.Leave, ", "), folder.StoreBytes()/1_000_000)
	if b.peer != nil {
		r.Made += fmt.Sprintf("; ClickHouse's engine has the events before cloning alone, its numbers times %d are compared, its times are of so many events fewer", b.clones)
	}
	fmt.Fprintf(b.out, "%s\n%s\n", r.Set, r.Made)
	return nil
}

// followed is a file beside a store into which events were put since it was made: its
// clones would be none of the set, and of a store of clones the peer lacks them.
const followed = "followed"

func (b *bench) all() int64 {
	all, _ := b.set.Expected()
	return all
}

func (b *bench) ask(ctx context.Context, w *widget) (*indicator.Answer, error) {
	return indicator.Evaluate(ctx, b.folder.Store, aggregator.Scope{All: true}, &w.request)
}

// widget asks one question again and again, alone.
func (b *bench) widget(ctx context.Context, w *widget, codes map[uint64]string) (Row, error) {
	row := Row{Name: w.name}
	answer, err := b.ask(ctx, w) // not counted: what is read for the first time
	if err != nil {
		return row, err
	}
	mine := ours(answer)
	row.Lines = len(mine)
	if err := row.times(b.rounds, func() error { _, err := b.ask(ctx, w); return err }); err != nil {
		return row, err
	}
	if b.peer == nil {
		return row, nil
	}
	text, err := b.peer.engine.Query([]byte(w.sql), "TabSeparated")
	if err != nil {
		return row, err
	}
	peers, err := theirs(text, w.kinds, codes, float64(b.clones))
	if err != nil {
		return row, err
	}
	row.Checked = true
	row.Differs = differences(mine, peers)
	var peer Row
	err = peer.times(b.peerRounds, func() error { _, err := b.peer.engine.Query([]byte(w.sql), "Null"); return err })
	row.Peer, row.PeerCPU = peer.P50, peer.CPU
	return row, err
}

// board asks all questions at once, as the page does when it is opened.
func (b *bench) board(ctx context.Context, widgets []widget) (Row, error) {
	row := Row{Name: fmt.Sprintf("the whole board, %d side by side", widgetsAtOnce), Aim: "p95 <= 1000"}
	return row, row.times(b.rounds, func() error {
		var all sync.WaitGroup
		slots := make(chan struct{}, widgetsAtOnce)
		errs := make([]error, len(widgets))
		for i := range widgets {
			all.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				_, errs[i] = b.ask(ctx, &widgets[i])
			})
		}
		all.Wait()
		return errors.Join(errs...)
	})
}

// closing closes the busiest hour of the day under way again.
func (b *bench) closing(ctx context.Context) (Row, error) {
	hour := aggregator.DayOf(b.options.set.EndMs-1).FirstHour() + 19
	row := Row{Name: fmt.Sprintf("closing one hour (%s, 19:00) of %d boxes", hour.Day(), b.set.Boxes*b.clones), Aim: "<= 5000"}
	snap := store.Snapshot{}
	seen := map[store.Cell]bool{}
	for _, p := range b.provinces() {
		if c := (store.Cell{Hour: hour, Province: p}); !seen[c] {
			seen[c] = true
			snap.Cells = append(snap.Cells, c)
		}
	}
	// An hour is closed whole when nothing new is in it.
	b.steps.begin()
	err := row.times(b.closings, func() error { return b.folder.Store.Close(ctx, snap) })
	b.steps.text(b.out, row.Name, b.closings)
	return row, err
}

func (b *bench) provinces() (all []aggregator.Province) {
	for _, r := range aggregator.Regions() {
		if r.City() == 0 {
			all = append(all, r.Province())
		}
	}
	return all
}

// fresh inserts 20,000 events of the hour under way, closes what they touched,
// and asks until the figure has grown.
func (b *bench) fresh(ctx context.Context) (Row, error) {
	row := Row{Name: "20,000 events from insert to answer", Aim: "p99 <= 5000"}
	at := b.options.set.EndMs - 1
	day := aggregator.DayOf(at)
	r := indicator.Request{Indicators: []string{"page_views"}, From: day.String(), To: day.String()}
	views := func() (float64, error) {
		a, err := indicator.Evaluate(ctx, b.folder.Store, aggregator.Scope{All: true}, &r)
		if err != nil {
			return 0, err
		}
		return float64(a.Rows[0].Values[0]), nil
	}
	n := uint64(time.Now().UnixNano()) // a run on a store that was there has blocks of its own
	blk := &store.Block{}
	for i := range 20_000 { // of as many boxes, where each stands
		p, city := b.set.Home(i % b.set.Boxes)
		box := backfill.CloneKey(b.set.Key(i%b.set.Boxes), i/b.set.Boxes%b.clones)
		blk.PageViews = append(blk.PageViews, store.PageView{Page: 1, Stamp: store.Stamp{Province: p, City: city, Box: box, Boot: 1, AtMs: at, Clock: 3}})
	}
	if err := os.WriteFile(filepath.Join(b.folder.Path(), followed), nil, 0o600); err != nil {
		return row, err
	}
	b.steps.begin()
	err := row.times(b.closings, func() error {
		n++
		binary.BigEndian.PutUint64(blk.ID[:], n)
		before, err := views()
		if err != nil {
			return err
		}
		if _, err := b.folder.Store.Insert(ctx, blk); err != nil {
			return err
		}
		snap, err := b.folder.Store.Dirty(ctx, 1000)
		if err != nil {
			return err
		}
		if err := b.folder.Store.Close(ctx, snap); err != nil {
			return err
		}
		after, err := views()
		if err == nil && after != before+float64(blk.Rows()) {
			err = fmt.Errorf("fresh: %v page views after %d more than %v", after, blk.Rows(), before)
		}
		return err
	})
	b.steps.text(b.out, row.Name, b.closings)
	if b.clones > 1 {
		return row, err
	}
	for range b.closings { // a later run asks the peer again
		if b.peer != nil && err == nil {
			err = b.peer.insert(blk)
		}
	}
	return row, err
}

// times runs f so often and keeps how long it took, in milliseconds.
func (r *Row) times(rounds int, f func() error) error {
	var all []float64
	before := cpuTime()
	for range rounds {
		began := time.Now()
		if err := f(); err != nil {
			return err
		}
		all = append(all, float64(time.Since(began).Microseconds())/1000)
	}
	r.CPU = float64((cpuTime() - before).Microseconds()) / 1000 / float64(rounds)
	slices.Sort(all)
	at := func(share float64) float64 { return all[max(0, int(math.Ceil(share*float64(len(all))))-1)] }
	r.P50, r.P95, r.P99 = at(0.50), at(0.95), at(0.99)
	return nil
}

// cpuTime is what this process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0 // never for oneself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
