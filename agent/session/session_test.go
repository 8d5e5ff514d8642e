package session

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"iptvdc/agent/outbox"
	"iptvdc/protocol"
)

type clock uint64

func (c clock) MonoMs() uint64 { return uint64(c) }
func (c clock) WallMs() uint64 { return 0 }

func begin(t *testing.T, o *outbox.Outbox, bootID, account string) *Session {
	t.Helper()
	s, err := New(Config{BootID: bootID, Clock: clock(5000), Rand: rand.NewChaCha8([32]byte{3}),
		Agent: "1.4.3", Identity: protocol.Event{Province: 33, City: 3301, Account: account}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Begin(o); err != nil {
		t.Fatal(err)
	}
	return s
}

// held seals and reads everything an outbox holds, acknowledging it.
func held(t *testing.T, o *outbox.Outbox) (events []protocol.Event) {
	t.Helper()
	if err := o.Seal(); err != nil {
		t.Fatal(err)
	}
	for {
		b, ok, err := o.Next(0)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return events
		}
		got, err := new(protocol.Decoder).Events(&b)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, got...)
		if _, err := o.Ack(protocol.Ack{Epoch: b.Epoch, Through: b.No, Chain: b.Chain()}); err != nil {
			t.Fatal(err)
		}
	}
}

func newOutbox(t *testing.T) *outbox.Outbox {
	t.Helper()
	o, err := outbox.New(outbox.NewMemory(), outbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestBoots: one power-on a boot id, a counter that rises by one, the identity
// before everything [D9].
func TestBoots(t *testing.T) {
	o := newOutbox(t)
	first := begin(t, o, "boot-a", "1").Boot()
	if first == 0 || first > 1<<31 {
		t.Errorf("first boot is %d, want a random number below 2^31", first)
	}
	e := held(t, o)
	if len(e) != 2 || e[0].Kind != protocol.Identity || e[1].Kind != protocol.PowerOn || e[1].Cause != protocol.CauseBoot || e[1].MonoMs != 0 {
		t.Fatalf("first boot recorded %+v", e)
	}
	if e[1].Serial == 0 || e[1].Serial != protocol.IdentitySerial(&e[0]) || e[1].Boot != first {
		t.Errorf("power-on is stamped %d/%d", e[1].Serial, e[1].Boot)
	}
	if again := begin(t, o, "boot-a", "1").Boot(); again != first {
		t.Errorf("the same boot is now %d, was %d", again, first)
	}
	for _, e := range held(t, o) {
		if e.Kind == protocol.PowerOn {
			t.Error("a second power-on for the same boot id")
		}
	}
	if e[1].Agent != "1.4.3" {
		t.Errorf("power-on tells the agent %q", e[1].Agent)
	}
	s := begin(t, newOutbox(t), "boot-a", "1")
	wake, off := protocol.Event{Kind: protocol.PowerOn, Cause: protocol.CauseWake, Agent: "a reporter's"}, protocol.Event{Kind: protocol.PowerOff}
	s.Stamp(&wake)
	s.Stamp(&off)
	if wake.Agent != "1.4.3" || off.Agent != "" {
		t.Errorf("a wake tells the agent %q, a power-off %q", wake.Agent, off.Agent)
	}
	if next := begin(t, o, "boot-b", "1").Boot(); next != first+1 {
		t.Errorf("the next boot is %d, want %d", next, first+1)
	}
	if e := held(t, o); len(e) != 2 || e[1].Kind != protocol.PowerOn {
		t.Errorf("the next boot recorded %+v", e)
	}
}

// TestBadAgent: what is no version of an agent does not get on the wire [P-3.13].
func TestBadAgent(t *testing.T) {
	for _, agent := range []string{"1.4 beta", "-", strings.Repeat("1", 65), "版本"} {
		if _, err := New(Config{BootID: "a", Clock: clock(1), Rand: rand.NewChaCha8([32]byte{3}), Agent: agent, Identity: protocol.Event{Province: 33}}); err == nil || !strings.Contains(err.Error(), "one word") {
			t.Errorf("%q: %v", agent, err)
		}
	}
}

// TestIdentityChange: events are stamped with the identity in force, and what a
// change does not name stays.
func TestIdentityChange(t *testing.T) {
	o := newOutbox(t)
	s := begin(t, o, "boot-a", "1")
	before := protocol.Event{Kind: protocol.Click, Page: "p"}
	s.Stamp(&before)
	change := protocol.Event{Kind: protocol.Identity, Account: "2", Province: 33}
	s.Stamp(&change)
	after := protocol.Event{Kind: protocol.Click, Page: "p"}
	s.Stamp(&after)
	if change.City != 3301 || before.Serial == after.Serial || after.Serial != protocol.IdentitySerial(&change) {
		t.Errorf("before %d, change %+v, after %d", before.Serial, change, after.Serial)
	}
	if s.Identity().Account != "2" {
		t.Errorf("identity %+v", s.Identity())
	}
}

// TestNewEpoch: the identity is told again, and what was lost is reported once.
func TestNewEpoch(t *testing.T) {
	o := newOutbox(t)
	s := begin(t, o, "boot-a", "1")
	if e := s.Preface(o); len(e) != 0 {
		t.Errorf("preface %+v with nothing to tell", e)
	}
	if err := o.Seal(); err != nil {
		t.Fatal(err)
	}
	if v, err := o.Ack(protocol.Ack{Epoch: o.Epoch(), Through: 99, Chain: protocol.Chain{1}}); err != nil || v.Action != outbox.Diverged {
		t.Fatalf("%+v, %v", v, err)
	}
	e := s.Preface(o)
	if len(e) != 1 || e[0].Kind != protocol.Identity || e[0].Account != "1" {
		t.Errorf("preface of a new epoch: %+v", e)
	}
	if e := s.Preface(o); len(e) != 0 {
		t.Errorf("told twice: %+v", e)
	}
}

// TestSynced: once a boot, and when the clock moved by more than a second [D8].
func TestSynced(t *testing.T) {
	s, err := New(Config{BootID: "a", Clock: clock(0), Rand: bytes.NewReader(nil), Identity: protocol.Event{Province: 33}})
	if err != nil {
		t.Fatal(err)
	}
	const wall = protocol.MinWallMs + 1e9
	var got []protocol.Event
	s.Synced(wall, 1000) // nobody records yet
	s.RecordWith(func(_ context.Context, _ bool, e ...protocol.Event) error { got = append(got, e...); return nil })
	f := func(server, mono uint64, want int) {
		t.Helper()
		if s.Synced(server, mono); len(got) != want {
			t.Errorf("%d syncs recorded, want %d", len(got), want)
		}
	}
	f(wall, 1000, 1)
	f(wall+5000, 6000, 1)
	f(wall+5900, 6000, 1)
	f(wall+7100, 6000, 2)
	f(12, 6000, 2) // a centre whose clock is absurd
	if e := got[0]; e.Kind != protocol.ClockSync || e.WallMs != wall || e.MonoMs != 1000 || e.Clock != protocol.ClockServer {
		t.Errorf("recorded %+v", e)
	}
}

func TestSystemClock(t *testing.T) {
	var c SystemClock
	if a, b := c.MonoMs(), c.MonoMs(); a == 0 || b < a {
		t.Errorf("mono %d, then %d", a, b)
	}
	if id, err := BootID(); err != nil || len(id) < 30 {
		t.Errorf("BootID() = %q, %v", id, err)
	}
}
