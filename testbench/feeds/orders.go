package feeds

import (
	"cmp"
	"fmt"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/testbench/fleet"
)

// orders are those of a day, by time: what boxes paid, and what was ordered
// where no box tells of it. Those of the first day hold what was bought before it.
func (pr *province) orders(d aggregator.Day, first bool, paid []Paid, offer *fleet.Offer) []billed {
	var all []billed
	product := func(code string) *fleet.OfferProduct {
		i := slices.IndexFunc(offer.Products, func(p fleet.OfferProduct) bool { return p.Code == code })
		if i < 0 {
			return &fleet.OfferProduct{Code: code}
		}
		return &offer.Products[i]
	}
	add := func(o billed, giveBack bool) {
		o.Account = o.who.accountAt(o.AtMs)
		all = append(all, o)
		pr.goOn(o, kindOf(product(o.Product)), d, giveBack)
	}
	for i := range paid {
		o := &paid[i]
		who := pr.byBox[o.Box]
		if who == nil || aggregator.DayOf(o.AtMs) != d {
			continue
		}
		luck := lot(o.ID)
		if luck < oddsUnheard {
			continue
		}
		order := c3.Order{ID: o.ID, Op: c3.OrderSub, Product: o.Product, Provider: o.Provider,
			AtMs: o.AtMs / 1000 * 1000, Fen: o.Fen, Pay: c3.PayBill}
		if luck < oddsUnheard+oddsOther {
			order.Fen -= order.Fen / 10
		}
		what := product(o.Product)
		if what.Single {
			order.Op, order.Content = c3.OrderSingle, o.Content
		}
		if o.Refund {
			order.Op = c3.OrderRefund
		} else {
			valid(&order, kindOf(what), order.AtMs)
		}
		add(billed{order, who}, false)
	}
	if !pr.config.told(d) {
		for _, o := range pr.untold(d, offer) {
			add(o, true)
		}
	}
	often := pr.rates.order * pr.config.ordering(d)
	for i, p := range pr.people {
		if p.housed || p.stood() != c3.StateActive || !p.odds(often) {
			continue
		}
		what := *pr.chosen(p.rand, offer)
		o := c3.Order{
			ID: fmt.Sprintf("C%02d%05d%07d", uint8(pr.Province), int(d), i), Op: c3.OrderSub, Product: what.Code,
			Provider: what.Provider, AtMs: p.at(d), Fen: what.Fen,
			Pay: []c3.Pay{c3.PayBill, c3.PayBill, c3.PayWechat, c3.PayAlipay, c3.PayPoints}[p.rand.IntN(5)],
		}
		switch {
		case what.Single:
			o.Op = c3.OrderSingle
		case p.odds(pr.rates.renewAlone):
			o.Op = c3.OrderRenew
		case p.odds(pr.rates.unsub):
			o.Op, o.Fen = c3.OrderUnsub, 0
		}
		if o.Op != c3.OrderUnsub {
			valid(&o, kindOf(&what), o.AtMs)
		}
		add(billed{o, p}, true)
	}
	if first {
		pr.begun(offer)
	}
	for i := 0; i < len(pr.coming[d]); i++ { // some bring others of the same day
		if o := pr.coming[d][i]; o.who.stood() == c3.StateActive {
			add(o, true)
		}
	}
	delete(pr.coming, d)
	slices.SortFunc(all, func(a, b billed) int {
		return cmp.Or(cmp.Compare(a.AtMs, b.AtMs), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Op, b.Op))
	})
	return all
}

// opNames and payNames are the words of a truth.
var (
	opNames  = map[c3.OrderOp]string{c3.OrderSub: "sub", c3.OrderRenew: "renew", c3.OrderUnsub: "unsub", c3.OrderSingle: "single", c3.OrderRefund: "refund"}
	payNames = map[c3.Pay]string{c3.PayUnknown: "", c3.PayBill: "bill", c3.PayWechat: "wechat", c3.PayAlipay: "alipay", c3.PayPoints: "points"}
)

// bills adds a day's orders up; what was bought before it is none of its own.
func (w *writer) bills(d aggregator.Day, orders []billed) []Line {
	sums := map[Bill]*Bill{}
	for i := range orders {
		o := &orders[i]
		if aggregator.DayOf(o.AtMs) != d {
			continue
		}
		key := Bill{Province: w.String(), Day: d.String(), Product: o.Product, Provider: o.Provider, Pay: payNames[o.Pay], Op: opNames[o.Op]}
		sum := sums[key]
		if sum == nil {
			sum = &Bill{Province: key.Province, Day: key.Day, Product: key.Product, Provider: key.Provider, Pay: key.Pay, Op: key.Op}
			sums[key] = sum
		}
		sum.Orders++
		sum.Fen += o.Fen
		sum.ShareFen += (o.Fen*int64(w.known[o.Product].ShareBP) + 5000) / 10_000
	}
	var lines []Line
	for _, sum := range sums {
		lines = append(lines, Line{Bill: sum})
	}
	slices.SortFunc(lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Bill.Product, b.Bill.Product), cmp.Compare(a.Bill.Op, b.Bill.Op), cmp.Compare(a.Bill.Pay, b.Bill.Pay))
	})
	return lines
}
