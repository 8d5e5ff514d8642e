package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"iptvdc/protocol"
)

// commands runs the command line on a data folder.
type commands struct {
	t    *testing.T
	data string
}

func (c commands) run(args ...string) (string, error) {
	var out bytes.Buffer
	root := newRoot(&out, io.Discard)
	root.SetArgs(append(args, "--data", c.data))
	err := root.ExecuteContext(c.t.Context())
	return out.String(), err
}

func (c commands) ok(want string, args ...string) string {
	c.t.Helper()
	got, err := c.run(args...)
	if err != nil || !strings.Contains(got, want) {
		c.t.Fatalf("%q: %q, %v; want %q", args, got, err, want)
	}
	return strings.TrimSpace(got)
}

func (c commands) bad(want string, args ...string) {
	c.t.Helper()
	if got, err := c.run(args...); err == nil || !strings.Contains(err.Error(), want) {
		c.t.Errorf("%q: %q, %v; want %q", args, got, err, want)
	}
}

// Credentials and boxes from the command line; no aggregator runs.
func TestClaimCommands(t *testing.T) {
	c := commands{t, t.TempDir()}
	serials := filepath.Join(c.data, "serials.txt")
	if err := os.WriteFile(serials, []byte("SN1\n\n SN2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := protocol.ParseCredential(c.ok("claim-", "claim", "new", "--name", "E900V22C", "--province", "33", "--most", "10", "--expires", "30d", "--serials", serials))
	if err != nil {
		t.Fatal(err)
	}
	c.bad("two digits", "claim", "new", "--province", "3")
	c.bad("two digits of its code", "claim", "new", "--province", "03")
	c.bad("is over", "claim", "new", "--expires", "2020-01-01")
	c.bad("serials", "claim", "new", "--serials", c.data)
	c.ok("2 listed", "claim", "list")
	if list := c.ok(k.ID, "claim", "list"); strings.Contains(list, k.Secret) || !strings.Contains(list, "E900V22C") {
		t.Errorf("%s", list)
	}
	c.ok("those to come are refused", "claim", "revoke", k.ID)
	c.ok("0 boxes with it", "claim", "revoke", k.ID, "--boxes")
	c.bad("There is no credential", "claim", "revoke", "claim-00000000")
	c.ok("LAST", "claim", "refusals")
	ca := c.ok("BEGIN CERTIFICATE", "claim", "ca")
	if again := c.ok("BEGIN CERTIFICATE", "claim", "ca"); again != ca {
		t.Error("another authority each time")
	}
	c.ok("BEGIN X509 CRL", "claim", "ca", "--crl")
	const box = "0123456789abcdef"
	c.bad("does not know the box", "box", "show", box)
	c.bad("does not know the box", "box", "allow", box)
	c.bad("is no box id", "box", "revoke", "short")
	c.ok("is revoked", "box", "revoke", box, "--reason", "stolen")
	c.ok("stolen", "box", "show", box)
	c.ok(box, "box", "list", "--revoked")
	c.ok("may claim once more", "box", "allow", box)
	c.ok("SIGN", "box", "suspects")
	c.bad("not on the list", "box", "suspects", "--clear", box)
	for _, what := range []string{"claim_made", "claim_revoked", "box_revoked", "box_allowed"} {
		c.ok(what, "audit", "list", "--what", what)
	}
	typo := commands{t, filepath.Join(c.data, "typo")}
	typo.bad("there is no folder", "claim", "list")
}

// A box claims over TLS at the running program, comes with its certificate, and is cut
// off by a command.
func TestProvisioned(t *testing.T) {
	conf := testConfig(t.TempDir())
	conf.MQTT.Listen, conf.MQTT.TLSListen, conf.MQTT.TLSNames = "none", "127.0.0.1:0", "127.0.0.1, broker.example"
	conf.MQTT.Certificates = certsRequired
	if err := conf.Check(); err != nil {
		t.Fatal(err)
	}
	p := startWith(t, conf)
	c := commands{t, conf.Data}
	url := p.p.BrokerURL()
	if !strings.HasPrefix(url, "tls://") {
		t.Fatalf("boxes connect to %q", url)
	}
	k, err := protocol.ParseCredential(c.ok("claim-", "claim", "new"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(c.ok("BEGIN", "claim", "ca")))
	lost := make(chan error, 1)
	connect := func(user, password, client string, certs ...tls.Certificate) (mqtt.Client, error) {
		t.Helper()
		m := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetClientID(client).SetProtocolVersion(4).SetAutoReconnect(false).
			SetUsername(user).SetPassword(password).SetTLSConfig(&tls.Config{RootCAs: pool, Certificates: certs}).
			SetConnectionLostHandler(func(_ mqtt.Client, err error) { lost <- err }))
		token := m.Connect()
		token.Wait()
		t.Cleanup(func() { m.Disconnect(0) })
		return m, token.Error()
	}
	const box = "0123456789abcdef0001"
	if _, err := connect(box, "", box+".1"); err == nil {
		t.Fatal("let in without a certificate, which is required")
	}
	m, err := connect(k.ID, k.Secret, k.ID+".1")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: box}}, key)
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan protocol.Issue, 1)
	heard := m.Subscribe(protocol.IssueTopic(33, box), 1, func(_ mqtt.Client, m mqtt.Message) {
		if i, err := protocol.ParseIssue(m.Payload()); err == nil {
			answers <- i
		}
	})
	heard.Wait()
	claim := protocol.Claim{Serial: "SN1", CSR: csr}
	protocol.ProveClaim(protocol.ClaimTopic(33, box), &claim, k)
	m.Publish(protocol.ClaimTopic(33, box), 1, false, protocol.AppendClaim(nil, &claim)).Wait()
	issue := <-answers
	if issue.Code != protocol.IssueGranted {
		t.Fatalf("%+v", issue)
	}
	if _, err := connect(box, "", box+".1", tls.Certificate{Certificate: [][]byte{issue.Chain}, PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	c.ok("good", "box", "show", "SN1")
	c.ok("is revoked", "box", "revoke", box)
	if err := <-lost; err == nil {
		t.Error("the connection ended, nobody knows why")
	}
	if _, err := connect(box, "", box+".1", tls.Certificate{Certificate: [][]byte{issue.Chain}, PrivateKey: key}); err == nil {
		t.Error("a revoked box is let in")
	}
	if text := p.ask("GET", "/api/v1/boxes/claims", "", nil); !strings.Contains(text, `"refusals":[]`) {
		t.Errorf("%s", text)
	}
	// The connection may have been looked at, and ended, for its claim already; of the
	// revocation the platform hears when it looks next.
	scrape := p.ask("GET", "/metrics", "", nil)
	for end := time.Now().Add(time.Minute); !strings.Contains(scrape, "iptv_boxes_revoked 1") && time.Now().Before(end); {
		scrape = p.ask("GET", "/metrics", "", nil)
	}
	for _, want := range []string{`iptv_claims_total{outcome="claimed"} 1`, `iptv_boxes_turned_away_total{reason="revoked"}`, `iptv_boxes_turned_away_total{reason="bare"} 1`,
		"iptv_boxes_revoked 1", "iptv_boxes_ending 0", "iptv_authority_end_timestamp_seconds ", "iptv_broker_cut_total 1"} {
		if !strings.Contains(scrape, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	info, err := os.Stat(filepath.Join(conf.Data, provisionDir, "authority.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if block, _ := pem.Decode([]byte(c.ok("CRL", "claim", "ca", "--crl"))); block == nil {
		t.Error("no list of revoked certificates")
	} else if list, err := x509.ParseRevocationList(block.Bytes); err != nil || len(list.RevokedCertificateEntries) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}
