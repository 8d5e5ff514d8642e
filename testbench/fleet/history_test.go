package fleet

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// TestHistory: every batch is one the centre would take, the chain holds, and
// the events are those that the truth says.
func TestHistory(t *testing.T) {
	var file bytes.Buffer
	end := monday + 3*aggregator.DayMs - 5*aggregator.HourMs
	c := HistoryConfig{Boxes: 120, Seed: 5, EndMs: end, Truth: NewTruth(&file, TruthHead{Seed: 5}), BatchEvents: 60}
	type stream struct {
		no, seq uint64
		chain   protocol.Chain
	}
	streams := make(map[string]stream)
	var d protocol.Decoder
	var lines []byte
	events, err := History(t.Context(), c, 3, func(topic string, packet []byte, atMs int64) error {
		r, err := protocol.ParseUpTopic(topic)
		if err != nil {
			t.Fatal(err)
		}
		b, err := d.Batch(packet)
		if err != nil {
			t.Fatal(err)
		}
		s := streams[r.Box]
		if b.No != s.no+1 || b.First != s.seq+1 || b.Prev != s.chain {
			t.Fatalf("box %s: batch %d does not follow", r.Box, b.No)
		}
		streams[r.Box] = stream{b.No, b.Last(), b.Sealed.Chain()}
		if atMs > end || atMs < monday {
			t.Fatalf("delivered at %d", atMs)
		}
		got, err := d.Events(&b.Sealed)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			lines = protocol.AppendJSON(append(append(lines, r.Box...), ' '), &got[i])
			lines = append(lines, '\n')
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	truth := strings.Split(strings.TrimSpace(file.String()), "\n")[1:]
	sent := strings.Split(strings.TrimSpace(string(lines)), "\n")
	if len(truth) != int(events) || len(sent) != int(events) || events < 10_000 {
		t.Fatalf("%d events, %d in the truth, %d sent", events, len(truth), len(sent))
	}
	for i, line := range truth {
		box, e, _ := strings.Cut(sent[i], " ")
		if !strings.Contains(line, `"b":"`+box+`"`) || !strings.HasSuffix(line, `,"e":`+e+"}") {
			t.Fatalf("line %d: truth %s, sent %s", i+2, line, sent[i])
		}
	}
}

// TestRenewed: every box boots in one of the nights more than a week before the first
// day, and sleeps again; its days begin out of that standby.
func TestRenewed(t *testing.T) {
	const boxes, nights = 300, 7
	type life struct {
		boot   uint32
		before []protocol.Kind
		first  protocol.Kind
		night  int64
		cause  protocol.Cause
	}
	lives := map[string]*life{}
	byNight := map[int64]int{}
	var d protocol.Decoder
	lastMs := int64(0)
	_, err := History(t.Context(), HistoryConfig{Boxes: boxes, Seed: 5, EndMs: monday + 2*aggregator.DayMs, Renewed: nights}, 2, func(topic string, packet []byte, atMs int64) error {
		r, err := protocol.ParseUpTopic(topic)
		if err != nil {
			t.Fatal(err)
		}
		b, err := d.Batch(packet)
		if err != nil {
			t.Fatal(err)
		}
		events, err := d.Events(&b.Sealed)
		if err != nil {
			t.Fatal(err)
		}
		if atMs < lastMs-aggregator.DayMs {
			t.Fatalf("delivered at %d after %d", atMs, lastMs)
		}
		lastMs = max(lastMs, atMs)
		l := lives[r.Box]
		if l == nil {
			l = &life{}
			lives[r.Box] = l
		}
		for i := range events {
			e := &events[i]
			if atMs <= monday { // of a day before
				l.before = append(l.before, e.Kind)
				l.boot = e.Boot
				if e.Kind == protocol.ClockSync {
					since := int64(e.WallMs) - (monday - (7+nights)*aggregator.DayMs)
					l.night = since / aggregator.DayMs
					if hour := since % aggregator.DayMs / aggregator.HourMs; hour < 2 || hour >= 4 {
						t.Errorf("box %s: renewed at %d h", r.Box, hour)
					}
				}
				continue
			}
			if l.first == 0 && e.Kind != protocol.Running { // an update is told of before the boot it ends with
				l.first, l.cause = e.Kind, e.Cause
				if e.Boot != l.boot {
					t.Errorf("box %s: its days begin in boot %d, it slept in %d", r.Box, e.Boot, l.boot)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	begun := 0
	for box, l := range lives {
		if !slices.Equal(l.before, []protocol.Kind{protocol.Identity, protocol.ClockSync, protocol.PowerOn, protocol.PowerOff}) {
			t.Errorf("box %s: before its days %v", box, l.before)
		}
		byNight[l.night]++
		if l.first != 0 {
			begun++
			if l.first != protocol.PowerOn || l.cause != protocol.CauseWake {
				t.Errorf("box %s: its days begin with %v, cause %v", box, l.first, l.cause)
			}
		}
	}
	if len(lives) != boxes || begun < boxes/2 || len(byNight) != nights {
		t.Errorf("%d boxes heard of, %d in the days after, nights %v", len(lives), begun, byNight)
	}
	if _, err := NewTown(TownConfig{Boxes: 1, StartMs: monday, Renewed: 15}); err == nil {
		t.Error("15 nights were accepted")
	}
}

// TestRenewedOrder: moments of a town whose boxes were renewed come in order, too.
func TestRenewedOrder(t *testing.T) {
	tw, err := NewTown(TownConfig{Boxes: 200, Seed: 3, StartMs: monday, Renewed: 5})
	if err != nil {
		t.Fatal(err)
	}
	var m Moment
	last, n := int64(0), 0
	for ; tw.Next(monday+aggregator.DayMs/2, &m); n++ {
		if m.NowMs < last {
			t.Fatalf("moment at %d after %d", m.NowMs, last)
		}
		last = m.NowMs
	}
	if n < 1000 {
		t.Errorf("%d moments", n)
	}
}

func TestHistoryStops(t *testing.T) {
	c := HistoryConfig{Boxes: 10, Seed: 5, EndMs: monday}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := History(ctx, c, 3, func(string, []byte, int64) error { return nil }); err != context.Canceled {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if _, err := History(t.Context(), c, 0, nil); err == nil {
		t.Error("0 days were accepted")
	}
}

func BenchmarkHistory(b *testing.B) {
	for b.Loop() {
		bytes := 0
		n, err := History(b.Context(), HistoryConfig{Boxes: 2000, Seed: 1, EndMs: monday}, 3, func(_ string, p []byte, _ int64) error {
			bytes += len(p)
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds()*float64(1), "events/s")
		b.ReportMetric(float64(bytes)/float64(n), "bytes/event")
	}
}
