package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"
	"time"

	"iptvdc/testbench/blockdev"
	"iptvdc/testbench/procfs"
)

func main() {
	out := flag.String("out", "out/boxbench.json", "file for the figures")
	rate := flag.Int("rate", 10, "events a second")
	span := flag.Duration("for", 30*time.Second, "how long each agent is fed")
	flag.Parse()
	ran, err := blockdev.Own()
	if !ran {
		err = compare(*out, *rate, *span)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "boxbench:", err)
		os.Exit(1)
	}
}

// Figure is what one agent took.
type Figure struct {
	Agent, Keeps    string
	ProgramMB       float64
	AnonymousMB     float64 // at the end
	ResidentMB      float64
	CPUPercent      float64 // of one processor
	FlashAnEvent    float64 // bytes at the block device, the file system's journal included
	WireAnEvent     float64 // bytes of TCP payload, both ways
	Events, Seconds float64
}

func compare(out string, rate int, span time.Duration) error {
	work, err := os.MkdirTemp("", "boxbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	b, err := build(work)
	if err != nil {
		return err
	}
	var all []Figure
	for _, k := range kinds() {
		fmt.Printf("  %s\n", k.name)
		f, err := k.measure(b, work, rate, span)
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		all = append(all, f)
	}
	tw := tabwriter.NewWriter(os.Stdout, 2, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "agent\tprogram, MB\tanonymous memory, MB\tresident, MB\tCPU, %\tflash, B an event\twire, B an event\tkeeps\t")
	for _, f := range all {
		fmt.Fprintf(tw, "%s\t%.2f\t%.1f\t%.1f\t%.2f\t%.0f\t%.0f\t%s\t\n", f.Agent, f.ProgramMB, f.AnonymousMB, f.ResidentMB, f.CPUPercent, f.FlashAnEvent, f.WireAnEvent, f.Keeps)
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(tw.Flush(), os.MkdirAll(filepath.Dir(out), 0o755), os.WriteFile(out, append(text, '\n'), 0o644))
}

// build builds our programs as they are shipped, and the peer alike.
func build(work string) (*built, error) {
	b := &built{agent: filepath.Join(work, "stbagent"), aggregator: filepath.Join(work, "aggregator"), peer: filepath.Join(work, "peer")}
	for path, args := range map[string][]string{
		b.agent:      {"-trimpath", "-tags", "nethttpomithttp2", "-gcflags=all=-l", "-ldflags", "-s -w", "iptvdc/agent/cmd/stbagent"},
		b.peer:       {"-trimpath", "-tags", "nethttpomithttp2", "-gcflags=all=-l", "-ldflags", "-s -w", "iptvdc/testbench/boxbench/peer"},
		b.aggregator: {"iptvdc/aggregator/cmd/aggregator"},
	} {
		c := exec.Command("go", append([]string{"build", "-o", path}, args...)...)
		if path != b.aggregator {
			c.Env = append(os.Environ(), "CGO_ENABLED=0")
		}
		if text, err := c.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%v: %w\n%s", c.Args, err, text)
		}
	}
	var err error
	if b.mosquittoPub, err = exec.LookPath("mosquitto_pub"); err != nil {
		return nil, errors.New("needs mosquitto_pub, package mosquitto-clients")
	}
	b.mosquitto = "/usr/sbin/mosquitto"
	return b, nil
}

// warmUp is how many events are fed before anything is counted: what making
// files and connecting costs is paid once in a box's life.
const warmUp = 20

func (k *kind) measure(b *built, work string, rate int, span time.Duration) (f Figure, err error) {
	addr, stop, err := b.centre(k.ours, work)
	if err != nil {
		return f, err
	}
	defer stop()
	w, err := newWire(addr)
	if err != nil {
		return f, err
	}
	defer w.close()
	d, err := blockdev.New()
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	s, err := k.start(b, d.Dir, w.addr())
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, s.end()) }()
	time.Sleep(2 * time.Second) // it connects
	beat := time.NewTicker(time.Second / time.Duration(rate))
	defer beat.Stop()
	events := int(span.Seconds() * float64(rate))
	var before blockdev.Written
	var wireBefore int64
	var cpuBefore float64
	var began time.Time
	for i := range warmUp + events {
		if i == warmUp {
			if before, err = d.Settled(); err != nil {
				return f, err
			}
			if cpuBefore, err = procfs.CPUSeconds(s.cmd.Process.Pid); err != nil {
				return f, err
			}
			wireBefore, began = w.bytes.Load(), time.Now()
		}
		<-beat.C
		if err := s.feed(event(i)); err != nil {
			return f, fmt.Errorf("event %d: %w\n%s", i, err, s.said)
		}
	}
	took := time.Since(began).Seconds()
	cpu, err := procfs.CPUSeconds(s.cmd.Process.Pid)
	if err != nil {
		return f, err
	}
	anonymous, resident, err := procfs.Memory(s.cmd.Process.Pid)
	if err != nil {
		return f, err
	}
	after, err := d.Settled()
	if err != nil {
		return f, err
	}
	info, err := os.Stat(k.program(b))
	if err != nil {
		return f, err
	}
	n := float64(events)
	return Figure{Agent: k.name, Keeps: k.keeps, ProgramMB: float64(info.Size()) / 1e6, AnonymousMB: anonymous, ResidentMB: resident,
		CPUPercent: 100 * (cpu - cpuBefore) / took, FlashAnEvent: float64(after.Bytes-before.Bytes) / n,
		WireAnEvent: float64(w.bytes.Load()-wireBefore) / n, Events: n, Seconds: took}, nil
}
