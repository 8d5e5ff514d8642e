// Package insight says in words what figures mean: what changed and what explains
// it, which posters do worse where, what is to the taste of a place, what is out
// of the ordinary. It computes no figure of its own: everything is asked of
// indicator, in the scope of the reader, and compared with nothing but what that
// scope opens. Answers carry the numbers that their words are made of.
package insight

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

const (
	// SmallCell is below how many a number of clicks, plays or boxes is not shown:
	// it would be about single households, and prove nothing.
	SmallCell = 10
	// Sure is the greatest q at which a difference counts as one.
	Sure = 0.05
	// Telling is how large a difference must be to matter, relative: in large
	// provinces the smallest is significant.
	Telling = 0.1
	// MaxDays is the greatest number of days in a question.
	MaxDays = 92
	// MaxShown is the greatest number of findings in an answer.
	MaxShown = 500
	// shown is how many findings an answer has if nobody says.
	shown = 50
)

// Place is a province or city with its name.
type Place struct {
	Code string         `json:"code"`
	Name indicator.Text `json:"name"`
}

// Level says whether provinces or cities are told apart.
type Level string

const (
	Provinces Level = "province"
	Cities    Level = "city"
)

// Levels lists them.
func Levels() []Level { return []Level{Provinces, Cities} }

func (l Level) column() store.Column { return store.Column(l) }

// Time is the days asked for, both inside.
type Time struct{ From, To aggregator.Day }

func (t Time) days() int { return int(t.To-t.From) + 1 }

func (t Time) check() error {
	if t.From > t.To || t.days() > MaxDays {
		return faultf("bad_period", "from %s to %s is not a time; to must not lie before from, and there may be at most %d days", t.From, t.To, MaxDays)
	}
	return nil
}

// Where narrows a question to a province of the reader's; the zero Where does not.
type Where struct {
	Level    Level
	Province aggregator.Province
}

// check gives what was left out its value.
func (w *Where) check() error {
	if w.Level == "" {
		w.Level = Provinces
		if w.Province != 0 {
			w.Level = Cities
		}
	}
	if !slices.Contains(Levels(), w.Level) {
		return faultf("bad_level", "level: there is no %q; allowed: province, city", clip(string(w.Level)))
	}
	return nil
}

func (w Where) filters() []indicator.Filter {
	if w.Province == 0 {
		return nil
	}
	return []indicator.Filter{{Dimension: store.ColProvince, In: []string{w.Province.String()}}}
}

// base names what places are compared with: all that the reader may see.
func base(s aggregator.Scope) indicator.Text {
	switch {
	case s.All:
		return indicator.Text{ZH: "全国", EN: "the nation"}
	case len(s.Provinces) == 1:
		return place(s.Provinces[0].String()).Name
	}
	return indicator.Text{ZH: fmt.Sprintf("您可见的 %d 个省份", len(s.Provinces)), EN: fmt.Sprintf("your %d provinces", len(s.Provinces))}
}

// place names a region's code; "" is an unknown one.
func place(code string) Place {
	if r, ok := aggregator.LookUp(code); ok {
		return Place{code, indicator.Text{ZH: r.ZH, EN: r.EN}}
	}
	if code == "" {
		return Place{"", indicator.Text{ZH: "未知地区", EN: "unknown place"}}
	}
	return Place{code, indicator.Text{ZH: code, EN: code}}
}

// Source is what insights are made of.
type Source struct {
	indicator.Source
	// Name names a value for people, as the dictionaries of the catalogues do; nil, or
	// false: the value is its own name.
	Name func(d store.Column, cell string) (indicator.Text, bool)
	// Risks is asked for accounts that may leave, and for nothing else.
	Risks Risks
}

// asking is who asks what.
type asking struct {
	src   Source
	scope aggregator.Scope
	time  Time
}

// table is an answer's rows by their cells.
type table struct {
	*indicator.Answer
	src Source
	// cut says that there were more rows than an answer may have.
	cut bool
}

// ask evaluates sums by dimensions over the whole time. Of too many rows the
// greatest by the last sum are kept.
func (q asking) ask(ctx context.Context, sums []string, filters []indicator.Filter, dimensions ...store.Column) (table, error) {
	r := &indicator.Request{
		Indicators: sums, Dimensions: dimensions, Filters: filters, From: q.time.From.String(), To: q.time.To.String(),
		Order: "-" + sums[len(sums)-1], Limit: indicator.MaxRows,
	}
	a, err := indicator.Evaluate(ctx, q.src.Source, q.scope, r)
	if err != nil {
		return table{}, err
	}
	return table{a, q.src, len(a.Rows) == r.Limit}, nil
}

// curved refuses a figure that is no multiple of its sums: what it is made of would
// not add up to its changes.
func curved(i *indicator.Indicator) error {
	return faultf("bad_indicator", "indicator: %s is bent, its parts do not add up to its changes; take the figure that it is made of", i.ID)
}

// parts are the sums of an indicator: its value and, of a quotient, its over.
func parts(i *indicator.Indicator) []string {
	if i.Quotient() {
		return []string{i.ID + indicator.ValueOf, i.ID + indicator.OverOf}
	}
	return []string{i.ID + indicator.ValueOf}
}

// name is a cell's name for people.
func (t table) name(d store.Column, cell string) indicator.Text {
	if name, ok := t.Labels[d][cell]; ok {
		return name
	}
	if t.src.Name != nil {
		if name, ok := t.src.Name(d, cell); ok {
			return name
		}
	}
	return indicator.Text{ZH: cell, EN: cell}
}

// whole is a sum as the whole number that it is.
func whole(n indicator.Number) int64 {
	if !n.Valid() {
		return 0
	}
	return int64(n)
}

// small reports whether a count is of too few to be shown. Nobody at all is not
// small: it is about no household.
func small(k int64) bool { return k > 0 && k < SmallCell }

func faultf(code, format string, args ...any) *aggregator.Error {
	return &aggregator.Error{Code: code, Message: fmt.Sprintf(format, args...) + "."}
}

// clip cuts text from outside to a readable length.
func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// first keeps the first n, or as many as nobody asked for.
func first[T any](all []T, n int) []T {
	if n <= 0 {
		n = shown
	}
	if len(all) > n {
		return all[:n:n]
	}
	if all == nil {
		return []T{}
	}
	return all
}
