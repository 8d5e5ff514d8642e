package adi

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"

	"iptvdc/aggregator/c3"
)

// Namespace is what xmlns is in catalogues that have one.
const Namespace = "http://www.ChinaDTV.cn/CDTVStandard/ADI"

// Style is how a catalogue is written. The zero Style is UTF-8 without anything
// that is optional.
type Style struct {
	Charset   string // "", "utf-8", "gbk" or "gb18030"
	Namespace string // of the root; "": none
	Header    Header // what is not ""
}

// Writer writes a catalogue as it streams by: Objects, then Mappings. A mapping
// before an object is no error: the sections then come again, as readers accept.
// Characters that XML does not have become spaces, those that the charset does
// not have become references. Errors of the sink stay: Close tells them. Not safe
// for concurrent use.
type Writer struct {
	w       *bufio.Writer
	encoder *encoding.Encoder // nil: UTF-8
	line    []byte            // of the element being written
	section string
	err     error
}

// NewWriter writes the begin of a catalogue.
func NewWriter(w io.Writer, s Style) (*Writer, error) {
	out := &Writer{w: bufio.NewWriterSize(w, 64<<10)}
	switch s.Charset {
	case "", "utf-8":
		s.Charset = "utf-8"
	case "gbk":
		out.encoder = encoding.HTMLEscapeUnsupported(simplifiedchinese.GBK.NewEncoder())
	case "gb18030":
		out.encoder = simplifiedchinese.GB18030.NewEncoder()
	default:
		return nil, fmt.Errorf("a catalogue is not written in charset %q", s.Charset)
	}
	out.print(`<?xml version="1.0" encoding="`, s.Charset, "\"?>\n<ADI")
	out.attr("xmlns", s.Namespace)
	out.attr("Version", s.Header.Version)
	out.attr("BizDomain", s.Header.BizDomain)
	out.attr("Priority", s.Header.Priority)
	out.print(">\n")
	out.header(s.Header)
	return out, out.flush()
}

func (w *Writer) header(h Header) {
	parts := []struct{ name, text string }{
		{"MsgID", h.MsgID}, {"CSPID", h.CSPID}, {"LSPID", h.LSPID}, {"Timestamp", h.Timestamp},
	}
	begun := false
	for _, p := range parts {
		if p.text == "" {
			continue
		}
		if !begun {
			w.print("<Header>")
			begun = true
		}
		w.print("<", p.name, ">")
		w.text(p.text)
		w.print("</", p.name, ">")
	}
	if begun {
		w.print("</Header>\n")
	}
}

// Object writes an object. What is "" or unknown of it is left out.
func (w *Writer) Object(o *c3.Object) error {
	w.enter("Objects")
	w.beginObject(o)
	w.properties(o.Properties)
	w.print("</Object>\n")
	return w.flush()
}

// Mapping writes a mapping.
func (w *Writer) Mapping(m *c3.Mapping) error {
	w.enter("Mappings")
	w.beginMapping(m)
	w.properties(m.Properties)
	w.print("</Mapping>\n")
	return w.flush()
}

func (w *Writer) beginObject(o *c3.Object) {
	w.print("<Object")
	w.attr("ElementType", ElementName(o.Element))
	w.attr("ID", o.ID)
	w.attr("ParentCode", o.ParentCode)
	w.attr("Action", VerbName(o.Verb))
	w.attr("Code", o.Code)
	w.print(">")
}

func (w *Writer) beginMapping(m *c3.Mapping) {
	w.print("<Mapping")
	w.attr("ParentType", ElementName(m.Parent))
	w.attr("ParentCode", m.ParentCode)
	w.attr("ElementType", ElementName(m.Child))
	w.attr("ElementCode", m.ChildCode)
	w.attr("Action", VerbName(m.Verb))
	w.print(">")
}

// Close writes the end. Without it the catalogue is truncated, and readers refuse
// it. It does not close the sink.
func (w *Writer) Close() error {
	w.enter("")
	w.print("</ADI>\n")
	w.flush()
	if w.err != nil {
		return w.err
	}
	w.err = w.w.Flush()
	if w.err != nil {
		return w.err
	}
	w.err = errors.New("the catalogue is closed")
	return nil
}

// enter leaves the section that is open, unless it is this one, and opens it; ""
// opens none.
func (w *Writer) enter(section string) {
	if w.section == section {
		return
	}
	if w.section != "" {
		w.print("</", w.section, ">\n")
	}
	if section != "" {
		w.print("<", section, ">\n")
	}
	w.section = section
}

func (w *Writer) properties(all []c3.Property) {
	for _, p := range all {
		w.property(p)
	}
}

func (w *Writer) property(p c3.Property) {
	w.print("<Property")
	w.attr("Name", p.Name)
	w.attr("Language", p.Language)
	w.print(">")
	w.text(p.Value)
	w.print("</Property>")
}

func (w *Writer) attr(name, value string) {
	if value != "" {
		w.print(" ", name, `="`)
		w.text(value)
		w.print(`"`)
	}
}

func (w *Writer) print(parts ...string) {
	for _, p := range parts {
		w.line = append(w.line, p...)
	}
}

// text writes a value so that it is read back as it is.
func (w *Writer) text(s string) {
	for _, c := range s {
		switch {
		case c == '&':
			w.line = append(w.line, "&amp;"...)
		case c == '<':
			w.line = append(w.line, "&lt;"...)
		case c == '>':
			w.line = append(w.line, "&gt;"...)
		case c == '"':
			w.line = append(w.line, "&quot;"...)
		case c == '\r', c == '\n', c == '\t': // bare ones do not survive everywhere
			w.line = append(strconv.AppendInt(append(w.line, "&#"...), int64(c), 10), ';')
		case c < ' ', 0x7f <= c && c < 0xa0, c == 0xfffe, c == 0xffff:
			w.line = append(w.line, ' ')
		default:
			w.line = utf8.AppendRune(w.line, c)
		}
	}
}

// flush hands the element on to the sink.
func (w *Writer) flush() error {
	line := w.line
	w.line = w.line[:0]
	if w.err != nil {
		return w.err
	}
	if w.encoder != nil {
		if line, w.err = w.encoder.Bytes(line); w.err != nil {
			return w.err
		}
	}
	_, w.err = w.w.Write(line)
	return w.err
}
