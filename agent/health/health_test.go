package health

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"iptvdc/protocol"
)

type clock uint64

func (c clock) MonoMs() uint64 { return uint64(c) }
func (c clock) WallMs() uint64 { return 0 }

// machine is a made-up root.
type machine struct {
	t    *testing.T
	root string
}

func (m machine) write(name, text string) {
	m.t.Helper()
	path := filepath.Join(m.root, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		m.t.Fatal(err)
	}
}

func TestSample(t *testing.T) {
	m := machine{t, t.TempDir()}
	m.write("proc/stat", "cpu  100 0 100 700 100 0 0 0 50 0\ncpu0 1 1 1 1\n")
	s := NewSampler(m.root, clock(5000), func() uint64 { return 9 })
	m.write("proc/stat", "cpu  150 0 150 1400 100 0 0 0 50 0\n")
	m.write("proc/meminfo", "MemTotal: 1000000 kB\nMemFree: 5 kB\nMemAvailable:   412000 kB\n")
	m.write("sys/class/thermal/thermal_zone0/temp", "41500\n")
	m.write("sys/class/thermal/thermal_zone1/temp", "63\n") // a maker's whole degrees
	m.write("sys/class/thermal/thermal_zone2/temp", "2147483647\n")
	m.write("sys/class/thermal/thermal_zone3/temp", "broken\n")
	m.write("proc/self/status", "Name:\tx\nVmRSS:\t 9000 kB\nRssAnon:\t    4100 kB\n")
	m.write("proc/self/stat", "77 (a b) c) S 1 2 3 4 5 6 7 8 9 10 200 34 0 0 20 0")
	m.write("proc/self/io", "rchar: 1\nwchar: 2\nread_bytes: 3\nwrite_bytes: 626000\n")
	want := protocol.Event{Kind: protocol.Health, MonoMs: 5000, CPU: 125, MemoryKB: 412000, Temperature: 630,
		AgentKB: 4100, AgentMs: 2340, FlashKB: 611, Waiting: 9}
	if got := s.Sample(); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := s.Sample().CPU; got != 0 {
		t.Errorf("no tick since, and yet %d", got)
	}
}

// TestPoorMachine: what is not there, or nonsense, is zero, and the event is
// one that may be recorded.
func TestPoorMachine(t *testing.T) {
	m := machine{t, t.TempDir()}
	s := NewSampler(m.root, clock(5000), nil)
	f := func(what string, want protocol.Event) {
		t.Helper()
		want.Kind, want.MonoMs = protocol.Health, 5000
		got := s.Sample()
		if err := got.Check(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if got != want {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	f("nothing", protocol.Event{})
	m.write("proc/stat", "cpu x y\n")
	m.write("proc/meminfo", "MemAvailable:\n")
	m.write("proc/self/status", "RssAnon: -3 kB")
	m.write("proc/self/stat", ")")
	m.write("proc/self/io", "write_bytes: 99999999999999999999")
	m.write("sys/class/thermal/thermal_zone0/temp", "0")
	f("nonsense", protocol.Event{})
	m.write("proc/stat", "cpu 5 0 5 10 0")
	s.Sample()
	m.write("proc/stat", "cpu 1 0 1 2 0") // a processor went away
	m.write("proc/meminfo", "MemFree: 100 kB\nBuffers: 20 kB\nCached: 3 kB\n")
	f("an old kernel", protocol.Event{MemoryKB: 123})
	m.write("proc/self/status", "VmRSS: 9 kB")
	m.write("proc/self/statm", "1000 500 300 1 0 1 0")
	m.write("sys/class/thermal/thermal_zone0/temp", "-5500")
	f("and a cold one", protocol.Event{MemoryKB: 123, AgentKB: 200 * uint64(os.Getpagesize()) / 1024, Temperature: -55})
}

func TestThisMachine(t *testing.T) {
	e := NewSampler("/", clock(1), nil).Sample()
	if err := e.Check(); err != nil || e.AgentKB == 0 || e.MemoryKB == 0 {
		t.Errorf("%+v, %v", e, err)
	}
}

// TestRun: the interval is asked for again, also while there is none.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSampler(t.TempDir(), clock(1), nil)
		var every, n atomic.Int64
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			Run(ctx, s, func() time.Duration { return time.Duration(every.Load()) }, func(_ context.Context, stored bool, e ...protocol.Event) error {
				if stored || len(e) != 1 || e[0].Kind != protocol.Health {
					t.Errorf("recorded %v %+v", stored, e)
				}
				n.Add(1)
				return errors.New("full")
			}, slog.New(slog.DiscardHandler))
		}()
		after := func(d time.Duration, want int64) {
			t.Helper()
			time.Sleep(d) // of the bubble: no time passes
			synctest.Wait()
			if n.Load() != want {
				t.Errorf("%d recorded, want %d", n.Load(), want)
			}
		}
		after(time.Hour+5*time.Second, 0)
		every.Store(int64(time.Minute))
		after(6*time.Second, 1) // the last was long ago
		after(58*time.Second, 1)
		after(2*time.Second, 2)
		after(10*time.Minute, 12)
		every.Store(int64(10 * time.Second))
		after(20*time.Second, 14)
		every.Store(0)
		after(time.Hour, 14)
		cancel()
		<-done
	})
}
