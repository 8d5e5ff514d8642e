package intake

import (
	"errors"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// door checks a packet without database and without inflating [S0]. It fills
// in p.received and reports true if the packet is to be committed; else the
// answer is final.
func (in *Intake) door(p *pending, topic string, payload []byte, atMs int64) (bool, answer) {
	if len(payload) > protocol.MaxPacketUp {
		return false, in.refuse(Oversized, topic, payload, atMs, "more than 64 KiB")
	}
	route, err := protocol.ParseUpTopic(topic)
	if err != nil {
		return false, in.refuse(BadTopic, topic, payload, atMs, err.Error())
	}
	d := in.decoders.Get().(*protocol.Decoder)
	batch, err := d.Batch(payload)
	in.decoders.Put(d)
	p.received = ledger.Received{Route: route, AtMs: atMs, Batch: batch}
	r := &p.received
	if err != nil {
		reason := reasonOf(err)
		switch reason {
		case Quarantined: // kept raw by the ledger, which tells the box [S5]
			r.Quarantine = err.Error()
		case FutureVersion:
			in.refuse(reason, topic, payload, atMs, err.Error())
			return false, in.ack(r, protocol.Ack{Code: protocol.AckVersion, RetryS: seconds(in.config.RetryVersion)})
		default:
			return false, in.refuse(reason, topic, payload, atMs, err.Error())
		}
	}
	if !in.config.Admission.Admits(route.Box, route.Province) {
		in.refuse(UnknownBox, topic, payload, atMs, "the box is not registered in this province, or was revoked")
		return false, in.ack(r, protocol.Ack{Code: protocol.AckUnknown, RetryS: seconds(in.config.RetryUnknown)})
	}
	return true, answer{}
}

// reasonOf classes what the decoder found. Only after these two limits is the
// header to be believed: they are looked at when the CRC has proved good.
func reasonOf(err error) Reason {
	var e *protocol.Error
	if !errors.As(err, &e) {
		return Malformed
	}
	switch e.Fault {
	case protocol.BadCRC:
		return BadCRC
	case protocol.BadVersion:
		return FutureVersion
	case protocol.BadCodec:
		return Quarantined
	case protocol.BadLimit:
		if e.Field == "n" {
			return Quarantined
		}
	}
	return Malformed
}

// refuse counts a packet, keeps its beginning for a look and owes no ack.
func (in *Intake) refuse(reason Reason, topic string, payload []byte, atMs int64, why string) answer {
	in.stats.Refused[reason].Add(1)
	hidden, say := in.refused.add(reason, topic, payload, atMs, why)
	if say {
		in.config.Logger.Warn("packet refused", "reason", reason, "topic", clip(topic, maxTopicKept), "why", why, "hidden", hidden)
	}
	return answer{}
}
