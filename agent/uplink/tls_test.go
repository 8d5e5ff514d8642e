package uplink

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
	"testing"
	"time"

	"iptvdc/agent/outbox"
)

// authority makes a CA of our own and a certificate for a host name.
func authority(t *testing.T, host string) (*x509.CertPool, tls.Certificate) {
	t.Helper()
	make := func(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if signer == nil {
			signer = key
		}
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		return der, key
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, caKey := make(ca, ca, nil)
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{host},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, key := make(leaf, root, caKey)
	pool := x509.NewCertPool()
	pool.AddCert(root)
	return pool, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestTLS: a box whose clock stands in 1970 connects to a broker of its own CA, also
// if that one's certificate is younger than the program [P-11.6]; and to no other
// broker.
func TestTLS(t *testing.T) {
	pool, cert := authority(t, "broker.example")
	stranger, _ := authority(t, "broker.example")
	f := func(what, broker string, roots *x509.CertPool, built time.Time, want bool) {
		t.Helper()
		c := newCentre(t)
		defer c.close()
		out, err := outbox.New(outbox.NewMemory(), outbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			if conn, err := l.Accept(); err == nil {
				c.server.EstablishConnection("tls", conn)
			}
		}()
		u, err := New(Config{
			Brokers: []string{broker}, Box: testBox, Province: 33, Outbox: out,
			Clock: boxClock{time.Now(), 0}, Boot: func() uint32 { return 1 },
			TLS: &tls.Config{RootCAs: roots}, NotBefore: built,
			Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				return net.Dial("tcp", l.Addr().String())
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		at, err := u.broker(0, 0)
		if err != nil {
			t.Fatal(err)
		}
		link, err := u.connect(t.Context(), at, out.Epoch())
		if (err == nil) != want {
			t.Errorf("%s: connect = %v", what, err)
		}
		if err == nil {
			link.close(true)
		}
	}
	f("clock of 1970, program of today", "tls://broker.example", pool, time.Now(), true)
	f("clock of 1970, program of 1970: all that is known is that it is later", "tls://broker.example", pool, time.Unix(0, 0), true)
	f("ended before the program was built", "tls://broker.example", pool, time.Now().Add(2*time.Hour), false)
	f("another CA, program of 1970", "tls://broker.example", stranger, time.Unix(0, 0), false)
	f("another name, program of 1970", "tls://other.example", pool, time.Unix(0, 0), false)
	f("another CA", "tls://broker.example", stranger, time.Now(), false)
	f("another name", "tls://other.example", pool, time.Now(), false)
}
