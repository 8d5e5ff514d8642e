package fleet

import (
	"errors"
	"fmt"
	"math"

	"iptvdc/aggregator"
)

// Ways is how the households of a town differ from ordinary ones. The zero
// value: not at all.
type Ways struct {
	// ClockUnset is the share of boots after which the wall clock stands in 1970
	// for a while; 0: 0.06.
	ClockUnset float64
	// PowerCuts is the share of sittings that end with the mains; 0: 0.13.
	PowerCuts float64
	Surge     Surge
	Trend     Trend
	// Orders is a factor on how willing households are to order; 0: 1.
	Orders float64
	// Terms: what is bought ends with its term, and a story begins in the midst of it.
	// Without, it lasts, and in the beginning nobody has anything: so a fleet's few days
	// tell of many orders.
	Terms bool
}

// Trend is a slow rise to what is ordinary, for a past that leads up to the
// present. Until is the first day that is ordinary; the zero Trend is none.
type Trend struct {
	Until aggregator.Day
	// Activity is by which share households switched on less often long before
	// Until, 0.08 for 8 % less, and Orders by which share they were less willing
	// to order beside that.
	Activity, Orders float64
	// Days is the time in which the most part of it was made up: 0.63 of it in as
	// many days before Until, and so on.
	Days float64
}

// at is the factor on what a whole day of the present has, with so much missing
// long before.
func (t *Trend) at(day aggregator.Day, missing float64) float64 {
	if day >= t.Until {
		return 1
	}
	return 1 - missing*(1-math.Exp(-float64(t.Until-day)/t.Days))
}

// Surge is a time of more viewing, as the Spring Festival.
type Surge struct {
	// From is its first day, To the first day after it.
	From, To aggregator.Day
	// Users is by how much more households are active in a day than ordinarily,
	// 0.235 for 23.5 %; Time by how much longer all together watch.
	Users, Time float64
}

// check explains what is wrong with w.
func (w *Ways) check() error {
	share := func(name string, v float64) error {
		if math.IsNaN(v) || v < 0 || v > 1 {
			return fmt.Errorf("%s: %g, a share from 0 to 1", name, v)
		}
		return nil
	}
	s := &w.Surge
	err := errors.Join(share("clock-unset", w.ClockUnset), share("power-cuts", w.PowerCuts), share("trend: activity", w.Trend.Activity), share("trend: orders", w.Trend.Orders), share("orders", w.Orders))
	switch {
	case err != nil:
	case math.IsNaN(s.Users+s.Time) || s.Users < 0 || s.Time < 0 || s.Time > 3:
		err = fmt.Errorf("surge: users +%g, time +%g: neither may be negative, time at most 3", s.Users, s.Time)
	case s.Users > maxSurge():
		err = fmt.Errorf("surge: users +%g: every household active every day would be +%.3f", s.Users, maxSurge())
	case s.To < s.From:
		err = errors.New("surge: it ends before it begins")
	case w.Trend.Until != 0 && !(w.Trend.Days > 0):
		err = fmt.Errorf("trend: %g days, must be above 0", w.Trend.Days)
	}
	return err
}

// ways is Ways as households use it.
type ways struct {
	clockUnset float64
	leave      []float64 // weights of standby, off and cut
	surge      Surge
	trend      Trend
	orders     float64 // factor on the will to order
	terms      bool    // what is bought ends
	will       float64 // factor on the will to switch on in the surge
	longer     float64 // and on the length of a sitting
}

func newWays(w Ways) *ways {
	y := &ways{clockUnset: 0.06, leave: []float64{0.60, 0.27, 0.13}, surge: w.Surge, trend: w.Trend, orders: 1, terms: w.Terms, will: 1, longer: 1}
	if w.ClockUnset > 0 {
		y.clockUnset = w.ClockUnset
	}
	if w.PowerCuts > 0 {
		rest := (1 - w.PowerCuts) / 0.87
		y.leave = []float64{0.60 * rest, 0.27 * rest, w.PowerCuts}
	}
	if w.Orders > 0 {
		y.orders = w.Orders
	}
	if w.Surge.Users > 0 {
		y.will = willFor(w.Surge.Users)
	}
	if each := (1+w.Surge.Time)/(1+w.Surge.Users) - 1; each > 0 {
		y.longer = 1 + each
	}
	return y
}

// inSurge reports whether day is one of the surge.
func (y *ways) inSurge(day aggregator.Day) bool { return day >= y.surge.From && day < y.surge.To }

// mostActive is how likely the most faithful household switches on in a day.
const mostActive = 0.99

// activeShare is the share of households that are active in a day if the will
// of all is multiplied: who watches daily can hardly do so more often.
func activeShare(will float64) float64 {
	sum := 0.0
	for _, k := range habits {
		sum += k.share * min(mostActive, k.active*will)
	}
	return sum
}

func maxSurge() float64 { return mostActive/activeShare(1) - 1 }

// willFor is the factor on the will that makes so many more households active.
func willFor(more float64) float64 {
	low, high := 1.0, 100.0
	for range 60 {
		mid := (low + high) / 2
		if activeShare(mid) < activeShare(1)*(1+more) {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}
