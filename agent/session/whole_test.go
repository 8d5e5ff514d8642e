package session

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"iptvdc/agent"
	"iptvdc/protocol"
)

// watched is a play as raw figures see it.
type watched struct {
	Mode    protocol.Mode
	Content string
	Ms      uint64 // at any speed
	End     protocol.End
	EndAt   uint64
	Counts  bool // its first part is long enough for the centre
}

// playsOf joins the parts of plays.
func playsOf(told []protocol.Event) (all []watched) {
	for i := range told {
		e := &told[i]
		if e.Kind != protocol.View {
			continue
		}
		if e.Part == 0 {
			all = append(all, watched{Mode: e.Mode, Content: e.Content, Counts: e.DurationMs > 3000})
		}
		w := &all[len(all)-1]
		w.Ms, w.End, w.EndAt = w.Ms+e.DurationMs, e.End, e.MonoMs
	}
	return all
}

// TestTelevisionAndJumpsCostNothing: whatever the television does and wherever
// the player jumps, plays, their time and their ends are as without.
func TestTelevisionAndJumpsCostNothing(t *testing.T) {
	cuts := 0
	rapid.Check(t, func(r *rapid.T) {
		with, without := newBox(t), newBox(t)
		with.start("boot 1")
		without.start("boot 1")
		now := uint64(0)
		for range rapid.IntRange(1, 60).Draw(r, "n") {
			now += rapid.Uint64Range(0, 1000*rapid.SampledFrom([]uint64{1, 2, 5, 60, 700, 4000}).Draw(r, "scale")).Draw(r, "ms")
			with.until(now)
			without.until(now)
			s := agent.Signal{Signal: rapid.SampledFrom([]string{"play", "tv", "tv", "tv", "seek", "seek", "speed", "error", "flow", "stop", "end", "standby", "wake"}).Draw(r, "signal")}
			switch s.Signal {
			case "play":
				s.Mode, s.Content = rapid.SampledFrom([]string{"live", "vod", "catchup"}).Draw(r, "mode"), rapid.SampledFrom([]string{"a", "b"}).Draw(r, "content")
			case "tv":
				s.TV = rapid.SampledFrom(allTVNews).Draw(r, "tv").String()
			case "seek":
				s.Position, _ = anyPlace(r)
				if s.Position == nil {
					s.Position = new(uint64)
				}
			case "speed":
				v := rapid.SampledFrom([]int32{0, 100, 100, 800}).Draw(r, "speed")
				s.Speed = &v
			}
			if err := with.signal(false, s); err != nil {
				r.Fatal(err)
			}
			if s.Signal == "tv" || s.Signal == "seek" {
				continue
			}
			if err := without.signal(false, s); err != nil {
				r.Fatal(err)
			}
		}
		for _, b := range []*box{with, without} {
			b.until(now + 60_000)
			if err := b.signal(false, agent.Signal{Signal: "standby"}); err != nil {
				r.Fatal(err)
			}
		}
		checkTold(r, with.told, "with")
		for i := range with.told {
			if e := &with.told[i]; i > 0 && e.Kind == protocol.View && e.Part > 0 && e.TV != with.told[i-1].TV {
				cuts++
			}
		}
		if diff := cmp.Diff(playsOf(without.told), playsOf(with.told)); diff != "" {
			r.Errorf("without - and with +:\n%s", diff)
		}
	})
	if cuts == 0 && !testing.Short() {
		t.Error("the television cut nothing: nothing was shown")
	}
}

// TestFirstVersion: an agent that was updated during a boot goes on with the
// state that the one before it kept.
func TestFirstVersion(t *testing.T) {
	want := state{Boot: "b", Seq: 5, Active: true, At: 50, Alive: 100, Sign: 60,
		Play: play{Mode: protocol.ModeVOD, Channel: "c", Content: "film", Asked: 10, Start: 20, Speed: 100, Part: 2, Failed: 70}}
	old := append([]byte{1}, appendTexts(nil, want.Boot, "", want.Play.Channel, want.Play.Content, "")...)
	for _, v := range want.numbers()[:firstNumbers] {
		old = binary.AppendUvarint(old, v)
	}
	if got, err := decodeState(old); err != nil || got != want {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	if _, err := decodeState(append(old, 0)); err == nil {
		t.Error("a first version with something behind it is taken")
	}
}
