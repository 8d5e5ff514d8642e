package wording

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// segment is a part of a format: a text, or a hole for an argument.
type segment struct {
	text string
	verb byte // 0: a text; else the letter behind the %
	arg  int  // which argument, from 0
}

// Verbs that the Chinese has beside those of the English: what stands in such a hole is
// put into words in turn.
const (
	words = 'w' // a message, phrases
	list  = 'l' // words that stay as they are: what may be given
	unit  = 'u' // a unit of figures
)

// format is a format as fmt has it, taken apart.
type format []segment

// parseFormat reads verbs with flags and widths, which do not matter here, and numbered
// arguments, as %[2]s.
func parseFormat(s string) (format, error) {
	var f format
	var text strings.Builder
	next := 0
	flush := func() {
		if text.Len() > 0 {
			f = append(f, segment{text: text.String()})
			text.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			text.WriteByte(s[i])
			continue
		}
		i++
		if i < len(s) && s[i] == '%' {
			text.WriteByte('%')
			continue
		}
		for i < len(s) && strings.IndexByte("+-# 0123456789.", s[i]) >= 0 {
			i++
		}
		if i < len(s) && s[i] == '[' {
			end := strings.IndexByte(s[i:], ']')
			if end < 0 {
				return nil, fmt.Errorf("%q: a [ is not closed", s)
			}
			n, err := strconv.Atoi(s[i+1 : i+end])
			if err != nil || n < 1 {
				return nil, fmt.Errorf("%q: [%s] is no number of an argument", s, s[i+1:i+end])
			}
			next, i = n-1, i+end+1
		}
		if i >= len(s) || strings.IndexByte("sdqvgtxwlu", s[i]) < 0 {
			return nil, fmt.Errorf("%q: a %% without a verb; write %%%% for a percent sign", s)
		}
		flush()
		f = append(f, segment{verb: s[i], arg: next})
		next++
	}
	flush()
	if len(f) == 0 {
		return nil, errors.New("a format is empty")
	}
	return f, nil
}

// weight is how much text of its own a format has, in bytes.
func (f format) weight() (n int) {
	for _, s := range f {
		n += len(s.text)
	}
	return n
}

// shape is what messages of a format have in common.
func (f format) shape() string {
	var b strings.Builder
	for _, s := range f {
		switch {
		case s.verb == 0:
			b.WriteString(strings.ReplaceAll(s.text, "%", "%%"))
		case sure(s.verb):
			b.WriteString("%" + string(s.verb))
		default:
			b.WriteString("%s")
		}
	}
	return b.String()
}

// head is the text before the first hole.
func (f format) head() string {
	if f[0].verb == 0 {
		return f[0].text
	}
	return ""
}

// match reports whether a finished message is of a format, and what its holes hold: one
// of %d a whole number, one of %q what Go quotes, any other the least that lets the rest
// fit. It takes time in the message's length times the format's.
func (f format) match(message string) ([]string, bool) {
	args := make([]string, f.args())
	i, at := 0, 0
	// As with * in names of files: if the rest does not fit, the last hole of anything
	// holds more. Those before it need not: what stands between fitted where it first could.
	star, from, ends := -1, 0, 0
	for i < len(f) || at < len(message) {
		if i < len(f) && f[i].anything() {
			star, from, ends = i, at, at
			args[f[i].arg] = ""
			i++
			continue
		}
		if i < len(f) {
			if n := f[i].length(message[at:]); n > 0 {
				if f[i].verb != 0 {
					args[f[i].arg] = message[at : at+n]
				}
				at += n
				i++
				continue
			}
		}
		if star < 0 || ends == len(message) {
			return nil, false
		}
		ends++
		switch next := star + 1; {
		case next == len(f):
			ends = len(message)
		case f[next].verb == 0: // on to where the text behind it is
			skip := strings.Index(message[ends:], f[next].text)
			if skip < 0 {
				return nil, false
			}
			ends += skip
		}
		args[f[star].arg] = message[from:ends]
		i, at = star+1, ends
	}
	return args, true
}

// anything reports whether a hole may hold any text, also none.
func (s segment) anything() bool { return s.verb != 0 && !sure(s.verb) }

// length is how many bytes at the beginning of a message are a segment's; 0: it does not
// fit.
func (s segment) length(message string) int {
	switch {
	case s.verb == 'd':
		return number(message)
	case s.verb == 'q':
		return quote(message)
	case strings.HasPrefix(message, s.text):
		return len(s.text)
	}
	return 0
}

func (f format) args() (n int) {
	for _, s := range f {
		if s.verb != 0 {
			n = max(n, s.arg+1)
		}
	}
	return n
}

// number is how many bytes of s are a whole number.
func number(s string) int {
	n := 0
	if strings.HasPrefix(s, "-") {
		n = 1
	}
	digits := n
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n == digits {
		return 0
	}
	return n
}

// quote is how many bytes of s are what %q writes.
func quote(s string) int {
	q, err := strconv.QuotedPrefix(s)
	if err != nil {
		return 0
	}
	return len(q)
}

// quoted writes what Go quoted as Chinese does, unless it holds what cannot be seen, and
// anything else as it is.
func quoted(s string) string {
	if s == "" || s[0] != '"' && s[0] != '\'' {
		return s
	}
	text, err := strconv.Unquote(s)
	if err != nil || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
		return s
	}
	return "“" + text + "”"
}
