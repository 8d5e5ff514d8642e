package indicator

import (
	"slices"
	"testing"

	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

func TestCatalogueIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, i := range Catalogue() {
		if seen[i.ID] {
			t.Errorf("%s stands twice", i.ID)
		}
		seen[i.ID] = true
		if i.Title.ZH == "" || i.Title.EN == "" || i.Formula.ZH == "" || i.Formula.EN == "" {
			t.Errorf("%s lacks a title or formula: %+v", i.ID, i)
		}
		if !slices.ContainsFunc(Units(), func(u UnitTitle) bool { return u.ID == i.Unit }) {
			t.Errorf("%s: unit %q has no title", i.ID, i.Unit)
		}
		if n := len(i.Dimensions); n == 0 || n > maxDimensions || i.Dimensions[0] != store.ColProvince || slices.Index(i.Dimensions, store.ColCity) > 1 {
			t.Errorf("%s: dimensions %v", i.ID, i.Dimensions)
		}
		terms := slices.Concat(i.value, i.over, i.beside)
		for n, term := range terms {
			if term.clock {
				continue
			}
			shape := store.ShapeOf(term.fact)
			if n == 0 && term.around != own {
				t.Errorf("%s: its first term makes no rows", i.ID)
			}
			for _, d := range i.Dimensions {
				if isTime(d) && !term.stretch.follows() {
					continue // it is the same at all times of the period
				}
				if d == store.ColHourOfDay && term.fact >= store.EventFacts {
					t.Errorf("%s: %s knows no hours", i.ID, shape.Name)
				}
				if !isDimension(d) || term.follows(d) && !shape.Has(d) {
					t.Errorf("%s: %s has no %s", i.ID, shape.Name, d)
				}
			}
			if !slices.Contains(shape.Measures, term.value.Measure) {
				t.Errorf("%s: %s has no %s", i.ID, shape.Name, term.value.Measure)
			}
			if term.value.DistinctBoxes && shape.Counted() == "" {
				t.Errorf("%s counts boxes, accounts or airings of %s, which holds none", i.ID, shape.Name)
			}
		}
		if i.by == 0 || i.times == 0 {
			t.Errorf("%s: times %d by %d", i.ID, i.times, i.by)
		}
	}
	if len(seen) == 0 {
		t.Error("no indicators")
	}
}

// The words and numbers of modes are those of the wire.
func TestModesAreTheProtocols(t *testing.T) {
	for v, m := range modes {
		if got := protocol.Mode(v).String(); got != m.word {
			t.Errorf("mode %d is %q here and %q on the wire", v, m.word, got)
		}
	}
	if n := len(protocol.Modes()) + 1; n != len(modes) {
		t.Errorf("%d modes here, %d on the wire", len(modes), n)
	}
	if live != mode(protocol.ModeLive) || vod != mode(protocol.ModeVOD) || maxSlot != protocol.MaxSlot {
		t.Error("numbers differ from the wire")
	}
}

func TestCellsReadBack(t *testing.T) {
	texts := map[uint64]string{77: "cctv1"}
	f := func(c store.Column, v uint64, want string) {
		t.Helper()
		got := cell(c, v, texts)
		if got != want {
			t.Errorf("cell(%s, %d) = %q, want %q", c, v, got, want)
		}
		if back, err := parseCell(c, got); (err != nil || back != v) && texts[v] == "" {
			t.Errorf("parseCell(%s, %q) = %d, %v; want %d", c, got, back, err, v)
		}
	}
	f(store.ColProvince, 33, "33")
	f(store.ColProvince, 0, "")
	f(store.ColCity, 3301, "3301")
	f(store.ColCity, 0, "")
	f(store.ColSlot, 12, "12")
	f(store.ColMinute, 19*60+5, "19:05")
	f(store.ColMinute, 0, "00:00")
	f(store.ColLag, 7, "7")
	f(store.ColDefinition, 3, "4k")
	f(store.ColHourOfDay, 7, "07")
	f(store.ColWeekday, 0, "monday")
	f(store.ColWeekday, 6, "sunday")
	f(store.ColMode, 4, "vod")
	f(store.ColMode, 0, "unknown")
	f(store.ColChannel, 77, "cctv1")
	f(store.ColChannel, 0, "")
	f(store.ColChannel, 0xabc, "#0000000000000abc")
}
