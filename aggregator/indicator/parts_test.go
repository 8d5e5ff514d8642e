package indicator_test

import (
	"context"
	"math"
	"testing"

	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
)

// A figure is its scale times its value, divided by its over.
func TestParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		st := storetest.Memory()
		if _, err := st.Insert(context.Background(), drawBlock(t)); err != nil {
			t.Fatal(err)
		}
		s, err := st.Dirty(context.Background(), 1000)
		if err != nil {
			t.Fatal(err)
		}
		if err := st.Close(context.Background(), s); err != nil {
			t.Fatal(err)
		}
		i := rapid.SampledFrom(indicator.Catalogue()).Draw(t, "indicator")
		r := &indicator.Request{Indicators: []string{i.ID, i.ID + indicator.ValueOf}, Dimensions: []store.Column{"province"},
			From: firstDay.String(), To: (firstDay + 5).String()}
		if i.Quotient() {
			r.Indicators = append(r.Indicators, i.ID+indicator.OverOf)
		}
		for _, row := range evaluate(t, st, aggregator.Scope{All: true}, r).Rows {
			want := i.Scale() * float64(row.Values[1])
			if i.Quotient() {
				want /= float64(row.Values[2])
			}
			if i.Curved() || !row.Values[0].Valid() {
				continue // no multiple of its parts, or one of them was not told
			}
			if got := float64(row.Values[0]); math.Abs(got-want) > 1e-9*math.Abs(want) {
				t.Errorf("%s of %v: %v, its parts give %v", i.ID, row.Cells, got, want)
			}
		}
	})
}

func TestFindParts(t *testing.T) {
	f := func(id string, want bool) {
		t.Helper()
		if i, ok := indicator.Find(id); ok != want || ok && i.ID != id {
			t.Errorf("Find(%q) = %q, %v", id, i.ID, ok)
		}
	}
	f("ctr:value", true)
	f("ctr:over", true)
	f("clicks:value", true)
	f("clicks:over", false) // no quotient
	f("ctr:", false)
	f(":value", false)
	f("ctr:value:value", false)
}
