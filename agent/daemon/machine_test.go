package daemon

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"iptvdc/agent"
	"iptvdc/agent/outbox"
	"iptvdc/protocol"
)

// setClock is the clock of a box on which time is what a test says.
type setClock struct{ ms atomic.Uint64 }

func (c *setClock) MonoMs() uint64 { return c.ms.Load() }
func (c *setClock) WallMs() uint64 { return 0 }

// home is a box with a real folder that is booted, stopped and cut off.
type home struct {
	t     *testing.T
	cfg   Config
	clock *setClock
	d     *Daemon
	end   func(cause error)
}

func newHome(t *testing.T) *home {
	h := &home{t: t, cfg: config(t.TempDir()), clock: &setClock{}}
	h.cfg.Listen, h.cfg.Clock, h.cfg.Outbox.BatchEvents = "", h.clock, protocol.MaxBatchEvents
	return h
}

// start starts the agent in a boot of that name, ms after it began.
func (h *home) start(boot string, ms uint64) {
	h.t.Helper()
	h.cfg.BootID = boot
	h.clock.ms.Store(ms)
	var err error
	if h.d, err = New(h.cfg); err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan error, 1)
	d := h.d
	go func() { done <- d.Run(ctx) }()
	h.end = func(cause error) {
		h.t.Helper()
		cancel(cause)
		select {
		case err := <-done:
			if err != nil {
				h.t.Errorf("Run: %v", err)
			}
		case <-time.After(20 * time.Second):
			h.t.Fatal("the agent does not end")
		}
	}
}

// say reports signals at time ms, and an order behind them: when that is
// stored, so is what came before it.
func (h *home) say(ms uint64, signals ...agent.Signal) {
	h.t.Helper()
	h.clock.ms.Store(ms)
	signals = append(signals, agent.Signal{Signal: "order", OrderID: "o", Product: "p", Result: "paid"})
	if err := h.d.mach.Signals(h.t.Context(), false, signals); err != nil {
		h.t.Fatal(err)
	}
}

// told is what the outbox holds, without orders and identities.
func (h *home) told() (lines []string) {
	h.t.Helper()
	o, err := outbox.New(outbox.NewSQLite(h.cfg.Dir), h.cfg.Outbox)
	if err != nil {
		h.t.Fatal(err)
	}
	defer o.Close()
	if err := o.Seal(); err != nil {
		h.t.Fatal(err)
	}
	var first uint32
	for no := uint64(0); ; {
		s, ok, err := o.Next(no)
		if err != nil {
			h.t.Fatal(err)
		}
		if !ok {
			return lines
		}
		no = s.No
		if _, err := o.Ack(protocol.Ack{Epoch: s.Epoch, Through: s.No, Chain: s.Chain()}); err != nil {
			h.t.Fatal(err)
		}
		events, err := new(protocol.Decoder).Events(&s)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, e := range events {
			if first == 0 {
				first = e.Boot
			}
			line := fmt.Sprint("boot ", e.Boot-first, " ", e.MonoMs, " ", e.Kind)
			switch e.Kind {
			case protocol.Order, protocol.Identity:
				continue
			case protocol.View:
				line += fmt.Sprint(" ", e.Mode, " ", e.Channel, e.Content, " ", e.DurationMs, " ", e.End, " ", e.Part)
			case protocol.PowerOn, protocol.PowerOff:
				line += fmt.Sprint(" ", e.Cause)
			}
			if e.Serial == 0 {
				line += " of nobody"
			}
			lines = append(lines, line)
		}
	}
}

func (h *home) want(lines ...string) {
	h.t.Helper()
	if got := h.told(); !slices.Equal(got, lines) {
		h.t.Errorf("told:\n%q\nwant:\n%q", got, lines)
	}
}

var film = agent.Signal{Signal: "play", Mode: "vod", Content: "film"}

// TestPowerCut: what played is closed at the last sign of life, in its own boot,
// before anything of the next; a further cut tells nothing twice.
func TestPowerCut(t *testing.T) {
	h := newHome(t)
	h.start("a", 1000)
	h.say(10_000, film)
	h.say(50_000)
	if s := h.d.Status(); s.Machine.State != "vod" || s.Machine.Segment.Content != "film" || s.Machine.Segment.SinceMs != 10_000 {
		t.Errorf("status %+v", s.Machine)
	}
	h.end(agent.ErrCut)
	h.start("b", 3000)
	h.say(4000, agent.Signal{Signal: "page", Page: "home"})
	if s := h.d.Status(); s.Machine.State != "epg" {
		t.Errorf("status %+v", s.Machine)
	}
	h.end(agent.ErrCut)
	h.start("c", 3000)
	h.end(nil)
	h.want("boot 0 0 power_on boot", "boot 0 50000 view vod film 40000 power_cut 0", "boot 0 50000 power_off power_cut",
		"boot 1 0 power_on boot", "boot 1 4000 page_view", "boot 1 4000 power_off power_cut",
		"boot 2 0 power_on boot")
}

// TestAgentAlone: stopping the agent alone, in order or not, ends nothing; the
// table of channels is still there.
func TestAgentAlone(t *testing.T) {
	h := newHome(t)
	h.start("a", 1000)
	h.say(2000, agent.Signal{Signal: "channels", Channels: []agent.ChannelRow{{Number: 1, ID: "cctv1"}}})
	h.say(10_000, agent.Signal{Signal: "play", Mode: "live", Number: 1})
	h.end(nil)
	h.start("a", 60_000)
	h.say(70_000, agent.Signal{Signal: "play", Mode: "live", Number: 1})
	h.end(agent.ErrCut)
	h.start("a", 80_000)
	h.say(90_000, agent.Signal{Signal: "stop"})
	h.end(nil)
	h.want("boot 0 0 power_on boot", "boot 0 70000 view live cctv1 60000 zap 0", "boot 0 90000 view live cctv1 20000 stop 0")
}

// TestShutdown: an orderly end of the agent that is followed by another boot was
// the box's; said by a signal, it is told at once, and once.
func TestShutdown(t *testing.T) {
	h := newHome(t)
	h.start("a", 1000)
	h.say(10_000, film)
	h.clock.ms.Store(30_000)
	h.end(nil)
	h.start("b", 1000)
	h.say(10_000, film)
	h.say(20_000, agent.Signal{Signal: "shutdown"})
	h.end(nil)
	h.start("c", 1000)
	h.end(nil)
	h.want("boot 0 0 power_on boot", "boot 0 30000 view vod film 20000 power_off 0", "boot 0 30000 power_off shutdown",
		"boot 1 0 power_on boot", "boot 1 20000 view vod film 10000 power_off 0", "boot 1 20000 power_off shutdown",
		"boot 2 0 power_on boot")
}

// TestCompleteEvents: a box whose middleware posts events complete is told of
// nothing else.
func TestCompleteEvents(t *testing.T) {
	h := newHome(t)
	h.start("a", 1000)
	h.clock.ms.Store(20_000)
	view := protocol.Event{Kind: protocol.View, Mode: protocol.ModeVOD, MonoMs: 20_000, DurationMs: 10_000, Speed: 100}
	if err := h.d.rec.Record(t.Context(), true, view); err != nil {
		t.Fatal(err)
	}
	h.end(agent.ErrCut)
	h.start("b", 1000)
	h.end(nil)
	h.want("boot 0 0 power_on boot", "boot 0 20000 view vod  10000 unknown 0", "boot 1 0 power_on boot")
}
