package delimited

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Charset is how a file writes characters. The zero Charset is UTF-8.
type Charset uint8

const (
	UTF8    Charset = iota
	GBK             // code page 936: byte 80 is the euro sign
	GB18030         // as GBK, and four-byte characters
)

// ParseCharset reads utf-8, gbk or gb18030.
func ParseCharset(s string) (Charset, error) {
	switch s {
	case "utf-8":
		return UTF8, nil
	case "gbk":
		return GBK, nil
	case "gb18030":
		return GB18030, nil
	}
	return UTF8, fmt.Errorf("%q is no charset we read; allowed: utf-8, gbk, gb18030", s)
}

func (c Charset) String() string {
	switch c {
	case GBK:
		return "gbk"
	case GB18030:
		return "gb18030"
	}
	return "utf-8"
}

// AppendEncoded appends text in the charset. It returns an error, and b as it
// was, if the charset cannot write a character, or text is not UTF-8.
func (c Charset) AppendEncoded(b []byte, text []byte) ([]byte, error) {
	if !utf8.Valid(text) {
		return b, fmt.Errorf("%q is not UTF-8", text)
	}
	if c == UTF8 || ascii(text) {
		return append(b, text...), nil
	}
	e := simplifiedchinese.GBK.NewEncoder()
	if c == GB18030 {
		e = simplifiedchinese.GB18030.NewEncoder()
	}
	coded, err := e.Bytes(text)
	if err != nil {
		return b, fmt.Errorf("%q cannot be written in %s", text, c)
	}
	return append(b, coded...), nil
}

// appendDecoded appends raw as UTF-8. It returns the offset in raw of the first
// bytes that are no character, -1 if all are. U+FFFD counts as none: it stands
// for what was lost before the file was sent.
func (c Charset) appendDecoded(b []byte, raw []byte) (_ []byte, bad int) {
	if c == UTF8 {
		return append(b, raw...), badUTF8(raw)
	}
	table := gbkTable()
	for i := 0; i < len(raw); {
		if raw[i] < utf8.RuneSelf {
			n := asciiRun(raw[i:])
			b = append(b, raw[i:i+n]...)
			i += n
			continue
		}
		n := c.width(raw[i:])
		var r rune
		switch {
		case n == 1 && raw[i] == 0x80:
			r = '€'
		case n == 2:
			r = rune(table[int(raw[i]-0x81)*192+int(raw[i+1]-0x40)])
		case n == 4:
			r = fourBytes(raw[i : i+4])
		}
		if r == 0 || r == utf8.RuneError {
			return b, i
		}
		b = utf8.AppendRune(b, r)
		i += n
	}
	return b, -1
}

// width is the length of the character at the beginning of raw, which is not
// ASCII and not of UTF-8; 0: no character begins so.
func (c Charset) width(raw []byte) int {
	switch lead := raw[0]; {
	case lead == 0x80:
		return 1
	case lead == 0xff || len(raw) < 2:
		return 0
	}
	switch trail := raw[1]; {
	case 0x40 <= trail && trail != 0x7f && trail != 0xff:
		return 2
	case c == GB18030 && digit(trail) && len(raw) >= 4 && 0x81 <= raw[2] && raw[2] < 0xff && digit(raw[3]):
		return 4
	}
	return 0
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

// fourBytes decodes a four-byte character; they are too rare to be quick about.
func fourBytes(raw []byte) rune {
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(raw)
	if err != nil {
		return 0
	}
	r, n := utf8.DecodeRune(text)
	if n != len(text) {
		return 0
	}
	return r
}

// gbkTable has the character of each pair (lead - 81, trail - 40), 0 for none.
var gbkTable = sync.OnceValue(func() *[126 * 192]uint16 {
	var table [126 * 192]uint16
	d := simplifiedchinese.GBK.NewDecoder()
	for lead := range 126 {
		for trail := range 0xff - 0x40 {
			text, err := d.Bytes([]byte{byte(lead + 0x81), byte(trail + 0x40)})
			if r, n := utf8.DecodeRune(text); err == nil && n == len(text) && r != utf8.RuneError {
				table[lead*192+trail] = uint16(r)
			}
		}
	}
	return &table
})

// badUTF8 is the offset of the first bytes that are not UTF-8, or are U+FFFD; -1
// if there are none.
func badUTF8(b []byte) int {
	lost := bytes.Index(b, []byte("\uFFFD"))
	if utf8.Valid(b) {
		return lost
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError {
			return i
		}
		i += n
	}
	return lost
}

func ascii(b []byte) bool { return asciiRun(b) == len(b) }

// asciiRun is how many bytes at the beginning of b are ASCII.
func asciiRun(b []byte) int {
	i := 0
	for i+8 <= len(b) && binary.LittleEndian.Uint64(b[i:])&0x8080808080808080 == 0 {
		i += 8
	}
	for i < len(b) && b[i] < utf8.RuneSelf {
		i++
	}
	return i
}
