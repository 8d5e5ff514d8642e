package protocol

import (
	"encoding/binary"
	"math"
)

// reader reads msgpack from a slice it does not own. It takes every width of a
// number or header [P-1.3], copies nothing and sizes nothing by what a header
// announces: each length is held against the bytes that are left first.
type reader struct {
	src []byte
	at  int
}

func (r *reader) reset(src []byte) { r.src, r.at = src, 0 }

// left is how many bytes have not been read.
func (r *reader) left() int { return len(r.src) - r.at }

func (r *reader) code(field string) (byte, error) {
	if r.at >= len(r.src) {
		return 0, faultf(Malformed, field, "the bytes end here")
	}
	return r.src[r.at], nil
}

// head reads the width bytes of a number or length that follow its first byte.
func (r *reader) head(field string, width int) (uint64, error) {
	if r.left() <= width {
		return 0, faultf(Malformed, field, "the bytes end inside it")
	}
	b := r.src[r.at+1:]
	r.at += 1 + width
	switch width {
	case 1:
		return uint64(b[0]), nil
	case 2:
		return uint64(binary.BigEndian.Uint16(b)), nil
	case 4:
		return uint64(binary.BigEndian.Uint32(b)), nil
	}
	return binary.BigEndian.Uint64(b), nil
}

// uint reads a number that is not negative.
func (r *reader) uint(field string) (uint64, error) {
	if r.at < len(r.src) {
		if c := r.src[r.at]; c < 0x80 {
			r.at++
			return uint64(c), nil
		}
	}
	v, err := r.wide(field)
	if err == nil && v.negative {
		return 0, faultf(Malformed, field, "%d, must not be negative", int64(v.bits))
	}
	return v.bits, err
}

// int reads a number of 63 bits and a sign.
func (r *reader) int(field string) (int64, error) {
	if r.at < len(r.src) {
		if c := r.src[r.at]; c < 0x80 || c >= codeNegative {
			r.at++
			return int64(int8(c)), nil
		}
	}
	v, err := r.wide(field)
	if err == nil && !v.negative && v.bits > math.MaxInt64 {
		return 0, faultf(Malformed, field, "%d, at most %d", v.bits, int64(math.MaxInt64))
	}
	return int64(v.bits), err
}

// integer is a number of any width; bits are two's complement if negative.
type integer struct {
	bits     uint64
	negative bool
}

func (r *reader) wide(field string) (integer, error) {
	c, err := r.code(field)
	if err != nil {
		return integer{}, err
	}
	switch {
	case c < 0x80:
		r.at++
		return integer{bits: uint64(c)}, nil
	case c >= codeNegative:
		r.at++
		return integer{uint64(int64(int8(c))), true}, nil
	case c >= codeUint8 && c <= codeUint64:
		v, err := r.head(field, 1<<(c-codeUint8))
		return integer{bits: v}, err
	case c >= codeInt8 && c <= codeInt64:
		width := 1 << (c - codeInt8)
		v, err := r.head(field, width)
		shift := 64 - 8*width
		signed := int64(v<<shift) >> shift
		return integer{uint64(signed), signed < 0}, err
	}
	return integer{}, faultf(Malformed, field, "byte %#02x, must be a number", c)
}

func isArray(c byte) bool { return c&0xf0 == codeFixArray || c == codeArray16 || c == codeArray32 }

// arrayLen reads an array header; every element takes a byte at least, so a
// length above the bytes left is refused before anything is sized by it.
func (r *reader) arrayLen(field string) (int, error) {
	c, err := r.code(field)
	if err != nil {
		return 0, err
	}
	var n uint64
	switch {
	case c&0xf0 == codeFixArray:
		n = uint64(c & 0x0f)
		r.at++
	case c == codeArray16:
		n, err = r.head(field, 2)
	case c == codeArray32:
		n, err = r.head(field, 4)
	default:
		return 0, faultf(Malformed, field, "byte %#02x, must be an array", c)
	}
	if err != nil {
		return 0, err
	}
	if n > uint64(r.left()) {
		return 0, faultf(Malformed, field, "an array of %d in %d bytes", n, r.left())
	}
	return int(n), nil
}

// bytes reads a binary value; the result aliases the source.
func (r *reader) bytes(field string) ([]byte, error) {
	c, err := r.code(field)
	if err != nil {
		return nil, err
	}
	if c < codeBin8 || c > codeBin32 {
		return nil, faultf(Malformed, field, "byte %#02x, must be binary", c)
	}
	n, err := r.head(field, 1<<(c-codeBin8))
	if err != nil {
		return nil, err
	}
	return r.take(field, n)
}

// text reads a text of at most MaxString bytes; the result aliases the source.
func (r *reader) text(field string) ([]byte, error) {
	c, err := r.code(field)
	if err != nil {
		return nil, err
	}
	var n uint64
	switch {
	case c&0xe0 == codeFixStr:
		n = uint64(c & 0x1f)
		r.at++
	case c >= codeStr8 && c <= codeStr32:
		n, err = r.head(field, 1<<(c-codeStr8))
	default:
		return nil, faultf(Malformed, field, "byte %#02x, must be text", c)
	}
	if err != nil {
		return nil, err
	}
	s, err := r.take(field, n)
	if err == nil && n > MaxString {
		return nil, faultf(BadLimit, field, "%d bytes, at most %d", n, MaxString)
	}
	return s, err
}

func (r *reader) take(field string, n uint64) ([]byte, error) {
	if n > uint64(r.left()) {
		return nil, faultf(Malformed, field, "%d bytes announced, %d are left", n, r.left())
	}
	at := r.at
	r.at += int(n)
	return r.src[at:r.at:r.at], nil
}

// skip passes over one value that this version does not know. depth is how
// many arrays stand around it.
func (r *reader) skip(depth int) error {
	const field = "unknown element"
	c, err := r.code(field)
	if err != nil {
		return err
	}
	switch {
	case isArray(c):
		if depth >= MaxDepth {
			return faultf(BadLimit, field, "nested deeper than %d arrays", MaxDepth)
		}
		n, err := r.arrayLen(field)
		for ; n > 0 && err == nil; n-- {
			err = r.skip(depth + 1)
		}
		return err
	case c&0xe0 == codeFixStr:
		r.at++
		_, err = r.take(field, uint64(c&0x1f))
	case c >= codeBin8 && c <= codeBin32, c >= codeStr8 && c <= codeStr32:
		width := 1 << (c - codeBin8)
		if c >= codeStr8 {
			width = 1 << (c - codeStr8)
		}
		var n uint64
		if n, err = r.head(field, width); err == nil {
			_, err = r.take(field, n)
		}
	case c == codeNil, c == codeFalse, c == codeTrue:
		r.at++
	case c == codeFloat32:
		_, err = r.head(field, 4)
	case c == codeFloat64:
		_, err = r.head(field, 8)
	case c < 0x80, c >= codeNegative, c >= codeUint8 && c <= codeInt64:
		_, err = r.wide(field)
	default:
		err = faultf(Malformed, field, "byte %#02x: maps and extensions are not used", c)
	}
	return err
}
