package peers_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
	_ "modernc.org/sqlite"

	"iptvdc/protocol"
)

// BenchmarkPlainWay is what one would write in an afternoon: a subscriber that
// puts each message into SQLite in a transaction of its own and then
// acknowledges it. Same packets, same durability (WAL, synchronous=FULL), same
// kind of clients as the upload benchmark of aggregator/broker; no marks, no
// gaps, no acks to the boxes, and the broker's PUBACK comes before the commit.
func BenchmarkPlainWay(b *testing.B) {
	for _, events := range []int{20, 200} {
		b.Run(fmt.Sprintf("events=%d", events), func(b *testing.B) { benchmarkPlainWay(b, events) })
	}
}

func benchmarkPlainWay(b *testing.B, events int) {
	const clients, window = 200, 4
	address := plainBroker(b)
	db, err := sql.Open("sqlite", filepath.Join(b.TempDir(), "plain.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE message (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL)`); err != nil {
		b.Fatal(err)
	}
	insert, err := db.Prepare(`INSERT INTO message (topic, payload) VALUES (?, ?)`)
	if err != nil {
		b.Fatal(err)
	}
	defer insert.Close()
	stored := make(chan struct{}, clients*window)
	dial(b, address, "consumer", mqtt.NewClientOptions().SetAutoAckDisabled(true).SetOrderMatters(true), func(c mqtt.Client) mqtt.Token {
		return c.Subscribe("u1/+/+/+", 1, func(_ mqtt.Client, m mqtt.Message) {
			if _, err := insert.Exec(m.Topic(), m.Payload()); err != nil {
				b.Error(err)
			}
			m.Ack()
			stored <- struct{}{}
		})
	})
	var senders []mqtt.Client
	for i := range clients {
		senders = append(senders, dial(b, address, fmt.Sprintf("box%d", i), mqtt.NewClientOptions(), nil))
	}
	packet := plainPacket(b, events)
	room := make(chan struct{}, clients*window) // as many under way as with acks
	var left atomic.Int64
	left.Store(int64(b.N))
	busy := cpuTime(b)
	b.ResetTimer()
	var wg sync.WaitGroup
	for i, c := range senders {
		topic := protocol.UpTopic(33, fmt.Sprintf("box%017d", i))
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				room <- struct{}{}
				c.Publish(topic, 1, false, packet)
			}
		})
	}
	deadline := time.After(10 * time.Minute)
	for range b.N {
		select {
		case <-stored:
			<-room
		case <-deadline:
			b.Fatal("messages got lost on the way")
		}
	}
	b.StopTimer()
	busy = cpuTime(b) - busy
	wg.Wait()
	seconds := b.Elapsed().Seconds()
	b.ReportMetric(float64(busy.Microseconds())/float64(b.N), "cpu-µs/batch")
	b.ReportMetric(float64(b.N)/seconds, "batches/s")
	b.ReportMetric(float64(b.N*events)/seconds, "events/s")
}

type allowAll struct{ mochi.HookBase }

func (*allowAll) ID() string { return "allow-all" }

func (*allowAll) Provides(b byte) bool {
	return b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck
}

func (*allowAll) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool { return true }

func (*allowAll) OnACLCheck(*mochi.Client, string, bool) bool { return true }

func plainBroker(b *testing.B) string {
	b.Helper()
	s := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
	l := listeners.NewTCP(listeners.Config{ID: "tcp", Address: "127.0.0.1:0"})
	if err := s.AddHook(new(allowAll), nil); err != nil {
		b.Fatal(err)
	}
	if err := s.AddListener(l); err != nil {
		b.Fatal(err)
	}
	if err := s.Serve(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return "tcp://" + l.Address()
}

func dial(b *testing.B, address, id string, o *mqtt.ClientOptions, subscribe func(mqtt.Client) mqtt.Token) mqtt.Client {
	b.Helper()
	c := mqtt.NewClient(o.AddBroker(address).SetClientID(id).SetProtocolVersion(4).SetCleanSession(true).SetAutoReconnect(false))
	token := c.Connect()
	if token.Wait() && token.Error() != nil {
		b.Fatal(token.Error())
	}
	b.Cleanup(func() { c.Disconnect(0) })
	if subscribe != nil {
		if token := subscribe(c); token.Wait() && token.Error() != nil {
			b.Fatal(token.Error())
		}
	}
	return c
}

// plainPacket is a packet with events of an evening.
func plainPacket(b *testing.B, n int) []byte {
	b.Helper()
	events := make([]protocol.Event, n)
	for i := range events {
		events[i] = protocol.Event{
			Kind: protocol.Click, Boot: 7, Serial: 12345, MonoMs: uint64(60_000 + i*7_919),
			Page: fmt.Sprintf("epg/home/%d", i%9), Area: "main", Slot: uint32(1 + i%12), Content: fmt.Sprintf("PROG%04x", i*40503%65536),
		}
	}
	var encoder protocol.Encoder
	codec, body, err := encoder.Body(events)
	if err != nil {
		b.Fatal(err)
	}
	return protocol.AppendBatch(nil, &protocol.Sealed{Epoch: 1, No: 1, First: 1, N: uint32(n), Codec: codec, Body: body}, &protocol.Envelope{Floor: 1})
}

// cpuTime is what the process has used so far: on a machine that others use
// too it says more than the clock.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
