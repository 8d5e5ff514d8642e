package fleet

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"iptvdc/testbench/fault"
)

// truthEvents returns the events of a truth file as "box json", sorted.
func truthEvents(t *testing.T, file string) []string {
	t.Helper()
	var all []string
	lines := strings.Split(strings.TrimSpace(file), "\n")
	for _, line := range lines[1:] {
		_, rest, ok := strings.Cut(line, `{"b":"`)
		box, rest, ok2 := strings.Cut(rest, `"`)
		_, e, ok3 := strings.Cut(rest, `"e":`)
		if !ok || !ok2 || !ok3 {
			t.Fatalf("truth line %s", line)
		}
		all = append(all, box+" "+strings.TrimSuffix(e, "}"))
	}
	slices.Sort(all)
	return all
}

func config(c *centre, truth *bytes.Buffer) Config {
	return Config{
		Boxes: 150, Seed: 11, Start: time.UnixMilli(monday).Add(19 * time.Hour), Duration: 40 * time.Minute, Speed: 3600,
		Broker: "tcp://" + c.addr, BatchAge: 100 * time.Millisecond, Truth: truth, Drain: 30 * time.Second,
	}
}

// TestRun: all that the truth says arrives once, through cuts of every
// connection.
func TestRun(t *testing.T) {
	c := newCentre(t)
	p, err := fault.Listen("127.0.0.1:0", c.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var file bytes.Buffer
	cfg := config(c, &file)
	cfg.Broker = "tcp://" + p.Addr()
	cfg.Boxes, cfg.Duration = 80, 0
	end := make(chan struct{})
	cfg.End = end
	cuts, rounds := 0, 0
	cfg.ReportEvery = 150 * time.Millisecond
	cfg.Report = func(pr Progress) {
		switch {
		case pr.Draining:
		case rounds < 2 && pr.Connected == cfg.Boxes:
			cuts += p.Cut()
			rounds++
		case rounds == 2 || rounds < 2 && pr.Real > 20*time.Second:
			close(end)
			rounds++
		}
	}
	pr, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if rounds != 3 || cuts < 2*cfg.Boxes || pr.Losses < 2*uint64(cfg.Boxes) {
		t.Errorf("cut %d connections in %d rounds, %d were lost: nothing was tried", cuts, rounds, pr.Losses)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.Sort(c.events)
	truth := truthEvents(t, file.String())
	if !slices.Equal(c.events, truth) {
		t.Errorf("%d events at the centre, %d in the truth", len(c.events), len(truth))
	}
	if pr.Recorded != uint64(len(truth)) || pr.Acked < pr.Recorded || pr.Pending != 0 || pr.Evicted != 0 || pr.Epochs != 0 {
		t.Errorf("progress %+v with %d events", pr, len(truth))
	}
	t.Logf("%d events, %d connections cut, %d batches sent", len(truth), cuts, pr.Sent)
}

// TestTruthRepeatable: two runs of a seed write the same truth, whatever the
// network does.
func TestTruthRepeatable(t *testing.T) {
	c := newCentre(t)
	f := func(change func(*Config)) string {
		t.Helper()
		var file bytes.Buffer
		cfg := config(c, &file)
		change(&cfg)
		if _, err := Run(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		return file.String()
	}
	one := f(func(*Config) {})
	two := f(func(c *Config) { c.BatchAge = time.Second })
	if one != two {
		t.Errorf("truths of %d and %d bytes differ", len(one), len(two))
	}
	flood := f(func(c *Config) { c.Flood = true })
	_, ofOne, _ := strings.Cut(one, "\n")
	_, ofFlood, _ := strings.Cut(flood, "\n")
	if ofOne != ofFlood {
		t.Errorf("a flood of the same seed has another truth: %d and %d bytes", len(ofOne), len(ofFlood))
	}
}

// TestRunUnheard: a centre that never answers is reported, not waited for
// without end.
func TestRunUnheard(t *testing.T) {
	c := newCentre(t)
	c.deaf = true
	cfg := config(c, new(bytes.Buffer))
	cfg.Boxes, cfg.Drain = 5, 200*time.Millisecond
	pr, err := Run(t.Context(), cfg)
	if !errors.Is(err, ErrPending) || !strings.Contains(err.Error(), "holds") || pr.Pending == 0 {
		t.Errorf("error %v, progress %+v", err, pr)
	}
}

func TestRunEnds(t *testing.T) {
	c := newCentre(t)
	cfg := config(c, new(bytes.Buffer))
	cfg.Speed, cfg.Duration = 1, 0
	cfg.Boxes = 5
	end := make(chan struct{})
	close(end)
	cfg.End = end
	if _, err := Run(t.Context(), cfg); err != nil {
		t.Errorf("End: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	cfg.End = nil
	if _, err := Run(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// brokenFile fails at its second write.
type brokenFile struct{ writes int }

var errFull = errors.New("no space left")

func (f *brokenFile) Write(p []byte) (int, error) {
	if f.writes++; f.writes > 1 {
		return 0, errFull
	}
	return len(p), nil
}

// TestTruthFirst: what could not be written down is not sent.
func TestTruthFirst(t *testing.T) {
	c := newCentre(t)
	cfg := config(c, nil)
	cfg.Truth = new(brokenFile)
	pr, err := Run(t.Context(), cfg)
	if !errors.Is(err, errFull) {
		t.Errorf("error %v, want %v", err, errFull)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if uint64(len(c.events)) > pr.Recorded {
		t.Errorf("%d events arrived of %d recorded", len(c.events), pr.Recorded)
	}
}

func TestBadConfig(t *testing.T) {
	good := Config{Boxes: 1, Speed: 1, Broker: "tcp://127.0.0.1:1"}
	f := func(t *testing.T, change func(*Config), want string) {
		t.Helper()
		c := good
		change(&c)
		_, err := Run(t.Context(), c)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	f(t, func(c *Config) { c.Speed = 0 }, "speed: 0, allowed above 0 to 100000")
	f(t, func(c *Config) { c.Speed = -1 }, "speed: -1, allowed")
	f(t, func(c *Config) { c.Boxes = 0 }, "boxes: 0, allowed 1..")
	f(t, func(c *Config) { c.Agents = 2 }, "agents: 2, allowed 0..1")
	f(t, func(c *Config) { c.Boxes, c.Agents = 5_000_000, 100 }, "boxes: 5000000 with 100 real agents need 5000864 open files")
	f(t, func(c *Config) { c.Boxes = 5_000_000 }, "boxes: 5000000 need 5000064 open files")
	f(t, func(c *Config) { c.Broker = "http://x" }, "broker: ")
	f(t, func(c *Config) { c.BatchEvents = 5000 }, "batch-events: 5000, allowed 1..4096")
	f(t, func(c *Config) { c.Flood = true }, "duration: ")
	f(t, func(c *Config) { c.Speed = 60 }, "start: ")
	synctest.Test(t, func(t *testing.T) { // skips the waits between tries
		f(t, func(c *Config) {
			c.Start = time.UnixMilli(monday) // the bubble begins in 2000
			c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("nobody there") }
		}, "broker: tcp://127.0.0.1:1 cannot be reached (5 tries, the last: nobody there)")
	})
}
