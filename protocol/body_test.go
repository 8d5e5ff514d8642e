package protocol_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"iptvdc/protocol"
)

// What is encoded comes back, whatever the events, and with buffers that an
// earlier batch has left behind.
func TestBodyRoundTrip(t *testing.T) {
	var enc protocol.Encoder
	var dec protocol.Decoder
	rapid.Check(t, func(t *rapid.T) {
		events := anyEvents(t)
		codec, body, err := enc.Body(events)
		if err != nil {
			t.Fatal(err)
		}
		got, err := dec.Events(&protocol.Sealed{N: uint32(len(events)), Codec: codec, Body: body})
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, events)

		plain, err := enc.Plain(events)
		if err != nil {
			t.Fatal(err)
		}
		got, err = dec.Events(&protocol.Sealed{N: uint32(len(events)), Body: plain})
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, events)

		// The same bytes mean the same to the standard library and to a msgpack
		// decoder that knows nothing of us.
		if codec == protocol.CodecDeflate {
			inflated := new(bytes.Buffer)
			if _, err := inflated.ReadFrom(flate.NewReader(bytes.NewReader(body))); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(inflated.Bytes(), plain) {
				t.Fatal("the deflated body is another one")
			}
		}
		var columns []any
		if err := msgpack.Unmarshal(plain, &columns); err != nil {
			t.Fatal(err)
		}
		if len(columns) != 7 {
			t.Fatalf("%d columns", len(columns))
		}
	})
}

func TestHouseholdRoundTrip(t *testing.T) {
	var dec protocol.Decoder
	for _, n := range []int{1, 2, 20, 200, protocol.MaxBatchEvents} {
		events := newHousehold(uint64(n)).events(n)
		for i := range events {
			if err := events[i].Check(); err != nil {
				t.Fatalf("event %d: %v", i, err)
			}
		}
		s := seal(t, events)
		got, err := dec.Events(&s)
		if err != nil {
			t.Fatalf("%d events: %v", n, err)
		}
		wantEqual(t, got, events)
	}
}

// Decoding allocates once a batch (all its texts), however many events it has.
func TestDecodeAllocations(t *testing.T) {
	var dec protocol.Decoder
	for _, n := range []int{20, 200, 2000} {
		s := seal(t, newHousehold(5).events(n))
		packet := protocol.AppendBatch(nil, &s, &protocol.Envelope{Floor: 1})
		allocs := testing.AllocsPerRun(50, func() {
			b, err := dec.Batch(packet)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := dec.Events(&b.Sealed); err != nil {
				t.Fatal(err)
			}
		})
		if allocs > 1 {
			t.Errorf("%d events: %v allocations a batch, want 1", n, allocs)
		}
	}
}

func TestEncodeAllocations(t *testing.T) {
	var enc protocol.Encoder
	events := newHousehold(5).events(200)
	allocs := testing.AllocsPerRun(50, func() {
		if _, _, err := enc.Body(events); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 0 {
		t.Errorf("%v allocations a batch, want 0", allocs)
	}
}

// Strings that a decoder has handed out stay, also when it decodes on.
func TestStringsStay(t *testing.T) {
	var dec protocol.Decoder
	one := seal(t, []protocol.Event{{Kind: protocol.PageView, Page: "first", MonoMs: 1}})
	two := seal(t, []protocol.Event{{Kind: protocol.PageView, Page: "other", MonoMs: 1}})
	got, err := dec.Events(&one)
	if err != nil {
		t.Fatal(err)
	}
	page := got[0].Page
	if _, err := dec.Events(&two); err != nil {
		t.Fatal(err)
	}
	if page != "first" {
		t.Fatalf("became %q", page)
	}
}

func TestEncoderLimits(t *testing.T) {
	var enc protocol.Encoder
	f := func(events []protocol.Event, field string) {
		t.Helper()
		_, _, err := enc.Body(events)
		var fault *protocol.Error
		if !errors.As(err, &fault) || fault.Field != field || fault.Fault != protocol.BadLimit {
			t.Fatalf("got %v, want a limit of %q", err, field)
		}
		_, err = enc.Plain(events)
		if field != "body" && (!errors.As(err, &fault) || fault.Field != field) {
			t.Fatalf("plain: got %v, want a limit of %q", err, field)
		}
	}
	f(nil, "n")
	f(make([]protocol.Event, protocol.MaxBatchEvents+1), "n")
	f([]protocol.Event{{}}, "kind")
	f([]protocol.Event{{Kind: protocol.PageView, Page: strings.Repeat("x", protocol.MaxString+1)}}, "page")

	// Noise that does not deflate into one packet.
	noise := make([]protocol.Event, 1000)
	rnd := newHousehold(1).rnd
	for i := range noise {
		b := make([]byte, protocol.MaxString)
		for j := range b {
			b[j] = byte(' ' + rnd.IntN(95))
		}
		noise[i] = protocol.Event{Kind: protocol.PageView, Page: string(b)}
	}
	f(noise, "body")
	if _, _, err := enc.Body(noise[:200]); err != nil {
		t.Fatalf("fewer of them: %v", err)
	}
}

// A body that would inflate too far for a decoder is sent plain.
func TestVeryRegularEvents(t *testing.T) {
	events := make([]protocol.Event, protocol.MaxBatchEvents)
	for i := range events {
		events[i] = protocol.Event{Kind: protocol.PowerOn}
	}
	s := seal(t, events)
	var dec protocol.Decoder
	if got, err := dec.Events(&s); err != nil || len(got) != len(events) {
		t.Fatalf("%d events, %v", len(got), err)
	}
	if s.Codec != protocol.CodecPlain {
		t.Fatalf("codec %d: is this still the case that was meant?", s.Codec)
	}
}
