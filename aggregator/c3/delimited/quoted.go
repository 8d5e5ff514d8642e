package delimited

import (
	"bytes"

	"iptvdc/aggregator/c3"
)

// quoteState is where in a record with quotes the search for its end stands.
type quoteState uint8

const (
	fieldStart quoteState = iota
	inField               // a field without quotes, or after its closing quote
	inQuotes
	maybeClosed // after a quote within quotes: another makes one, all else closes
)

// findQuoted is find for files with quotes. It works on bytes as they lie in
// the file and steps over characters of two bytes, whose second may look like a
// delimiter.
func (d *Reader) findQuoted() (n, tail int, found bool) {
	end := []byte(d.c.End)
	if len(end) == 0 {
		end = newline
	}
	ahead := max(len(end), len(d.delim), 2) // bytes that decide what is at scan
	for i := d.scan; ; {
		if i == d.end || d.end-i < ahead && !d.eof {
			d.scan = i
			return 0, 0, false
		}
		if d.quote == inQuotes { // no trail byte is a quote
			n := bytes.IndexByte(d.buf[i:d.end], '"')
			if n < 0 {
				d.scan = d.end
				return 0, 0, false
			}
			d.quote = maybeClosed
			i += n + 1
			continue
		}
		rest := d.buf[i:d.end]
		b := rest[0]
		switch {
		case d.plain[b]:
			d.quote = inField
			for i++; i < d.end && d.plain[d.buf[i]]; i++ {
			}
		case b == '"' && (d.quote == fieldStart || d.quote == maybeClosed):
			d.quote = inQuotes
			i++
		case bytes.HasPrefix(rest, end):
			return i - d.start, len(end), true
		case bytes.HasPrefix(rest, d.delim):
			d.quote = fieldStart
			i += len(d.delim)
		default:
			d.quote = inField
			i += d.step(rest)
		}
	}
}

// step is the length of the character at the beginning of b, as far as trail
// bytes go. Of four bytes it steps over two at a time.
func (d *Reader) step(b []byte) int {
	if d.c.Charset != UTF8 && b[0] > 0x80 && b[0] < 0xff && len(b) > 1 && b[1] >= 0x30 {
		return 2
	}
	return 1
}

// cutQuoted cuts a record's text into fields and takes their quotes off.
func (d *Reader) cutQuoted(text []byte) {
	delim := []byte(d.c.Delimiter)
	d.unquote = d.unquote[:0]
	if cap(d.unquote) < len(text) {
		d.unquote = make([]byte, 0, len(text)+len(text)/2) // fields point into it: it must not move
	}
	for len(d.fields) <= MaxFields {
		var field []byte
		if len(text) > 0 && text[0] == '"' {
			from := len(d.unquote)
			text = text[1:]
			for {
				i := bytes.IndexByte(text, '"')
				if i < 0 {
					d.fault(c3.FaultColumns, "a quote is never closed")
					return
				}
				d.unquote = append(d.unquote, text[:i]...)
				text = text[i+1:]
				if len(text) == 0 || text[0] != '"' {
					break
				}
				d.unquote = append(d.unquote, '"')
				text = text[1:]
			}
			field = d.unquote[from:len(d.unquote):len(d.unquote)]
			if len(text) > 0 && !bytes.HasPrefix(text, delim) {
				d.fault(c3.FaultColumns, "text after a closing quote")
				return
			}
		} else {
			i := bytes.Index(text, delim)
			if i < 0 {
				i = len(text)
			}
			field = text[:i:i]
			text = text[i:]
			if bytes.IndexByte(field, '\r') >= 0 || bytes.IndexByte(field, '\n') >= 0 {
				d.fault(c3.FaultCharset, "a line end within a field that has no quotes")
				return
			}
		}
		d.fields = append(d.fields, field)
		if len(text) == 0 {
			return
		}
		text = text[len(delim):]
		if len(text) == 0 { // the record ends with a delimiter
			d.fields = append(d.fields, text)
			return
		}
	}
}
