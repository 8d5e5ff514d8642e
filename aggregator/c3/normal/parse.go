package normal

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"iptvdc/aggregator"
)

const (
	// MaxFile is the longest dictionary file, in bytes.
	MaxFile = 8 << 20
	maxCode = 64 // bytes
)

// LineError is a fault in a dictionary.
type LineError struct {
	File string
	Line int // from 1; 0: the file as a whole
	Text string
}

func (e *LineError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
}

// Columns are a dictionary's, in their order.
var Columns = [...]string{"field", "where", "code", "parent", "zh", "en", "aliases"}

const (
	colField = iota
	colWhere
	colCode
	colParent
	colZH
	colEN
	colAliases
)

// where is what an alias holds for; the zero value is everywhere.
type where struct {
	province aggregator.Province // 0: all
	property slot                // slotNone: all
}

// position is a line of a file.
type position struct {
	file string
	line int
}

func (p position) fault(format string, args ...any) *LineError {
	return &LineError{File: p.file, Line: p.line, Text: fmt.Sprintf(format, args...)}
}

// line is what a dictionary's line says.
type line struct {
	at      position
	fields  []Field // more than one only of placeholders
	where   where
	top     string // of a code such as movie/action; "": none
	code    string // "-": what follows says nothing
	parents []string
	zh, en  string
	aliases []string
}

const placeholder = "-"

// parse reads a dictionary file: CSV with the Columns, in UTF-8. A line whose
// first cell begins with # is a comment, one that names the columns a heading.
// It returns every fault, and no line that has one.
func parse(file string, data []byte) ([]line, []error) {
	whole := position{file: file}
	if len(data) > MaxFile {
		return nil, []error{whole.fault("longer than %d bytes", MaxFile)}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		good := 0
		for rest := data; ; {
			r, n := utf8.DecodeRune(rest)
			if r == utf8.RuneError && n <= 1 {
				break
			}
			good += n
			rest = rest[n:]
		}
		whole.line = 1 + bytes.Count(data[:good], []byte("\n"))
		return nil, []error{whole.fault("not UTF-8; save the file as \"CSV UTF-8\"")}
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comment = '#'
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	var lines []line
	var faults []error
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines, faults
		}
		if err != nil {
			at := whole
			if e := (*csv.ParseError)(nil); errors.As(err, &e) {
				at.line, err = e.Line, e.Err
			}
			return lines, append(faults, at.fault("%v", err))
		}
		at := whole
		at.line, _ = r.FieldPos(0)
		l, skip, err := parseLine(at, cells)
		if err != nil {
			faults = append(faults, err)
		} else if !skip {
			lines = append(lines, l)
		}
	}
}

func parseLine(at position, cells []string) (l line, skip bool, err error) {
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	if strings.HasPrefix(cells[0], "#") || strings.Join(cells, "") == "" {
		return l, true, nil
	}
	if strings.Join(cells, ",") == strings.Join(Columns[:], ",") {
		return l, true, nil
	}
	if len(cells) < len(Columns) || strings.Join(cells[len(Columns):], "") != "" {
		return l, false, at.fault("%d columns, want %d: %s", len(cells), len(Columns), strings.Join(Columns[:], ","))
	}
	for i, c := range cells[:len(Columns)] {
		if strings.ContainsFunc(c, unicode.IsControl) {
			return l, false, at.fault("a control character in column %s", Columns[i])
		}
	}
	l = line{at: at, code: cells[colCode], zh: cells[colZH], en: cells[colEN], parents: list(cells[colParent]), aliases: list(cells[colAliases])}
	if l.fields, err = parseFields(at, cells[colField]); err != nil {
		return l, false, err
	}
	if l.where, err = parseWhere(at, cells[colWhere], l.fields); err != nil {
		return l, false, err
	}
	if l.code == placeholder {
		if len(l.parents) > 0 || l.zh != "" || l.en != "" {
			return l, false, at.fault("what says nothing has neither parent nor titles")
		}
	} else if err := l.parseCode(); err != nil {
		return l, false, err
	}
	var t text
	for _, a := range append([]string{l.zh, l.en}, l.aliases...) {
		if t.fold(a); a == "" {
			continue
		} else if t.cut {
			return l, false, at.fault("%q is too long", a)
		} else if t.words == 0 {
			return l, false, at.fault("%q has no letter and no digit; it says nothing by itself", a)
		}
	}
	if l.where != (where{}) && len(l.aliases) == 0 {
		return l, false, at.fault("a line with \"where\" needs aliases: titles and codes hold everywhere")
	}
	return l, false, nil
}

func parseFields(at position, cell string) ([]Field, error) {
	if cell == "*" {
		return []Field{Genre, Place, Provider, Definition}, nil
	}
	f, ok := ParseField(cell)
	if !ok {
		return nil, at.fault("no field %q; there are %s, and * for what says nothing in all of them", cell, strings.Join(fieldNames[:], ", "))
	}
	return []Field{f}, nil
}

// parseWhere reads 43, Type or 43:Type.
func parseWhere(at position, cell string, fields []Field) (w where, err error) {
	if cell == "" {
		return w, nil
	}
	province, property, both := strings.Cut(cell, ":")
	if !both && (cell[0] < '0' || cell[0] > '9') {
		province, property = "", cell
	}
	if province != "" || both {
		if w.province, err = aggregator.ParseProvince(province); err != nil {
			return w, at.fault("%q is not a province's code of two digits", province)
		}
	}
	if property != "" || both {
		w.property = slotOf(property)
		for _, f := range fields {
			if !reads(f, w.property) {
				return w, at.fault("%s is not read from property %q", f, property)
			}
		}
	}
	return w, nil
}

func (l *line) parseCode() error {
	if len(l.fields) > 1 {
		return l.at.fault("* goes with the code - only")
	}
	if l.code == "" || l.code == "?" {
		return l.at.fault("a code is missing; - stands for what says nothing")
	}
	if top, sub, pair := strings.Cut(l.code, "/"); pair {
		if l.fields[0] != Genre {
			return l.at.fault("%q: only genres have codes of two levels", l.code)
		}
		if l.zh != "" || l.en != "" || len(l.parents) > 0 {
			return l.at.fault("%q: titles and parents belong to the line of %q", l.code, sub)
		}
		l.top, l.code = top, sub
	}
	for _, code := range append([]string{l.code}, l.parents...) {
		if !validCode(code) {
			return l.at.fault("%q is no code: at most %d bytes, with a letter or digit, without separators", code, maxCode)
		}
	}
	if len(l.parents) > 1 && l.fields[0] != Genre {
		return l.at.fault("a %s has one parent", l.fields[0])
	}
	if len(l.parents) > 0 && l.fields[0] != Genre && l.fields[0] != Place {
		return l.at.fault("a %s has no parent", l.fields[0])
	}
	return nil
}

func validCode(code string) bool {
	var t text
	t.fold(code)
	return t.words > 0 && len(code) <= maxCode && code == strings.TrimSpace(code) &&
		!strings.ContainsAny(code, ",|/+#:;\\") && !bytes.ContainsRune(t.whole(), ',') && !strings.ContainsFunc(code, unicode.IsControl)
}

// list splits a cell at |; empty parts are left out.
func list(cell string) []string {
	var parts []string
	for p := range strings.SplitSeq(cell, "|") {
		if p = strings.TrimSpace(p); p != "" {
			parts = append(parts, p)
		}
	}
	return parts
}
