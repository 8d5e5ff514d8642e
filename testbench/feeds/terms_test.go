package feeds

import (
	"bytes"
	"encoding/json"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// TestTerms: subscriptions go on in every way there is: early, in time, in the last
// second of the week after, a second too late, later, never; and money is given
// back of some that go on.
func TestTerms(t *testing.T) {
	const first = aggregator.Day(20_000)
	pr, err := newProvince(33, &Config{Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	who := &person{there: true, shown: c3.Subscriber{State: c3.StateActive}}
	got := map[string]int{}
	const all = 1000
	for range all {
		o := billed{c3.Order{ID: "o", Op: c3.OrderSub, Product: "svod-film-month", AtMs: first.Start()}, who}
		valid(&o.Order, c3.ProductMonth, o.AtMs)
		clear(pr.coming)
		pr.goOn(o, c3.ProductMonth, first, true)
		var back, again bool
		for _, orders := range pr.coming {
			for _, n := range orders {
				if n.Op == c3.OrderRefund {
					back = back || n.ID == o.ID && n.AtMs > o.AtMs
					continue
				}
				again = true
				switch after := n.AtMs - o.ToMs; {
				case n.ID == o.ID || n.AtMs <= o.AtMs || n.ToMs <= o.ToMs:
					t.Fatalf("%+v goes on as %+v", o.Order, n.Order)
				case after < -4*aggregator.DayMs:
					got["early"]++
				case after <= 0:
					got["in time"]++
				case after == 7*aggregator.DayMs:
					got["last second"]++
				case after < 7*aggregator.DayMs:
					got["late"]++
				case after == 7*aggregator.DayMs+1000:
					got["a second too late"]++
				default:
					got["too late"]++
				}
			}
		}
		switch {
		case back && again:
			got["given back and renewed"]++
		case !again:
			got["never"]++
		}
	}
	for _, kind := range []string{"early", "in time", "late", "last second", "a second too late", "too late", "never", "given back and renewed"} {
		if got[kind] < all/100 || got[kind] > all/2 {
			t.Errorf("%s: %d of %d", kind, got[kind], all)
		}
	}
	pr.coming = map[aggregator.Day][]billed{}
	for _, kind := range []c3.ProductType{c3.ProductSingle, c3.ProductSeason} {
		if pr.goOn(billed{c3.Order{ID: "o", Op: c3.OrderSub, AtMs: 1000, ToMs: 2000}, who}, kind, first, true); len(pr.coming) > 0 {
			t.Errorf("kind %d goes on", kind)
		}
	}
}

// An order before the number changed is told under the number of then.
func TestAccountAt(t *testing.T) {
	p := &person{shown: c3.Subscriber{Account: "new"}, before: "old", sinceMs: 100}
	if got := p.accountAt(99) + " " + p.accountAt(100); got != "old new" {
		t.Errorf("%q", got)
	}
}

// Subscriptions from before the first day fall due within days, and are on no bill
// of the days told.
func TestBegunBefore(t *testing.T) {
	from := aggregator.Day(20_000)
	var truth bytes.Buffer
	if err := Write(Config{Boxes: 300, Seed: 7, From: from, To: from + 2, Provinces: []aggregator.Province{33}}, t.TempDir(), &truth, nil); err != nil {
		t.Fatal(err)
	}
	var due int64
	lines := json.NewDecoder(&truth)
	for lines.More() {
		var l Line
		if err := lines.Decode(&l); err != nil {
			t.Fatal(err)
		}
		if l.Bill != nil && l.Bill.Day < from.String() {
			t.Errorf("a bill of %s", l.Bill.Day)
		}
		if l.Due != nil {
			due += l.Due.Due
		}
	}
	if due == 0 {
		t.Error("nothing falls due in three days, though what is sold lasts a month")
	}
}
