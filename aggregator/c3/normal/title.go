package normal

import (
	"strconv"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// Title is what a catalogue's object means. "" is unknown.
type Title struct {
	Genre, SubGenre string
	// Place is the first country named, Places all of them.
	Place    string
	Places   []string
	Provider string
	// Listed: the provider stands in a dictionary; else Provider is what was
	// sent.
	Listed     bool
	Definition uint8 // 0 unknown, 1 SD, 2 HD, 3 4K
	DurationS  int32 // 0: not told

	// What was sent; "" also for what says nothing, as a dash.
	RawGenre, RawPlace, RawProvider string
}

// Where a value may stand, the most trustworthy first. Senders put tags into the
// country, and the country among the tags (handbook of the field, see DESIGN.md).
var (
	genreNames    = []string{"Genre", "Tags", "Keywords", "OriginalCountry"}
	placeNames    = []string{"OriginalCountry", "Country", "Tags", "Genre", "Keywords"}
	providerNames = []string{"Provider", "ContentProvider", "Provide", "VSPCode", "SPCode", "CopyRight"}
)

// Normalise says what an object of a province's catalogue means.
func (d *Dictionary) Normalise(p aggregator.Province, o *c3.Object) Title {
	var t Title
	d.genre(o, &t)
	d.place(o, &t)
	d.provider(p, o, &t)
	t.Definition = definition(o)
	t.DurationS = duration(c3.Get(o.Properties, "Duration"))
	return t
}

// raw is what a property says; "" if it says nothing.
func (d *Dictionary) raw(o *c3.Object, name string) string {
	v := strings.TrimSpace(c3.Get(o.Properties, name))
	if d.blanks[fold(v)] {
		return ""
	}
	return v
}

// genre takes the genre from the first property that names one, and the first
// sub-genre anywhere that fits it. A sub-genre of one genre alone names that.
func (d *Dictionary) genre(o *c3.Object, t *Title) {
	t.RawGenre = d.raw(o, genreNames[0])
	var room [8]*Entry
	subs := room[:0]
	for _, name := range genreNames {
		v := d.raw(o, name)
		if v == "" {
			continue
		}
		each(v, func(word string) bool {
			e := d.genres.find(word)
			switch {
			case e == nil:
			case e.Parent == "" && t.Genre == "":
				t.Genre = e.Code
			case e.Parent != "" && len(subs) < cap(subs):
				subs = append(subs, e)
			}
			return false
		})
	}
	for _, sub := range subs {
		if t.Genre == "" && sub.Parent != "*" {
			t.Genre = sub.Parent
		}
	}
	for _, sub := range subs {
		if t.Genre != "" && (sub.Parent == "*" || sub.Parent == t.Genre) {
			t.SubGenre = sub.Code
			return
		}
	}
}

func (d *Dictionary) place(o *c3.Object, t *Title) {
	t.RawPlace = d.raw(o, placeNames[0])
	for _, name := range placeNames {
		v := d.raw(o, name)
		if v == "" {
			continue
		}
		each(v, func(word string) bool {
			e := d.places.find(word)
			if e == nil || contains(t.Places, e.Code) {
				return false
			}
			t.Places = append(t.Places, e.Code)
			return false
		})
		if len(t.Places) > 0 {
			t.Place = t.Places[0]
			return
		}
	}
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}

func (d *Dictionary) provider(p aggregator.Province, o *c3.Object, t *Title) {
	for _, name := range providerNames {
		v := d.raw(o, name)
		if v == "" {
			continue
		}
		if t.RawProvider == "" {
			t.RawProvider = v
		}
		for _, of := range []aggregator.Province{p, 0} {
			if e := d.providers[of].find(fold(v)); e != nil {
				t.Provider, t.Listed = e.Code, true
				return
			}
		}
	}
	t.Provider = t.RawProvider
}

// definition reads DefinitionFlag (0 SD, 1 HD, 3 4K; handbook of the field) or
// Definition, which has words too.
func definition(o *c3.Object) uint8 {
	v := c3.Get(o.Properties, "DefinitionFlag")
	if v == "" {
		v = c3.Get(o.Properties, "Definition")
	}
	switch fold(v) {
	case "0", "sd", "标清":
		return 1
	case "1", "2", "hd", "高清", "fhd", "超清":
		return 2
	case "3", "4", "4k", "uhd", "超高清":
		return 3
	}
	return 0
}

// duration reads HHmmss or HHmmssff; a bare number of minutes is none.
func duration(v string) int32 {
	v = strings.ReplaceAll(strings.TrimSpace(v), ":", "")
	if len(v) != 6 && len(v) != 8 {
		return 0
	}
	n, err := strconv.ParseUint(v[:6], 10, 32)
	if err != nil || n/100%100 > 59 || n%100 > 59 {
		return 0
	}
	return int32(n/10000*3600 + n/100%100*60 + n%100)
}

// Inherit fills what is unknown of an episode from its series.
func Inherit(episode, series Title) Title {
	if episode.Genre == "" {
		episode.Genre, episode.SubGenre = series.Genre, series.SubGenre
	}
	if episode.Place == "" {
		episode.Place, episode.Places = series.Place, series.Places
	}
	if episode.Provider == "" {
		episode.Provider, episode.Listed = series.Provider, series.Listed
	}
	if episode.Definition == 0 {
		episode.Definition = series.Definition
	}
	return episode
}
