package dialect

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/delimited"
)

// Rows is a batch of rows of one kind: Feed says which, the slice of that kind
// holds them, and Lines has the line of each row's record.
type Rows struct {
	Feed        c3.Feed
	Lines       []int64
	Subscribers []c3.Subscriber
	Changes     []c3.Change
	Orders      []c3.Order
	Products    []c3.Product
}

// Len is the number of rows.
func (r *Rows) Len() int {
	return len(r.Subscribers) + len(r.Changes) + len(r.Orders) + len(r.Products)
}

func (r *Rows) reset() {
	r.Lines, r.Subscribers, r.Changes, r.Orders, r.Products = r.Lines[:0], r.Subscribers[:0], r.Changes[:0], r.Orders[:0], r.Products[:0]
}

// Sink takes what is read. An error of either method stops the reading and is
// returned by Read.
type Sink interface {
	// Rows takes a batch of at least one row. The slices are used again when it
	// returns; the strings in the rows may be kept.
	Rows(*Rows) error
	// Fault takes a record that was not taken.
	Fault(c3.Fault) error
}

// Summary is what a file held: Records = Taken + Faults + Skipped.
type Summary struct {
	Records int64
	Taken   int64 // records that became a row, or with Also two
	Faults  int64
	Skipped int64 // records whose code the profile skips
	Empty   int64 // empty lines, which are no records
	Bytes   int64

	Counts  map[string]int64 // faults by code
	LeftOut map[string]int64 // values that could not be read and do not matter so much: mac, city

	// Header and Trailer are what these lines said.
	Header, Trailer Parts
	// Day is the day that the file itself names, before Feed.Day shifts it.
	Day    aggregator.Day
	HasDay bool
	// Unended: the end of the last record was missing.
	Unended bool

	// Refused is why the file as a whole is not taken; nil: it is. Rows handed
	// out before must be forgotten then.
	Refused *c3.Fault
}

// batchRows is how many rows a batch has at most.
const batchRows = 1024

// Read reads a file from beginning to end and hands out its rows and its faulty
// records, in the order of the file but that each kind of row has batches of its
// own. Memory is bounded whatever the file holds. An error is one of r or of
// the sink; what is wrong with the file is in the Summary.
//
// Keys that come twice are not looked for.
func (f *Feed) Read(r io.Reader, sink Sink) (Summary, error) {
	d, err := delimited.NewReader(r, f.config)
	if err != nil {
		return Summary{}, err
	}
	rd := newReading(f, d, sink)
	err = rd.all()
	rd.sum.Empty, rd.sum.Bytes = d.Empty(), d.Bytes()
	if err == nil && rd.sum.Refused == nil {
		rd.sum.Refused = rd.judge()
	}
	if err == nil && rd.sum.Refused == nil {
		for i := range rd.takings {
			if err == nil {
				err = rd.flush(&rd.takings[i])
			}
		}
	}
	return rd.sum, err
}

// reading is one Read on its way.
type reading struct {
	f       *Feed
	d       *delimited.Reader
	sink    Sink
	takings []taking
	sum     Summary

	skip        int  // lines of the header still to pass over
	wantHeader  bool // the header's line is still to come
	wantNames   bool
	trailer     bool // it came
	line        int64
	fields      [][]byte
	count       int // of fields
	texts       strings.Builder
	interned    map[string]string
	citiesKnown map[string]aggregator.City
	join        []byte

	fault c3.Fault // of the record being read
	raw   []byte
}

// taking is a taker with the columns of this file.
type taking struct {
	*taker
	src  [nFields]source
	rows Rows
}

// source is where a field's value comes from.
type source struct {
	on    bool
	col   int   // from 0; -1: it is fixed
	join  []int // more than one column
	fixed []byte
	def   []byte
	empty []string
	name  string // what the province calls it
}

func newReading(f *Feed, d *delimited.Reader, sink Sink) *reading {
	rd := &reading{f: f, d: d, sink: sink, interned: map[string]string{}, citiesKnown: map[string]aggregator.City{}}
	rd.sum.Header, rd.sum.Trailer = NewParts(), NewParts()
	rd.sum.Counts, rd.sum.LeftOut = map[string]int64{}, map[string]int64{}
	rd.skip = f.spec.Header.skip
	rd.wantHeader = f.header != nil
	rd.wantNames = strings.HasSuffix(f.spec.Header.kind, "names")
	for _, t := range f.takers {
		rd.takings = append(rd.takings, taking{taker: t, rows: Rows{Feed: t.feed}})
	}
	if !rd.wantNames {
		rd.resolve(f.names, f.count)
	}
	return rd
}

// resolve finds the columns of every field; the name of one that must be there
// and is not.
func (rd *reading) resolve(names []string, count int) (missing string) {
	rd.count = count
	for i := range rd.takings {
		t := &rd.takings[i]
		for _, fd := range t.order {
			spec := t.columns[fd]
			s := source{on: true, col: -1, empty: append(append([]string(nil), rd.f.spec.Empty...), spec.Empty...)}
			if spec.Default != nil {
				s.def = []byte(*spec.Default)
			}
			switch {
			case spec.Const != nil:
				s.fixed = []byte(*spec.Const)
				s.name = fieldNames[fd]
			case spec.Join != nil:
				s.name = strings.Join(spec.Join, " ")
				for _, ref := range spec.Join {
					n, ok := column(ref, names)
					if !ok || n > count {
						return ref
					}
					s.join = append(s.join, n-1)
				}
				s.col = s.join[0]
			default:
				for _, ref := range spec.From {
					if n, ok := column(ref, names); ok && n <= count {
						s.col, s.name = n-1, ref
						break
					}
				}
				if s.col < 0 {
					return strings.Join(spec.From, " or ")
				}
			}
			t.src[fd] = s
		}
	}
	return ""
}

func (rd *reading) refuse(line int64, code, format string, args ...any) {
	rd.sum.Refused = &c3.Fault{Line: line, Code: code, Text: fmt.Sprintf(format, args...)}
}

// all reads records until the end of the file, or what refuses it.
func (rd *reading) all() error {
	for first := true; rd.sum.Refused == nil; first = false {
		rec, err := rd.d.Next()
		if first && rd.checkBOM() {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if rec.OpenQuote {
			rd.refuse(rec.Line, c3.FaultTruncated, "a quote is never closed")
			return nil
		}
		if rd.ahead(rec) {
			continue
		}
		if rd.trailer {
			rd.refuse(rec.Line, c3.FaultMalformed, "records after the trailer")
			return nil
		}
		if rd.isTrailer(rec) {
			continue
		}
		if err := rd.record(rec); err != nil {
			return err
		}
	}
	return nil
}

// checkBOM refuses a file whose byte order mark is not the agreed one.
func (rd *reading) checkBOM() bool {
	mark, has := rd.d.BOM()
	charset := rd.f.config.Charset
	switch {
	case has && (mark == delimited.UTF8) != (charset == delimited.UTF8):
		rd.refuse(1, c3.FaultHeader, "the byte order mark is that of %s, the agreed charset %s", mark, charset)
	case has && rd.f.spec.BOM == "forbidden":
		rd.refuse(1, c3.FaultHeader, "a byte order mark, where none is agreed")
	case !has && rd.f.spec.BOM == "required":
		rd.refuse(1, c3.FaultHeader, "the agreed byte order mark is missing")
	default:
		return false
	}
	return true
}

// ahead takes the lines before the first record.
func (rd *reading) ahead(rec *delimited.Record) bool {
	switch {
	case rd.skip > 0:
		rd.skip--
	case rd.wantHeader:
		rd.wantHeader = false
		parts, ok := rd.f.header.read(string(rec.Text))
		if !ok {
			rd.refuse(rec.Line, c3.FaultHeader, "the first line is not of the form %s", rd.f.header.text)
		}
		rd.sum.Header = parts
		rd.dayOf("header", parts)
	case rd.wantNames:
		rd.wantNames = false
		rd.headerNames(rec)
	default:
		return false
	}
	return true
}

func (rd *reading) dayOf(where string, p Parts) {
	if rd.f.spec.Day.From != where {
		return
	}
	switch {
	case p.HasDay:
		rd.sum.Day, rd.sum.HasDay = p.Day, true
	case p.TimeMs > 0:
		rd.sum.Day, rd.sum.HasDay = aggregator.DayOf(p.TimeMs), true
	}
}

func (rd *reading) headerNames(rec *delimited.Record) {
	if rec.Fault != "" {
		rd.refuse(rec.Line, c3.FaultHeader, "the names of the columns cannot be read: %s", rec.Why)
		return
	}
	var names []string
	for _, b := range rec.Fields {
		names = append(names, string(trimSpace(b)))
	}
	if n := len(names); rd.f.spec.Tail && n > 0 && names[n-1] == "" {
		names = names[:n-1]
	}
	if want := rd.f.spec.Fields.names; want != nil && strings.Join(want, "\x00") != strings.Join(names, "\x00") {
		rd.refuse(rec.Line, c3.FaultHeader, "the columns are not those agreed: %s", strings.Join(want, ", "))
		return
	}
	if rd.f.count > 0 && rd.f.count != len(names) {
		rd.refuse(rec.Line, c3.FaultHeader, "%d columns, %d are agreed", len(names), rd.f.count)
		return
	}
	if missing := rd.resolve(names, len(names)); missing != "" {
		rd.refuse(rec.Line, c3.FaultHeader, "there is no column %s", missing)
	}
}

// isTrailer takes the trailer.
func (rd *reading) isTrailer(rec *delimited.Record) bool {
	p := rd.f.trailer
	if p == nil || len(rec.Text) > 4096 || !strings.HasPrefix(string(rec.Text[:min(len(rec.Text), len(p.prefix()))]), p.prefix()) {
		return false
	}
	parts, ok := p.read(string(rec.Text))
	if ok {
		rd.trailer = true
		rd.sum.Trailer = parts
		rd.dayOf("trailer", parts)
	}
	return ok
}

// record turns one record into rows, or a fault.
func (rd *reading) record(rec *delimited.Record) error {
	rd.sum.Records++
	rd.sum.Unended = !rec.Ended
	rd.line, rd.raw = rec.Line, rec.Raw
	if len(rec.Text) > 0 {
		rd.raw = rec.Text[:min(len(rec.Text), c3.MaxRaw)]
	}
	if rec.Fault != "" {
		return rd.faulty("", rec.Fault, rec.Why)
	}
	fields := rec.Fields
	if n := len(fields); rd.f.spec.Tail && n > 0 && len(fields[n-1]) == 0 {
		fields = fields[:n-1]
	}
	if len(fields) != rd.count {
		return rd.faulty("", c3.FaultColumns, fmt.Sprintf("%d fields instead of %d", len(fields), rd.count))
	}
	rd.fields = fields
	skipped := 0
	var made [2]verdict
	for i := range rd.takings {
		made[i] = rd.convert(&rd.takings[i])
		if made[i] == bad {
			for j := range i { // the other kind does not get half a record
				if made[j] == good {
					rd.takings[j].rows.dropLast()
				}
			}
			return rd.tell()
		}
		if made[i] == skip {
			skipped++
		}
	}
	if skipped == len(rd.takings) {
		rd.sum.Skipped++
		return nil
	}
	rd.sum.Taken++
	for i := range rd.takings {
		if t := &rd.takings[i]; len(t.rows.Lines) >= batchRows {
			if err := rd.flush(t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (rd *reading) flush(t *taking) error {
	if t.rows.Len() == 0 {
		return nil
	}
	err := rd.sink.Rows(&t.rows)
	t.rows.reset()
	return err
}

// faulty hands out the record as a fault.
func (rd *reading) faulty(field, code, text string) error {
	rd.fault = c3.Fault{Field: field, Code: code, Text: text}
	return rd.tell()
}

func (rd *reading) tell() error {
	f := rd.fault
	f.Line = rd.line
	rd.sum.Faults++
	rd.sum.Counts[f.Code]++
	if rd.sum.Faults <= c3.MaxFaults { // more are not kept anyway
		if f.Raw == "" {
			f.Raw = string(rd.raw)
		}
		f.Raw = clean(f.Raw)
	} else {
		f.Raw = ""
	}
	return rd.sink.Fault(f)
}

// clean makes text of what may be anything, at most c3.MaxRaw bytes.
func clean(raw string) string {
	if len(raw) > c3.MaxRaw {
		raw = raw[:c3.MaxRaw]
	}
	raw = strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' || r == 0x7f {
			return '.'
		}
		return r
	}, strings.ToValidUTF8(raw, "?"))
	return raw
}

// judge looks at the file as a whole.
func (rd *reading) judge() *c3.Fault {
	f, s := rd.f, &rd.sum
	file := func(code, format string, args ...any) *c3.Fault {
		return &c3.Fault{Code: code, Text: fmt.Sprintf(format, args...)}
	}
	switch {
	case s.Bytes == 0 && (f.Full || f.Promised()):
		return file(c3.FaultEmpty, "there is nothing in the file")
	case (rd.wantHeader || rd.wantNames || rd.skip > 0) && s.Bytes > 0:
		return file(c3.FaultTruncated, "the file ends within its header")
	case f.trailer != nil && !rd.trailer:
		return file(c3.FaultTruncated, "the trailer %s is missing", f.trailer.text)
	case f.trailer == nil && f.header.has("rows") && s.Unended && s.Records > 0:
		return file(c3.FaultTruncated, "the last record has no end")
	case s.Header.Rows >= 0 && s.Header.Rows != s.Records:
		return file(c3.FaultManifest, "the header announces %d records, there are %d", s.Header.Rows, s.Records)
	case s.Trailer.Rows >= 0 && s.Trailer.Rows != s.Records:
		return file(c3.FaultManifest, "the trailer tells of %d records, there are %d", s.Trailer.Rows, s.Records)
	case f.Full && s.Records == 0:
		return file(c3.FaultEmpty, "there are no records in the file")
	case s.Faults >= 10 && float64(s.Faults) > float64(s.Records)*f.Guards.MaxBad/100:
		return file(c3.FaultMostlyBad, "%d of %d records are bad", s.Faults, s.Records)
	case s.Taken < f.Guards.MinRows:
		return file(c3.FaultShrunk, "%d records; at least %d are agreed", s.Taken, f.Guards.MinRows)
	}
	return nil
}
