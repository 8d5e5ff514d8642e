package insight

import (
	"cmp"
	"math"
	"slices"
)

// sample is k of n, 0 <= k <= n, n > 0.
type sample struct{ k, n int64 }

func (s sample) share() float64 { return float64(s.k) / float64(s.n) }

// z95 is the quantile of the normal distribution for intervals of 95 %.
const z95 = 1.959963984540054

// twoSided is the probability of a normal variable as far from 0 as z, or farther.
func twoSided(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }

// wilson is the 95 % interval of a share by Wilson's score.
func (s sample) wilson() (low, high float64) {
	p, n := s.share(), float64(s.n)
	mid := p + z95*z95/(2*n)
	half := z95 * math.Sqrt(p*(1-p)/n+z95*z95/(4*n*n))
	by := 1 + z95*z95/n
	return max(0, (mid-half)/by), min(1, (mid+half)/by)
}

// difference is the 95 % interval of a's share less b's, by Newcombe's hybrid
// score (1998, method 10), which holds for small samples and shares near 0 too.
func difference(a, b sample) (low, high float64) {
	pa, pb := a.share(), b.share()
	la, ua := a.wilson()
	lb, ub := b.wilson()
	d := pa - pb
	return d - math.Hypot(pa-la, ub-pb), d + math.Hypot(ua-pa, pb-lb)
}

// times is how many times b's share a's is, with the 95 % interval of the ratio by its
// logarithm (Katz and others 1978); false: one of the shares is 0.
func times(a, b sample) (ratio, low, high float64, ok bool) {
	if a.k == 0 || b.k == 0 {
		return 0, 0, 0, false
	}
	ratio = a.share() / b.share()
	half := z95 * math.Sqrt(1/float64(a.k)-1/float64(a.n)+1/float64(b.k)-1/float64(b.n))
	return ratio, ratio * math.Exp(-half), ratio * math.Exp(half), true
}

// differs is the probability of shares as different as a's and b's, or more so,
// if both had one: Pearson's test, or Fisher's exact one where fewer than 5 are
// expected in a cell.
func differs(a, b sample) float64 {
	n := float64(a.n + b.n)
	p := float64(a.k+b.k) / n
	if p == 0 || p == 1 {
		return 1
	}
	if min(float64(a.n), float64(b.n))*min(p, 1-p) < 5 {
		return fisher(a, b)
	}
	return twoSided((a.share() - b.share()) / math.Sqrt(p*(1-p)*(1/float64(a.n)+1/float64(b.n))))
}

// fisher is Fisher's exact test, two-sided: all tables with the same margins that
// are no likelier than the one seen.
func fisher(a, b sample) float64 {
	k := a.k + b.k
	low, high := max(0, k-b.n), min(k, a.n)
	seen := hypergeometric(a.k, k, a.n, b.n)
	sum := 0.0
	for x := range high - low + 1 {
		if p := hypergeometric(low+x, k, a.n, b.n); p <= seen*(1+1e-7) {
			sum += p
		}
	}
	return min(1, sum)
}

// hypergeometric is the probability that x of k hits fall to a, with n and m
// places.
func hypergeometric(x, k, n, m int64) float64 {
	return math.Exp(choose(n, x) + choose(m, k-x) - choose(n+m, k))
}

// choose is the logarithm of n over k.
func choose(n, k int64) float64 {
	log := func(v int64) float64 { g, _ := math.Lgamma(float64(v) + 1); return g }
	return log(n) - log(k) - log(n-k)
}

// atMost is the probability of k hits or fewer in n tries with probability p each:
// exact up to 1,000 hits, then by the normal distribution.
func atMost(k, n int64, p float64) float64 {
	switch {
	case k >= n || p <= 0:
		return 1
	case p >= 1:
		return 0
	case k > 1000:
		mean := float64(n) * p
		z := (float64(k) + 0.5 - mean) / math.Sqrt(mean*(1-p))
		return math.Erfc(-z/math.Sqrt2) / 2
	}
	sum := 0.0
	for x := range k + 1 {
		sum += math.Exp(choose(n, x) + float64(x)*math.Log(p) + float64(n-x)*math.Log1p(-p))
	}
	return min(1, sum)
}

// neverUpTo is the greatest share that a slot may truly have, at 95 %, if none of n
// was a hit: exact, about 3 in n.
func neverUpTo(n int64) float64 { return -math.Expm1(math.Log(0.05) / float64(n)) }

// falseDiscovery is Benjamini and Hochberg's correction for many tests: of the
// tests whose q is below a limit, at most that share is expected to be chance. It
// keeps the order of ps.
func falseDiscovery(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(ps[b], ps[a]) })
	qs := make([]float64, len(ps))
	least := 1.0
	for rank, i := range order { // from the greatest p
		least = min(least, ps[i]*(float64(len(ps))/float64(len(ps)-rank)))
		qs[i] = least
	}
	return qs
}

// middle is the median; NaN of none. It sorts vs.
func middle(vs []float64) float64 {
	if len(vs) == 0 {
		return math.NaN()
	}
	slices.Sort(vs)
	half := len(vs) / 2
	if len(vs)%2 == 1 {
		return vs[half]
	}
	return (vs[half-1] + vs[half]) / 2
}

// spread is the median of vs and their median distance from it, scaled so that it
// estimates the standard deviation of a normal variable: neither moves because of
// a few outliers. It sorts vs.
func spread(vs []float64) (median, deviation float64) {
	median = middle(vs)
	off := make([]float64, len(vs))
	for i, v := range vs {
		off[i] = math.Abs(v - median)
	}
	return median, 1.4826 * middle(off)
}
