package protocol_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"iptvdc/protocol"
)

// factory is the credential of the vectors.
var factory = protocol.Credential{ID: "claim-0a1b2c3d", Secret: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}

const claimingBox = "0123456789abcdef"

func claimForm(topic string, packet []byte) (any, error) {
	if strings.HasPrefix(topic, "i1/") {
		i, err := protocol.ParseIssue(packet)
		return map[string]any{"for": hexOf(i.For[:]), "code": i.Code, "retry": i.RetryS, "server": i.ServerMs, "chain": hexOf(i.Chain), "why": i.Why}, err
	}
	province, box, err := protocol.ParseClaimTopic(topic)
	if err != nil {
		return nil, err
	}
	c, err := protocol.ParseClaim(packet)
	return map[string]any{"province": province, "box": box, "credential": c.Credential, "serial": c.Serial, "csr": hexOf(c.CSR),
		"proof": hexOf(c.Proof), "proved": c.ProvedBy(topic, factory.Key())}, err
}

func claimVectors(t *testing.T) []vector {
	topic := protocol.ClaimTopic(33, claimingBox)
	claim := func(change func(*protocol.Claim)) string {
		c := protocol.Claim{Serial: "SN-2026:00017", CSR: []byte("a request for a certificate")}
		protocol.ProveClaim(topic, &c, factory)
		if change != nil {
			change(&c)
		}
		return hexOf(protocol.AppendClaim(nil, &c))
	}
	issue := func(i protocol.Issue) string {
		i.For = protocol.IssueFor([]byte("a request for a certificate"))
		i.ServerMs = 1790000000000
		b, err := protocol.AppendIssue(nil, &i)
		if err != nil {
			t.Fatal(err)
		}
		return hexOf(b)
	}
	answer := protocol.IssueTopic(33, claimingBox)
	good := claim(nil)
	return []vector{
		{Name: "claim", Text: topic, Hex: good},
		{Name: "claim moved to another box's topic: not proved", Text: protocol.ClaimTopic(33, "fedcba9876543210"), Hex: good},
		{Name: "claim with another serial: not proved", Text: topic, Hex: claim(func(c *protocol.Claim) { c.Serial = "SN-2026:00018" })},
		{Name: "renewal: proved by a signature", Text: topic, Hex: claim(func(c *protocol.Claim) { c.Credential, c.Proof = "", bytes.Repeat([]byte{7}, 71) })},
		{Name: "an element more", Text: topic, Hex: "96" + good[2:] + "c3"},
		{Name: "an element less", Text: topic, Hex: "94" + good[2:]},
		{Name: "cut", Text: topic, Hex: good[:len(good)-2]},
		{Name: "a byte too many", Text: topic, Hex: good + "00"},
		{Name: "another version", Text: topic, Hex: "9502" + good[4:]},
		{Name: "a credential that is a box's id", Text: topic, Hex: claim(func(c *protocol.Claim) { c.Credential = claimingBox })},
		{Name: "no serial", Text: topic, Hex: claim(func(c *protocol.Claim) { c.Serial = "" })},
		{Name: "a serial with a space", Text: topic, Hex: claim(func(c *protocol.Claim) { c.Serial = "SN 1" })},
		{Name: "a long serial", Text: topic, Hex: claim(func(c *protocol.Claim) { c.Serial = strings.Repeat("9", protocol.MaxSerial+1) })},
		{Name: "no request", Text: topic, Hex: claim(func(c *protocol.Claim) { c.CSR = nil })},
		{Name: "a huge request", Text: topic, Hex: claim(func(c *protocol.Claim) { c.CSR = make([]byte, protocol.MaxCSR+1) })},
		{Name: "no proof", Text: topic, Hex: claim(func(c *protocol.Claim) { c.Proof = nil })},
		{Name: "a long proof", Text: topic, Hex: claim(func(c *protocol.Claim) { c.Proof = make([]byte, 81) })},
		{Name: "a huge packet", Text: topic, Hex: claim(func(c *protocol.Claim) { c.CSR = make([]byte, protocol.MaxClaim) })},
		{Name: "a topic without a province", Text: "e1/00/" + claimingBox, Hex: good},
		{Name: "a topic of a batch", Text: protocol.UpTopic(33, claimingBox), Hex: good},
		{Name: "granted", Text: answer, Hex: issue(protocol.Issue{Chain: []byte("certificates")})},
		{Name: "busy", Text: answer, Hex: issue(protocol.Issue{Code: protocol.IssueBusy, RetryS: 30})},
		{Name: "refused", Text: answer, Hex: issue(protocol.Issue{Code: protocol.IssueRefused, RetryS: 3600, Why: "taken: this serial has another key"})},
		{Name: "rekey", Text: answer, Hex: issue(protocol.Issue{Code: protocol.IssueRekey})},
		{Name: "an unknown code", Text: answer, Hex: strings.Replace(issue(protocol.Issue{Code: protocol.IssueRekey}), "03", "04", 1)},
	}
}

// TestWhatIsGivenIsRead: what the writer makes reads as it was given, and a
// credential as it was printed.
func TestClaimRoundTrip(t *testing.T) {
	c := protocol.Claim{Serial: "00e0fc-1", CSR: bytes.Repeat([]byte{1}, protocol.MaxCSR)}
	topic := protocol.ClaimTopic(43, claimingBox)
	protocol.ProveClaim(topic, &c, factory)
	got, err := protocol.ParseClaim(protocol.AppendClaim(nil, &c))
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, got, c)
	if !got.ProvedBy(topic, factory.Key()) || got.ProvedBy(protocol.ClaimTopic(33, claimingBox), factory.Key()) {
		t.Error("a proof holds for its own topic alone")
	}
	if back, err := protocol.ParseCredential(factory.String()); err != nil || back != factory {
		t.Errorf("%v, %v", back, err)
	}
	other := factory
	other.Secret = strings.Repeat("A", 26)
	if got.ProvedBy(topic, other.Key()) {
		t.Error("proved by another secret")
	}
	for _, text := range []string{"", "claim-0a1b2c3d", "claim-0a1b2c3d.", "claim-0a1b2c3d.short", "claim-0A1b2c3d.ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		"0a1b2c3d.ABCDEFGHIJKLMNOPQRSTUVWXYZ", "claim-0a1b2c3d.abcdefghijklmnopqrstuvwxyz"} {
		if _, err := protocol.ParseCredential(text); err == nil {
			t.Errorf("%q is taken for a credential", text)
		}
	}
	if _, err := protocol.AppendIssue(nil, &protocol.Issue{Chain: make([]byte, protocol.MaxPacketDown)}); err == nil {
		t.Error("an answer above the limit is made")
	}
	long, err := protocol.AppendIssue(nil, &protocol.Issue{Code: protocol.IssueRefused, Why: strings.Repeat("长", 200)})
	if err != nil {
		t.Fatal(err)
	}
	if i, err := protocol.ParseIssue(long); err != nil || len(i.Why) > protocol.MaxString || !strings.HasPrefix(i.Why, "长长") {
		t.Errorf("%d bytes of why, %v", len(i.Why), err)
	}
}

// A claim that decodes encodes to the same meaning, within the limits.
func FuzzClaim(f *testing.F) {
	seedHex(f, "claims.json", func(v *vector, b []byte) { f.Add(v.Text, b) })
	f.Fuzz(func(t *testing.T, topic string, packet []byte) {
		_, box, err := protocol.ParseClaimTopic(topic)
		mustBeError(t, err)
		if err == nil && protocol.CheckBox(box) != nil {
			t.Fatalf("the box of %q", topic)
		}
		c, err := protocol.ParseClaim(packet)
		mustBeError(t, err)
		if err != nil {
			return
		}
		again := protocol.AppendClaim(nil, &c)
		if len(again) > len(packet) {
			t.Fatalf("%d bytes became %d", len(packet), len(again))
		}
		c2, err := protocol.ParseClaim(again)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, c2, c)
	})
}

// So does an answer.
func FuzzIssue(f *testing.F) {
	seedHex(f, "claims.json", func(_ *vector, b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, packet []byte) {
		i, err := protocol.ParseIssue(packet)
		mustBeError(t, err)
		if err != nil {
			return
		}
		again, err := protocol.AppendIssue(nil, &i)
		var e *protocol.Error
		if errors.As(err, &e) {
			t.Fatal(err)
		}
		if i2, err := protocol.ParseIssue(again); err != nil || i2.Code != i.Code || !bytes.Equal(i2.Chain, i.Chain) {
			t.Fatalf("%+v, %v; want %+v", i2, err, i)
		}
	})
}
