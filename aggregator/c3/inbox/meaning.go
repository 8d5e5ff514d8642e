package inbox

import (
	"strconv"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/normal"
	"iptvdc/aggregator/store"
)

// Dictionary is a Meaning by dictionaries.
type Dictionary struct{ *normal.Dictionary }

var definitions = map[string]uint8{"SD": 1, "HD": 2, "4K": 3}

// Normal implements Meaning.
func (d Dictionary) Normal(p aggregator.Province, o *c3.Object) (store.Normal, []store.Code) {
	t := d.Normalise(p, o)
	key := aggregator.TextKey
	n := store.Normal{
		Genre: key(t.Genre), SubGenre: key(t.SubGenre), Place: key(t.Place), Provider: key(t.Provider),
		Definition: definitions[t.Definition], DurationS: t.DurationS, Version: d.Number(),
	}
	var codes []store.Code
	for _, text := range [...]string{t.Genre, t.SubGenre, t.Place, t.Provider} {
		if text != "" {
			codes = append(codes, store.Code{Key: key(text), Text: text})
		}
	}
	return n, codes
}

// Number is the dictionary's version as rows have it.
func (d Dictionary) Number() uint64 {
	n, _ := strconv.ParseUint(d.Version(), 16, 64) // 16 hexadecimal digits
	return n
}
