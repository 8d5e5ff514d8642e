package delimited

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"iptvdc/aggregator/c3"
)

// split decodes a raw record and cuts it into fields.
func (d *Reader) split(raw []byte) {
	all := d.classes(raw)
	text := raw
	if all&classHigh != 0 {
		bad := -1
		if d.c.Charset == UTF8 {
			bad = badUTF8(raw)
		} else {
			d.text, bad = d.c.Charset.appendDecoded(d.text[:0], raw)
			text = d.text
		}
		d.rec.Text = text
		if bad >= 0 {
			d.fault(c3.FaultCharset, "bytes that are no character of the agreed charset")
			return
		}
		if bytes.Contains(text, byteOrderMark) {
			d.fault(c3.FaultCharset, "a byte order mark within the file; were two files joined?")
			return
		}
	}
	d.rec.Text = text
	if all&classControl != 0 {
		why := "a control character"
		if bytes.IndexByte(text, '\r') >= 0 && d.c.End == "" {
			why = "a carriage return within a record; do lines end with it alone?"
		}
		d.fault(c3.FaultCharset, why)
		return
	}
	d.fields = d.fields[:0]
	switch {
	case d.c.Widths != nil:
		d.cutWidths(raw, text, all&classHigh != 0)
	case d.c.Quoted:
		d.cutQuoted(text)
	case d.c.Delimiter == "":
		d.fields = append(d.fields, text)
	case len(d.c.Delimiter) == 1:
		d.cutByte(text, d.c.Delimiter[0])
	default:
		d.cut(text)
	}
	if d.rec.Fault != "" {
		return
	}
	if len(d.fields) > MaxFields {
		d.fault(c3.FaultColumns, "more fields than any record has")
		return
	}
	limit := d.c.maxField()
	for _, f := range d.fields {
		if len(f) > limit {
			d.fault(c3.FaultLong, "a field is longer than allowed")
			return
		}
		if d.recut && hasControl(f) {
			d.fault(c3.FaultCharset, "a control character")
			return
		}
	}
	d.rec.Fields = d.fields
}

// classes joins the classes of all bytes, eight at a time where all of them are
// printable ASCII.
func (d *Reader) classes(raw []byte) (all byte) {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; len(raw) >= 8; raw = raw[8:] {
		w := binary.LittleEndian.Uint64(raw)
		low := (w - ones*0x20) & ^w // high bit: below 20
		del := w ^ ones*0x7f
		del = (del - ones) & ^del // high bit: 7f
		if (w|low|del)&highs == 0 {
			continue
		}
		for _, b := range raw[:8] {
			all |= d.class[b]
		}
	}
	for _, b := range raw {
		all |= d.class[b]
	}
	return all
}

var byteOrderMark = []byte("\uFEFF")

func hasControl(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\t' || c == 0x7f {
			return true
		}
	}
	return false
}

func (d *Reader) cutByte(text []byte, delim byte) {
	for len(d.fields) <= MaxFields {
		i := bytes.IndexByte(text, delim)
		if i < 0 {
			break
		}
		d.fields = append(d.fields, text[:i:i])
		text = text[i+1:]
	}
	d.fields = append(d.fields, text)
}

func (d *Reader) cut(text []byte) {
	delim := []byte(d.c.Delimiter)
	for len(d.fields) <= MaxFields {
		i := bytes.Index(text, delim)
		if i < 0 {
			break
		}
		d.fields = append(d.fields, text[:i:i])
		text = text[i+len(delim):]
	}
	d.fields = append(d.fields, text)
}

// cutWidths walks through a record in characters, with their widths in the
// file, and in UTF-8 at once.
func (d *Reader) cutWidths(raw, text []byte, high bool) {
	from, r, t := 0, 0, 0
	for i, width := range d.c.Widths {
		last := i == len(d.c.Widths)-1
		if width == 0 {
			d.fields = append(d.fields, text[t:])
			return
		}
		for n := 0; n < width; {
			if t == len(text) {
				d.fault(c3.FaultColumns, "the record is shorter than its columns")
				return
			}
			rn, tn := 1, 1
			if high && text[t] >= utf8.RuneSelf {
				_, tn = utf8.DecodeRune(text[t:])
				rn = tn
				if d.c.Charset != UTF8 {
					rn = d.c.Charset.width(raw[r:])
				}
			}
			r, t = r+rn, t+tn
			if d.c.Characters {
				n++
			} else if n += rn; n > width {
				d.fault(c3.FaultCharset, "a column ends within a character; are its widths in characters?")
				return
			}
		}
		d.fields = append(d.fields, text[from:t:t])
		from = t
		if last && t != len(text) {
			d.fault(c3.FaultColumns, "the record is longer than its columns")
		}
	}
}
