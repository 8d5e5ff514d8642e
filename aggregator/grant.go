package aggregator

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// DataSet is a part of what the platform knows. What a reader may see is granted by
// data set and province.
type DataSet string

// The data sets; a figure belongs to one and may need others, see
// indicator.Indicator.DataSets.
const (
	// DataActivity is how boxes are used: power-ons, time on, rest.
	DataActivity DataSet = "activity"
	// DataUsers is accounts, their flows and what they do from day to day, counted.
	DataUsers DataSet = "users"
	// DataEPG is pages, slots, clicks and ways through them.
	DataEPG DataSet = "epg"
	// DataRatings is viewing by channel, programme and mode.
	DataRatings DataSet = "ratings"
	// DataVOD is viewing of assets: completion, binges, returns.
	DataVOD DataSet = "vod"
	// DataOrders is orders, revenue and what partners are paid.
	DataOrders DataSet = "orders"
	// DataQuality is how far data can be trusted and how plays went: losses, clocks,
	// files, the balance of accounts that checks them.
	DataQuality DataSet = "quality"
	// DataAccounts is lists that name single accounts or boxes.
	DataAccounts DataSet = "accounts"
	// DataSources is every own data source, also those made later; a single one is a
	// data set by itself, see DataOfSource.
	DataSources DataSet = "sources"
)

var dataSets = []DataSet{DataActivity, DataUsers, DataEPG, DataRatings, DataVOD, DataOrders, DataQuality, DataAccounts, DataSources}

// sourcePrefix begins the names of the data sets of single sources.
const sourcePrefix = "src."

// sourceName is what an own data source is called by machines.
var sourceName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,29}$`)

// IsSourceName reports whether an own data source may be called so: a small letter,
// then at most 29 small letters, digits and underscores.
func IsSourceName(name string) bool { return sourceName.MatchString(name) }

// DataOfSource is the data set that one own data source is. Who holds DataSources
// somewhere holds it there too.
func DataOfSource(source string) DataSet { return DataSet(sourcePrefix + source) }

// Source is the own data source that the data set is; "": it is another one.
func (d DataSet) Source() string {
	name, ok := strings.CutPrefix(string(d), sourcePrefix)
	if !ok || !IsSourceName(name) {
		return ""
	}
	return name
}

// DataSets lists them in the order in which people read them, without those of single
// sources. The slice is the caller's.
func DataSets() []DataSet { return slices.Clone(dataSets) }

// ParseDataSet reads a data set's name. That of a source is one whether there is such a
// source or not: what was granted of one that is gone opens nothing.
func ParseDataSet(name string) (DataSet, error) {
	if slices.Contains(dataSets, DataSet(name)) || DataSet(name).Source() != "" {
		return DataSet(name), nil
	}
	names := make([]string, len(dataSets))
	for n, d := range dataSets {
		names[n] = string(d)
	}
	return "", &Error{Code: "bad_data_set", Message: "There is no data set " + quote(name) + "; allowed: " + strings.Join(names, ", ") + ", and " + sourcePrefix + "NAME for one own data source."}
}

// CompareDataSets orders them as DataSets does, single sources after them by name.
func CompareDataSets(a, b DataSet) int {
	place := func(d DataSet) int {
		if n := slices.Index(dataSets, d); n >= 0 {
			return n
		}
		return len(dataSets)
	}
	return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(string(a), string(b)))
}

// Empty reports whether nothing is open.
func (s Scope) Empty() bool { return !s.All && len(s.Provinces) == 0 }

// And is what both open.
func (s Scope) And(o Scope) Scope {
	switch {
	case s.All:
		return o.canonical()
	case o.All:
		return s.canonical()
	}
	return Scope{Provinces: slices.DeleteFunc(slices.Clone(s.Provinces), func(p Province) bool { return !o.Sees(p) })}.canonical()
}

// Or is what either opens.
func (s Scope) Or(o Scope) Scope {
	if s.All || o.All {
		return Scope{All: true}
	}
	return Scope{Provinces: slices.Concat(s.Provinces, o.Provinces)}.canonical()
}

// Within reports whether o opens all that s does. No list of provinces opens All:
// there may be more tomorrow.
func (s Scope) Within(o Scope) bool {
	return o.All || !s.All && !slices.ContainsFunc(s.Provinces, func(p Province) bool { return !o.Sees(p) })
}

// canonical has each province once, in order, and none beside All.
func (s Scope) canonical() Scope {
	if s.All || len(s.Provinces) == 0 {
		return Scope{All: s.All}
	}
	return Scope{Provinces: slices.Compact(slices.Sorted(slices.Values(s.Provinces)))}
}

// Grants is what a reader may see: a scope of provinces for each data set. The zero
// Grants see nothing. Grants are not changed once made.
type Grants map[DataSet]Scope

// GrantsOf opens every one of the data sets in a scope.
func GrantsOf(s Scope, sets ...DataSet) Grants {
	g := Grants{}
	for _, d := range sets {
		if s = s.canonical(); !s.Empty() {
			g[d] = s
		}
	}
	return g
}

// Everything opens all data sets everywhere.
func Everything() Grants { return GrantsOf(Scope{All: true}, dataSets...) }

// Of is where one data set is open.
func (g Grants) Of(d DataSet) Scope {
	if d.Source() != "" {
		return g[d].Or(g[DataSources])
	}
	return g[d]
}

// Sets lists the data sets of which something is open, in the order of DataSets.
func (g Grants) Sets() []DataSet {
	return slices.SortedFunc(maps.Keys(g), CompareDataSets)
}

// In is where all of the data sets are open; of no data set nothing is.
func (g Grants) In(sets ...DataSet) Scope {
	if len(sets) == 0 {
		return Scope{}
	}
	s := Scope{All: true}
	for _, d := range sets {
		s = s.And(g.Of(d))
	}
	return s
}

// Anywhere is where at least one data set is open.
func (g Grants) Anywhere() Scope {
	var s Scope
	for _, o := range g {
		s = s.Or(o)
	}
	return s
}

// And is what both open, Or what either does.
func (g Grants) And(o Grants) Grants {
	out := Grants{}
	for _, either := range []Grants{g, o} {
		for d := range either {
			if s := g.Of(d).And(o.Of(d)); !s.Empty() {
				out[d] = s
			}
		}
	}
	return out
}

// Or is what either opens.
func (g Grants) Or(o Grants) Grants {
	out := maps.Clone(g)
	if out == nil {
		out = Grants{}
	}
	for d, s := range o {
		if s = out[d].Or(s); !s.Empty() {
			out[d] = s
		}
	}
	return out
}

// Within reports whether o opens all that g does.
func (g Grants) Within(o Grants) bool {
	for d, s := range g {
		if !s.Within(o.Of(d)) {
			return false
		}
	}
	return true
}

// Equal reports whether both open the same.
func (g Grants) Equal(o Grants) bool { return g.Within(o) && o.Within(g) }

// Empty reports whether nothing is open.
func (g Grants) Empty() bool { return g.Anywhere().Empty() }

// All reports whether everything is open.
func (g Grants) All() bool { return Everything().Within(g) }

// Missing lists the data sets among those given of which nothing is open.
func (g Grants) Missing(sets ...DataSet) []DataSet {
	return slices.DeleteFunc(slices.Clone(sets), func(d DataSet) bool { return !g[d].Empty() })
}
