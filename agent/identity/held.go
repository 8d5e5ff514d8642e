package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// File is where key and certificate lie in the agent's folder.
const File = heldFile

const (
	heldFile = "identity.pem"
	nextFile = "identity.next"
	// maxFile is more than a key and a chain within an answer take.
	maxFile = 16 << 10
)

// held is a key with its certificate.
type held struct {
	key   *ecdsa.PrivateKey
	chain [][]byte // DER, the box's own first
	leaf  *x509.Certificate
}

func (h *held) tls() *tls.Certificate {
	return &tls.Certificate{Certificate: h.chain, PrivateKey: h.key, Leaf: h.leaf}
}

// due is when a certificate is to be renewed [P-11.5]; spread is the box's share of
// the time over which a fleet does so, 0..255.
func (h *held) due(spread uint8) time.Time {
	life := h.leaf.NotAfter.Sub(h.leaf.NotBefore)
	return h.leaf.NotBefore.Add(life*2/3 + life/12*time.Duration(spread)/256)
}

// certify joins key and the certificates of an answer; it refuses what is not the
// box's.
func certify(key *ecdsa.PrivateKey, box string, der []byte) (*held, error) {
	chain, err := x509.ParseCertificates(der)
	if err != nil {
		return nil, fmt.Errorf("the certificate cannot be read: %w", err)
	}
	if len(chain) == 0 {
		return nil, errors.New("no certificate")
	}
	h := &held{key: key, leaf: chain[0]}
	for _, c := range chain {
		h.chain = append(h.chain, c.Raw)
	}
	switch {
	case h.leaf.Subject.CommonName != box:
		return nil, fmt.Errorf("the certificate is of %.40q, this box is %s", h.leaf.Subject.CommonName, box)
	case !key.PublicKey.Equal(h.leaf.PublicKey):
		return nil, errors.New("the certificate is of another key")
	}
	return h, nil
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func request(key *ecdsa.PrivateKey, box string) ([]byte, error) {
	return x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: box}}, key)
}

// encode writes a key, and the certificates behind it if there are any.
func encode(key *ecdsa.PrivateKey, chain [][]byte) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for _, c := range chain {
		err = errors.Join(err, pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c}))
	}
	return b.Bytes(), err
}

// decode reads what encode wrote. A good key comes back also with an error about what
// stands behind it.
func decode(text []byte) (key *ecdsa.PrivateKey, certificates []byte, err error) {
	if len(text) > maxFile {
		return nil, nil, fmt.Errorf("%d bytes, at most %d", len(text), maxFile)
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, nil, errors.New("no key in PEM")
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, nil, err
	}
	key, ok := any.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, nil, errors.New("the key is not ECDSA on P-256")
	}
	for {
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificates = append(certificates, block.Bytes...)
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		err = errors.New("something else stands behind the key")
	}
	return key, certificates, err
}
