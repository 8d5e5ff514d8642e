package protocol

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

// The topics of provisioning [P-11.1].
//
//	e1/<pp>/<box>  claim or renewal  up    QoS 1
//	i1/<pp>/<box>  answer            down  QoS 1

// The limits of provisioning [P-2.5].
const (
	// MaxClaim is the greatest claim, in bytes.
	MaxClaim = 2048
	// MaxCSR is the greatest request for a certificate (PKCS #10, DER), in bytes.
	MaxCSR = 1024
	// MaxSerial is the longest serial of a box, in characters.
	MaxSerial = 64
	// maxProof is more than a signature by P-256 takes.
	maxProof = 80
)

// ClaimTopic is where box asks for a certificate.
func ClaimTopic(province uint8, box string) string { return fmt.Sprintf("e1/%02d/%s", province, box) }

// IssueTopic is where box hears the answer.
func IssueTopic(province uint8, box string) string { return fmt.Sprintf("i1/%02d/%s", province, box) }

// ParseClaimTopic is the inverse of ClaimTopic.
func ParseClaimTopic(topic string) (province uint8, box string, err error) {
	part := strings.Split(topic, "/")
	if len(part) != 3 || part[0] != "e1" {
		return 0, "", faultf(Malformed, "topic", "%.80q, must be e1/<province>/<box>", topic)
	}
	province, ok := digits(part[1])
	if !ok {
		return 0, "", faultf(Malformed, "topic", "province %.8q, must be two digits from 10", part[1])
	}
	return province, part[2], CheckBox(part[2])
}

// CheckSerial reports what is wrong with the serial of a box: it must be 1 to
// MaxSerial of letters, digits, ".", "_", ":" and "-".
func CheckSerial(serial string) error {
	if len(serial) < 1 || len(serial) > MaxSerial {
		return faultf(Malformed, "serial", "%d characters, allowed 1..%d", len(serial), MaxSerial)
	}
	for _, c := range []byte(serial) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == ':':
		default:
			return faultf(Malformed, "serial", "character %q, allowed letters, digits, . _ : -", c)
		}
	}
	return nil
}

// Credential is a claim credential: what lets boxes of a batch ask for their
// first certificate, and for nothing else. The zero Credential is none.
type Credential struct{ ID, Secret string }

// credentialPrefix keeps ids apart from those of boxes, which have no dash.
const credentialPrefix = "claim-"

// ParseCredential reads the text that Credential.String writes.
func ParseCredential(text string) (Credential, error) {
	id, secret, ok := strings.Cut(text, ".")
	c := Credential{id, secret}
	if !ok || !IsCredential(id) || len(secret) < 20 || len(secret) > 64 || strings.Trim(secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return Credential{}, faultf(Malformed, "claim", "not a claim credential; it looks like claim-k3f9x2ma.<26 letters and digits>, as aggregator claim new prints it")
	}
	return c, nil
}

// String is what stands in a box's configuration; it holds the secret.
func (c Credential) String() string { return c.ID + "." + c.Secret }

// Key is what the centre keeps of the secret, and what proofs are made with.
func (c Credential) Key() [32]byte {
	return sha256.Sum256([]byte("iptvdc claim\x00" + c.ID + "\x00" + c.Secret))
}

// IsCredential reports whether s has the form of a claim credential's id:
// "claim-" and 8 of 0-9 and a-z.
func IsCredential(s string) bool {
	name, ok := strings.CutPrefix(s, credentialPrefix)
	return ok && len(name) == 8 && strings.Trim(name, "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}

// Claim asks for a certificate [P-11.2].
type Claim struct {
	// Credential is the id of the claim credential; "": the box has a certificate
	// and renews it.
	Credential string
	Serial     string // of the box's hardware
	CSR        []byte // PKCS #10 in DER: the box's id as common name, its public key
	// Proof is, over ClaimBytes: of a claim HMAC-SHA-256 with the credential's
	// Key, of a renewal a signature (ECDSA, ASN.1) of its SHA-256 by the key that
	// the box has a certificate for.
	Proof []byte
}

const claimFields = 5

// ClaimBytes is what the proof of a claim on topic covers.
func ClaimBytes(topic string, c *Claim) []byte {
	b := append([]byte("e1"), 0)
	for _, part := range [][]byte{[]byte(topic), []byte(c.Credential), []byte(c.Serial), c.CSR} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return b
}

// ProveClaim sets the proof of a claim on topic by a credential.
func ProveClaim(topic string, c *Claim, with Credential) {
	key := with.Key()
	c.Credential = with.ID
	c.Proof = claimProof(topic, c, key)
}

// ProvedBy reports whether a claim on topic was made with the credential that has
// this Key.
func (c *Claim) ProvedBy(topic string, key [32]byte) bool {
	return hmac.Equal(c.Proof, claimProof(topic, c, key))
}

func claimProof(topic string, c *Claim, key [32]byte) []byte {
	h := hmac.New(sha256.New, key[:])
	h.Write(ClaimBytes(topic, c))
	return h.Sum(nil)
}

// AppendClaim appends c's packet to dst.
func AppendClaim(dst []byte, c *Claim) []byte {
	w := packer{dst}
	w.array(claimFields)
	w.uint(Version)
	w.string(c.Credential)
	w.string(c.Serial)
	w.bytes(c.CSR)
	w.bytes(c.Proof)
	return w.b
}

// ParseClaim decodes a claim; CSR and Proof alias the packet. Nothing in it is
// to be believed before its proof was checked.
func ParseClaim(packet []byte) (Claim, error) {
	var c Claim
	if len(packet) > MaxClaim {
		return c, faultf(BadLimit, "packet", "%d bytes, at most %d", len(packet), MaxClaim)
	}
	var d Decoder
	d.r.reset(packet)
	fields, err := d.r.arrayLen("claim")
	if err != nil {
		return c, err
	}
	if fields < claimFields {
		return c, faultf(Malformed, "claim", "%d elements, at least %d", fields, claimFields)
	}
	var version uint64
	r := headerReader{d: &d}
	r.uint("v", 255, func(v uint64) { version = v })
	if r.err == nil && version != Version {
		return c, faultf(BadVersion, "v", "%d, this centre reads %d", version, Version)
	}
	r.text("credential", &c.Credential)
	r.text("serial", &c.Serial)
	r.bytes("csr", &c.CSR)
	r.bytes("proof", &c.Proof)
	if err := d.rest(r.err, fields-claimFields); err != nil {
		return c, err
	}
	switch {
	case c.Credential != "" && !IsCredential(c.Credential):
		return c, faultf(Malformed, "credential", "%.20q, must be empty or claim- and 8 of 0-9 and a-z", c.Credential)
	case len(c.CSR) == 0 || len(c.CSR) > MaxCSR:
		return c, faultf(BadLimit, "csr", "%d bytes, allowed 1..%d", len(c.CSR), MaxCSR)
	case len(c.Proof) == 0 || len(c.Proof) > maxProof:
		return c, faultf(BadLimit, "proof", "%d bytes, allowed 1..%d", len(c.Proof), maxProof)
	}
	return c, CheckSerial(c.Serial)
}

// rest passes over the elements that this version does not know.
func (d *Decoder) rest(err error, extra int) error {
	for ; extra > 0 && err == nil; extra-- {
		err = d.r.skip(1)
	}
	if err == nil && d.r.left() != 0 {
		return faultf(Malformed, "packet", "%d bytes too many", d.r.left())
	}
	return err
}

func (r *headerReader) text(field string, into *string) {
	if r.err == nil {
		var b []byte
		b, r.err = r.d.r.text(field)
		*into = string(b)
	}
}

// IssueCode says what the centre did with a claim [P-11.3].
type IssueCode uint8

const (
	IssueGranted IssueCode = 0 // Chain is the certificate
	IssueBusy    IssueCode = 1 // ask the same again after Retry
	IssueRefused IssueCode = 2 // Why says what for; ask the same again after Retry
	IssueRekey   IssueCode = 3 // this key is void: make another and ask with that
)

var issueNames = names{"granted", "busy", "refused", "rekey"}

func (c IssueCode) String() string { return issueNames.word(uint8(c)) }

// Issue is what the centre answers on topic i1.
type Issue struct {
	Code IssueCode
	// For names the request: the first 16 bytes of SHA-256 over its CSR. Another
	// device that goes by the same box id hears the answer too.
	For      [16]byte
	RetryS   uint32 // seconds to wait before asking again; 0: as the box sees fit
	ServerMs uint64 // the centre's clock, UTC milliseconds
	Chain    []byte // certificates in DER one after the other, the box's own first
	Why      string // begins with the reason's word
}

const issueFields = 7

// IssueFor is the For of the answer to a request.
func IssueFor(csr []byte) (sum [16]byte) {
	full := sha256.Sum256(csr)
	copy(sum[:], full[:])
	return sum
}

// AppendIssue appends i's packet to dst. A Why that is too long is cut; a packet
// above MaxPacketDown, as with a long chain, is an error.
func AppendIssue(dst []byte, i *Issue) ([]byte, error) {
	w := packer{dst}
	w.array(issueFields)
	w.uint(Version)
	w.bytes(i.For[:])
	w.uint(uint64(i.Code))
	w.uint(uint64(i.RetryS))
	w.uint(i.ServerMs)
	w.bytes(i.Chain)
	w.string(strings.ToValidUTF8(i.Why[:min(len(i.Why), MaxString)], ""))
	if n := len(w.b) - len(dst); n > MaxPacketDown {
		return dst, faultf(BadLimit, "packet", "%d bytes, at most %d", n, MaxPacketDown)
	}
	return w.b, nil
}

// ParseIssue decodes an answer; Chain aliases the packet. A code that this
// version does not know is an error: the box then waits as if none had come.
func ParseIssue(packet []byte) (Issue, error) {
	var i Issue
	if len(packet) > MaxPacketDown {
		return i, faultf(BadLimit, "packet", "%d bytes, at most %d", len(packet), MaxPacketDown)
	}
	var d Decoder
	d.r.reset(packet)
	fields, err := d.r.arrayLen("answer")
	if err != nil {
		return i, err
	}
	if fields < issueFields {
		return i, faultf(Malformed, "answer", "%d elements, at least %d", fields, issueFields)
	}
	var version uint64
	r := headerReader{d: &d}
	r.uint("v", 255, func(v uint64) { version = v })
	if r.err == nil && version != Version {
		return i, faultf(BadVersion, "v", "%d, this box reads %d", version, Version)
	}
	r.fixed("for", i.For[:])
	r.uint("code", uint64(IssueRekey), func(v uint64) { i.Code = IssueCode(v) })
	r.uint("retry", 1<<32-1, func(v uint64) { i.RetryS = uint32(v) })
	r.uint("server", 1<<63-1, func(v uint64) { i.ServerMs = v })
	r.bytes("chain", &i.Chain)
	r.text("why", &i.Why)
	return i, d.rest(r.err, fields-issueFields)
}
