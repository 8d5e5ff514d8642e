package provision

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"iptvdc/protocol"
)

// centre is a registry with a clock of its own.
type centre struct {
	*Registry
	t       *testing.T
	dir     string
	mu      sync.Mutex
	at      time.Time
	changed [][]string
	noted   []string
}

func newCentre(t *testing.T) *centre {
	t.Helper()
	return openCentre(t, t.TempDir(), time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC))
}

func openCentre(t *testing.T, dir string, at time.Time) *centre {
	t.Helper()
	c := &centre{t: t, dir: dir, at: at}
	a, err := OwnAuthority(dir, at)
	if err != nil {
		t.Fatal(err)
	}
	c.Registry, err = Open(t.Context(), Config{Dir: dir, Authority: a, Now: c.now, Life: 100 * 24 * time.Hour, PerSecond: 1e6,
		Changed: func(boxes []string) { c.mu.Lock(); defer c.mu.Unlock(); c.changed = append(c.changed, boxes) },
		Noted:   func(what, box, detail string) { c.noted = append(c.noted, what+" "+box+" "+detail) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (c *centre) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *centre) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

func (c *centre) credential(b Batch) protocol.Credential {
	c.t.Helper()
	k, err := c.NewClaim(c.t.Context(), b)
	if err != nil {
		c.t.Fatal(err)
	}
	return k
}

// device is a box with the key it has now.
type device struct {
	box, serial string
	key         *ecdsa.PrivateKey
}

const boxOne, boxTwo = "0123456789abcdef0001", "0123456789abcdef0002"

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newDevice(t testing.TB, box, serial string) *device { return &device{box, serial, newKey(t)} }

func csrOf(t testing.TB, box string, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: box}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// send has the centre judge a packet and returns the answer.
func (c *centre) send(topic string, packet []byte, user string) protocol.Issue {
	c.t.Helper()
	c.pass(time.Minute) // nobody is too eager
	to, answer := c.Enrol(c.t.Context(), topic, packet, user, "10.1.2.3")
	if to == "" {
		return protocol.Issue{Why: "nothing"}
	}
	i, err := protocol.ParseIssue(answer)
	if err != nil {
		c.t.Fatal(err)
	}
	return i
}

// claim asks as a box does by a credential.
func (c *centre) claim(d *device, k protocol.Credential) protocol.Issue {
	c.t.Helper()
	return c.claimCSR(d, k, csrOf(c.t, d.box, d.key))
}

func (c *centre) claimCSR(d *device, k protocol.Credential, csr []byte) protocol.Issue {
	c.t.Helper()
	topic := protocol.ClaimTopic(33, d.box)
	q := protocol.Claim{Serial: d.serial, CSR: csr}
	protocol.ProveClaim(topic, &q, k)
	return c.send(topic, protocol.AppendClaim(nil, &q), k.ID)
}

// renew asks for a certificate of another key, signed by the one it has.
func (c *centre) renew(d *device, next *ecdsa.PrivateKey) protocol.Issue {
	c.t.Helper()
	topic := protocol.ClaimTopic(33, d.box)
	q := protocol.Claim{Serial: d.serial, CSR: csrOf(c.t, d.box, next)}
	sum := sha256.Sum256(protocol.ClaimBytes(topic, &q))
	var err error
	if q.Proof, err = ecdsa.SignASN1(rand.Reader, d.key, sum[:]); err != nil {
		c.t.Fatal(err)
	}
	return c.send(topic, protocol.AppendClaim(nil, &q), d.box)
}

// granted returns the certificate of an answer that must be one, good for key.
func (c *centre) granted(i protocol.Issue, box string, key *ecdsa.PrivateKey) *x509.Certificate {
	c.t.Helper()
	if i.Code != protocol.IssueGranted {
		c.t.Fatalf("%v: %s", i.Code, i.Why)
	}
	chain, err := x509.ParseCertificates(i.Chain)
	if err != nil {
		c.t.Fatal(err)
	}
	l := chain[0]
	if l.Subject.CommonName != box || !key.PublicKey.Equal(l.PublicKey) || l.IsCA || len(l.DNSNames) > 0 || len(l.ExtKeyUsage) != 1 || l.ExtKeyUsage[0] != x509.ExtKeyUsageClientAuth {
		c.t.Fatalf("%+v", l)
	}
	return l
}

func (c *centre) refused(i protocol.Issue, reason string) {
	c.t.Helper()
	if i.Code != protocol.IssueRefused || !strings.HasPrefix(i.Why, reason+": ") {
		c.t.Fatalf("%v %q, want it refused for %s", i.Code, i.Why, reason)
	}
}

func (c *centre) admits(box, reason string, shown ...*x509.Certificate) {
	c.t.Helper()
	if got := c.Admit(c.t.Context(), box, shown); got != reason {
		c.t.Fatalf("%s is admitted as %q, want %q", box, got, reason)
	}
}

// TestOneClaimASerial is the life of a box and of its clone [P-11.4].
func TestOneClaimASerial(t *testing.T) {
	c := newCentre(t)
	k := c.credential(Batch{Name: "E900V22C"})
	d := newDevice(t, boxOne, "SN1")
	first := c.granted(c.claim(d, k), d.box, d.key)
	if second := c.granted(c.claim(d, k), d.box, d.key); !second.Equal(first) {
		t.Error("the answer was lost, and another certificate was made")
	}
	c.admits(d.box, "", first)
	c.admits(d.box, ReasonBare)
	c.admits(boxTwo, ReasonName, first)
	c.admits(boxTwo, "")

	clone := newDevice(t, boxOne, "SN1")
	c.refused(c.claim(clone, k), ReasonTaken)
	c.refused(c.claim(clone, k), ReasonTaken)
	c.refused(c.claim(newDevice(t, boxTwo, "SN1"), k), ReasonSerialTaken)
	c.refused(c.claim(newDevice(t, boxOne, "SN2"), k), ReasonBoxTaken)
	c.refused(c.claim(&device{boxOne, "SN2", d.key}, k), ReasonBoxTaken)
	if i := c.claim(&device{boxTwo, "SN2", d.key}, k); i.Code != protocol.IssueRekey || !strings.HasPrefix(i.Why, ReasonKeyTaken) || strings.Contains(i.Why, boxOne) {
		t.Errorf("a key of another box: %+v", i)
	}
	refusals, err := c.Refusals(t.Context(), 100)
	if err != nil || len(refusals) != 4 || refusals[3].Reason != ReasonTaken || refusals[3].N != 2 || refusals[3].Place != "10.1.2.3" {
		t.Fatalf("%+v, %v", refusals, err)
	}
	suspects, err := c.Suspects(t.Context(), 100)
	if err != nil || len(suspects) != 4 {
		t.Fatalf("%+v, %v", suspects, err)
	}

	// An operator allows one more: the box, not the clone, must hurry.
	if err := c.AllowBox(t.Context(), d.box); err != nil {
		t.Fatal(err)
	}
	c.admits(d.box, "", first) // until it comes anew
	if i := c.claim(d, k); i.Code != protocol.IssueRekey {
		t.Fatalf("the key of before: %+v", i)
	}
	repaired := newDevice(t, boxOne, "SN1")
	again := c.granted(c.claim(repaired, k), d.box, repaired.key)
	c.granted(c.claim(repaired, k), d.box, repaired.key)
	c.admits(d.box, "", again)
	c.admits(d.box, ReasonVoid, first)
	if i := c.claim(d, k); i.Code != protocol.IssueRekey {
		t.Errorf("a key that is void: %+v", i)
	}
	c.refused(c.claim(newDevice(t, boxOne, "SN1"), k), ReasonTaken) // once is once
	if !slices.Equal(c.changed[len(c.changed)-1], []string{boxOne}) || len(c.noted) != 1 || !strings.HasPrefix(c.noted[0], "box_reclaimed "+boxOne) {
		t.Errorf("told of %v, noted %v", c.changed, c.noted)
	}
	all, err := c.Claims(t.Context())
	if err != nil || len(all) != 1 || all[0].Boxes != 1 {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestBounds: what a credential is for, and that its end is not the end of its boxes.
func TestBounds(t *testing.T) {
	c := newCentre(t)
	f := func(b Batch, d *device, reason string) {
		t.Helper()
		i := c.claim(d, c.credential(b))
		if reason == "" {
			c.granted(i, d.box, d.key)
			return
		}
		c.refused(i, reason)
	}
	f(Batch{Province: 43}, newDevice(t, boxOne, "SN1"), ReasonProvince)
	f(Batch{Serials: []string{"SN2", "SN3"}}, newDevice(t, boxOne, "SN1"), ReasonUnlisted)
	f(Batch{Serials: []string{"SN2", "SN1"}, Province: 33, Most: 1, Expires: c.now().Add(time.Hour)}, newDevice(t, boxOne, "SN1"), "")

	k := c.credential(Batch{Most: 1, Expires: c.now().Add(24 * time.Hour)})
	d := newDevice(t, boxTwo, "SN2")
	c.granted(c.claim(d, k), d.box, d.key)
	c.refused(c.claim(newDevice(t, "0123456789abcdef0003", "SN3"), k), ReasonClaimFull)
	c.pass(48 * time.Hour)
	c.refused(c.claim(newDevice(t, "0123456789abcdef0003", "SN3"), k), ReasonClaimExpired)
	c.granted(c.claim(d, k), d.box, d.key)

	stranger := protocol.Credential{ID: "claim-00000000", Secret: strings.Repeat("A", 26)}
	c.refused(c.claim(d, stranger), ReasonCredential)
	c.refused(c.claim(d, protocol.Credential{ID: k.ID, Secret: strings.Repeat("A", 26)}), ReasonProof)
	if why := c.AdmitClaim(t.Context(), k.ID, k.Secret); why != "" {
		t.Error(why)
	}
	if why := c.AdmitClaim(t.Context(), k.ID, "other"); why != ReasonCredential {
		t.Error(why)
	}
	if n, err := c.RevokeClaim(t.Context(), k.ID, false); n != 0 || err != nil {
		t.Error(n, err)
	}
	c.refused(c.claim(d, k), ReasonClaimRevoked)
	if why := c.AdmitClaim(t.Context(), k.ID, k.Secret); why != ReasonClaimRevoked {
		t.Error(why)
	}
	for _, b := range []Batch{{Province: 3}, {Most: -1}, {Serials: []string{}}, {Serials: []string{"a b"}}, {Expires: c.now()}, {Name: strings.Repeat("x", 101)}} {
		if _, err := c.NewClaim(t.Context(), b); err == nil {
			t.Errorf("%+v is taken", b)
		}
	}
}

// TestRenewal: the old key signs for the next; both hold until the box comes with the
// next one [P-11.5].
func TestRenewal(t *testing.T) {
	c := newCentre(t)
	d := newDevice(t, boxOne, "SN1")
	k := c.credential(Batch{})
	first := c.granted(c.claim(d, k), d.box, d.key)
	next := newKey(t)
	second := c.granted(c.renew(d, next), d.box, next)
	if again := c.granted(c.renew(d, next), d.box, next); !again.Equal(second) {
		t.Error("asked once more, another certificate")
	}
	c.admits(d.box, "", first)
	c.admits(d.box, "", second) // the box has it
	c.admits(d.box, ReasonVoid, first)
	if n := len(c.changed); n == 0 {
		t.Error("the connection of the key before stays")
	}
	late := &device{d.box, d.serial, d.key}
	c.refused(c.renew(late, newKey(t)), ReasonProof)
	if i := c.renew(&device{d.box, d.serial, next}, d.key); i.Code != protocol.IssueRekey {
		t.Errorf("a key that was void: %+v", i)
	}
	c.refused(c.renew(newDevice(t, boxTwo, "SN2"), newKey(t)), ReasonUnknown)

	// A year in a cupboard: the claim credential answers the key that is known.
	c.pass(101 * 24 * time.Hour)
	c.admits(d.box, ReasonEnded, second)
	d.key = next
	third := c.granted(c.claim(d, k), d.box, next)
	c.admits(d.box, "", third)
}

// TestRevocation by another process, which the one that runs hears of.
func TestRevocation(t *testing.T) {
	c := newCentre(t)
	k := c.credential(Batch{})
	one, two := newDevice(t, boxOne, "SN1"), newDevice(t, boxTwo, "SN2")
	certOne, certTwo := c.granted(c.claim(one, k), one.box, one.key), c.granted(c.claim(two, k), two.box, two.key)
	command := openCentre(t, c.dir, c.now())
	if err := command.RevokeBox(t.Context(), boxOne, "stolen"); err != nil {
		t.Fatal(err)
	}
	c.admits(boxOne, ReasonRevoked, certOne) // what is asked of the file holds at once
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.Admits(boxOne, 33) || !c.Admits(boxTwo, 33) || c.Revoked() != 1 || !slices.Equal(c.changed[len(c.changed)-1], []string{boxOne}) {
		t.Errorf("told of %v", c.changed)
	}
	c.refused(c.claim(one, k), ReasonRevoked)
	c.refused(c.renew(one, newKey(t)), ReasonRevoked)
	if n, err := command.RevokeClaim(t.Context(), k.ID, true); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	c.admits(boxTwo, ReasonRevoked, certTwo)

	// A list of it for other brokers.
	text, err := command.CRL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil || list.CheckSignatureFrom(c.config.Authority.cert) != nil || len(list.RevokedCertificateEntries) != 2 {
		t.Errorf("%+v, %v", list, err)
	}

	// One is allowed back; its key is void, and it makes another.
	other := c.credential(Batch{})
	if err := command.AllowBox(t.Context(), boxOne); err != nil {
		t.Fatal(err)
	}
	if i := c.claim(one, other); i.Code != protocol.IssueRekey {
		t.Fatalf("%+v", i)
	}
	one.key = newKey(t)
	back := c.granted(c.claim(one, other), one.box, one.key)
	c.admits(boxOne, "", back)
	c.admits(boxOne, ReasonVoid, certOne)
	if s, err := c.Box(t.Context(), "SN1"); err != nil || s.Box != boxOne || len(s.Certificates) != 2 || !s.Certificates[0].Current && !s.Certificates[1].Current || len(s.Refusals) != 2 {
		t.Errorf("%+v, %v", s, err)
	}

	// Boxes that never had a certificate can be revoked and let in again.
	const bare = "0123456789abcdef0009"
	for _, want := range []string{ReasonRevoked, ""} {
		do := c.AllowBox
		if want != "" {
			do = func(ctx context.Context, box string) error { return c.RevokeBox(ctx, box, "") }
		}
		if err := do(t.Context(), bare); err != nil {
			t.Fatal(err)
		}
		c.admits(bare, want)
	}
	d := newDevice(t, bare, "SN9")
	c.granted(c.claim(d, other), bare, d.key)
	for _, err := range []error{c.RevokeBox(t.Context(), "short", ""), c.AllowBox(t.Context(), "nobody"), c.ClearSuspect(t.Context(), "nobody")} {
		if err == nil {
			t.Error("no error")
		}
	}
	if _, err := c.RevokeClaim(t.Context(), "claim-xxxxxxxx", true); err == nil {
		t.Error("no error")
	}
	if _, err := c.Box(t.Context(), "nobody"); err == nil {
		t.Error("no error")
	}
}

// TestBackup: a registry put back from a backup learns of boxes that came since, and
// holds them to their keys all the same.
func TestBackup(t *testing.T) {
	c := newCentre(t)
	d := newDevice(t, boxOne, "SN1")
	made, err := c.config.Authority.issue(d.box, &d.key.PublicKey, c.now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(made.der)
	if err != nil {
		t.Fatal(err)
	}
	c.admits(d.box, "", cert)
	c.admits(d.box, ReasonBare)
	k := c.credential(Batch{})
	c.refused(c.claim(newDevice(t, boxOne, "SN1"), k), ReasonTaken)
	c.granted(c.claim(d, k), d.box, d.key)
	c.refused(c.claim(newDevice(t, boxTwo, "SN1"), k), ReasonSerialTaken)
}
