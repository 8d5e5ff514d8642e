package session

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"iptvdc/agent"
	"iptvdc/protocol"
)

// evening is what one box is told in a while; played is when something played.
var evening = []struct {
	at     uint64 // s
	signal agent.Signal
}{
	{5, agent.Signal{Signal: "page", Page: "home"}},
	{10, agent.Signal{Signal: "click", Page: "home", Content: "film"}},
	{11, agent.Signal{Signal: "play", Mode: "vod", Content: "film"}},
	{12, agent.Signal{Signal: "first_frame"}},
	{200, agent.Signal{Signal: "speed", Speed: new(int32)}},
	{300, agent.Signal{Signal: "play", Mode: "live", Channel: "cctv1"}},
	{330, agent.Signal{Signal: "keys", Keys: 3}},
	{500, agent.Signal{Signal: "standby"}},
	{700, agent.Signal{Signal: "wake"}},
	{710, agent.Signal{Signal: "play", Mode: "live", Channel: "cctv2"}},
	{4700, agent.Signal{Signal: "stop"}},
	{4800, agent.Signal{Signal: "app", Content: "karaoke"}},
	{5000, agent.Signal{Signal: "page", Page: "home"}},
}

// playedUntil is how long something had played by ms.
func playedUntil(ms uint64) (total uint64) {
	for _, s := range [][2]uint64{{11, 500}, {710, 4700}, {4800, 5000}} {
		if ms > s[0]*1000 {
			total += min(ms, s[1]*1000) - s[0]*1000
		}
	}
	return total
}

// TestCutAtEveryWrite fails the power at every write to flash of an evening:
// before a commit, after it, in the middle of an alive mark, before and after it
// is synced; then, for each of these, at every write of the next start. Then the
// evening must have been told once, without overlaps, and no more than a minute
// of it is missing.
func TestCutAtEveryWrite(t *testing.T) {
	cuts := 0
	for _, forgets := range []bool{false, true} {
		for first := 0; ; first++ {
			var left bool
			for second := 0; second < 6; second++ {
				b, at, what := cutEvening(t, first, second, forgets)
				left = b == nil
				if left {
					break
				}
				cuts++
				checkCut(t, b, at, fmt.Sprintf("cut at write %d (%s), then at %d, forgets %v", first, what, second, forgets))
				if t.Failed() {
					return
				}
			}
			if left {
				break
			}
		}
	}
	t.Logf("%d pairs of cuts", cuts)
	if cuts < 500 {
		t.Errorf("only %d pairs of cuts: nothing was shown", cuts)
	}
}

// cutEvening lives the evening up to write number first, starts the next boot
// and fails there at write number second, and starts once more. No box: there
// are not so many writes.
func cutEvening(t *testing.T, first, second int, forgets bool) (b *box, at uint64, what string) {
	b = newBox(t)
	b.forgets = forgets
	b.start("boot 1")
	b.cut = func(w string) bool { first--; what = w; return first < 0 }
	for _, e := range evening {
		b.until(e.at * 1000)
		if b.off {
			break
		}
		err := b.signal(false, e.signal)
		if b.off {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if b.until(5100 * 1000); !b.off {
		return nil, 0, ""
	}
	at = b.clock.mono
	b.cut = func(string) bool { second--; return second < 0 }
	b.boot(false)
	if !b.off {
		_ = b.signal(false, agent.Signal{Signal: "channels", Channels: []agent.ChannelRow{{Number: 1, ID: "a"}}})
	}
	b.cut = nil
	b.boot(false)
	b.boot(false)
	return b, at, what
}

func checkCut(t *testing.T, b *box, at uint64, where string) {
	t.Helper()
	first := b.told[0].Boot
	offs, told, sum := 0, false, uint64(0)
	for i := range b.told {
		e := &b.told[i]
		if e.Boot != first {
			continue
		}
		if i > 0 && b.told[i-1].Boot != first {
			t.Errorf("%s: an event of the first boot after one of the next", where)
		}
		told = told || e.Kind != protocol.Identity && (e.Kind != protocol.PowerOn || e.Cause != protocol.CauseBoot)
		if e.Kind == protocol.PowerOff && e.Cause == protocol.CausePowerCut {
			offs++
		}
		if e.Kind == protocol.View {
			sum += e.DurationMs
		}
	}
	off := at >= 500*1000 && at < 700*1000 // standby
	if offs > 1 || offs == 0 && told && !off && at != 700*1000 {
		t.Errorf("%s: at %d ms, %d power cuts told", where, at, offs)
	}
	if want := playedUntil(at); sum > want || sum+60*1000 < want {
		t.Errorf("%s: at %d ms, %d ms of viewing told, of %d", where, at, sum, want)
	}
	checkTold(t, b.told, where)
}

// checkTold checks what holds for every history of one box: segments lie in
// their boot and never overlap, parts follow one another, traces come once,
// power goes on and off in turn, and nothing plays while it is off.
func checkTold(t interface {
	Helper()
	Errorf(string, ...any)
}, told []protocol.Event, where string) {
	t.Helper()
	type span struct{ from, to uint64 }
	spans := map[uint32][]span{}
	offs := map[uint32][]uint64{}
	traces := map[uint32]uint32{}
	var part *protocol.Event
	var on map[uint32]bool = map[uint32]bool{}
	for i := range told {
		e := &told[i]
		if err := e.Check(); err != nil {
			t.Errorf("%s: %v", where, err)
		}
		switch e.Kind {
		case protocol.Click:
			if e.Trace <= traces[e.Boot] {
				t.Errorf("%s: trace %d after %d", where, e.Trace, traces[e.Boot])
			}
			traces[e.Boot] = e.Trace
		case protocol.View:
			if e.DurationMs < minSegment || e.DurationMs > maxSegment {
				t.Errorf("%s: a segment of %d ms", where, e.DurationMs)
			}
			if e.Part > 0 && (part == nil || part.Boot != e.Boot || part.Part+1 != e.Part || part.End != protocol.EndContinue || part.Trace != e.Trace) {
				t.Errorf("%s: part %d has no part before it: %v", where, e.Part, say(e))
			}
			part = e
			spans[e.Boot] = append(spans[e.Boot], span{e.MonoMs - e.DurationMs, e.MonoMs})
		case protocol.PowerOn:
			if on[e.Boot] {
				t.Errorf("%s: switched on twice", where)
			}
			on[e.Boot] = true
		case protocol.PowerOff:
			if !on[e.Boot] {
				t.Errorf("%s: switched off twice", where)
			}
			on[e.Boot] = false
			offs[e.Boot] = append(offs[e.Boot], e.MonoMs)
		}
		if e.Trace > traces[e.Boot] {
			t.Errorf("%s: trace %d of no click: %v", where, e.Trace, say(e))
		}
	}
	for boot, all := range spans {
		slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
		for i, s := range all {
			if i > 0 && s.from < all[i-1].to {
				t.Errorf("%s: segments overlap: %v and %v", where, all[i-1], s)
			}
			for _, off := range offs[boot] {
				if s.from < off && off < s.to {
					t.Errorf("%s: something plays at %d, when the box went off: %v", where, off, s)
				}
			}
		}
	}
}

// TestTornMark: a mark that was not written whole leaves the one before; one of
// another length or with a flipped bit is none.
func TestTornMark(t *testing.T) {
	dir := t.TempDir()
	a := openAlive(dir)
	text := func() string {
		t.Helper()
		b, err := openAlive(dir).load()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if text() != "" {
		t.Error("a mark where none was made")
	}
	save := func(s string) {
		t.Helper()
		if err := a.save([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	save("one")
	save("two")
	if text() != "two" {
		t.Errorf("%q", text())
	}
	a.close()
	f, err := openFixed(dir+"/"+aliveName, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for bit := range 8 * (slotHead + len("two")) { // "two" has number 2: slot 0
		one := make([]byte, 1)
		if _, err := f.ReadAt(one, int64(bit/8)); err != nil {
			t.Fatal(err)
		}
		one[0] ^= 1 << (bit % 8)
		if _, err := f.WriteAt(one, int64(bit/8)); err != nil {
			t.Fatal(err)
		}
		if text() != "one" {
			t.Errorf("bit %d flipped: %q", bit, text())
		}
		one[0] ^= 1 << (bit % 8)
		if _, err := f.WriteAt(one, int64(bit/8)); err != nil {
			t.Fatal(err)
		}
	}
	b := openAlive(dir)
	if _, err := b.load(); err != nil {
		t.Fatal(err)
	}
	a = b
	save("three")
	if text() != "three" {
		t.Errorf("%q", text())
	}
	if err := a.save([]byte(strings.Repeat("x", slotBytes))); err == nil {
		t.Error("a mark above its slot is taken")
	}
	a.close()
}
