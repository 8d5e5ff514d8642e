package dialect

import (
	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/delimited"
)

// Dialect is how a province writes its files.
type Dialect struct {
	// Province is 0 in a dialect to start from.
	Province aggregator.Province
	// Revision is counted up by whoever changes the profile.
	Revision     int
	Title, Notes string
	Feeds        []*Feed
}

// Match finds the feed that takes a file of that name (without folders), and
// what the name says. At most one feed takes a name.
func (d *Dialect) Match(name string) (*Feed, Parts, bool) {
	for _, f := range d.Feeds {
		if parts, ok := f.match(name); ok {
			return f, parts, true
		}
	}
	return nil, NewParts(), false
}

// MatchManifest finds the feed whose files a manifest of that name announces,
// and the name of the data file. "": the manifest's name does not tell it, and
// feeds may share it; then its entries' names say, by Match, which feed each is
// of.
func (d *Dialect) MatchManifest(name string) (*Feed, string, bool) {
	for _, f := range d.Feeds {
		if data, ok := f.manifestOf(name); ok {
			return f, data, true
		}
	}
	return nil, "", false
}

// Feed is one kind of file of a province.
type Feed struct {
	Kind   c3.Feed
	Also   c3.Feed // what else its records may hold; FeedNone: nothing
	Full   bool    // a file holds everything; else what is new
	Expect Expect
	Guards Guards
	// Manifest is a companion file that announces this one: "", chk or verf.
	Manifest string
	// Receipt is how the province is answered: "", csv or rsp.
	Receipt string

	province aggregator.Province
	spec     feedSpec
	name     *pattern
	config   delimited.Config
	header   *pattern
	trailer  *pattern
	names    []string // of the fields, if known beforehand
	count    int      // of fields; 0: as many as the header names
	takers   []*taker
	clocks   []*clock
	codes    map[string]*codeMap
	cities   *cities
	manifest *manifestForm
	receipt  *pattern
}

// Guards is what makes a file unbelievable.
type Guards struct {
	MaxShrink float64 // percent a full file may have fewer rows than the one before
	MaxBad    float64 // percent of records that may be bad
	MinRows   int64
}

// taker turns records into rows of one kind.
type taker struct {
	feed    c3.Feed
	kind    kind
	columns [nFields]*columnSpec // nil: not mapped
	order   []field              // as in the profile
}

// Shrunk judges a full file's rows against those of the file before: nil, or why
// it must wait for an operator. previous 0: there is none.
func (f *Feed) Shrunk(rows, previous int64) *c3.Fault {
	if f.Full && previous > 0 && float64(previous-rows) > float64(previous)*f.Guards.MaxShrink/100 {
		return &c3.Fault{Code: c3.FaultShrunk, Text: "a full file with far fewer rows than the one before"}
	}
	return nil
}

// Promised is whether the feed says how long a file is: by a trailer, a row
// count in its header, or a manifest.
func (f *Feed) Promised() bool {
	return f.trailer != nil || f.header.has("rows") || f.Manifest != ""
}

// Delimiter is what stands between fields; "" with fixed widths.
func (f *Feed) Delimiter() string { return f.config.Delimiter }

// FileName is the name of a file with those parts; an error says which part is
// missing or does not fit. Parts that the profile fixes need not be given.
func (f *Feed) FileName(about Parts) (string, error) {
	return f.name.write(f.fixed(about))
}

// fixed adds the values that the profile fixes.
func (f *Feed) fixed(about Parts) Parts {
	texts := map[string]string{}
	for k, v := range about.Texts {
		texts[k] = v
	}
	for k, v := range f.spec.Parts {
		texts[k] = v
	}
	about.Texts = texts
	return about
}

func (f *Feed) match(name string) (Parts, bool) {
	parts, ok := f.name.read(name)
	if !ok {
		return NewParts(), false
	}
	for k, want := range f.spec.Parts {
		if got, has := parts.Texts[k]; has && got != want {
			return NewParts(), false
		}
	}
	return parts, true
}

// Day is the day that a file is about, from its name or from what was read in
// it, as the profile says; false: there is none, which refuses a full file
// (c3.FaultDay).
func (f *Feed) Day(name Parts, s Summary) (aggregator.Day, bool) {
	day, ok := s.Day, s.HasDay
	if f.spec.Day.From == "name" {
		switch day, ok = name.Day, name.HasDay; {
		case ok:
		case name.TimeMs > 0:
			day, ok = aggregator.DayOf(name.TimeMs), true
		}
	}
	return day + aggregator.Day(f.spec.Day.Shift), ok
}
