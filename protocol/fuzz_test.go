package protocol_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"iptvdc/protocol"
)

// seedHex gives a fuzz target the bytes of a vector file, good and bad.
func seedHex(f *testing.F, file string, add func(v *vector, b []byte)) {
	f.Helper()
	for _, v := range vectorsOf(f, file) {
		add(&v, v.bytes(f))
	}
}

// mustBeError fails if a decoder's error is not a refusal with a field.
func mustBeError(t *testing.T, err error) {
	t.Helper()
	var e *protocol.Error
	if err != nil && (!errors.As(err, &e) || e.Field == "" || e.Why == "") {
		t.Fatalf("%#v is not a refusal", err)
	}
}

// A batch that decodes encodes to a packet with the same meaning.
func FuzzBatch(f *testing.F) {
	seedHex(f, "batches.json", func(_ *vector, b []byte) { f.Add(b) })
	var dec protocol.Decoder
	f.Fuzz(func(t *testing.T, packet []byte) {
		b, err := dec.Batch(packet)
		mustBeError(t, err)
		if err != nil {
			return
		}
		again := protocol.AppendBatch(nil, &b.Sealed, &b.Envelope)
		if len(again) > len(packet) {
			t.Fatalf("%d bytes became %d", len(packet), len(again))
		}
		b2, err := dec.Batch(again)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, b2, b)
		events, err := dec.Events(&b.Sealed)
		mustBeError(t, err)
		if b.Flags&protocol.FlagTombstone == 0 {
			checkDecoded(t, events, err, int(b.N))
		}
	})
}

// A body that decodes encodes to one with the same events.
func FuzzBody(f *testing.F) {
	seedHex(f, "bodies.json", func(v *vector, b []byte) { f.Add(v.N, uint8(v.Codec), b) })
	var dec, dec2 protocol.Decoder
	var enc protocol.Encoder
	f.Fuzz(func(t *testing.T, n uint32, codec uint8, body []byte) {
		if len(body) > protocol.MaxPacketUp {
			return
		}
		events, err := dec.Events(&protocol.Sealed{N: n, Codec: protocol.Codec(codec), Body: body})
		mustBeError(t, err)
		checkDecoded(t, events, err, int(n))
		if err != nil {
			return
		}
		again, err := enc.Plain(events)
		if err != nil {
			mustBeError(t, err)
			return // a text table that names one text often can grow beyond the limit
		}
		again = bytes.Clone(again)
		got, err := dec2.Events(&protocol.Sealed{N: n, Body: again})
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, events)
		packed, body, err := enc.Body(events)
		if err != nil {
			mustBeError(t, err)
			return
		}
		if got, err = dec2.Events(&protocol.Sealed{N: n, Codec: packed, Body: body}); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, events)
	})
}

func FuzzAck(f *testing.F) {
	seedHex(f, "acks.json", func(_ *vector, b []byte) { f.Add(b) })
	var dec protocol.Decoder
	f.Fuzz(func(t *testing.T, packet []byte) {
		a, err := dec.Ack(packet)
		mustBeError(t, err)
		if err != nil {
			return
		}
		again, err := dec.Ack(protocol.AppendAck(nil, &a))
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, again, a)
	})
}

// Events that are read from JSON are written and read again the same.
func FuzzEventsJSON(f *testing.F) {
	for _, v := range append(vectorsOf(f, "events.json"), vectorsOf(f, "identities.json")...) {
		f.Add([]byte(v.Text))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		events, err := protocol.ParseEvents(doc)
		mustBeError(t, err)
		if err != nil {
			return
		}
		for i := range events {
			again, err := protocol.ParseEvents(protocol.AppendJSON(nil, &events[i]))
			if err != nil || len(again) != 1 {
				t.Fatalf("%d events, %v", len(again), err)
			}
			wantEqual(t, again[0], events[i])
			if err := events[i].Check(); err != nil {
				mustBeError(t, err)
			}
		}
	})
}

func FuzzTopic(f *testing.F) {
	for _, v := range vectorsOf(f, "topics.json") {
		f.Add(v.Text)
	}
	f.Fuzz(func(t *testing.T, topic string) {
		r, err := protocol.ParseUpTopic(topic)
		mustBeError(t, err)
		if err == nil && protocol.UpTopic(r.Province, r.Box) != topic {
			t.Fatalf("%q is not the topic of %+v", topic, r)
		}
	})
}

// A signed packet that opens is one that its key signed; a payload that is read
// is written and read again the same.
func FuzzProfile(f *testing.F) {
	for _, v := range vectorsOf(f, "profiles.json") {
		f.Add(v.Text, v.bytes(f))
	}
	keys := vectorKeys()
	f.Fuzz(func(t *testing.T, topic string, packet []byte) {
		s, err := protocol.ParseSigned(packet)
		mustBeError(t, err)
		if _, oerr := protocol.OpenSigned(topic, packet, keys); oerr != nil {
			mustBeError(t, oerr)
		} else if err != nil {
			t.Fatalf("a packet opens that is none: %v", err)
		}
		if err != nil {
			return
		}
		checkPayload(t, s.Payload)
	})
}

// FuzzPayload reads payloads without a signature before them.
func FuzzPayload(f *testing.F) {
	for _, v := range vectorsOf(f, "profiles.json") {
		if s, err := protocol.ParseSigned(v.bytes(f)); err == nil {
			f.Add(s.Payload)
		}
	}
	f.Fuzz(checkPayload)
}

func checkPayload(t *testing.T, payload []byte) {
	p, err := protocol.ParseProfile(payload)
	mustBeError(t, err)
	if err == nil {
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := protocol.ParseProfile(text)
		if err != nil {
			if len(text) > protocol.MaxPacketDown {
				return // escapes made it longer
			}
			t.Fatalf("%s: %v", text, err)
		}
		wantEqual(t, again, p)
	}
	_, err = protocol.ParseCommand(payload)
	mustBeError(t, err)
}
