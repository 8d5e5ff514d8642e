package dialect_test

import (
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
)

func load(t testing.TB, name string) *dialect.Dialect {
	t.Helper()
	d, err := dialect.LoadReady(name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestReady: every province of the demonstration has all it needs, and four of
// them live on changes.
func TestReady(t *testing.T) {
	once := 0
	provinces := 0
	for _, name := range dialect.Ready() {
		d := load(t, name)
		code, demo := strings.CutPrefix(name, "p")
		if !demo {
			continue
		}
		provinces++
		if d.Province.String() != code {
			t.Errorf("%s is province %s", name, d.Province)
		}
		kinds := map[c3.Feed]*dialect.Feed{}
		for _, f := range d.Feeds {
			kinds[f.Kind] = f
		}
		if kinds[c3.FeedSubscribers] == nil || kinds[c3.FeedOrders] == nil || kinds[c3.FeedProducts] == nil {
			t.Errorf("%s lacks a feed", name)
			continue
		}
		if kinds[c3.FeedSubscribers].Expect.Every == "once" {
			once++
			if kinds[c3.FeedChanges] == nil {
				t.Errorf("%s has neither full files nor changes", name)
			}
		}
		for _, want := range []string{"account", "state", "product", "bad"} {
			if text := dialect.Explain(d); !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
	}
	if provinces != 14 || once < 4 {
		t.Errorf("%d provinces, %d by changes only", provinces, once)
	}
}

func feedOf(t testing.TB, d *dialect.Dialect, kind c3.Feed) *dialect.Feed {
	t.Helper()
	for _, f := range d.Feeds {
		if f.Kind == kind {
			return f
		}
	}
	t.Fatalf("%s has no such feed", d.Title)
	return nil
}

func city(t testing.TB, code string) aggregator.City {
	t.Helper()
	r, ok := aggregator.LookUp(code)
	if !ok {
		t.Fatalf("no city %s", code)
	}
	return r.City()
}
