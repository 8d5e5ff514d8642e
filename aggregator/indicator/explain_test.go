package indicator_test

import (
	"context"
	"math"
	"testing"

	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// Who does by hand what an explanation says gets the figure that is answered,
// whatever the figure, the filter, the comparison and the reader.
func TestExplanationMakesTheFigure(t *testing.T) {
	some := 0
	rapid.Check(t, func(rt *rapid.T) {
		st := openMemory(t)
		insert(t, st, drawBlock(rt))
		i := rapid.SampledFrom(indicator.Catalogue()).Draw(rt, "indicator")
		r := &indicator.Request{Indicators: []string{i.ID}, From: firstDay.String(), To: (firstDay + 5).String(),
			Compare: rapid.SampledFrom(append(indicator.Compares(), indicator.NoCompare)).Draw(rt, "compare")}
		if i.Has(store.ColMode) && rapid.Bool().Draw(rt, "live") {
			r.Filters = append(r.Filters, indicator.Filter{Dimension: store.ColMode, In: []string{"live"}, Not: rapid.Bool().Draw(rt, "not")})
		}
		scope := aggregator.Scope{All: true}
		if rapid.Bool().Draw(rt, "narrow") {
			scope = aggregator.Scope{Provinces: []aggregator.Province{33, 44}}
		}
		e, err := indicator.Explain(context.Background(), st, scope, r)
		if err != nil {
			rt.Fatal(err)
		}
		values := evaluate(rt, st, scope, r).Rows[0].Values
		check := func(what string, told indicator.Number, answered indicator.Number, number func(indicator.ExplainedSum) int64) {
			rt.Helper()
			if told.Valid() != answered.Valid() || told.Valid() && told != answered {
				rt.Fatalf("%s %s: explained %v, answered %v", i.ID, what, told, answered)
			}
			if i.Projected() || i.Curved() {
				return
			}
			made, over, beside := 0.0, 0.0, 0.0
			roles := map[indicator.Role]bool{}
			for _, n := range e.Numbers {
				v := float64(number(n))
				if n.Minus {
					v = -v
				}
				roles[n.Role] = true
				switch n.Role {
				case indicator.RoleValue:
					made += v
				case indicator.RoleOver:
					over += v
				case indicator.RoleBeside:
					beside += v
				}
				if n.Title == (indicator.Text{}) || n.From == "" {
					rt.Fatalf("%s: %+v is not named", i.ID, n)
				}
			}
			made *= float64(e.Times) / float64(e.By)
			if roles[indicator.RoleOver] {
				made /= over
			}
			switch {
			case roles[indicator.RoleBeside] && roles[indicator.RoleOver]:
				made /= beside
			case roles[indicator.RoleBeside]:
				made *= beside
			}
			if told.Valid() && math.Abs(made-float64(told)) > 1e-9*math.Abs(made) {
				rt.Fatalf("%s %s: the numbers make %v, told %v", i.ID, what, made, told)
			}
			if told.Valid() && told != 0 {
				some++
			}
		}
		check("now", e.Figure, values[0], func(n indicator.ExplainedSum) int64 { return n.Number })
		if r.Compare != indicator.NoCompare {
			at := 1
			if i.Projected() {
				at = 2 // behind its error
			}
			check("before", e.Before, values[at], func(n indicator.ExplainedSum) int64 { return n.Before })
		}
	})
	if some == 0 && !testing.Short() {
		t.Fatal("no example had a figure")
	}
}

func TestExplainRefuses(t *testing.T) {
	st := openMemory(t)
	f := func(want string, r indicator.Request) {
		t.Helper()
		r.From, r.To = "2026-11-01", "2026-11-02"
		if _, err := indicator.Explain(t.Context(), st, aggregator.Scope{All: true}, &r); err == nil || err.Error()[:len(want)] != want {
			t.Errorf("%+v: %v", r, err)
		}
	}
	f("bad_explain", indicator.Request{Indicators: []string{"clicks", "plays"}})
	f("bad_explain", indicator.Request{Indicators: []string{"clicks"}, Dimensions: []store.Column{store.ColPage}})
	f("bad_explain", indicator.Request{Indicators: []string{"clicks"}, Grain: indicator.Daily})
	f("bad_indicator", indicator.Request{Indicators: []string{"none"}})
}

// What nobody may see is not told by its explanation.
func TestExplainKeepsTheScope(t *testing.T) {
	st := openMemory(t)
	insert(t, st, &store.Block{Clicks: []store.Click{{Stamp: store.Stamp{Province: 33, AtMs: firstDay.Start()}}}})
	r := &indicator.Request{Indicators: []string{"clicks"}, From: firstDay.String(), To: firstDay.String()}
	for n, scope := range []aggregator.Scope{{}, {Provinces: []aggregator.Province{43}}, {Provinces: []aggregator.Province{33}}} {
		e, err := indicator.Explain(t.Context(), st, scope, r)
		if err != nil {
			t.Fatal(err)
		}
		if seen := e.Figure == 1; seen != (n == 2) {
			t.Errorf("%+v sees %v", scope, e.Figure)
		}
	}
}
