package ledgertest

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// Stream plays the box side of one (box, epoch): it seals batches with right
// numbers and chains. Not safe for concurrent use.
type Stream struct {
	Route protocol.Route
	Epoch uint64
	AtMs  int64  // arrival stamped on the next batch
	No    uint64 // of the last batch sealed
	Seq   uint64 // of its last event
	Floor uint64 // sent with every batch; 0 counts as 1
	Prev  protocol.Chain
	salt  uint64
}

// NewStream starts an epoch of a box.
func NewStream(box string, province uint8, epoch uint64) *Stream {
	return &Stream{
		Route: protocol.Route{Province: province, Shard: protocol.ShardOf(box), Box: box},
		Epoch: epoch,
		AtMs:  1_790_000_000_000,
		Floor: 1,
	}
}

// Resume continues a stream where the ledger stands.
func Resume(box string, province uint8, epoch uint64, m ledger.Mark) *Stream {
	s := NewStream(box, province, epoch)
	s.No, s.Seq, s.Prev, s.salt = m.Through, m.Seq, m.Chain, m.Through
	return s
}

// BoxID returns a well-formed box id for a number.
func BoxID(n int) string { return fmt.Sprintf("box%017d", n) }

// Next seals a batch of n events. The body is not a decodable one, which a
// ledger must not mind: it never looks inside.
func (s *Stream) Next(n uint32) ledger.Received {
	return s.NextWith(n, fmt.Appendf(nil, "%s/%d/%d", s.Route.Box, s.Epoch, s.No+1))
}

// NextWith seals a batch of n events packed in body.
func (s *Stream) NextWith(n uint32, body []byte) ledger.Received {
	s.salt++
	var seed [24]byte
	binary.BigEndian.PutUint64(seed[0:], s.Epoch)
	binary.BigEndian.PutUint64(seed[8:], s.salt)
	copy(seed[16:], s.Route.Box[len(s.Route.Box)-8:])
	sum := sha256.Sum256(seed[:])
	return s.seal(n, protocol.UID(sum[:16]), 0, body)
}

// Tombstone seals an empty place for n events.
func (s *Stream) Tombstone(n uint32) ledger.Received {
	r := s.Next(n)
	return s.reseal(r, func(b *protocol.Batch) {
		b.Flags |= protocol.FlagTombstone
		b.Body = nil
	})
}

// Poison seals a batch that the door found unfit to load.
func (s *Stream) Poison(n uint32, why string) ledger.Received {
	r := s.Next(n)
	r.Quarantine = why
	return r
}

// Carry seals the contents of a batch of an earlier epoch anew: uid and body
// stay, the numbers are this stream's.
func (s *Stream) Carry(old ledger.Received) ledger.Received {
	r := s.seal(old.Batch.N, old.Batch.UID, old.Batch.Flags|protocol.FlagCarried, old.Batch.Body)
	r.Quarantine = old.Quarantine
	return r
}

// Evict forgets batches up to the last one sealed: the next one is the floor.
func (s *Stream) Evict() { s.Floor = s.No + 1 }

func (s *Stream) seal(n uint32, uid protocol.UID, flags protocol.Flags, body []byte) ledger.Received {
	r := ledger.Received{Route: s.Route, AtMs: s.AtMs, Batch: protocol.Batch{
		Version: protocol.Version,
		Sealed: protocol.Sealed{
			Epoch: s.Epoch, No: s.No + 1, First: s.Seq + 1, N: n, Prev: s.Prev,
			UID: uid, Flags: flags, Codec: protocol.CodecDeflate, Body: body,
		},
		Envelope: protocol.Envelope{
			Floor: max(s.Floor, 1), Boot: 7, UpMs: 1000 * (s.No + 1), WallMs: uint64(s.AtMs), ClockUnset: s.No%2 == 1,
		},
	}}
	s.No, s.Seq, s.Prev = r.Batch.No, r.Batch.Last(), r.Batch.Sealed.Chain()
	return r
}

// reseal changes the batch sealed last.
func (s *Stream) reseal(r ledger.Received, change func(*protocol.Batch)) ledger.Received {
	change(&r.Batch)
	s.Prev = r.Batch.Sealed.Chain()
	return r
}

// Mark is where the stream stands if everything sealed has been committed and
// lost events are missing.
func (s *Stream) Mark(lost uint64) ledger.Mark {
	return ledger.Mark{Through: s.No, Seq: s.Seq, Chain: s.Prev, Lost: lost}
}
