package session

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"iptvdc/agent"
	"iptvdc/protocol"
)

// TestAnyHistory: whatever is reported, in whatever order, and whenever the
// power fails, what is told fits together; see checkTold.
func TestAnyHistory(t *testing.T) {
	kinds := map[protocol.Kind]int{}
	rapid.Check(t, func(r *rapid.T) {
		b := newBox(t)
		b.start("boot 1")
		n := rapid.IntRange(1, 60).Draw(r, "n")
		lengths := map[uint32]uint64{}
		for range n {
			b.until(b.clock.mono + rapid.Uint64Range(0, 1000*rapid.SampledFrom([]uint64{0, 1, 5, 60, 700, 8000}).Draw(r, "scale")).Draw(r, "ms"))
			lengths[b.sess.Boot()] = b.clock.mono
			switch rapid.IntRange(0, 30).Draw(r, "what") {
			case 0:
				b.boot(false)
			case 1:
				b.boot(true)
			case 2:
				b.restart(false)
			case 3:
				b.restart(true)
			case 4:
				ms := rapid.Uint64Range(0, 20_000_000).Draw(r, "suspended")
				b.clock.mono += ms
				b.clock.asleep += ms
			default:
				if err := b.signal(rapid.Bool().Draw(r, "page"), anySignal(r)); err != nil {
					r.Fatal(err)
				}
			}
		}
		lengths[b.sess.Boot()] = b.clock.mono
		b.boot(false)
		b.boot(false)
		for i := range b.told {
			e := &b.told[i]
			kinds[e.Kind]++
			if end, known := lengths[e.Boot]; known && e.MonoMs > end {
				r.Errorf("%v at %d, the boot lasted %d", e.Kind, e.MonoMs, end)
			}
		}
		checkTold(r, b.told, "history")
		if r.Failed() {
			for i := range b.told {
				r.Log(b.told[i].Boot, say(&b.told[i]))
			}
		}
	})
	for _, k := range []protocol.Kind{protocol.View, protocol.Playback, protocol.Order, protocol.OrderPage, protocol.PowerOff, protocol.Impression} {
		if kinds[k] == 0 && !testing.Short() { // which draws few
			t.Errorf("no %v in any history: nothing was shown", k)
		}
	}
}

func anySignal(r *rapid.T) agent.Signal {
	one := func(name string, words ...string) string { return rapid.SampledFrom(words).Draw(r, name) }
	s := agent.Signal{Signal: one("signal", append(agent.Signals(), "play", "play", "click")...)}
	if rapid.IntRange(0, 3).Draw(r, "late") == 0 {
		s.AgoMs = rapid.Uint64Range(0, 90_000).Draw(r, "ago")
	}
	switch s.Signal {
	case "page", "click", "order_page":
		s.Page, s.Content = "p", one("content", "a", "b", "")
		if s.Signal == "page" {
			s.Content = ""
		}
	case "seen":
		s.Page, s.Sight, s.Ms = "p", one("sight", "focus", "rendered"), rapid.Uint64Range(0, 5000).Draw(r, "seen")
	case "order":
		s.OrderID, s.Product, s.Result = "o", "p", one("result", "paid", "failed")
	case "play":
		s.Mode, s.Content, s.Number = one("mode", "live", "timeshift", "catchup", "vod"), one("content", "a", "b", ""), uint32(rapid.IntRange(0, 3).Draw(r, "number"))
		if s.Mode != "live" {
			s.Position, s.Length = anyPlace(r)
		}
	case "shift":
		s.Mode = one("mode", "live", "timeshift")
	case "app":
		s.Content = "app"
	case "speed":
		v := rapid.SampledFrom([]int32{0, 100, 800, -400}).Draw(r, "speed")
		s.Speed = &v
		s.Position, s.Length = anyPlace(r)
	case "first_frame":
		s.Position, s.Length = anyPlace(r)
	case "seek":
		s.Position, s.Length = anyPlace(r)
		if s.Position == nil {
			s.Position = new(uint64)
		}
	case "tv":
		s.TV = rapid.SampledFrom(allTVNews).Draw(r, "tv").String()
	case "keys":
		s.Keys = uint32(rapid.IntRange(1, 70_000).Draw(r, "keys"))
	case "identity":
		s.Account = one("account", "a", "b")
	case "channels":
		s.Channels = []agent.ChannelRow{{Number: 1, ID: one("id", "x", "y")}}
	}
	return s
}

// anyPlace draws a position and a length, both perhaps untold.
func anyPlace(r *rapid.T) (position *uint64, length uint64) {
	if rapid.Bool().Draw(r, "placed") {
		ms := rapid.SampledFrom([]uint64{0, 1, 30_000, 3_000_000, protocol.MaxAssetMs - 1}).Draw(r, "position")
		position = &ms
	}
	return position, rapid.SampledFrom([]uint64{0, 0, 1, 60_001, 5_400_000, protocol.MaxAssetMs}).Draw(r, "length")
}

// TestRefused: what cannot become an event is refused by place and field, and
// nothing of the request is taken.
func TestRefused(t *testing.T) {
	b := newBox(t)
	b.start("boot 1")
	before := len(b.told)
	fast := int32(7000)
	f := func(says string, s agent.Signal) {
		t.Helper()
		err := b.signal(false, agent.Signal{Signal: "page", Page: "p"}, s)
		if err == nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "signals[1]: ") {
			t.Errorf("%v, want %q of signals[1]", err, says)
		}
	}
	f("mode: \"dvd\" is none; allowed: live, timeshift, catchup, vod, app", agent.Signal{Signal: "play", Mode: "dvd"})
	f("mode: \"vod\"; a shift goes to live or timeshift", agent.Signal{Signal: "shift", Mode: "vod"})
	f("sight: \"smell\" is none; allowed: rendered, focus", agent.Signal{Signal: "seen", Page: "p", Sight: "smell"})
	f("result: \"maybe\" is none; allowed: paid, failed, cancelled, refunded", agent.Signal{Signal: "order", OrderID: "o", Product: "p", Result: "maybe"})
	f("pay: \"gold\" is none", agent.Signal{Signal: "order", OrderID: "o", Product: "p", Result: "paid", Pay: "gold"})
	f("fen", agent.Signal{Signal: "order", OrderID: "o", Product: "p", Result: "paid", Fen: 1 << 40})
	f("speed", agent.Signal{Signal: "speed", Speed: &fast})
	f("tv: \"asleep\" is none; allowed: plugged, unplugged, on, off, active, inactive", agent.Signal{Signal: "tv", TV: "asleep"})
	f("position: live has neither position nor length", agent.Signal{Signal: "play", Mode: "live", Position: new(uint64)})
	f("position: app has neither", agent.Signal{Signal: "play", Mode: "app", Length: 1000})
	f("slot", agent.Signal{Signal: "click", Page: "p", Slot: 10_000})
	f("duration_ms", agent.Signal{Signal: "seen", Page: "p", Sight: "focus", Ms: 1 << 40})
	f("content: not UTF-8", agent.Signal{Signal: "play", Mode: "vod", Content: "\xff"})
	f("account", agent.Signal{Signal: "identity", Account: strings.Repeat("a", 300)})
	if len(b.told) != before {
		t.Errorf("and yet recorded: %+v", b.told[before:])
	}
}

// TestState: what is kept comes back as it was; what is not a state is refused.
func TestState(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		u := func(name string, top uint64) uint64 { return rapid.Uint64Range(0, top).Draw(r, name) }
		text := rapid.SampledFrom([]string{"", "a", strings.Repeat("x", protocol.MaxString)})
		alive := u("alive", protocol.MaxMonoMs)
		start := u("start", alive)
		want := state{Boot: text.Draw(r, "boot"), Seq: u("seq", 1<<50), Serial: uint32(u("serial", 1<<32-1)), Active: u("active", 1) == 1,
			Stopped: u("stopped", 1) == 1, Power: power(u("power", 2)), At: u("at", alive), Alive: alive, Sign: u("sign", alive), Trace: uint32(u("trace", 1<<32-1)),
			Click: clickMark{uint32(u("click", 1<<32-1)), u("click at", alive), text.Draw(r, "clicked"), u("played", 1) == 1},
			Order: orderMark{uint32(u("order", 1<<32-1)), u("order at", alive)},
			Play: play{Mode: protocol.Mode(u("mode", 5)), Source: protocol.Source(u("source", 2)), Channel: text.Draw(r, "channel"), Content: text.Draw(r, "content"),
				Trace: uint32(u("play trace", 1<<32-1)), Asked: u("asked", start), Start: start, Speed: int32(u("speed", 2*protocol.MaxSpeed)) - protocol.MaxSpeed,
				Part: uint32(u("part", maxCount)), Keys: uint32(u("keys", maxCount)), FirstMs: u("first", protocol.MaxViewMs), Stalls: uint32(u("stalls", maxCount)),
				StallMs: u("stall ms", 1<<50), Stall: u("stall", alive), Errors: uint32(u("errors", maxCount)), Error: text.Draw(r, "error"), Failed: u("failed", alive),
				TV: protocol.TV(u("tv", 2)), Length: uint32(u("length", protocol.MaxAssetMs/1000)), Position: u("position", protocol.MaxAssetMs)},
			TV: television{tvNews(u("plug", 2)), u("again", 1) == 1, tvNews(u("tv power", 4)), tvNews(u("input", 6))}}
		if u("turns", 1) == 1 {
			want.Play.Turn = rapid.Uint64Range(start, alive).Draw(r, "turn") + 1
			want.Play.To = u("to", protocol.MaxAssetMs)
		}
		b := want.encode()
		got, err := decodeState(b)
		if err != nil || got != want || len(b) > maxState {
			r.Errorf("%d bytes, %v:\n%+v\n%+v", len(b), err, got, want)
		}
		if _, err := decodeState(b[:len(b)-1]); err == nil {
			r.Error("a state cut short is taken")
		}
		if _, err := decodeState(append(b, 0)); err == nil {
			r.Error("a state with something behind it is taken")
		}
	})
}

// FuzzState: no bytes make decoding panic, and what is decoded encodes to a
// state that is the same.
func FuzzState(f *testing.F) {
	s := state{Boot: "b", Alive: 5, Play: play{Mode: protocol.ModeVOD}}
	f.Add(s.encode())
	s = state{Boot: "b", Alive: 50, TV: television{Plug: tvPlugged, Again: true}, Play: play{Mode: protocol.ModeVOD, Position: 1, Length: 5400, Turn: 41, To: 60_001}}
	f.Add(s.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeState(b)
		if err != nil {
			return
		}
		if again, err := decodeState(s.encode()); err != nil || again != s {
			t.Errorf("%+v\n%+v, %v", s, again, err)
		}
	})
}
