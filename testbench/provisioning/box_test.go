package provisioning

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"iptvdc/agent/identity"
	"iptvdc/agent/outbox"
	"iptvdc/agent/uplink"
	"iptvdc/aggregator/provision"
	"iptvdc/protocol"
)

const (
	boxOne = "0123456789abcdef0001"
	boxTwo = "0123456789abcdef0002"
)

// acked reports whether the centre has acknowledged something of this run.
func (b *box) acked() bool { s := b.Status(); return s.Uplink != nil && s.Uplink.Acks > 0 }

func (b *box) identity() identity.Stats {
	if c := b.Status().Certificate; c != nil {
		return *c
	}
	return identity.Stats{}
}

// held is the certificate on a box's flash.
func held(t *testing.T, dir string) *x509.Certificate {
	t.Helper()
	path := filepath.Join(dir, identity.File)
	pair, err := tls.LoadX509KeyPair(path, path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: the key is for its owner only", info.Mode(), err)
	}
	return pair.Leaf
}

// TestBoxLives: a box whose clock stands in 1970 claims its certificate at the first
// boot, works with it, renews it, is revoked while it is connected, and comes back
// with another key when an operator allows it. All over TLS, with the agent's own
// parts on one side and the centre's on the other.
func TestBoxLives(t *testing.T) {
	c := newCentre(t)
	c.serve(t)
	k := c.credential(t, provision.Batch{Name: "E900V22C", Province: 33})
	url := "tls://" + c.broker.AddrTLS()
	dir := t.TempDir()
	b := c.start(t, dir, boxOne, "SN1", k.String(), "tcp://"+c.broker.Addr(), url)
	eventually(t, "events are acknowledged", b.acked)
	first := held(t, dir)
	if left, err := filepath.Glob(filepath.Join(dir, "identity.*")); err != nil || len(left) != 1 {
		t.Errorf("%v, %v: the key that was certified is still there", left, err)
	}
	if c.broker.Stats().Refused.Load() == 0 {
		t.Error("the plain door takes a box that has a certificate")
	}

	// Started again it claims nothing.
	b.stop()
	b = c.start(t, dir, boxOne, "SN1", "", url)
	eventually(t, "events are acknowledged", b.acked)
	if n := b.identity().Claims; n != 0 {
		t.Errorf("%d claims after a restart", n)
	}

	// Its time comes: the next ack tells it.
	b.stop()
	c.pass(90 * time.Hour)
	b = c.start(t, dir, boxOne, "SN1", "", url)
	eventually(t, "it renews", func() bool { return b.identity().Renewed == 1 })
	second := held(t, dir)
	if string(second.RawSubjectPublicKeyInfo) == string(first.RawSubjectPublicKeyInfo) {
		t.Error("renewed with the same key")
	}

	// Revoked by a command, another process, while it is connected.
	b.stop()
	b = c.start(t, dir, boxOne, "SN1", k.String(), url)
	eventually(t, "events are acknowledged", b.acked)
	command := c.open(t, nil)
	if err := command.RevokeBox(t.Context(), boxOne, "stolen"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its connection is cut", func() bool { return c.broker.Stats().Cut.Load() > 0 })
	eventually(t, "it is told why", func() bool { return strings.HasPrefix(b.identity().Why, "revoked: ") })
	if !held(t, dir).Equal(second) {
		t.Error("a box that is refused has given up its certificate")
	}

	// Allowed once more, and started by whoever looked at it.
	if err := command.AllowBox(t.Context(), boxOne); err != nil {
		t.Fatal(err)
	}
	b.stop()
	c.pass(time.Minute)
	b = c.start(t, dir, boxOne, "SN1", k.String(), url)
	eventually(t, "it is back", b.acked)
	if third := held(t, dir); third.Equal(second) {
		t.Error("back with the key that was revoked")
	}
	s, err := c.registry.Box(t.Context(), boxOne)
	if err != nil || len(s.Suspects) != 0 || len(s.Certificates) != 3 || !s.Revoked.IsZero() {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestClone: another box of the same id and serial gets nothing, is on the list, and
// does not disturb the one that was first; nor does one with a copy of its flash go
// unseen.
func TestClone(t *testing.T) {
	c := newCentre(t)
	c.serve(t)
	k := c.credential(t, provision.Batch{})
	url := "tls://" + c.broker.AddrTLS()
	dir := t.TempDir()
	b := c.start(t, dir, boxOne, "SN1", k.String(), url)
	eventually(t, "events are acknowledged", b.acked)
	clone := c.start(t, t.TempDir(), boxOne, "SN1", k.String(), url)
	eventually(t, "the clone is refused", func() bool { return strings.HasPrefix(clone.identity().Why, "taken: ") })
	if s := clone.Status(); s.Uplink.Connects != 0 || s.Outbox.Events+s.Outbox.Open == 0 {
		t.Errorf("%+v: it is to record, and send nothing", s.Uplink)
	}
	all, err := c.registry.Suspects(t.Context(), 10)
	if err != nil || len(all) != 1 || all[0].Box != boxOne || all[0].Kind != provision.ReasonTaken {
		t.Errorf("%+v, %v", all, err)
	}
	clone.stop()

	// A copy of the key alone: two epochs, which take turns.
	b.stop()
	copied := t.TempDir()
	text, err := os.ReadFile(filepath.Join(dir, identity.File))
	if err == nil {
		err = os.WriteFile(filepath.Join(copied, identity.File), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{dir, copied, dir} {
		b := c.start(t, folder, boxOne, "SN1", "", url)
		eventually(t, "events are acknowledged", b.acked)
		b.stop()
	}
	eventually(t, "the copy is on the list", func() bool {
		all, err := c.registry.Suspects(t.Context(), 10)
		return err == nil && len(all) == 2 && slices.ContainsFunc(all, func(s provision.Suspect) bool { return s.Kind == provision.SignEpoch })
	})
}

// TestAgeless: a box that lay in a cupboard until its certificate had ended comes back
// by itself; one without a claim credential goes on as ever on the plain door.
func TestAgeless(t *testing.T) {
	c := newCentre(t)
	c.serve(t)
	k := c.credential(t, provision.Batch{})
	dir := t.TempDir()
	b := c.start(t, dir, boxOne, "SN1", k.String(), "tls://"+c.broker.AddrTLS())
	eventually(t, "events are acknowledged", b.acked)
	first := held(t, dir)
	b.stop()
	c.pass(200 * time.Hour)
	b = c.start(t, dir, boxOne, "SN1", k.String(), "tls://"+c.broker.AddrTLS())
	eventually(t, "it is back", b.acked)
	if now := held(t, dir); now.Equal(first) || string(now.RawSubjectPublicKeyInfo) != string(first.RawSubjectPublicKeyInfo) {
		t.Error("another key, or the certificate that had ended")
	}
	plain := c.start(t, t.TempDir(), boxTwo, "", "", "tcp://"+c.broker.Addr())
	eventually(t, "a box without certificates works as ever", plain.acked)
}

// TestDoor: what a credential, and a box, may do at the broker.
func TestDoor(t *testing.T) {
	c := newCentre(t)
	c.serve(t)
	k := c.credential(t, provision.Batch{})
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(c.authority.PEM())
	connect := func(url, user, password, client string) (mqtt.Client, error) {
		t.Helper()
		m := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetClientID(client).SetProtocolVersion(4).SetAutoReconnect(false).
			SetUsername(user).SetPassword(password).SetTLSConfig(&tls.Config{RootCAs: pool, Time: c.now}))
		token := m.Connect()
		if !token.WaitTimeout(patience) {
			t.Fatal("no answer to CONNECT")
		}
		t.Cleanup(func() { m.Disconnect(0) })
		return m, token.Error()
	}
	secure, plain := "tls://"+c.broker.AddrTLS(), "tcp://"+c.broker.Addr()
	for _, d := range [][4]string{
		{plain, k.ID, k.Secret, k.ID + ".1"}, // the secret in the clear
		{secure, k.ID, "other", k.ID + ".1"}, {secure, "claim-00000000", k.Secret, "claim-00000000.1"},
		{secure, k.ID, k.Secret, boxOne + ".1"}, // could throw a box out
	} {
		if _, err := connect(d[0], d[1], d[2], d[3]); err == nil {
			t.Errorf("%v is let in", d)
		}
	}
	m, err := connect(secure, k.ID, k.Secret, k.ID+".1")
	if err != nil {
		t.Fatal(err)
	}
	probe := func(claim protocol.Credential) error {
		out, err := outbox.New(outbox.NewMemory(), outbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return uplink.ProbeClaim(t.Context(), uplink.Config{Brokers: []string{secure}, Box: boxTwo, Province: 33, Outbox: out,
			Clock: boxClock{time.Now()}, Boot: func() uint32 { return 1 }, TLS: &tls.Config{RootCAs: pool}}, claim)
	}
	if err := probe(k); err != nil {
		t.Errorf("the factory's test: %v", err)
	}
	if probe(protocol.Credential{ID: k.ID, Secret: "OTHER"}) == nil {
		t.Error("the factory's test passes with another secret")
	}
	hear := func(m mqtt.Client, filter string, want bool) {
		t.Helper()
		token := m.Subscribe(filter, 1, nil)
		if !token.WaitTimeout(patience) {
			t.Fatal("no answer to", filter)
		}
		if got := token.Error() == nil && token.(*mqtt.SubscribeToken).Result()[filter] <= 1; got != want {
			t.Errorf("%s granted: %v", filter, got)
		}
	}
	hear(m, protocol.IssueTopic(33, boxOne), true)
	for _, f := range []string{"i1/33/+", "i1/#", "#", "a1/33/" + boxOne, "p1/33/all", "p1/33/#", "c1/33/" + boxOne, "e1/33/" + boxOne, "a1/33/" + k.ID} {
		hear(m, f, false)
	}
	own, err := connect(plain, boxOne, "", boxOne+".1")
	if err != nil {
		t.Fatal(err)
	}
	hear(own, protocol.IssueTopic(33, boxOne), true)
	hear(own, protocol.IssueTopic(33, boxTwo), false)
	for _, topic := range []string{protocol.UpTopic(33, boxOne), "i1/33/" + boxOne, "s1/33/" + boxOne, "e1/33/short"} {
		m, err := connect(secure, k.ID, k.Secret, k.ID+".2")
		if err != nil {
			t.Fatal(err)
		}
		denied := c.broker.Stats().Denied.Load()
		m.Publish(topic, 1, false, "x")
		eventually(t, topic+" is denied", func() bool { return c.broker.Stats().Denied.Load() > denied })
	}
	eventually(t, "they are gone", func() bool { return c.broker.Stats().Claimants.Load() == 1 })
}
