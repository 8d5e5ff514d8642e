package wording

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// machines are folders whose refusals go to programs of other systems in their own
// protocol, never to the page.
var machines = map[string]bool{"c3/soap": true}

// TestEveryMessageHasChinese holds the source against the pairs: a message without
// Chinese, one that is half English, and a pair that nothing in the source makes.
func TestEveryMessageHasChinese(t *testing.T) {
	src := readSource(t)
	if len(src.messages) < 500 {
		t.Fatalf("only %d messages were found in the source", len(src.messages))
	}
	b := known()
	pairs, err := readPairs(files)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, m := range src.messages {
		if machines[m.folder] {
			continue
		}
		if !saying.MatchString(m.format) {
			t.Errorf("%s: a message is put together where it cannot be read (%q); write its text where the error is made", m.at, m.format)
			continue
		}
		said := sample(t, m.format)
		zh, ok := b.chinese(said, 0)
		if !ok {
			t.Errorf("%s: there is no Chinese of\n\t%s\nadd a pair to aggregator/wording/zh", m.at, m.format)
			continue
		}
		mark(b, said, used)
		for _, run := range twoWords.FindAllString(zh, -1) {
			if strings.Contains(m.format, run) && !inChinese(pairs, run) {
				t.Errorf("%s: %q stays English in %q", m.at, run, zh)
			}
		}
		for _, arg := range samples.FindAllString(said, -1) {
			if !strings.Contains(zh, arg) {
				t.Errorf("%s: %q lacks the argument %s of %q", m.at, zh, arg, m.format)
			}
		}
	}
	for _, p := range pairs {
		switch {
		case p.kind() == "" && !used[p.english]:
			t.Errorf("%s: nothing in the source says %q any more; remove the pair", p.at(), p.english)
		case p.kind() != "":
			for _, s := range p.from {
				if s.verb == 0 && !src.says(s.text) {
					t.Errorf("%s: nothing in the source says %q any more; remove the pair", p.at(), s.text)
				}
			}
		}
	}
}

// says reports whether a text of the source holds another, or texts of its words do, as
// of " in " behind the name of a data set.
func (s source) says(text string) bool {
	if strings.Contains(s.text, text) {
		return true
	}
	for _, w := range strings.Fields(text) {
		if !s.literals[w] && !s.literals[" "+w+" "] {
			return false
		}
	}
	return true
}

var (
	saying   = regexp.MustCompile(`[A-Za-z]{3,}`)
	twoWords = regexp.MustCompile(`[a-z]{2,} [a-z]{2,}`)
	samples  = regexp.MustCompile(`70[0-9]+|arg[0-9]+`)
)

// sample makes a finished message of a format, with arguments that can be told apart.
func sample(t *testing.T, s string) string {
	t.Helper()
	f, err := parseFormat(s)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for n, s := range f {
		switch s.verb {
		case 0:
			out.WriteString(s.text)
		case 'd':
			fmt.Fprint(&out, 7000+n)
		case 'q':
			out.WriteString(strconv.Quote(fmt.Sprint("arg", n)))
		default:
			fmt.Fprint(&out, "arg", n)
		}
	}
	return out.String()
}

// mark notes the messages by which a text and what is in its holes were put into Chinese.
func mark(b *book, message string, used map[string]bool) {
	p, args := b.messages.best(message)
	if p == nil {
		if p, args = b.phrases.best(message); p == nil {
			return
		}
	}
	used[p.english] = true
	for _, s := range p.to {
		if s.verb != 0 {
			mark(b, args[s.arg], used)
		}
	}
}

func inChinese(pairs []*pair, text string) bool {
	for _, p := range pairs {
		if strings.Contains(p.chinese, text) {
			return true
		}
	}
	return false
}
