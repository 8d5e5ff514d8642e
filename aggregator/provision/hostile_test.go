package provision

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"testing"
	"time"

	"iptvdc/protocol"
)

// TestHostileRequests: what asks for more than a name and a key is refused, and
// nothing of it is kept but the reason.
func TestHostileRequests(t *testing.T) {
	c := newCentre(t)
	k := c.credential(Batch{})
	d := newDevice(t, boxOne, "SN1")
	make := func(key crypto.Signer, change func(*x509.CertificateRequest)) []byte {
		t.Helper()
		q := &x509.CertificateRequest{Subject: pkix.Name{CommonName: boxOne}}
		change(q)
		der, err := x509.CreateCertificateRequest(rand.Reader, q, key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	plain := func(*x509.CertificateRequest) {}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := make(d.key, plain)
	forged := slices.Clone(good)
	forged[len(forged)-1] ^= 1
	ca, err := asn1.Marshal(struct{ CA bool }{true})
	if err != nil {
		t.Fatal(err)
	}
	for name, csr := range map[string][]byte{
		"noise": []byte("noise"), "cut": good[:len(good)-1], "more": append(slices.Clone(good), 0),
		"forged": forged, "weak": make(weak, plain), "another curve": make(p384, plain),
		"another box":   make(d.key, func(q *x509.CertificateRequest) { q.Subject.CommonName = boxTwo }),
		"no name":       make(d.key, func(q *x509.CertificateRequest) { q.Subject = pkix.Name{} }),
		"two names":     make(d.key, func(q *x509.CertificateRequest) { q.Subject.Organization = []string{"centre"} }),
		"a host's name": make(d.key, func(q *x509.CertificateRequest) { q.DNSNames = []string{"broker.example"} }),
		"an authority's": make(d.key, func(q *x509.CertificateRequest) {
			q.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 19}, Critical: true, Value: ca}}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			c.refused(c.claimCSR(d, k, csr), ReasonCSR)
		})
	}
	c.t = t
	for _, packet := range [][]byte{nil, []byte("noise"), make(d.key, plain)} {
		if i := c.send(protocol.ClaimTopic(33, boxOne), packet, k.ID); i.Why != "nothing" {
			t.Errorf("answered: %+v", i)
		}
	}
	if to, _ := c.Enrol(t.Context(), "e1/33/short", nil, k.ID, ""); to != "" {
		t.Error("answered on", to)
	}
	if n := c.Stats().Claims.Of(ReasonMalformed); n != 4 {
		t.Errorf("%d counted as malformed, want 4", n)
	}
	// A claim made with another credential than the connection's, or by a box itself.
	topic := protocol.ClaimTopic(33, boxOne)
	q := protocol.Claim{Serial: "SN1", CSR: good}
	protocol.ProveClaim(topic, &q, k)
	c.refused(c.send(topic, protocol.AppendClaim(nil, &q), "claim-00000000"), ReasonProof)
	c.refused(c.send(topic, protocol.AppendClaim(nil, &q), boxOne), ReasonProof)
	c.granted(c.send(topic, protocol.AppendClaim(nil, &q), ""), boxOne, d.key) // a broker that tells no user
	// Moved to another box's topic it is no proof; and an old packet again changes nothing.
	c.refused(c.send(protocol.ClaimTopic(33, boxTwo), protocol.AppendClaim(nil, &q), k.ID), ReasonCSR)
	c.granted(c.send(topic, protocol.AppendClaim(nil, &q), k.ID), boxOne, d.key)
}

// TestFlood: too many claims are put off without touching the file, one box's sooner.
func TestFlood(t *testing.T) {
	c := newCentre(t)
	k := c.credential(Batch{})
	d := newDevice(t, boxOne, "SN1")
	topic := protocol.ClaimTopic(33, boxOne)
	q := protocol.Claim{Serial: d.serial, CSR: csrOf(t, d.box, d.key)}
	protocol.ProveClaim(topic, &q, k)
	packet := protocol.AppendClaim(nil, &q)
	for n := range eagerMost + 5 {
		_, answer := c.Enrol(t.Context(), topic, packet, k.ID, "")
		i, err := protocol.ParseIssue(answer)
		want := protocol.IssueGranted
		if n >= eagerMost {
			want = protocol.IssueBusy
		}
		if err != nil || i.Code != want || want == protocol.IssueBusy && i.RetryS == 0 {
			t.Fatalf("claim %d: %+v, %v", n+1, i, err)
		}
	}
	c.pass(eagerWithin)
	c.granted(c.claim(d, k), d.box, d.key)
	c.Registry.limit.SetBurst(0)
	if i := c.claim(d, k); i.Code != protocol.IssueBusy {
		t.Errorf("%+v", i)
	}
	var e eager
	for n := range eagerBoxes {
		if !e.may(fmt.Sprint(n), c.at) {
			t.Fatal(n)
		}
	}
	if e.may("one more", c.at) || !e.may("one more", c.at.Add(eagerWithin)) {
		t.Error("what is remembered has no bound, or no end")
	}
}

// TestSigns: what gives two boxes of one id away, and what does not.
func TestSigns(t *testing.T) {
	c := newCentre(t)
	sign := func(kind string) bool {
		t.Helper()
		all, err := c.Suspects(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(all, func(s Suspect) bool { return s.Kind == kind && s.Box == boxOne })
	}
	// A box that moves, loses connections and comes back to where it was is none.
	for range 10 {
		c.Came(boxOne, "10.0.0.1")
		c.Went(boxOne)
		c.Came(boxOne, "10.0.0.2")
		c.Went(boxOne)
	}
	c.Came(boxOne, "10.0.0.1")
	c.Came(boxOne, "10.0.0.2")
	if sign(SignPlaces) {
		t.Fatal("a box that moved is taken for two")
	}
	for n := range 2 * placesTimes {
		c.Came(boxOne, fmt.Sprintf("10.0.0.%d", 1+n%2))
	}
	if !sign(SignPlaces) {
		t.Error("two boxes that take turns are not seen")
	}
	batch := func(epoch uint64, boot uint32) {
		c.Sent(boxOne, protocol.AppendBatch(nil, &protocol.Sealed{Epoch: epoch, No: 1, First: 1, N: 1, Body: []byte{1}}, &protocol.Envelope{Floor: 1, Boot: boot}))
	}
	batch(1<<60, 7)
	batch(1<<60, 7)
	batch(1<<60, 8)
	batch(2, 9)
	batch(3, 1) // wiped
	if sign(SignBoot) || sign(SignEpoch) {
		t.Fatal("a box that is wiped is taken for two")
	}
	batch(2, 10)
	batch(2, 9)
	if !sign(SignBoot) || !sign(SignEpoch) {
		t.Error("boots or epochs that take turns are not seen")
	}
	c.Sent(boxOne, []byte("noise"))
	if err := c.ClearSuspect(t.Context(), boxOne); err != nil || sign(SignBoot) {
		t.Error(err)
	}
}

// BenchmarkClaim is how many boxes a second can have their first certificate: request,
// proof, signature, and a durable commit each.
func BenchmarkClaim(b *testing.B) {
	dir := b.TempDir()
	a, err := OwnAuthority(dir, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	r, err := Open(b.Context(), Config{Dir: dir, Authority: a, PerSecond: 1e6})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	k, err := r.NewClaim(b.Context(), Batch{})
	if err != nil {
		b.Fatal(err)
	}
	packets, topics := make([][]byte, b.N), make([]string, b.N)
	for n := range packets {
		box := fmt.Sprintf("bench%015d", n)
		topics[n] = protocol.ClaimTopic(33, box)
		q := protocol.Claim{Serial: box, CSR: csrOf(b, box, newKey(b))}
		protocol.ProveClaim(topics[n], &q, k)
		packets[n] = protocol.AppendClaim(nil, &q)
	}
	b.ResetTimer()
	for n := range packets {
		if to, _ := r.Enrol(b.Context(), topics[n], packets[n], k.ID, ""); to == "" {
			b.Fatal("no answer")
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
	if r.Stats().Claims.Of(claimed) != uint64(b.N) {
		b.Errorf("%v", r.Stats().Claims.All())
	}
}
