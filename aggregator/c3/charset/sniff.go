package charset

import (
	"bytes"
	"unicode/utf8"
)

// begin tells the charset of a file from its first bytes, given what the caller
// says it is in, and how many of them are a byte order mark.
func begin(head []byte, told Charset) (c Charset, mark int) {
	for _, b := range marks {
		if bytes.HasPrefix(head, []byte(b.mark)) && (b.charset != GB18030 || told == Auto || told == GB18030) {
			return b.charset, len(b.mark)
		}
	}
	if told != Auto {
		return told, 0
	}
	switch {
	case bytes.HasPrefix(head, []byte("<\x00?\x00")):
		return UTF16LE, 0
	case bytes.HasPrefix(head, []byte("\x00<\x00?")):
		return UTF16BE, 0
	}
	return declared(head), 0
}

var marks = []struct {
	mark    string
	charset Charset
}{
	{"\xef\xbb\xbf", UTF8},
	{"\xff\xfe", UTF16LE},
	{"\xfe\xff", UTF16BE},
	{"\x84\x31\x95\x33", GB18030},
}

// maxDeclaration is how far an XML declaration is looked for.
const maxDeclaration = 256

// declared is the charset an XML declaration at the begin names. A name that is
// not ours, or that its very bytes belie (an ASCII declaration that claims
// UTF-16), tells nothing: Auto.
func declared(head []byte) Charset {
	head = bytes.TrimLeft(head[:min(len(head), maxDeclaration)], " \t\r\n")
	decl, _, ok := bytes.Cut(head, []byte("?>"))
	if !ok || !bytes.HasPrefix(decl, []byte("<?xml")) {
		return Auto
	}
	_, rest, ok := bytes.Cut(decl, []byte("encoding"))
	rest = bytes.TrimLeft(rest, " \t\r\n=")
	if !ok || len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
		return Auto
	}
	name, _, _ := bytes.Cut(rest[1:], rest[:1])
	if c, err := Parse(string(name)); err == nil && (c == UTF8 || c == GB18030) {
		return c
	}
	return Auto
}

// judge tells UTF-8 from GB18030 by bytes of which the first is above 0x7f. A
// broken byte in a file of UTF-8 costs its record, not the meaning of all others;
// Chinese in GB18030 is next to never characters of UTF-8.
func judge(block []byte) Charset {
	good, bad := 0, 0
	for i := 0; i < len(block); {
		if block[i] < utf8.RuneSelf {
			i++
			continue
		}
		_, size := utf8.DecodeRune(block[i:])
		switch {
		case size > 1:
			good += size
		case utf8.FullRune(block[i:]):
			bad++
		}
		i += size
	}
	if good > bad || bad == 0 {
		return UTF8
	}
	return GB18030
}
