package inbox

import (
	"strconv"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/normal"
	"iptvdc/aggregator/store"
)

// Dictionary is a Meaning by dictionaries. Safe for concurrent use.
type Dictionary struct {
	*normal.Dictionary
	number uint64
	keys   map[string]uint64 // of the dictionary's own codes: hashing them anew costs as much as finding them
}

// NewDictionary makes a Meaning of d.
func NewDictionary(d *normal.Dictionary) *Dictionary {
	m := &Dictionary{Dictionary: d, keys: map[string]uint64{}}
	m.number, _ = strconv.ParseUint(d.Version(), 16, 64) // 16 hexadecimal digits
	for f := range normal.Field(normal.NumFields) {
		for _, e := range d.Entries(f) {
			m.keys[e.Code] = aggregator.TextKey(e.Code)
		}
	}
	return m
}

var definitions = map[string]uint8{"SD": 1, "HD": 2, "4K": 3}

// Normal implements Meaning.
func (d *Dictionary) Normal(codes []store.Code, p aggregator.Province, o *c3.Object) (store.Normal, []store.Code) {
	t := d.Normalise(p, o)
	n := store.Normal{Definition: definitions[t.Definition], DurationS: t.DurationS, Version: d.number}
	for _, c := range [...]struct {
		text string
		key  *uint64
	}{{t.Genre, &n.Genre}, {t.SubGenre, &n.SubGenre}, {t.Place, &n.Place}, {t.Provider, &n.Provider}} {
		if c.text == "" {
			continue
		}
		key, own := d.keys[c.text]
		if !own { // a provider that is not listed
			key = aggregator.TextKey(c.text)
		}
		*c.key = key
		codes = append(codes, store.Code{Key: key, Text: c.text})
	}
	return n, codes
}

// Labels is what the dictionary calls its codes, by the dimensions they are
// values of.
func (d *Dictionary) Labels() []store.Label {
	var all []store.Label
	add := func(c store.Column, e *normal.Entry) {
		all = append(all, store.Label{Column: c, Key: d.keys[e.Code], ZH: e.ZH, EN: e.EN})
	}
	for f, c := range map[normal.Field]store.Column{normal.Genre: store.ColGenre, normal.Place: store.ColPlace, normal.Provider: store.ColMaker} {
		for _, e := range d.Entries(f) {
			if f == normal.Genre && len(e.Parents) > 0 {
				add(store.ColSubGenre, &e)
			} else {
				add(c, &e)
			}
		}
	}
	return all
}
