package feeds

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/testbench/fleet"
)

// Config says whose business systems are played and for how long.
type Config struct {
	Boxes     int // of the fleet
	Seed      uint64
	Provinces []aggregator.Province // empty: all of fleet.Provinces()
	// From and To are the first and the last day of which files speak day by day,
	// both inclusive. The first full files show the evening of From.
	From, To aggregator.Day
	// Since is the first day of what provinces hand over when the platform comes: a
	// full file of its evening, then a file of changes and one of orders a month, up to
	// the day before From. A province that tells no changes hands over a full file a
	// week instead, and nothing happens there on other days but orders. 0, or not before
	// From: nothing is handed over.
	Since aggregator.Day
	// Course is how provinces fare in the long run.
	Course Course
	// Beside is how many subscribers without a box in the fleet there are for
	// each who has one; 0: 2.
	Beside float64
	// Folder is where in a province's folder its files lie, as "in"; "": in the
	// folder itself.
	Folder string
	// Fetched are the provinces whose catalogues lie in Shelf, a folder of each
	// province's beside Folder, and are to be announced by SOAP. The truth says
	// nothing of these files: the aggregator names them itself.
	Fetched []aggregator.Province
	Shelf   string
	// Notified are the provinces whose orders are told by SOAP, and stand in no
	// file: NotificationsFile in Shelf has them, for Notify.
	Notified []aggregator.Province
	// Dirt is how many of a hundred files have something wrong with the whole of
	// them, or with when they come; bad records come whatever it is. The truth
	// says what must become of each.
	Dirt int
	// Paid are the orders that boxes paid and gave back, in any order: carriers
	// know of them too.
	Paid []Paid
	// Told are the stretches of days whose Paid is all that boxes paid; none: all
	// days. On other days those who have a box order as often as on these, which
	// carriers alone know.
	Told []Days
	// Turnover is how many of the boxes came between the first days that are Told and
	// From, and how many others left then, which are next in the fleet: a town of as
	// many boxes that skips the first Turnover is the one of before. 0: they are the
	// same all the time.
	Turnover int
}

// Days are a stretch of days, both inclusive.
type Days struct{ From, To aggregator.Day }

// told reports whether Paid has all that boxes paid on a day.
func (c *Config) told(d aggregator.Day) bool {
	return len(c.Told) == 0 || slices.ContainsFunc(c.Told, func(s Days) bool { return s.From <= d && d <= s.To })
}

// first is the first day of which any file speaks.
func (c *Config) first() aggregator.Day {
	if c.Since != 0 && c.Since < c.From {
		return c.Since
	}
	return c.From
}

// Paid is an order as a box told its end.
type Paid struct {
	Box, ID, Product, Content, Provider string
	AtMs, Fen                           int64
	Refund                              bool
}

// province is one province's business system.
type province struct {
	aggregator.Province
	rand   *rand.Rand
	cities []aggregator.City
	people []*person
	made   int // people so far, for their names
	byBox  map[string]*person

	config *Config
	rates  rates
	flow   flow
	quiet  int        // days in which nothing happened, because no file could tell it
	fates  *rand.Rand // of subscriptions
	coming map[aggregator.Day][]billed

	paid      []*Paid // by boxes, from Config.From on
	paidDaily float64
	untoldDue float64 // orders of those with a box that are still to come
	numbered  int     // orders that no box knows, so far

	dialect *dialect.Dialect
	able    able
}

// settleAll makes the people of every province as they are on the eve of the
// first day.
func settleAll(c *Config) ([]*province, error) {
	town, err := fleet.NewTown(fleet.TownConfig{Boxes: c.Boxes + c.Turnover, Seed: c.Seed, StartMs: c.first().Start(), Provinces: c.Provinces})
	if err != nil {
		return nil, err
	}
	byProvince := map[aggregator.Province]*province{}
	var all []*province
	for i := range town.Len() {
		home, who := town.Home(i), town.Identity(i)
		pr := byProvince[home.Province]
		if pr == nil {
			if pr, err = newProvince(home.Province, c); err != nil {
				return nil, err
			}
			byProvince[home.Province] = pr
			all = append(all, pr)
		}
		p := settle(pr.person(), who.Account, who.STBID, who.MAC, home.City, c.first(), true, &pr.able)
		pr.people = append(pr.people, p)
		pr.byBox[home.Box] = p
		switch {
		case i < c.Turnover:
			p.there, p.comes = false, c.turn(p.rand)
		case i >= c.Boxes:
			p.goes = c.turn(p.rand)
		}
	}
	slices.SortFunc(all, func(a, b *province) int { return int(a.Province) - int(b.Province) })
	for _, pr := range all {
		for range int(float64(len(pr.people)) * c.Beside) {
			p := pr.stranger(c.first())
			if c.Course != (Course{}) && p.shown.State == c3.StatePre {
				// Else all of them would switch on in the first weeks, and nobody later:
				// that month would have twice the new accounts of any other.
				p.shown.State = c3.StateActive
			}
			pr.people = append(pr.people, p)
		}
	}
	return all, nil
}

func newProvince(p aggregator.Province, c *Config) (*province, error) {
	seed := c.Seed
	d, err := dialect.ReadyFor(p)
	if err != nil {
		return nil, err
	}
	pr := &province{Province: p, rand: rand.New(rand.NewPCG(seed, uint64(p))), byBox: map[string]*person{},
		fates: rand.New(rand.NewPCG(seed^0xfa7e, uint64(p))), coming: map[aggregator.Day][]billed{}, dialect: d, able: ableTo(d), config: c, rates: lively}
	if c.Course != (Course{}) {
		pr.rates = steady
		pr.flow = flow{leaving: pr.fates.Float64(), coming: pr.fates.Float64()}
	}
	for _, r := range aggregator.Regions() {
		if r.Province() == p && r.City() != 0 {
			pr.cities = append(pr.cities, r.City())
		}
	}
	return pr, nil
}

// person returns the chance of the next person, whose life no other's shifts.
func (pr *province) person() *rand.Rand {
	pr.made++
	return rand.New(rand.NewPCG(pr.rand.Uint64(), uint64(pr.made)))
}

// stranger makes somebody without a box in the fleet, whose number none there has.
func (pr *province) stranger(first aggregator.Day) *person {
	rnd := pr.person()
	city := pr.cities[int(float64(len(pr.cities))*rnd.Float64()*rnd.Float64())]
	return settle(rnd, fmt.Sprintf("%04d%d@itv", uint16(city), 900_000_000+pr.made),
		fmt.Sprintf("00100399%024x", rnd.Uint64()), fmt.Sprintf("3c:da:6d:%02x:%02x:%02x", byte(pr.made>>16), byte(pr.made>>8), byte(pr.made)),
		city, first, false, &pr.able)
}

// day lets a day pass for everybody and returns the changes as a system would
// tell them, by time.
func (pr *province) day(d aggregator.Day) []c3.Change {
	var all []c3.Change
	tell := func(c c3.Change) { all = append(all, c) }
	n, free := pr.accounts()
	if pr.config.Course != (Course{}) {
		pr.flow.pass(pr.config, d, n)
	}
	if pr.quiet++; !pr.tellable(d) {
		return nil
	}
	r := pr.rates.over(pr.quiet)
	pr.quiet = 0
	pr.turn(d)
	for range min(wholes(&pr.flow.leaving), len(free)) {
		i := pr.rand.IntN(len(free))
		free[i].leaves = true
		free[i], free = free[len(free)-1], free[:len(free)-1]
	}
	for _, p := range pr.people {
		p.day(d, &r, pr.cities, tell)
	}
	coming := wholes(&pr.flow.coming)
	for range len(pr.people) {
		if 1000*pr.rand.Float64() < r.arrive {
			coming++
		}
	}
	for range coming {
		pr.people = append(pr.people, pr.arrive(d, tell))
	}
	slices.SortStableFunc(all, func(a, b c3.Change) int { return int(a.AtMs/1000 - b.AtMs/1000) })
	return all
}

// arrive makes somebody who comes on a day.
func (pr *province) arrive(d aggregator.Day, tell func(c3.Change)) *person {
	p := pr.stranger(d)
	s := &p.shown
	op := c3.OpOpen
	s.State, s.Reason, s.SuspendMs, s.CancelMs = c3.StateActive, c3.ReasonNone, 0, 0
	at := p.at(d)
	if p.odds(oddsNewMoved) && pr.able.moveIn {
		op = c3.OpMoveIn // keeps the day of opening it has
	} else {
		s.OpenMs = at
	}
	tell(c3.Change{Account: s.Account, Op: op, AtMs: at, City: s.City})
	return p
}
