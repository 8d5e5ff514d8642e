package broker_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/ledgertest"
	"iptvdc/protocol"
)

// patience bounds every wait in these tests; it is never used up when they pass.
const patience = time.Minute

// eventually polls until cond holds.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-ctx.Done():
			t.Fatalf("not within %v: %s", patience, what)
		case <-tick.C:
		}
	}
}

// flaky is the reference ledger with a switch.
type flaky struct {
	*ledger.Memory
	mu   sync.Mutex
	fail error
}

func (f *flaky) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = err
}

func (f *flaky) Commit(ctx context.Context, b []ledger.Received) ([]ledger.Verdict, error) {
	f.mu.Lock()
	err := f.fail
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return f.Memory.Commit(ctx, b)
}

func newIntake(t testing.TB, l intake.Committer) *intake.Intake {
	t.Helper()
	in := intake.New(l, intake.Config{})
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	})
	return in
}

func embed(t testing.TB, c broker.Config, to broker.Receiver) *broker.Embedded {
	t.Helper()
	if c.Listen == "" && c.ListenTLS == "" {
		c.Listen = "127.0.0.1:0"
	}
	b, err := broker.New(c, to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// allowAll lets everybody do everything.
type allowAll struct{ mochi.HookBase }

func (*allowAll) ID() string { return "allow-all" }

func (*allowAll) Provides(b byte) bool {
	return b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck
}

func (*allowAll) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool { return true }

func (*allowAll) OnACLCheck(*mochi.Client, string, bool) bool { return true }

// foreign starts a broker that knows nothing of boxes, as an external one.
func foreign(t testing.TB, address string) (*mochi.Server, string) {
	t.Helper()
	s := mochi.New(&mochi.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := s.AddHook(new(allowAll), nil); err != nil {
		t.Fatal(err)
	}
	l := listeners.NewTCP(listeners.Config{ID: "tcp", Address: address})
	if err := s.AddListener(l); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(); err != nil {
		t.Fatal(err)
	}
	return s, l.Address()
}

func consume(t testing.TB, c broker.ConsumerConfig, to broker.Receiver) *broker.Consumer {
	t.Helper()
	k, err := broker.Consume(c, to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	return k
}

// box is a box's MQTT client.
type box struct {
	t      testing.TB
	client mqtt.Client
	stream *ledgertest.Stream
	acks   chan protocol.Ack
	lost   chan error
}

type dial struct {
	url, user, id, token, will string
	tls                        *tls.Config
}

// connect dials as a box does; zero fields of d are what an honest box uses.
func connect(t testing.TB, d dial, st *ledgertest.Stream) (*box, error) {
	t.Helper()
	b := &box{t: t, stream: st, acks: make(chan protocol.Ack, 1000), lost: make(chan error, 1)}
	if d.user == "" {
		d.user = st.Route.Box
	}
	if d.id == "" {
		d.id = protocol.ClientID(st.Route.Box, st.Epoch)
	}
	if d.will == "" {
		d.will = protocol.WillTopic(st.Route.Province, st.Route.Box)
	}
	b.client = mqtt.NewClient(mqtt.NewClientOptions().AddBroker(d.url).SetClientID(d.id).
		SetUsername(d.user).SetPassword(d.token).SetTLSConfig(d.tls).
		SetProtocolVersion(4).SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).
		SetConnectTimeout(patience).SetOrderMatters(true).SetBinaryWill(d.will, []byte("gone"), 1, false).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { b.lost <- err }))
	token := b.client.Connect()
	if !token.WaitTimeout(patience) {
		t.Fatal("connect takes too long")
	}
	if token.Error() != nil {
		return nil, token.Error()
	}
	t.Cleanup(func() { b.client.Disconnect(0) })
	var decoder protocol.Decoder
	sub := b.client.Subscribe(protocol.AckTopic(st.Route.Province, st.Route.Box), 0, func(_ mqtt.Client, m mqtt.Message) {
		a, err := decoder.Ack(m.Payload())
		if err != nil {
			t.Errorf("ack: %v", err)
			return
		}
		b.acks <- a
	})
	if !sub.WaitTimeout(patience) || sub.Error() != nil {
		t.Fatalf("subscribe: %v", sub.Error())
	}
	return b, nil
}

func mustConnect(t testing.TB, d dial, st *ledgertest.Stream) *box {
	t.Helper()
	b, err := connect(t, d, st)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// send publishes a batch on the box's own topic.
func (b *box) send(r ledger.Received) mqtt.Token {
	return b.client.Publish(protocol.UpTopic(r.Route.Province, r.Route.Box), 1, false,
		protocol.AppendBatch(nil, &r.Batch.Sealed, &r.Batch.Envelope))
}

// ack waits for one.
func (b *box) ack(code protocol.AckCode, through uint64) protocol.Ack {
	b.t.Helper()
	select {
	case a := <-b.acks:
		if a.Code != code || a.Through != through || a.Epoch != b.stream.Epoch {
			b.t.Fatalf("ack %+v, want %v through %d", a, code, through)
		}
		return a
	case err := <-b.lost:
		b.t.Fatalf("connection lost: %v", err)
	case <-time.After(patience):
		b.t.Fatalf("no ack; want %v through %d", code, through)
	}
	return protocol.Ack{}
}

// hungUp waits for the broker to end the connection.
func (b *box) hungUp() {
	b.t.Helper()
	select {
	case <-b.lost:
	case <-time.After(patience):
		b.t.Fatal("the broker did not hang up")
	}
}

var errDiskFull = errors.New("no room")
