package indicator_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Whatever is asked, the engine says what the reference says, to the last digit.
func TestEnginesAgree(t *testing.T) {
	reference, engine := openMemory(t), openDuckDB(t)
	filled := false
	rows := 0
	rapid.Check(t, func(rt *rapid.T) {
		if !filled { // what was drawn first is asked about all the time
			b := drawBlock(rt)
			for range 3 {
				more := drawBlock(rt)
				for i := range more.Views {
					more.Views[i].MonoMs += 1 << 20
				}
				b.Powers, b.PageViews, b.Clicks, b.Views = append(b.Powers, more.Powers...), append(b.PageViews, more.PageViews...), append(b.Clicks, more.Clicks...), append(b.Views, more.Views...)
				b.Orders, b.Codes = append(b.Orders, more.Orders...), append(b.Codes, more.Codes...)
			}
			for _, st := range []store.Store{reference, engine} {
				whole := *b
				insert(t, st, &whole)
			}
			filled = true
		}
		r := drawRequest(rt)
		scope := aggregator.Scope{All: rapid.Bool().Draw(rt, "all"), Provinces: []aggregator.Province{33, 44}}
		want := evaluate(rt, reference, scope, r)
		got := evaluate(rt, engine, scope, r)
		rows += len(want.Rows)
		if diff := cmp.Diff(rowTexts(rt, want.Rows), rowTexts(rt, got.Rows)); diff != "" {
			rt.Fatalf("%+v (-reference +engine):\n%s", r, diff)
		}
		if diff := cmp.Diff(want.LeftOut, got.LeftOut); diff != "" {
			rt.Fatalf("%+v leaves out (-reference +engine):\n%s", r, diff)
		}
	})
	if rows == 0 && !testing.Short() {
		t.Fatal("no question had an answer")
	}
}
