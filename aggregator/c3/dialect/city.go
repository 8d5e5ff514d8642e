package dialect

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"iptvdc/aggregator"
)

// areas.csv has the telephone area codes of cities. Cities that share one (0731
// of Changsha, Zhuzhou and Xiangtan) are not found by it: a profile that writes
// area codes names them in codes.city.
//
//go:embed areas.csv
var areasCSV string

var areas = sync.OnceValue(func() map[string][]aggregator.City {
	all := map[string][]aggregator.City{}
	for line := range strings.Lines(areasCSV) {
		city, area, _ := strings.Cut(strings.TrimSpace(line), ",")
		if r, ok := aggregator.LookUp(city); ok {
			all[area] = append(all[area], r.City())
		}
	}
	return all
})

// cities finds a province's cities by what a feed writes for them; without a
// province, in a dialect to start from, those of all.
type cities struct {
	by    []string
	exact map[string]aggregator.City
	names []cityName // in the order of their cities
	// provinces have these names; a city's may begin with one.
	provinces []string
	code6     bool
	unknown0  bool // an unknown city is none, else the record is faulty
	written   map[aggregator.City]string
}

type cityName struct {
	name string
	city aggregator.City
}

var cityWays = []string{"code4", "code6", "name", "area", "map"}

func compileCities(p aggregator.Province, spec citySpec, own []codePair, bad func(key, text string)) *cities {
	c := &cities{by: spec.By, exact: map[string]aggregator.City{}, written: map[aggregator.City]string{}}
	switch spec.Unknown {
	case "fault":
	case "none":
		c.unknown0 = true
	default:
		bad("city.unknown", fmt.Sprintf("%q; allowed fault (the record is not taken) and none (it is, without a city)", spec.Unknown))
	}
	put := func(text string, city aggregator.City) {
		if _, there := c.exact[text]; !there {
			c.exact[text] = city
		}
		if _, there := c.written[city]; !there {
			c.written[city] = text
		}
	}
	for _, pair := range own {
		r, ok := aggregator.LookUp(pair.word)
		if !ok || r.City() == 0 || p != 0 && r.Province() != p {
			bad("codes.city."+pair.code, fmt.Sprintf("%q is no city of the province; write the first four digits of its administrative code, as \"3301\"", pair.word))
			continue
		}
		put(pair.code, r.City())
	}
	for _, way := range spec.By {
		switch way {
		case "code4", "code6", "name", "area":
			c.fill(way, p, put)
		case "map":
			if len(own) == 0 {
				bad("city.by", "map needs the province's own codes under codes.city")
			}
		default:
			bad("city.by", fmt.Sprintf("%q; allowed %s", way, strings.Join(cityWays, ", ")))
		}
	}
	if len(own) > 0 && !slices.Contains(spec.By, "map") {
		bad("city.by", "codes.city is given but not used; add map")
	}
	return c
}

func (c *cities) fill(way string, p aggregator.Province, put func(string, aggregator.City)) {
	for _, r := range aggregator.Regions() {
		if way == "name" && r.City() == 0 && (p == 0 || r.Province() == p) {
			c.provinces = append(c.provinces, r.ZH)
		}
		if p != 0 && r.Province() != p || r.City() == 0 {
			continue
		}
		switch way {
		case "code4":
			put(r.Code, r.City())
		case "code6":
			c.code6 = true
			put(r.Code+"00", r.City())
		case "name":
			put(r.ZH+"市", r.City())
			put(r.ZH, r.City())
			c.names = append(c.names, cityName{r.ZH, r.City()})
		}
	}
	if way != "area" {
		return
	}
	ours := func(all []aggregator.City) bool {
		return len(all) == 1 && (p == 0 || all[0].Province() == p)
	}
	for area, all := range areas() {
		if ours(all) {
			put(area, all[0])
			put(strings.TrimPrefix(area, "0"), all[0])
		}
	}
	for area, all := range areas() { // the form with the 0 is the one written
		if ours(all) && c.written[all[0]] == area[1:] {
			c.written[all[0]] = area
		}
	}
}

// find returns the city; false if it is none of the province's.
func (c *cities) find(b []byte) (aggregator.City, bool) {
	if city, ok := c.exact[string(b)]; ok {
		return city, true
	}
	if c.code6 && len(b) == 6 {
		if _, ok := digits(b, 6); ok { // of a district
			if city, ok := c.exact[string(b[:4])+"00"]; ok {
				return city, true
			}
		}
	}
	return c.byName(string(b))
}

// byName finds 浙江省杭州市西湖区 and 恩施土家族苗族自治州.
func (c *cities) byName(text string) (aggregator.City, bool) {
	for _, r := range c.provinces {
		rest, cut := strings.CutPrefix(text, r)
		if !cut {
			continue
		}
		for _, suffix := range []string{"省", "壮族自治区", "维吾尔自治区", "回族自治区", "自治区"} {
			rest = strings.TrimPrefix(rest, suffix)
		}
		text = rest
		break
	}
	for _, n := range c.names {
		if strings.HasPrefix(text, n.name) {
			return n.city, true
		}
	}
	return 0, false
}
