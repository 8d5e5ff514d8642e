package insight_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/store"
)

const firstDay = aggregator.Day(20_573) // 2026-04-30, so that a holiday is among them

// drawWorld fills two stores: one with everything, one with what lies in Zhejiang
// and Hunan.
func drawWorld(t *rapid.T) (whole, part *world) {
	worlds := []*world{newWorld(t), newWorld(t)}
	n := rapid.IntRange(0, 18).Draw(t, "lots")
	for range n {
		city := rapid.SampledFrom([]uint64{3301, 3302, 4301, 4401}).Draw(t, "city")
		d := firstDay + aggregator.Day(rapid.IntRange(0, 13).Draw(t, "day"))
		kind := rapid.IntRange(0, 2).Draw(t, "kind")
		many := rapid.IntRange(0, 40).Draw(t, "many")
		clicks := rapid.IntRange(0, 20).Draw(t, "clicks")
		box := uint64(rapid.IntRange(1, 3).Draw(t, "box"))
		content := fmt.Sprint("film ", rapid.IntRange(0, 2).Draw(t, "content"))
		slot := uint32(rapid.IntRange(1, 2).Draw(t, "slot"))
		for i, w := range worlds {
			if i == 1 && city == 4401 {
				continue
			}
			w.dirty = true
			key := w.key(content)
			page := w.key("home")
			for range many {
				switch kind {
				case 0:
					w.block.Powers = append(w.block.Powers, store.Power{Stamp: w.stamp(d, 12, city, box), On: true})
				case 1:
					w.block.Impressions = append(w.block.Impressions, store.Impression{Stamp: w.stamp(d, 12, city, box), Page: page, Slot: slot, Content: key, Sight: 1})
				case 2:
					w.block.Views = append(w.block.Views, store.View{Stamp: w.stamp(d, 12, city, box), Mode: uint8(slot), Channel: key, Content: key, Speed: 100, DurationMs: 60_000 * int64(slot)})
				}
			}
			for range clicks {
				w.block.Clicks = append(w.block.Clicks, store.Click{Stamp: w.stamp(d, 12, city, box), Page: page, Slot: slot, Content: key})
			}
		}
	}
	worlds[0].settle()
	worlds[1].settle()
	return worlds[0], worlds[1]
}

// Whatever explains a change adds up to it, along every dimension, for every figure.
func TestMoversAddUp(t *testing.T) {
	explained := 0
	rapid.Check(t, func(t *rapid.T) {
		w, _ := drawWorld(t)
		i := rapid.SampledFrom(indicator.Catalogue()).Draw(t, "indicator")
		q := insight.MoversQuery{Indicator: i.ID, Against: rapid.SampledFrom(insight.Againsts()[:2]).Draw(t, "against"), Limit: rapid.IntRange(1, 3).Draw(t, "limit"), By: i.Dimensions}
		if len(q.By) > 12 {
			q.By = q.By[:12]
		}
		q.From = firstDay + 7
		q.To = q.From + aggregator.Day(rapid.IntRange(0, 6).Draw(t, "days"))
		a, err := insight.FindMovers(context.Background(), insight.Source{Source: w.store}, aggregator.Scope{All: true}, q)
		if i.Curved() { // has no parts
			if err == nil {
				t.Fatalf("%s was explained", i.ID)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, side := range a.Sides {
			explained++
			var sum, rates, mixes float64
			for _, m := range append(slices.Clone(side.Movers), side.Rest, side.Overlap) {
				sum += float64(m.Change)
				rates += float64(m.Rate)
				mixes += float64(m.Mix)
			}
			within := 1e-9 * max(1, math.Abs(float64(a.Now)), math.Abs(float64(a.Before)))
			if math.Abs(sum-float64(a.Change)) > within || math.Abs(rates+mixes-sum) > within {
				t.Errorf("%s by %s: parts make %v (rate %v, mix %v), the change is %v", i.ID, side.Dimension, sum, rates, mixes, float64(a.Change))
			}
			if !i.Distinct() && float64(side.Overlap.Change) != 0 {
				t.Errorf("%s by %s overlaps by %v, though nothing is counted twice", i.ID, side.Dimension, float64(side.Overlap.Change))
			}
			if scale := i.Scale(); !i.Quotient() && scale == 1 && sum != float64(a.Change) {
				t.Errorf("%s by %s: whole numbers make %v, not %v", i.ID, side.Dimension, sum, float64(a.Change))
			}
		}
	})
	if explained == 0 {
		t.Error("nothing was ever explained")
	}
}

// A reader of two provinces is told the same whether or not the store holds a third:
// nothing of what they may not see is in any number or word.
func TestScopeHidesTheRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole, part := drawWorld(t)
		scope := aggregator.Scope{Provinces: []aggregator.Province{33, 43}}
		span := insight.Time{From: firstDay + 7, To: firstDay + 13}
		where := insight.Where{Level: rapid.SampledFrom(insight.Levels()).Draw(t, "level")}
		ctx := context.Background()
		for name, ask := range map[string]func(src insight.Source) (any, error){
			"movers": func(src insight.Source) (any, error) {
				return insight.FindMovers(ctx, src, scope, insight.MoversQuery{Time: span, Indicator: "ctr"})
			},
			"posters": func(src insight.Source) (any, error) {
				return insight.FindPosters(ctx, src, scope, insight.PostersQuery{Time: span, Where: where})
			},
			"positions": func(src insight.Source) (any, error) {
				return insight.FindPositions(ctx, src, scope, insight.PositionsQuery{Time: span, Where: where})
			},
			"taste": func(src insight.Source) (any, error) {
				return insight.FindTaste(ctx, src, scope, insight.TasteQuery{Time: span, By: "channel", Where: where})
			},
			"offer": func(src insight.Source) (any, error) {
				return insight.FindOffer(ctx, src, scope, insight.TasteQuery{Time: span, By: "content", Where: where})
			},
			"products": func(src insight.Source) (any, error) {
				return insight.FindProducts(ctx, src, scope, insight.ProductsQuery{Time: span})
			},
			"anomalies": func(src insight.Source) (any, error) {
				return insight.FindAnomalies(ctx, src, scope, insight.AnomaliesQuery{Day: firstDay + 13, Hour: -1})
			},
		} {
			var texts []string
			for _, src := range []insight.Source{{Source: whole.store}, {Source: part.store}} {
				a, err := ask(src)
				if err != nil {
					t.Fatal(err)
				}
				b, err := json.Marshal(a)
				if err != nil {
					t.Fatal(err)
				}
				texts = append(texts, string(b))
			}
			if texts[0] != texts[1] {
				t.Errorf("%s: with others' data\n%s\nwithout\n%s", name, texts[0], texts[1])
			}
		}
	})
}

// The zero scope is told nothing.
func TestNobodySeesNothing(t *testing.T) {
	w := newWorld(t)
	s := &script{world: w, lines: []string{""}, at: 1}
	s.tell([]string{"show", "2026-05-04", "3301", "home/top/1", "a", "50", "20"})
	s.tell([]string{"show", "2026-05-04", "4301", "home/top/1", "a", "50", "40"})
	day, err := aggregator.ParseDay("2026-05-04")
	if err != nil {
		t.Fatal(err)
	}
	q := insight.PostersQuery{Time: insight.Time{From: day, To: day}}
	a, err := insight.FindPosters(t.Context(), insight.Source{Source: w.settle()}, aggregator.Scope{}, q)
	if err != nil || a.Compared != 0 || len(a.Rows) != 0 {
		t.Errorf("%+v %v", a, err)
	}
	p, err := insight.FindProducts(t.Context(), insight.Source{Source: w.store}, aggregator.Scope{}, insight.ProductsQuery{Time: q.Time, Products: []string{"vip"}})
	if err != nil || len(p.Rows) != 0 {
		t.Errorf("%+v %v", p, err)
	}
	if a, err = insight.FindPosters(t.Context(), insight.Source{Source: w.store}, aggregator.Scope{All: true}, q); err != nil || len(a.Rows) != 2 {
		t.Errorf("%+v %v", a, err)
	}
}
