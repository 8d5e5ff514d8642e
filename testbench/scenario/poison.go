package scenario

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"iptvdc/protocol"
)

// poison sends packets that no box may send, in the name of a box of their own:
// share of what the fleet sends, at least one a tick, until ctx ends.
func (p *play) poison(ctx context.Context, share float64) (sent int, err error) {
	rnd := rand.New(rand.NewPCG(p.Seed, 0xbad))
	province := uint8(p.cfg.Provinces[0])
	box := fmt.Sprintf("%02d%016x", province, rnd.Uint64())
	client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(p.cfg.Broker).
		SetClientID(protocol.ClientID(box, rnd.Uint64())).SetUsername(box).SetPassword(p.cfg.Token).
		SetProtocolVersion(4).SetCleanSession(true).SetConnectTimeout(patience))
	if t := client.Connect(); !t.WaitTimeout(patience) || t.Error() != nil {
		return 0, fmt.Errorf("the poisoner does not connect: %w", t.Error())
	}
	defer client.Disconnect(100)
	topic := protocol.UpTopic(province, box)
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	due, fleet := 0.0, p.sent.Load()
	for {
		now := p.sent.Load()
		due, fleet = due+max(1, share*float64(now-fleet)), now
		for ; float64(sent) < due; sent++ {
			t := client.Publish(topic, 1, false, badPacket(rnd, sent))
			if !t.WaitTimeout(patience) || t.Error() != nil {
				return sent, fmt.Errorf("bad packet %d is not taken by the broker: %w", sent, t.Error())
			}
		}
		select {
		case <-ctx.Done():
			return sent, nil
		case <-every.C:
		}
	}
}

// badPacket makes the i-th bad packet: in turn nothing, noise, a good batch cut
// off, with flipped bits, of a version that is none, and with a body that is
// longer than it says.
func badPacket(rnd *rand.Rand, i int) []byte {
	noise := make([]byte, 1+rnd.IntN(2000))
	for k := range noise {
		noise[k] = byte(rnd.Uint32())
	}
	events := []protocol.Event{{Kind: protocol.PowerOn, Cause: protocol.CauseBoot, Boot: 1, MonoMs: uint64(i)}}
	body, err := new(protocol.Encoder).Plain(events)
	if err != nil {
		return noise
	}
	s := protocol.Sealed{Epoch: rnd.Uint64() | 1, No: 1, First: 1, N: 1, Codec: protocol.CodecPlain, Body: body}
	good := protocol.AppendBatch(nil, &s, &protocol.Envelope{Floor: 1})
	switch i % 6 {
	case 0:
		return nil
	case 1:
		return noise
	case 2:
		return good[:rnd.IntN(len(good))]
	case 3:
		good[rnd.IntN(len(good))] ^= 1 << rnd.IntN(8)
	case 4:
		good[0] ^= 0xff
	case 5:
		return append(good, noise...)
	}
	return good
}
