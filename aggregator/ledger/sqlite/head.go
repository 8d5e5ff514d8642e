package sqlite

import (
	"encoding/binary"
	"fmt"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// headSize is the length of a packed head: version, codec, flags, province as
// a byte each, boot in 4 bytes, epoch, no, first, floor, up and wall in 8 each,
// big endian, and the chain before the batch.
const headSize = 4 + 4 + 6*8 + 8

// appendHead packs those fields of a batch that no query looks at.
func appendHead(dst []byte, r *ledger.Received) []byte {
	flags := r.Batch.Flags
	if r.Batch.ClockUnset {
		flags |= protocol.FlagClock
	}
	dst = append(dst, r.Batch.Version, byte(r.Batch.Codec), byte(flags), r.Route.Province)
	dst = binary.BigEndian.AppendUint32(dst, r.Batch.Boot)
	dst = binary.BigEndian.AppendUint64(dst, r.Batch.Epoch)
	dst = binary.BigEndian.AppendUint64(dst, r.Batch.No)
	dst = binary.BigEndian.AppendUint64(dst, r.Batch.First)
	dst = binary.BigEndian.AppendUint64(dst, r.Batch.Floor)
	dst = binary.BigEndian.AppendUint64(dst, r.Batch.UpMs)
	dst = binary.BigEndian.AppendUint64(dst, r.Batch.WallMs)
	return append(dst, r.Batch.Prev[:]...)
}

// readHead fills in what appendHead packed.
func readHead(head []byte, k *ledger.Kept) error {
	if len(head) != headSize {
		return fmt.Errorf("ledger: head of batch %d has %d bytes, must have %d", k.ID, len(head), headSize)
	}
	flags := protocol.Flags(head[2])
	b := &k.Batch
	b.Version, b.Codec, b.Flags, k.Route.Province = head[0], protocol.Codec(head[1]), flags&^protocol.FlagClock, head[3]
	b.ClockUnset = flags&protocol.FlagClock != 0
	b.Boot = binary.BigEndian.Uint32(head[4:])
	b.Epoch = binary.BigEndian.Uint64(head[8:])
	b.No = binary.BigEndian.Uint64(head[16:])
	b.First = binary.BigEndian.Uint64(head[24:])
	b.Floor = binary.BigEndian.Uint64(head[32:])
	b.UpMs = binary.BigEndian.Uint64(head[40:])
	b.WallMs = binary.BigEndian.Uint64(head[48:])
	copy(b.Prev[:], head[56:])
	return nil
}

// markSize is the length of a packed mark: through, seq, chain.
const markSize = 3 * 8

func appendMark(dst []byte, m *ledger.Mark) []byte {
	dst = binary.BigEndian.AppendUint64(dst, m.Through)
	dst = binary.BigEndian.AppendUint64(dst, m.Seq)
	return append(dst, m.Chain[:]...)
}

// readMark fills in what appendMark packed.
func readMark(packed []byte, m *ledger.Mark) error {
	if len(packed) != markSize {
		return fmt.Errorf("ledger: a mark has %d bytes, must have %d", len(packed), markSize)
	}
	m.Through = binary.BigEndian.Uint64(packed)
	m.Seq = binary.BigEndian.Uint64(packed[8:])
	copy(m.Chain[:], packed[16:])
	return nil
}
