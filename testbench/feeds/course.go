package feeds

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/testbench/fleet"
)

// Course is how provinces fare in the long run. Its zero value: so much happens that
// a few days have all there is, as a bench needs it, and no province could live on
// so.
type Course struct {
	// Churn and ChurnBefore are the share of the accounts that leave in a month, at
	// the last day of which files speak and at the first; 0.011 for 1.1 %.
	Churn, ChurnBefore float64
	// Growth is by which share there are more accounts after a year.
	Growth float64
	// Orders is by which share an account orders more often a year later.
	Orders float64
}

// check explains what is wrong with c.
func (c *Course) check() error {
	for _, v := range []float64{c.Churn, c.ChurnBefore, c.Growth, c.Orders} {
		if math.IsNaN(v) || v < 0 || v > 1 {
			return fmt.Errorf("course: %+v, shares from 0 to 1", *c)
		}
	}
	if *c != (Course{}) && (c.Churn == 0 || c.ChurnBefore == 0) {
		return errors.New("course: without churn nobody would ever leave")
	}
	return nil
}

// rates are the odds of a day, in a thousand, for those without a box in the fleet.
type rates struct {
	cancel     float64
	suspend    float64
	resume     float64 // of the suspended
	giveUp     float64 // of the suspended: cancelled
	switchOn   float64 // of those opened and never on
	moveOut    float64
	comeBack   float64 // of those who left or cancelled
	number     float64
	box        float64
	plan       float64
	city       float64
	arrive     float64 // for each who is there: one more
	order      float64 // of the active
	renewAlone float64 // of orders: a renewal of what nobody knows the beginning
	unsub      float64 // of the other orders
}

var (
	// lively is what a bench needs.
	lively = rates{cancel: 3, suspend: 5, resume: 60, giveUp: 12, switchOn: 150, moveOut: 1, comeBack: 10,
		number: 2, box: 3, plan: 3, city: 1, arrive: 6, order: 30, renewAlone: 400, unsub: 100}
	// steady is how a province lives on. Who leaves and who comes, Course says.
	steady = rates{suspend: 2, resume: 20, switchOn: 150, comeBack: 0.3, number: 0.3, box: 0.5, plan: 0.5, city: 0.15,
		order: 3, unsub: 40}
)

// over are the odds of so many days together.
func (r rates) over(days int) rates {
	n := float64(days)
	for _, odds := range []*float64{&r.suspend, &r.resume, &r.switchOn, &r.comeBack, &r.number, &r.box, &r.plan, &r.city} {
		*odds = min(1000, *odds*n)
	}
	return r
}

const (
	daysOfMonth = 365.25 / 12
	daysOfYear  = 365.25
	// movedOut is how many of a thousand who leave move to another platform.
	movedOut = 120
)

// flow keeps what part of an account is still to leave, and to come: so the sum over
// provinces is as even as one big province's, however small each of them is.
type flow struct{ leaving, coming float64 }

// pass adds a day's to what is due.
func (f *flow) pass(c *Config, d aggregator.Day, accounts int) {
	at := 1.0
	if first := c.first(); c.To > first {
		at = float64(d-first) / float64(c.To-first)
	}
	churn := c.Course.ChurnBefore + (c.Course.Churn-c.Course.ChurnBefore)*at
	f.leaving += float64(accounts) * churn / daysOfMonth
	f.coming += float64(accounts) * (churn/daysOfMonth + math.Log1p(c.Course.Growth)/daysOfYear)
}

// wholes returns how many whole accounts of it are due.
func wholes(due *float64) int {
	n := max(math.Floor(*due), 0)
	*due -= n
	return int(n)
}

// accounts counts those that churn goes by, and lists who of them may leave.
func (pr *province) accounts() (n int, free []*person) {
	for _, p := range pr.people {
		if s := p.stood(); s == c3.StateActive || s == c3.StateSuspended {
			n++
			if !p.housed {
				free = append(free, p)
			}
		}
	}
	return n, free
}

// ordering is the factor of a day on how often is ordered.
func (c *Config) ordering(d aggregator.Day) float64 {
	return math.Pow(1+c.Course.Orders, float64(d-c.To)/daysOfYear)
}

// chosen is a product that somebody orders: on a Course rather one by the month, or
// a single title.
func (pr *province) chosen(rnd *rand.Rand, offer *fleet.Offer) *fleet.OfferProduct {
	for {
		p := &offer.Products[rnd.IntN(len(offer.Products))]
		if pr.config.Course == (Course{}) {
			return p
		}
		odds := map[c3.ProductType]float64{c3.ProductMonth: 0.65, c3.ProductSingle: 1, c3.ProductSeason: 0.2, c3.ProductYear: 0.1}
		if rnd.Float64() < odds[kindOf(p)] {
			return p
		}
	}
}

// untold are the orders of those with a box on a day of which no box tells: drawn
// from what boxes of the province paid on the last days that they told of.
func (pr *province) untold(d aggregator.Day, offer *fleet.Offer) (all []billed) {
	if len(pr.paid) == 0 {
		return nil
	}
	var housed []*person
	for _, p := range pr.people {
		if p.housed && p.stood() == c3.StateActive {
			housed = append(housed, p)
		}
	}
	if len(housed) == 0 {
		return nil
	}
	pr.untoldDue += pr.paidDaily * pr.config.ordering(d)
	for range wholes(&pr.untoldDue) {
		o := pr.paid[pr.fates.IntN(len(pr.paid))]
		p := housed[pr.fates.IntN(len(housed))]
		what := &offer.Products[slices.IndexFunc(offer.Products, func(p fleet.OfferProduct) bool { return p.Code == o.Product })]
		order := c3.Order{ID: pr.number(), Op: c3.OrderSub, Product: o.Product, Provider: o.Provider, AtMs: p.at(d), Fen: o.Fen, Pay: c3.PayBill}
		if what.Single {
			order.Op, order.Content = c3.OrderSingle, o.Content
		}
		valid(&order, kindOf(what), order.AtMs)
		all = append(all, billed{order, p})
	}
	return all
}

// learnPaid keeps what boxes paid from From on, and how much of it a day.
func (pr *province) learnPaid(c *Config) {
	for i := range c.Paid {
		o := &c.Paid[i]
		if d := aggregator.DayOf(o.AtMs); !o.Refund && pr.byBox[o.Box] != nil && d >= c.From && d <= c.To {
			pr.paid = append(pr.paid, o)
		}
	}
	pr.paidDaily = float64(len(pr.paid)) / float64(c.To-c.From+1)
}

// tellable reports whether the province's files can tell what happens on a day.
func (pr *province) tellable(d aggregator.Day) bool {
	return pr.able.changes || pr.shows(d)
}

// handsOver reports whether a day before From is the last of which files of a month
// speak.
func (pr *province) handsOver(d aggregator.Day) bool {
	return d < pr.config.From && (d+1 == pr.config.From || (d+1).Month() == d+1)
}

// shows reports whether a full file of a day's evening comes.
func (pr *province) shows(d aggregator.Day) bool {
	switch {
	case d == pr.config.first():
		return true
	case !pr.able.daily:
		return false
	case d >= pr.config.From:
		return true
	}
	return !pr.able.changes && (pr.handsOver(d) || (d+1).Week() == d+1)
}
