package daemon

import (
	"crypto/tls"
	"strings"
	"testing"

	"iptvdc/protocol"
)

// TestBoardSerial: what a board tells of itself, where makers fill it with one digit
// or none.
func TestBoardSerial(t *testing.T) {
	const box = "0123456789abcdef0001"
	f := func(h hardware, want string) {
		t.Helper()
		if got := boardSerial(h, box); got != want || protocol.CheckSerial(got) != nil {
			t.Errorf("%+v: %q, want %q", h, got, want)
		}
	}
	f(hardware{serial: "sn-2026:00017", mac: "00:e0:fc:00:00:01"}, "sn-2026:00017")
	f(hardware{serial: "0000000000000000", mac: "00:e0:fc:00:00:01"}, "00:e0:fc:00:00:01")
	f(hardware{serial: "to be filled", mac: "00:e0:fc:00:00:01"}, "00:e0:fc:00:00:01")
	f(hardware{serial: strings.Repeat("12", 40)}, box)
	f(hardware{}, box)
}

// TestClaimBesideCertificate: a box that was given a certificate claims none.
func TestClaimBesideCertificate(t *testing.T) {
	c := Config{Brokers: []string{"tls://h"}, Claim: "claim-0a1b2c3d.ABCDEFGHIJKLMNOPQRSTUVWXYZ", TLS: &tls.Config{Certificates: make([]tls.Certificate, 1)}}
	if err := c.checkClaim(); err == nil || !strings.Contains(err.Error(), "stands beside -cert") {
		t.Errorf("%v", err)
	}
	if c.TLS = nil; c.checkClaim() != nil {
		t.Error(c.checkClaim())
	}
}
