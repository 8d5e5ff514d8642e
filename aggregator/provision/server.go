package provision

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"sync"
	"time"
)

// serverLife is how long a broker's certificate holds that the authority signs; it is
// made anew at half of it.
const serverLife = 90 * 24 * time.Hour

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

// CheckNames says what is wrong with names and addresses of a broker.
func CheckNames(names []string) error {
	if len(names) == 0 {
		return errors.New("none; name the broker as boxes call it, a host name or an address")
	}
	for _, n := range names {
		if net.ParseIP(n) == nil && !hostName.MatchString(n) {
			return fmt.Errorf("%q is neither a host name nor an address", n)
		}
	}
	return nil
}

// ServerTLS is for a broker to which boxes come with their certificates, or with none:
// what they show is judged by Admit, so that a refusal has a reason. The broker's own
// certificate is pair, or with nil one that the authority signs for names, and renews
// while the program runs.
func (a *Authority) ServerTLS(pair *tls.Certificate, names []string, now func() time.Time) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.RequestClientCert, ClientCAs: a.pool, SessionTicketsDisabled: true}
	if pair != nil {
		c.Certificates = []tls.Certificate{*pair}
		return c, nil
	}
	if err := CheckNames(names); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var own *tls.Certificate
	c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		mu.Lock()
		defer mu.Unlock()
		at := now()
		if own == nil || own.Leaf.NotAfter.Sub(at) < serverLife/2 {
			made, err := a.serve(names, at, serverLife)
			switch {
			case err == nil:
				own = made
			case own == nil:
				return nil, err
			}
		}
		return own, nil
	}
	_, err := c.GetCertificate(nil) // what is wrong is told now
	return c, err
}
