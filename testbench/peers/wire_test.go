package peers_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"testing"
	"time"

	"iptvdc/protocol"
	"iptvdc/testbench/fleet"
)

// mqttBytes is what MQTT 3.1.1 puts around a payload at QoS 1: fixed header
// with a two-byte length, topic with its length, packet id.
func mqttBytes(topic string, payload int) int { return 3 + 2 + len(topic) + 2 + payload }

// BenchmarkWire packs the same households' events in our way and as JSON, plain
// and gzipped, in batches of 20 and 200; bytes an event, MQTT framing included.
func BenchmarkWire(b *testing.B) {
	streams := households(b, 40)
	f := func(name string, pack func(*testing.B, []protocol.Event) int) {
		for _, n := range []int{20, 200} {
			b.Run(fmt.Sprintf("%s-%d", name, n), func(b *testing.B) {
				var total, events int
				for b.Loop() {
					total, events = 0, 0
					for box, all := range streams {
						for ; len(all) >= n; all = all[n:] {
							total += mqttBytes(protocol.UpTopic(33, box), pack(b, all[:n]))
							events += n
						}
					}
				}
				b.ReportMetric(float64(total)/float64(events), "wire-B/event")
			})
		}
	}
	var enc protocol.Encoder
	f("ours", func(b *testing.B, events []protocol.Event) int {
		codec, body, err := enc.Body(events)
		if err != nil {
			b.Fatal(err)
		}
		first := events[0].MonoMs
		s := protocol.Sealed{Epoch: 1 << 63, No: 100, First: 5000, N: uint32(len(events)), Codec: codec, Body: body}
		e := protocol.Envelope{Floor: 100, Boot: 1 << 30, UpMs: first, WallMs: uint64(time.Now().UnixMilli())}
		return len(protocol.AppendBatch(nil, &s, &e))
	})
	f("json", func(_ *testing.B, events []protocol.Event) int { return len(asJSON(events)) })
	f("json-gzip", func(b *testing.B, events []protocol.Event) int {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		if _, err := w.Write(asJSON(events)); err != nil {
			b.Fatal(err)
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		return out.Len()
	})
}

func asJSON(events []protocol.Event) []byte {
	text := []byte{'['}
	for i := range events {
		if i > 0 {
			text = append(text, ',')
		}
		text = protocol.AppendJSON(text, &events[i])
	}
	return append(text, ']')
}

// households returns the events of boxes over four days, box by box.
func households(b *testing.B, boxes int) map[string][]protocol.Event {
	b.Helper()
	town, err := fleet.NewTown(fleet.TownConfig{Boxes: boxes, Seed: 7, StartMs: 1_760_000_000_000})
	if err != nil {
		b.Fatal(err)
	}
	streams := make(map[string][]protocol.Event)
	var m fleet.Moment
	for town.Next(1_760_000_000_000+4*24*3600*1000, &m) {
		box := town.Home(m.Box).Box
		streams[box] = append(streams[box], m.Events...)
	}
	return streams
}
