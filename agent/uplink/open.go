package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"iptvdc/protocol"
)

// open dials a broker: TCP, TLS if asked for, and a limit on what comes down. show, if
// not nil, is asked for the certificate to show.
func (u *Uplink) open(ctx context.Context, at *url.URL, show func() *tls.Certificate) (net.Conn, error) {
	conn, err := u.cfg.Dial(ctx, "tcp", at.Host)
	if err != nil {
		return nil, err
	}
	if at.Scheme == "tls" {
		sec := tls.Client(conn, u.trust(at.Hostname(), show))
		if err := sec.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, fmt.Errorf("tls: %w", err)
		}
		conn = sec
	}
	return &limited{Conn: conn}, nil
}

// trust is how a broker at a host is checked.
func (u *Uplink) trust(host string, show func() *tls.Certificate) *tls.Config {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if u.cfg.TLS != nil {
		cfg = u.cfg.TLS.Clone()
	}
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	cfg.Time = u.now
	if show != nil {
		if c := show(); c != nil {
			cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c, nil }
		}
	}
	if !cfg.InsecureSkipVerify && u.clockUnset() {
		u.trustLate(cfg)
	}
	return cfg
}

// trustLate checks the broker by hand, and as strictly, while the box's clock is surely
// wrong [P-11.6]: all that is known of the time is then that it is not earlier than
// now. So a certificate that begins later may be good, and is taken at its beginning;
// one that has ended by now is not.
func (u *Uplink) trustLate(cfg *tls.Config) {
	roots, host := cfg.RootCAs, cfg.ServerName
	cfg.InsecureSkipVerify = true // for VerifyConnection, which is called in any case
	cfg.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 {
			return errors.New("the broker showed no certificate")
		}
		at := u.now()
		between := x509.NewCertPool()
		for n, c := range s.PeerCertificates {
			if at.Before(c.NotBefore) {
				at = c.NotBefore
			}
			if n > 0 {
				between.AddCert(c)
			}
		}
		_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: host, CurrentTime: at})
		return err
	}
}

// now is the time for certificates: the latest that is known to have passed.
func (u *Uplink) now() time.Time {
	t := time.UnixMilli(int64(u.cfg.Clock.WallMs()))
	if t.Before(u.cfg.NotBefore) {
		t = u.cfg.NotBefore
	}
	if s := time.UnixMilli(u.serverMs.Load()); t.Before(s) {
		t = s
	}
	return t
}

// clockUnset reports whether the box's clock is certainly wrong.
func (u *Uplink) clockUnset() bool {
	wall := u.cfg.Clock.WallMs()
	return wall < protocol.MinWallMs || wall < uint64(max(0, u.cfg.NotBefore.UnixMilli()))
}
