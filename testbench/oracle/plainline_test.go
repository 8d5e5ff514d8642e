package oracle

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// What is read in the quick way must mean what encoding/json reads; what is left to
// it, is.
func TestPlainLine(t *testing.T) {
	f := func(line string, plain bool) {
		t.Helper()
		var p plainLine
		var got Record
		if is := p.line([]byte(line), map[string]string{}, &got); is != plain {
			t.Errorf("%s: plain %v, must be %v", line, is, plain)
		}
		if plain {
			if want := slowly(t, line); got != want {
				t.Errorf("%s: %+v, must be %+v", line, got, want)
			}
		}
	}
	f(`{"b":"a","p":33,"c":3301,"t":1,"e":{"kind":"click","mono_ms":4,"slot":0,"unknown":"x","more":-12}}`, true)
	f(` {"b" : "a" , "p":3,"c":1, "t":-1,"e":{"kind":"order","fen":1990,"order":"x-1"} } `, true)
	f(`{"b":"a","p":33,"c":3301,"t":1,"e":{"kind":"view","keys":3,"idle_ms":4,"tv":"off","end":"stop","length_s":5400,"position_ms":61}}`, true)
	f(`{"b":"a","p":33,"c":3301,"t":1,"e":{"kind":"running","state":"agent","version":27,"why":"1.4.3 arm7 E900","agent":"1"}}`, true)
	f(`{"b":"a","e":{"kind":"view"}}x`, false)
	f(`{"b":"a","e":{"kind":"view","slot":1.5}}`, false)
	f(`{"b":"a","e":{"kind":"view","slot":1e3}}`, false)
	f(`{"b":"a","e":{"kind":"view","slot":01}}`, false)
	f(`{"b":"a","e":{"kind":"view","slot":-0}}`, false)
	f(`{"b":"a","e":{"kind":"view","slot":"1"}}`, false)
	f(`{"b":"a","e":{"kind":"view","keys":[1]}}`, false)
	f(`{"b":"a","e":{"kind":"vi\u0065w"}}`, false)
	f(`{"b":"ä","e":{"kind":"view"}}`, false)
	f(`{"b":"a","e":{"kind":"view",}}`, false)
	f(`{"b":"a","evicted":3}`, false)
	f(`{"b":"a","e":{}}`, false)
	f(`{"b":"a","e":{"kind":"view"}`, false)
	f(``, false)
}

// slowly reads a line with encoding/json.
func slowly(t *testing.T, line string) Record {
	t.Helper()
	var l struct {
		B       string
		P, C    int
		T       int64
		E       Event
		Evicted int
	}
	if err := json.Unmarshal([]byte(line), &l); err != nil {
		t.Errorf("%s: taken for plain, and %v", line, err)
	}
	return Record{Box: l.B, Province: fmt.Sprintf("%02d", l.P), City: fmt.Sprintf("%04d", l.C), AtMs: l.T, Event: l.E}
}

func FuzzPlainLine(f *testing.F) {
	f.Add(`{"b":"a","p":33,"c":3301,"t":1,"e":{"kind":"click","mono_ms":4,"slot":0,"unknown":"x","more":-12}}`)
	f.Fuzz(func(t *testing.T, line string) {
		var p plainLine
		var got Record
		if strings.Contains(line, "p") && p.line([]byte(line), map[string]string{}, &got) {
			if want := slowly(t, line); got != want && got.Province != "" && got.City != "" {
				t.Errorf("%q: %+v, must be %+v", line, got, want)
			}
		}
	})
}
