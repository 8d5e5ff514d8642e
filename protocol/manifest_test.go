package protocol_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"iptvdc/protocol"
)

const (
	shaOf         = `"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`
	plainManifest = `{"version":27,"agent":"1.4.3","build":"arm7","size":11665570,"sha256":` + shaOf + `,"outbox":2,"outbox_min":1}`
	fullManifest  = `{"version":28,"agent":"1.5.0-rc1","build":"arm64","models":["E900V22C","B860AV2.1"],"size":1,"sha256":` + shaOf +
		`,"outbox":3,"outbox_min":3,"expires_ms":1798761600000,"retires":[1],"urls":["https://mirror.example.com/stbagent","http://10.1.2.3:8081/u"]}`
)

func manifestForm(packet []byte) (any, error) {
	_, key, err := protocol.OpenManifest(packet, vectorKeys())
	if err != nil {
		return nil, err
	}
	s, err := protocol.ParseSigned(packet)
	return map[string]any{"key": s.Key, "payload": json.RawMessage(s.Payload), "signed_by": key}, err
}

// packed signs a payload under topic without looking at what it says.
func packed(tb testing.TB, topic string, key uint64, payload string) []byte {
	tb.Helper()
	packet, err := protocol.AppendSignedRaw(nil, topic, key, []byte(payload), vectorKey(key))
	if err != nil {
		tb.Fatal(err)
	}
	return packet
}

func manifestVectors(tb testing.TB) []vector {
	good := packed(tb, "m1", 1, plainManifest)
	flipped := append([]byte(nil), good...)
	flipped[20] ^= 1
	other := strings.Replace(plainManifest, `"arm7"`, `"mips"`, 1)
	return []vector{
		{Name: "the least", Hex: hexOf(good)},
		{Name: "everything, by the second key, which retires the first", Hex: hexOf(packed(tb, "m1", 2, fullManifest))},
		{Name: "a bit of the payload flipped", Hex: hexOf(flipped)},
		{Name: "signed for a profile's topic", Hex: hexOf(packed(tb, "p1/33/all", 1, plainManifest))},
		{Name: "an unknown key", Hex: hexOf(packed(tb, "m1", 3, plainManifest))},
		{Name: "the first key cannot retire the second", Hex: hexOf(packed(tb, "m1", 1, strings.Replace(fullManifest, "[1]", "[2]", 1)))},
		{Name: "a processor that no agent is built for", Hex: hexOf(packed(tb, "m1", 1, other))},
		{Name: "a profile", Hex: hexOf(packed(tb, "m1", 1, fullProfile))},
		{Name: "cut off", Hex: hexOf(good[:len(good)-1])},
	}
}

// TestManifestLimits: each field outside its limits is refused by name.
func TestManifestLimits(t *testing.T) {
	f := func(field, from, to string) {
		t.Helper()
		text := strings.Replace(fullManifest, from, to, 1)
		if text == fullManifest {
			t.Fatalf("%q is not in it", from)
		}
		_, err := protocol.ParseManifest([]byte(text))
		var e *protocol.Error
		if !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v, want a refusal of %s", to, err, field)
		}
	}
	f("version", `"version":28`, `"version":0`)
	f("agent", `1.5.0-rc1`, ``)
	f("agent", `1.5.0-rc1`, `1.5 rc`)
	f("agent", `1.5.0-rc1`, strings.Repeat("1", 65))
	f("build", `arm64`, `ARM64`)
	f("models", `["E900V22C","B860AV2.1"]`, `[]`)
	f("models[1]", `B860AV2.1`, `B860 AV`)
	f("size", `"size":1`, `"size":0`)
	f("size", `"size":1`, `"size":67108865`)
	f("sha256", `e3b0`, `E3b0`)
	f("sha256", `e3b0`, `e3b`)
	f("outbox", `"outbox":3`, `"outbox":0`)
	f("outbox_min", `"outbox_min":3`, `"outbox_min":4`)
	f("outbox_min", `"outbox_min":3`, `"outbox_min":0`)
	f("expires_ms", `1798761600000`, `17987616000`)
	f("retires", `[1]`, `[]`)
	f("urls[0]", `https://mirror`, `ftp://mirror`)
	f("urls[0]", `https://mirror`, `https://user@mirror`)
	f("urls[1]", `/u"`, `/u?a=b"`)
	f("version", `{"version":28`, `{"version":28,"version":28`)
	f("force", `{"version":28`, `{"force":true,"version":28`)
}

func TestManifestFits(t *testing.T) {
	m, err := protocol.ParseManifest([]byte(fullManifest))
	if err != nil {
		t.Fatal(err)
	}
	f := func(build, model string, want string) {
		t.Helper()
		err := m.Fits(build, model)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("Fits(%s, %s) = %v, want %q", build, model, err, want)
		}
	}
	f("arm64", "E900V22C", "")
	f("arm7", "E900V22C", "build: arm64, this box runs arm7")
	f("arm64", "E900", "models:")
	f("arm64", "", "models:")
	m.Models = nil
	f("arm64", "", "")
}

func TestAppendManifest(t *testing.T) {
	packet, err := protocol.AppendManifest([]byte("x"), 2, []byte(fullManifest), vectorKey(2))
	if err != nil {
		t.Fatal(err)
	}
	m, key, err := protocol.OpenManifest(packet[1:], vectorKeys())
	if err != nil || key != 2 || m.Agent != "1.5.0-rc1" || len(m.URLs) != 2 {
		t.Errorf("%+v, key %d, %v", m, key, err)
	}
	if _, err := protocol.AppendManifest(nil, 1, []byte(fullManifest), vectorKey(1)); err == nil {
		t.Error("the first key retired itself")
	}
	if _, err := protocol.AppendManifest(nil, 2, []byte(`{}`), vectorKey(2)); err == nil {
		t.Error("an empty manifest was signed")
	}
	for in, want := range map[[2]string]string{{"arm", "7"}: "arm7", {"arm", "5,softfloat"}: "arm5", {"arm", ""}: "", {"arm64", "v8.0"}: "arm64", {"amd64", ""}: "amd64", {"386", ""}: ""} {
		if got := protocol.BuildOf(in[0], in[1]); got != want {
			t.Errorf("BuildOf(%v) = %q, want %q", in, got, want)
		}
	}
	if got := protocol.AgentText("1.4.3", "arm7", "E900 V22C"); got != "1.4.3 arm7 -" {
		t.Error(got)
	}
}

// FuzzManifest: whatever the bytes are, what opens is whole and within its
// limits, and what is refused says why.
func FuzzManifest(f *testing.F) {
	for _, v := range vectorsOf(f, "manifests.json") {
		f.Add(v.bytes(f))
		if s, err := protocol.ParseSigned(v.bytes(f)); err == nil {
			f.Add(s.Payload)
		}
	}
	keys := vectorKeys()
	f.Fuzz(func(t *testing.T, bytes []byte) {
		if m, key, err := protocol.OpenManifest(bytes, keys); err != nil {
			mustBeError(t, err)
		} else if keys[key] == nil || m.Check() != nil {
			t.Fatalf("opened: %+v by key %d", m, key)
		}
		m, err := protocol.ParseManifest(bytes)
		mustBeError(t, err)
		if err != nil {
			return
		}
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := protocol.ParseManifest(text)
		if err != nil {
			if len(text) > protocol.MaxPacketDown {
				return // escapes made it longer
			}
			t.Fatalf("%s: %v", text, err)
		}
		wantEqual(t, again, m)
	})
}
