// Package selftest is the factory line's test of a box: in a temporary folder on
// the target file system it does once what the agent does all day. It leaves
// nothing behind and ends nothing that runs.
package selftest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"iptvdc/agent"
	"iptvdc/agent/outbox"
	"iptvdc/agent/session"
	"iptvdc/agent/uplink"
	"iptvdc/protocol"
)

// Config of a test. Dir and Clock must be set.
type Config struct {
	// Dir is on the file system to be tested; a folder is made in it and
	// removed again.
	Dir   string
	Clock agent.Clock
	// MinCommits is how many commits a second are enough; 0: 10.
	MinCommits float64
	// Broker, if its Brokers are set, is connected to once, without data.
	Broker uplink.Config
	// Claim, if set, is what it is connected with, in place of the box's own name.
	Claim protocol.Credential
}

// Limit is how long all tests together may take.
const Limit = 5 * time.Second

// speedTime is how long commits are counted.
const speedTime = time.Second

// Outcome of one test.
type Outcome struct {
	Test string  `json:"test"`
	Pass bool    `json:"pass"`
	Ms   float64 `json:"ms"`
	Says string  `json:"says"` // what was measured, or what is wrong
}

// Summary of all.
type Summary struct {
	Pass          bool      `json:"pass"`
	Ms            float64   `json:"ms"`
	CommitsPerSec float64   `json:"commits_per_s"`
	Tests         []Outcome `json:"tests"`
}

// line is the state of a run.
type line struct {
	Config
	dir  string
	mono uint64
	disk *outbox.SQLite
	out  *outbox.Outbox
	sum  Summary
}

// Run tests everything and hands each outcome to each as it comes. After a
// failure what builds on it fails, too.
func Run(ctx context.Context, cfg Config, each func(Outcome)) Summary {
	if cfg.MinCommits == 0 {
		cfg.MinCommits = 10
	}
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	l := &line{Config: cfg, mono: cfg.Clock.MonoMs()}
	defer func() {
		if l.out != nil {
			l.out.Close() // its file goes next
		}
		if l.dir != "" {
			os.RemoveAll(l.dir)
		}
	}()
	l.sum.Pass = true
	start := time.Now()
	for _, t := range []struct {
		name string
		run  func(context.Context) (string, error)
	}{
		{"folder", l.folder}, {"flash", l.flash}, {"random", l.random}, {"outbox", l.open}, {"speed", l.speed},
		{"stored", l.stored}, {"kept", l.kept}, {"batch", l.batch}, {"clock", l.clock}, {"broker", l.broker},
	} {
		if t.name == "broker" && len(cfg.Broker.Brokers) == 0 {
			continue
		}
		began := time.Now()
		says, err := t.run(ctx)
		if err == nil && ctx.Err() != nil {
			err = fmt.Errorf("took too long: all tests together have %v", Limit)
		}
		o := Outcome{t.name, err == nil, float64(time.Since(began).Microseconds()) / 1000, says}
		if err != nil {
			o.Says = err.Error()
		}
		l.sum.Pass = l.sum.Pass && o.Pass
		l.sum.Tests = append(l.sum.Tests, o)
		each(o)
	}
	l.sum.Ms = float64(time.Since(start).Microseconds()) / 1000
	return l.sum
}

func (l *line) folder(context.Context) (string, error) {
	dir, err := os.MkdirTemp(l.Dir, "selftest-*")
	if err != nil {
		return "", err
	}
	l.dir = dir
	return dir, nil
}

var (
	errNoFolder = errors.New("no folder to test in")
	errNoOutbox = errors.New("no outbox to test with")
)

// flash writes, syncs, has the kernel forget, and reads back.
func (l *line) flash(context.Context) (string, error) {
	if l.dir == "" {
		return "", errNoFolder
	}
	want := make([]byte, 256<<10)
	if _, err := rand.Read(want); err != nil {
		return "", err
	}
	path := filepath.Join(l.dir, "flash")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if _, err := f.Write(want); err != nil {
		return "", err
	}
	if err := f.Sync(); err != nil {
		return "", fmt.Errorf("sync: %w", err)
	}
	forgot := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) == nil
	got := make([]byte, len(want))
	if _, err := f.ReadAt(got, 0); err != nil {
		return "", err
	}
	if !bytes.Equal(got, want) {
		return "", errors.New("what was read is not what was written")
	}
	if err := os.Rename(path, path+".done"); err != nil {
		return "", err
	}
	from := "from the flash"
	if !forgot {
		from = "from the kernel's cache"
	}
	return fmt.Sprintf("%d kB written, synced and read back %s", len(want)>>10, from), nil
}

func (l *line) random(context.Context) (string, error) {
	var a, b [32]byte
	if _, err := io.ReadFull(rand.Reader, a[:]); err != nil {
		return "", err
	}
	if _, err := io.ReadFull(rand.Reader, b[:]); err != nil {
		return "", err
	}
	if a == b || a == [32]byte{} {
		return "", errors.New("the source of random numbers repeats itself")
	}
	return "two draws differ", nil
}

func (l *line) open(context.Context) (string, error) {
	if l.dir == "" {
		return "", errNoFolder
	}
	disk := outbox.NewSQLite(l.dir)
	o, err := outbox.New(disk, outbox.Options{})
	if err != nil {
		return "", err
	}
	l.disk, l.out = disk, o
	if odd := disk.Odd(); len(odd) > 0 {
		return "", fmt.Errorf("SQLite did not take its settings: %v", odd)
	}
	return "made, all settings took", nil
}

func click(at uint64) protocol.Event {
	return protocol.Event{Kind: protocol.Click, MonoMs: at, Page: "selftest", Slot: 1}
}

func (l *line) speed(ctx context.Context) (string, error) {
	if l.out == nil {
		return "", errNoOutbox
	}
	start, n := time.Now(), 0
	for ; n < 200 && time.Since(start) < speedTime && ctx.Err() == nil; n++ {
		if err := l.out.Append(click(l.Clock.MonoMs())); err != nil {
			return "", err
		}
	}
	l.sum.CommitsPerSec = float64(n) / time.Since(start).Seconds()
	if l.sum.CommitsPerSec < l.MinCommits {
		return "", fmt.Errorf("%.1f commits/s, wanted are %.1f", l.sum.CommitsPerSec, l.MinCommits)
	}
	return fmt.Sprintf("%.0f commits/s", l.sum.CommitsPerSec), nil
}

// stored has the agent's own recorder and session keep an event.
func (l *line) stored(ctx context.Context) (string, error) {
	if l.out == nil {
		return "", errNoOutbox
	}
	id, err := session.BootID()
	if err != nil {
		return "", err
	}
	s, err := session.New(session.Config{BootID: id, Clock: l.Clock, Rand: rand.Reader, Identity: protocol.Event{Province: 33, City: 3301}})
	if err != nil {
		return "", err
	}
	rec, err := agent.NewRecorder(agent.RecorderConfig{Open: func() (agent.Keeper, error) { return l.out, nil }, Session: s, Clock: l.Clock})
	if err != nil {
		return "", err
	}
	run, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- rec.Run(run) }()
	err = rec.Record(ctx, true, click(l.Clock.MonoMs()))
	stop()
	if err = errors.Join(err, <-done); err != nil {
		return "", err
	}
	return fmt.Sprintf("an event is on flash, %d events in all", l.out.Stats().Events+l.out.Open()), nil
}

// kept closes the outbox and opens it again.
func (l *line) kept(context.Context) (string, error) {
	if l.out == nil {
		return "", errNoOutbox
	}
	before := l.out.Stats().Events + l.out.Open()
	err := l.out.Close()
	l.out = nil
	if err != nil {
		return "", err
	}
	if l.out, err = outbox.New(l.disk, outbox.Options{}); err != nil {
		l.out = nil
		return "", err
	}
	if after := l.out.Stats().Events + l.out.Open(); after != before || before == 0 {
		return "", fmt.Errorf("%d events after opening again, %d before", after, before)
	}
	return fmt.Sprintf("%d events are there after opening again", before), nil
}

// batch seals everything and reads the packets as the centre would.
func (l *line) batch(context.Context) (string, error) {
	if l.out == nil {
		return "", errNoOutbox
	}
	if err := l.out.Seal(); err != nil {
		return "", err
	}
	want, got, size := l.out.Stats().Events, 0, 0
	for {
		sealed, ok, err := l.out.Next(0)
		if err != nil {
			return "", err
		}
		if !ok {
			break
		}
		packet := protocol.AppendBatch(nil, &sealed, &protocol.Envelope{Floor: l.out.Floor(), UpMs: l.Clock.MonoMs()})
		d := new(protocol.Decoder)
		b, err := d.Batch(packet)
		if err != nil {
			return "", fmt.Errorf("batch %d: %w", sealed.No, err)
		}
		events, err := d.Events(&b.Sealed)
		if err != nil {
			return "", fmt.Errorf("batch %d: %w", sealed.No, err)
		}
		got, size = got+len(events), size+len(packet)
		if _, err := l.out.Ack(protocol.Ack{Epoch: sealed.Epoch, Through: sealed.No, Chain: sealed.Chain()}); err != nil {
			return "", err
		}
	}
	if got != want || got == 0 {
		return "", fmt.Errorf("%d events came out, %d went in", got, want)
	}
	return fmt.Sprintf("%d events in %d bytes, decoded and acknowledged", got, size), nil
}

func (l *line) clock(ctx context.Context) (string, error) {
	now := l.Clock.MonoMs()
	if now == l.mono { // if all before failed, nothing took time
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
		now = l.Clock.MonoMs()
	}
	if now == 0 || now <= l.mono {
		return "", fmt.Errorf("the time since boot stands still at %d ms", now)
	}
	wall := time.UnixMilli(int64(l.Clock.WallMs())).UTC()
	says := fmt.Sprintf("up for %v, wall clock %s", time.Duration(now)*time.Millisecond, wall.Format(time.DateTime))
	if wall.Year() < 2024 {
		says += " (not set; the agent does not need it)"
	}
	return says, nil
}

func (l *line) broker(ctx context.Context) (string, error) {
	cfg := l.Broker
	cfg.Outbox, cfg.Clock, cfg.Boot = l.out, l.Clock, func() uint32 { return 0 }
	if l.out == nil {
		return "", errNoOutbox
	}
	if l.Claim != (protocol.Credential{}) {
		if err := uplink.ProbeClaim(ctx, cfg, l.Claim); err != nil {
			return "", err
		}
		return "connected with the claim credential, nothing claimed", nil
	}
	if err := uplink.Probe(ctx, cfg); err != nil {
		return "", err
	}
	return "connected and subscribed, nothing sent", nil
}
