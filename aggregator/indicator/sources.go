package indicator

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// How says what is made of the rows of an own data source.
type How string

const (
	HowRows     How = "rows"     // how many rows there are
	HowSum      How = "sum"      // of a column of numbers
	HowAverage  How = "avg"      // of the rows that have a number
	HowLeast    How = "min"      //
	HowGreatest How = "max"      //
	HowDistinct How = "distinct" // different values of a column of texts, each once
	// HowFilled is how many rows have a number, HowAny 1 if at least one has: what the
	// average and the extremes are divided by. They are no measures of their own.
	HowFilled How = "filled"
	HowAny    How = "any"
)

// Of is the store's name of a number of a source's column, "" for its rows.
func (h How) Of(column string) store.Measure { return store.Measure(string(h) + ":" + column) }

// HowOf is the inverse of Of.
func HowOf(m store.Measure) (h How, column string) {
	how, column, _ := strings.Cut(string(m), ":")
	return How(how), column
}

// SourceMeasure is one figure of an own data source.
type SourceMeasure struct {
	How    How
	Column string // "" for HowRows
	Title  Text   // of the column
	Unit   Unit   // of the column's numbers
	By     int64  // what a number of the column is divided by to be in Unit, 1 or more
}

// SourceInfo declares an own data source.
type SourceInfo struct {
	// Name is that of machines, see aggregator.IsSourceName.
	Name  string
	Title Text
	// Dimensions are those of the catalogue that its rows have, Texts its own: its columns
	// of text, named by TextColumn.
	Dimensions []store.Column
	Texts      []Dimension
	// Dated: every row is of a day. Else its rows hold at all times. Placed: rows are of
	// provinces. Else they are for readers of all provinces alone.
	Dated, Placed bool
	Measures      []SourceMeasure
	// AtMs is when the rows were read, Rows how many they are; Fault is why the latest
	// attempt to read them again failed, "": it did not.
	AtMs  int64
	Rows  int64
	Fault string
}

// SourceState is how old a source in an answer is. How many rows it has is not said:
// there may be more than the reader sees.
type SourceState struct {
	Name  string `json:"name"`
	Title Text   `json:"title"`
	At    Moment `json:"at"`
	// Failing: reading it again has failed since; these are the rows of before.
	Failing bool `json:"failing,omitempty"`
}

// OwnSources answers questions over rows of own data sources. A Source that is one too
// answers indicators of these.
type OwnSources interface {
	// QuerySource is Source.Query over the rows of one own source, whose measures are
	// named by How.Of; Fact, Hourly, Aired and Latest mean nothing. Spans are days; rows
	// without a day are in all of them. Rows without a province are for AllProvinces
	// alone.
	QuerySource(ctx context.Context, source string, q store.Query) ([]store.Row, error)
	// SourceTexts returns the texts of keys that own sources have; unknown keys are left
	// out.
	SourceTexts(ctx context.Context, keys []uint64) (map[uint64]string, error)
}

// Joined is a source of figures with own sources beside it.
func Joined(src Source, own OwnSources) Source { return joinedSource{src, own} }

type joinedSource struct {
	Source
	OwnSources
}

// Codes returns texts of both.
func (j joinedSource) Codes(ctx context.Context, keys []uint64) (map[uint64]string, error) {
	texts, err := j.Source.Codes(ctx, keys)
	if err != nil || len(texts) == len(keys) {
		return texts, err
	}
	more, err := j.SourceTexts(ctx, keys)
	if err != nil {
		return nil, err
	}
	for k, text := range more {
		if _, ok := texts[k]; !ok {
			texts[k] = text
		}
	}
	return texts, nil
}

// declared are the own sources and their figures, as UseSources has them.
type declared struct {
	sources []SourceInfo
	figures map[string]Indicator
}

var ownSources atomic.Pointer[declared]

// UseSources declares the own data sources from now on, instead of those before. It is
// for the whole process and safe to call at any time: a question that has begun goes on
// with those before. What is given must not be changed afterwards.
func UseSources(all []SourceInfo) {
	d := &declared{sources: all, figures: map[string]Indicator{}}
	for n := range all {
		for _, m := range all[n].Measures {
			i := all[n].figure(m)
			d.figures[i.ID] = i
		}
	}
	ownSources.Store(d)
}

// Sources lists the own data sources as they are declared.
func Sources() []SourceInfo {
	if d := ownSources.Load(); d != nil {
		return slices.Clone(d.sources)
	}
	return nil
}

// SourceFigures lists the figures of own data sources, by source in the order of their
// columns.
func SourceFigures() []Indicator {
	var all []Indicator
	for _, s := range Sources() {
		for _, m := range s.Measures {
			all = append(all, s.figure(m))
		}
	}
	return all
}

func findSource(name string) (SourceInfo, bool) {
	d := ownSources.Load()
	if d == nil {
		return SourceInfo{}, false
	}
	n := slices.IndexFunc(d.sources, func(s SourceInfo) bool { return s.Name == name })
	if n < 0 {
		return SourceInfo{}, false
	}
	return d.sources[n], true
}

// TextColumn is the dimension that a source's column of text is: src.sales.shop. A source
// has no figure of that name: those end in how they are made.
func TextColumn(source, column string) store.Column {
	return store.Column(string(aggregator.DataOfSource(source)) + "." + column)
}

// CutTextColumn is the inverse of TextColumn; ok is false of other dimensions. The source
// need not be there (any more).
func CutTextColumn(c store.Column) (source, column string, ok bool) {
	at := strings.LastIndexByte(string(c), '.')
	if at < 0 || at == len(c)-1 {
		return "", "", false
	}
	source = aggregator.DataSet(c[:at]).Source()
	return source, string(c[at+1:]), source != ""
}

// IDOf is the id of a source's figure: src.sales.amount.sum, or src.sales.rows.
func (s *SourceInfo) IDOf(m SourceMeasure) string {
	id := string(aggregator.DataOfSource(s.Name)) + "."
	if m.Column != "" {
		id += m.Column + "."
	}
	return id + string(m.How)
}

var howTitles = map[How]Text{
	HowRows: {"行数", "rows"}, HowSum: {"合计", "sum"}, HowAverage: {"平均", "average"}, HowLeast: {"最小", "least"},
	HowGreatest: {"最大", "greatest"}, HowDistinct: {"去重数", "distinct"}, HowFilled: {"有值的行数", "rows with a number"}, HowAny: {"是否有值", "whether there is any"},
}

// dimensions are all that its figures can be grouped by.
func (s *SourceInfo) dimensions() []store.Column {
	all := slices.Clone(s.Dimensions)
	for _, d := range s.Texts {
		all = append(all, d.ID)
	}
	return all
}

// figure is a measure as an indicator.
func (s *SourceInfo) figure(m SourceMeasure) Indicator {
	number := func(h How, column string) term {
		return term{source: s.Name, value: store.Value{Measure: h.Of(column)}}
	}
	how := howTitles[m.How]
	i := Indicator{ID: s.IDOf(m), Data: aggregator.DataOfSource(s.Name), Dimensions: s.dimensions(), Unit: m.Unit, times: 1, by: max(m.By, 1),
		Title:   Text{s.Title.ZH + " · " + m.Title.ZH + how.ZH, s.Title.EN + " · " + m.Title.EN + " (" + how.EN + ")"},
		Formula: Text{"数据源“" + s.Title.ZH + "”中“" + m.Title.ZH + "”列的" + how.ZH, how.EN + " of “" + m.Title.EN + "” in the data source “" + s.Title.EN + "”"},
		value:   add(number(m.How, m.Column))}
	switch m.How {
	case HowRows:
		i.Title, i.Formula = Text{s.Title.ZH + " · " + how.ZH, s.Title.EN + " · " + how.EN}, Text{"数据源“" + s.Title.ZH + "”的行数", "rows of the data source “" + s.Title.EN + "”"}
		i.Unit, i.by = Count, 1
	case HowDistinct:
		i.Unit, i.by = Count, 1
	case HowAverage:
		i.value, i.over = add(number(HowSum, m.Column)), add(number(HowFilled, m.Column))
	case HowLeast, HowGreatest:
		i.over = add(number(HowAny, m.Column)) // no number rather than 0
	}
	if !s.Dated {
		i.Formula.ZH += "；没有日期列，各时段相同"
		i.Formula.EN += "; it has no column of days and is the same at all times"
	}
	return i
}

// sourcesOf names the own sources that indicators read, each once.
func sourcesOf(indicators []Indicator) []string {
	var names []string
	for n := range indicators {
		for _, p := range slices.Concat(indicators[n].amounts()...) {
			if p.source != "" && !slices.Contains(names, p.source) {
				names = append(names, p.source)
			}
		}
	}
	return names
}

// states tells how old the own sources of the question are. A source without provinces
// is refused to who does not see all of them: its numbers cannot be cut down to theirs.
func (q *question) states(scope aggregator.Scope) ([]SourceState, error) {
	var all []SourceState
	for _, name := range sourcesOf(q.indicators) {
		s, ok := findSource(name)
		if !ok {
			return nil, faultf("bad_indicator", "indicators: the data source %s is gone", name)
		}
		if !s.Placed && !scope.All {
			return nil, faultf("not_granted", "The data source %s has no column of provinces, so it is for readers of all provinces alone; ask for it by itself, or have it granted to you in all provinces", name)
		}
		all = append(all, SourceState{Name: name, Title: s.Title, At: Moment(s.AtMs), Failing: s.Fault != ""})
	}
	return all, nil
}

// rows answers an ask, of facts or of an own source.
func (a *ask) rows(ctx context.Context, src Source, q store.Query) ([]store.Row, error) {
	if a.source == "" {
		return src.Query(ctx, q)
	}
	of, ok := src.(OwnSources)
	if !ok {
		return nil, faultf("bad_indicator", "indicators: own data sources cannot be asked for here")
	}
	return of.QuerySource(ctx, a.source, q)
}
