package fleet

import (
	"fmt"
	"math"

	"iptvdc/aggregator"
)

// place is one of the fleet's provinces.
type place struct {
	province aggregator.Province
	size     float64 // weight among the provinces
	cities   []aggregator.City
	cityAt   []float64 // cumulative weights of cities, the last is 1
	taste    taste
	demand   []float64 // of products, see catalogue.demand
}

// taste is what sets the viewers of a province apart.
type taste struct {
	genre   [genres]float64 // weight of each genre among its VOD
	local   int             // index of its own satellite channel
	early   float64         // hours by which its day runs ahead
	spender float64         // factor on the will to order
}

// homes lists the provinces with their size and the genre they like most, in
// falling order of size.
var homes = []struct {
	province aggregator.Province
	size     float64
	likes    genre
	early    float64
	spender  float64
}{
	{33, 100, drama, 0, 1.4},
	{43, 88, variety, 0.1, 1.0},
	{44, 80, movie, -0.5, 1.5},
	{32, 74, drama, 0.1, 1.3},
	{37, 68, drama, 0.4, 0.9},
	{51, 60, variety, -0.4, 0.9},
	{41, 55, drama, 0.2, 0.7},
	{42, 48, movie, 0, 0.9},
	{35, 42, movie, 0, 1.2},
	{34, 36, drama, 0.1, 0.8},
	{13, 31, kids, 0.3, 0.7},
	{61, 26, documentary, -0.1, 0.8},
	{45, 21, kids, -0.2, 0.7},
	{53, 17, documentary, -0.6, 0.6},
}

// Provinces lists the provinces a fleet may live in, the biggest first.
func Provinces() []aggregator.Province {
	all := make([]aggregator.Province, len(homes))
	for i, h := range homes {
		all[i] = h.province
	}
	return all
}

// places returns the chosen provinces, all of them if none is named.
func places(only []aggregator.Province, c *catalogue) ([]place, error) {
	cities := make(map[aggregator.Province][]aggregator.City)
	for _, r := range aggregator.Regions() {
		if r.City() != 0 {
			cities[r.Province()] = append(cities[r.Province()], r.City())
		}
	}
	wanted := func(p aggregator.Province) bool {
		for _, o := range only {
			if o == p {
				return true
			}
		}
		return len(only) == 0
	}
	var all []place
	for _, h := range homes {
		if !wanted(h.province) {
			continue
		}
		p := place{province: h.province, size: h.size, cities: cities[h.province]}
		var sum float64
		for i := range p.cities {
			// Provincial capitals and the big ports come first in the codes.
			sum += 1 / math.Pow(float64(i+1), 0.8)
			p.cityAt = append(p.cityAt, sum)
		}
		for i := range p.cityAt {
			p.cityAt[i] /= sum
		}
		p.taste = taste{genre: genreWeight, early: h.early, spender: h.spender, local: c.satellite(h.province)}
		p.taste.genre[h.likes] *= 1.7
		p.demand = c.demand(&p.taste)
		all = append(all, p)
	}
	if len(all) == 0 || len(only) > len(all) {
		return nil, fmt.Errorf("provinces: %v: a fleet can live in %v", only, Provinces())
	}
	return all, nil
}

// settle gives box i a home: spread by the golden ratio, so that any number of
// boxes is shared out close to the provinces' and cities' sizes.
func settle(i int, all []place) (*place, aggregator.City) {
	var sum float64
	for j := range all {
		sum += all[j].size
	}
	u := fraction((float64(i)+0.5)*0.6180339887498949) * sum
	p := &all[len(all)-1]
	for j := range all {
		if u < all[j].size {
			p = &all[j]
			break
		}
		u -= all[j].size
	}
	v := fraction((float64(i) + 0.5) * 0.7548776662466927)
	for j, at := range p.cityAt {
		if v < at {
			return p, p.cities[j]
		}
	}
	return p, p.cities[len(p.cities)-1]
}

func fraction(x float64) float64 { return x - math.Floor(x) }
