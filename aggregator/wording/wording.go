// Package wording holds the Chinese of what the centre tells people when it refuses.
//
// Messages are written in English where they are made, as formats. For each there is a
// pair in the folder zh: the format as the source has it and its Chinese. A finished
// message is put into Chinese by the pair that it fits; what was put into its holes goes
// into those of the Chinese.
package wording

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// MaxMessage is the greatest message that is looked at, in bytes; no refusal comes near.
const MaxMessage = 8 << 10

// maxDepth bounds messages within messages: board, tab, widget, figure, formula.
const maxDepth = 6

// Chinese returns a message in Chinese. False says that no pair fits it: then it is
// returned as it came. It never fails and is safe for concurrent use.
func Chinese(message string) (string, bool) {
	if message == "" || len(message) > MaxMessage {
		return message, false
	}
	return known().chinese(message, 0)
}

// Phrase is as Chinese, of a message or of what is put into one, as why a message was not
// sent. What is not known comes back as it came: other programs' words are often there.
func Phrase(text string) string {
	if text == "" || len(text) > MaxMessage {
		return text
	}
	b := known()
	if zh, ok := b.chinese(text, 0); ok {
		return zh
	}
	zh, _ := b.phrase(text, 0)
	return zh
}

// known are the pairs of the program, read once.
var known = sync.OnceValue(func() *book {
	b, err := readBook(files)
	if err != nil {
		panic("BUG: " + err.Error()) // a test reads them too
	}
	return b
})

// headLen is how much of the text before the first hole pairs are found by.
const headLen = 6

// book is all that is known.
type book struct {
	messages shelf
	phrases  shelf             // what is put into holes; never a whole message
	units    map[string]string // by what formulas call them
}

// chinese puts a whole message into Chinese.
func (b *book) chinese(message string, depth int) (string, bool) {
	p, args := b.messages.best(message)
	if p == nil {
		return message, false
	}
	return b.fill(p, args, depth), true
}

// shelf is pairs by how they begin, each slice in the order of their weight.
type shelf struct {
	heads map[string][]*pair // by their first headLen bytes
	short []*pair            // those that have a hole sooner
	open  []*pair            // those that begin with one
}

func (s *shelf) put(p *pair) {
	switch head := p.from.head(); {
	case len(head) >= headLen:
		s.heads[head[:headLen]] = append(s.heads[head[:headLen]], p)
	case head != "":
		s.short = append(s.short, p)
	default:
		s.open = append(s.open, p)
	}
}

// best is the pair with the most text of its own among those that fit. Those that begin
// with a hole come last: a message within another would have them swallow what stands
// before it.
func (s *shelf) best(message string) (*pair, []string) {
	var found *pair
	var args []string
	look := func(all []*pair) {
		for _, p := range all {
			if found != nil && p.weight <= found.weight {
				return // they are in order
			}
			if got, ok := p.from.match(message); ok {
				found, args = p, got
				return
			}
		}
	}
	if len(message) >= headLen {
		look(s.heads[message[:headLen]])
	}
	look(s.short)
	if found == nil {
		look(s.open)
	}
	return found, args
}

func (b *book) fill(p *pair, args []string, depth int) string {
	out := ""
	for _, s := range p.to {
		switch s.verb {
		case 0:
			out = set(out, s.text)
		case words:
			out = set(out, b.within(args[s.arg], depth+1))
		case unit:
			out = set(out, b.unit(args[s.arg]))
		case list:
			out = set(out, joined(args[s.arg]))
		case 'd':
			out += args[s.arg]
		default:
			out = set(out, quoted(args[s.arg]))
		}
	}
	return out
}

// set sets a text behind another as Chinese is set: a space between it and narrow letters
// or digits, none beside its quotes. What stands in a hole is not known where a pair is
// written.
func set(out, text string) string {
	last, _ := utf8.DecodeLastRuneInString(out)
	first, _ := utf8.DecodeRuneInString(text)
	switch {
	case unicode.Is(unicode.Han, last) && narrow(first), narrow(last) && unicode.Is(unicode.Han, first):
		return out + " " + text
	case last == '”' && first == ' ':
		return out + text[1:]
	case first == '“' && last == ' ':
		return out[:len(out)-1] + text
	}
	return out + text
}

func narrow(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// within puts what stood in a hole into Chinese: a message of its own, phrases, or a list
// of them; anything else stays as it is.
func (b *book) within(arg string, depth int) string {
	if depth > maxDepth {
		return arg
	}
	if text, ok := b.chinese(arg, depth); ok {
		return text
	}
	if parts := strings.Split(arg, "; "); len(parts) > 1 && b.all(parts, depth) {
		return strings.Join(parts, "；")
	}
	if text, ok := b.phrase(arg, depth); ok {
		return text
	}
	for _, by := range []string{", ", ","} {
		if parts := strings.Split(arg, by); len(parts) > 1 && b.all(parts, depth) {
			return strings.Join(parts, "、")
		}
	}
	return joined(arg)
}

// all puts every part into Chinese if each is a phrase.
func (b *book) all(parts []string, depth int) bool {
	in := make([]string, len(parts))
	for n, part := range parts {
		text, ok := b.phrase(part, depth)
		if !ok && !isSource(part) {
			return false
		}
		in[n] = text
	}
	copy(parts, in)
	return true
}

// isSource reports whether a word is the data set of one own data source, among others.
func isSource(word string) bool { return strings.HasPrefix(word, "src.") }

func (b *book) phrase(arg string, depth int) (string, bool) {
	p, args := b.phrases.best(arg)
	if p == nil {
		return arg, false
	}
	return b.fill(p, args, depth), true
}

// unit is a unit of figures, or a product of them, as minutes^2·boxes.
func (b *book) unit(arg string) string {
	parts := strings.Split(arg, "·")
	for n, part := range parts {
		base, power, raised := strings.Cut(part, "^")
		if zh, ok := b.units[base]; ok {
			base = zh
		}
		if raised {
			base += "^" + power
		}
		parts[n] = base
	}
	return strings.Join(parts, "·")
}

// joined writes a list of words as Chinese does: what English has as "a, b" or, as Go
// prints it, "[a b]". Only single words make one: a text with commas is nobody's list.
func joined(arg string) string {
	if inner, ok := strings.CutPrefix(arg, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok {
			return strings.Join(strings.Fields(inner), "、")
		}
	}
	all := strings.Split(arg, ", ")
	for _, w := range all {
		if w == "" || strings.ContainsAny(w, " :;") {
			return arg
		}
	}
	return strings.Join(all, "、")
}
