package adi

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// maxReference is the longest reference, & and ; included.
const maxReference = len("&#x0010FFFF;")

// appendText appends a text as written, with its references resolved and its
// line ends made \n. It never becomes longer. An ampersand that begins none of
// the five references and no character reference stays: senders do not escape it.
func appendText(dst, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			return appendLines(dst, text)
		}
		dst = appendLines(dst, text[:i])
		text = text[i:]
		c, size := reference(text)
		dst = utf8.AppendRune(dst, c)
		text = text[size:]
	}
}

// appendLines appends a text with \r\n and \r made \n.
func appendLines(dst, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '\r')
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:i]...)
		dst = append(dst, '\n')
		text = text[i+1:]
		if len(text) > 0 && text[0] == '\n' {
			text = text[1:]
		}
	}
}

// reference resolves the reference at b[0], an ampersand; the ampersand itself if
// it begins none. A control character becomes a space, as in the text around it.
func reference(b []byte) (c rune, size int) {
	end := bytes.IndexByte(b[:min(len(b), maxReference)], ';')
	if end < 0 {
		return '&', 1
	}
	name := b[1:end]
	switch string(name) {
	case "amp":
		return '&', end + 1
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "quot":
		return '"', end + 1
	case "apos":
		return '\'', end + 1
	}
	if len(name) < 2 || name[0] != '#' {
		return '&', 1
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(string(digits), base, 32)
	switch c := rune(n); {
	case err != nil || n > utf8.MaxRune || !utf8.ValidRune(c):
		return '&', 1
	case c < ' ' && c != '\t' && c != '\n' && c != '\r', 0x7f <= c && c < 0xa0:
		return ' ', end + 1
	default:
		return c, end + 1
	}
}
