package normal

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

// Entry is a value of the vocabulary.
type Entry struct {
	Code    string // as movie, CN
	Parents []string
	ZH, EN  string
}

// Dictionary is a vocabulary with all ways to write it. It does not change and is
// safe for concurrent use. Two dictionaries that say the same have the same
// version, in whatever order and files.
type Dictionary struct {
	version string
	field   [NumFields]vocabulary
}

type vocabulary struct {
	entries []entry // by code
	all     map[string]target
	scoped  []scope // the narrowest first
	sieve   sieve
}

type entry struct {
	Entry
	upper []int16  // the parents
	alone []string // the code; Places of a title made there alone
}

// target is what an alias leads to.
type target struct {
	entry int16 // -1: it says nothing
	top   int16 // the upper level, entry itself if it is of it; -1: open
}

type scope struct {
	where
	alias map[string]target
}

// Version names what the dictionary says, 16 hexadecimal digits.
func (d *Dictionary) Version() string { return d.version }

// Entries returns a field's vocabulary in the order of codes. It is the caller's.
func (d *Dictionary) Entries(f Field) []Entry {
	all := make([]Entry, 0, len(d.field[f].entries))
	for _, e := range d.field[f].entries {
		e.Parents = slices.Clone(e.Parents)
		all = append(all, e.Entry)
	}
	return all
}

// LookUp returns the entry of a code.
func (d *Dictionary) LookUp(f Field, code string) (Entry, bool) {
	i, ok := d.field[f].find(code)
	if !ok {
		return Entry{}, false
	}
	e := d.field[f].entries[i].Entry
	e.Parents = slices.Clone(e.Parents)
	return e, true
}

func (v *vocabulary) find(code string) (int, bool) {
	return slices.BinarySearchFunc(v.entries, code, func(e entry, code string) int { return strings.Compare(e.Code, code) })
}

// lookUp returns what a folded alias leads to: that of the province and property
// first, then of the province, of the property, of all.
func (v *vocabulary) lookUp(at where, folded []byte) (target, bool) {
	if !v.sieve.has(folded) {
		return target{}, false
	}
	for i := range v.scoped {
		s := &v.scoped[i]
		if (s.province == 0 || s.province == at.province) && (s.property == slotNone || s.property == at.property) {
			if t, ok := s.alias[string(folded)]; ok {
				return t, true
			}
		}
	}
	t, ok := v.all[string(folded)]
	return t, ok
}

//go:embed dictionary/*.csv
var embedded embed.FS

// Default returns the dictionary without an operator's part. A fault in it is one
// of the build, which the tests find.
var Default = sync.OnceValue(func() *Dictionary {
	d, err := Load(nil)
	if err != nil {
		panic("normal: " + err.Error())
	}
	return d
})

// Load reads the embedded dictionary and over it all *.csv of the operator's
// folder, whose lines win; nil is an operator without any. Faults come as
// LineErrors, joined, at most MaxFaults; then there is no dictionary.
func Load(operator fs.FS) (*Dictionary, error) {
	own, err := fs.Sub(embedded, "dictionary")
	if err != nil {
		return nil, err
	}
	b := newBuilder()
	for layer, folder := range []fs.FS{own, operator} {
		if folder == nil {
			continue
		}
		files, err := fs.ReadDir(folder, ".")
		if err != nil {
			return nil, fmt.Errorf("dictionaries: %w", err)
		}
		var lines []line
		for _, f := range files {
			if f.IsDir() || !strings.EqualFold(path.Ext(f.Name()), ".csv") || strings.HasPrefix(f.Name(), ".") || strings.HasPrefix(f.Name(), "~") {
				continue
			}
			data, err := fs.ReadFile(folder, f.Name())
			if err != nil {
				return nil, fmt.Errorf("dictionaries: %w", err)
			}
			more, faults := parse(f.Name(), data)
			lines = append(lines, more...)
			b.faults = append(b.faults, faults...)
		}
		b.add(layer, lines)
	}
	return b.build()
}

// MaxFaults is how many faults Load names.
const MaxFaults = 50

// builder puts lines together. Layer 0 is the embedded dictionary, 1 the
// operator's.
type builder struct {
	faults []error
	drafts [NumFields]map[string]*draft
	claims [NumFields]map[aliasKey]claim
}

type draft struct {
	code           string
	layer          int // that defines it
	at             position
	zh, en, parent told
}

// told is an attribute, and who said so.
type told struct {
	text  string
	layer int
	at    position
}

type aliasKey struct {
	where
	folded string
}

type claim struct {
	code, top string // top "": that of the entry
	layer     int
	at        position
	own       bool // the alias is the entry's code
}

func newBuilder() *builder {
	b := &builder{}
	for f := range b.drafts {
		b.drafts[f] = map[string]*draft{}
		b.claims[f] = map[aliasKey]claim{}
	}
	return b
}

func (b *builder) fail(at position, format string, args ...any) {
	b.faults = append(b.faults, at.fault(format, args...))
}

// add takes a layer's lines: first what entries there are, then their aliases.
func (b *builder) add(layer int, lines []line) {
	for _, l := range lines {
		if l.code == placeholder {
			continue
		}
		f := l.fields[0]
		d := b.drafts[f][l.code]
		if d == nil && l.zh != "" && l.en != "" {
			d = &draft{code: l.code, layer: layer, at: l.at}
			b.drafts[f][l.code] = d
		}
		if d == nil {
			continue // perhaps a later line defines it
		}
		b.say(d, &d.zh, "title", l.zh, layer, l.at)
		b.say(d, &d.en, "title", l.en, layer, l.at)
		b.say(d, &d.parent, "parent", strings.Join(l.parents, "|"), layer, l.at)
	}
	for _, f := range []Field{Genre, Place, Provider, Definition} {
		for _, code := range slices.Sorted(maps.Keys(b.drafts[f])) {
			if d := b.drafts[f][code]; d.layer == layer {
				b.claim(f, where{}, d.code, claim{code: d.code, layer: layer, at: d.at, own: true})
			}
		}
	}
	for _, l := range lines {
		for _, f := range l.fields {
			b.addAliases(layer, f, l)
		}
	}
}

func (b *builder) addAliases(layer int, f Field, l line) {
	c := claim{code: l.code, top: l.top, layer: layer, at: l.at}
	if l.code != placeholder {
		if b.drafts[f][l.code] == nil {
			b.fail(l.at, "no %s %q; a new one needs a Chinese and an English title", f, l.code)
			return
		}
		if l.top != "" && b.drafts[f][l.top] == nil {
			b.fail(l.at, "no %s %q", f, l.top)
			return
		}
		for _, title := range []string{l.zh, l.en} {
			if title != "" {
				b.claim(f, where{}, title, c)
			}
		}
	}
	for _, a := range l.aliases {
		b.claim(f, l.where, a, c)
	}
}

// say notes an attribute; a line of the same layer must not say otherwise.
func (b *builder) say(d *draft, t *told, what, value string, layer int, at position) {
	if value == "" {
		return
	}
	if t.text != "" && t.layer == layer && t.text != value {
		b.fail(at, "%s has %s %q here and %q in %s:%d", d.code, what, value, t.text, t.at.file, t.at.line)
		return
	}
	*t = told{value, layer, at}
}

// claim notes what an alias leads to.
func (b *builder) claim(f Field, w where, alias string, c claim) {
	var t text
	t.fold(alias)
	key := aliasKey{w, string(t.whole())}
	old, taken := b.claims[f][key]
	switch {
	case !taken:
	case old.code == c.code && (old.own || old.top == c.top):
		c.own, c.top = old.own, old.top // said again, perhaps in a later layer
	case old.own && c.own:
		b.fail(c.at, "code %q reads the same as code %q in %s:%d", c.code, old.code, old.at.file, old.at.line)
		return
	case old.own:
		b.fail(c.at, "%q is the code of another %s in %s:%d", alias, f, old.at.file, old.at.line)
		return
	case old.layer == c.layer:
		b.fail(c.at, "%q leads to %s here and to %s in %s:%d", alias, c.name(), old.name(), old.at.file, old.at.line)
		return
	}
	b.claims[f][key] = c
}

func (c claim) name() string {
	switch {
	case c.code == placeholder:
		return "nothing"
	case c.top != "":
		return c.top + "/" + c.code
	}
	return c.code
}

func (b *builder) build() (*Dictionary, error) {
	d := &Dictionary{}
	if len(b.faults) == 0 {
		for f := range Field(NumFields) {
			d.field[f] = b.vocabulary(f)
		}
	}
	slices.SortStableFunc(b.faults, inOrder)
	if n := len(b.faults); n > MaxFaults {
		b.faults = append(b.faults[:MaxFaults], fmt.Errorf("and %d faults more", n-MaxFaults))
	}
	if len(b.faults) > 0 {
		return nil, errors.Join(b.faults...)
	}
	d.version = d.hash()
	return d, nil
}

func inOrder(x, y error) int {
	var a, b *LineError
	if !errors.As(x, &a) || !errors.As(y, &b) {
		return 0
	}
	return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, strings.Compare(a.Text, b.Text))
}

func (b *builder) vocabulary(f Field) vocabulary {
	v := vocabulary{all: map[string]target{}}
	for _, code := range slices.Sorted(maps.Keys(b.drafts[f])) {
		dr := b.drafts[f][code]
		e := entry{Entry: Entry{Code: code, Parents: list(dr.parent.text), ZH: dr.zh.text, EN: dr.en.text}}
		e.alone = []string{code}
		v.entries = append(v.entries, e)
	}
	if len(v.entries) > 1<<15-1 {
		b.fail(position{file: f.String()}, "more than %d entries", 1<<15-1)
		return v
	}
	for i := range v.entries {
		e := &v.entries[i]
		at := b.drafts[f][e.Code].parent.at
		for _, p := range e.Parents {
			j, ok := v.find(p)
			switch {
			case !ok:
				b.fail(at, "%s: no parent %q", e.Code, p)
			case j == i:
				b.fail(at, "%s is its own parent", e.Code)
			case len(v.entries[j].Parents) > 0:
				b.fail(at, "%s: parent %q has a parent itself; there are two levels", e.Code, p)
			}
			e.upper = append(e.upper, int16(j))
		}
	}
	for key, c := range b.claims[f] {
		b.put(f, &v, key, c)
	}
	slices.SortFunc(v.scoped, func(x, y scope) int { return y.where.rank() - x.where.rank() })
	return v
}

// rank orders the narrower before the wider; no two scopes share one.
func (w where) rank() int {
	r := int(w.province)<<8 | int(w.property)
	if w.province != 0 {
		r |= 1 << 17
	}
	if w.province != 0 && w.property != slotNone {
		r |= 1 << 18
	}
	return r
}

func (b *builder) put(f Field, v *vocabulary, key aliasKey, c claim) {
	t := target{-1, -1}
	if c.code != placeholder {
		i, _ := v.find(c.code)
		t.entry = int16(i)
		switch upper := v.entries[i].upper; {
		case c.top != "":
			j, _ := v.find(c.top)
			if t.top = int16(j); !slices.Contains(upper, t.top) {
				b.fail(c.at, "%s does not stand below %s", c.code, c.top)
			}
		case len(upper) == 0:
			t.top = t.entry
		case len(upper) == 1:
			t.top = upper[0]
		}
	}
	v.sieve.add(key.folded)
	if key.where == (where{}) {
		v.all[key.folded] = t
		return
	}
	// A code keeps its meaning everywhere.
	if own, ok := b.claims[f][aliasKey{folded: key.folded}]; ok && own.own && own.code != c.code {
		if c.layer >= own.layer {
			b.fail(c.at, "%q is the code of another %s in %s:%d", key.folded, f, own.at.file, own.at.line)
		}
		return
	}
	i := slices.IndexFunc(v.scoped, func(s scope) bool { return s.where == key.where })
	if i < 0 {
		i = len(v.scoped)
		v.scoped = append(v.scoped, scope{key.where, map[string]target{}})
	}
	v.scoped[i].alias[key.folded] = t
}
