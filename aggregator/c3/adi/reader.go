package adi

import (
	"bytes"
	"fmt"
	"io"

	"iptvdc/aggregator/c3"
)

// Reader reads a catalogue's records in the order of the file. Not safe for
// concurrent use.
type Reader struct {
	x       *lexer
	limits  Limits
	item    Item
	rec     record
	headed  bool // the header was given
	rooted  bool // the root was opened
	pending bool // the lexer stands at a start that is not looked at yet
	err     error
}

// NewReader reads clean UTF-8, as charset.Reader gives it. It holds one buffer of
// four times Limits.Field and at most one record.
func NewReader(r io.Reader, l Limits) *Reader {
	l = l.orDefaults()
	return &Reader{x: newLexer(r, l), limits: l}
}

// Next returns the next item; the first one of a file is its header. io.EOF
// comes at the end of a whole file, and only then: whoever commits does so at
// io.EOF. A *FileError refuses the file; any other error is the source's. After
// an error, Next returns it again.
//
// The Item and the slice of its properties are valid until the following call;
// its strings may be kept.
func (r *Reader) Next() (*Item, error) {
	if r.err != nil {
		return nil, r.err
	}
	given, err := r.next()
	if err != nil {
		r.err = err
		return nil, err
	}
	if !given {
		r.err = io.EOF
		return nil, io.EOF
	}
	return &r.item, nil
}

// next goes on to an item; false at the file's proper end.
func (r *Reader) next() (given bool, err error) {
	if r.pending {
		r.pending = false
		if given, err := r.start(); given || err != nil {
			return given, err
		}
	}
	for {
		tok, err := r.x.next()
		if err != nil {
			return false, err
		}
		switch tok {
		case tokenEnd:
			return false, r.end()
		case tokenText:
			if !r.inRoot() && (r.x.cdata || !blank(r.x.text)) {
				return false, r.x.fault(c3.FaultMalformed, "There is text outside of ADI.")
			}
		case tokenStop:
			if !r.inRoot() && !r.headed {
				return r.giveHeader(), nil
			}
		case tokenStart:
			if given, err := r.start(); given || err != nil {
				return given, err
			}
		}
	}
}

func (r *Reader) inRoot() bool { return r.x.depth() > 0 }

// end judges the end of the input.
func (r *Reader) end() error {
	switch {
	case r.inRoot():
		return r.x.truncated()
	case !r.rooted:
		return r.x.fault(c3.FaultEmpty, "There is nothing in the file.")
	}
	return nil
}

// start looks at an element that is not part of a record: the root, its
// children, and theirs.
func (r *Reader) start() (given bool, err error) {
	x := r.x
	depth := x.depth()
	switch {
	case depth == 1 && r.rooted:
		return false, r.refuse("A second root follows ADI.")
	case depth == 1 && !named(x.name, "ADI"):
		return false, r.refuse(fmt.Sprintf("The root is %.40q, not ADI.", legible(string(x.name))))
	case depth == 1:
		r.rooted = true
		r.readRoot()
		return false, nil
	case depth == 2 && named(x.name, "Header") && !r.headed:
		if err := r.readHeader(); err != nil {
			return false, err
		}
		return r.giveHeader(), nil
	case !r.headed:
		r.pending = true
		return r.giveHeader(), nil
	case depth == 2 && (named(x.name, "Objects") || named(x.name, "Mappings")):
		return false, nil
	case named(x.name, "Object"):
		return true, r.readRecord(KindObject)
	case named(x.name, "Mapping"):
		return true, r.readRecord(KindMapping)
	case depth == 3:
		return true, r.readRecord(KindNone)
	}
	return false, r.skip()
}

// refuse refuses the file for the tag just read.
func (r *Reader) refuse(text string) error {
	return &FileError{c3.Fault{Line: r.x.lineNow(), Code: c3.FaultMalformed, Text: text, Raw: clip(r.x.tag)}}
}

func (r *Reader) giveHeader() bool {
	r.headed = true
	r.item.Kind, r.item.Of, r.item.Line = KindHeader, KindNone, r.x.lineNow()
	return true
}

// readRoot takes what the root says.
func (r *Reader) readRoot() {
	h := &r.item.Header
	h.Version = headerText(r.x.attrs[fieldVersion])
	h.BizDomain = headerText(r.x.attrs[fieldBizDomain])
	h.Priority = headerText(r.x.attrs[fieldPriority])
}

// readHeader reads the header's children to its end.
func (r *Reader) readHeader() error {
	x, h := r.x, &r.item.Header
	var part *string
	for x.depth() >= 2 {
		tok, err := x.next()
		if err != nil {
			return err
		}
		switch tok {
		case tokenEnd:
			return x.truncated()
		case tokenStop:
			part = nil
		case tokenStart:
			switch {
			case named(x.name, "MsgID"):
				part = &h.MsgID
			case named(x.name, "CSPID"):
				part = &h.CSPID
			case named(x.name, "LSPID"):
				part = &h.LSPID
			case named(x.name, "Timestamp"):
				part = &h.Timestamp
			}
		case tokenText:
			if part != nil && *part == "" {
				*part = headerText(x.text)
			}
		}
	}
	return nil
}

// maxHeader is how much of a header's text is kept.
const maxHeader = 256

func headerText(b []byte) string {
	return clip(bytes.Trim(appendText(nil, b[:min(len(b), maxHeader)]), " \t\r\n"))
}

// skip goes to the end of the element that was just opened.
func (r *Reader) skip() error {
	for depth := r.x.depth(); r.x.depth() >= depth; {
		tok, err := r.x.next()
		if err != nil {
			return err
		}
		if tok == tokenEnd {
			return r.x.truncated()
		}
	}
	return nil
}

func blank(b []byte) bool { return spaceEnd(b, 0) == len(b) }
