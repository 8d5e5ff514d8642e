package normal

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"iptvdc/aggregator"
)

// Entry is one line of a dictionary.
type Entry struct {
	Code string
	// Parent is the genre of a sub-genre ("*": any), the region of a place, the
	// province of a provider's line ("": all).
	Parent string
	ZH, EN string
}

// Dictionary is what words mean. It never changes; safe for concurrent use.
type Dictionary struct {
	genres    table
	places    table
	providers map[aggregator.Province]table // 0: of all provinces
	blanks    map[string]bool
	version   uint64
}

// table finds entries by any of their words.
type table struct {
	byWord map[string]*Entry
	all    []*Entry
}

// The names of the dictionaries' files.
const (
	GenreFile    = "genre.csv"
	PlaceFile    = "place.csv"
	ProviderFile = "provider.csv"
	BlankFile    = "blank.csv"
)

//go:embed dictionaries/*.csv
var embedded embed.FS

// maxFile is the greatest size of a dictionary's file.
const maxFile = 16 << 20

// Default returns the dictionaries that come with the program.
func Default() *Dictionary {
	d, err := Read(nil)
	if err != nil {
		panic("normal: " + err.Error()) // a fault of the build, which tests find
	}
	return d
}

// Read reads the dictionaries that come with the program and over them the files
// of the same names in own, an operator's; nil, or files that are not there: only
// ours. A line of the operator's takes its code and its words away from ours; two
// lines of one file that claim one word are an error. Errors name file and line;
// all that are found are returned together.
func Read(own fs.FS) (*Dictionary, error) {
	ours, err := fs.Sub(embedded, "dictionaries")
	if err != nil {
		return nil, err
	}
	d := &Dictionary{providers: map[aggregator.Province]table{}, blanks: map[string]bool{"": true}}
	hash := sha256.New()
	var bad []error
	for _, name := range []string{GenreFile, PlaceFile, ProviderFile, BlankFile} {
		for i, from := range []fs.FS{ours, own} {
			if from == nil {
				continue
			}
			text, err := fs.ReadFile(from, name)
			if errors.Is(err, fs.ErrNotExist) && i > 0 {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("dictionary: %w", err)
			}
			hash.Write(text)
			hash.Write([]byte{0})
			bad = append(bad, d.read(name, text)...)
		}
	}
	for _, t := range []*table{&d.genres, &d.places} {
		slices.SortFunc(t.all, func(a, b *Entry) int { return cmp.Compare(a.Code, b.Code) })
	}
	for _, e := range d.genres.all {
		if p := e.Parent; p != "" && p != "*" && (d.genres.byWord[p] == nil || d.genres.byWord[p].Parent != "") {
			bad = append(bad, fmt.Errorf("%s: %s: its parent %q is no genre; write the code of one, or *", GenreFile, e.Code, p))
		}
	}
	if err := errors.Join(bad...); err != nil {
		return nil, err
	}
	d.version = binary.BigEndian.Uint64(hash.Sum(nil))
	return d, nil
}

// Version names the dictionaries' content: with another version the same catalogue
// may mean something else. Never 0.
func (d *Dictionary) Version() uint64 { return max(1, d.version) }

// Genres and Places list the entries by code.
func (d *Dictionary) Genres() []Entry { return d.genres.list() }
func (d *Dictionary) Places() []Entry { return d.places.list() }

func (t *table) list() []Entry {
	all := make([]Entry, len(t.all))
	for i, e := range t.all {
		all[i] = *e
	}
	return all
}

// read adds a file.
func (d *Dictionary) read(name string, text []byte) (bad []error) {
	fault := func(line int, format string, args ...any) {
		bad = append(bad, fmt.Errorf("%s line %d: "+format, append([]any{name, line}, args...)...))
	}
	if len(text) > maxFile {
		fault(1, "%d bytes, at most %d", len(text), maxFile)
		return bad
	}
	if !utf8.Valid(text) {
		fault(1+bytes.Count(text[:firstInvalid(text)], []byte("\n")), "not UTF-8; save it as UTF-8")
		return bad
	}
	claimed := map[string]int{} // by scope and word, in this file
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	lines.Buffer(nil, maxFile)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if name == BlankFile {
			d.blanks[fold(line)] = true
			continue
		}
		e, words, why := parseLine(name, line)
		if why != "" {
			fault(n, "%s", why)
			continue
		}
		t, scope, why := d.tableFor(name, e)
		if why != "" {
			fault(n, "%s", why)
			continue
		}
		clash := false
		for _, w := range words {
			if before, taken := claimed[scope+"\x00"+w]; taken && before != n {
				fault(n, "%q stands in line %d too; each word may mean one thing", w, before)
				clash = true
			}
			claimed[scope+"\x00"+w] = n
		}
		if !clash {
			t.put(e, words)
			d.keep(name, e, t)
		}
	}
	return bad
}

func firstInvalid(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return len(b)
}

// parseLine reads a line of five columns (a provider's has four). Why says what
// is wrong.
func parseLine(name, line string) (e *Entry, words []string, why string) {
	want, form := 5, "code,parent,zh,en,alias|alias"
	switch name {
	case PlaceFile:
		form = "code,region,zh,en,alias|alias"
	case ProviderFile:
		want, form = 4, "code,province,name,alias|alias"
	}
	cells := strings.Split(line, ",")
	if len(cells) != want {
		return nil, nil, fmt.Sprintf("%d columns; write %s", len(cells), form)
	}
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	e = &Entry{Code: cells[0], Parent: cells[1], ZH: cells[2], EN: cells[want-2]}
	if e.Code == "" || e.ZH == "" || e.EN == "" || strings.ContainsAny(e.Code, "| \t") {
		return nil, nil, "code or name is empty, or the code has a space; write " + form
	}
	words = []string{fold(e.Code), fold(e.ZH), fold(e.EN)}
	for a := range strings.SplitSeq(cells[want-1], "|") {
		if a = fold(a); a != "" {
			words = append(words, a)
		}
	}
	slices.Sort(words)
	return e, slices.Compact(words), ""
}

// tableFor is where an entry goes, and in which scope its words must be unique.
func (d *Dictionary) tableFor(name string, e *Entry) (*table, string, string) {
	switch name {
	case GenreFile:
		return &d.genres, "", ""
	case PlaceFile:
		if e.Parent == "" {
			return nil, "", "the region is empty"
		}
		return &d.places, "", ""
	}
	p := aggregator.Province(0)
	if e.Parent != "" {
		var err error
		if p, err = aggregator.ParseProvince(e.Parent); err != nil {
			return nil, "", fmt.Sprintf("%q is no province; write two digits as 33, or nothing for all", e.Parent)
		}
	}
	t := d.providers[p]
	return &t, e.Parent, ""
}

func (d *Dictionary) keep(name string, e *Entry, t *table) {
	if name == ProviderFile {
		p, _ := aggregator.ParseProvince(e.Parent) // checked; "" gives 0
		d.providers[p] = *t
	}
}

// put adds an entry; it takes its code and words from who had them.
func (t *table) put(e *Entry, words []string) {
	if t.byWord == nil {
		t.byWord = map[string]*Entry{}
	}
	t.all = slices.DeleteFunc(t.all, func(old *Entry) bool { return old.Code == e.Code })
	for w, old := range t.byWord {
		if old.Code == e.Code {
			delete(t.byWord, w)
		}
	}
	t.all = append(t.all, e)
	for _, w := range words {
		t.byWord[w] = e
	}
}

// find returns the entry of a word that is already folded; nil: there is none.
func (t table) find(word string) *Entry { return t.byWord[word] }
