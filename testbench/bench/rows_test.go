package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	const text = `goos: linux
BenchmarkWire/n=20-2    	       1	      5210 ns/op	        18.4 B/event
BenchmarkWire/n=200-2   	       1	     52100 ns/op	         9.1 B/event
ok  	iptvdc/protocol	0.5s
`
	f := func(name string, want map[string]float64) {
		t.Helper()
		if diff := cmp.Diff(want, parse(text, name)); diff != "" {
			t.Error(name, diff)
		}
	}
	f("BenchmarkWire/n=20", map[string]float64{"ns/op": 5210, "B/event": 18.4})
	f("BenchmarkWire/n=200", map[string]float64{"ns/op": 52100, "B/event": 9.1})
	f("BenchmarkWire", map[string]float64{})
}

func TestAnchored(t *testing.T) {
	if got := anchored("BenchmarkA/b"); got != "^BenchmarkA$/^b$" {
		t.Error(got)
	}
}

func TestRowsAreComplete(t *testing.T) {
	for _, r := range rows {
		if r.Name == "" || r.OursAt.Name == "" || r.OursUnit == "" || (r.PeerAt.Name == "") != (r.PeerIs == "") {
			t.Errorf("%+v", r)
		}
	}
}
