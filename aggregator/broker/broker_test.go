package broker_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/ledgertest"
	"iptvdc/protocol"
)

// A way brings a box's packets to the intake; the tests below hold for both.
type way struct {
	url    string
	ledger *flaky
}

func bothWays(t *testing.T, test func(t *testing.T, w way)) {
	t.Run("Embedded", func(t *testing.T) {
		l := &flaky{Memory: ledger.NewMemory()}
		b := embed(t, broker.Config{}, newIntake(t, l))
		test(t, way{"tcp://" + b.Addr(), l})
	})
	t.Run("External", func(t *testing.T) {
		l := &flaky{Memory: ledger.NewMemory()}
		in := newIntake(t, l)
		s, address := foreign(t, "127.0.0.1:0")
		t.Cleanup(func() { s.Close() })
		k := consume(t, broker.ConsumerConfig{URL: "tcp://" + address}, in)
		eventually(t, "consumer ready", k.Ready)
		test(t, way{"tcp://" + address, l})
	})
}

// [S3, S4, S5] every verdict reaches the box, on one connection.
func TestVerdicts(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 7<<50)
		b := mustConnect(t, dial{url: w.url}, st)
		first, second, third := st.Next(3), st.Next(4), st.Next(5)
		b.send(second)
		b.ack(protocol.AckGap, 0)
		b.send(first)
		if a := b.ack(protocol.AckOK, 1); a.Chain != first.Batch.Sealed.Chain() || a.ServerMs == 0 {
			t.Errorf("ack %+v", a)
		}
		b.send(first)
		b.ack(protocol.AckOK, 1)
		b.send(second)
		b.ack(protocol.AckOK, 2)

		topic := protocol.UpTopic(33, st.Route.Box)
		b.client.Publish(topic, 1, false, []byte("no batch")) // counted, no ack
		b.client.Publish(topic, 1, false, []byte{})
		b.client.Publish(topic, 1, false, bytes.Repeat([]byte{0xdd, 0xff}, 3000))
		poison := third
		poison.Batch.Codec = 99
		b.send(poison)
		b.ack(protocol.AckQuarantined, 3)
		b.send(st.Next(1))
		b.ack(protocol.AckOK, 4)

		gaps, err := w.ledger.Gaps(context.Background())
		want := ledger.Gaps{Province: 33, Streams: 1, Boxes: 1, Received: 8, Quarantine: 5}
		if err != nil || len(gaps) != 1 || gaps[0] != want {
			t.Errorf("gaps %+v, %v", gaps, err)
		}
	})
}

// [S6] while the ledger cannot store, boxes hear busy and lose nothing; then
// the same connection goes on.
func TestLedgerAway(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 7)
		b := mustConnect(t, dial{url: w.url}, st)
		w.ledger.set(errDiskFull)
		first, second := st.Next(3), st.Next(4)
		for range 50 { // more than a broker's window of unacknowledged packets
			b.send(first)
			if a := b.ack(protocol.AckBusy, 0); a.RetryS == 0 {
				t.Fatal("busy without a time to wait")
			}
		}
		w.ledger.set(nil)
		b.send(first)
		b.ack(protocol.AckOK, 1)
		b.send(second)
		b.ack(protocol.AckOK, 2)
	})
}

// Many boxes at once, windows of four: each batch is stored once.
func TestManyBoxes(t *testing.T) {
	bothWays(t, func(t *testing.T, w way) {
		const boxes, batches, window = 25, 20, 4
		var wg sync.WaitGroup
		for i := range boxes {
			st := ledgertest.NewStream(ledgertest.BoxID(i), 33, uint64(i+1)<<40)
			b := mustConnect(t, dial{url: w.url}, st)
			wg.Go(func() {
				sent := 0
				for through := range uint64(batches) {
					for ; sent < batches && sent < int(through)+window; sent++ {
						b.send(st.Next(1))
					}
					select {
					case a := <-b.acks:
						if a.Code != protocol.AckOK || a.Through != through+1 {
							t.Errorf("box %d: ack %+v, want through %d", i, a, through+1)
							return
						}
					case err := <-b.lost:
						t.Errorf("box %d: %v", i, err)
						return
					}
				}
			})
		}
		wg.Wait()
		gaps, err := w.ledger.Gaps(context.Background())
		want := fmt.Sprint([]ledger.Gaps{{Province: 33, Streams: boxes, Boxes: boxes, Received: boxes * batches}})
		if err != nil || fmt.Sprint(gaps) != want {
			t.Errorf("gaps %v, %v; want %v", gaps, err, want)
		}
	})
}
