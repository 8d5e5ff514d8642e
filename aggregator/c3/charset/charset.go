// Package charset turns the bytes of a province's file into clean UTF-8 as they
// stream by, in constant memory. Clean means:
//
//   - it is valid UTF-8, without a byte order mark at its begin;
//   - of the control characters (C0, DEL, C1) it holds only tab, line feed and
//     carriage return, and those a caller asked to keep as they delimit its
//     fields. Any other is a space: a column of fixed width stays where it is,
//     and two words do not become one;
//   - what is no text in the charset is the single byte Broken, for each byte or
//     half of a character. Nothing else is: a Broken byte of the input is a control character, thus a space,
//     and a U+FFFD of the input stays a U+FFFD.
//
// So a reader of records rejects the record in which it meets Broken, by its own
// count of lines, and goes on with the next.
package charset

import (
	"fmt"
	"strings"
)

// Broken stands for what is no text: the control character SUB, whose
// meaning this is.
const Broken byte = 0x1a

// Charset is how characters are bytes. The zero Charset is found out from the
// file.
type Charset uint8

const (
	// Auto is, first match wins: the byte order mark; the encoding an XML
	// declaration names, if it is one of these; else as the first bytes above
	// 0x7f look: UTF-8 if more of them belong to characters of UTF-8 than not,
	// otherwise GB18030. A file of ASCII alone remains Auto.
	Auto Charset = iota
	UTF8
	// GB18030 stands for GB2312 and GBK, too, which are parts of it. 0x80 is the
	// euro sign, as in code page 936.
	GB18030
	UTF16LE
	UTF16BE
)

// Parse reads the name of a charset, letter case and hyphens aside.
func Parse(name string) (Charset, error) {
	switch strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(strings.TrimSpace(name))) {
	case "auto":
		return Auto, nil
	case "utf8":
		return UTF8, nil
	case "gbk", "gb2312", "gb18030", "cp936":
		return GB18030, nil
	case "utf16le":
		return UTF16LE, nil
	case "utf16be":
		return UTF16BE, nil
	}
	return Auto, fmt.Errorf("charset %.40q is not one of auto, utf-8, gbk, gb2312, gb18030, utf-16le, utf-16be", name)
}

func (c Charset) String() string {
	if int(c) < len(names) {
		return names[c]
	}
	return "unknown"
}

var names = [...]string{Auto: "auto", UTF8: "utf-8", GB18030: "gb18030", UTF16LE: "utf-16le", UTF16BE: "utf-16be"}
