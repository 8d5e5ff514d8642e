package closing

import "time"

// pace learns from closings what they cost: something whatever is in them, as
// statements to plan and days to add up, and something for each cell. What it has
// seen fades, for machines are busy at one time and idle at another. The zero value
// knows nothing.
type pace struct {
	weight, n, t, nn, nt float64 // faded sums over closings: of 1, cells, seconds, and their products
	fixed                float64 // seconds a closing takes whatever is in it, as last told
	known                bool    // whether closings have told fixed apart
	last                 int     // cells of the last one
}

const (
	fading = 0.7 // what a closing counts after one more
	// A closing costs twice as much as if it held no cell, so that half of the time
	// at least goes into cells.
	worth = 2
	// cells differ enough to tell fixed from each if they deviate by this share.
	apart = 0.15
)

// learn takes note of a closing.
func (p *pace) learn(cells int, took time.Duration) {
	n, t := float64(cells), took.Seconds()
	for _, s := range []struct {
		sum   *float64
		added float64
	}{{&p.weight, 1}, {&p.n, n}, {&p.t, t}, {&p.nn, n * n}, {&p.nt, n * t}} {
		*s.sum = *s.sum*fading + s.added
	}
	p.last = cells
	mean, of := p.n/p.weight, p.t/p.weight
	spread := p.nn/p.weight - mean*mean
	if spread < apart*apart*mean*mean {
		return // all of about one size
	}
	each := (p.nt/p.weight - mean*of) / spread
	p.fixed, p.known = min(max(of-each*mean, 0), of), true
}

// portion is how many cells to close at once so that it takes about target, or more
// if little of that were spent on the cells.
func (p *pace) portion(target time.Duration) int {
	if p.weight == 0 {
		return firstOld
	}
	mean, of := p.n/p.weight, p.t/p.weight
	fixed := min(p.fixed, of)
	each := max(of-fixed, of/100) / mean // what takes no longer for more cells may take many
	fit := (max(target.Seconds(), worth*fixed) - fixed) / max(each, 1e-9)
	if !p.known { // only a larger one tells
		fit = max(fit, 2*float64(p.last))
	}
	return int(min(max(fit, firstOld), float64(maxGrowth*p.last), maxOld))
}
