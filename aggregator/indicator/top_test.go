package indicator_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// What adds up adds up: the top groups and the others make the total of every
// period, for every reader.
func TestTopAndOthersMakeTheTotal(t *testing.T) {
	others := 0
	rapid.Check(t, func(rt *rapid.T) {
		st := openMemory(t)
		b := drawBlock(rt)
		for n, city := range somewhere { // few examples have many groups
			b.Clicks = append(b.Clicks, store.Click{Stamp: store.Stamp{Province: city.Province(), City: city, Box: 9, AtMs: firstDay.Start() + int64(n)*aggregator.HourMs}, Content: uint64(n)})
		}
		insert(t, st, b)
		i := rapid.SampledFrom(indicator.Catalogue()).Filter(func(i indicator.Indicator) bool { return !i.Projected() && !i.Distinct() && !i.Quotient() }).Draw(rt, "indicator")
		if rapid.Bool().Draw(rt, "clicks") {
			i, _ = indicator.Find("clicks")
		}
		grains := indicator.Grains()
		if i.Daily() {
			grains = grains[1:]
		}
		r := &indicator.Request{Indicators: []string{i.ID}, From: firstDay.String(), To: (firstDay + 6).String(), Totals: true,
			Grain: rapid.SampledFrom(grains).Draw(rt, "grain"), Top: rapid.IntRange(1, 3).Draw(rt, "top")}
		for _, d := range i.Dimensions {
			if !slices.Contains(store.TimeColumns, d) && d != store.ColMinute && rapid.Bool().Draw(rt, "by "+string(d)) {
				r.Dimensions = append(r.Dimensions, d)
			}
		}
		if len(r.Dimensions) == 0 {
			r.Dimensions = i.Dimensions[:1]
		}
		scope := aggregator.Scope{All: true}
		if rapid.Bool().Draw(rt, "narrow") {
			scope = aggregator.Scope{Provinces: []aggregator.Province{33}}
		}
		a := evaluate(rt, st, scope, r)
		made, groups := map[string]float64{}, map[string]bool{}
		for _, row := range slices.Concat(a.Rows, a.Others) {
			made[row.Period] += float64(row.Values[0])
		}
		for _, row := range a.Rows {
			groups[rowTexts(rt, []indicator.Row{{Cells: row.Cells}})[0]] = true
		}
		if len(groups) > r.Top {
			rt.Fatalf("%+v has %d groups", r, len(groups))
		}
		if len(a.Others) != len(a.Totals) {
			rt.Fatalf("%+v: %d rows of others, %d of totals", r, len(a.Others), len(a.Totals))
		}
		for n, row := range a.Totals {
			if want := float64(row.Values[0]); math.Abs(made[row.Period]-want) > 1e-9*math.Abs(want) {
				rt.Fatalf("%+v: %s makes %v, the total is %v", r, row.Period, made[row.Period], want)
			}
			if a.Others[n].Values[0] != 0 {
				others++
			}
		}
	})
	if others == 0 && !testing.Short() {
		t.Fatal("no example had others")
	}
}
