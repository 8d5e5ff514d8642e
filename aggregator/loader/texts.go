package loader

import "encoding/binary"

// texts remembers the keys of texts, at most as many as it was made for. A
// few in use right now are found without a map: every event has several, and
// most of them were in the event before.
type texts struct {
	all   *generations[textKey]
	front [1 << frontBits]textKey
}

// textKey is a text with its key; both zero for none.
type textKey struct {
	text string // a copy of its own: one from a decoder pins its whole batch
	key  uint64
}

const frontBits = 11

func newTexts(limit int) *texts { return &texts{all: newGenerations[textKey](limit)} }

// get returns the key of s, which must not be empty.
func (t *texts) get(s string) (uint64, bool) {
	at := &t.front[frontSlot(s)]
	if at.text == s {
		return at.key, true
	}
	found, ok := t.all.get(s)
	if ok {
		*at = found
	}
	return found.key, ok
}

// put remembers a text; it keeps s.
func (t *texts) put(s string, key uint64) { t.all.put(s, textKey{s, key}) }

// frontSlot spreads texts by their ends: codes often begin alike.
func frontSlot(s string) uint64 {
	h := uint64(len(s)) << 56
	if n := len(s) - 8; n >= 0 {
		h ^= binary.LittleEndian.Uint64([]byte(s[n:]))
	} else {
		for i := range len(s) {
			h ^= uint64(s[i]) << (8 * i)
		}
	}
	return h * 0x9e3779b97f4a7c15 >> (64 - frontBits)
}
