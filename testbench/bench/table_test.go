package main

import (
	"strings"
	"testing"
)

func TestTableShowsOursBesidePeer(t *testing.T) {
	var b strings.Builder
	table(&b, Report{Rows: []Result{
		{Row: Row{Name: "ledger commits", OursUnit: "batches/s", Aim: "50000", PeerIs: "plain way"}, Ours: 60000, Peer: 5000, Ratio: 12},
		{Row: Row{Name: "wire", OursUnit: "B/event"}, Error: "no such benchmark"},
	}})
	for _, want := range []string{"60000", "12.0", "plain way", "not measured", "no such benchmark"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
}
