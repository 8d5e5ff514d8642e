package protocol_test

import (
	"fmt"
	"testing"

	"iptvdc/protocol"
)

// wireSize is what batches of n events cost on average over many households,
// in bytes an event: the packet and MQTT's fixed header, topic and packet id.
func wireSize(tb testing.TB, n, batches int) (total, body float64) {
	tb.Helper()
	var enc protocol.Encoder
	bytes, packed, events := 0, 0, 0
	for seed := range uint64(batches) {
		h := newHousehold(seed)
		s := protocol.Sealed{Epoch: 0x9b3c5d7e8f102132 + seed, First: 1, UID: protocol.UID{15: byte(seed)}}
		for range 4000/n + 1 {
			s.No++
			var err error
			s.N = uint32(n)
			s.Codec, s.Body, err = enc.Body(h.events(n))
			if err != nil {
				tb.Fatal(err)
			}
			packet := protocol.AppendBatch(nil, &s, &protocol.Envelope{Floor: s.No, Boot: 77, UpMs: 5_000_000, WallMs: 1795347600000})
			s.First += uint64(n)
			s.Prev = s.Chain()
			remaining := 2 + len(protocol.UpTopic(33, h.box)) + 2 + len(packet)
			header := 2
			if remaining > 127 {
				header = 3
			}
			bytes += header + remaining
			packed += len(s.Body)
			events += n
		}
	}
	return float64(bytes) / float64(events), float64(packed) / float64(events)
}

// What the wire may take of this mix: 23 bytes an event in batches of 20, 10 in
// batches of 200, MQTT's framing and a topic of 32 bytes included.
func TestWireSize(t *testing.T) {
	for n, most := range map[int]float64{20: 23, 200: 10} {
		total, body := wireSize(t, n, 20)
		t.Logf("batches of %d: %.2f bytes an event, %.2f of them body", n, total, body)
		if total > most {
			t.Errorf("batches of %d: %.2f bytes an event, at most %.0f", n, total, most)
		}
	}
}

func BenchmarkWireSize(b *testing.B) {
	for _, n := range []int{20, 200} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var total float64
			for b.Loop() {
				total, _ = wireSize(b, n, 4)
			}
			b.ReportMetric(total, "wire-B/event")
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{20, 200} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			events := newHousehold(1).events(n)
			var enc protocol.Encoder
			for b.Loop() {
				if _, _, err := enc.Body(events); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, n := range []int{20, 200} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			events := newHousehold(1).events(n)
			var enc protocol.Encoder
			codec, body, err := enc.Body(events)
			if err != nil {
				b.Fatal(err)
			}
			s := protocol.Sealed{N: uint32(n), Codec: codec, Body: body}
			var dec protocol.Decoder
			b.ReportAllocs()
			for b.Loop() {
				if _, err := dec.Events(&s); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
