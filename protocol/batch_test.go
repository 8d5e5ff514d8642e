package protocol_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"iptvdc/protocol"
)

func anyBatch(t *rapid.T) (protocol.Sealed, protocol.Envelope) {
	s := protocol.Sealed{
		Epoch: rapid.Uint64Min(1).Draw(t, "epoch"),
		No:    rapid.Uint64Range(1, 1<<62).Draw(t, "no"),
		N:     rapid.Uint32Range(1, protocol.MaxBatchEvents).Draw(t, "n"),
		Codec: protocol.Codec(rapid.IntRange(0, 1).Draw(t, "codec")),
		Flags: protocol.Flags(rapid.SampledFrom([]int{0, 1, 4, 5}).Draw(t, "flags")),
	}
	s.First = rapid.Uint64Range(s.No, 1<<63-1).Draw(t, "first")
	copy(s.UID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uid"))
	copy(s.Prev[:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "prev"))
	if s.Flags&protocol.FlagTombstone == 0 {
		s.Body = rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "body")
	}
	return s, protocol.Envelope{
		Floor:      rapid.Uint64Range(1, s.No).Draw(t, "floor"),
		Boot:       rapid.Uint32().Draw(t, "boot"),
		UpMs:       rapid.Uint64Max(1<<63-1).Draw(t, "up"),
		WallMs:     rapid.Uint64Max(1<<63-1).Draw(t, "wall"),
		ClockUnset: rapid.Bool().Draw(t, "clock"),
	}
}

func TestBatchRoundTrip(t *testing.T) {
	var dec protocol.Decoder
	rapid.Check(t, func(t *rapid.T) {
		s, e := anyBatch(t)
		prefix := []byte("kept")
		packet := protocol.AppendBatch(prefix, &s, &e)[len(prefix):]
		got, err := dec.Batch(packet)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Body) == 0 {
			got.Body = nil
		}
		wantEqual(t, got, protocol.Batch{Sealed: s, Envelope: e, Version: protocol.Version})

		var fields []any
		if err := msgpack.Unmarshal(packet, &fields); err != nil || len(fields) != 15 {
			t.Fatalf("%d fields, %v", len(fields), err)
		}
	})
}

// wantFault checks the class and the field of a refusal.
func wantFault(tb testing.TB, err error, fault protocol.Fault, field string) {
	tb.Helper()
	var e *protocol.Error
	if !errors.As(err, &e) || e.Fault != fault || e.Field != field {
		tb.Fatalf("got %v (%+v), want fault %v of %q", err, e, fault, field)
	}
}

// A packet that was cut anywhere, or in which any bit was turned, is refused:
// as long as its CRC is checked, no such packet gives a batch to believe.
func TestBatchDamage(t *testing.T) {
	s := seal(t, newHousehold(2).events(20))
	packet := protocol.AppendBatch(nil, &s, &protocol.Envelope{Floor: 1, Boot: 2, UpMs: 70_000, WallMs: 1_795_347_600_000})
	var dec protocol.Decoder
	for n := range packet {
		_, err := dec.Batch(packet[:n])
		var e *protocol.Error
		if !errors.As(err, &e) || e.Fault != protocol.Malformed {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	damaged := bytes.Clone(packet)
	for bit := range 8 * len(packet) {
		damaged[bit/8] ^= 1 << (bit % 8)
		_, err := dec.Batch(damaged)
		var e *protocol.Error
		if !errors.As(err, &e) || e.Fault != protocol.Malformed && e.Fault != protocol.BadCRC {
			t.Fatalf("bit %d turned: %v", bit, err)
		}
		damaged[bit/8] ^= 1 << (bit % 8)
	}
	if _, err := dec.Batch(append(damaged, 0)); err == nil {
		t.Fatal("a byte too many was accepted")
	}
	if _, err := dec.Batch(packet); err != nil {
		t.Fatal(err)
	}
}

// packetOf builds a packet from any values, with a good CRC.
func packetOf(tb testing.TB, fields ...any) []byte {
	tb.Helper()
	var out bytes.Buffer
	enc := msgpack.NewEncoder(&out)
	enc.UseCompactInts(true)
	if err := enc.EncodeArrayLen(len(fields) + 1); err != nil {
		tb.Fatal(err)
	}
	for _, f := range fields {
		if err := enc.Encode(f); err != nil {
			tb.Fatal(err)
		}
	}
	if err := enc.EncodeUint64(uint64(protocol.CRC(out.Bytes()))); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func goodFields() []any {
	return []any{1, 7, 3, 41, 20, 2, make([]byte, 8), make([]byte, 16), 0, 4, 70_000, 1_795_347_600_000, 0, []byte{0x90}}
}

func TestBatchFaults(t *testing.T) {
	var dec protocol.Decoder
	f := func(at int, value any, fault protocol.Fault, field string) {
		t.Helper()
		fields := goodFields()
		fields[at] = value
		_, err := dec.Batch(packetOf(t, fields...))
		wantFault(t, err, fault, field)
	}
	if _, err := dec.Batch(packetOf(t, goodFields()...)); err != nil {
		t.Fatal(err)
	}
	f(0, 0, protocol.Malformed, "v")
	f(0, 2, protocol.BadVersion, "v")
	f(0, 256, protocol.Malformed, "v")
	f(0, -1, protocol.Malformed, "v")
	f(0, "1", protocol.Malformed, "v")
	f(0, nil, protocol.Malformed, "v")
	f(0, []any{1}, protocol.Malformed, "v")
	f(1, 0, protocol.Malformed, "epoch")
	f(2, 0, protocol.Malformed, "no")
	f(2, uint64(1)<<63, protocol.Malformed, "no")
	f(3, 0, protocol.Malformed, "first")
	f(3, 2, protocol.Malformed, "first")
	f(3, uint64(1)<<63, protocol.Malformed, "first")
	f(4, 0, protocol.BadLimit, "n")
	f(4, protocol.MaxBatchEvents+1, protocol.BadLimit, "n")
	f(4, uint64(1)<<32, protocol.Malformed, "n")
	f(4, 1.5, protocol.Malformed, "n")
	f(5, 0, protocol.Malformed, "floor")
	f(5, 4, protocol.Malformed, "floor")
	f(6, make([]byte, 7), protocol.Malformed, "prev")
	f(6, "12345678", protocol.Malformed, "prev")
	f(7, make([]byte, 17), protocol.Malformed, "uid")
	f(8, 256, protocol.Malformed, "flags")
	f(8, 4, protocol.Malformed, "flags") // a tombstone with a body
	f(9, uint64(1)<<32, protocol.Malformed, "boot")
	f(10, uint64(1)<<63, protocol.Malformed, "up")
	f(11, -5, protocol.Malformed, "wall")
	f(12, 2, protocol.BadCodec, "codec")
	f(12, 256, protocol.Malformed, "codec")
	f(13, "text", protocol.Malformed, "body")
	f(13, []any{}, protocol.Malformed, "body")
	f(13, []byte{}, protocol.Malformed, "body")

	_, err := dec.Batch(packetOf(t, goodFields()[:13]...))
	wantFault(t, err, protocol.Malformed, "batch")
	_, err = dec.Batch(make([]byte, protocol.MaxPacketUp+1))
	wantFault(t, err, protocol.Malformed, "packet")
}

// A refusal that the centre keeps or answers comes with the header.
func TestBatchHeaderOfRefused(t *testing.T) {
	var dec protocol.Decoder
	for at, value := range map[int]any{0: 9, 4: 5000, 12: 9} {
		fields := goodFields()
		fields[at] = value
		b, err := dec.Batch(packetOf(t, fields...))
		if err == nil || b.Epoch != 7 || b.No != 3 || b.First != 41 || b.Floor != 2 || len(b.Body) != 1 {
			t.Fatalf("%v: %+v", err, b)
		}
	}
}

// A later minor version may put more before the CRC; it is passed over, as
// long as it keeps to the limits [P-1.4].
func TestBatchExtraFields(t *testing.T) {
	var dec protocol.Decoder
	b, err := dec.Batch(packetOf(t, append(goodFields(), "new", []any{1, []any{2.5, nil, true}}, []byte{1}, -70000)...))
	if err != nil || b.No != 3 {
		t.Fatalf("%+v, %v", b, err)
	}
	deep := any(1)
	for range protocol.MaxDepth {
		deep = []any{deep}
	}
	_, err = dec.Batch(packetOf(t, append(goodFields(), deep)...))
	wantFault(t, err, protocol.BadLimit, "unknown element")
	_, err = dec.Batch(packetOf(t, append(goodFields(), map[string]int{"a": 1})...))
	wantFault(t, err, protocol.Malformed, "unknown element")
}

// Headers that announce what is not there, and nesting without end, cost
// neither memory nor stack.
func TestBombs(t *testing.T) {
	var dec protocol.Decoder
	huge := [][]byte{
		{0xdd, 0xff, 0xff, 0xff, 0xff},                         // array of 4 billion
		{0xdc, 0xff, 0xff},                                     // array of 65,535
		{0xdf, 0xff, 0xff, 0xff, 0xff},                         // map
		{0xc6, 0xff, 0xff, 0xff, 0xff},                         // binary of 4 GB
		{0xdb, 0xff, 0xff, 0xff, 0xff},                         // text of 4 GB
		{0xc9, 0xff, 0xff, 0xff, 0xff, 1},                      // extension of 4 GB
		bytes.Repeat([]byte{0x91}, 60_000),                     // nested arrays
		bytes.Repeat([]byte{0xdd, 0, 0, 0, 1}, 12_000),         // the same, long headers
		append([]byte{0x9f}, bytes.Repeat([]byte{0x91}, 5)...), // 15 fields, nested
	}
	for _, bomb := range huge {
		allocated := testing.AllocsPerRun(10, func() {
			if _, err := dec.Batch(bomb); err == nil {
				t.Fatalf("% x was accepted as a batch", bomb[:5])
			}
			if _, err := dec.Ack(bomb[:min(len(bomb), protocol.MaxPacketDown)]); err == nil {
				t.Fatalf("% x was accepted as an ack", bomb[:5])
			}
			for n := range uint32(3) {
				s := protocol.Sealed{N: 1 << (15 * n), Body: bomb}
				if _, err := dec.Events(&s); err == nil {
					t.Fatalf("% x was accepted as a body", bomb[:5])
				}
			}
		})
		if allocated > 60 {
			t.Errorf("% x: %v allocations", bomb[:5], allocated)
		}
		// Behind good fields, so that it is met where unknown ones are skipped.
		if len(bomb) > 100 {
			packet := append([]byte{0xdc, 0, 16}, packetOf(t, goodFields()...)[1:]...)
			packet = packet[:len(packet)-5]
			packet = append(packet, bomb...)
			packet = binary.BigEndian.AppendUint32(append(packet, 0xce), protocol.CRC(packet))
			if _, err := dec.Batch(packet); err == nil {
				t.Fatal("accepted behind good fields")
			}
		}
	}
}

// The chain is what SPEC.md says, by a second computation.
func TestChainLinks(t *testing.T) {
	a := protocol.Sealed{No: 1, First: 1, N: 2, UID: protocol.UID{1}, Body: []byte("body")}
	first := a.Chain()
	change := func(what string, edit func(*protocol.Sealed)) {
		t.Helper()
		b := a
		edit(&b)
		if b.Chain() == first {
			t.Errorf("%s does not change the chain", what)
		}
	}
	change("prev", func(s *protocol.Sealed) { s.Prev[7]++ })
	change("uid", func(s *protocol.Sealed) { s.UID[15]++ })
	change("no", func(s *protocol.Sealed) { s.No++ })
	change("first", func(s *protocol.Sealed) { s.First++ })
	change("n", func(s *protocol.Sealed) { s.N++ })
	change("body", func(s *protocol.Sealed) { s.Body = []byte("bodz") })
	for what, edit := range map[string]func(*protocol.Sealed){
		"epoch": func(s *protocol.Sealed) { s.Epoch++ }, "flags": func(s *protocol.Sealed) { s.Flags++ }, "codec": func(s *protocol.Sealed) { s.Codec++ },
	} {
		b := a
		if edit(&b); b.Chain() != first {
			t.Errorf("%s changes the chain, but must not", what)
		}
	}
	if got := a.Last(); got != 2 {
		t.Errorf("last is %d", got)
	}
}
