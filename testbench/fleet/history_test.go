package fleet

import (
	"bytes"
	"context"
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
