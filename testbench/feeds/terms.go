package feeds

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/testbench/fleet"
)

// billed is an order that a carrier knows, and whose it is under whatever number.
type billed struct {
	c3.Order
	who *person
}

// Odds of orders, in a thousand.
const (
	oddsBegun    = 600 // of an active subscriber: a subscription from before the first day
	oddsGiveBack = 80  // of a subscription that no box told: its money is given back
	oddsUnheard  = 20  // of an order that a box paid: the carrier never hears of it
	oddsOther    = 30  // of those: the carrier has another amount
)

// goOnSteady is how many of a hundred subscriptions on a Course have one of the fates
// at all.
const goOnSteady = 75

// begunSteady and begunHoused are how many subscriptions by the month and year run on
// the first day of a Course, of somebody without a box in the fleet and with one: as
// many as come of their orders in the long run.
var (
	begunSteady = struct{ month, year float64 }{0.14, 0.12}
	begunHoused = struct{ month, year float64 }{0.85, 0.6}
)

// renewedWithin is how long after its end a subscription counts as renewed.
const renewedWithin = 7 * 24 * time.Hour

// fates are how subscriptions go on: in how many of a hundred the next order comes
// how long after the end of the one before, both inclusive, to the second. The rest
// are never renewed.
var fates = []struct {
	odds        int
	after, till time.Duration
}{
	{40, -72 * time.Hour, 0},                                        // in time
	{10, -12 * 24 * time.Hour, -5 * 24 * time.Hour},                 // early
	{12, time.Second, renewedWithin},                                // late
	{3, renewedWithin, renewedWithin},                               // in the last second
	{3, renewedWithin + time.Second, renewedWithin + time.Second},   // a second too late
	{10, renewedWithin + time.Second, renewedWithin + 96*time.Hour}, // too late
}

var zone = time.FixedZone("", 8*3600)

// kindOf is how a product is bought.
func kindOf(p *fleet.OfferProduct) c3.ProductType {
	switch {
	case p.Single:
		return c3.ProductSingle
	case strings.HasSuffix(p.Code, "-year"):
		return c3.ProductYear
	case strings.HasSuffix(p.Code, "-season"):
		return c3.ProductSeason
	}
	return c3.ProductMonth
}

// ends reports whether a kind is bought again and again, each time to an end.
func ends(t c3.ProductType) bool { return t == c3.ProductMonth || t == c3.ProductYear }

// later is a moment so many terms of a kind later.
func later(ms int64, kind c3.ProductType, terms int) int64 {
	t := time.UnixMilli(ms).In(zone)
	switch kind {
	case c3.ProductMonth:
		t = t.AddDate(0, terms, 0)
	case c3.ProductYear:
		t = t.AddDate(terms, 0, 0)
	case c3.ProductSeason:
		t = t.AddDate(0, 3*terms, 0)
	default:
		t = t.Add(time.Duration(terms) * 48 * time.Hour)
	}
	return t.UnixMilli()
}

// valid says from when to when an order is good.
func valid(o *c3.Order, kind c3.ProductType, fromMs int64) {
	o.FromMs, o.ToMs = fromMs, later(fromMs, kind, 1)
}

// number is that of the next order that no box knows.
func (pr *province) number() string {
	pr.numbered++
	return fmt.Sprintf("R%02d%09d", uint8(pr.Province), pr.numbered)
}

// come has an order come on its day, or with those of today if that is past.
func (pr *province) come(o billed, today aggregator.Day) {
	d := max(aggregator.DayOf(o.AtMs), today)
	pr.coming[d] = append(pr.coming[d], o)
}

// begun has subscriptions run that were bought before the first day: they end
// from a week before it to two weeks after, or, on a Course, at any time in which
// one that was bought before it can.
func (pr *province) begun(offer *fleet.Offer) {
	first := pr.config.first()
	run := func(p *person, what *fleet.OfferProduct, end int64) {
		kind := kindOf(what)
		at := later(end, kind, -1)
		if !ends(kind) || at < p.shown.OpenMs || aggregator.DayOf(at) >= first {
			return
		}
		o := c3.Order{ID: pr.number(), Op: c3.OrderSub, Product: what.Code, Provider: what.Provider, AtMs: at, Fen: what.Fen, Pay: c3.PayBill}
		valid(&o, kind, at)
		pr.come(billed{o, p}, first)
	}
	for _, p := range pr.people {
		if p.stood() != c3.StateActive {
			continue
		}
		if pr.config.Course == (Course{}) {
			if !p.housed && pr.fates.IntN(1000) < oddsBegun {
				what := &offer.Products[pr.fates.IntN(len(offer.Products))]
				run(p, what, (first+aggregator.Day(pr.fates.IntN(24)-7)).Start()+int64(pr.fates.IntN(24*3600))*1000)
			}
			continue
		}
		often := begunSteady
		if p.housed {
			often = begunHoused
		}
		for _, k := range []struct {
			kind  c3.ProductType
			odds  float64
			below int
		}{{c3.ProductMonth, often.month, 30}, {c3.ProductYear, often.year, 365}} {
			for ; pr.fates.Float64() < k.odds; k.odds-- {
				what := &offer.Products[pr.fates.IntN(len(offer.Products))]
				for kindOf(what) != k.kind {
					what = &offer.Products[pr.fates.IntN(len(offer.Products))]
				}
				run(p, what, (first+aggregator.Day(1+pr.fates.IntN(k.below))).Start()+int64(pr.fates.IntN(24*3600))*1000)
			}
		}
	}
}

// goOn decides what becomes of a subscription: it is bought again, given back, both
// or neither.
func (pr *province) goOn(o billed, kind c3.ProductType, today aggregator.Day, giveBack bool) {
	if !ends(kind) || o.Op != c3.OrderSub && o.Op != c3.OrderRenew {
		return
	}
	if giveBack && pr.fates.IntN(1000) < oddsGiveBack {
		back := o
		back.Op, back.FromMs, back.ToMs = c3.OrderRefund, 0, 0
		back.AtMs += int64(3600+pr.fates.IntN(5*24*3600)) * 1000
		pr.come(back, today)
	}
	n := pr.fates.IntN(100)
	if pr.config.Course != (Course{}) && pr.fates.IntN(100) >= goOnSteady {
		return
	}
	for _, f := range fates {
		if n -= f.odds; n >= 0 {
			continue
		}
		next := o
		next.ID, next.Op, next.Content = pr.number(), c3.OrderRenew, ""
		next.AtMs = o.ToMs + int64(f.after/time.Second)*1000 + pr.fates.Int64N(int64((f.till-f.after)/time.Second)+1)*1000
		if next.AtMs <= o.AtMs {
			return
		}
		valid(&next.Order, kind, max(next.AtMs, o.ToMs))
		pr.come(next, today)
		return
	}
}

// lot is the chance, in a thousand, of what a box paid: the same for the order and
// for its money given back.
func lot(id string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	return h.Sum32() % 1000
}
