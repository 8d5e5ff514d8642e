package normal

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"iptvdc/aggregator"
)

// Unknowns gathers the values that a dictionary does not know, by what was
// watched. It is not safe for concurrent use.
type Unknowns struct {
	d       *Dictionary
	byValue map[unknownKey]*Unknown
	ignored int64
	text    text
}

type unknownKey struct {
	field  Field
	folded string
}

// MaxUnknowns is how many different values are kept; what comes after them is
// counted in Ignored.
const MaxUnknowns = 200_000

// Unknown is a value that the dictionary does not know.
type Unknown struct {
	Field  Field
	Value  string // as first seen, without what the dictionary knows beside it
	MS     int64  // viewing time of the titles that have it
	Titles int64
	// Provinces is viewing time by province.
	Provinces map[aggregator.Province]int64
	// Near is the code of what is written most like it, Alias that writing; ""
	// if nothing is near.
	Near, Alias string
}

// NewUnknowns gathers what d does not know.
func NewUnknowns(d *Dictionary) *Unknowns {
	return &Unknowns{d: d, byValue: map[unknownKey]*Unknown{}}
}

// Ignored is how many values were left out because of MaxUnknowns.
func (u *Unknowns) Ignored() int64 { return u.ignored }

// AddTitle adds what is unknown of a title that was watched for ms: of each field
// without a value, and a provider that is not listed. A title that inherited its
// value is known.
func (u *Unknowns) AddTitle(p aggregator.Province, t *Title, ms int64) {
	for f := range Field(NumFields) {
		if t.Unknown.Has(f) || f == Provider && t.Unlisted && !t.Inherited.Has(Provider) {
			u.Add(p, f, t.Raw[f], ms)
		}
	}
}

// Add adds a value of a title that was watched for ms. Of a list each part that
// the dictionary does not know is added, with the whole time.
func (u *Unknowns) Add(p aggregator.Province, f Field, raw string, ms int64) {
	t := &u.text
	t.fold(raw)
	if t.words == 0 {
		return
	}
	v := &u.d.field[f]
	at := where{province: p}
	if _, known := v.lookUp(at, t.whole()); known && !t.cut {
		return
	}
	if f == Provider { // a name is not split
		u.add(p, f, string(t.whole()), strings.TrimSpace(raw), ms)
		return
	}
	for i := 0; i < t.words; {
		j := u.unknownRun(v, at, i, t.pieceEnd(i))
		if j > i {
			value := raw[t.word[i].rawFrom:t.word[j-1].rawTo]
			u.add(p, f, string(t.run(i, j)), value, ms)
			i = j
			continue
		}
		i += u.knownRun(v, at, i, t.pieceEnd(i))
	}
}

// unknownRun returns the end of the words from i that are unknown and belong
// together, as those of an English title do; i if word i is known.
func (u *Unknowns) unknownRun(v *vocabulary, at where, i, end int) int {
	t := &u.text
	j := i
	for j < end && u.knownRun(v, at, j, end) == 0 {
		if j > i && t.word[j].from == t.word[j-1].to {
			break // no blank between them: Chinese words
		}
		j++
	}
	return j
}

// knownRun is how many words from i are known together, 0 if none is.
func (u *Unknowns) knownRun(v *vocabulary, at where, i, end int) int {
	for j := min(end, i+maxRun); j > i; j-- {
		if _, ok := v.lookUp(at, u.text.run(i, j)); ok {
			return j - i
		}
	}
	return 0
}

func (u *Unknowns) add(p aggregator.Province, f Field, folded, value string, ms int64) {
	key := unknownKey{f, folded}
	x := u.byValue[key]
	if x == nil {
		if len(u.byValue) >= MaxUnknowns {
			u.ignored++
			return
		}
		x = &Unknown{Field: f, Value: strings.Clone(value), Provinces: map[aggregator.Province]int64{}}
		u.byValue[key] = x
	}
	x.MS += ms
	x.Titles++
	x.Provinces[p] += ms
}

// List returns the values watched most, at most limit, each with the nearest
// alias. Equal ones are in the order of field and value.
func (u *Unknowns) List(limit int) []Unknown {
	keys := slices.SortedFunc(maps.Keys(u.byValue), func(a, b unknownKey) int {
		return cmp.Or(cmp.Compare(u.byValue[b].MS, u.byValue[a].MS), cmp.Compare(u.byValue[b].Titles, u.byValue[a].Titles),
			cmp.Compare(a.field, b.field), strings.Compare(a.folded, b.folded))
	})
	keys = keys[:min(len(keys), max(limit, 0))]
	aliases := [NumFields][]alias{}
	all := make([]Unknown, 0, len(keys))
	for _, k := range keys {
		if aliases[k.field] == nil {
			aliases[k.field] = u.d.field[k.field].aliases()
		}
		x := *u.byValue[k]
		x.Provinces = maps.Clone(x.Provinces)
		if a, ok := nearest(k.folded, aliases[k.field]); ok {
			x.Near, x.Alias = a.code, a.text
		}
		all = append(all, x)
	}
	return all
}

// WriteLines writes values as lines of a dictionary, each below a comment that
// tells how much they were watched. A value with something near it takes that
// code, a provider without is proposed as an entry of its own; in any other line
// the operator replaces the code "?", which no dictionary accepts.
func WriteLines(w io.Writer, all []Unknown) error {
	b := bufio.NewWriter(w)
	lines := csv.NewWriter(b)
	for _, x := range all {
		_, _ = fmt.Fprintf(b, "# %.1f h, %d titles, in %s", float64(x.MS)/3_600_000, x.Titles, x.provinces())
		if x.Near != "" {
			_, _ = fmt.Fprintf(b, "; near %s", x.Alias)
		}
		_, _ = b.WriteString("\n")
		row := []string{x.Field.String(), "", x.Near, "", "", "", listed(x.Value)}
		switch {
		case x.Near != "":
		case x.Field == Provider && validCode(x.Value):
			row = []string{x.Field.String(), "", x.Value, "", x.Value, x.Value, ""}
		default:
			row[2] = "?"
		}
		if err := lines.Write(row); err != nil {
			return err
		}
		lines.Flush()
	}
	if err := lines.Error(); err != nil {
		return err
	}
	return b.Flush()
}

// provinces lists the provinces by viewing time.
func (x *Unknown) provinces() string {
	codes := slices.SortedFunc(maps.Keys(x.Provinces), func(a, b aggregator.Province) int {
		return cmp.Or(cmp.Compare(x.Provinces[b], x.Provinces[a]), cmp.Compare(a, b))
	})
	var names []string
	for i, p := range codes {
		if i == 5 {
			names = append(names, fmt.Sprintf("and %d more", len(codes)-i))
			break
		}
		names = append(names, p.String())
	}
	return strings.Join(names, " ")
}

// listed is a value as a cell of aliases holds it: | would part it, and line
// breaks are no part of a name.
func listed(value string) string {
	return strings.Map(func(r rune) rune {
		if r == '|' || r < ' ' || r == 0x7f {
			return ','
		}
		return r
	}, value)
}

// alias is a way to write an entry.
type alias struct {
	text, code string
	runes      []rune
}

// aliases returns those that hold everywhere, in their order.
func (v *vocabulary) aliases() []alias {
	var all []alias
	for _, text := range slices.Sorted(maps.Keys(v.all)) {
		if t := v.all[text]; t.entry >= 0 {
			all = append(all, alias{text, v.name(v.written(text)), []rune(text)})
		}
	}
	return all
}

// written is the target of an alias as a line of it would name it: without the
// upper level where that goes without saying.
func (v *vocabulary) written(text string) target {
	t := v.all[text]
	if len(v.entries[t.entry].upper) == 1 {
		t.top = -1
	}
	return t
}

// nearest returns the alias written most like the value: with at most a third of
// its characters changed, else the longest of at least two characters that it
// contains. The first of equals is taken.
func nearest(value string, all []alias) (alias, bool) {
	runes := []rune(value)
	if len(runes) > 64 {
		return alias{}, false
	}
	best, found, limit := alias{}, false, len(runes)/3
	for _, a := range all {
		if limit == 0 {
			break
		}
		if d := distance(runes, a.runes, limit); d <= limit {
			best, found, limit = a, true, d-1
		}
	}
	if found {
		return best, true
	}
	for _, a := range all {
		if n := len(a.runes); n >= 2 && n > len(best.runes) && strings.Contains(value, a.text) && (n > 3 || utf8.RuneCountInString(a.text) < len(a.text)) {
			best, found = a, true
		}
	}
	return best, found
}

// distance is how many characters must be put in, taken out or changed to make a
// of b; limit+1 if more than limit.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		corner := row[0]
		row[0] = i + 1
		low := row[0]
		for j, y := range b {
			change := corner
			if x != y {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
			low = min(low, row[j+1])
		}
		if low > limit {
			return limit + 1
		}
	}
	return min(row[len(b)], limit+1)
}
