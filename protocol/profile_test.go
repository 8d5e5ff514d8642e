package protocol_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"iptvdc/protocol"
)

// vectorKey is a key of profiles.json: 1 has the seed 00 01 .. 1f, 2 has 02 02 ..
func vectorKey(id uint64) ed25519.PrivateKey {
	seed := bytes.Repeat([]byte{byte(id)}, ed25519.SeedSize)
	if id == 1 {
		for i := range seed {
			seed[i] = byte(i)
		}
	}
	return ed25519.NewKeyFromSeed(seed)
}

func vectorKeys() protocol.Keys {
	return protocol.Keys{1: vectorKey(1).Public().(ed25519.PublicKey), 2: vectorKey(2).Public().(ed25519.PublicKey)}
}

// signedForm reads a packet as a box does.
func signedForm(topic string, packet []byte) (any, error) {
	payload, err := protocol.OpenSigned(topic, packet, vectorKeys())
	if err != nil {
		return nil, err
	}
	s, err := protocol.ParseSigned(packet)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(topic, "c1/") {
		_, err = protocol.ParseCommand(payload)
	} else {
		_, err = protocol.ParseProfile(payload)
	}
	return map[string]any{"key": s.Key, "payload": json.RawMessage(payload)}, err
}

const (
	vectorTopic = "p1/33/all"
	vectorBox   = "c1/33/00100399007001230000c8028f11a2b3"
	fullProfile = `{"version":26,"expires_ms":1798761600000,"sample":{"impression":100,"health":500,"view":1000},"window_ms":1000,` +
		`"batch_events":400,"batch_age_s":60,"health_s":900,"quiet":[{"from":"19:30","to":"22:00"},{"from":"23:30","to":"00:30"}],` +
		`"privacy":"anonymous","brokers":["tls://mqtt.example.com:8883","tcp://10.1.2.3"],"first_spread_s":120,"reconnect_min_s":5,` +
		`"reconnect_max_s":900,"keepalive_s":240,"in_flight":4,"origins":["http://10.1.2.3:8080","null"],` +
		`"triggers":[{"errors":3,"within_s":600,"for_s":3600,"sample":{"playback":1000},"health_s":30}]}`
	shortProfile = `{"version":3,"expires_ms":1798761600000}`
	report       = `{"version":7,"expires_ms":1798761600000,"do":"report"}`
)

func signed(tb testing.TB, topic string, key uint64, payload string) []byte {
	tb.Helper()
	b, err := protocol.AppendSigned(nil, topic, key, []byte(payload), vectorKey(key))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func profileVectors(tb testing.TB) []vector {
	var vs []vector
	add := func(name, topic string, packet []byte) {
		vs = append(vs, vector{Name: name, Text: topic, Hex: hexOf(packet)})
	}
	good := signed(tb, vectorTopic, 1, shortProfile)
	with := func(name, payload string) { add(name, vectorTopic, signed(tb, vectorTopic, 1, payload)) }
	head := strings.TrimSuffix(shortProfile, "}")
	add("every field", vectorTopic, signed(tb, vectorTopic, 1, fullProfile))
	add("no field but the two that must be there", vectorTopic, good)
	add("by the second key, for a group", "p1/43/E900V22C", signed(tb, "p1/43/E900V22C", 2, shortProfile))
	add("a command", vectorBox, signed(tb, vectorBox, 1, report))
	with("an older version", strings.Replace(shortProfile, `:3`, `:1`, 1))
	with("its time was over in 2020", `{"version":4,"expires_ms":1577836800000}`)
	with("no health events, no pages, spaces", " "+head+`, "health_s": 0, "origins": [], "sample": {} } `)
	var fields []any
	s, err := protocol.ParseSigned(good)
	if err != nil {
		tb.Fatal(err)
	}
	fields = append(fields, 1, 1, s.Payload, s.Signature[:])
	add("an element of a later version", vectorTopic, pack(tb, append(fields[:4:4], "new")))

	flipped := bytes.Clone(good)
	flipped[len(flipped)-70] ^= 1
	add("a bit of the payload turned", vectorTopic, flipped)
	flipped = bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	add("a bit of the signature turned", vectorTopic, flipped)
	add("on another group's topic", "p1/33/trial", good)
	add("on another province's topic", "p1/43/all", good)
	add("a profile sent as a command", vectorBox, good)
	add("a key that the box does not have", vectorTopic, pack(tb, []any{1, 3, s.Payload, s.Signature[:]}))
	add("signed by 2, said to be by 1", vectorTopic, pack(tb, []any{1, 1, s.Payload, ed25519.Sign(vectorKey(2), []byte("p1\x00"+vectorTopic+"\x00"+shortProfile))}))
	add("signed without its topic", vectorTopic, pack(tb, []any{1, 1, s.Payload, ed25519.Sign(vectorKey(1), s.Payload)}))
	add("version 2 of the envelope", vectorTopic, pack(tb, []any{2, 1, s.Payload, s.Signature[:]}))
	add("a signature of 63 bytes", vectorTopic, pack(tb, []any{1, 1, s.Payload, s.Signature[:63]}))
	add("the payload as text", vectorTopic, pack(tb, []any{1, 1, string(s.Payload), s.Signature[:]}))
	add("no payload", vectorTopic, pack(tb, []any{1, 1, []byte{}, s.Signature[:]}))
	add("too few elements", vectorTopic, pack(tb, []any{1, 1, s.Payload}))
	add("a byte too many", vectorTopic, append(bytes.Clone(good), 0))
	add("cut", vectorTopic, good[:len(good)-1])
	add("too large", vectorTopic, pack(tb, []any{1, 1, make([]byte, protocol.MaxPacketDown), s.Signature[:]}))
	add("no topic of signed packets", "a1/33/00100399007001230000c8028f11a2b3", good)
	add("a command's topic without a box", "c1/33/all", good)

	with("an unknown field", head+`,"colour":"red"}`)
	with("a field in another case", head+`,"Window_ms":1000}`)
	with("a field twice", head+`,"window_ms":1000,"window_ms":2000}`)
	with("a wrong type", head+`,"window_ms":"1000"}`)
	with("a fraction", head+`,"window_ms":1000.5}`)
	with("null", head+`,"window_ms":null}`)
	with("no JSON", head)
	with("an array", `[`+shortProfile+`]`)
	with("something behind it", shortProfile+`{}`)
	with("no version", `{"expires_ms":1798761600000}`)
	with("no expiry", `{"version":3}`)
	with("a window that is too short", head+`,"window_ms":49}`)
	with("batches that are too large", head+`,"batch_events":4097}`)
	with("health too often", head+`,"health_s":9}`)
	with("a sample of an unknown kind", head+`,"sample":{"clik":10}}`)
	with("a sample of orders", head+`,"sample":{"order":10}}`)
	with("a sample above all boxes", head+`,"sample":{"click":1001}}`)
	with("a time of day that is none", head+`,"quiet":[{"from":"24:00","to":"06:00"}]}`)
	with("an unknown field in a span", head+`,"quiet":[{"from":"22:00","to":"06:00","day":1}]}`)
	with("an unknown privacy", head+`,"privacy":"none"}`)
	with("a broker that is none", head+`,"brokers":["http://mqtt.example.com"]}`)
	with("no brokers", head+`,"brokers":[]}`)
	with("an origin with a path", head+`,"origins":["http://10.1.2.3/epg"]}`)
	with("reconnects the wrong way round", head+`,"reconnect_min_s":60,"reconnect_max_s":30}`)
	with("a trigger that changes nothing", head+`,"triggers":[{"errors":3,"within_s":600,"for_s":3600}]}`)
	add("a command that is none", vectorBox, signed(tb, vectorBox, 1, strings.Replace(report, `"report"`, `"reboot"`, 1)))
	add("a command with a profile's field", vectorBox, signed(tb, vectorBox, 1, strings.Replace(report, `}`, `,"window_ms":1000}`, 1)))
	return vs
}

// AppendSigned makes the bytes of the vectors, and refuses what no box takes.
func TestAppendSigned(t *testing.T) {
	for _, v := range vectorsOf(t, "profiles.json") {
		if v.Name == "every field" && !bytes.Equal(signed(t, vectorTopic, 1, fullProfile), v.bytes(t)) {
			t.Error("every field: other bytes")
		}
	}
	f := func(topic string, key uint64, payload []byte, private ed25519.PrivateKey, says string) {
		t.Helper()
		b, err := protocol.AppendSigned([]byte("x"), topic, key, payload, private)
		if err == nil || !strings.Contains(err.Error(), says) || string(b) != "x" {
			t.Errorf("%q, %v, want %q and nothing appended", b, err, says)
		}
	}
	key := vectorKey(1)
	f("a1/33/all", 1, []byte("{}"), key, "must be p1/")
	f("p1/33/a b", 1, []byte("{}"), key, "allowed letters")
	f("p1/33/"+strings.Repeat("a", 33), 1, []byte("{}"), key, "allowed 1..32")
	f(vectorTopic, 1, nil, key, "empty")
	f(vectorTopic, 1<<60, []byte("{}"), key, "at most")
	f(vectorTopic, 1, make([]byte, 4096), key, "at most 4096")
	f(vectorTopic, 1, []byte("{}"), nil, "private key")
}

func TestSpan(t *testing.T) {
	f := func(from, to, at string, want bool) {
		t.Helper()
		midnight := uint64(20781*24*3600_000 - 8*3600_000) // of a day in Asia/Shanghai
		var ms uint64
		for i, unit := range []uint64{600, 60, 0, 10, 1} {
			ms += uint64(at[i]-'0') * unit * 60_000 * min(unit, 1)
		}
		if got := (protocol.Span{From: from, To: to}).Holds(midnight + ms); got != want {
			t.Errorf("%s-%s holds %s: %v", from, to, at, got)
		}
	}
	f("19:30", "22:00", "19:30", true)
	f("19:30", "22:00", "21:59", true)
	f("19:30", "22:00", "22:00", false)
	f("19:30", "22:00", "07:00", false)
	f("23:30", "00:30", "23:45", true)
	f("23:30", "00:30", "00:29", true)
	f("23:30", "00:30", "00:30", false)
	f("23:30", "00:30", "12:00", false)
	f("22:00", "06:00", "00:00", true)
}

// A larger sample holds the boxes of a smaller one, and about as many as it
// says.
func TestSample(t *testing.T) {
	in := func(box string, perMille uint32) bool {
		return protocol.Sample{"click": perMille}.Records(box, protocol.Click)
	}
	n := 0
	for i := range 20_000 {
		box := "0123456789abcdef" + string([]byte{'a' + byte(i%26), 'a' + byte(i/26%26), 'a' + byte(i/676%26), 'a' + byte(i/17576)})
		if in(box, 100) {
			n++
			if !in(box, 101) || !in(box, 1000) {
				t.Fatalf("%s is in 100 per mille and not in more", box)
			}
		}
		if in(box, 0) || !in(box, 1000) {
			t.Fatalf("%s: none or all", box)
		}
	}
	if n < 1800 || n > 2200 {
		t.Errorf("100 per mille of 20,000 boxes are %d", n)
	}
	s := protocol.Sample{"click": 0, "order": 0, "running": 0}
	if s.Records("0123456789abcdef", protocol.Click) || !s.Records("0123456789abcdef", protocol.PageView) ||
		!s.Records("0123456789abcdef", protocol.Order) || !s.Records("0123456789abcdef", protocol.Running) {
		t.Error("what is always recorded, or not named, is not")
	}
}

// A refusal names the field as a person finds it in the file.
func TestProfileRefusals(t *testing.T) {
	f := func(more, field, why string) {
		t.Helper()
		_, err := protocol.ParseProfile([]byte(strings.TrimSuffix(shortProfile, "}") + "," + more + "}"))
		var e *protocol.Error
		if !errors.As(err, &e) || e.Field != field || !strings.Contains(e.Why, why) {
			t.Errorf("%s: %v, want %s: %s", more, err, field, why)
		}
	}
	f(`"quiet":[{"from":"01:00","to":"02:00"},{"from":"1:00","to":"02:00"}]`, "quiet[1].from", "HH:MM")
	f(`"quiet":[{"from":"01:00","to":"01:00"}]`, "quiet[0]", "both 01:00")
	f(`"quiet":[]`, "quiet", "allowed 1..8")
	f(`"triggers":[{"errors":0,"within_s":1,"for_s":1,"health_s":0}]`, "triggers[0].errors", "1..1000")
	f(`"triggers":[{"errors":1,"within_s":1,"for_s":1,"sample":{"view":2000}}]`, "triggers[0].sample.view", "per mille")
	f(`"brokers":["tcp://a","tcp://b:x"]`, "brokers[1]", "tcp://host:port")
	f(`"in_flight":5`, "in_flight", "1..4")
	f(`"keepalive_s":-1`, "keepalive_s", "whole number")
	f(`"sample":{"view":1e2}`, "sample", "whole number")
	f(`"sample":[]`, "sample", "an object")
	f(`"colour":1`, "colour", "not a field")
	f(`"":1`, `""`, "not a field")
	f(`"a":`+strings.Repeat("[", 50)+strings.Repeat("]", 50), "a[0][0][0][0][0][0][0]", "deep")
}
