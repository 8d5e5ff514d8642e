package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"iptvdc/agent"
	"iptvdc/agent/outbox"
	"iptvdc/protocol"
)

// bubbleClock runs with the simulated time of a bubble.
type bubbleClock struct{ start time.Time }

func (c bubbleClock) MonoMs() uint64 { return uint64(time.Since(c.start).Milliseconds()) }
func (c bubbleClock) WallMs() uint64 { return 0 }

// flaky is an outbox whose flash fails while a test says so.
type flaky struct {
	*outbox.Outbox
	broken atomic.Bool
}

func (f *flaky) AppendNoted(note []byte, events ...protocol.Event) error {
	if f.broken.Load() {
		return errors.New("flash is broken")
	}
	return f.Outbox.AppendNoted(note, events...)
}

// running has a machine run over a real recorder in simulated time; opens says
// when the outbox does.
func running(t *testing.T, dir string, opens time.Duration, f func(*testing.T, *Machine, *flaky)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		clock := bubbleClock{time.Now()}
		out, err := outbox.New(outbox.NewMemory(), outbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		keeper := &flaky{Outbox: out}
		s, err := New(Config{BootID: "a", Clock: clock, Rand: rand.NewChaCha8([32]byte{3}), Identity: protocol.Event{Province: 33}})
		if err != nil {
			t.Fatal(err)
		}
		rec, err := agent.NewRecorder(agent.RecorderConfig{Session: s, Clock: clock, Open: func() (agent.Keeper, error) {
			if time.Since(clock.start) < opens {
				return nil, errors.New("not yet")
			}
			return keeper, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		m, err := NewMachine(MachineConfig{Recorder: rec, Session: s, Clock: clock, BootID: "a", Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		recCtx, stopRec := context.WithCancel(t.Context())
		ctx, stop := context.WithCancel(t.Context())
		recEnded, ended := make(chan error, 1), make(chan struct{})
		go func() { recEnded <- rec.Run(recCtx) }()
		go func() { m.Run(ctx); close(ended) }()
		synctest.Wait()
		f(t, m, keeper)
		stop()
		<-ended
		stopRec()
		if err := <-recEnded; err != nil {
			t.Error(err)
		}
	})
}

func signal(t *testing.T, m *Machine, s agent.Signal) {
	t.Helper()
	if err := m.Signals(t.Context(), false, []agent.Signal{s}); err != nil {
		t.Error(err)
	}
}

// TestMarks: while something plays a mark a minute, and one in four when sixty
// were written; while the box is merely on one in five, in standby and without
// signals none; a long segment is cut by itself, and the state is noted at the
// end.
func TestMarks(t *testing.T) {
	dir := t.TempDir()
	running(t, dir, 0, func(t *testing.T, m *Machine, o *flaky) {
		seen := uint64(0)
		in := func(d time.Duration, want uint64) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if got := m.Status().Marks; got-seen != want {
				t.Errorf("%d marks in %v, want %d", got-seen, d, want)
			}
			seen = m.Status().Marks
		}
		in(3*time.Hour, 0)
		if _, err := os.Stat(filepath.Join(dir, aliveName)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a file of marks without a mark: %v", err)
		}
		signal(t, m, agent.Signal{Signal: "page", Page: "home"})
		in(time.Second, 0) // noted with the page
		in(time.Hour, 12)
		signal(t, m, agent.Signal{Signal: "play", Mode: "live", Channel: "cctv1"})
		in(time.Hour+time.Second, 59) // the part that was cut is noted with its event
		if e := held(t, o.Outbox); len(e) == 0 || e[len(e)-1].Kind != protocol.View || e[len(e)-1].DurationMs != maxSegment {
			t.Errorf("after an hour: %+v", e)
		}
		for range 100 { // a child with the remote control
			signal(t, m, agent.Signal{Signal: "play", Mode: "live", Channel: "cctv2"})
			time.Sleep(100 * time.Millisecond)
		}
		in(time.Minute, 1)
		in(29*time.Minute, 21) // the last that were saved up
		in(5*time.Hour, 75)
		signal(t, m, agent.Signal{Signal: "standby"})
		in(time.Minute, 0)
		in(12*time.Hour, 0)
		if s := m.Status(); s.State != "standby" || s.Segment != nil || s.Short != 99 {
			t.Errorf("%+v", s)
		}
	})
	fi, err := os.Stat(filepath.Join(dir, aliveName))
	if err != nil || fi.Size() != 2*slotBytes {
		t.Errorf("%v, %v; want %d bytes", fi, err, 2*slotBytes)
	}
}

// TestNoMarkAhead: while flash takes no events no mark says that they are told.
func TestNoMarkAhead(t *testing.T) {
	dir := t.TempDir()
	running(t, dir, 0, func(t *testing.T, m *Machine, o *flaky) {
		time.Sleep(time.Second)
		signal(t, m, agent.Signal{Signal: "play", Mode: "vod", Content: "film"})
		time.Sleep(150 * time.Second)
		o.broken.Store(true)
		signal(t, m, agent.Signal{Signal: "play", Mode: "vod", Content: "news"})
		time.Sleep(10 * time.Minute)
		kept := func() string {
			t.Helper()
			b, err := openAlive(dir).load()
			if err != nil {
				t.Fatal(err)
			}
			s, found := newest("a", o.Note(), b)
			if !found {
				t.Fatal("nothing is kept")
			}
			return fmt.Sprint(s.Play.Content, " ", s.Alive)
		}
		if got := kept(); got != "film 121000" {
			t.Errorf("%s; want the film's last mark", got)
		}
		o.broken.Store(false)
		time.Sleep(5 * time.Minute)
		if got := kept(); !strings.HasPrefix(got, "news ") {
			t.Error(got)
		}
	})
}

// TestBeforeTheOutbox: what is reported before the outbox opens waits in memory
// with its time, and what must be stored is answered when it is.
func TestBeforeTheOutbox(t *testing.T) {
	running(t, "", time.Minute, func(t *testing.T, m *Machine, o *flaky) {
		signal(t, m, agent.Signal{Signal: "play", Mode: "vod", Content: "film"})
		time.Sleep(10 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := m.Signals(ctx, false, []agent.Signal{{Signal: "standby"}}); !errors.Is(err, agent.ErrNotStored) {
			t.Errorf("%v, want ErrNotStored", err)
		}
		signal(t, m, agent.Signal{Signal: "wake"}) // waits for the flash
		if m.cfg.Clock.MonoMs() < 60_000 {
			t.Error("answered as stored before the outbox was open")
		}
		var got []string
		for _, e := range held(t, o.Outbox) {
			got = append(got, fmt.Sprint(e.Kind, " ", e.MonoMs))
		}
		want := "identity 0, power_on 0, view 10000, power_off 10000, power_on 11000"
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%s\nwant %s", s, want)
		}
	})
}

// TestTooEarly: memory is bounded also then.
func TestTooEarly(t *testing.T) {
	running(t, "", time.Hour, func(t *testing.T, m *Machine, _ *flaky) {
		for range maxEarly {
			signal(t, m, agent.Signal{Signal: "page", Page: "home"})
		}
		if err := m.Signals(t.Context(), false, []agent.Signal{{Signal: "page", Page: "home"}}); !errors.Is(err, agent.ErrFull) {
			t.Errorf("%v, want ErrFull", err)
		}
		time.Sleep(2 * time.Hour)
	})
}

// TestManyReporters: calls from anywhere at once make one history.
func TestManyReporters(t *testing.T) {
	running(t, t.TempDir(), 0, func(t *testing.T, m *Machine, o *flaky) {
		done := make(chan struct{})
		for i := range 8 {
			go func() {
				defer func() { done <- struct{}{} }()
				for n := range 50 {
					words := []string{"play", "speed", "stop", "click", "standby", "wake"}
					s := agent.Signal{Signal: words[(n*7+i)%len(words)]}
					switch s.Signal {
					case "play":
						s.Mode = "live"
					case "speed":
						v := int32(n % 3 * 100)
						s.Speed = &v
					case "click":
						s.Page = "p"
					}
					signal(t, m, s)
					time.Sleep(time.Duration(n*i) * 100 * time.Millisecond)
				}
			}()
		}
		for range 8 {
			<-done
		}
		time.Sleep(time.Second)
		checkTold(t, held(t, o.Outbox), "many reporters")
	})
}

// TestChannelFile: written when the table changes and only then, over a damaged
// one too.
func TestChannelFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, channelsName)
	if err := os.WriteFile(path, []byte(`[{"number":1,`), 0o600); err != nil {
		t.Fatal(err)
	}
	c := openChannels(dir)
	rows := []agent.ChannelRow{{Number: 2, ID: "b"}, {Number: 1, ID: "a"}}
	save := func(want string) {
		t.Helper()
		if err := c.save(); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != want {
			t.Errorf("%s, %v; want %s", b, err, want)
		}
	}
	c.learn(rows)
	save(`[{"number":1,"id":"a"},{"number":2,"id":"b"}]`)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c.learn(rows)
	save("") // nothing new: not written
	c.learn([]agent.ChannelRow{{Number: 2, ID: "c"}})
	save(`[{"number":1,"id":"a"},{"number":2,"id":"c"}]`)
	c = openChannels(dir)
	if c.id(2) != "c" || c.id(7) != "#7" || c.changed {
		t.Errorf("read again: %q %q %v", c.id(2), c.id(7), c.changed)
	}
	for n := range uint32(maxTable + 10) {
		c.learn([]agent.ChannelRow{{Number: n, ID: "x"}})
	}
	if len(c.ids) != maxTable {
		t.Errorf("%d channels, at most %d", len(c.ids), maxTable)
	}
}

// flashWritten is how many bytes this process has sent towards storage.
func flashWritten(b *testing.B) (n int64) {
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		b.Skip(err)
	}
	_, after, _ := strings.Cut(string(text), "\nwrite_bytes: ")
	fmt.Sscan(after, &n)
	return n
}

// BenchmarkMark compares what an alive mark costs: in a file of its own, and as
// a commit of the outbox. flash-B/mark is what the process sent towards
// storage; for a commit the file system's journal comes on top.
func BenchmarkMark(b *testing.B) {
	s := state{Boot: "2f6d1c9a-6a0e-4c3e-9a58-6d0c7c1f5a11", Alive: 1 << 24, At: 1 << 24, Sign: 1 << 24, Active: true, Trace: 12,
		Play: play{Mode: protocol.ModeVOD, Content: "content-0001234", Asked: 1 << 23, Start: 1 << 23, Speed: 100}}
	f := func(name string, open func(dir string) (save func([]byte) error)) {
		b.Run(name, func(b *testing.B) {
			dir, err := os.MkdirTemp(".", "flash-") // beside the source: the temporary folder may lie in memory
			if err != nil {
				b.Fatal(err)
			}
			defer os.RemoveAll(dir)
			save := open(dir)
			var before int64
			n := 0
			for b.Loop() {
				if n++; n == 2 { // the first makes the file
					before = flashWritten(b)
				}
				s.Seq++
				if err := save(s.encode()); err != nil {
					b.Fatal(err)
				}
			}
			if n > 2 {
				b.ReportMetric(float64(flashWritten(b)-before)/float64(n-1), "flash-B/mark")
			}
			b.ReportMetric(float64(len(s.encode())+slotHead), "B/mark")
		})
	}
	f("file", func(dir string) func([]byte) error { return openAlive(dir).save })
	f("outbox", func(dir string) func([]byte) error {
		o, err := outbox.New(outbox.NewSQLite(dir), outbox.Options{})
		if err != nil {
			b.Fatal(err)
		}
		return func(text []byte) error { return o.AppendNoted(text) }
	})
}
