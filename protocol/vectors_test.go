package protocol_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"iptvdc/protocol"
)

// A vector is one entry of a file in testdata/vectors; see the README there.
type vector struct {
	Name  string          `json:"name"`
	Hex   string          `json:"hex,omitempty"`
	Text  string          `json:"text,omitempty"`
	N     uint32          `json:"n,omitempty"`
	Codec protocol.Codec  `json:"codec,omitempty"`
	Want  json.RawMessage `json:"want,omitempty"`
	Fault string          `json:"fault,omitempty"`
	Field string          `json:"field,omitempty"`
}

func (v *vector) bytes(tb testing.TB) []byte {
	tb.Helper()
	b, err := hex.DecodeString(v.Hex)
	if err != nil {
		tb.Fatalf("%s: %v", v.Name, err)
	}
	return b
}

func vectorsOf(tb testing.TB, file string) []vector {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "vectors", file))
	if err != nil {
		tb.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	var vs []vector
	if err := dec.Decode(&vs); err != nil {
		tb.Fatalf("%s: %v", file, err)
	}
	if len(vs) == 0 {
		tb.Fatalf("%s is empty", file)
	}
	return vs
}

// decodeVector decodes a vector of a file into the form its want has.
func decodeVector(tb testing.TB, file string, v *vector) (any, error) {
	tb.Helper()
	var dec protocol.Decoder
	switch file {
	case "batches.json":
		b, err := dec.Batch(v.bytes(tb))
		return batchForm(&b), err
	case "bodies.json":
		events, err := dec.Events(&protocol.Sealed{N: v.N, Codec: v.Codec, Body: v.bytes(tb)})
		return eventsForm(events), err
	case "acks.json":
		a, err := dec.Ack(v.bytes(tb))
		return map[string]any{"v": a.Version, "epoch": fmt.Sprint(a.Epoch), "through": a.Through, "chain": hex.EncodeToString(a.Chain[:]),
			"code": a.Code, "retry": a.RetryS, "server": a.ServerMs}, err
	case "topics.json":
		r, err := protocol.ParseUpTopic(v.Text)
		return map[string]any{"province": r.Province, "shard": r.Shard, "box": r.Box, "ack": protocol.AckTopic(r.Province, r.Box),
			"will": protocol.WillTopic(r.Province, r.Box), "client": protocol.ClientID(r.Box, 0x0123456789abcdef)}, err
	case "events.json":
		events, err := protocol.ParseEvents([]byte(v.Text))
		return eventsForm(events), err
	case "profiles.json":
		return signedForm(v.Text, v.bytes(tb))
	case "claims.json":
		return claimForm(v.Text, v.bytes(tb))
	case "manifests.json":
		return manifestForm(v.bytes(tb))
	case "identities.json":
		events, err := protocol.ParseEvents([]byte(v.Text))
		if err != nil || len(events) != 1 {
			tb.Fatalf("%s: %v", v.Name, err)
		}
		return protocol.IdentitySerial(&events[0]), nil
	}
	tb.Fatalf("no decoder for %s", file)
	return nil, nil
}

func batchForm(b *protocol.Batch) map[string]any {
	chain := b.Sealed.Chain()
	return map[string]any{"v": b.Version, "epoch": fmt.Sprint(b.Epoch), "no": b.No, "first": b.First, "n": b.N, "floor": b.Floor,
		"prev": hex.EncodeToString(b.Prev[:]), "uid": hex.EncodeToString(b.UID[:]), "carried_over": b.Flags&protocol.FlagCarried != 0,
		"tombstone": b.Flags&protocol.FlagTombstone != 0, "clock_unset": b.ClockUnset, "boot": b.Boot, "up": b.UpMs, "wall": b.WallMs,
		"codec": b.Codec, "body": hex.EncodeToString(b.Body), "chain": hex.EncodeToString(chain[:])}
}

func eventsForm(events []protocol.Event) []json.RawMessage {
	list := []json.RawMessage{}
	for i := range events {
		list = append(list, protocol.AppendJSON(nil, &events[i]))
	}
	return list
}

func vectorFiles() []string {
	return []string{"batches.json", "bodies.json", "acks.json", "topics.json", "events.json", "identities.json", "profiles.json", "claims.json", "manifests.json"}
}

func TestVectors(t *testing.T) {
	for _, file := range vectorFiles() {
		good, bad := 0, 0
		for _, v := range vectorsOf(t, file) {
			got, err := decodeVector(t, file, &v)
			if v.Fault != "" {
				bad++
				var e *protocol.Error
				if !errors.As(err, &e) || e.Fault.String() != v.Fault || e.Field != v.Field {
					t.Errorf("%s: %s: got %v, want fault %s of %q", file, v.Name, err, v.Fault, v.Field)
				}
				continue
			}
			good++
			if err != nil {
				t.Errorf("%s: %s: %v", file, v.Name, err)
				continue
			}
			if have := compactJSON(t, got); have != compactJSON(t, v.Want) {
				t.Errorf("%s: %s:\n got %s\nwant %s", file, v.Name, have, compactJSON(t, v.Want))
			}
		}
		if good == 0 || bad == 0 && file != "identities.json" {
			t.Errorf("%s: %d good, %d bad", file, good, bad)
		}
	}
}

func compactJSON(tb testing.TB, v any) string {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	var any any
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&any); err != nil {
		tb.Fatal(err)
	}
	if b, err = json.Marshal(any); err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// The good batches of batches.json whose name begins with "chain" follow one
// another: each one's prev is the chain of the one before.
func TestVectorChain(t *testing.T) {
	var dec protocol.Decoder
	var chain protocol.Chain
	var seq uint64
	links := 0
	for _, v := range vectorsOf(t, "batches.json") {
		if len(v.Name) < 5 || v.Name[:5] != "chain" {
			continue
		}
		b, err := dec.Batch(v.bytes(t))
		if err != nil {
			t.Fatal(err)
		}
		if b.Prev != chain || b.First != seq+1 {
			t.Fatalf("%s does not follow", v.Name)
		}
		links++
		chain, seq = b.Sealed.Chain(), b.Last()
		// The packet is what AppendBatch makes of its fields.
		if again := protocol.AppendBatch(nil, &b.Sealed, &b.Envelope); !bytes.Equal(again, v.bytes(t)) {
			t.Errorf("%s: encodes to %x", v.Name, again)
		}
	}
	if links < 3 {
		t.Fatalf("%d links", links)
	}
}
