package charset

import (
	"encoding/binary"
	"math/bits"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// ascii copies plain bytes and cleans control characters, up to a byte above
// 0x7f or the end of either slice. Where it can it looks at eight bytes at once.
func (r *Reader) ascii(dst, src []byte) (n int) {
	for end := min(len(dst), len(src)); n < end; {
		if n+8 <= end {
			eight := binary.LittleEndian.Uint64(src[n:])
			binary.LittleEndian.PutUint64(dst[n:], eight)
			p := printable(eight)
			if n += p; p == 8 {
				continue
			}
		}
		b := src[n]
		switch r.dirty[b] {
		case high:
			return n
		case control:
			r.controls++
			b = ' '
		}
		dst[n] = b
		n++
	}
	return n
}

// printable is how many of eight bytes, from the lowest on, lie in 0x20 to 0x7e.
func printable(x uint64) int {
	const each = 0x0101010101010101
	// A carry or borrow only goes up, from a byte that is marked itself.
	marked := (x | (x + each) | (x - each*0x20)) & (each * 0x80)
	return bits.TrailingZeros64(marked) / 8
}

// put writes a character, or a space for a control character; dst has room.
func (r *Reader) put(dst []byte, c rune) int {
	if c < 0xa0 && (c >= utf8.RuneSelf || r.dirty[c] == control) {
		r.controls++
		c = ' '
	}
	return utf8.EncodeRune(dst, c)
}

// decodeASCII goes up to the first byte above 0x7f: there the charset is judged.
func decodeASCII(r *Reader, dst, src []byte, _ bool) (nDst, nSrc int) {
	n := r.ascii(dst, src)
	return n, n
}

func decodeUTF8(r *Reader, dst, src []byte, eof bool) (nDst, nSrc int) {
	for {
		n := r.ascii(dst[nDst:], src[nSrc:])
		nDst, nSrc = nDst+n, nSrc+n
		for nSrc < len(src) && src[nSrc] >= utf8.RuneSelf {
			if len(dst)-nDst < smallest {
				return nDst, nSrc
			}
			if s := src[nSrc:]; len(s) >= 3 && 0xe1 <= s[0] && s[0] <= 0xec && s[1]&0xc0 == 0x80 && s[2]&0xc0 == 0x80 { // Chinese
				d := dst[nDst : nDst+3]
				d[0], d[1], d[2] = s[0], s[1], s[2]
				nDst, nSrc = nDst+3, nSrc+3
				continue
			}
			c, size := utf8.DecodeRune(src[nSrc:])
			switch {
			case size > 1:
				nDst += r.put(dst[nDst:], c)
			case !eof && !utf8.FullRune(src[nSrc:]):
				return nDst, nSrc
			default:
				nDst += r.breaks(dst[nDst:], nSrc)
			}
			nSrc += size
		}
		if nSrc == len(src) || nDst == len(dst) {
			return nDst, nSrc
		}
	}
}

// decodeGB18030 lets a lead byte without its trail be broken alone: half a
// character must not swallow the delimiter or the < behind it.
//
// A pair of bytes above 0x7f that is no character is broken once.
func decodeGB18030(r *Reader, dst, src []byte, eof bool) (nDst, nSrc int) {
	pairs := twoBytes()
	for {
		n := r.ascii(dst[nDst:], src[nSrc:])
		nDst, nSrc = nDst+n, nSrc+n
		for nSrc < len(src) && src[nSrc] >= utf8.RuneSelf {
			if len(dst)-nDst < smallest {
				return nDst, nSrc
			}
			if nSrc+1 < len(src) {
				if c := pairs[src[nSrc]&0x7f][src[nSrc+1]]; c >= 0x800 { // Chinese
					d := dst[nDst : nDst+3]
					d[0], d[1], d[2] = byte(0xe0|c>>12), byte(0x80|c>>6&0x3f), byte(0x80|c&0x3f)
					nDst, nSrc = nDst+3, nSrc+2
					continue
				}
			}
			c, size := gb18030(pairs, src[nSrc:], eof)
			switch {
			case size == 0:
				return nDst, nSrc
			case c == none:
				nDst += r.breaks(dst[nDst:], nSrc)
			default:
				nDst += r.put(dst[nDst:], c)
			}
			nSrc += size
		}
		if nSrc == len(src) || nDst == len(dst) {
			return nDst, nSrc
		}
	}
}

// none is no character: bytes that are no text.
const none = rune(-1)

// gb18030 decodes the character at src[0], which is above 0x7f. Size 0: the rest
// of it must be read first.
func gb18030(pairs *pairs, src []byte, eof bool) (c rune, size int) {
	switch {
	case src[0] == 0x80:
		return '€', 1
	case src[0] == 0xff:
		return none, 1
	case len(src) == 1 && !eof:
		return 0, 0
	case len(src) == 1:
		return none, 1
	case '0' <= src[1] && src[1] <= '9':
		if len(src) < 4 && !eof {
			return 0, 0
		}
		return fourBytes(src)
	}
	if c := rune(pairs[src[0]&0x7f][src[1]]); c != 0 {
		return c, 2
	}
	if src[1] < utf8.RuneSelf {
		return none, 1
	}
	return none, 2
}

// pairs are GB18030's characters of two bytes, by lead less 0x80 and trail; 0 is
// none.
type pairs [128][256]uint16

// twoBytes makes the table. Its characters are those of golang.org/x/text, whose
// own decoder is slower and does not tell a broken byte from a U+FFFD that is
// there.
var twoBytes = sync.OnceValue(func() *pairs {
	all := new(pairs)
	for lead := 0x81; lead < 0xff; lead++ {
		for trail := 0x40; trail < 0xff; trail++ {
			if c := library(byte(lead), byte(trail)); c != utf8.RuneError {
				all[lead&0x7f][trail] = uint16(c) // all lie in the basic plane
			}
		}
	}
	return all
})

func fourBytes(src []byte) (c rune, size int) {
	if len(src) < 4 {
		return none, 1
	}
	c = library(src[:4]...)
	if there := [4]byte(src) == [4]byte{0x84, 0x31, 0xa4, 0x37}; c == utf8.RuneError && !there {
		return none, 1
	}
	return c, 4
}

// library decodes what should be one character; U+FFFD if it is not.
func library(b ...byte) rune {
	var out [8]byte
	n, _, err := simplifiedchinese.GB18030.NewDecoder().Transform(out[:], b, true)
	if c, size := utf8.DecodeRune(out[:n]); err == nil && size == n {
		return c
	}
	return utf8.RuneError
}

func decodeUTF16LE(r *Reader, dst, src []byte, eof bool) (nDst, nSrc int) {
	return r.utf16(dst, src, eof, func(b []byte) rune { return rune(b[0]) | rune(b[1])<<8 })
}

func decodeUTF16BE(r *Reader, dst, src []byte, eof bool) (nDst, nSrc int) {
	return r.utf16(dst, src, eof, func(b []byte) rune { return rune(b[1]) | rune(b[0])<<8 })
}

// utf16 counts half of a pair, and half a unit at the end, as broken once.
func (r *Reader) utf16(dst, src []byte, eof bool, unit func([]byte) rune) (nDst, nSrc int) {
	for len(dst)-nDst >= smallest && nSrc < len(src) {
		rest := src[nSrc:]
		if len(rest) < 2 || utf16.IsSurrogate(unit(rest)) && len(rest) < 4 {
			if !eof {
				return nDst, nSrc
			}
			nDst += r.breaks(dst[nDst:], nSrc)
			nSrc += min(2, len(rest))
			continue
		}
		c, size := unit(rest), 2
		if utf16.IsSurrogate(c) {
			if c = utf16.DecodeRune(c, unit(rest[2:])); c == utf8.RuneError {
				nDst += r.breaks(dst[nDst:], nSrc)
				nSrc += 2
				continue
			}
			size = 4
		}
		nDst += r.put(dst[nDst:], c)
		nSrc += size
	}
	return nDst, nSrc
}
