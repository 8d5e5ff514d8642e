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

func (x *lexer) scanStart() (token, error) {
	size, err := x.parseStart(x.buf[x.at:x.end])
	for size == 0 && err == nil && x.more() {
		size, err = x.parseStart(x.buf[x.at:x.end])
	}
	if err != nil {
		return 0, err
	}
	x.long = size == 0
	if x.long {
		if x.err != nil {
			return 0, x.truncated()
		}
		return tokenStart, x.skipStart()
	}
	x.tag = x.buf[x.at : x.at+size]
	x.at += size
	return tokenStart, nil
}

// parseStart reads a start at b[0], and opens its element. Size 0: b ends before
// the tag does.
func (x *lexer) parseStart(b []byte) (size int, err error) {
	i := nameEnd(b, 1)
	if i == len(b) && i <= maxName {
		return 0, nil
	}
	if i == 1 || i > maxName || !startsName(b[1]) {
		return 0, x.fault(c3.FaultMalformed, "There is no name after a <.")
	}
	name := b[1:i]
	x.attrs = [fields][]byte{}
	for {
		if i = spaceEnd(b, i); i == len(b) {
			return 0, nil
		}
		switch b[i] {
		case '>':
			return i + 1, x.push(name)
		case '/':
			if i+1 == len(b) {
				return 0, nil
			}
			if b[i+1] != '>' {
				return 0, x.fault(c3.FaultMalformed, "There is a / in a tag.")
			}
			x.closing = true
			return i + 2, x.push(name)
		}
		if i, err = x.parseAttr(b, i); i == 0 || err != nil {
			return 0, err
		}
	}
}

// parseAttr reads an attribute at b[i] and returns where it ends; 0 if b ends
// before it does.
func (x *lexer) parseAttr(b []byte, i int) (end int, err error) {
	nameAt := i
	i = nameEnd(b, i)
	name := b[nameAt:i]
	if i == len(b) {
		return 0, nil
	}
	if len(name) == 0 || !startsName(name[0]) {
		return 0, x.fault(c3.FaultMalformed, "An attribute has no name.")
	}
	if i = spaceEnd(b, i); i == len(b) {
		return 0, nil
	}
	if b[i] != '=' {
		return 0, x.fault(c3.FaultMalformed, "An attribute has no value.")
	}
	if i = spaceEnd(b, i+1); i == len(b) {
		return 0, nil
	}
	quote := b[i]
	if quote != '"' && quote != '\'' {
		return 0, x.fault(c3.FaultMalformed, "An attribute's value is not in quotes.")
	}
	i++
	value := b[i:]
	n := bytes.IndexByte(value, quote)
	if n >= 0 {
		value = value[:n]
	}
	if bytes.IndexByte(value, '<') >= 0 {
		return 0, x.fault(c3.FaultMalformed, "There is a < in an attribute.")
	}
	if n < 0 {
		return 0, nil
	}
	if f := fieldOf(name); x.attrs[f] == nil {
		x.attrs[f] = value
	}
	return i + n + 1, nil
}

// skipStart goes past a start that is larger than the buffer, and opens its
// element.
func (x *lexer) skipStart() error {
	b := x.buf[x.at:x.end]
	end := nameEnd(b, 1)
	name := bytes.Clone(b[1:end])
	x.tag = bytes.Clone(b[:c3.MaxRaw])
	x.attrs = [fields][]byte{}
	x.at += end
	last := byte(0)
	for {
		if x.at == x.end && !x.more() {
			return x.truncated()
		}
		c := x.buf[x.at]
		x.at++
		switch c {
		case '<':
			return x.fault(c3.FaultMalformed, "There is a < in a tag.")
		case '>':
			x.closing = last == '/'
			return x.push(name)
		case '"', '\'':
			if err := x.skipValue(c); err != nil {
				return err
			}
		}
		last = c
	}
}

// skipValue goes past the quote that ends an attribute's value.
func (x *lexer) skipValue(quote byte) error {
	for {
		value := x.buf[x.at:x.end]
		n := bytes.IndexByte(value, quote)
		if n >= 0 {
			value = value[:n]
		}
		if bytes.IndexByte(value, '<') >= 0 {
			return x.fault(c3.FaultMalformed, "There is a < in an attribute.")
		}
		if n >= 0 {
			x.at += n + 1
			return nil
		}
		if x.at = x.end; !x.more() {
			return x.truncated()
		}
	}
}

func (x *lexer) scanStop() (token, error) {
	for {
		b := x.buf[x.at:x.end]
		n := nameEnd(b, 2)
		i := spaceEnd(b, n)
		if i < len(b) && b[i] == '>' {
			x.at += i + 1
			return tokenStop, x.pop(b[2:n])
		}
		if i < len(b) {
			return 0, x.fault(c3.FaultMalformed, "An end tag holds more than a name.")
		}
		if !x.more() {
			if x.err != nil {
				return 0, x.truncated()
			}
			return 0, x.fault(c3.FaultMalformed, "An end tag has no end.")
		}
	}
}

// plainProperty looks whether a property without references, in the commonest of
// all ways of writing it, comes next as a whole. It consumes nothing: it and the
// white space before it are size bytes; 0 if something else comes.
func (x *lexer) plainProperty() (name, value []byte, size int) {
	const begin, end = `<Property Name="`, `</Property>`
	if x.dirty || x.closing || x.inCDATA || len(x.ends) == x.maxDepth {
		return nil, nil, 0
	}
	b := x.buf[x.at:x.end]
	i := spaceEnd(b, 0)
	if len(b)-i < len(begin) || string(b[i:i+len(begin)]) != begin {
		return nil, nil, 0
	}
	i += len(begin)
	n := nameEnd(b, i)
	if n == i || len(b)-n < 2 || b[n] != '"' || b[n+1] != '>' {
		return nil, nil, 0
	}
	name = b[i:n]
	i = n + 2
	n = bytes.IndexByte(b[i:], '<')
	if n < 0 || len(b)-i-n < len(end) || string(b[i+n:i+n+len(end)]) != end {
		return nil, nil, 0
	}
	value = b[i : i+n]
	if bytes.IndexByte(value, '&') >= 0 || bytes.IndexByte(value, '\r') >= 0 {
		return nil, nil, 0
	}
	return name, value, i + n + len(end)
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

// byteKind sorts bytes for the scanner.
type byteKind uint8

const (
	inName byteKind = 1 << iota
	firstOfName
	space
)

var kinds = func() (k [256]byteKind) {
	for b := range k {
		c := byte(b)
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_', c == ':', c >= 0x80, c == charset.Broken:
			k[b] = inName | firstOfName
		case '0' <= c && c <= '9', c == '-', c == '.':
			k[b] = inName
		case c == ' ', c == '\t', c == '\n', c == '\r':
			k[b] = space
		}
	}
	return k
}()

func startsName(c byte) bool { return kinds[c]&firstOfName != 0 }

// nameEnd returns where the name at b[i] ends.
func nameEnd(b []byte, i int) int {
	for i < len(b) && kinds[b[i]]&inName != 0 {
		i++
	}
	return i
}

// spaceEnd returns where the white space at b[i] ends.
func spaceEnd(b []byte, i int) int {
	for i < len(b) && kinds[b[i]] == space {
		i++
	}
	return i
}
