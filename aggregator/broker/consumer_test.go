package broker_test

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/ledgertest"
	"iptvdc/protocol"
)

// A broker that goes away and comes back, empty, is consumed again.
func TestBrokerRestart(t *testing.T) {
	l := ledger.NewMemory()
	in := newIntake(t, l)
	s, address := foreign(t, "127.0.0.1:0")
	k := consume(t, broker.ConsumerConfig{URL: "tcp://" + address}, in)
	eventually(t, "consumer ready", k.Ready)
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 7)
	b := mustConnect(t, dial{url: "tcp://" + address}, st)
	b.send(st.Next(1))
	b.ack(protocol.AckOK, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b.hungUp()
	eventually(t, "loss noticed", func() bool { return !k.Ready() && k.Stats().Losses.Load() == 1 })
	again, _ := foreign(t, address)
	t.Cleanup(func() { again.Close() })
	eventually(t, "consumer ready again", k.Ready)
	b = mustConnect(t, dial{url: "tcp://" + address}, st)
	b.send(st.Next(1))
	b.ack(protocol.AckOK, 2)
}

// Two consumers that share the shards see every box once.
func TestShards(t *testing.T) {
	s, address := foreign(t, "127.0.0.1:0")
	t.Cleanup(func() { s.Close() })
	url := "tcp://" + address
	l := ledger.NewMemory()
	low, high := newIntake(t, l), newIntake(t, l)
	lowShards := []broker.ShardRange{{From: 0, To: 0x3f}, {From: 0x40, To: 0x7f}}
	a := consume(t, broker.ConsumerConfig{URL: url, ClientID: "low", Shards: lowShards}, low)
	c := consume(t, broker.ConsumerConfig{URL: url, ClientID: "high", Shards: []broker.ShardRange{{From: 0x80, To: 0xff}}}, high)
	eventually(t, "consumers ready", func() bool { return a.Ready() && c.Ready() })
	want := map[bool]uint64{}
	for i := range 12 {
		st := ledgertest.NewStream(ledgertest.BoxID(i), 33, 7)
		b := mustConnect(t, dial{url: url}, st)
		b.send(st.Next(1))
		b.ack(protocol.AckOK, 1)
		want[st.Route.Shard < 0x80]++
	}
	if got := low.Stats().Packets.Load(); got != want[true] || got == 0 {
		t.Errorf("low shards: %d packets, want %d", got, want[true])
	}
	if got := high.Stats().Packets.Load(); got != want[false] || got == 0 {
		t.Errorf("high shards: %d packets, want %d", got, want[false])
	}
}

// What is in the intake at Close is still answered.
func TestCloseAnswers(t *testing.T) {
	l := ledger.NewMemory()
	s, address := foreign(t, "127.0.0.1:0")
	t.Cleanup(func() { s.Close() })
	k := consume(t, broker.ConsumerConfig{URL: "tcp://" + address}, newIntake(t, l))
	eventually(t, "consumer ready", k.Ready)
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 7)
	b := mustConnect(t, dial{url: "tcp://" + address}, st)
	for range 20 {
		b.send(st.Next(1))
	}
	eventually(t, "first packets taken", func() bool { return k.Stats().Uploads.Load() > 0 })
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	taken := k.Stats().Uploads.Load()
	for through := range taken {
		b.ack(protocol.AckOK, through+1)
	}
}

// Brokers that build subjects or queues of client ids refuse dots in them.
func TestConsumerClientIDs(t *testing.T) {
	s, address := foreign(t, "127.0.0.1:0")
	t.Cleanup(func() { s.Close() })
	k := consume(t, broker.ConsumerConfig{URL: "tcp://" + address}, newIntake(t, ledger.NewMemory()))
	eventually(t, "consumer ready", k.Ready)
	plain := regexp.MustCompile(`^aggregator-[0-9a-z]{8}-(in|out)$`)
	found := 0
	for id, client := range s.Clients.GetAll() {
		if client.Net.Inline {
			continue
		}
		if found++; !plain.MatchString(id) {
			t.Errorf("client id %q", id)
		}
	}
	if found != 2 {
		t.Errorf("%d clients, want 2", found)
	}
}

// A broker that does not let the aggregator in is named in the log with its
// reason, and not at every try.
func TestConsumerSaysWhyNot(t *testing.T) {
	b := embed(t, broker.Config{}, newIntake(t, ledger.NewMemory())) // lets in boxes only
	var log lockedBuffer
	k := consume(t, broker.ConsumerConfig{URL: "tcp://" + b.Addr(), User: "aggregator", MaxReconnect: 50 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(&log, nil))}, newIntake(t, ledger.NewMemory()))
	eventually(t, "some tries failed", func() bool { return k.Stats().Failures.Load() >= 4 })
	if k.Ready() {
		t.Error("ready without a connection")
	}
	if n := strings.Count(log.String(), "no connection to the broker"); n != 1 || !strings.Contains(strings.ToLower(log.String()), "not authorized") {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
}

// lockedBuffer is a bytes.Buffer for many goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestConsumerConfig(t *testing.T) {
	f := func(c broker.ConsumerConfig, word string) {
		t.Helper()
		_, err := broker.Consume(c, nil)
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%+v: %v, want an error about %q", c, err, word)
		}
	}
	f(broker.ConsumerConfig{URL: "http://127.0.0.1:1"}, "scheme \"http\", allowed tcp and tls")
	f(broker.ConsumerConfig{URL: "tcp://127.0.0.1"}, "no port")
	f(broker.ConsumerConfig{URL: "tcp://127.0.0.1:1", ClientID: strings.Repeat("x", 61)}, "client id")
	f(broker.ConsumerConfig{URL: "tcp://127.0.0.1:1", Shards: []broker.ShardRange{{From: 3, To: 2}}}, "03-02")
}

// Profiles and commands go out through an external broker too, and are retained
// there; without a connection that is an error.
func TestConsumerPublishes(t *testing.T) {
	s, address := foreign(t, "127.0.0.1:0")
	k := consume(t, broker.ConsumerConfig{URL: "tcp://" + address}, newIntake(t, ledger.NewMemory()))
	eventually(t, "consumer ready", k.Ready)
	if err := k.Publish("p1/33/all", []byte("profile"), true); err != nil {
		t.Fatal(err)
	}
	b := mustConnect(t, dial{url: "tcp://" + address}, ledgertest.NewStream(ledgertest.BoxID(1), 33, 7))
	got := make(chan string, 4)
	b.client.Subscribe("p1/33/#", 1, func(_ mqtt.Client, m mqtt.Message) { got <- string(m.Payload()) })
	if p := <-got; p != "profile" {
		t.Errorf("got %q", p)
	}
	if err := k.Publish("p1/33/all", nil, true); err != nil {
		t.Fatal(err)
	}
	if p := <-got; p != "" {
		t.Errorf("got %q, want the profile withdrawn", p)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "loss noticed", func() bool { return k.Publish("p1/33/all", []byte("profile"), true) != nil })
}

// [P-11] claims that come over a broker that stands elsewhere are judged and answered
// beside the batches, and are none.
func TestClaimsElsewhere(t *testing.T) {
	s, address := foreign(t, "127.0.0.1:0")
	t.Cleanup(func() { s.Close() })
	in := newIntake(t, ledger.NewMemory())
	k := consume(t, broker.ConsumerConfig{URL: "tcp://" + address, Enrol: func(_ context.Context, topic string, packet []byte) (string, []byte) {
		return strings.Replace(topic, "e1/", "i1/", 1), append([]byte("answer to "), packet...)
	}}, in)
	eventually(t, "consumer ready", k.Ready)
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 7)
	b := mustConnect(t, dial{url: "tcp://" + address}, st)
	got := make(chan string, 1)
	heard := b.client.Subscribe(protocol.IssueTopic(33, st.Route.Box), 1, func(_ mqtt.Client, m mqtt.Message) { got <- string(m.Payload()) })
	heard.Wait()
	b.client.Publish(protocol.ClaimTopic(33, st.Route.Box), 1, false, []byte("a claim"))
	b.send(st.Next(1))
	b.ack(protocol.AckOK, 1)
	if a := <-got; a != "answer to a claim" {
		t.Errorf("%q", a)
	}
	if n := in.Stats().Packets.Load(); n != 1 || k.Stats().Uploads.Load() != 1 {
		t.Errorf("%d packets at the intake, want the batch alone", n)
	}
}
