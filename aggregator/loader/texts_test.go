package loader

import (
	"fmt"
	"strings"
	"testing"
)

func TestTextsAreNeverMistaken(t *testing.T) {
	all := newTexts(1 << 20)
	var known []string
	for i := range 20_000 { // ten for each slot in front
		known = append(known, fmt.Sprint(i), fmt.Sprintf("SD%011d", i), fmt.Sprint(i, " with an end that is the same"))
	}
	for i, s := range known {
		if _, ok := all.get(s); ok {
			t.Fatalf("%q is known before it was put", s)
		}
		all.put(s, uint64(i+1))
	}
	for range 2 {
		for i, s := range known {
			for range 2 { // from the map, then from the front
				if key, ok := all.get(strings.Clone(s)); !ok || key != uint64(i+1) {
					t.Fatalf("get(%q) = %d, %v; want %d", s, key, ok, i+1)
				}
			}
		}
	}
}

func TestTextsForgetTheOldest(t *testing.T) {
	all := newTexts(100)
	for i := range 10_000 {
		all.put(fmt.Sprint(i), uint64(i))
	}
	if n := all.all.len(); n > 100 {
		t.Errorf("%d texts remembered, allowed 100", n)
	}
	if key, ok := all.get("9999"); !ok || key != 9999 {
		t.Errorf("the latest text is forgotten: %d, %v", key, ok)
	}
}
