package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"iptvdc/testbench/blockdev"
)

// tick is longer than the kernel's, by which inode times go on.
const tick = 15 * time.Millisecond

func main() {
	out := flag.String("out", "out/flash.json", "file for the figures")
	commits := flag.Int("commits", 120, "commits of each way")
	only := flag.String("only", "", "only ways whose name contains this")
	flag.Parse()
	ran, err := blockdev.Own()
	if !ran {
		err = measureAll(*out, *only, *commits)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "flash:", err)
		os.Exit(1)
	}
}

// Figure is what one way cost.
type Figure struct {
	Way        string
	Ours       bool
	Group      int     // events a commit
	BackToBack float64 // bytes at the device an event
	Apart      float64 // the same with a pause before each commit
	Requests   float64 // write requests an event, apart
	CommitKB   float64 // kB a commit, apart
	PowerCut   string  // what one takes
}

func measureAll(out, only string, commits int) error {
	var all []Figure
	for _, w := range ways() {
		if !strings.Contains(w.name, only) {
			continue
		}
		fmt.Printf("  %s, %d a commit\n", w.name, w.group)
		n := commits * w.group
		fast, err := w.measure(n, func() {})
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		apart, err := w.measure(n, func() { time.Sleep(tick) })
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		all = append(all, Figure{Way: w.name, Ours: w.ours, Group: w.group, PowerCut: w.lost,
			BackToBack: float64(fast.Bytes) / float64(n), Apart: float64(apart.Bytes) / float64(n),
			Requests: float64(apart.Requests) / float64(n), CommitKB: float64(apart.Bytes) / float64(commits) / 1000})
	}
	if err := table(os.Stdout, all); err != nil {
		return err
	}
	b, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(filepath.Dir(out), 0o755), os.WriteFile(out, append(b, '\n'), 0o644))
}

// measure lets a way keep n events on a fresh device. What making the first
// files costs is not counted: a box does it once in its life.
func (w *way) measure(n int, pause func()) (cost blockdev.Written, err error) {
	d, err := blockdev.New()
	if err != nil {
		return cost, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	dir := filepath.Join(d.Dir, "box")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return cost, err
	}
	var before blockdev.Written
	first := true
	err = w.keep(dir, n+w.group, w.group, func() {
		if !first && before == (blockdev.Written{}) {
			before, err = d.Settled()
		}
		first = false
		pause()
	})
	if err != nil {
		return cost, err
	}
	after, err := d.Settled()
	if err != nil {
		return cost, err
	}
	cost = blockdev.Written{Bytes: after.Bytes - before.Bytes, Requests: after.Requests - before.Requests}
	if before == (blockdev.Written{}) || cost.Bytes <= 0 {
		return cost, errors.New("the device counted nothing")
	}
	return cost, nil
}

func table(w io.Writer, all []Figure) error {
	tw := tabwriter.NewWriter(w, 2, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "way\tevents a commit\tB an event, back to back\tapart\twrites an event\tkB a commit, apart\ta power cut takes\t")
	for _, f := range all {
		fmt.Fprintf(tw, "%s\t%d\t%.0f\t%.0f\t%.2f\t%.1f\t%s\t\n", f.Way, f.Group, f.BackToBack, f.Apart, f.Requests, f.CommitKB, f.PowerCut)
	}
	return tw.Flush()
}
