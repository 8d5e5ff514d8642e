package fleet

import (
	"math"
	"math/rand/v2"
	"sort"
)

// dice is one box's own source of chance: it depends on the seed and the box's
// index alone, so that no box's doings shift another's.
type dice struct{ pcg rand.PCG }

func newDice(seed uint64, index int) dice {
	return dice{*rand.NewPCG(seed, mix(uint64(index)))}
}

// mix is the finaliser of SplitMix64: neighbouring indices become unrelated.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// unit returns a number in [0, 1).
func (d *dice) unit() float64 { return float64(d.pcg.Uint64()>>11) / (1 << 53) }

func (d *dice) chance(p float64) bool { return d.unit() < p }

// between returns a number in [low, high).
func (d *dice) between(low, high float64) float64 { return low + (high-low)*d.unit() }

// seconds returns a time in milliseconds between low and high seconds.
func (d *dice) seconds(low, high float64) int64 { return int64(1000 * d.between(low, high)) }

func (d *dice) below(n int) int { return int(d.unit() * float64(n)) }

// skewed returns a time in milliseconds that is around median seconds, with a
// long tail (log-normal).
func (d *dice) skewed(median, sigma float64) int64 {
	u, v := 1-d.unit(), d.unit()
	normal := math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
	return int64(1000 * median * math.Exp(sigma*normal))
}

// pick returns an index, each with its weight.
func (d *dice) pick(weights []float64) int {
	var sum float64
	for _, w := range weights {
		sum += w
	}
	u := d.unit() * sum
	for i, w := range weights {
		if u < w {
			return i
		}
		u -= w
	}
	return len(weights) - 1
}

// zipf is the law of popularity: rank r is taken in proportion to 1/(r+q)^s.
type zipf struct{ at []float64 } // cumulative, the last is 1

func newZipf(n int, q, s float64) zipf {
	z := zipf{make([]float64, n)}
	var sum float64
	for r := range z.at {
		sum += 1 / math.Pow(float64(r)+q, s)
		z.at[r] = sum
	}
	for r := range z.at {
		z.at[r] /= sum
	}
	return z
}

// rank returns a rank from 0.
func (z *zipf) rank(d *dice) int {
	u := d.unit()
	return min(sort.SearchFloat64s(z.at, u), len(z.at)-1)
}
