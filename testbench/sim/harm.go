package sim

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"iptvdc/aggregator/intake"
	"iptvdc/protocol"
)

// message is a packet on its way up.
type message struct {
	topic   string
	payload []byte
	harm    harm
}

// harm is what happened to a message on its way, or who sent it.
type harm uint8

const (
	unharmed      harm = iota
	flipped            // one bit
	flippedSigned      // one bit, and a CRC that fits: only the rule NoCRC makes it
	cut                // its end is missing
	swollen            // more than 64 KiB
	lostTopic          // a topic that is none
	wrongShard         // another box's shard
	wrongProvince      // a province the box is not registered in
	laterVersion       // sealed by a version of the protocol that is not released yet
	fromStranger       // by a box that is not registered
	harms
)

var harmWords = [harms]string{"nothing wrong", "a flipped bit", "a flipped bit under a good CRC", "no end", "too many bytes", "a topic that is none",
	"another box's shard", "another province", "a later version", "an unknown sender"}

func (h harm) String() string { return harmWords[h] }

// refused says that the door must not let such a message in.
func (h harm) refused() bool { return h != unharmed && h != flippedSigned }

// reason says whether such a message may be refused for this reason.
func (h harm) reason(r intake.Reason) bool {
	switch h {
	case flipped:
		return r == intake.BadCRC || r == intake.Malformed
	case flippedSigned:
		return r <= intake.FutureVersion
	case cut:
		return r == intake.Malformed
	case swollen:
		return r == intake.Oversized
	case lostTopic, wrongShard:
		return r == intake.BadTopic
	case wrongProvince, fromStranger:
		return r == intake.UnknownBox
	case laterVersion:
		return r == intake.FutureVersion
	}
	return false
}

// stranger is a box that nobody registered.
const stranger = "stranger00000000"

var lostTopics = []string{"", "u1", "u1/33", "u1/3x/00/box0000000000000", "u2/33/00/box0000000000000",
	"u1/33/00/box0000000000000/more", "u1/33/00/BOX0000000000000", "a1/33/box0000000000000", "u1/33/00/x"}

// swell has room for what is too much for the door.
var swell = make([]byte, protocol.MaxPacketUp+1)

// meddle does something to a message; the box has its batch still.
func (w *World) meddle(m message) message {
	m.harm = flipped + harm(w.rnd.IntN(int(harms-flipped)))
	if m.harm == flippedSigned && !w.rules.NoCRC {
		m.harm = flipped
	}
	switch m.harm {
	case flipped, flippedSigned:
		crc := crcBytes(m.payload)
		m.payload = bytes.Clone(m.payload)
		at := w.rnd.IntN(8 * len(m.payload))
		if m.harm == flippedSigned {
			at %= 8 * (len(m.payload) - crc)
		}
		m.payload[at/8] ^= 1 << (at % 8)
		if m.harm == flippedSigned {
			m.payload = sign(m.payload[:len(m.payload)-crc])
		}
	case cut:
		m.payload = m.payload[:w.rnd.IntN(len(m.payload))]
	case swollen:
		m.payload = swell
	case lostTopic:
		m.topic = lostTopics[w.rnd.IntN(len(lostTopics))]
	case wrongShard:
		other := protocol.ShardOf(m.topic[len("u1/33/00/"):]) + 1
		m.topic = fmt.Sprintf("u1/33/%02x%s", other, m.topic[len("u1/33/00"):])
	case wrongProvince:
		m.topic = "u1/44" + m.topic[len("u1/33"):]
	case laterVersion:
		crc := crcBytes(m.payload)
		m.payload = bytes.Clone(m.payload[:len(m.payload)-crc])
		m.payload[1] = protocol.Version + 1 // the first element, a small number
		m.payload = sign(m.payload)
	case fromStranger:
		m.topic = protocol.UpTopic(province, stranger)
	}
	w.tallyHarm(m.harm)
	return m
}

// crcBytes is how many bytes the CRC at the end of a good packet takes.
func crcBytes(packet []byte) int {
	for _, n := range []int{5, 3, 2} { // as msgpack writes a number: its width, then the number
		head, tail := packet[:len(packet)-n], packet[len(packet)-n+1:]
		var crc uint64
		for _, c := range tail {
			crc = crc<<8 | uint64(c)
		}
		if crc == uint64(protocol.CRC(head)) {
			return n
		}
	}
	return 1
}

// sign puts a CRC behind the elements of a packet; its width is free.
func sign(head []byte) []byte {
	return binary.BigEndian.AppendUint32(append(head[:len(head):len(head)], 0xce), protocol.CRC(head))
}

func (w *World) tallyHarm(h harm) {
	t := &w.Tally
	*[harms]*int{flipped: &t.Flipped, flippedSigned: &t.Flipped, cut: &t.CutShort, swollen: &t.Swollen, lostTopic: &t.LostTopic,
		wrongShard: &t.WrongShard, wrongProvince: &t.WrongProvince, laterVersion: &t.LaterVersion, fromStranger: &t.Stranger}[h]++
}
