package protocol_test

import (
	"testing"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"iptvdc/protocol"
)

func TestAckRoundTrip(t *testing.T) {
	var dec protocol.Decoder
	rapid.Check(t, func(t *rapid.T) {
		want := protocol.Ack{
			Version: protocol.Version, Epoch: rapid.Uint64().Draw(t, "epoch"), Through: rapid.Uint64Max(1<<63-1).Draw(t, "through"),
			Code: protocol.AckCode(rapid.IntRange(0, 5).Draw(t, "code")), RetryS: rapid.Uint32().Draw(t, "retry"),
			ServerMs: rapid.Uint64Max(1<<63-1).Draw(t, "server"),
		}
		copy(want.Chain[:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "chain"))
		packet := protocol.AppendAck(nil, &want)
		got, err := dec.Ack(packet)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, want)
		for n := range packet {
			if _, err := dec.Ack(packet[:n]); err == nil {
				t.Fatalf("cut to %d bytes: accepted", n)
			}
		}
	})
}

func TestAckFaults(t *testing.T) {
	var dec protocol.Decoder
	f := func(fault protocol.Fault, field string, fields ...any) {
		t.Helper()
		packet, err := msgpack.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		_, err = dec.Ack(packet)
		if field == "" {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
		wantFault(t, err, fault, field)
	}
	chain := make([]byte, 8)
	f(0, "", 1, 7, 3, chain, 0, 0, 5)
	f(0, "", 1, 7, 3, chain, 0, 0, 5, "added later", []any{1})
	f(protocol.BadVersion, "v", 2, 7, 3, chain, 0, 0, 5)
	f(protocol.Malformed, "v", -1, 7, 3, chain, 0, 0, 5)
	f(protocol.Malformed, "epoch", 1, "7", 3, chain, 0, 0, 5)
	f(protocol.Malformed, "through", 1, 7, uint64(1)<<63, chain, 0, 0, 5)
	f(protocol.Malformed, "chain", 1, 7, 3, chain[:7], 0, 0, 5)
	f(protocol.Malformed, "code", 1, 7, 3, chain, 6, 0, 5)
	f(protocol.Malformed, "retry", 1, 7, 3, chain, 0, uint64(1)<<32, 5)
	f(protocol.Malformed, "server", 1, 7, 3, chain, 0, 0, nil)
	f(protocol.Malformed, "ack", 1, 7, 3, chain, 0, 0)
	_, err := dec.Ack(append(protocol.AppendAck(nil, &protocol.Ack{}), 0))
	wantFault(t, err, protocol.Malformed, "ack")
	_, err = dec.Ack(make([]byte, protocol.MaxPacketDown+1))
	wantFault(t, err, protocol.Malformed, "packet")
}

func TestAckCodes(t *testing.T) {
	f := func(c protocol.AckCode, word string, moves bool) {
		t.Helper()
		if c.String() != word || c.Moves() != moves {
			t.Errorf("code %d: %s, moves %v", c, c, c.Moves())
		}
	}
	f(protocol.AckOK, "ok", true)
	f(protocol.AckGap, "gap", true)
	f(protocol.AckBusy, "busy", false)
	f(protocol.AckQuarantined, "quarantined", true)
	f(protocol.AckUnknown, "unknown", false)
	f(protocol.AckVersion, "version", false)
	f(6, "6", false)
}
