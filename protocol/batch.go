package protocol

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
)

// Version is the format of the sealed fields that this package writes.
const Version = 1

// Codec says how a body is packed.
type Codec uint8

const (
	CodecPlain   Codec = 0
	CodecDeflate Codec = 1 // RFC 1951, no zlib or gzip header
)

// Flags of a batch.
type Flags uint8

const (
	FlagCarried   Flags = 1 // sealed in an earlier epoch and renumbered; sealed field
	FlagClock     Flags = 2 // the box's clock is not set; envelope field
	FlagTombstone Flags = 4 // damaged on flash: empty body, N events lost; sealed field

	sealedFlags   = FlagCarried | FlagTombstone
	envelopeFlags = FlagClock
)

// Chain is the running hash over a box's batches of one epoch; the zero Chain
// stands before batch 1 [P-5.3].
type Chain [8]byte

// UID is given to a batch at sealing and survives renumbering.
type UID [16]byte

// Sealed holds the fields that the commit which sealed a batch fixed for ever
// [P-5.1]. Body is what is hashed and sent, packed; whoever hands out a Sealed
// owns Body and says how long it holds.
type Sealed struct {
	Epoch uint64
	No    uint64 // 1, 2, 3 ... in the epoch
	First uint64 // seq of the first event, 1, 2, 3 ... in the epoch
	N     uint32 // events, 1..MaxBatchEvents
	Prev  Chain  // Chain of batch No-1
	UID   UID
	Flags Flags // FlagCarried, FlagTombstone
	Codec Codec
	Body  []byte
}

// Envelope holds what is true only at one sending.
type Envelope struct {
	Floor  uint64 // lowest batch number the box still holds
	Boot   uint32 // boot counter at sending
	UpMs   uint64 // milliseconds since boot at sending
	WallMs uint64 // the box's clock at sending, UTC; worth nothing if ClockUnset
	// ClockUnset says that the box knows its clock to be wrong.
	ClockUnset bool
}

// Batch is one packet on topic u1.
type Batch struct {
	Sealed
	Envelope
	Version uint8
}

// Last is the seq of the batch's last event.
func (s *Sealed) Last() uint64 { return s.First + uint64(s.N) - 1 }

// Chain returns the chain up to and including s:
// SHA-256(prev | uid | no | first | n | body)[:8], no and first as 8 bytes, n
// as 4, big endian [P-5.3].
func (s *Sealed) Chain() Chain {
	var head [44]byte
	copy(head[0:8], s.Prev[:])
	copy(head[8:24], s.UID[:])
	binary.BigEndian.PutUint64(head[24:32], s.No)
	binary.BigEndian.PutUint64(head[32:40], s.First)
	binary.BigEndian.PutUint32(head[40:44], s.N)
	h := sha256.New()
	h.Write(head[:])
	h.Write(s.Body)
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return Chain(sum[:8])
}

// castagnoli is the polynomial of CRC-32C.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CRC is the CRC-32C that guards packets on the wire and rows on flash.
func CRC(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// AppendBatch appends the packet for sealed batch s under envelope e to dst.
// It does not check limits: what was sealed is sent as it is.
func AppendBatch(dst []byte, s *Sealed, e *Envelope) []byte {
	start := len(dst)
	flags := s.Flags & sealedFlags
	if e.ClockUnset {
		flags |= FlagClock
	}
	w := packer{dst}
	w.array(batchFields)
	w.uint(Version)
	w.uint(s.Epoch)
	w.uint(s.No)
	w.uint(s.First)
	w.uint(uint64(s.N))
	w.uint(e.Floor)
	w.bytes(s.Prev[:])
	w.bytes(s.UID[:])
	w.uint(uint64(flags))
	w.uint(uint64(e.Boot))
	w.uint(e.UpMs)
	w.uint(e.WallMs)
	w.uint(uint64(s.Codec))
	w.bytes(s.Body)
	w.uint(uint64(CRC(w.b[start:])))
	return w.b
}

// batchFields is the number of elements of a batch in Version 1.
const batchFields = 15

// Batch decodes one packet. The returned Body aliases packet. An *Error with
// Fault BadVersion, BadCodec or BadLimit comes with the header as far as it
// could be read; after BadCRC and Malformed nothing may be believed.
func (d *Decoder) Batch(packet []byte) (Batch, error) {
	var b Batch
	if len(packet) > MaxPacketUp {
		return b, faultf(Malformed, "packet", "%d bytes, at most %d", len(packet), MaxPacketUp)
	}
	d.r.reset(packet)
	fields, err := d.r.arrayLen("batch")
	if err != nil {
		return b, err
	}
	if fields < batchFields {
		return b, faultf(Malformed, "batch", "%d elements, at least %d", fields, batchFields)
	}
	var n, flags, boot, codec uint64
	r := headerReader{d: d}
	r.uint("v", 255, func(v uint64) { b.Version = uint8(v) })
	r.uint("epoch", 1<<64-1, func(v uint64) { b.Epoch = v })
	r.uint("no", 1<<63-1, func(v uint64) { b.No = v })
	r.uint("first", 1<<63-1, func(v uint64) { b.First = v })
	r.uint("n", 1<<32-1, func(v uint64) { n = v })
	r.uint("floor", 1<<63-1, func(v uint64) { b.Floor = v })
	r.fixed("prev", b.Prev[:])
	r.fixed("uid", b.UID[:])
	r.uint("flags", 255, func(v uint64) { flags = v })
	r.uint("boot", 1<<32-1, func(v uint64) { boot = v })
	r.uint("up", 1<<63-1, func(v uint64) { b.UpMs = v })
	r.uint("wall", 1<<63-1, func(v uint64) { b.WallMs = v })
	r.uint("codec", 255, func(v uint64) { codec = v })
	r.body(&b.Body)
	for extra := fields - batchFields; extra > 0 && r.err == nil; extra-- {
		r.err = d.r.skip(1) // a later minor version put something before the CRC [P-1.4]
	}
	sealed := len(packet) - d.r.left()
	var crc uint64
	r.uint("crc", 1<<32-1, func(v uint64) { crc = v })
	if r.err != nil {
		return b, r.err
	}
	if d.r.left() != 0 {
		return b, faultf(Malformed, "batch", "%d bytes after the CRC", d.r.left())
	}
	if got := CRC(packet[:sealed]); got != uint32(crc) {
		return b, faultf(BadCRC, "crc", "%08x, the bytes have %08x", crc, got)
	}
	b.N, b.Boot, b.Codec = uint32(n), uint32(boot), Codec(codec)
	b.Flags = Flags(flags) & sealedFlags
	b.ClockUnset = Flags(flags)&FlagClock != 0
	return b, b.check()
}

// check applies the rules for header values; the CRC is known to be good.
func (b *Batch) check() error {
	switch {
	case b.Version == 0:
		return faultf(Malformed, "v", "0 is not a version")
	case b.Version > Version:
		return faultf(BadVersion, "v", "%d, this centre reads up to %d", b.Version, Version)
	case b.Epoch == 0:
		return faultf(Malformed, "epoch", "0 is not an epoch")
	case b.No == 0:
		return faultf(Malformed, "no", "0, batches are numbered from 1")
	case b.Floor == 0 || b.Floor > b.No:
		return faultf(Malformed, "floor", "%d, allowed 1..%d", b.Floor, b.No)
	case b.First < b.No:
		return faultf(Malformed, "first", "%d, each batch before number %d held at least one event", b.First, b.No)
	case b.N == 0 || b.N > MaxBatchEvents:
		return faultf(BadLimit, "n", "%d, allowed 1..%d", b.N, MaxBatchEvents)
	case b.Flags&FlagTombstone != 0 && len(b.Body) != 0:
		return faultf(Malformed, "flags", "a tombstone with a body")
	case b.Flags&FlagTombstone == 0 && len(b.Body) == 0:
		return faultf(Malformed, "body", "empty; only a tombstone has none")
	case b.Codec > CodecDeflate:
		return faultf(BadCodec, "codec", "%d, allowed 0 and 1", b.Codec)
	}
	return nil
}

// headerReader reads header fields one by one and keeps the first error.
type headerReader struct {
	d   *Decoder
	err error
}

func (r *headerReader) uint(field string, max uint64, set func(uint64)) {
	if r.err != nil {
		return
	}
	v, err := r.d.r.uint(field)
	if err == nil && v > max {
		err = faultf(Malformed, field, "%d, at most %d", v, max)
	}
	if err != nil {
		r.err = err
		return
	}
	set(v)
}

func (r *headerReader) fixed(field string, into []byte) {
	var b []byte
	r.bytes(field, &b)
	if r.err == nil && len(b) != len(into) {
		r.err = faultf(Malformed, field, "%d bytes, must be %d", len(b), len(into))
		return
	}
	copy(into, b)
}

func (r *headerReader) body(into *[]byte) { r.bytes("body", into) }

func (r *headerReader) bytes(field string, into *[]byte) {
	if r.err != nil {
		return
	}
	*into, r.err = r.d.r.bytes(field)
}

// PeekBatch reads which epoch and boot a packet on u1 tells of, and nothing else:
// neither its CRC nor its body. ok is false if it does not begin as a batch.
func PeekBatch(packet []byte) (epoch uint64, boot uint32, ok bool) {
	r := reader{src: packet}
	if n, err := r.arrayLen("batch"); err != nil || n < batchFields {
		return 0, 0, false
	}
	if r.skip(1) != nil { // v
		return 0, 0, false
	}
	epoch, err := r.uint("epoch")
	for range 7 { // no, first, n, floor, prev, uid, flags
		if err == nil {
			err = r.skip(1)
		}
	}
	if err != nil {
		return 0, 0, false
	}
	at, err := r.uint("boot")
	return epoch, uint32(at), err == nil && at < 1<<32
}
