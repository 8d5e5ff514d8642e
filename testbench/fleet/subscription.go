package fleet

import (
	"strings"

	"iptvdc/aggregator"
)

// Subscriptions end, if a town's Ways say so: then a household may order the same
// again, and who begins a story has by chance what households have in the long run.
// Else orders would grow fewer from day to day, as one after the other has all that it
// wants.

// days is for how many days a product is good.
func (p *product) days() float64 {
	switch {
	case p.single:
		return 2
	case strings.HasSuffix(p.code, "-year"):
		return 365
	case strings.HasSuffix(p.code, "-season"):
		return 90
	}
	return 30
}

// demand is how many titles that a product opens a household comes upon in a day on
// which it is active, and would pay for if it were as willing as ordinary ones and had
// none of the product: of each product.
func (c *catalogue) demand(taste *taste) []float64 {
	all := make([]float64, len(products))
	var sum float64
	for _, w := range taste.genre {
		sum += w
	}
	for g := range genre(genres) {
		before := 0.0
		for r, upTo := range c.law[g].at {
			if p := c.titles[c.byGenre[g][r]].product; p >= 0 {
				all[p] += taste.genre[g] / sum * (upTo - before)
			}
			before = upTo
		}
	}
	return all
}

// subscribe gives a household what it has when a story begins. One that orders h times
// a day while it has nothing, for d days each time, has it h*d/(1+h*d) of the time.
func (h *household) subscribe(startMs int64) {
	will := h.habit * h.place.taste.spender * h.ways.orders
	for p, wanted := range h.place.demand {
		if often := wanted * will * products[p].days(); h.lot(startMs, lotHas+uint64(p)) < often/(1+often) {
			h.owns |= 1 << p
		}
	}
}

// lapse ends what ends on a day.
func (h *household) lapse(today aggregator.Day) {
	for p := range products {
		if h.owns&(1<<p) != 0 && h.lot(today.Start(), lotLapses+uint64(p)) < 1/products[p].days() {
			h.owns &^= 1 << p
		}
	}
}
