package protocol

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
)

// Keys are the public keys that a box trusts, by the number under which a
// packet names them [P-8.1].
type Keys map[uint64]ed25519.PublicKey

const signedFields = 4

// ProfileTopic is where the boxes of a group hear their profile; every box is
// of the group GroupAll.
func ProfileTopic(province uint8, group string) string {
	return fmt.Sprintf("p1/%02d/%s", province, group)
}

// CommandTopic is where box hears commands.
func CommandTopic(province uint8, box string) string { return fmt.Sprintf("c1/%02d/%s", province, box) }

// GroupAll is the group that every box is of.
const GroupAll = "all"

// CheckGroup reports what is wrong with the name of a group of boxes: it must
// be 1 to 32 of letters, digits, "-", "_" and ".".
func CheckGroup(group string) error {
	if len(group) < 1 || len(group) > 32 {
		return faultf(Malformed, "group", "%d characters, allowed 1..32", len(group))
	}
	for _, c := range []byte(group) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return faultf(Malformed, "group", "character %q, allowed letters, digits, - _ .", c)
		}
	}
	return nil
}

// SignedTopic says what a topic of signed packets is for.
type SignedTopic struct {
	Province uint8
	Group    string // of a profile's topic, else ""
	Box      string // of a command's topic, else ""
}

// ParseSignedTopic is the inverse of ProfileTopic and CommandTopic.
func ParseSignedTopic(topic string) (SignedTopic, error) {
	part := strings.Split(topic, "/")
	if len(part) != 3 || part[0] != "p1" && part[0] != "c1" {
		return SignedTopic{}, faultf(Malformed, "topic", "%.80q, must be p1/<province>/<group> or c1/<province>/<box>", topic)
	}
	province, ok := digits(part[1])
	if !ok {
		return SignedTopic{}, faultf(Malformed, "topic", "province %.8q, must be two digits from 10", part[1])
	}
	if part[0] == "c1" {
		return SignedTopic{Province: province, Box: part[2]}, CheckBox(part[2])
	}
	return SignedTopic{Province: province, Group: part[2]}, CheckGroup(part[2])
}

// signedBytes is what the signature covers: a packet can neither be moved to
// another topic nor pass for one of another kind.
func signedBytes(topic string, payload []byte) []byte {
	b := make([]byte, 0, len(topic)+len(payload)+4)
	b = append(append(b, topic[:min(2, len(topic))]...), 0)
	b = append(append(b, topic...), 0)
	return append(b, payload...)
}

// AppendSigned appends the packet that says payload on topic, signed with the
// private key of number key [P-8.1]. It refuses what no box would take: another
// topic, an empty payload, a packet above MaxPacketDown.
func AppendSigned(dst []byte, topic string, key uint64, payload []byte, private ed25519.PrivateKey) ([]byte, error) {
	if _, err := ParseSignedTopic(topic); err != nil {
		return dst, err
	}
	switch {
	case len(private) != ed25519.PrivateKeySize:
		return dst, errors.New("key: not a private key for Ed25519")
	case key > 1<<53:
		return dst, faultf(BadLimit, "key", "%d, at most %d", key, int64(1<<53))
	case len(payload) == 0:
		return dst, faultf(Malformed, "payload", "empty")
	}
	return appendPacket(dst, topic, key, payload, private)
}

// appendPacket signs and packs what was checked.
func appendPacket(dst []byte, topic string, key uint64, payload []byte, private ed25519.PrivateKey) ([]byte, error) {
	w := packer{dst}
	w.array(signedFields)
	w.uint(Version)
	w.uint(key)
	w.bytes(payload)
	w.bytes(ed25519.Sign(private, signedBytes(topic, payload)))
	if n := len(w.b) - len(dst); n > MaxPacketDown {
		return dst, faultf(BadLimit, "packet", "%d bytes, at most %d", n, MaxPacketDown)
	}
	return w.b, nil
}

// OpenSigned returns what a packet on topic says, if one of keys has signed it
// for this topic. The payload aliases the packet. A refusal is an *Error; its
// Fault is BadSignature if the packet is well made, but not by a known key.
func OpenSigned(topic string, packet []byte, keys Keys) (payload []byte, err error) {
	if _, err := ParseSignedTopic(topic); err != nil {
		return nil, err
	}
	s, err := ParseSigned(packet)
	if err != nil {
		return nil, err
	}
	if err := s.verify(topic, keys); err != nil {
		return nil, err
	}
	return s.Payload, nil
}

// verify reports whether one of keys has signed the packet for topic.
func (s *Signed) verify(topic string, keys Keys) error {
	public, ok := keys[s.Key]
	if !ok || len(public) != ed25519.PublicKeySize {
		return faultf(BadSignature, "key", "%d is none of the keys that this box has", s.Key)
	}
	if !ed25519.Verify(public, signedBytes(topic, s.Payload), s.Signature[:]) {
		return faultf(BadSignature, "signature", "key %d did not sign this payload for %s", s.Key, topic)
	}
	return nil
}

// Signed is a packet on p1 or c1, taken apart. Nothing in it is to be believed
// before OpenSigned has checked the signature.
type Signed struct {
	Key       uint64
	Payload   []byte // aliases the packet
	Signature [ed25519.SignatureSize]byte
}

// ParseSigned takes a packet apart and does not look at the signature.
func ParseSigned(packet []byte) (Signed, error) {
	var s Signed
	if len(packet) > MaxPacketDown {
		return s, faultf(BadLimit, "packet", "%d bytes, at most %d", len(packet), MaxPacketDown)
	}
	var d Decoder
	d.r.reset(packet)
	fields, err := d.r.arrayLen("packet")
	if err != nil {
		return s, err
	}
	if fields < signedFields {
		return s, faultf(Malformed, "packet", "%d elements, at least %d", fields, signedFields)
	}
	var version uint64
	r := headerReader{d: &d}
	r.uint("v", 255, func(v uint64) { version = v })
	if r.err == nil && version != Version {
		return s, faultf(BadVersion, "v", "%d, this box reads %d", version, Version)
	}
	r.uint("key", 1<<53, func(v uint64) { s.Key = v })
	if r.err == nil {
		s.Payload, r.err = d.r.bytes("payload")
	}
	r.fixed("signature", s.Signature[:])
	for extra := fields - signedFields; extra > 0 && r.err == nil; extra-- {
		r.err = d.r.skip(1)
	}
	switch {
	case r.err != nil:
		return s, r.err
	case d.r.left() != 0:
		return s, faultf(Malformed, "packet", "%d bytes too many", d.r.left())
	case len(s.Payload) == 0:
		return s, faultf(Malformed, "payload", "empty")
	}
	return s, nil
}
