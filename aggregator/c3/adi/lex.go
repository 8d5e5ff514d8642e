package adi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/charset"
)

// token is a piece of XML. Comments, processing instructions and the XML
// declaration are none.
type token uint8

const (
	tokenEnd   token = iota // of the input
	tokenStart              // <name attr="…">
	tokenStop               // </name>; it follows the start in <name/>
	tokenText               // a text or CDATA section, or a part of one too large for the buffer
)

// maxName is the longest name of an element, prefix and all.
const maxName = 1024

// lexer splits XML into tokens over one buffer. What it shows of a token is
// valid until the following next.
type lexer struct {
	src  io.Reader
	err  error  // of src, io.EOF too; it comes behind buf
	buf  []byte // buf[at:end] is read and not consumed
	at   int
	end  int
	left int64 // bytes that may still be read

	line    int64 // of buf[counted]
	counted int
	// dirty tells that a charset.Broken is in buf: only then tokens are searched
	// for it.
	dirty bool

	open     []byte // names of the open elements, one behind the other
	ends     []int  // where each of them ends in open
	maxDepth int
	closing  bool // the token was <name/>: its stop comes next
	inCDATA  bool // the rest of a CDATA section comes next

	name  []byte         // of start and stop, without prefix
	attrs [fields][]byte // of start: values as written of the attributes that mean something, nil if missing
	text  []byte         // of text
	cdata bool           // text is as it is, without references
	tag   []byte         // the start as written, or the first of it
	long  bool           // the start is larger than the buffer: it has no attrs
}

func newLexer(src io.Reader, l Limits) *lexer {
	x := &lexer{src: src, buf: make([]byte, max(4*l.Field, 64<<10)), line: 1, left: l.File, maxDepth: l.Depth}
	if l.File <= 0 {
		x.left = 1<<63 - 1
	}
	return x
}

// depth is how many elements are open: after a start with it, after a stop
// without.
func (x *lexer) depth() int { return len(x.ends) }

// next goes to the next token.
func (x *lexer) next() (token, error) {
	if x.closing {
		x.closing = false
		return tokenStop, x.pop(x.open[x.openedAt():])
	}
	for {
		if x.inCDATA {
			return x.scanCDATA()
		}
		if x.at == x.end && !x.more() {
			return tokenEnd, x.sourceErr()
		}
		if x.buf[x.at] != '<' {
			return x.scanText()
		}
		const lookahead = len("<![CDATA[")
		if x.end-x.at < lookahead {
			x.more()
		}
		switch rest := x.buf[x.at:x.end]; {
		case len(rest) > 1 && rest[1] == '/':
			return x.scanStop()
		case bytes.HasPrefix(rest, []byte("<!--")):
			if err := x.skipPast(len("<!--"), "-->"); err != nil {
				return 0, err
			}
		case bytes.HasPrefix(rest, []byte("<?")):
			if err := x.skipPast(len("<?"), "?>"); err != nil {
				return 0, err
			}
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			x.at += len("<![CDATA[")
			x.inCDATA = true
		case len(rest) > 1 && rest[1] == '!':
			if len(rest) < lookahead && (strings.HasPrefix("<![CDATA[", string(rest)) || strings.HasPrefix("<!--", string(rest))) {
				return 0, x.truncated()
			}
			return 0, x.fault(c3.FaultMalformed, "A document type or other declaration is not taken.")
		default:
			return x.scanStart()
		}
	}
}

// scanText gives the text up to the next tag, or as much of it as the buffer
// holds.
func (x *lexer) scanText() (token, error) {
	i := bytes.IndexByte(x.buf[x.at:x.end], '<')
	for i < 0 && x.more() {
		i = bytes.IndexByte(x.buf[x.at:x.end], '<')
	}
	if i < 0 {
		i = x.end - x.at
	}
	x.text, x.cdata = x.buf[x.at:x.at+i], false
	x.at += i
	return tokenText, nil
}

func (x *lexer) scanCDATA() (token, error) {
	const end = "]]>"
	i := bytes.Index(x.buf[x.at:x.end], []byte(end))
	for i < 0 && x.more() {
		i = bytes.Index(x.buf[x.at:x.end], []byte(end))
	}
	x.cdata = true
	if i >= 0 {
		x.text = x.buf[x.at : x.at+i]
		x.at += i + len(end)
		x.inCDATA = false
		return tokenText, nil
	}
	if x.err != nil {
		return 0, x.truncated()
	}
	i = x.end - x.at - (len(end) - 1)
	x.text = x.buf[x.at : x.at+i]
	x.at += i
	return tokenText, nil
}

// skipPast goes past the next end that lies at least from bytes ahead.
func (x *lexer) skipPast(from int, end string) error {
	x.at += from
	for {
		if i := bytes.Index(x.buf[x.at:x.end], []byte(end)); i >= 0 {
			x.at += i + len(end)
			return nil
		}
		x.at = max(x.at, x.end-(len(end)-1))
		if !x.more() {
			return x.truncated()
		}
	}
}

// push opens an element.
func (x *lexer) push(name []byte) error {
	if len(x.ends) == x.maxDepth {
		return x.fault(c3.FaultTooDeep, fmt.Sprintf("Elements are nested deeper than %d.", x.maxDepth))
	}
	x.name = local(name)
	x.open = append(x.open, name...)
	x.ends = append(x.ends, len(x.open))
	return nil
}

// openedAt is where in open the name of the innermost element begins.
func (x *lexer) openedAt() int {
	if n := len(x.ends); n > 1 {
		return x.ends[n-2]
	}
	return 0
}

// pop closes the innermost element.
func (x *lexer) pop(name []byte) error {
	if len(x.ends) == 0 {
		return x.fault(c3.FaultMalformed, "An end tag closes nothing.")
	}
	at := x.openedAt()
	if !bytes.Equal(name, x.open[at:]) && !bytes.EqualFold(name, x.open[at:]) {
		return x.fault(c3.FaultMalformed, fmt.Sprintf("%.40q is closed as %.40q.", x.open[at:], name))
	}
	x.name = local(name)
	x.open = x.open[:at]
	x.ends = x.ends[:len(x.ends)-1]
	return nil
}

// more reads on behind what is not consumed, until the buffer is full or src
// ends. False: there is no more, or no room.
func (x *lexer) more() bool {
	if x.at > 0 {
		x.lineNow()
		x.end = copy(x.buf, x.buf[x.at:x.end])
		x.at, x.counted = 0, 0
	}
	before := x.end
	for x.end < len(x.buf) && x.err == nil {
		n, err := x.src.Read(x.buf[x.end:])
		x.end += n
		x.left -= int64(n)
		x.err = err
		if x.left < 0 {
			x.err = x.fault(c3.FaultTooLarge, "The file is larger than allowed.")
			x.end = before
		}
	}
	x.dirty = bytes.IndexByte(x.buf[:x.end], charset.Broken) >= 0
	return x.end > before
}

// lineNow is the line of what comes next.
func (x *lexer) lineNow() int64 {
	x.line += int64(bytes.Count(x.buf[x.counted:x.at], []byte{'\n'}))
	x.counted = x.at
	return x.line
}

func (x *lexer) fault(code, text string) error {
	return &FileError{c3.Fault{Line: x.lineNow(), Code: code, Text: text, Raw: clip(x.buf[x.at:x.end])}}
}

// sourceErr is why there is no more; nil if all was read.
func (x *lexer) sourceErr() error {
	var refused *FileError
	if x.err == nil || x.err == io.EOF || errors.As(x.err, &refused) {
		if refused != nil {
			return refused
		}
		return nil
	}
	return fmt.Errorf("catalogue: %w", x.err)
}

func (x *lexer) truncated() error {
	if err := x.sourceErr(); err != nil {
		return err
	}
	x.at = x.end
	return x.fault(c3.FaultTruncated, "The file ends in the middle.")
}

// clip is what a fault keeps of what was found.
func clip(b []byte) string {
	return legible(strings.ToValidUTF8(string(b[:min(len(b), c3.MaxRaw)]), ""))
}

// legible shows what was no text as everybody does.
func legible(s string) string {
	return strings.ReplaceAll(s, string(rune(charset.Broken)), "\ufffd")
}
