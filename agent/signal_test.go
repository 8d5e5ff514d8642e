package agent

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"iptvdc/protocol"
)

func TestParseSignals(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		all, err := ParseSignals([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		var words []string
		for _, s := range all {
			words = append(words, s.Signal)
		}
		if !slices.Equal(words, want) {
			t.Errorf("%s: %v, want %v", text, words, want)
		}
	}
	f(`{"signal":"stop"}`, "stop")
	f(" \n[{\"signal\":\"stop\"},{\"signal\":\"wake\",\"ago\":600000}] \n", "stop", "wake")
	f(`{"signal":"speed","speed":0}`, "speed")
	f(`{"signal":"play","mode":"live","number":7}`, "play")
	f(`{"signal":"channels","channels":[{"number":1,"id":"cctv1"}]}`, "channels")
	f(`{"signal":"identity"}`, "identity")
	f(`[{"signal":"seek","position":0},{"signal":"speed","speed":0,"position":604799999,"length":604800000},{"signal":"tv","tv":"off"}]`, "seek", "speed", "tv")
}

func TestParseSignalsRefuses(t *testing.T) {
	f := func(text, says string) {
		t.Helper()
		if all, err := ParseSignals([]byte(text)); err == nil || !strings.Contains(err.Error(), says) || all != nil {
			t.Errorf("%.60s: %v, %v; want %q", text, all, err, says)
		}
	}
	f(``, "signals:")
	f(`7`, "signals:")
	f(`[]`, "signals: 0, allowed 1..256")
	f(`null`, "signals: 0, allowed")
	f("["+strings.Repeat(`{"signal":"stop"},`, maxSignals)+`{"signal":"stop"}]`, "signals: 257, allowed")
	f(`{"signal":"stop"}{"signal":"stop"}`, "something stands behind")
	f(`[{"signal":"stop"}] x`, "something stands behind")
	f(`{"signal":"stop"`, "signals:")
	f(`{"signal":"dance"}`, `signal: "dance" is none; allowed: app, channels, click`)
	f(`{}`, `signal: "" is none`)
	f(`[{"signal":"stop"},{"signal":"page"}]`, "signals[1]: page: missing; a page must have it")
	f(`{"signal":"stop","mode":"live"}`, "mode: a stop does not have it")
	f(`{"signal":"stop","colour":1}`, `unknown field "colour"`)
	f(`{"signal":"speed"}`, "speed: missing")
	f(`{"signal":"speed","speed":"fast"}`, "speed: a string does not belong here")
	f(`{"signal":"keys","keys":-1}`, "keys: a number -1 does not belong here")
	f(`{"signal":"seek"}`, "position: missing")
	f(`{"signal":"seek","position":604800000}`, "position: 604800000 ms, at most 604799999")
	f(`{"signal":"seek","position":-1}`, "position: a number -1 does not belong here")
	f(`{"signal":"first_frame","length":604800001}`, "length: 604800001 ms, at most 604800000")
	f(`{"signal":"tv"}`, "tv: missing")
	f(`{"signal":"stop","ago":600001}`, "ago: 600001 ms, at most 600000")
	f(`{"signal":"page","page":"`+strings.Repeat("p", protocol.MaxString+1)+`"}`, "page: 257 bytes, at most 256")
	f(`{"signal":"channels"}`, "channels: missing")
	f(`{"signal":"channels","channels":[{"number":1,"id":""}]}`, "channels: channel 1: the id has 0 bytes")
	f(`{"signal":"channels","channels":[`+strings.Repeat(`{"number":1,"id":"a"},`, maxChannels)+`{"number":1,"id":"a"}]}`, "channels: 2001, at most 2000")
}

// TestSignalFields: every field of a Signal is known to fields, and every field
// a signal may have is one of a Signal.
func TestSignalFields(t *testing.T) {
	var s Signal
	v := reflect.ValueOf(&s).Elem()
	want := map[string]bool{}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Uint32, reflect.Uint64:
			f.SetUint(1)
		case reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		}
		if name != "signal" && name != "ago" {
			want[name] = true
		}
	}
	if got := s.fields(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	for word, fields := range signalFields {
		for _, name := range strings.Fields(strings.ReplaceAll(fields, "|", " ")) {
			if !want[name] {
				t.Errorf("%s has a field %s, which is none", word, name)
			}
		}
	}
}

// FuzzParseSignals: no text makes it panic, and what it takes is within its
// limits and comes back from its own JSON.
func FuzzParseSignals(f *testing.F) {
	for _, word := range Signals() {
		f.Add([]byte(fmt.Sprintf(`[{"signal":%q,"page":"p","mode":"live","content":"c"}]`, word)))
		f.Add([]byte(fmt.Sprintf(`{"signal":%q}`, word)))
	}
	f.Add([]byte(`{"signal":"channels","channels":[{"number":1,"id":"cctv1"}]}`))
	f.Add([]byte(`{"signal":"speed","speed":-400,"ago":5}`))
	f.Add([]byte(`[{"signal":"seek","position":0,"length":5400000},{"signal":"tv","tv":"unplugged"}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := ParseSignals(text)
		if err != nil {
			return
		}
		if len(all) == 0 || len(all) > maxSignals {
			t.Fatalf("%d signals", len(all))
		}
		for i := range all {
			for name, text := range all[i].texts() {
				if len(text) > protocol.MaxString {
					t.Errorf("%s has %d bytes", name, len(text))
				}
			}
		}
		again, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseSignals(again); err != nil || !reflect.DeepEqual(got, all) {
			t.Errorf("%s: %v, %v", again, got, err)
		}
	})
}
