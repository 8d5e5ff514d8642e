package adi

import (
	"bytes"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/charset"
)

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
