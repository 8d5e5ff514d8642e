package protocol_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"

	"iptvdc/protocol"
)

// pack builds a msgpack value that the encoder would never write.
func pack(tb testing.TB, v any) []byte {
	tb.Helper()
	var out bytes.Buffer
	enc := msgpack.NewEncoder(&out)
	enc.UseCompactInts(true)
	if err := enc.Encode(v); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// goodColumns is a body of three events: a page view at 1,000 ms, a click at
// 2,500 ms and a view of 500 ms that ends at 4,000 ms.
func goodColumns() []any {
	return []any{
		[]any{"home", "banner", "c1"},
		[]any{7, 3},
		[]any{2, 3},
		[]byte{3, 4, 5},
		[]byte{0xe8, 0xdc, 0xdc},
		[]byte{3 << 1, 5 << 1, 5 << 1},
		[]any{
			[]any{3, 2, 1, 0, 0},
			[]any{4, 2, 0, 1, 4, 1, 0, 0},
			[]any{5, 1, 4, 0, 0, []byte{0xe8}, []byte{3 << 1}, 100, 0, 2, 0},
		},
	}
}

func TestBodyByHand(t *testing.T) {
	var dec protocol.Decoder
	got, err := dec.Events(&protocol.Sealed{N: 3, Body: pack(t, goodColumns())})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, got, []protocol.Event{
		{Kind: protocol.PageView, Serial: 7, Boot: 2, MonoMs: 1000, Source: protocol.SourcePage, Page: "home"},
		{Kind: protocol.Click, Serial: 7, Boot: 2, MonoMs: 2500, Source: protocol.SourcePage, Page: "home", Area: "banner", Slot: 4, Content: "c1", Trace: 1},
		{Kind: protocol.View, Serial: 7, Boot: 2, MonoMs: 4000, Source: protocol.SourceMiddleware, Mode: protocol.ModeVOD, Content: "c1", DurationMs: 500, Speed: 100, End: protocol.EndStop, Trace: 1},
	})
	s := protocol.Sealed{N: 3, Body: pack(t, goodColumns())}
	for n := range s.Body {
		if _, err := dec.Events(&protocol.Sealed{N: 3, Body: s.Body[:n]}); err == nil {
			t.Fatalf("cut to %d bytes: accepted", n)
		}
	}
	_, err = dec.Events(&protocol.Sealed{N: 3, Body: append(s.Body, 0)})
	wantFault(t, err, protocol.Malformed, "body")
}

func TestBodyFaults(t *testing.T) {
	var dec protocol.Decoder
	f := func(column int, value any, fault protocol.Fault, field string) {
		t.Helper()
		columns := goodColumns()
		columns[column] = value
		_, err := dec.Events(&protocol.Sealed{N: 3, Body: pack(t, columns)})
		wantFault(t, err, fault, field)
	}
	long := strings.Repeat("x", protocol.MaxString+1)
	many := make([]any, 49)
	for i := range many {
		many[i] = ""
	}
	f(0, "home", protocol.Malformed, "strings")
	f(0, []any{1, 2, 3}, protocol.Malformed, "strings")
	f(0, []any{long}, protocol.BadLimit, "strings")
	f(0, []any{"home", "\xff\xfe", "c1"}, protocol.Malformed, "strings")
	f(0, many, protocol.BadLimit, "strings")
	f(0, []any{"home"}, protocol.Malformed, "area")
	f(1, []any{7}, protocol.Malformed, "serial")
	f(1, []any{7, 2}, protocol.Malformed, "serial")
	f(1, []any{7, 4}, protocol.Malformed, "serial")
	f(1, []any{7, 3, 7, 0}, protocol.Malformed, "serial")
	f(1, []any{uint64(1) << 32, 3}, protocol.Malformed, "serial")
	f(1, []any{-1, 3}, protocol.Malformed, "serial")
	f(2, []any{}, protocol.Malformed, "boot")
	f(2, 1, protocol.Malformed, "boot")
	f(3, []byte{3, 4}, protocol.Malformed, "kind")
	f(3, []byte{3, 4, 0}, protocol.Malformed, "kind")
	f(3, []byte{3, 4, 6}, protocol.Malformed, "block") // a block for 5, none for 6
	f(3, []any{3, 4, 5}, protocol.Malformed, "kind")
	f(4, []byte{0, 0, 0, 0}, protocol.Malformed, "mono")
	f(5, []byte{2, 2}, protocol.Malformed, "mono")
	f(5, []byte{2, 2, 2, 2}, protocol.Malformed, "mono")
	f(5, []byte{2, 2, 0x80}, protocol.Malformed, "mono")
	f(5, []byte{1, 2, 2}, protocol.BadLimit, "mono")                                  // before its boot
	f(5, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 2, 2}, protocol.BadLimit, "mono") // more than ten years
	f(5, append(bytes.Repeat([]byte{0xff}, 10), 1, 2, 2), protocol.Malformed, "mono") // no varint of 64 bits
	f(6, []any{}, protocol.Malformed, "blocks")                                       // no block for any kind
	f(6, []any{[]any{}}, protocol.Malformed, "block")                                 // empty
	f(6, []any{[]any{3}}, protocol.Malformed, "block")                                // no source
	f(6, []any{[]any{4, 2, 0}, []any{3, 2, 1, 0, 0}}, protocol.Malformed, "block")    // not in order
	f(6, []any{[]any{3, 256, 1, 0, 0}}, protocol.BadLimit, "source")                  //
	f(6, []any{[]any{3, 2, []any{1, 1}, 0, 0}}, protocol.Malformed, "page")           // two values for one event
	f(6, []any{[]any{3, 2, "home", 0, 0}}, protocol.Malformed, "page")                //
	f(6, []any{[]any{3, 2, 6, 0, 0}}, protocol.Malformed, "page")                     // text 4 of 3
	f(6, []any{[]any{3, 2, -1, 0, 0}}, protocol.Malformed, "page")                    //
	f(6, append(goodColumns()[6].([]any), []any{6, 0}), protocol.Malformed, "block")  // a block without events
	f(6, append(goodColumns()[6].([]any)[:2:2], []any{5, 1}, 1), protocol.Malformed, "block")

	view := func(at int, value any, fault protocol.Fault, field string) {
		t.Helper()
		columns := goodColumns()
		columns[6].([]any)[2].([]any)[at] = value
		_, err := dec.Events(&protocol.Sealed{N: 3, Body: pack(t, columns)})
		wantFault(t, err, fault, field)
	}
	view(2, 256, protocol.BadLimit, "mode")
	view(2, -1, protocol.BadLimit, "mode")
	view(5, []byte{}, protocol.Malformed, "duration_ms")
	view(5, 1000, protocol.Malformed, "duration_ms")
	view(6, []byte{7 << 1}, protocol.BadLimit, "duration_ms") // negative
	view(6, []byte{6, 6}, protocol.Malformed, "duration_ms")
	view(7, protocol.MaxSpeed+1, protocol.BadLimit, "speed")
	view(7, -protocol.MaxSpeed-1, protocol.BadLimit, "speed")
	view(8, 1<<16, protocol.BadLimit, "part")
	view(8, uint64(1)<<63, protocol.Malformed, "part")
	view(10, -1, protocol.BadLimit, "trace")
	view(10, int64(1)<<32+1, protocol.BadLimit, "trace")

	for _, n := range []uint32{0, protocol.MaxBatchEvents + 1, 1<<32 - 1} {
		_, err := dec.Events(&protocol.Sealed{N: n, Body: pack(t, goodColumns())})
		wantFault(t, err, protocol.BadLimit, "n")
	}
	for _, n := range []uint32{1, 2, 4, protocol.MaxBatchEvents} {
		if _, err := dec.Events(&protocol.Sealed{N: n, Body: pack(t, goodColumns())}); err == nil {
			t.Fatalf("3 events passed for %d", n)
		}
	}
	_, err := dec.Events(&protocol.Sealed{N: 3, Codec: 2, Body: pack(t, goodColumns())})
	wantFault(t, err, protocol.BadCodec, "codec")
	_, err = dec.Events(&protocol.Sealed{N: 3, Body: make([]byte, protocol.MaxBody+1)})
	wantFault(t, err, protocol.BadLimit, "body")
	_, err = dec.Events(&protocol.Sealed{N: 3, Body: pack(t, goodColumns()[:6])})
	wantFault(t, err, protocol.Malformed, "body")
}

// What a newer version appends is passed over: body columns, kinds, and
// columns of a kind [P-1.4]; what an older one lacks is zero.
func TestBodyOfOtherVersions(t *testing.T) {
	var dec protocol.Decoder
	columns := append(goodColumns(), "new", []any{[]any{[]any{1}}})
	columns[3] = []byte{3, 4, 200}
	columns[6] = []any{
		[]any{3, 2, 1, 0, 0, []any{5}, "added"},
		[]any{4, 2, 0},
		[]any{200, 1, "whatever", []any{1.5}},
	}
	columns[0] = []any{"home"}
	got, err := dec.Events(&protocol.Sealed{N: 3, Body: pack(t, columns)})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, got, []protocol.Event{
		{Kind: protocol.PageView, Serial: 7, Boot: 2, MonoMs: 1000, Source: protocol.SourcePage, Page: "home"},
		{Kind: protocol.Click, Serial: 7, Boot: 2, MonoMs: 2500, Source: protocol.SourcePage, Page: "home"},
		{Kind: 200, Serial: 7, Boot: 2, MonoMs: 4000, Source: protocol.SourceMiddleware},
	})
	if got[2].Kind.Known() {
		t.Fatal("kind 200 is known by now: take another")
	}

	columns[6].([]any)[2] = []any{200, 1, []any{[]any{1}}}
	_, err = dec.Events(&protocol.Sealed{N: 3, Body: pack(t, columns)})
	wantFault(t, err, protocol.BadLimit, "unknown element")
}

func deflate(tb testing.TB, plain []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// A decompression bomb is cut off at 64 times its size, or at 1 MiB.
func TestInflationLimits(t *testing.T) {
	var dec protocol.Decoder
	bomb := deflate(t, make([]byte, 72<<20))[:protocol.MaxPackedBody]
	_, err := dec.Events(&protocol.Sealed{N: 1, Codec: protocol.CodecDeflate, Body: bomb})
	wantFault(t, err, protocol.BadLimit, "body")
	_, err = dec.Events(&protocol.Sealed{N: 1, Codec: protocol.CodecDeflate, Body: bomb[:100]})
	wantFault(t, err, protocol.BadLimit, "body")

	events := newHousehold(3).events(50)
	s := seal(t, events)
	for _, body := range [][]byte{s.Body[:len(s.Body)-1], append(bytes.Clone(s.Body), 0), nil, {7}} {
		_, err := dec.Events(&protocol.Sealed{N: s.N, Codec: protocol.CodecDeflate, Body: body})
		wantFault(t, err, protocol.Malformed, "body")
	}
}

// No damage to a body makes the decoder panic, and what it still accepts keeps
// to the limits.
func TestBodyDamage(t *testing.T) {
	var dec protocol.Decoder
	var enc protocol.Encoder
	plain, err := enc.Plain(newHousehold(4).events(30))
	if err != nil {
		t.Fatal(err)
	}
	for codec, body := range map[protocol.Codec][]byte{protocol.CodecPlain: bytes.Clone(plain), protocol.CodecDeflate: deflate(t, plain)} {
		for bit := range 8 * len(body) {
			body[bit/8] ^= 1 << (bit % 8)
			got, err := dec.Events(&protocol.Sealed{N: 30, Codec: codec, Body: body})
			var e *protocol.Error
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("bit %d: %v is not an *Error", bit, err)
			}
			checkDecoded(t, got, err, 30)
			body[bit/8] ^= 1 << (bit % 8)
		}
	}
}

// checkDecoded holds what a decoder let through against the limits.
func checkDecoded(tb testing.TB, events []protocol.Event, err error, n int) {
	tb.Helper()
	if err != nil {
		return
	}
	if len(events) != n {
		tb.Fatalf("%d events, want %d", len(events), n)
	}
	for i := range events {
		e := &events[i]
		if e.Kind == 0 || e.MonoMs > protocol.MaxMonoMs || e.DurationMs > protocol.MaxViewMs || e.Slot > protocol.MaxSlot || e.Fen > protocol.MaxFen ||
			e.Speed > protocol.MaxSpeed || e.Speed < -protocol.MaxSpeed || max(len(e.Page), len(e.From), len(e.Content), len(e.Account)) > protocol.MaxString {
			tb.Fatalf("event %d is outside the limits: %+v", i, e)
		}
	}
}
