package protocol

// AckCode says what the centre did with a batch [P-7].
type AckCode uint8

const (
	AckOK          AckCode = 0 // the mark stands at Through: delete up to it
	AckGap         AckCode = 1 // the batch does not follow the mark: send from Through+1
	AckBusy        AckCode = 2 // not stored: wait Retry
	AckQuarantined AckCode = 3 // kept raw, mark advanced: delete, count it
	AckUnknown     AckCode = 4 // not registered or revoked: record on, ask after Retry
	AckVersion     AckCode = 5 // the centre cannot read this version: keep all, ask after Retry
)

var ackNames = names{"ok", "gap", "busy", "quarantined", "unknown", "version"}

func (c AckCode) String() string { return ackNames.word(uint8(c)) }

// Moves reports whether Through and Chain of an ack with this code hold.
func (c AckCode) Moves() bool { return c == AckOK || c == AckGap || c == AckQuarantined }

// Ack is what the centre answers on topic a1.
type Ack struct {
	Version  uint8
	Epoch    uint64
	Through  uint64 // every batch up to this number is durable at the centre
	Chain    Chain  // the chain at Through
	Code     AckCode
	RetryS   uint32 // seconds to wait before asking again; 0: as the box sees fit
	ServerMs uint64 // the centre's clock, UTC milliseconds
}

const ackFields = 7

// AppendAck appends a's packet to dst.
func AppendAck(dst []byte, a *Ack) []byte {
	w := packer{dst}
	w.array(ackFields)
	w.uint(Version)
	w.uint(a.Epoch)
	w.uint(a.Through)
	w.bytes(a.Chain[:])
	w.uint(uint64(a.Code))
	w.uint(uint64(a.RetryS))
	w.uint(a.ServerMs)
	return w.b
}

// Ack decodes an ack. A code this version does not know is an error: the box
// then waits as if no ack had come.
func (d *Decoder) Ack(packet []byte) (Ack, error) {
	var a Ack
	if len(packet) > MaxPacketDown {
		return a, faultf(Malformed, "packet", "%d bytes, at most %d", len(packet), MaxPacketDown)
	}
	d.r.reset(packet)
	fields, err := d.r.arrayLen("ack")
	if err != nil {
		return a, err
	}
	if fields < ackFields {
		return a, faultf(Malformed, "ack", "%d elements, at least %d", fields, ackFields)
	}
	r := headerReader{d: d}
	r.uint("v", 255, func(v uint64) { a.Version = uint8(v) })
	r.uint("epoch", 1<<64-1, func(v uint64) { a.Epoch = v })
	r.uint("through", 1<<63-1, func(v uint64) { a.Through = v })
	r.fixed("chain", a.Chain[:])
	r.uint("code", uint64(AckVersion), func(v uint64) { a.Code = AckCode(v) })
	r.uint("retry", 1<<32-1, func(v uint64) { a.RetryS = uint32(v) })
	r.uint("server", 1<<63-1, func(v uint64) { a.ServerMs = v })
	for extra := fields - ackFields; extra > 0 && r.err == nil; extra-- {
		r.err = d.r.skip(1)
	}
	if r.err != nil {
		return a, r.err
	}
	if d.r.left() != 0 {
		return a, faultf(Malformed, "ack", "%d bytes too many", d.r.left())
	}
	if a.Version != Version {
		return a, faultf(BadVersion, "v", "%d, this box reads %d", a.Version, Version)
	}
	return a, nil
}
