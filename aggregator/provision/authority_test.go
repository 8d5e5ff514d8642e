package provision

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestAuthority: the own one is made once, for its owner only, and is never made anew
// over one that is damaged; another's is checked.
func TestAuthority(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	names := make([]string, 8)
	var wg sync.WaitGroup
	for n := range names {
		wg.Go(func() {
			if a, err := OwnAuthority(dir, now); err != nil {
				t.Error(err)
			} else {
				names[n] = a.Name()
			}
		})
	}
	wg.Wait()
	slices.Sort(names)
	if len(slices.Compact(names)) != 1 {
		t.Errorf("several were made: %v", names)
	}
	path := filepath.Join(dir, authorityFile)
	info, err := os.Stat(path)
	left, lerr := os.ReadDir(dir)
	if err != nil || lerr != nil || info.Mode().Perm() != 0o600 || len(left) != 1 {
		t.Errorf("%v, %v, %v, %v", info.Mode(), left, err, lerr)
	}
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OwnAuthority(dir, now); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Errorf("%v", err)
	}

	// An operator's, below a root of theirs: what it signs is sent with it.
	text, err := newAuthority(now)
	if err != nil {
		t.Fatal(err)
	}
	root, err := parseAuthority(text, text)
	if err != nil {
		t.Fatal(err)
	}
	key := newKey(t)
	serial, err := newSerial()
	if err != nil {
		t.Fatal(err)
	}
	root.cert.MaxPathLenZero = false
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "boxes"}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, root.cert, &key.PublicKey, root.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certFile, keyFile := write("ca.pem", "CERTIFICATE", der), write("ca.key", "PRIVATE KEY", private)
	a, err := LoadAuthority(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	made, err := a.issue(boxOne, &newKey(t).PublicKey, now, 365*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := x509.ParseCertificates(a.chain(made.der))
	if err != nil || len(chain) != 2 || chain[0].NotAfter.After(a.Until()) || a.verify(chain, now) != "" || a.verify(chain, now.Add(2*time.Hour)) != ReasonEnded || root.verify(chain[:1], now) != ReasonForeign {
		t.Errorf("%v, %v", chain, err)
	}
	if _, err := a.issue(boxOne, &newKey(t).PublicKey, now.Add(2*time.Hour), time.Hour); err == nil {
		t.Error("signed after its end")
	}
	leaf := write("leaf.pem", "CERTIFICATE", made.der)
	for _, files := range [][2]string{{certFile, certFile}, {"none", keyFile}, {certFile, "none"}, {leaf, keyFile}} {
		if _, err := LoadAuthority(files[0], files[1]); err == nil {
			t.Errorf("%v is taken for an authority", files)
		}
	}
}
