package protocol

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// Check reports what is wrong with an event that a box is about to record:
// unknown kind, a missing or overlong field, a number outside its limits. The
// error names the field and what is allowed.
func (e *Event) Check() error {
	if !e.Kind.Known() {
		return faultf(BadLimit, "kind", "%d is not a kind", e.Kind)
	}
	if e.MonoMs > MaxMonoMs {
		return faultf(BadLimit, "mono_ms", "%d, at most %d", e.MonoMs, int64(MaxMonoMs))
	}
	if !sourceNames.known(uint8(e.Source)) {
		return faultf(BadLimit, "source", "%d is not known; allowed: %s", e.Source, sourceNames.list())
	}
	need := required[e.Kind]
	for _, c := range columns(e.Kind) {
		if c.str != nil {
			s := *c.str(e)
			switch {
			case len(s) > MaxString:
				return faultf(BadLimit, c.name, "%d bytes, at most %d", len(s), MaxString)
			case !utf8.ValidString(s):
				return faultf(BadLimit, c.name, "not UTF-8")
			case s == "" && slices.Contains(need, c.name):
				return faultf(BadLimit, c.name, "missing; a %s must have it", e.Kind)
			}
			continue
		}
		v := c.num(e)
		if v == 0 && slices.Contains(need, c.name) {
			return faultf(BadLimit, c.name, "missing; a %s must have it", e.Kind)
		}
		if err := c.check(v); err != nil {
			return err
		}
		if c.enum != nil && !c.enum.known(uint8(v)) {
			return faultf(BadLimit, c.name, "%d is not known; allowed: %s", v, c.enum.list())
		}
	}
	if (e.Kind == View || e.Kind == Impression) && e.DurationMs > e.MonoMs {
		return faultf(BadLimit, "duration_ms", "%d, but the box started %d ms ago", e.DurationMs, e.MonoMs)
	}
	return nil
}

// IdentitySerial names an identity by its content: the first four bytes of
// SHA-256 over its columns in wire order, texts as length (4 bytes, big
// endian) and bytes, numbers as 8 bytes big endian; never 0 [P-3.7]. So an
// identity told again after a new epoch keeps its name.
func IdentitySerial(e *Event) uint32 {
	h := sha256.New()
	var b [8]byte
	for _, c := range columnsOf[Identity] {
		if c.str != nil {
			s := *c.str(e)
			binary.BigEndian.PutUint32(b[:4], uint32(len(s)))
			h.Write(b[:4])
			h.Write([]byte(s))
			continue
		}
		binary.BigEndian.PutUint64(b[:], uint64(c.num(e)))
		h.Write(b[:])
	}
	return max(1, binary.BigEndian.Uint32(h.Sum(nil)))
}
