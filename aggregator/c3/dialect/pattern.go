package dialect

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"iptvdc/aggregator"
)

// pattern is the form of a file's name, of a header or trailer, or of a line in
// a manifest: literal text and named parts in braces, as
// "USER_{day:yyyyMMdd}_{seq:4}.txt". It reads, and it writes.
//
//	{day:yyyyMMdd} {time:yyyyMMddHHmm}  a day or time in that notation
//	{seq} {rows} {bytes}   a whole number; {seq:4} of four digits
//	{spid} {province}      letters and digits; {spid:8} of eight
//	{md5} {sha1} {sha256}  a checksum in hexadecimal
//	{name}                 a file's name; {stem}: without its last extension
//	{any}                  anything, written as nothing
//	{{                     a brace
type pattern struct {
	text  string
	parts []patternPart
	re    *regexp.Regexp
}

type patternPart struct {
	lit   string // of literal text, then name is ""
	name  string
	width int // 0: as it comes
	clock *clock
}

// partForms has the characters of each part, as regular expressions. Lengths are
// left to read where they can be: counted repetitions make slow programs.
var partForms = map[string]struct{ class, times string }{
	"seq": {`[0-9]`, `+`}, "rows": {`[0-9]`, `+`}, "bytes": {`[0-9]`, `+`},
	"spid": {`[0-9A-Za-z]`, `+`}, "province": {`[0-9A-Za-z]`, `+`},
	"md5": {`[0-9A-Fa-f]`, `{32}`}, "sha1": {`[0-9A-Fa-f]`, `{40}`}, "sha256": {`[0-9A-Fa-f]`, `{64}`},
	"name": {`[^/\\\x00-\x1f]`, `+`}, "stem": {`[^/\\\x00-\x1f]`, `+`}, "any": {`.`, `*`},
}

const partNames = "day, time, seq, rows, bytes, spid, province, md5, sha1, sha256, name, stem, any"

// parsePattern reads a pattern. Unescaped, \t and \x01 in text are taken for
// what they stand for.
func parsePattern(text string) (*pattern, error) {
	p := &pattern{text: text}
	if len(text) > 500 {
		return nil, fmt.Errorf("longer than 500 characters")
	}
	var re strings.Builder
	re.WriteString(`\A`)
	literal := func(s string) {
		if n := len(p.parts); n > 0 && p.parts[n-1].name == "" {
			p.parts[n-1].lit += s
		} else {
			p.parts = append(p.parts, patternPart{lit: s})
		}
		re.WriteString(regexp.QuoteMeta(s))
	}
	for rest := text; rest != ""; {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			literal(rest)
			break
		}
		if open > 0 {
			literal(rest[:open])
		}
		rest = rest[open:]
		if strings.HasPrefix(rest, "{{") {
			literal("{")
			rest = rest[2:]
			continue
		}
		end := strings.IndexByte(rest, '}')
		if end < 0 {
			return nil, fmt.Errorf("%q: a { is not closed; write {{ for a brace", text)
		}
		part, form, err := parsePart(rest[1:end])
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		if part.name != "any" && slices.ContainsFunc(p.parts, func(q patternPart) bool { return q.name == part.name }) {
			return nil, fmt.Errorf("%q: {%s} comes twice", text, part.name)
		}
		p.parts = append(p.parts, part)
		re.WriteString("(" + form + ")")
		rest = rest[end+1:]
	}
	re.WriteString(`\z`)
	var err error
	if p.re, err = regexp.Compile(re.String()); err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	return p, nil
}

func parsePart(inside string) (part patternPart, form string, err error) {
	name, spec, has := strings.Cut(inside, ":")
	part.name = name
	if name == "day" || name == "time" {
		if !has {
			return part, "", fmt.Errorf("{%s} needs a notation, as {%s:yyyyMMdd}", name, name)
		}
		// Header lines and names carry local time; a Z there is local too.
		if part.clock, err = parseClock(spec, 8*aggregator.HourMs, "local"); err != nil {
			return part, "", err
		}
		if part.clock.length == 0 {
			return part, "", fmt.Errorf("{%s:%s}: here only notations of fixed length are read", name, spec)
		}
		return part, fmt.Sprintf(".{%d}", part.clock.length), nil
	}
	f, ok := partForms[name]
	if !ok {
		return part, "", fmt.Errorf("there is no part {%s}; allowed: %s", name, partNames)
	}
	if has {
		n, err := strconv.Atoi(spec)
		if err != nil || n < 1 || n > 255 || strings.HasPrefix(name, "md5") || strings.HasPrefix(name, "sha") {
			return part, "", fmt.Errorf("{%s}: after the colon stands how many characters it has", inside)
		}
		part.width = n
		f.times = fmt.Sprintf("{%d}", n)
	}
	return part, f.class + f.times, nil
}

func (p *pattern) has(name string) bool {
	return p != nil && slices.ContainsFunc(p.parts, func(q patternPart) bool { return q.name == name })
}

// prefix is the literal text with which the pattern begins.
func (p *pattern) prefix() string {
	if len(p.parts) == 0 {
		return ""
	}
	return p.parts[0].lit
}

// Parts are the values of named parts. The zero Parts has none.
type Parts struct {
	// Day is what {day} says; HasDay: it was there. TimeMs is {time}, UTC
	// milliseconds, 0 if there is none.
	Day    aggregator.Day
	HasDay bool
	TimeMs int64
	// Seq, Rows and Bytes are -1 if there are none.
	Seq, Rows, Bytes int64
	// Texts of the other parts by their names.
	Texts map[string]string
}

// NewParts is Parts without any.
func NewParts() Parts { return Parts{Seq: -1, Rows: -1, Bytes: -1} }

// read takes text apart; false if it does not have the form, or a day that
// cannot be.
func (p *pattern) read(text string) (Parts, bool) {
	out := NewParts()
	if len(text) > 4096 {
		return out, false
	}
	m := p.re.FindStringSubmatch(text)
	if m == nil {
		return out, false
	}
	i := 0
	for _, part := range p.parts {
		if part.name == "" {
			continue
		}
		i++
		v := m[i]
		switch part.name {
		case "day", "time":
			ms, ok := part.clock.parse([]byte(v))
			if !ok {
				return out, false
			}
			if part.name == "day" {
				out.Day, out.HasDay = aggregator.DayOf(ms), true
			} else {
				out.TimeMs = ms
			}
		case "seq", "rows", "bytes":
			n, ok := digits([]byte(v), 18)
			if !ok {
				return out, false
			}
			switch part.name {
			case "seq":
				out.Seq = n
			case "rows":
				out.Rows = n
			default:
				out.Bytes = n
			}
		case "any":
		default:
			if out.Texts == nil {
				out.Texts = map[string]string{}
			}
			out.Texts[part.name] = v
		}
	}
	return out, true
}

// write puts parts together, and says which is missing or does not fit.
func (p *pattern) write(about Parts) (string, error) {
	var b []byte
	for _, part := range p.parts {
		var v []byte
		switch part.name {
		case "":
			b = append(b, part.lit...)
			continue
		case "any":
			v = []byte(strings.Repeat("0", part.width))
		case "day":
			if !about.HasDay {
				return "", fmt.Errorf("%q needs a day", p.text)
			}
			v = part.clock.format(nil, about.Day.Start())
		case "time":
			ms := about.TimeMs
			if ms == 0 && about.HasDay {
				ms = about.Day.Start()
			}
			v = part.clock.format(nil, ms)
		case "seq", "rows", "bytes":
			n := map[string]int64{"seq": about.Seq, "rows": about.Rows, "bytes": about.Bytes}[part.name]
			if n < 0 {
				return "", fmt.Errorf("%q needs %s", p.text, part.name)
			}
			v = strconv.AppendInt(nil, n, 10)
			if pad := part.width - len(v); pad > 0 {
				v = append([]byte(strings.Repeat("0", pad)), v...)
			}
		default:
			text, ok := about.Texts[part.name]
			if !ok {
				return "", fmt.Errorf("%q needs %s", p.text, part.name)
			}
			v = []byte(text)
		}
		if part.width > 0 && len(v) != part.width {
			return "", fmt.Errorf("%q: %q is not %d long", p.text, v, part.width)
		}
		b = append(b, v...)
	}
	return string(b), nil
}
