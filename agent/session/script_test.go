package session

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"iptvdc/agent"
	"iptvdc/protocol"
)

// TestScripts plays what testdata says, see the README there.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(f), ".txt")
		for i, script := range strings.Split(string(text), "\n\n") {
			lines := strings.Split(strings.TrimSpace(script), "\n")
			t.Run(fmt.Sprint(name, " ", i+1, " ", strings.Trim(lines[0], "# ")), func(t *testing.T) { play1(t, lines) })
		}
	}
}

// play1 plays one script and compares what was recorded.
func play1(t *testing.T, lines []string) {
	b := newBox(t)
	b.start("boot 1")
	b.told = nil // the first power-on
	var want [][]string
	for _, line := range lines {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if words[0] == "want" {
			want = append(want, words[1:])
			continue
		}
		if err := step(b, words); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	var got [][]string
	for i := range b.told {
		if w := say(&b.told[i]); w != nil {
			got = append(got, w)
		}
	}
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(want):
			t.Errorf("and %s", strings.Join(got[i], " "))
		case i >= len(got):
			t.Errorf("nothing, want %s", strings.Join(want[i], " "))
		default:
			for _, w := range want[i] {
				if !slices.Contains(got[i], w) {
					t.Errorf("%s\nwant %s", strings.Join(got[i], " "), strings.Join(want[i], " "))
					break
				}
			}
		}
	}
}

// step does one line: a time, what happens, and its particulars.
func step(b *box, words []string) error {
	at, err := strconv.ParseFloat(words[0], 64)
	if err != nil {
		return err
	}
	b.until(uint64(at * 1000))
	s, page := agent.Signal{Signal: words[1]}, false
	for i, w := range words[2:] {
		name, value, named := strings.Cut(w, "=")
		if !named {
			if i > 0 {
				return fmt.Errorf("%q", w)
			}
			name, value = map[string]string{"play": "mode", "shift": "mode", "speed": "speed", "keys": "keys", "error": "error", "order": "id",
				"app": "content", "tv": "tv", "seek": "position", "boot": "as", "clock": "wall", "suspend": "for"}[words[1]], w
			if name == "" {
				name = "page"
			}
		}
		n, _ := strconv.ParseFloat(strings.TrimSuffix(value, "s"), 64)
		switch name {
		case "mode":
			s.Mode = value
		case "content":
			s.Content = value
		case "channel":
			s.Channel = value
		case "number":
			s.Number = uint32(n)
		case "speed":
			v := int32(n)
			s.Speed = &v
		case "keys":
			s.Keys = uint32(n)
		case "error":
			s.Error = value
		case "tv":
			s.TV = value
		case "position":
			ms := uint64(n * 1000)
			s.Position = &ms
		case "length":
			s.Length = uint64(n * 1000)
		case "page":
			s.Page = value
		case "product":
			s.Product = value
		case "id":
			s.OrderID = value
		case "result":
			s.Result = value
		case "fen":
			s.Fen = uint64(n)
		case "account":
			s.Account = value
		case "ago":
			s.AgoMs = uint64(n * 1000)
		case "by":
			page = value == "page"
		case "as", "wall", "for":
		case "table":
			for row := range strings.SplitSeq(value, ",") {
				number, id, _ := strings.Cut(row, ":")
				n, _ := strconv.Atoi(number)
				s.Channels = append(s.Channels, agent.ChannelRow{Number: uint32(n), ID: id})
			}
		default:
			return fmt.Errorf("%q", w)
		}
	}
	switch words[1] {
	case "nothing":
		return nil
	case "suspend":
		n, err := strconv.ParseUint(strings.TrimSuffix(words[2], "s"), 10, 64)
		b.clock.mono += n * 1000
		b.clock.asleep += n * 1000
		return err
	case "cut":
		b.boot(false)
	case "off":
		b.boot(true)
	case "kill", "restart":
		b.restart(words[1] == "kill")
	case "clock":
		n, err := strconv.ParseUint(words[2], 10, 64)
		b.clock.wall = n
		return err
	default:
		return b.signal(page, s)
	}
	return nil
}

// say puts an event into the words of a script; nil: scripts do not show it.
func say(e *protocol.Event) []string {
	w := []string{e.Kind.String(), fmt.Sprintf("at=%gs", float64(e.MonoMs)/1000), fmt.Sprint("by=", e.Source), fmt.Sprint("trace=", e.Trace)}
	add := func(name string, v any) { w = append(w, fmt.Sprint(name, "=", v)) }
	seconds := func(ms uint64) string { return fmt.Sprintf("%gs", float64(ms)/1000) }
	switch e.Kind {
	case protocol.View:
		w = append(w, e.Mode.String(), e.Channel, e.Content, seconds(e.DurationMs))
		add("end", e.End)
		add("speed", e.Speed)
		add("part", e.Part)
		add("keys", e.Keys)
		add("idle", seconds(e.IdleMs))
		add("tv", e.TV)
		add("length", e.LengthS)
		add("pos", "unknown")
		if e.PositionMs > 0 {
			w[len(w)-1] = "pos=" + seconds(e.PositionMs-1)
		}
	case protocol.Playback:
		w = append(w, e.Mode.String(), e.Channel, e.Content)
		add("start", seconds(e.StartMs))
		add("stalls", e.Stalls)
		add("stalled", seconds(e.StallMs))
		add("errors", e.Errors)
		add("error", e.Error)
	case protocol.PowerOn, protocol.PowerOff:
		w = append(w, e.Cause.String())
	case protocol.Order, protocol.OrderPage:
		w = append(w, e.OrderID, e.Page)
		add("result", e.Result)
	case protocol.Identity:
		if e.MonoMs == 0 || e.Account == "a" {
			return nil // told at each start
		}
		add("account", e.Account)
	case protocol.PageView, protocol.Impression, protocol.Click:
		return nil
	}
	return w
}
