package wording

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// files hold the pairs: an English line, the Chinese below it, a blank line; lines that
// begin with # say something about them.
//
//go:embed zh/*.txt
var files embed.FS

// What is put into holes of messages: phrases, and units of figures. All other files are
// of messages, each of a package.
const (
	phrasesFile = "zh/phrases.txt"
	unitsFile   = "zh/units.txt"
)

// pair is a message in English and in Chinese.
type pair struct {
	english, chinese string
	file             string
	line             int
	from, to         format
	weight           int
}

// readPairs reads all files, and refuses whatever could go wrong when they are used.
func readPairs(from fs.FS) ([]*pair, error) {
	names, err := fs.Glob(from, "zh/*.txt")
	if err != nil {
		return nil, err
	}
	var all []*pair
	var faults []error
	for _, name := range names {
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		pairs, err := parsePairs(name, string(text))
		all = append(all, pairs...)
		faults = append(faults, err)
	}
	type key struct{ kind, shape string }
	seen := map[key]*pair{}
	for _, p := range all {
		k := key{p.kind(), p.from.shape()}
		if before, twice := seen[k]; twice {
			faults = append(faults, fmt.Errorf("%s: %q, or what cannot be told from it, stands at %s too", p.at(), p.english, before.at()))
		}
		seen[k] = p
	}
	return all, errors.Join(faults...)
}

// kind is the file of a phrase or unit, "" of a message.
func (p *pair) kind() string {
	if p.file == phrasesFile || p.file == unitsFile {
		return p.file
	}
	return ""
}

func (p *pair) at() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

func parsePairs(name, text string) ([]*pair, error) {
	var all []*pair
	var faults []error
	var english string
	for n, line := range strings.Split(text, "\n") {
		at := fmt.Sprintf("%s:%d", name, n+1)
		switch {
		case strings.HasPrefix(line, "#"):
		case line == "":
			if english != "" {
				faults = append(faults, fmt.Errorf("%s: %q has no Chinese", at, english))
				english = ""
			}
		case english == "":
			english = line
		default:
			p, err := newPair(english, line)
			english = ""
			if err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", at, err))
				continue
			}
			p.file, p.line = name, n+1
			all = append(all, p)
		}
	}
	if english != "" {
		faults = append(faults, fmt.Errorf("%s: %q has no Chinese", name, english))
	}
	return all, errors.Join(faults...)
}

// newPair holds the holes of both sides against each other: the Chinese has every
// argument of the English, with its verb, or with one of ours that puts it into words.
func newPair(english, chinese string) (*pair, error) {
	from, err := parseFormat(english)
	if err != nil {
		return nil, err
	}
	to, err := parseFormat(chinese)
	if err != nil {
		return nil, err
	}
	verbs := make([]byte, from.args())
	for n, s := range from {
		if s.verb == 0 {
			continue
		}
		if !sourceVerb(s.verb) || verbs[s.arg] != 0 {
			return nil, fmt.Errorf("%q: no source has such arguments", english)
		}
		if n > 0 && from[n-1].verb != 0 && !sure(from[n-1].verb) && !sure(s.verb) {
			return nil, fmt.Errorf("%q: two arguments side by side cannot be told apart", english)
		}
		verbs[s.arg] = s.verb
	}
	used := make([]bool, len(verbs))
	for _, s := range to {
		switch {
		case s.verb == 0:
		case s.arg >= len(verbs):
			return nil, fmt.Errorf("%q has no argument %d of %q", english, s.arg+1, chinese)
		case !sourceVerb(s.verb) && !sure(verbs[s.arg]), s.verb == verbs[s.arg]:
			used[s.arg] = true
		default:
			return nil, fmt.Errorf("%q: argument %d is %%%c there, and %%%c in %q", english, s.arg+1, verbs[s.arg], s.verb, chinese)
		}
	}
	if n := slices.Index(used, false); n >= 0 {
		return nil, fmt.Errorf("%q: argument %d is missing in %q", english, n+1, chinese)
	}
	return &pair{english: english, chinese: chinese, from: from, to: to, weight: from.weight()}, nil
}

func sourceVerb(verb byte) bool { return verb != words && verb != list && verb != unit }

// sure reports whether a verb's argument has an end of its own.
func sure(verb byte) bool { return verb == 'd' || verb == 'q' }

func readBook(from fs.FS) (*book, error) {
	all, err := readPairs(from)
	if err != nil {
		return nil, err
	}
	heads := func() shelf { return shelf{heads: map[string][]*pair{}} }
	b := &book{messages: heads(), phrases: heads(), units: map[string]string{}}
	slices.SortStableFunc(all, func(x, y *pair) int { return cmp.Compare(y.weight, x.weight) })
	for _, p := range all {
		switch p.kind() {
		case unitsFile:
			b.units[p.english] = p.chinese
		case phrasesFile:
			b.phrases.put(p)
		default:
			b.messages.put(p)
		}
	}
	return b, nil
}
