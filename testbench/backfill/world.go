package backfill

import (
	"fmt"
	"math"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
	"iptvdc/testbench/fleet"
)

// world is what is there to watch, click and order, as the store's keys. It is
// unchanged once made.
type world struct {
	codes []store.Code

	home     uint64
	pages    []uint64
	page     chances
	areas    []uint64
	template [2]uint64
	contents []content
	content  chances
	channels []uint64
	channel  chances
	products []product
	product  chances

	provinces []aggregator.Province
	province  chances
	cities    map[aggregator.Province][]aggregator.City
	city      map[aggregator.Province]chances

	errorCode uint64
}

type content struct {
	key      uint64
	lengthMs int64
}

type product struct {
	key, provider uint64
	fen           int64
}

const (
	pages = 60 // beside the home page
	slots = 12 // of an area
)

func newWorld() *world {
	w := &world{cities: map[aggregator.Province][]aggregator.City{}, city: map[aggregator.Province]chances{}}
	told := map[uint64]bool{}
	key := func(text string) uint64 {
		k := aggregator.TextKey(text)
		if k != 0 && !told[k] {
			told[k] = true
			w.codes = append(w.codes, store.Code{Key: k, Text: text})
		}
		return k
	}
	w.home = key("home")
	for n := range pages {
		w.pages = append(w.pages, key(fmt.Sprintf("vod/list/%02d", n+1)))
	}
	w.page = zipf(pages, 2, 1)
	for _, a := range []string{"top", "left", "list", "foot"} {
		w.areas = append(w.areas, key(a))
	}
	w.template = [2]uint64{key("tv-5"), key("tv-6")}
	offer := fleet.NewOffer()
	var weights []float64
	for n, t := range offer.Titles {
		codes := t.Episodes
		if codes == nil {
			codes = []string{t.Code}
		}
		// A title's place in the country by chance of its own, so that all genres
		// have hits; of a series the first episodes are seen most.
		rank := float64(mix(uint64(n)) % uint64(len(offer.Titles)))
		for e, code := range codes {
			w.contents = append(w.contents, content{key(code), int64(t.Minutes) * 60_000})
			weights = append(weights, 1/(math.Pow(rank+2, 1.05)*math.Pow(float64(e+1), 0.4)))
		}
	}
	w.content = newChances(weights)
	for _, c := range offer.Channels {
		w.channels = append(w.channels, key(c.Code))
	}
	w.channel = zipf(len(w.channels), 1.6, 1.15)
	for _, p := range offer.Products {
		w.products = append(w.products, product{key(p.Code), key(p.Provider), p.Fen})
	}
	w.product = zipf(len(w.products), 1, 0.8)
	w.provinces = fleet.Provinces()
	sizes := make([]float64, len(w.provinces))
	for i, p := range w.provinces {
		sizes[i] = 100 * math.Pow(0.88, float64(i))
		for _, r := range aggregator.Regions() {
			if r.Province() == p && r.City() != 0 {
				w.cities[p] = append(w.cities[p], r.City())
			}
		}
		w.city[p] = zipf(len(w.cities[p]), 1, 0.8) // capitals and ports come first in the codes
	}
	w.province = newChances(sizes)
	w.errorCode = key("E-1404")
	return w
}

// weekdayHours and weekendHours are how likely a sitting begins in each hour.
var (
	weekdayHours = []float64{
		0.5, 0.2, 0.1, 0.1, 0.1, 0.3, 1.1, 1.8, 1.8, 1.6, 1.6, 2.2,
		2.8, 1.7, 1.3, 1.3, 1.8, 3.6, 7.2, 11.5, 9.0, 5.2, 2.2, 1.0,
	}
	weekendHours = []float64{
		0.8, 0.3, 0.1, 0.1, 0.1, 0.2, 0.8, 1.7, 2.8, 3.4, 3.4, 3.4,
		3.6, 3.1, 2.8, 2.7, 3.0, 4.2, 7.0, 10.4, 8.8, 5.4, 2.6, 1.3,
	}
	weekdayHour = newChances(weekdayHours)
	weekendHour = newChances(weekendHours)
)

// habits is how likely a kind of household switches on in a day; together they
// make 52 %.
var habits = []struct{ share, active float64 }{{0.30, 0.95}, {0.35, 0.57}, {0.35, 0.11}}

const meanActive = 0.5230

func weekend(d aggregator.Day) bool { return d-d.Week() >= 5 }

// box is one household's box.
type box struct {
	province aggregator.Province
	city     aggregator.City
	key      uint64
	account  uint64
	active   float64
	menu     menu
	template uint64
	teller   bool // of what pages show
	measurer bool // of how plays go
}

// menu is what a household watches: VOD has twice the viewers of live.
type menu uint8

const (
	onlyVOD menu = iota
	onlyLive
	both
	apps
)

var menus = newChances([]float64{onlyVOD: 0.57, onlyLive: 0.12, both: 0.275, apps: 0.035})

// box returns box i. keys holds the pseudonyms of all boxes.
func (s *Set) box(i int) box {
	d := roll(s.Seed, uint64(i), 1<<40)
	w := s.world
	b := box{key: s.keys[i], account: mix(s.keys[i]), teller: i%20 == 7, measurer: i%10 == 3}
	b.province = w.provinces[w.province.draw(&d)]
	city := w.city[b.province]
	b.city = w.cities[b.province][city.draw(&d)]
	u := d.unit()
	for _, h := range habits {
		if b.active = h.active; u < h.share {
			break
		}
		u -= h.share
	}
	b.menu = menu(menus.draw(&d))
	b.template = w.template[0]
	if d.chance(0.25) {
		b.template = w.template[1]
	}
	return b
}

// clockQuality is that of boxes which are synchronised to the centre.
const clockQuality = uint8(protocol.ClockServer)
