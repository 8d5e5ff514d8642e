package backfill

import "math"

// dice is a stream of chance that costs a multiplication a draw (SplitMix64).
type dice uint64

// roll returns the dice of a thing known by three numbers.
func roll(seed, a, b uint64) dice { return dice(mix(seed ^ mix(a^mix(b)))) }

func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	return mix(uint64(*d))
}

// unit returns a number in [0, 1).
func (d *dice) unit() float64 { return float64(d.next()>>11) / (1 << 53) }

func (d *dice) chance(p float64) bool { return d.unit() < p }

// below returns a number from 0 to n-1.
func (d *dice) below(n int) int { return int(d.next() % uint64(n)) }

// between returns a number in [low, high).
func (d *dice) between(low, high int64) int64 { return low + int64(d.next()%uint64(high-low)) }

// long returns a time of that mean, most of them shorter (exponential).
func (d *dice) long(mean float64) int64 { return int64(-mean * math.Log(1-d.unit())) }

// chances draws one of n things by their weights, in constant time (Walker's
// aliases). It is unchanged once made.
type chances struct {
	keep  []float64
	other []int32
}

func newChances(weights []float64) chances {
	n := len(weights)
	var sum float64
	for _, w := range weights {
		sum += w
	}
	c := chances{make([]float64, n), make([]int32, n)}
	var small, large []int
	for i, w := range weights {
		c.keep[i] = w * float64(n) / sum
		if c.keep[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		c.other[s] = int32(l)
		c.keep[l] -= 1 - c.keep[s]
		if c.keep[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range append(small, large...) { // what rounding left
		c.keep[i] = 1
	}
	return c
}

func (c *chances) draw(d *dice) int {
	i := d.below(len(c.keep))
	if d.unit() < c.keep[i] {
		return i
	}
	return int(c.other[i])
}

// zipf draws of n things the r-th, from 0, with a chance that falls as
// 1/(r+shift)^power.
func zipf(n int, shift, power float64) chances {
	weights := make([]float64, n)
	for r := range weights {
		weights[r] = 1 / math.Pow(float64(r)+shift, power)
	}
	return newChances(weights)
}
