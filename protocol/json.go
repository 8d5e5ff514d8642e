package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The JSON of an event [P-9]: one flat object. "kind" is a word; the other
// names are "boot", "mono_ms", "source", "serial" and those of the kind's
// columns; enumerations are words, all other numbers integers. What is absent
// is zero.

// MaxJSON is the greatest JSON document of events, in bytes.
const MaxJSON = MaxBody

// commonColumns are the fields that every event has beside its kind.
var commonColumns = []column{
	number("boot", 1<<32-1, func(e *Event) int64 { return int64(e.Boot) }, func(e *Event, v int64) { e.Boot = uint32(v) }),
	number("mono_ms", MaxMonoMs, func(e *Event) int64 { return int64(e.MonoMs) }, func(e *Event, v int64) { e.MonoMs = uint64(v) }),
	colSource,
	number("serial", 1<<32-1, func(e *Event) int64 { return int64(e.Serial) }, func(e *Event, v int64) { e.Serial = uint32(v) }),
}

// AppendJSON appends the JSON of e to dst: kind, boot, mono_ms and source
// always, other fields if they are not zero. A number of an enumeration that
// has no word is written as a number.
func AppendJSON(dst []byte, e *Event) []byte {
	dst = append(dst, `{"kind":`...)
	dst = appendWord(dst, kindNames, int64(e.Kind))
	for i := range commonColumns {
		c := &commonColumns[i]
		if v := c.num(e); v != 0 || c.name != "serial" {
			dst = appendField(dst, c, e)
		}
	}
	cols := columns(e.Kind)
	for i := range cols {
		c := &cols[i]
		if c.str != nil && *c.str(e) == "" || c.str == nil && c.num(e) == 0 {
			continue
		}
		dst = appendField(dst, c, e)
	}
	return append(dst, '}')
}

func appendField(dst []byte, c *column, e *Event) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, c.name...)
	dst = append(dst, '"', ':')
	switch {
	case c.str != nil:
		return appendText(dst, *c.str(e))
	case c.enum != nil:
		return appendWord(dst, c.enum, c.num(e))
	}
	return strconv.AppendInt(dst, c.num(e), 10)
}

func appendWord(dst []byte, words names, v int64) []byte {
	if !words.known(uint8(v)) {
		return strconv.AppendInt(dst, v, 10)
	}
	return append(append(append(dst, '"'), words[v]...), '"')
}

// appendText appends s as a JSON string; what is not UTF-8 becomes U+FFFD.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < ' ':
			dst = fmt.Appendf(dst, `\u%04x`, r)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// ParseEvents reads one event or an array of events. It refuses, with an
// *Error that names the field and what is allowed, and the event's place if
// the document is an array: what is not JSON, an unknown or repeated field, a
// field that the kind does not have, a wrong type, a number outside its
// limits, a text that is too long, a word that is not one of the
// enumeration's. It does not ask for fields to be there: when the event has
// been stamped with boot and time, Event.Check does.
func ParseEvents(data []byte) ([]Event, error) {
	if len(data) > MaxJSON {
		return nil, faultf(BadLimit, "json", "%d bytes, at most %d", len(data), MaxJSON)
	}
	if !utf8.Valid(data) {
		return nil, faultf(Malformed, "json", "not UTF-8")
	}
	p := jsonParser{dec: json.NewDecoder(bytes.NewReader(data))}
	p.dec.UseNumber()
	events, err := p.document()
	if err != nil {
		return nil, err
	}
	return events, nil
}

type jsonParser struct {
	dec    *json.Decoder
	prefix string // what Field begins with: "[3]." in an array
	fields []jsonField
}

type jsonField struct {
	name  string
	value json.Token
}

func (p *jsonParser) fault(f Fault, field, format string, args ...any) error {
	return faultf(f, p.prefix+field, format, args...)
}

func (p *jsonParser) token() (json.Token, error) {
	t, err := p.dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, p.fault(Malformed, "json", "%v at byte %d", err, p.dec.InputOffset())
	}
	return t, nil
}

func (p *jsonParser) document() ([]Event, error) {
	t, err := p.token()
	if err != nil {
		return nil, err
	}
	var events []Event
	switch t {
	case json.Delim('{'):
		e, err := p.event()
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	case json.Delim('['):
		if events, err = p.array(); err != nil {
			return nil, err
		}
	default:
		return nil, p.fault(Malformed, "json", "must be one event, as an object, or an array of events")
	}
	p.prefix = ""
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, p.fault(Malformed, "json", "something follows the events at byte %d", p.dec.InputOffset())
	}
	return events, nil
}

func (p *jsonParser) array() ([]Event, error) {
	var events []Event
	for {
		p.prefix = ""
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		if t == json.Delim(']') {
			return events, nil
		}
		if len(events) == MaxBatchEvents {
			return nil, p.fault(BadLimit, "json", "more than %d events", MaxBatchEvents)
		}
		if t != json.Delim('{') {
			return nil, faultf(Malformed, "["+strconv.Itoa(len(events))+"]", "must be an event, as an object")
		}
		p.prefix = "[" + strconv.Itoa(len(events)) + "]."
		e, err := p.event()
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
}

// event reads the rest of an object. The kind may stand anywhere, so the
// fields are kept until it is known; a repeated one ends that, so there are
// never more than names exist.
func (p *jsonParser) event() (Event, error) {
	p.fields = p.fields[:0]
	kind := ""
	for {
		t, err := p.token()
		if err != nil {
			return Event{}, err
		}
		name, ok := t.(string)
		if !ok {
			break // the closing brace: the decoder lets nothing else through
		}
		if t, err = p.token(); err != nil {
			return Event{}, err
		}
		if _, nested := t.(json.Delim); nested {
			return Event{}, p.fault(Malformed, shown(name), "must be a text or a number")
		}
		if len(p.fields) == maxJSONFields {
			return Event{}, p.fault(BadLimit, "json", "more than %d fields in an event", maxJSONFields)
		}
		for _, f := range p.fields {
			if f.name == name {
				return Event{}, p.fault(Malformed, shown(name), "stands twice")
			}
		}
		p.fields = append(p.fields, jsonField{name, t})
		if name == "kind" {
			if kind, ok = t.(string); !ok {
				return Event{}, p.fault(Malformed, "kind", "must be a word; allowed: %s", kindNames.list())
			}
		}
	}
	if kind == "" {
		return Event{}, p.fault(Malformed, "kind", "missing; allowed: %s", kindNames.list())
	}
	k, ok := kindNames.parse(kind)
	if !ok {
		return Event{}, p.fault(Malformed, "kind", "%s is not a kind; allowed: %s", shown(kind), kindNames.list())
	}
	e := Event{Kind: Kind(k)}
	for _, f := range p.fields {
		if f.name == "kind" {
			continue
		}
		c := e.Kind.column(f.name)
		if c == nil {
			return Event{}, p.fault(Malformed, shown(f.name), "not a field of %s; allowed: %s", e.Kind, e.Kind.fieldList())
		}
		if err := p.set(&e, c, f.value); err != nil {
			return Event{}, err
		}
	}
	return e, nil
}

// maxJSONFields is how many fields are read before the kind must be known.
const maxJSONFields = 32

func (p *jsonParser) set(e *Event, c *column, value json.Token) error {
	switch {
	case c.str != nil:
		s, ok := value.(string)
		if !ok {
			return p.fault(Malformed, c.name, "must be a text of at most %d bytes", MaxString)
		}
		if len(s) > MaxString {
			return p.fault(BadLimit, c.name, "%d bytes, at most %d", len(s), MaxString)
		}
		*c.str(e) = s
	case c.enum != nil:
		word, ok := value.(string)
		if !ok {
			return p.fault(Malformed, c.name, "must be a word; allowed: %s", c.enum.list())
		}
		v, ok := c.enum.parse(word)
		if !ok {
			return p.fault(Malformed, c.name, "%s is not known; allowed: %s", shown(word), c.enum.list())
		}
		c.set(e, int64(v))
	default:
		digits, ok := value.(json.Number)
		if !ok {
			return p.fault(Malformed, c.name, "must be a whole number, %d..%d", c.min, c.max)
		}
		v, err := strconv.ParseInt(digits.String(), 10, 64)
		if err != nil {
			return p.fault(Malformed, c.name, "%s, must be a whole number, %d..%d", shown(digits.String()), c.min, c.max)
		}
		// 0 is the same as absent, also where the limits leave it out.
		if v != 0 && (v < c.min || v > c.max) {
			return p.fault(BadLimit, c.name, "%d is outside %d..%d", v, c.min, c.max)
		}
		c.set(e, v)
	}
	return nil
}

// shown quotes a text from outside, cut to a readable length.
func shown(s string) string {
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "..."
	}
	return strconv.Quote(s)
}

// column returns the column of k with that name, nil if k has none.
func (k Kind) column(name string) *column {
	for _, cols := range [...][]column{commonColumns, columns(k)} {
		for i := range cols {
			if cols[i].name == name {
				return &cols[i]
			}
		}
	}
	return nil
}

func (k Kind) fieldList() string {
	list := []string{"kind"}
	for _, cols := range [...][]column{commonColumns, columns(k)} {
		for i := range cols {
			list = append(list, cols[i].name)
		}
	}
	return strings.Join(list, ", ")
}

// list is the words that may be used, as a person reads them.
func (n names) list() string {
	var words []string
	for _, w := range n {
		if w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, ", ")
}
