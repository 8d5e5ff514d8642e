package normal

import "iptvdc/aggregator/c3"

// Title is a catalogue's object in the dictionaries' vocabulary. Its texts are
// the dictionary's or the object's.
type Title struct {
	Element    c3.Element
	Code, Name string
	SeriesCode string // Inherit sets it
	EpisodeNo  int32  // from 1; 0: not told
	DurationS  int32  // 0: not told, or not understood

	Genre    string // of the upper level; "": unknown
	SubGenre string // "": none told
	// Place is the first country named, or the first region if no country is;
	// Region is the region of Place. "": unknown.
	Region, Place string
	// Places are all countries named, each once, or all regions if no country is.
	// They must not be changed.
	Places     []string
	Provider   string // a provider that no dictionary lists is its own code
	Definition string
	Director   string // as written; "": not told

	// Raw are the values believed, as the object has them; of an unknown field
	// the first of its own properties that says anything, else the first at all.
	Raw       [NumFields]string
	Unknown   Set // fields without a value
	Inherited Set // fields whose value is that of the series
	// Guessed tells that no property named the genre: it was concluded from the
	// sub-genre and the kind of object.
	Guessed  bool
	Unlisted bool // no dictionary lists the provider
}

// Mode is which of a title's places count.
type Mode uint8

const (
	First Mode = iota // one, so that shares add up to the whole
	All               // each, so that a co-production counts in every country
)

// PlacesBy returns the places that count; none if they are unknown. The slice
// must not be changed.
func (t *Title) PlacesBy(m Mode) []string {
	if m == All || len(t.Places) < 2 {
		return t.Places
	}
	for i, p := range t.Places {
		if p == t.Place {
			return t.Places[i : i+1 : i+1]
		}
	}
	return nil
}

// Inherit returns the episode with the values of its series in the fields that
// are unknown to it. A guessed genre gives way to the series'. What the episode's
// own properties said stays in Raw. Inheriting twice changes nothing.
func Inherit(episode, series Title) Title {
	e := episode
	take := func(f Field) bool {
		if !e.Unknown.Has(f) || series.Unknown.Has(f) {
			return false
		}
		e.Unknown = e.Unknown.without(f)
		e.Inherited = e.Inherited.with(f)
		return true
	}
	if e.Guessed && !series.Unknown.Has(Genre) {
		e.Unknown = e.Unknown.with(Genre)
	}
	if take(Genre) {
		e.Genre, e.Guessed = series.Genre, series.Guessed
		if series.SubGenre != "" {
			e.SubGenre = series.SubGenre
		}
	} else if e.SubGenre == "" && e.Genre == series.Genre {
		e.SubGenre = series.SubGenre
	}
	if take(Place) {
		e.Region, e.Place, e.Places = series.Region, series.Place, series.Places
	}
	if take(Provider) {
		e.Provider, e.Unlisted = series.Provider, series.Unlisted
	}
	if take(Definition) {
		e.Definition = series.Definition
	}
	if e.Director == "" {
		e.Director = series.Director
	}
	if e.SeriesCode == "" {
		e.SeriesCode = series.Code
	}
	return e
}
