package source

import (
	"strings"
	"sync"

	"iptvdc/aggregator"
)

// places finds regions by what files call them.
type places struct {
	provinces map[string]aggregator.Province
	cities    map[string][]aggregator.City
}

var endings = []string{"特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "自治州", "地区", "省", "市", "盟"}

// short is a name without what kind of place it is.
func short(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	for _, e := range endings {
		if s, ok := strings.CutSuffix(name, e); ok && len([]rune(s)) >= 2 {
			return s
		}
	}
	for _, e := range []string{" province", " city", " municipality"} {
		name = strings.TrimSuffix(name, e)
	}
	return name
}

var known = sync.OnceValue(func() places {
	p := places{map[string]aggregator.Province{}, map[string][]aggregator.City{}}
	for _, r := range aggregator.Regions() {
		for _, name := range []string{r.Code, r.Code + strings.Repeat("0", 6-len(r.Code)), short(r.ZH), short(r.EN)} {
			if c := r.City(); c == 0 {
				p.provinces[name] = r.Province()
			} else if all := p.cities[name]; len(all) == 0 || all[len(all)-1] != c {
				p.cities[name] = append(all, c)
			}
		}
	}
	return p
})

// parseProvince reads 33, 330000, 浙江, 浙江省 or Zhejiang; "" is unknown.
func parseProvince(s string) (aggregator.Province, error) {
	if s = strings.TrimSpace(s); s == "" {
		return 0, nil
	}
	if p, ok := known().provinces[short(s)]; ok {
		return p, nil
	}
	return 0, &badCell{badProvince, "There is no such province; write its name, or its code of two digits."}
}

// parseCity reads 3301, 330100, 杭州, 杭州市 or Hangzhou; "" is unknown. Of cities of one
// name that in the province is meant; province 0 is none.
func parseCity(s string, province aggregator.Province) (aggregator.City, error) {
	if s = strings.TrimSpace(s); s == "" {
		return 0, nil
	}
	var found []aggregator.City
	for _, c := range known().cities[short(s)] {
		if province == 0 || c.Province() == province {
			found = append(found, c)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return 0, &badCell{badCity, "Several provinces have a city of that name; add a column of provinces, or write its code of four digits."}
	case len(known().cities[short(s)]) > 0:
		return 0, &badCell{badCity, "The city lies in another province than the row says."}
	}
	return 0, &badCell{badCity, "There is no such city; write its name, or its code of four digits."}
}
