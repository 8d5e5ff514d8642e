package feeds

import (
	"cmp"
	"maps"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// reckon writes what follows from all orders of a province together: who bought,
// what fell due and was renewed, and how boxes and carrier agree.
func (w *writer) reckon(c *Config) {
	inside := func(d aggregator.Day) bool { return d >= c.first() && d <= c.To }
	w.reckonBuyers(inside)
	w.reckonTerms(inside)
	w.reckonMatches(inside, c.Paid)
}

func (w *writer) reckonBuyers(inside func(aggregator.Day) bool) {
	who := map[*person]int{}
	told := map[Buyer]bool{}
	for i := range w.orderBook {
		o := &w.orderBook[i]
		d := aggregator.DayOf(o.AtMs)
		if !inside(d) || o.Fen <= 0 || o.Op != c3.OrderSub && o.Op != c3.OrderRenew && o.Op != c3.OrderSingle {
			continue
		}
		if who[o.who] == 0 {
			who[o.who] = len(who) + 1
		}
		b := Buyer{Province: w.String(), Day: d.String(), Who: who[o.who], Product: o.Product, Provider: o.Provider}
		if !told[b] {
			told[b] = true
			w.truth.write(Line{Buyer: &b})
		}
	}
}

func (w *writer) reckonTerms(inside func(aggregator.Day) bool) {
	back := map[string]bool{} // numbers of orders whose money was given back
	for i := range w.orderBook {
		if o := &w.orderBook[i]; o.Op == c3.OrderRefund && o.ID != "" {
			back[o.ID] = true
		}
	}
	type subscribed struct {
		who     *person
		product string
	}
	terms := map[subscribed][]*billed{}
	for i := range w.orderBook {
		o := &w.orderBook[i]
		if (o.Op == c3.OrderSub || o.Op == c3.OrderRenew) && ends(w.known[o.Product].Type) && !back[o.ID] {
			k := subscribed{o.who, o.Product}
			terms[k] = append(terms[k], o)
		}
	}
	sums := map[Due]*Due{}
	for k, all := range terms {
		for _, o := range all {
			d := aggregator.DayOf(o.ToMs)
			if o.ToMs == 0 || !inside(d) {
				continue
			}
			key := Due{Province: w.String(), Day: d.String(), Product: k.product, Provider: o.Provider}
			if sums[key] == nil {
				sums[key] = &Due{Province: key.Province, Day: key.Day, Product: key.Product, Provider: key.Provider}
			}
			sums[key].Due++
			if slices.ContainsFunc(all, func(n *billed) bool {
				return n.AtMs > o.AtMs && n.AtMs <= o.ToMs+renewedWithin.Milliseconds()
			}) {
				sums[key].Renewed++
			}
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(sums), func(a, b Due) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Product, b.Product), cmp.Compare(a.Provider, b.Provider))
	}) {
		w.truth.write(Line{Due: sums[k]})
	}
}

func (w *writer) reckonMatches(inside func(aggregator.Day) bool, paid []Paid) {
	type name struct {
		id     string
		refund bool
	}
	byBox := map[name]*Paid{}
	var alone []*Paid // what boxes told and no carrier
	for i := range paid {
		o := &paid[i]
		if w.byBox[o.Box] == nil {
			continue
		}
		k := name{o.ID, o.Refund}
		if first := byBox[k]; o.ID == "" {
			alone = append(alone, o)
		} else if first == nil || o.AtMs < first.AtMs {
			byBox[k] = o
		}
	}
	sums := map[Match]*Match{}
	add := func(atMs int64, product, verdict string, boxFen, carrierFen int64) {
		d := aggregator.DayOf(atMs)
		if !inside(d) {
			return
		}
		key := Match{Province: w.String(), Day: d.String(), Product: product, Verdict: verdict}
		m := sums[key]
		if m == nil {
			m = &Match{Province: key.Province, Day: key.Day, Product: product, Verdict: verdict}
			sums[key] = m
		}
		m.Orders++
		m.BoxFen += boxFen
		m.CarrierFen += carrierFen
	}
	for i := range w.orderBook {
		o := &w.orderBook[i]
		if o.Op == c3.OrderUnsub {
			continue
		}
		k := name{o.ID, o.Op == c3.OrderRefund}
		b := byBox[k]
		switch {
		case b == nil || o.ID == "":
			add(o.AtMs, o.Product, "file_only", 0, o.Fen)
			continue
		case b.Fen == o.Fen:
			add(o.AtMs, o.Product, "equal", b.Fen, o.Fen)
		default:
			add(o.AtMs, o.Product, "differs", b.Fen, o.Fen)
		}
		delete(byBox, k)
	}
	for _, o := range byBox {
		alone = append(alone, o)
	}
	for _, o := range alone {
		add(o.AtMs, o.Product, "box_only", o.Fen, 0)
	}
	for _, k := range slices.SortedFunc(maps.Keys(sums), func(a, b Match) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Product, b.Product), cmp.Compare(a.Verdict, b.Verdict))
	}) {
		w.truth.write(Line{Match: sums[k]})
	}
}
