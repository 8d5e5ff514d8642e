package normal

import (
	"slices"

	"iptvdc/aggregator/c3"
)

// Field is what a dictionary brings to one vocabulary.
type Field uint8

const (
	Genre Field = iota
	Place
	Provider
	Definition

	NumFields = 4
)

var fieldNames = [NumFields]string{"genre", "place", "provider", "definition"}

// String is the field's name in dictionaries.
func (f Field) String() string {
	if int(f) < len(fieldNames) {
		return fieldNames[f]
	}
	return "?"
}

// ParseField reads a field's name.
func ParseField(name string) (Field, bool) {
	i := slices.Index(fieldNames[:], name)
	return Field(max(i, 0)), i >= 0
}

// Set is a set of fields. The zero Set is empty.
type Set uint8

// Has reports whether f is in the set.
func (s Set) Has(f Field) bool { return s&(1<<f) != 0 }

func (s Set) with(f Field) Set    { return s | 1<<f }
func (s Set) without(f Field) Set { return s &^ (1 << f) }

// short says when a word of one character, or of one or two ASCII letters, counts:
// CN is a code in a list of codes, but "in" is a word in "made in China" and IT
// a trade among tags.
type short uint8

const (
	shortAlways short = iota
	shortAmongCodes
	shortNever
)

// source is a property that may hold a field's value.
type source struct {
	property slot
	short    short
	borrowed bool         // meant for something else: what is unknown there is not missing here
	elements []c3.Element // whose property it is; nil: of any
}

// sources says, for every field, which properties may hold its value. The first
// that yields a value is believed.
var sources = [NumFields][]source{
	Genre: {
		{property: slotGenre},
		{property: slotType, elements: []c3.Element{c3.ElementProgram, c3.ElementSeries}},
		{property: slotTags},
		{property: slotKeywords, borrowed: true},
		{property: slotOriginalCountry, borrowed: true}, // some put all their tags there
	},
	Place: {
		{property: slotOriginalCountry, short: shortAmongCodes},
		{property: slotCountry, short: shortAmongCodes}, // of a channel
		{property: slotTags, short: shortNever, borrowed: true},
		{property: slotGenre, short: shortNever, borrowed: true},
	},
	Provider: {
		{property: slotContentProvider},
		{property: slotProvider},
		{property: slotProvide},
		{property: slotVSPCode},
		{property: slotSPCode},
		{property: slotCopyRight},
	},
	Definition: {
		{property: slotDefinition},
		{property: slotDefinitionFlag},
	},
}

// slot is a property that is read.
type slot uint8

const (
	slotNone slot = iota
	slotName
	slotGenre
	slotType
	slotTags
	slotKeywords
	slotOriginalCountry
	slotCountry
	slotContentProvider
	slotProvider
	slotProvide
	slotVSPCode
	slotSPCode
	slotCopyRight
	slotDefinition
	slotDefinitionFlag
	slotDuration
	slotSeriesFlag
	slotSeriesItemNo
	slotDirector
	slotWriterDisplay

	slots
)

// slotNames are the properties' names in small letters.
var slotNames = [slots]string{
	slotName: "name", slotGenre: "genre", slotType: "type", slotTags: "tags", slotKeywords: "keywords",
	slotOriginalCountry: "originalcountry", slotCountry: "country",
	slotContentProvider: "contentprovider", slotProvider: "provider", slotProvide: "provide",
	slotVSPCode: "vspcode", slotSPCode: "spcode", slotCopyRight: "copyright",
	slotDefinition: "definition", slotDefinitionFlag: "definitionflag", slotDuration: "duration",
	slotSeriesFlag: "seriesflag", slotSeriesItemNo: "seriesitemno",
	slotDirector: "director", slotWriterDisplay: "writerdisplay",
}

// slotTable finds a slot by the length, first and last letter of its name; slots
// of the same place hang together by slotNext. A map costs a third of Normalise.
var slotTable, slotNext = func() (table [128]slot, next [slots]slot) {
	for s := slotName; s < slots; s++ {
		h := slotHash(slotNames[s])
		next[s], table[h] = table[h], s
	}
	return table, next
}()

func slotHash(name string) int {
	return (len(name)*29 + int(name[0]|0x20)*7 + int(name[len(name)-1]|0x20)) & 127
}

// slotOf finds a property by its name, letter case aside; slotNone if it is not
// read.
func slotOf(name string) slot {
	if name == "" {
		return slotNone
	}
	for s := slotTable[slotHash(name)]; s != slotNone; s = slotNext[s] {
		if equalFold(name, slotNames[s]) {
			return s
		}
	}
	return slotNone
}

// equalFold compares with a name in small letters.
func equalFold(name, small string) bool {
	if len(name) != len(small) {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != small[i] {
			return false
		}
	}
	return true
}

// reads reports whether a property may hold the field's value.
func reads(f Field, s slot) bool {
	return slices.ContainsFunc(sources[f], func(src source) bool { return src.property == s })
}
