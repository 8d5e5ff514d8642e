package aggregator

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Scopes are sets, and grants are sets of (data set, province): every operation means
// what it means of sets. Province 99 stands for one that reports later.
func TestGrantsAreSets(t *testing.T) {
	provinces := []Province{11, 33, 43, 51}
	drawn := rapid.Custom(func(t *rapid.T) Scope {
		if rapid.IntRange(0, 4).Draw(t, "all") == 0 {
			return Scope{All: true}
		}
		return Scope{Provinces: rapid.SliceOfN(rapid.SampledFrom(provinces), 0, 5).Draw(t, "provinces")}
	})
	every := append(slices.Clone(dataSets), DataOfSource("a"), DataOfSource("b"))
	grants := rapid.Custom(func(t *rapid.T) Grants {
		g := Grants(nil)
		for _, d := range rapid.SliceOf(rapid.SampledFrom(every)).Draw(t, "sets") {
			g = g.Or(GrantsOf(drawn.Draw(t, "scope"), d))
		}
		return g
	})
	where := append(slices.Clone(provinces), 99)
	rapid.Check(t, func(t *rapid.T) {
		a, b := grants.Draw(t, "a"), grants.Draw(t, "b")
		within := true
		// opens says whether one source is open: by itself, or as all are.
		opens := func(g Grants, d DataSet, p Province) bool {
			return g[d].Sees(p) || d.Source() != "" && g[DataSources].Sees(p)
		}
		for _, d := range every {
			for _, p := range where {
				inA, inB := opens(a, d, p), opens(b, d, p)
				if got := a.Of(d).Sees(p); got != inA {
					t.Fatalf("Of: %s %d: %v", d, p, got)
				}
				if got := opens(a.And(b), d, p); got != (inA && inB) {
					t.Fatalf("And: %s %d: %v", d, p, got)
				}
				if got := opens(a.Or(b), d, p); got != (inA || inB) {
					t.Fatalf("Or: %s %d: %v", d, p, got)
				}
				within = within && (!inA || inB)
			}
		}
		if got := a.Within(b); got && !within {
			t.Fatalf("Within: %v in %v", a, b)
		} else if !got && within { // a list of all there are now is still less than All
			t.Fatalf("not Within: %v in %v", a, b)
		}
		sets := rapid.SliceOfDistinct(rapid.SampledFrom(every), func(d DataSet) DataSet { return d }).Draw(t, "asked")
		for _, p := range where {
			want := len(sets) > 0 && !slices.ContainsFunc(sets, func(d DataSet) bool { return !opens(a, d, p) })
			if got := a.In(sets...).Sees(p); got != want {
				t.Fatalf("In(%v) sees %d: %v", sets, p, got)
			}
			if got := a.Anywhere().Sees(p); got != slices.ContainsFunc(every, func(d DataSet) bool { return a[d].Sees(p) }) {
				t.Fatalf("Anywhere sees %d: %v", p, got)
			}
		}
	})
}

func TestNothingIsTheDefault(t *testing.T) {
	var none Grants
	if !none.Empty() || none.All() || !none.Anywhere().Empty() || !none.In(DataOrders).Empty() || !Everything().In().Empty() {
		t.Error("the zero Grants open something")
	}
	if !Everything().All() || !Everything().In(dataSets...).All || GrantsOf(Scope{}, dataSets...).Within(nil) != true {
		t.Error("everything is not all")
	}
	if _, err := ParseDataSet("ratings"); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"everything", "src.", "src.A", "src.a b", "src.a.b"} {
		if _, err := ParseDataSet(bad); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
	if d, err := ParseDataSet("src.sales_2026"); err != nil || d.Source() != "sales_2026" || !Everything().In(d).All {
		t.Errorf("%q of source %q: %v", d, d.Source(), err)
	}
}
