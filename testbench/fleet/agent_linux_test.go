package fleet

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iptvdc/protocol"
	"iptvdc/testbench/fault"
)

// TestRealAgents: what the truth says of real agents arrives once and to the
// byte, through power cuts, boots in order, and lost connections.
func TestRealAgents(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	c := newCentre(t)
	p, err := fault.Listen("127.0.0.1:0", c.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var file bytes.Buffer
	cfg := config(c, &file)
	cfg.Broker = "tcp://" + p.Addr()
	cfg.Boxes, cfg.Agents, cfg.Duration, cfg.Speed = 25, 5, 54*time.Hour, 100_000
	cfg.Seed = 3
	cuts := 0
	hands := make(chan func(*Hands), 1)
	cfg.Hands = hands
	updated := 0
	cfg.ReportEvery = 200 * time.Millisecond
	cfg.Report = func(pr Progress) {
		if pr.Agents.Running > 1 && updated == 0 {
			updated = 1
			hands <- func(h *Hands) {
				n, err := h.RestartAgents("next")
				if updated = n; err != nil {
					t.Error(err)
				}
			}
		}
		if pr.Agents.Running > 1 && cuts < 2*cfg.Boxes {
			cuts += p.Cut()
		}
	}
	pr, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.Sort(c.events)
	truth := truthEvents(t, file.String())
	if !slices.Equal(c.events, truth) {
		t.Errorf("%d events at the centre, %d in the truth; only in one: %s", len(c.events), len(truth), apart(c.events, truth))
	}
	// Two of the agents are of the boxes that tell what is seen and how it plays.
	names := town(t, cfg.Boxes, cfg.Seed, monday)
	for kind, i := range map[protocol.Kind]int{protocol.Impression: 2, protocol.Playback: 0, protocol.Health: 0} {
		if !slices.ContainsFunc(strings.Split(file.String(), "\n"), func(l string) bool {
			return strings.HasPrefix(l, `{"b":"`+names.Home(i).Box+`"`) && strings.Contains(l, `"kind":"`+kind.String()+`"`)
		}) {
			t.Errorf("agent %d told no %s", i, kind)
		}
	}
	a := pr.Agents
	if pr.Recorded != uint64(len(truth)) || pr.Pending != 0 || pr.Evicted != 0 || pr.Epochs != 0 || pr.Acked < pr.Recorded {
		t.Errorf("progress %+v with %d events", pr, len(truth))
	}
	if a.Boxes != 5 || a.Running < 3 || a.Recorded < 100 || a.Cuts == 0 || a.Boots < a.Cuts+uint64(a.Running) || cuts == 0 || updated < 1 || a.Restarts != uint64(updated) {
		t.Errorf("%+v, %d connections cut: nothing was shown", a, cuts)
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "stbfleet-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	t.Logf("%+v, %d events in all, %d connections cut, %v", a, len(truth), cuts, pr.Real)
}

// apart names a few of the lines that stand in one of two sorted lists only.
func apart(a, b []string) string {
	var only []string
	for len(a)+len(b) > 0 && len(only) < 6 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			only, a = append(only, "\narrived: "+a[0]), a[1:]
		case len(a) == 0 || b[0] < a[0]:
			only, b = append(only, "\ntrue: "+b[0]), b[1:]
		default:
			a, b = a[1:], b[1:]
		}
	}
	return strings.Join(only, "")
}

// TestRealAgentTruth: what a real agent is said to record is what it can.
func TestRealAgentTruth(t *testing.T) {
	b := new(realBox)
	f := func(m Moment, kinds []protocol.Kind, mono []uint64, at []int64) {
		t.Helper()
		b.fit(&m)
		var gotKinds []protocol.Kind
		var gotMono []uint64
		for _, e := range m.Events {
			gotKinds, gotMono = append(gotKinds, e.Kind), append(gotMono, e.MonoMs)
			if own := e.MonoMs == 0; own != (e.Source == 0) {
				t.Errorf("source %v of %v", e.Source, e.Kind)
			}
		}
		if !slices.Equal(gotKinds, kinds) || !slices.Equal(gotMono, mono) || !slices.Equal(m.At, at) {
			t.Errorf("%v at %v, true %v; want %v at %v, true %v", gotKinds, gotMono, m.At, kinds, mono, at)
		}
	}
	event := func(k protocol.Kind, boot uint32, mono uint64) protocol.Event {
		return protocol.Event{Kind: k, Boot: boot, MonoMs: mono}
	}
	const view, off, on, who, tick, drop = protocol.View, protocol.PowerOff, protocol.PowerOn, protocol.Identity, protocol.ClockSync, protocol.Dropped
	f(Moment{Boot: 5, BootMs: 100, Events: []protocol.Event{event(view, 4, 7), event(off, 4, 7), event(who, 5, 20), event(tick, 5, 20), event(on, 5, 20)}, At: []int64{50, 50, 120, 120, 120}},
		[]protocol.Kind{who, on, tick}, []uint64{0, 0, 20}, []int64{100, 100, 120})
	f(Moment{Boot: 5, BootMs: 100, Events: []protocol.Event{event(view, 5, 30), event(drop, 5, 30), event(on, 5, 30)}, At: []int64{130, 130, 130}},
		[]protocol.Kind{view, on}, []uint64{30, 30}, []int64{130, 130})
	f(Moment{Boot: 5, BootMs: 100, Events: []protocol.Event{event(drop, 5, 40)}, At: []int64{140}}, nil, nil, []int64{})
}

// TestRealAgentFails: an agent whose flash is no folder ends the run, and says
// whose it is.
func TestRealAgentFails(t *testing.T) {
	c := newCentre(t)
	cfg := config(c, new(bytes.Buffer))
	cfg.Boxes, cfg.Agents, cfg.Duration, cfg.Speed = 5, 5, 28*time.Hour, 60_000
	dir := filepath.Join(t.TempDir(), "tmp")
	t.Setenv("TMPDIR", dir)
	if _, err := Run(t.Context(), cfg); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "agents: ") {
		t.Errorf("no folder for temporary files: %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	cfg.ReportEvery = time.Nanosecond
	once := false
	cfg.Report = func(Progress) {
		if once {
			return
		}
		once = true
		made, err := filepath.Glob(filepath.Join(dir, "stbfleet-agents-*"))
		if err != nil || len(made) > 1 {
			t.Errorf("%v, %v", made, err)
		}
		for _, folder := range made { // a file stands where the folder was
			if err := errors.Join(os.RemoveAll(folder), os.WriteFile(folder, nil, 0o600)); err != nil {
				t.Error(err)
			}
		}
	}
	_, err := Run(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), "its outbox does not open") || !strings.HasPrefix(err.Error(), "box ") {
		t.Errorf("no folder for the agents: %v", err)
	}
}
