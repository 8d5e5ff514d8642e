package feeds

import (
	"fmt"
	"math/rand/v2"

	"iptvdc/aggregator"
)

// Boxes come and go: of two stretches of days that a fleet tells of, a year apart, the
// households are not all the same. Who came in between has an account that was opened
// then; the account of who is gone was closed.

// turning are the days in which boxes may come and go.
func (c *Config) turning() Days {
	between := Days{From: c.first() + 1, To: c.From - 1}
	for _, told := range c.Told {
		if told.To < c.From {
			between.From = max(between.From, told.To+1)
		}
	}
	return between
}

// turn draws one of these days.
func (c *Config) turn(rnd *rand.Rand) aggregator.Day {
	t := c.turning()
	return t.From + aggregator.Day(rnd.IntN(int(t.To-t.From)+1))
}

// checkTurnover explains what is wrong with c.Turnover.
func (c *Config) checkTurnover() error {
	if c.Turnover < 0 || c.Turnover > c.Boxes {
		return fmt.Errorf("turnover: %d, allowed 0..%d, the boxes", c.Turnover, c.Boxes)
	}
	if t := c.turning(); c.Turnover > 0 && t.From > t.To {
		return fmt.Errorf("turnover: %d, but there is no day for it before %s", c.Turnover, c.From)
	}
	return nil
}

// turn counts who comes and goes with a box today among those whom the Course has come
// and go, and lets those who go leave.
func (pr *province) turn(d aggregator.Day) {
	for _, p := range pr.people {
		switch {
		case p.comes != 0 && d >= p.comes:
			pr.flow.coming--
		case p.goes != 0 && d >= p.goes:
			p.goes, p.housed, p.leaves = 0, false, true
			pr.flow.leaving--
		}
	}
}
