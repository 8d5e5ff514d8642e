package normal

// sieve tells cheaply of most texts that they are no alias: it looks at their
// length and the first and last bytes. Most runs of words are none, and a map
// would read all of each.
type sieve [1 << sieveBits / 64]uint64

const sieveBits = 14

func (s *sieve) add(folded string) {
	h := sieveHash([]byte(folded))
	s[h/64] |= 1 << (h % 64)
}

// has reports whether the text may be one that was added; of one that was it
// always does.
func (s *sieve) has(folded []byte) bool {
	h := sieveHash(folded)
	return s[h/64]&(1<<(h%64)) != 0
}

func sieveHash(b []byte) uint32 {
	n := len(b)
	h := uint32(n)
	if n >= 3 {
		h = h<<24 ^ uint32(b[0])<<16 ^ uint32(b[1])<<8 ^ uint32(b[2])
		h = h*0x9e3779b1 ^ uint32(b[n-3])<<16 ^ uint32(b[n-2])<<8 ^ uint32(b[n-1])
	} else {
		for _, c := range b {
			h = h<<8 | uint32(c)
		}
	}
	return h * 0x85ebca6b >> (32 - sieveBits)
}
