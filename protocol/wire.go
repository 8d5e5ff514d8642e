package protocol

import "encoding/binary"

// The first bytes of msgpack values that the protocol uses. Maps, extensions
// and times never travel.
const (
	codeFixArray = 0x90
	codeFixStr   = 0xa0
	codeNil      = 0xc0
	codeFalse    = 0xc2
	codeTrue     = 0xc3
	codeBin8     = 0xc4
	codeBin16    = 0xc5
	codeBin32    = 0xc6
	codeFloat32  = 0xca
	codeFloat64  = 0xcb
	codeUint8    = 0xcc
	codeUint16   = 0xcd
	codeUint32   = 0xce
	codeUint64   = 0xcf
	codeInt8     = 0xd0
	codeInt16    = 0xd1
	codeInt32    = 0xd2
	codeInt64    = 0xd3
	codeStr8     = 0xd9
	codeStr16    = 0xda
	codeStr32    = 0xdb
	codeArray16  = 0xdc
	codeArray32  = 0xdd
	codeNegative = 0xe0 // -32..-1 are the bytes from here on
)

// packer writes msgpack in shortest forms [P-1.3]. It appends to a slice, so
// that a box encodes without a writer's buffers.
type packer struct{ b []byte }

func (w *packer) uint(v uint64) {
	switch {
	case v < 1<<7:
		w.b = append(w.b, byte(v))
	case v < 1<<8:
		w.b = append(w.b, codeUint8, byte(v))
	case v < 1<<16:
		w.b = binary.BigEndian.AppendUint16(append(w.b, codeUint16), uint16(v))
	case v < 1<<32:
		w.b = binary.BigEndian.AppendUint32(append(w.b, codeUint32), uint32(v))
	default:
		w.b = binary.BigEndian.AppendUint64(append(w.b, codeUint64), v)
	}
}

func (w *packer) int(v int64) {
	switch {
	case v >= 0:
		w.uint(uint64(v))
	case v >= -32:
		w.b = append(w.b, byte(v))
	case v >= -1<<7:
		w.b = append(w.b, codeInt8, byte(v))
	case v >= -1<<15:
		w.b = binary.BigEndian.AppendUint16(append(w.b, codeInt16), uint16(v))
	case v >= -1<<31:
		w.b = binary.BigEndian.AppendUint32(append(w.b, codeInt32), uint32(v))
	default:
		w.b = binary.BigEndian.AppendUint64(append(w.b, codeInt64), uint64(v))
	}
}

func (w *packer) array(n int) {
	switch {
	case n < 1<<4:
		w.b = append(w.b, codeFixArray|byte(n))
	case n < 1<<16:
		w.b = binary.BigEndian.AppendUint16(append(w.b, codeArray16), uint16(n))
	default:
		w.b = binary.BigEndian.AppendUint32(append(w.b, codeArray32), uint32(n))
	}
}

func (w *packer) bytes(v []byte) {
	switch n := len(v); {
	case n < 1<<8:
		w.b = append(w.b, codeBin8, byte(n))
	case n < 1<<16:
		w.b = binary.BigEndian.AppendUint16(append(w.b, codeBin16), uint16(n))
	default:
		w.b = binary.BigEndian.AppendUint32(append(w.b, codeBin32), uint32(n))
	}
	w.b = append(w.b, v...)
}

func (w *packer) string(v string) {
	switch n := len(v); {
	case n < 1<<5:
		w.b = append(w.b, codeFixStr|byte(n))
	case n < 1<<8:
		w.b = append(w.b, codeStr8, byte(n))
	default:
		w.b = binary.BigEndian.AppendUint16(append(w.b, codeStr16), uint16(n))
	}
	w.b = append(w.b, v...)
}
