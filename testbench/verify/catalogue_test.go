package verify

import (
	"slices"
	"strings"
	"testing"

	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
	"iptvdc/testbench/oracle"
)

// unknown are the figures that nobody recomputes, each with its reason.
var unknown = map[string]string{
	"clock_synced":     "which clock the centre had when it loaded an event is in no truth; loader's tests hold it",
	"clock_unsynced":   "which clock the centre had when it loaded an event is in no truth; loader's tests hold it",
	"repeated_batches": "what came again is the network's doing, which no truth knows; intake's and loader's tests hold it",
}

// TestEveryFigure: whatever figure is declared, somebody recomputes it, or it is
// said why not, and with the dimensions it is declared with.
func TestEveryFigure(t *testing.T) {
	boxes := map[string]oracle.Indicator{}
	for _, i := range oracle.Indicators() {
		boxes[i.ID] = i
	}
	feeds, err := readFeeds(strings.NewReader(`{"feeds_truth":1}`))
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	for _, q := range feeds.asked {
		asked[q.indicator] = true
	}
	for _, i := range projected {
		asked[i] = true
	}
	for _, i := range indicator.Catalogue() {
		known, ok := boxes[i.ID]
		places := 0
		for _, there := range []bool{ok, asked[i.ID], unknown[i.ID] != ""} {
			if there {
				places++
			}
		}
		if places != 1 {
			t.Errorf("%s: must be known to the oracle (%v), to the comparison of feeds (%v), or be excepted (%q), and to one of them alone", i.ID, ok, asked[i.ID], unknown[i.ID])
		}
		delete(boxes, i.ID)
		if !ok {
			continue
		}
		for _, d := range i.Dimensions {
			if !known.Has(string(d)) {
				t.Errorf("%s: the oracle cannot split it by %s", i.ID, d)
			}
		}
		for _, d := range known.Dimensions {
			if !slices.ContainsFunc(i.Dimensions, func(c store.Column) bool { return string(c) == d }) {
				t.Errorf("%s: the oracle splits it by %s, the catalogue does not", i.ID, d)
			}
		}
	}
	for id := range boxes {
		if i, ok := indicator.Find(strings.TrimSuffix(id, oracle.Raw)); ok && i.Edits() {
			continue // the raw value of one that has two
		}
		t.Errorf("%s: the oracle knows it, no catalogue declares it", id)
	}
	for id := range unknown {
		if _, declared := indicator.Find(id); !declared {
			t.Errorf("%s: is excepted and not declared", id)
		}
	}
}
