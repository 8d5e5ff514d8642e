package identity

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"iptvdc/protocol"
)

const testBox = "0123456789abcdef0001"

var factory = protocol.Credential{ID: "claim-0a1b2c3d", Secret: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}

// signed makes a certificate for a request, as nobody's authority.
func signed(t testing.TB, csr []byte, name string) []byte {
	t.Helper()
	q, err := x509.ParseCertificateRequest(csr)
	if err != nil {
		t.Fatal(err)
	}
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: from.Add(360 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, q.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// bench is a Keeper in a folder, and the answers that it gets.
type bench struct {
	*Keeper
	dir   string
	asked []Question
	give  func(csr []byte) protocol.Issue
	mono  uint64
}

func open(t *testing.T, dir string) *bench {
	t.Helper()
	b := &bench{dir: dir}
	var err error
	b.Keeper, err = Open(Config{
		Disk: Folder(dir), Box: testBox, Serial: "SN1", Province: 33, Claim: factory, MonoMs: func() uint64 { return b.mono },
		BackoffMin: time.Minute, BackoffMax: time.Hour,
		Ask: func(_ context.Context, q Question) ([]byte, error) {
			b.asked = append(b.asked, q)
			if b.give == nil {
				return nil, errors.New("no connection")
			}
			c, err := protocol.ParseClaim(q.Packet)
			if err != nil {
				return nil, err
			}
			i := b.give(c.CSR)
			i.For = protocol.IssueFor(c.CSR)
			return protocol.AppendIssue(nil, &i)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) grant(t *testing.T) {
	b.give = func(csr []byte) protocol.Issue { return protocol.Issue{Chain: signed(t, csr, testBox)} }
}

// TestAnswers: what each answer makes of a box, and that bad ones make nothing.
func TestAnswers(t *testing.T) {
	b := open(t, t.TempDir())
	if wait := b.Step(t.Context()); wait > time.Minute || b.Stats().Failed != 1 || b.Stats().State != "claiming" {
		t.Errorf("without a connection: %v, %+v", wait, b.Stats())
	}
	first := b.next
	step := func(i protocol.Issue, state string, least, most time.Duration) {
		t.Helper()
		b.give = func([]byte) protocol.Issue { return i }
		wait := b.Step(t.Context())
		if asked := len(b.asked); i.RetryS > 0 {
			b.Refused() // as a broker may say meanwhile
			if again := b.Step(t.Context()); again.Round(time.Second) != wait.Round(time.Second) || len(b.asked) != asked {
				t.Errorf("%v: asked again, or after %v, want %v", i.Code, again, wait)
			}
			b.mu.Lock()
			b.refused, b.stats.State = false, state
			b.mu.Unlock()
		}
		b.mono += uint64(wait.Milliseconds())
		if s := b.Stats(); s.State != state || wait < least || wait > most || b.Certificate() != nil {
			t.Errorf("%v: %v, %+v", i.Code, wait, s)
		}
	}
	step(protocol.Issue{Code: protocol.IssueBusy, RetryS: 10}, "claiming", 10*time.Second, 20*time.Second)
	step(protocol.Issue{Code: protocol.IssueBusy}, "claiming", busyPause, 2*busyPause)
	step(protocol.Issue{Code: protocol.IssueRefused, RetryS: 60, Why: "taken: by another"}, "refused", time.Minute, 2*time.Minute)
	step(protocol.Issue{Code: protocol.IssueRefused, RetryS: 1 << 31, Why: "taken: by another"}, "refused", maxPause, 2*maxPause)
	step(protocol.Issue{Chain: []byte("noise")}, "refused", 0, time.Hour)
	if b.next != first {
		t.Error("another key, though nobody wanted one")
	}
	step(protocol.Issue{Code: protocol.IssueRekey}, "claiming", 0, 0)
	if b.next == first {
		t.Error("the key that is void is kept")
	}
	b.give = func(csr []byte) protocol.Issue { return protocol.Issue{Chain: signed(t, csr, "0123456789abcdef0002")} }
	if b.Step(t.Context()); b.Certificate() != nil {
		t.Error("another box's certificate is taken")
	}
	b.grant(t)
	if b.Step(t.Context()); b.Certificate() == nil || b.Stats().State != "held" || b.Stats().Why != "" {
		t.Errorf("%+v", b.Stats())
	}
	q := b.asked[len(b.asked)-1]
	if q.User != factory.ID || q.Password != factory.Secret || q.Certificate != nil || q.Client[:len(factory.ID)+1] != factory.ID+"." || q.Topic != "e1/33/"+testBox || q.Answer != "i1/33/"+testBox {
		t.Errorf("%+v", q)
	}
	if len(q.Packet) > protocol.MaxClaim {
		t.Errorf("%d bytes", len(q.Packet))
	}

	// Nothing is due until the centre's clock says so, whatever the box's does.
	n := len(b.asked)
	if wait := b.Step(t.Context()); wait != looks || len(b.asked) != n {
		t.Errorf("%v, asked %d times", wait, len(b.asked)-n)
	}
	b.Heard(uint64(time.Date(2027, 9, 1, 0, 0, 0, 0, time.UTC).UnixMilli()), 0)
	before := b.Certificate()
	b.Step(t.Context())
	q = b.asked[len(b.asked)-1]
	if b.Certificate() == before || b.Stats().Renewed != 1 || q.User != testBox || q.Client != testBox+".renew" || q.Certificate != before {
		t.Errorf("%+v, %+v", b.Stats(), q)
	}
}

// TestDamage: files that are cut, empty, or another box's are as good as not there,
// but a key that can be read is asked with again.
func TestDamage(t *testing.T) {
	whole := open(t, t.TempDir())
	whole.grant(t)
	whole.Step(t.Context())
	good, err := Folder(whole.dir).Read(File)
	if err != nil {
		t.Fatal(err)
	}
	key := bytes.Index(good, []byte("-----BEGIN CERTIFICATE"))
	f := func(what, name string, text []byte, held, same bool) {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
		b := open(t, dir)
		if (b.Certificate() != nil) != held {
			t.Errorf("%s: held %v", what, b.Certificate() != nil)
		}
		b.grant(t)
		b.Step(t.Context())
		if b.Certificate() == nil {
			t.Errorf("%s: nothing is claimed", what)
			return
		}
		if got := b.held.key.Equal(whole.held.key); got != same {
			t.Errorf("%s: the key of before: %v", what, got)
		}
	}
	f("whole", File, good, true, true)
	f("the certificate is gone", File, good[:key], false, true)
	f("the certificate is cut", File, good[:key+100], false, true)
	f("the key is cut", File, good[:key/2], false, false)
	f("empty", File, nil, false, false)
	f("huge", File, append(bytes.Clone(good), make([]byte, maxFile)...), false, false)
	f("a key that was not certified yet", nextFile, good[:key], false, true)
	f("half of it", nextFile, good[:key/2], false, false)
	other := open(t, t.TempDir())
	other.c.Box = "0123456789abcdef0002"
	other.give = func(csr []byte) protocol.Issue { return protocol.Issue{Chain: signed(t, csr, other.c.Box)} }
	other.Step(t.Context())
	text, err := Folder(other.dir).Read(File)
	if err != nil {
		t.Fatal(err)
	}
	f("another box's", File, text, false, false)
}

// TestFolder: replaced as a whole, for its owner only; what cannot be written is an
// error, and nothing is asked with a key that is not kept.
func TestFolder(t *testing.T) {
	d := Folder(t.TempDir())
	if _, err := d.Read("a"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	// Left over from a cut, and open to all.
	if err := os.WriteFile(filepath.Join(string(d), "a.new"), []byte("left"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one", "two, longer", ""} {
		if err := d.Replace("a", []byte(want)); err != nil {
			t.Fatal(err)
		}
		got, err := d.Read("a")
		info, serr := os.Stat(filepath.Join(string(d), "a"))
		if string(got) != want || err != nil || serr != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%q, %v, %v", got, err, info.Mode())
		}
	}
	if err := errors.Join(d.Remove("a"), d.Remove("a")); err != nil {
		t.Error(err)
	}
	b := open(t, filepath.Join(t.TempDir(), "none"))
	b.grant(t)
	if b.Step(t.Context()); len(b.asked) != 0 || b.Stats().Failed != 1 {
		t.Errorf("asked %d times with a key that is nowhere", len(b.asked))
	}
	if _, err := Open(Config{Disk: d, Box: testBox, Serial: "a b"}); err == nil {
		t.Error("a serial with a space is taken")
	}
}

// FuzzHeld: whatever lies in the file, it is read or refused; what is read is written
// as it was read.
func FuzzHeld(f *testing.F) {
	key, err := newKey()
	if err != nil {
		f.Fatal(err)
	}
	csr, err := request(key, testBox)
	if err != nil {
		f.Fatal(err)
	}
	text, err := encode(key, [][]byte{signed(f, csr, testBox)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:100])
	f.Fuzz(func(t *testing.T, text []byte) {
		key, certs, err := decode(text)
		if err != nil || key == nil {
			return
		}
		_, _ = certify(key, testBox, certs)
		_, _ = firstName(certs)
		again, err := encode(key, nil)
		if err != nil {
			t.Fatal(err)
		}
		if back, _, err := decode(again); err != nil || !back.Equal(key) {
			t.Fatal(err)
		}
	})
}
