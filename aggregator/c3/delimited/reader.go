package delimited

import (
	"bytes"
	"io"

	"iptvdc/aggregator/c3"
)

// Record is one record of a file. All its slices are valid until the following
// Next, which reuses the Record too.
type Record struct {
	// Line is the line on which the record begins, from 1. Files whose records do
	// not end with a newline have one record a line.
	Line int64

	// Fields are the record's fields in UTF-8, without control characters but for
	// tabs (and line ends in quotes); nil if Fault is set.
	Fields [][]byte

	// Text is the record as a whole in UTF-8, quotes and all; of a record with
	// Fault it is what could be read, and may hold anything.
	Text []byte

	// Fault is the code of what is wrong, one of c3.FaultCharset, FaultLong and
	// FaultColumns; "": nothing. Why says it in words.
	Fault, Why string

	// Raw is the beginning of the record as it lies in the file.
	Raw []byte

	// Ended is whether the end of the record was there; only the last of a file
	// may lack it. OpenQuote: and it is because a quote was never closed.
	Ended, OpenQuote bool
}

// Reader reads records one by one. Not safe for concurrent use.
type Reader struct {
	c     Config
	r     io.Reader
	class [256]byte
	delim []byte    // in the file's charset
	plain [256]bool // with quotes: neither ends a field nor spans two bytes
	recut bool      // control characters of the delimiter must be looked for in fields

	buf        []byte
	start, end int // of what is not yet handed out
	scan       int // up to here no end of a record was found
	eof        bool
	err        error // of reading; what came before it is handed out first
	begun      bool
	bom        Charset
	hasBOM     bool

	skipping bool   // the record is too long and is not kept
	head     []byte // of such a record
	quote    quoteState

	line   int64 // of the next record
	inside int64 // newlines within the record that is skipped
	empty  int64
	read   int64

	rec     Record
	text    []byte
	fields  [][]byte
	unquote []byte
}

const (
	classHigh    = 1 << iota // not ASCII
	classControl             // must not be in a field
)

// NewReader returns a Reader of r. Config must pass Check.
func NewReader(r io.Reader, c Config) (*Reader, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	d := &Reader{c: c, r: r, line: 1, buf: make([]byte, min(64<<10, c.maxRecord()+32)), quote: fieldStart}
	d.delim, _ = c.Charset.AppendEncoded(nil, []byte(c.Delimiter)) // Check tried it
	for b := range 256 {
		switch {
		case b >= 0x80:
			d.class[b] = classHigh
		case b < 0x20 && b != '\t' || b == 0x7f:
			d.class[b] = classControl
		}
	}
	for _, b := range []byte(c.Delimiter) {
		if d.class[b] == classControl {
			d.class[b] = 0
			d.recut = len(c.Delimiter) > 1
		}
	}
	if c.Quoted {
		end := "\n"
		if c.End != "" {
			end = c.End
		}
		for b := range 256 {
			d.plain[b] = byte(b) != '"' && byte(b) != d.delim[0] && byte(b) != end[0] && (b < 0x80 || c.Charset == UTF8)
		}
		d.class['\n'], d.class['\r'] = 0, 0 // met outside quotes they are found by split
	}
	return d, nil
}

// Empty is how many empty lines were passed over so far.
func (d *Reader) Empty() int64 { return d.empty }

// Bytes is how many bytes of the file were read so far.
func (d *Reader) Bytes() int64 { return d.read }

// BOM returns with which charset's byte order mark the file began, once Next was
// called. The mark is no part of the first record whatever Config.Charset is.
func (d *Reader) BOM() (Charset, bool) { return d.bom, d.hasBOM }

// Next returns the next record that is not empty. At the end of the file it
// returns io.EOF; any other error is one of reading. It allocates nothing but
// what a record larger than all before needs.
func (d *Reader) Next() (*Record, error) {
	if !d.begun {
		d.begin()
	}
	for {
		n, tail, found := d.find()
		switch {
		case found:
		case d.err != nil:
			return nil, d.err
		case !d.eof:
			if d.skipping || d.scan-d.start > d.c.maxRecord() {
				d.drop()
			}
			d.fill()
			continue
		case d.start == d.end && !d.skipping:
			return nil, io.EOF
		default:
			n, tail = d.end-d.start, 0
		}
		raw := d.buf[d.start : d.start+n]
		d.start += n + tail
		d.scan = d.start
		open := !found && d.quote == inQuotes
		d.quote = fieldStart
		line := d.line
		d.line++
		if d.c.Quoted {
			d.line += d.inside + int64(bytes.Count(raw, newline))
			d.inside = 0
		}
		long := d.skipping || len(raw) > d.c.maxRecord()
		if d.skipping {
			d.skipping = false
			raw = d.head
		}
		if d.c.End == "" && !long {
			raw = bytes.TrimSuffix(raw, carriageReturn)
		}
		if len(raw) == 0 {
			d.empty++
			continue
		}
		d.rec = Record{Line: line, Raw: raw[:min(len(raw), c3.MaxRaw)], Ended: found, OpenQuote: open}
		if long {
			d.rec.Raw = raw[:min(len(raw), c3.MaxRaw)]
			d.fault(c3.FaultLong, "the record is longer than allowed")
			return &d.rec, nil
		}
		d.split(raw)
		return &d.rec, nil
	}
}

var (
	newline        = []byte("\n")
	carriageReturn = []byte("\r")
)

func (d *Reader) fault(code, why string) {
	d.rec.Fault, d.rec.Why, d.rec.Fields = code, why, nil
}

// begin fills the buffer and takes the byte order mark off.
func (d *Reader) begin() {
	for d.end < 4 && !d.eof && d.err == nil {
		d.fill()
	}
	d.begun = true
	for _, mark := range []struct {
		bytes   string
		charset Charset
	}{{"\xef\xbb\xbf", UTF8}, {"\x84\x31\x95\x33", GB18030}} {
		if bytes.HasPrefix(d.buf[:d.end], []byte(mark.bytes)) {
			d.bom, d.hasBOM = mark.charset, true
			d.start = len(mark.bytes)
			d.scan = d.start
		}
	}
}

// fill reads once, after making room.
func (d *Reader) fill() {
	if d.end == len(d.buf) {
		if d.start > 0 {
			copy(d.buf, d.buf[d.start:d.end])
			d.end -= d.start
			d.scan -= d.start
			d.start = 0
		} else {
			// find lets the record grow only up to its limit: this ends.
			d.buf = append(d.buf, make([]byte, len(d.buf))...)
		}
	}
	for range 100 {
		n, err := d.r.Read(d.buf[d.end:])
		d.end += n
		d.read += int64(n)
		if err == io.EOF {
			d.eof = true
			return
		}
		if n > 0 || err != nil {
			d.err = err
			return
		}
	}
	d.err = io.ErrNoProgress
}

// drop forgets what of the record was searched, but for its beginning.
func (d *Reader) drop() {
	if !d.skipping {
		d.skipping = true
		d.head = append(d.head[:0], d.buf[d.start:min(d.scan, d.start+c3.MaxRaw)]...)
	}
	if d.c.Quoted {
		d.inside += int64(bytes.Count(d.buf[d.start:d.scan], newline))
	}
	d.start = d.scan
}

// find looks for the end of the record at start: its length, and that of the
// end itself. If there is none, scan moves to where to look on.
func (d *Reader) find() (n, tail int, found bool) {
	if d.c.Quoted {
		return d.findQuoted()
	}
	if d.c.End == "" {
		if i := bytes.IndexByte(d.buf[d.scan:d.end], '\n'); i >= 0 {
			return d.scan + i - d.start, 1, true
		}
		d.scan = d.end
		return 0, 0, false
	}
	if i := bytes.Index(d.buf[d.scan:d.end], []byte(d.c.End)); i >= 0 {
		return d.scan + i - d.start, len(d.c.End), true
	}
	d.scan = max(d.scan, d.end-len(d.c.End)+1)
	return 0, 0, false
}
