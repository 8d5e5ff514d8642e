package adi

import (
	"bytes"
	"fmt"
	"slices"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/charset"
)

// record is the object or mapping being read. All its texts lie in one arena,
// which becomes one string at its end: an allocation a record, not one a text.
type record struct {
	of      Kind
	arena   []byte
	fields  [fields]span
	tags    []propertySpan
	props   []c3.Property
	size    int      // of its tags and texts as written
	fault   c3.Fault // the first; Code "" if none
	head    []byte   // its tag, for a fault's Raw
	current propertySpan
	written int // of the current property's value
}

// span is a text in the arena.
type span struct{ from, to int }

func (s span) empty() bool { return s.from == s.to }

type propertySpan struct{ name, language, value span }

// readRecord reads the record whose start was just read, to its end, into the
// item.
func (r *Reader) readRecord(of Kind) error {
	x, rec := r.x, &r.rec
	r.item.Line = x.lineNow()
	rec.begin(of)
	rec.head = append(rec.head[:0], x.tag[:min(len(x.tag), c3.MaxRaw)]...)
	r.takeTag()
	for f := fieldAction; f <= fieldParentID; f++ {
		rec.fields[f] = r.attribute(f)
	}
	inProperty := false
	for base := x.depth(); x.depth() >= base; {
		if !inProperty && x.depth() == base {
			r.plainProperties()
		}
		tok, err := x.next()
		if err != nil {
			return err
		}
		switch tok {
		case tokenEnd:
			return x.truncated()
		case tokenStart:
			r.takeTag()
			if x.depth() == base+1 && named(x.name, "Property") {
				inProperty = true
				r.beginProperty()
			}
		case tokenText:
			if inProperty {
				r.value()
			}
		case tokenStop:
			if inProperty && x.depth() == base {
				inProperty = false
				rec.endProperty()
			}
		}
	}
	r.finish()
	return nil
}

func (rec *record) begin(of Kind) {
	rec.of = of
	rec.arena = rec.arena[:0]
	rec.fields = [fields]span{}
	rec.tags = rec.tags[:0]
	rec.size = 0
	rec.fault = c3.Fault{}
}

// take counts a tag or text of the record as written, and sees whether it is text.
func (r *Reader) take(part []byte) {
	rec := &r.rec
	if rec.fault.Code != "" {
		return
	}
	rec.size += len(part)
	if rec.size > r.limits.Record {
		r.fail(c3.FaultLong, "", fmt.Sprintf("The record has more than %d bytes.", r.limits.Record), rec.head)
	}
	if r.x.dirty && bytes.IndexByte(part, charset.Broken) >= 0 {
		r.fail(c3.FaultCharset, r.property(), "Bytes are no text in the file's charset.", part)
	}
}

func (r *Reader) takeTag() {
	r.take(r.x.tag)
	if r.x.long {
		r.fail(c3.FaultLong, "", "A tag is larger than allowed.", r.x.tag)
	}
}

// property is the name of the property being read.
func (r *Reader) property() string {
	rec := &r.rec
	return clip(rec.arena[rec.current.name.from:rec.current.name.to])
}

// fail notes the record's first fault. Nothing more of the record is kept.
func (r *Reader) fail(code, field, text string, raw []byte) {
	if r.rec.fault.Code == "" {
		r.rec.fault = c3.Fault{Line: r.x.lineNow(), Field: field, Code: code, Text: text, Raw: clip(raw)}
	}
}

// attribute puts the value of an attribute of the start just read into the arena.
func (r *Reader) attribute(f field) span {
	value := r.x.attrs[f]
	if len(value) > r.limits.Field {
		r.fail(c3.FaultLong, fieldNames[f], fmt.Sprintf("The attribute has more than %d bytes.", r.limits.Field), value)
		return span{}
	}
	return r.rec.add(value)
}

// add puts a text into the arena, white space around it cut off.
func (rec *record) add(text []byte) span {
	from := len(rec.arena)
	rec.arena = appendText(rec.arena, text)
	return rec.trimmed(from)
}

// trimmed is what the arena holds from there on, without white space around it.
func (rec *record) trimmed(from int) span {
	to := len(rec.arena)
	for from < to && kinds[rec.arena[from]] == space {
		from++
	}
	for from < to && kinds[rec.arena[to-1]] == space {
		to--
	}
	return span{from, to}
}

func (r *Reader) beginProperty() {
	rec := &r.rec
	rec.current, rec.written = propertySpan{}, 0
	if rec.fault.Code != "" {
		return
	}
	rec.current.name = r.attribute(fieldName)
	rec.current.language = r.attribute(fieldLanguage)
	rec.current.value.from = len(rec.arena)
}

// plainProperties takes the properties that come next as long as they are written
// plainly. They are nearly all of a catalogue, and this reads them twice as fast;
// whatever is unusual about one is left to the tokens.
func (r *Reader) plainProperties() {
	rec := &r.rec
	for rec.fault.Code == "" {
		name, value, size := r.x.plainProperty()
		if size == 0 || len(value) > r.limits.Field || rec.size+size > r.limits.Record {
			return
		}
		r.x.at += size
		rec.size += size
		from := len(rec.arena)
		rec.arena = append(append(rec.arena, name...), value...)
		p := propertySpan{name: span{from, from + len(name)}}
		p.value = rec.trimmed(p.name.to)
		rec.tags = append(rec.tags, p)
	}
}

// value takes a text of the current property, or a part of one.
func (r *Reader) value() {
	rec, text := &r.rec, r.x.text
	if rec.fault.Code != "" {
		return
	}
	r.take(text)
	if rec.written += len(text); rec.written > r.limits.Field {
		r.fail(c3.FaultLong, r.property(), fmt.Sprintf("The value has more than %d bytes.", r.limits.Field), text)
	}
	switch {
	case rec.fault.Code != "":
	case r.x.cdata:
		rec.arena = appendLines(rec.arena, text)
	default:
		rec.arena = appendText(rec.arena, text)
	}
}

// endProperty keeps the property. One without a name says nothing.
func (rec *record) endProperty() {
	if rec.fault.Code == "" && !rec.current.name.empty() {
		rec.current.value = rec.trimmed(rec.current.value.from)
		rec.tags = append(rec.tags, rec.current)
	}
	rec.current = propertySpan{}
}

// finish makes the item of the record.
func (r *Reader) finish() {
	rec, item := &r.rec, &r.item
	text := string(rec.arena)
	get := func(f field) string {
		s := text[rec.fields[f].from:rec.fields[f].to]
		if rec.fault.Code != "" {
			return legible(s)
		}
		return s
	}
	item.Kind, item.Of = rec.of, rec.of
	item.Object, item.Mapping = c3.Object{}, c3.Mapping{}
	switch rec.of {
	case KindObject:
		r.object(&item.Object, get)
	case KindMapping:
		r.mapping(&item.Mapping, get)
	default:
		r.fail(c3.FaultElement, "", "The element is neither Object nor Mapping.", rec.head)
	}
	item.Fault = rec.fault
	if rec.fault.Code != "" {
		item.Kind = KindFault
		return
	}
	rec.props = rec.props[:0]
	for _, p := range rec.tags {
		rec.props = append(rec.props, c3.Property{
			Name:     text[p.name.from:p.name.to],
			Language: text[p.language.from:p.language.to],
			Value:    text[p.value.from:p.value.to],
		})
	}
	if rec.of == KindMapping {
		item.Mapping.Properties = slices.Clip(rec.props)
		return
	}
	if kind := get(fieldType); kind != "" && c3.Get(rec.props, "Type") == "" {
		rec.props = append(rec.props, c3.Property{Name: "Type", Value: kind})
	}
	item.Object.Properties = slices.Clip(rec.props)
}

func (r *Reader) object(o *c3.Object, get func(field) string) {
	o.ID, o.Code, o.ParentCode = get(fieldID), get(fieldCode), get(fieldParentCode)
	if o.Code == "" {
		o.Code = o.ID
	}
	o.Verb = r.verb(get)
	o.Element = r.element(get, fieldElementType)
	r.code(o.Code, "Code")
}

func (r *Reader) mapping(m *c3.Mapping, get func(field) string) {
	m.ParentCode, m.ChildCode = get(fieldParentCode), get(fieldElementCode)
	if m.ParentCode == "" {
		m.ParentCode = get(fieldParentID)
	}
	if m.ChildCode == "" {
		m.ChildCode = get(fieldElementID)
	}
	m.Verb = r.verb(get)
	m.Parent = r.element(get, fieldParentType)
	m.Child = r.element(get, fieldElementType)
	r.code(m.ParentCode, "ParentCode")
	r.code(m.ChildCode, "ElementCode")
}

func (r *Reader) verb(get func(field) string) c3.Verb {
	action := get(fieldAction)
	v := ParseVerb(action)
	switch {
	case action == "":
		r.fail(c3.FaultIncomplete, "Action", "There is no Action.", r.rec.head)
	case v == c3.VerbNone:
		r.fail(c3.FaultCode, "Action", "The Action is none of REGIST, UPDATE, DELETE.", []byte(action))
	}
	return v
}

func (r *Reader) element(get func(field) string, f field) c3.Element {
	name := get(f)
	e := ParseElement(name)
	switch {
	case name == "":
		r.fail(c3.FaultIncomplete, fieldNames[f], "There is no "+fieldNames[f]+".", r.rec.head)
	case e == c3.ElementUnknown:
		r.fail(c3.FaultElement, fieldNames[f], "The "+fieldNames[f]+" is none that a catalogue has.", []byte(name))
	}
	return e
}

func (r *Reader) code(code, name string) {
	if code == "" {
		r.fail(c3.FaultIncomplete, name, "There is neither "+name+" nor ID.", r.rec.head)
	}
}
