package provision

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"

	"iptvdc/protocol"
)

// request is what is believed of a box's request for a certificate.
type request struct {
	public *ecdsa.PublicKey
	raw    []byte // SubjectPublicKeyInfo
	key    []byte // its SHA-256
}

// readCSR checks a request for a certificate of box [P-11.2]. Whoever asks for more
// than a name and a key (an authority's rights, other names, other uses) is refused
// rather than answered with less: nothing of ours asks so.
func readCSR(der []byte, box string) (request, error) {
	if len(der) > protocol.MaxCSR {
		return request{}, fmt.Errorf("%d bytes, at most %d", len(der), protocol.MaxCSR)
	}
	c, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return request{}, fmt.Errorf("it cannot be read (%w)", err)
	}
	public, ok := c.PublicKey.(*ecdsa.PublicKey)
	switch {
	case !bytes.Equal(c.Raw, der):
		return request{}, errors.New("bytes follow it")
	case !ok || public.Curve != elliptic.P256():
		return request{}, fmt.Errorf("the key is %s, wanted is ECDSA on P-256", c.PublicKeyAlgorithm)
	case len(c.Subject.Names) != 1 || c.Subject.CommonName != box:
		return request{}, fmt.Errorf("the subject is %.60q, wanted is the box id %s as common name and nothing else", c.Subject.String(), box)
	case len(c.Extensions) > 0:
		return request{}, fmt.Errorf("it asks for the extension %s; none are given", c.Extensions[0].Id)
	}
	if err := c.CheckSignature(); err != nil {
		return request{}, fmt.Errorf("it is not signed by its key (%w)", err)
	}
	return request{public, c.RawSubjectPublicKeyInfo, fingerprint(c.RawSubjectPublicKeyInfo)}, nil
}

// signedBy reports whether a renewal on topic was signed by the key of the box
// (SubjectPublicKeyInfo).
func signedBy(topic string, c *protocol.Claim, public []byte) bool {
	if len(public) == 0 {
		return false
	}
	key, err := x509.ParsePKIXPublicKey(public)
	if err != nil {
		return false
	}
	ec, ok := key.(*ecdsa.PublicKey)
	sum := sha256.Sum256(protocol.ClaimBytes(topic, c))
	return ok && ecdsa.VerifyASN1(ec, sum[:], c.Proof)
}
