package indicator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

var (
	somewhere = []aggregator.City{0, 3301, 3302, 4301, 4401}
	firstDay  = mustDay("2026-10-28")
)

func mustDay(s string) aggregator.Day {
	d, err := aggregator.ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

// drawBlock makes events of a few boxes, cities, texts and days, so that groups
// meet often.
func drawBlock(t *rapid.T) *store.Block {
	b := &store.Block{}
	key := func(kind string) uint64 {
		text := fmt.Sprintf("%s %d", kind, rapid.IntRange(0, 2).Draw(t, kind))
		k := aggregator.TextKey(text)
		b.Codes = append(b.Codes, store.Code{Key: k, Text: text})
		return k
	}
	mono := int64(0)
	for range rapid.IntRange(0, 120).Draw(t, "events") {
		mono += 1000
		city := rapid.SampledFrom(somewhere).Draw(t, "city")
		s := store.Stamp{
			Province: city.Province(), City: city, Box: uint64(rapid.IntRange(1, 4).Draw(t, "box")), Boot: 1, MonoMs: mono, Clock: 3,
			AtMs: firstDay.Start() + rapid.Int64Range(0, 6*aggregator.DayMs-1).Draw(t, "at"),
		}
		switch rapid.IntRange(0, 7).Draw(t, "kind") {
		case 0:
			b.Powers = append(b.Powers, store.Power{Stamp: s, On: rapid.Bool().Draw(t, "on")})
		case 1:
			b.PageViews = append(b.PageViews, store.PageView{Stamp: s, Page: key("page"), From: key("page")})
		case 2:
			b.Clicks = append(b.Clicks, store.Click{Stamp: s, Page: key("page"), Area: key("area"), Content: key("content"), Template: key("template"), Slot: uint32(rapid.IntRange(0, 3).Draw(t, "slot"))})
		case 3:
			b.Views = append(b.Views, store.View{Stamp: s, Mode: uint8(rapid.IntRange(0, 5).Draw(t, "mode")), Channel: key("channel"), Content: key("content"), Speed: 100, DurationMs: rapid.Int64Range(0, 3*aggregator.HourMs).Draw(t, "duration")})
		case 4:
			b.Orders = append(b.Orders, store.Order{Stamp: s, Product: key("product"), Provider: key("provider"), Fen: rapid.Int64Range(0, 5000).Draw(t, "fen"), Result: uint8(rapid.IntRange(0, 4).Draw(t, "result"))})
		case 5:
			b.Impressions = append(b.Impressions, store.Impression{Stamp: s, Page: key("page"), Area: key("area"), Content: key("content"), Template: key("template"), Slot: uint32(rapid.IntRange(0, 3).Draw(t, "slot")), Sight: uint8(rapid.IntRange(0, 2).Draw(t, "sight"))})
		case 6:
			b.OrderPages = append(b.OrderPages, store.OrderPage{Stamp: s, Page: key("page"), Product: key("product"), Content: key("content")})
		case 7:
			b.Playbacks = append(b.Playbacks, store.Playback{Stamp: s, Mode: uint8(rapid.IntRange(0, 5).Draw(t, "mode")), Channel: key("channel"), Content: key("content"), StartMs: rapid.Int64Range(0, 4000).Draw(t, "start"), Stalls: uint32(rapid.IntRange(0, 2).Draw(t, "stalls")), StallMs: rapid.Int64Range(0, 4000).Draw(t, "stalled"), Errors: uint32(rapid.IntRange(0, 2).Draw(t, "errors"))})
		}
	}
	return b
}

// drawRequest makes a question that must be accepted, with province among its
// dimensions.
func drawRequest(t *rapid.T) *indicator.Request {
	all := indicator.Catalogue()
	first := rapid.SampledFrom(all).Draw(t, "first")
	r := &indicator.Request{Indicators: []string{first.ID}}
	shared := slices.Clone(first.Dimensions)
	grains := append(indicator.Grains(), "")
	daily := first.Daily()
	if second := rapid.SampledFrom(all).Draw(t, "second"); second.ID != first.ID && rapid.Bool().Draw(t, "both") {
		r.Indicators = append(r.Indicators, second.ID)
		shared = slices.DeleteFunc(shared, func(d store.Column) bool { return !second.Has(d) })
		daily = daily || second.Daily()
	}
	if daily {
		grains = slices.DeleteFunc(grains, func(g indicator.Grain) bool { return g == indicator.Hourly })
	}
	r.Dimensions = []store.Column{store.ColProvince}
	for _, d := range shared[1:] {
		if rapid.Bool().Draw(t, "by "+string(d)) {
			r.Dimensions = append(r.Dimensions, d)
		}
	}
	if slices.Contains(shared, store.ColCity) && rapid.Bool().Draw(t, "filter") {
		r.Filters = []indicator.Filter{{Dimension: store.ColCity, In: []string{"3301", "4301"}}}
	}
	from := firstDay + aggregator.Day(rapid.IntRange(0, 5).Draw(t, "from"))
	r.From, r.To = from.String(), (from + aggregator.Day(rapid.IntRange(0, 6).Draw(t, "days"))).String()
	r.Grain = rapid.SampledFrom(grains).Draw(t, "grain")
	r.Compare = rapid.SampledFrom(append(indicator.Compares(), indicator.NoCompare)).Draw(t, "compare")
	if r.Compare == indicator.Year || r.Compare == indicator.Month {
		r.Align = rapid.SampledFrom([]indicator.Align{indicator.NoAlign, indicator.ByWeekday}).Draw(t, "align")
	}
	projected := func(id string) bool { i, _ := indicator.Find(id); return i.Projected() }
	r.LikeForLike = r.Compare != indicator.NoCompare && !slices.ContainsFunc(r.Indicators, projected) && (r.Grain != indicator.Hourly || r.From == r.To) && rapid.Bool().Draw(t, "like for like")
	if slices.Contains(shared, store.ColWeekday) && rapid.Bool().Draw(t, "on weekdays") {
		r.Filters = append(r.Filters, indicator.Filter{Dimension: store.ColWeekday, In: []string{"monday", "wednesday", "saturday"}})
	}
	if slices.Contains(shared, store.ColHourOfDay) && rapid.Bool().Draw(t, "in the evening") {
		r.Filters = append(r.Filters, indicator.Filter{Dimension: store.ColHourOfDay, In: []string{"00", "07", "18", "19", "20", "21", "22", "23"}})
	}
	return r
}

func evaluate(t rapid.TB, st store.Store, scope aggregator.Scope, r *indicator.Request) *indicator.Answer {
	t.Helper()
	a, err := indicator.Evaluate(context.Background(), st, scope, r)
	if err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	return a
}

// rowTexts renders rows so that none compares equal to none.
func rowTexts(t rapid.TB, rows []indicator.Row) []string {
	t.Helper()
	texts := make([]string, 0, len(rows))
	for _, row := range rows {
		b, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(b))
	}
	return texts
}

// A narrow reader sees exactly their part of what the widest reader sees, and a
// reader of nothing sees nothing.
func TestScopeIsAPartOfTheWhole(t *testing.T) {
	seen := 0
	rapid.Check(t, func(rt *rapid.T) {
		st := openMemory(t)
		insert(t, st, drawBlock(rt))
		r := drawRequest(rt)
		scope := aggregator.Scope{Provinces: rapid.SliceOfDistinct(rapid.SampledFrom([]aggregator.Province{0, 33, 43, 44, 51}), func(p aggregator.Province) aggregator.Province { return p }).Draw(rt, "scope")}

		whole := evaluate(rt, st, aggregator.Scope{All: true}, r)
		part := slices.DeleteFunc(slices.Clone(whole.Rows), func(row indicator.Row) bool {
			var p aggregator.Province
			if row.Cells[0] != "" {
				if _, err := fmt.Sscan(row.Cells[0], &p); err != nil {
					rt.Fatal(err)
				}
			}
			return !scope.Sees(p)
		})
		seen += len(part)
		narrow := evaluate(rt, st, scope, r)
		if diff := cmp.Diff(rowTexts(rt, part), rowTexts(rt, narrow.Rows)); diff != "" {
			rt.Fatalf("scope %v of %+v (-part of the whole +narrow):\n%s", scope.Provinces, r, diff)
		}
		if nobody := evaluate(rt, st, aggregator.Scope{}, r); len(nobody.Rows) != 0 {
			rt.Fatalf("the zero scope sees %v", nobody.Rows)
		}
	})
	if seen == 0 && !testing.Short() { // which draws few
		t.Fatal("no example had a row")
	}
}

// Limit takes the first of the whole answer in its order, whichever way the
// store finds them.
func TestLimitIsTheHeadOfTheWhole(t *testing.T) {
	cut := 0
	rapid.Check(t, func(rt *rapid.T) {
		st := openMemory(t)
		insert(t, st, drawBlock(rt))
		r := drawRequest(rt)
		whole := evaluate(rt, st, aggregator.Scope{All: true}, r)
		column := rapid.SampledFrom(whole.Columns).Draw(rt, "order").ID
		r.Order = rapid.SampledFrom([]string{"", "-"}).Draw(rt, "descending") + column
		ordered := evaluate(rt, st, aggregator.Scope{All: true}, r)
		if a, b := rowTexts(rt, whole.Rows), rowTexts(rt, ordered.Rows); !sameSet(a, b) {
			rt.Fatalf("order changed the rows:\n%v\n%v", a, b)
		}
		r.Limit = rapid.IntRange(1, 5).Draw(rt, "limit")
		head := evaluate(rt, st, aggregator.Scope{All: true}, r)
		want := ordered.Rows[:min(r.Limit, len(ordered.Rows))]
		cut += len(ordered.Rows) - len(want)
		if diff := cmp.Diff(rowTexts(rt, want), rowTexts(rt, head.Rows)); diff != "" {
			rt.Fatalf("%+v (-head of all +limited):\n%s", r, diff)
		}
	})
	if cut == 0 && !testing.Short() { // which draws few
		t.Fatal("no example had more rows than its limit")
	}
}

func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}
