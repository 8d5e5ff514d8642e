package intake_test

import (
	"context"
	"testing"

	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/ledgertest"
	"iptvdc/protocol"
)

// FuzzReceive throws topics and payloads at an intake on the reference ledger.
// Whatever comes, there is no panic, each packet is accounted for once, an
// answer is a good ack on the box's own topic, and a good box gets through
// afterwards.
func FuzzReceive(f *testing.F) {
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 77)
	r := st.Next(3)
	topic, payload := packet(r)
	f.Add(topic, payload)
	f.Add(topic, future(payload))
	f.Add(topic, payload[:20])
	_, payload = packet(st.Tombstone(9))
	f.Add(topic, payload)
	_, payload = packet(st.Next(70_000))
	f.Add(topic, payload)
	f.Add("u1/33/zz/"+st.Route.Box, []byte{0xdd, 0xff, 0xff, 0xff, 0xff})
	f.Add("", []byte{})
	f.Fuzz(func(t *testing.T, topic string, payload []byte) {
		l := ledger.NewMemory()
		in := intake.New(l, intake.Config{})
		defer in.Close()
		for range 2 {
			ackTopic, ack, err := in.Receive(context.Background(), topic, payload, now)
			if err != nil {
				t.Fatal(err)
			}
			if ackTopic == "" {
				continue
			}
			route, err := protocol.ParseUpTopic(topic)
			if err != nil || ackTopic != protocol.AckTopic(route.Province, route.Box) {
				t.Fatalf("answered %q on %q", topic, ackTopic)
			}
			if _, err := new(protocol.Decoder).Ack(ack); err != nil {
				t.Fatalf("ack: %v", err)
			}
		}
		var accounted uint64
		for o := range in.Stats().Outcome {
			accounted += in.Stats().Outcome[o].Load()
		}
		for reason := range intake.Reasons {
			if reason != intake.Quarantined {
				accounted += in.Stats().Refused[reason].Load()
			}
		}
		if accounted != 2 || in.Stats().Packets.Load() != 2 {
			t.Fatalf("2 packets, %d accounted for", accounted)
		}
		good := ledgertest.NewStream(ledgertest.BoxID(99), 43, 5)
		topic, payload = packet(good.Next(1))
		if ackTopic, _, err := in.Receive(context.Background(), topic, payload, now); err != nil || ackTopic == "" {
			t.Fatalf("a good box: ack on %q, %v", ackTopic, err)
		}
	})
}
