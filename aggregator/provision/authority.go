package provision

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Authority signs certificates of boxes, and of the broker that they connect to.
// It is safe for concurrent use.
type Authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	// Root: boxes and brokers need no certificate between it and theirs.
	root bool
	pool *x509.CertPool
}

const (
	// authorityFile holds key and certificate of the own authority in one file, so
	// that no crash parts them.
	authorityFile = "authority.pem"
	// authorityLife: boxes are in use for ten years, and have its certificate in
	// their image.
	authorityLife = 30 * 365 * 24 * time.Hour
	// backdate is how long before it is made a certificate begins: the clocks of
	// brokers that stand elsewhere may be behind.
	backdate = time.Hour
)

// OwnAuthority returns the authority in folder dir, which is made at the first use,
// also by several processes at once. A crash leaves none or a whole one.
func OwnAuthority(dir string, now time.Time) (*Authority, error) {
	path := filepath.Join(dir, authorityFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = newAuthority(now); err == nil {
			text, err = placeOnce(path, text)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("authority: %w", err)
	}
	a, err := parseAuthority(text, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; put the file back from a backup: with another authority every box would have to be given its image's certificate anew", path, err)
	}
	return a, nil
}

// LoadAuthority reads an authority that the operator supplies: files in PEM with
// its certificate and its key.
func LoadAuthority(certFile, keyFile string) (*Authority, error) {
	cert, err := os.ReadFile(certFile)
	if err != nil {
		return nil, fmt.Errorf("ca_cert: %w", err)
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, fmt.Errorf("ca_key: %w", err)
	}
	a, err := parseAuthority(cert, key)
	if err != nil {
		return nil, fmt.Errorf("ca_cert %s, ca_key %s: %w", certFile, keyFile, err)
	}
	return a, nil
}

// placeOnce puts text at path, durable and readable by its owner only, unless
// another has done so; it returns what lies there.
func placeOnce(path string, text []byte) ([]byte, error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-*") // 0600
	if err != nil {
		return nil, err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Link(f.Name(), path) // fails if there is one
	}
	if rerr := os.Remove(f.Name()); rerr != nil {
		return nil, errors.Join(err, rerr)
	}
	if errors.Is(err, fs.ErrExist) {
		return os.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	return text, errors.Join(d.Sync(), d.Close())
}

func newAuthority(now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "iptvdc boxes " + serial.Text(16)[:8]},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = errors.Join(pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: private}), pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return b.Bytes(), err
}

func parseAuthority(certText, keyText []byte) (*Authority, error) {
	pair, err := tls.X509KeyPair(certText, keyText)
	if err != nil {
		return nil, err
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	c := pair.Leaf
	switch {
	case !ok:
		return nil, errors.New("the key cannot sign")
	case !c.IsCA || c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0:
		return nil, errors.New("the certificate is not one of an authority (CA:TRUE, keyCertSign)")
	}
	a := &Authority{cert: c, key: signer, root: bytes.Equal(c.RawIssuer, c.RawSubject), pool: x509.NewCertPool()}
	a.pool.AddCert(c)
	return a, nil
}

// newSerial draws a certificate's number: 127 bits, never 0.
func newSerial() (*big.Int, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return nil, err
	}
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b), nil
}

// PEM is the authority's certificate, for images and brokers.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// Name and Until say which authority it is, and how long it can sign.
func (a *Authority) Name() string     { return a.cert.Subject.CommonName }
func (a *Authority) Until() time.Time { return a.cert.NotAfter }

// chain is what a box sends with its certificate.
func (a *Authority) chain(leaf []byte) []byte {
	if a.root {
		return leaf
	}
	return append(bytes.Clone(leaf), a.cert.Raw...)
}

// issued is a certificate that was made.
type issued struct {
	der         []byte
	number      string // in hexadecimal
	from, until time.Time
}

// issue makes a box's certificate. Nothing of what the box asked for but its key is
// in it: the name is the box's as the topic told it, and it is good for clients only.
func (a *Authority) issue(box string, public any, now time.Time, life time.Duration) (issued, error) {
	return a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: box}, NotBefore: now.Add(-backdate), NotAfter: now.Add(life),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}, public, now)
}

func (a *Authority) sign(template *x509.Certificate, public any, now time.Time) (issued, error) {
	if !now.Before(a.cert.NotAfter) {
		return issued{}, fmt.Errorf("the authority %s has ended on %s", a.Name(), a.cert.NotAfter.Format(time.DateOnly))
	}
	if template.NotAfter.After(a.cert.NotAfter) {
		template.NotAfter = a.cert.NotAfter
	}
	serial, err := newSerial()
	if err != nil {
		return issued{}, err
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, public, a.key)
	return issued{der: der, number: hex.EncodeToString(serial.Bytes()), from: template.NotBefore, until: template.NotAfter}, err
}

// serve makes the certificate of a broker that goes by names and addresses.
func (a *Authority) serve(names []string, now time.Time, life time.Duration) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: "broker"}, NotBefore: now.Add(-backdate), NotAfter: now.Add(life),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	made, err := a.sign(t, &key.PublicKey, now)
	if err != nil {
		return nil, err
	}
	c := &tls.Certificate{Certificate: [][]byte{made.der}, PrivateKey: key}
	if !a.root {
		c.Certificate = append(c.Certificate, a.cert.Raw)
	}
	c.Leaf, err = x509.ParseCertificate(made.der)
	return c, err
}

// verify says what is wrong with a box's certificate and those sent with it; "":
// nothing. Whether it is revoked is not looked at.
func (a *Authority) verify(chain []*x509.Certificate, now time.Time) string {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: a.pool, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return ReasonEnded
	}
	return ReasonForeign
}
