package broker_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/ledgertest"
	"iptvdc/protocol"
)

// [S6] no PUBACK for what is not stored, and a PUBACK for what is.
func TestPubackFollowsCommit(t *testing.T) {
	l := &flaky{Memory: ledger.NewMemory()}
	e := embed(t, broker.Config{}, newIntake(t, l))
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 7)
	b := mustConnect(t, dial{url: "tcp://" + e.Addr()}, st)
	l.set(errDiskFull)
	first := st.Next(1)
	refused := b.send(first)
	b.ack(protocol.AckBusy, 0)
	l.set(nil)
	stored := b.send(first)
	b.ack(protocol.AckOK, 1)
	if !stored.WaitTimeout(patience) {
		t.Error("no PUBACK for a stored batch")
	}
	select {
	case <-refused.Done(): // the later PUBACK came first over the same connection
		t.Errorf("a batch that was not stored was acknowledged (error %v)", refused.Error())
	default:
	}
	if got := e.Stats().NotStored.Load(); got != 1 {
		t.Errorf("%d counted as not stored, want 1", got)
	}
}

// A box connects under its own name only.
func TestConnectRules(t *testing.T) {
	l := ledger.NewMemory()
	e := embed(t, broker.Config{Token: "let me in"}, newIntake(t, l))
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 7)
	other := ledgertest.BoxID(2)
	refused := uint64(0)
	f := func(d dial) {
		t.Helper()
		d.url = "tcp://" + e.Addr()
		if _, err := connect(t, d, st); err == nil {
			t.Fatalf("%+v was let in", d)
		}
		refused++
		if got := e.Stats().Refused.Load(); got != refused {
			t.Fatalf("%+v: %d refusals counted, want %d", d, got, refused)
		}
	}
	f(dial{token: "let me out"})
	f(dial{token: ""})
	f(dial{token: "let me in", user: "short"})
	f(dial{token: "let me in", user: strings.ToUpper(st.Route.Box)})
	f(dial{token: "let me in", user: other})
	f(dial{token: "let me in", id: other + ".00000000"})
	f(dial{token: "let me in", id: st.Route.Box})
	f(dial{token: "let me in", will: "s1/33/" + other})
	f(dial{token: "let me in", will: protocol.UpTopic(33, st.Route.Box)})
	f(dial{token: "let me in", will: "a1/33/" + other})
	b := mustConnect(t, dial{url: "tcp://" + e.Addr(), token: "let me in"}, st)
	if got := e.Stats().Connected(); got != 1 {
		t.Errorf("%d connected, want 1", got)
	}
	b.send(st.Next(1))
	b.ack(protocol.AckOK, 1)
}

// [P-2.1] a box publishes and hears its own topics only; what is forbidden is
// not stored and not passed on.
func TestTopicRules(t *testing.T) {
	l := ledger.NewMemory()
	e := embed(t, broker.Config{}, newIntake(t, l))
	url := "tcp://" + e.Addr()
	me, other := ledgertest.BoxID(1), ledgertest.BoxID(2)
	publish := func(topic string, qos byte, retain bool, hangsUp bool) {
		t.Helper()
		st := ledgertest.NewStream(me, 33, 7)
		b := mustConnect(t, dial{url: url}, st)
		before := e.Stats().Denied.Load()
		r := ledgertest.NewStream(other, 33, 7).Next(1)
		b.client.Publish(topic, qos, retain, protocol.AppendBatch(nil, &r.Batch.Sealed, &r.Batch.Envelope))
		if hangsUp {
			b.hungUp()
		}
		eventually(t, topic+" counted", func() bool { return e.Stats().Denied.Load() == before+1 })
		b.client.Disconnect(0)
	}
	publish(protocol.UpTopic(33, other), 1, false, true)
	publish("a1/33/"+other, 1, false, true)
	publish("a1/33/"+me, 1, false, true)
	publish("p1/33/all", 1, true, true)
	publish("c1/33/"+other, 1, true, true)
	publish("s1/33/"+other, 1, false, true)
	publish("anything", 1, false, true)
	publish("u1/33/00/"+me, 1, false, true)
	publish(protocol.UpTopic(33, me), 0, false, false)
	publish(protocol.UpTopic(33, me), 1, true, false)
	if g, err := l.Gaps(context.Background()); len(g) != 0 || err != nil {
		t.Fatalf("stored: %+v, %v", g, err)
	}

	b := mustConnect(t, dial{url: url}, ledgertest.NewStream(me, 33, 7))
	subscribe := func(filter string, allowed bool) {
		t.Helper()
		token := b.client.Subscribe(filter, 1, func(_ mqtt.Client, m mqtt.Message) {})
		if !token.WaitTimeout(patience) {
			t.Fatalf("no answer to %q", filter)
		}
		granted := token.(*mqtt.SubscribeToken).Result()[filter] <= 1 && token.Error() == nil
		if granted != allowed {
			t.Errorf("subscription to %q: granted %v, want %v", filter, granted, allowed)
		}
	}
	subscribe("a1/33/"+me, true)
	subscribe("c1/33/"+me, true)
	subscribe("p1/33/#", true)
	subscribe("p1/43/trial", true)
	subscribe("a1/33/"+other, false)
	subscribe("a1/33/+", false)
	subscribe("a1/+/"+me, false)
	subscribe("#", false)
	subscribe("p1/#", false)
	subscribe("p1/+/all", false)
	subscribe("u1/+/+/+", false)
	subscribe("$SYS/#", false)
	subscribe("s1/33/"+me, false)
}

// What is too long for the wire ends the connection and hurts nobody else.
func TestOversized(t *testing.T) {
	l := ledger.NewMemory()
	e := embed(t, broker.Config{}, newIntake(t, l))
	url := "tcp://" + e.Addr()
	bad := mustConnect(t, dial{url: url}, ledgertest.NewStream(ledgertest.BoxID(1), 33, 7))
	st := ledgertest.NewStream(ledgertest.BoxID(2), 33, 7)
	good := mustConnect(t, dial{url: url}, st)
	bad.client.Publish(protocol.UpTopic(33, ledgertest.BoxID(1)), 1, false, make([]byte, protocol.MaxPacketUp+1000))
	bad.hungUp()
	r := st.NextWith(9, make([]byte, protocol.MaxPacketUp-200))
	good.send(r)
	good.ack(protocol.AckOK, 1)
}

// Retained profiles and commands reach a box that subscribes later.
func TestRetained(t *testing.T) {
	e := embed(t, broker.Config{}, newIntake(t, ledger.NewMemory()))
	if err := e.Publish("p1/33/all", []byte("profile"), true); err != nil {
		t.Fatal(err)
	}
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 7)
	b := mustConnect(t, dial{url: "tcp://" + e.Addr()}, st)
	got := make(chan string, 1)
	b.client.Subscribe("p1/33/#", 1, func(_ mqtt.Client, m mqtt.Message) { got <- m.Topic() + " " + string(m.Payload()) })
	select {
	case s := <-got:
		if s != "p1/33/all profile" {
			t.Errorf("got %q", s)
		}
	case <-time.After(patience):
		t.Error("no profile came")
	}
}

// Over TLS a certificate's name must be the box's.
func TestTLS(t *testing.T) {
	ca, caKey := certificate(t, "ca", nil, nil)
	pool := x509.NewCertPool()
	pool.AddCert(ca.Leaf)
	server, _ := certificate(t, "localhost", ca.Leaf, caKey)
	e := embed(t, broker.Config{ListenTLS: "127.0.0.1:0", TLS: &tls.Config{
		Certificates: []tls.Certificate{server}, ClientCAs: pool, ClientAuth: tls.VerifyClientCertIfGiven,
	}}, newIntake(t, ledger.NewMemory()))
	if e.Addr() != "" {
		t.Errorf("a plain listener on %s", e.Addr())
	}
	url := "tls://" + e.AddrTLS()
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 7)
	f := func(name string, allowed bool) {
		t.Helper()
		c := &tls.Config{RootCAs: pool, ServerName: "localhost"}
		if name != "" {
			own, _ := certificate(t, name, ca.Leaf, caKey)
			c.Certificates = []tls.Certificate{own}
		}
		b, err := connect(t, dial{url: url, tls: c}, st)
		if (err == nil) != allowed {
			t.Fatalf("certificate %q: %v, want allowed %v", name, err, allowed)
		}
		if allowed {
			b.client.Disconnect(0)
		}
	}
	f("", true)
	f(st.Route.Box, true)
	f(ledgertest.BoxID(2), false)
	if _, err := connect(t, dial{url: "tcp://" + e.AddrTLS()}, st); err == nil {
		t.Error("a plain connection was let in")
	}
}

// certificate makes a certificate, signed by a parent or by itself.
func certificate(t *testing.T, name string, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (tls.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:   time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: parent == nil, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, key
}

func TestConfigValidate(t *testing.T) {
	f := func(c broker.Config, word string) {
		t.Helper()
		_, err := broker.New(c, nil)
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%+v: %v, want an error about %q", c, err, word)
		}
	}
	f(broker.Config{}, "no address")
	f(broker.Config{ListenTLS: "127.0.0.1:0"}, "certificate")
	f(broker.Config{Listen: "127.0.0.1:0", MaxClients: -1}, "max_clients")
	f(broker.Config{Listen: "256.0.0.1:0"}, "listen on 256.0.0.1:0")
}
