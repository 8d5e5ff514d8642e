package dialect

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/delimited"
)

// Writer writes rows as the dialect does. What it writes, Read reads as the same
// rows; a row of which that is not true is refused by Rows.
type Writer struct {
	f       *Feed
	w       *bufio.Writer
	about   Parts
	records int64

	t      *taker
	fields [][]byte // by column, reused
	set    []bool
	value  []byte
	line   []byte
	coded  []byte
	err    error // of the row
}

// NewWriter returns a Writer of one file. about has what header and trailer
// tell; its Rows is needed only if the header tells it, as it comes first.
func (f *Feed) NewWriter(w io.Writer, about Parts) (*Writer, error) {
	n := max(f.count, len(f.names))
	wr := &Writer{f: f, w: bufio.NewWriterSize(w, 64<<10), about: f.fixed(about), fields: make([][]byte, n), set: make([]bool, n)}
	if f.spec.BOM == "required" {
		wr.line = append(wr.line, "\uFEFF"...)
	}
	for range f.spec.Header.skip {
		wr.line = append(append(wr.line, '#'), wr.end()...)
	}
	if f.header != nil {
		text, err := f.header.write(wr.about)
		if err != nil {
			return nil, fmt.Errorf("header: %w", err)
		}
		wr.line = append(append(wr.line, text...), wr.end()...)
	}
	if strings.HasSuffix(f.spec.Header.kind, "names") {
		for i, name := range f.names {
			wr.fields[i] = append(wr.fields[i][:0], name...)
		}
		if err := wr.assemble(); err != nil {
			return nil, fmt.Errorf("header: %w", err)
		}
		wr.line = append(wr.line, wr.end()...)
	}
	return wr, wr.flush()
}

// Write writes a whole file.
func (f *Feed) Write(w io.Writer, about Parts, batches ...*Rows) error {
	about.Rows = 0
	for _, b := range batches {
		about.Rows += int64(b.Len())
	}
	wr, err := f.NewWriter(w, about)
	if err != nil {
		return err
	}
	for _, b := range batches {
		if err := wr.Rows(b); err != nil {
			return err
		}
	}
	return wr.Close()
}

// Holds is whether the feed's files have a place for a field of rows of that
// kind, as state or open; see the profile's columns for their names.
func (f *Feed) Holds(kind c3.Feed, name string) bool {
	for _, t := range f.takers {
		if fd, ok := t.kind.field(name); ok && t.feed == kind {
			return t.columns[fd] != nil
		}
	}
	return false
}

// Words are the canonical words that the feed can write for a field, as
// suspended/arrears for state; for city the codes of the cities. In the order of
// the profile, none twice.
func (f *Feed) Words(kind c3.Feed, name string) []string {
	var all []string
	if !f.Holds(kind, name) {
		return nil
	}
	if name == "city" {
		for _, r := range aggregator.Regions() {
			if _, ok := f.cities.written[r.City()]; ok && r.City() != 0 {
				all = append(all, r.Code)
			}
		}
		return all
	}
	for _, t := range f.takers {
		fd, ok := t.kind.field(name)
		words := vocabulary(kind, fd)
		if !ok || t.feed != kind || words == "" {
			continue
		}
		seen := map[string]bool{"skip": true}
		for _, p := range f.codes[words].pairs {
			if !seen[p.word] {
				seen[p.word] = true
				all = append(all, p.word)
			}
		}
	}
	return all
}

// Unit is the smallest step of time that the feed's files can hold.
func (f *Feed) Unit() time.Duration {
	unit := 24 * time.Hour
	for _, k := range f.clocks {
		unit = min(unit, k.unit())
	}
	return unit
}

func (w *Writer) end() string {
	if w.f.config.End == "" {
		return "\n"
	}
	return w.f.config.End
}

// Rows writes a batch. An error names the line and the field; rows before it are
// written.
func (w *Writer) Rows(b *Rows) error {
	w.t = nil
	for _, t := range w.f.takers {
		if t.feed == b.Feed {
			w.t = t
		}
	}
	if w.t == nil {
		return fmt.Errorf("the feed holds no %s", feedWords[b.Feed])
	}
	row := func() error {
		if w.err == nil {
			w.err = w.record()
		}
		if err := w.err; err != nil {
			w.err = nil
			return fmt.Errorf("row %d: %w", w.records+1, err)
		}
		w.records++
		return nil
	}
	for i := range b.Subscribers {
		w.subscriber(&b.Subscribers[i])
		if err := row(); err != nil {
			return err
		}
	}
	for i := range b.Changes {
		w.change(&b.Changes[i])
		if err := row(); err != nil {
			return err
		}
	}
	for i := range b.Orders {
		w.order(&b.Orders[i])
		if err := row(); err != nil {
			return err
		}
	}
	for i := range b.Products {
		w.product(&b.Products[i])
		if err := row(); err != nil {
			return err
		}
	}
	return nil
}

// Close writes the trailer. It does not close what it writes to.
func (w *Writer) Close() error {
	if p := w.f.trailer; p != nil {
		w.about.Rows = w.records
		text, err := p.write(w.about)
		if err != nil {
			return fmt.Errorf("trailer: %w", err)
		}
		w.line = append(append(w.line[:0], text...), w.end()...)
		if err := w.flush(); err != nil {
			return err
		}
	}
	return w.w.Flush()
}

func (w *Writer) subscriber(r *c3.Subscriber) {
	w.begin()
	w.account(fAccount, r.Account)
	w.code(fState, uint8(r.State), r.Reason)
	w.city(r.City)
	w.time(fOpen, r.OpenMs)
	w.time(fSuspend, r.SuspendMs)
	w.time(fCancel, r.CancelMs)
	w.text(fProduct, r.Product)
	w.text(fSTBID, r.STBID)
	w.text(fMAC, r.MAC)
	w.text(fNet, r.Net)
}

func (w *Writer) change(r *c3.Change) {
	w.begin()
	w.account(fAccount, r.Account)
	w.code(fOp, uint8(r.Op), r.Reason)
	w.time(fAt, r.AtMs)
	w.city(r.City)
	if r.Op == c3.OpChangeNo {
		w.account(fOld, r.Old)
	} else {
		w.text(fOld, r.Old)
	}
	w.text(fNew, r.New)
}

func (w *Writer) order(r *c3.Order) {
	w.begin()
	w.text(fID, r.ID)
	w.account(fAccount, r.Account)
	w.code(fOp, uint8(r.Op), 0)
	w.text(fProduct, r.Product)
	w.text(fContent, r.Content)
	w.text(fProvider, r.Provider)
	w.time(fAt, r.AtMs)
	w.time(fFrom, r.FromMs)
	w.time(fTo, r.ToMs)
	w.money(fAmount, r.Fen, r.Op == c3.OrderRefund)
	w.code(fPay, uint8(r.Pay), 0)
	w.text(fTrace, r.Trace)
}

func (w *Writer) product(r *c3.Product) {
	w.begin()
	w.text(fCode, r.Code)
	w.text(fName, r.Name)
	w.code(fType, uint8(r.Type), 0)
	w.money(fPrice, r.Fen, false)
	w.text(fProvider, r.Provider)
	w.share(r.ShareBP)
	w.time(fFrom, r.FromMs)
	w.time(fTo, r.ToMs)
}

func (w *Writer) begin() {
	for i := range w.fields {
		w.fields[i], w.set[i] = w.fields[i][:0], false
	}
	if w.t.columns[fDay] != nil {
		if !w.about.HasDay {
			w.fail(fDay, "the file needs a day")
			return
		}
		w.time(fDay, w.about.Day.Start())
	}
}

func (w *Writer) fail(f field, format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(fieldNames[f]+": "+format, args...)
	}
}

// put puts a value into its column. zero: it says nothing, and may be left out.
func (w *Writer) put(f field, v []byte, zero bool) {
	spec := w.t.columns[f]
	switch {
	case spec == nil && zero:
		return
	case spec == nil:
		w.fail(f, "the feed has no place for it")
		return
	case spec.Const != nil:
		if string(v) != *spec.Const {
			w.fail(f, "is always %q, not %q", *spec.Const, v)
		}
		return
	case len(v) == 0 && spec.Default != nil && *spec.Default != "":
		w.fail(f, "empty would be read as %q", *spec.Default)
		return
	case spec.Join != nil:
		w.split(f, spec, v)
		return
	}
	if !zero {
		w.readable(f, spec, v)
	}
	n, _ := column(spec.From[0], w.f.names)
	w.cell(f, n-1, v)
}

// readable refuses a value that would be read as another.
func (w *Writer) readable(f field, spec *columnSpec, v []byte) {
	if w.f.spec.Trim == "space" && len(trimSpace(v)) != len(v) {
		w.fail(f, "%q begins or ends with a space", v)
	}
	for _, list := range [][]string{w.f.spec.Empty, spec.Empty} {
		for _, e := range list {
			if string(v) == e && e != "" {
				w.fail(f, "%q would be read as empty", v)
			}
		}
	}
}

// split writes a time into two columns, its date into the first.
func (w *Writer) split(f field, spec *columnSpec, v []byte) {
	cut := len(v)
	if text := w.f.clocks[0].text; len(v) > 0 {
		if i := strings.IndexAny(text, "Hms"); i >= 0 {
			cut = min(i, len(v))
		}
	}
	for i, ref := range spec.Join {
		n, _ := column(ref, w.f.names)
		switch {
		case i == 0:
			w.cell(f, n-1, v[:cut])
		case i == 1:
			w.cell(f, n-1, v[cut:])
		}
	}
}

func (w *Writer) cell(f field, i int, v []byte) {
	if w.set[i] && !bytes.Equal(w.fields[i], v) {
		w.fail(f, "its column already has %q, not %q", w.fields[i], v)
		return
	}
	w.fields[i], w.set[i] = append(w.fields[i][:0], v...), true
}

func (w *Writer) text(f field, s string) {
	if len(s) > maxText {
		w.fail(f, "longer than %d bytes", maxText)
	}
	w.value = append(w.value[:0], s...)
	w.put(f, w.value, s == "")
}

// account is written as it is read: without what is added, with what is
// stripped.
func (w *Writer) account(f field, s string) {
	a := &w.f.spec.Account
	body, ok := strings.CutSuffix(s, a.Add)
	w.value = append(w.value[:0], body...)
	if len(a.Strip) > 0 && body != "" {
		w.value = append(w.value, a.Strip[0]...)
	}
	if s != "" && (!ok || string(a.normal(nil, w.value)) != body || len(w.value) > maxText-len(a.Add) || body == "") {
		w.fail(f, "%q is no account as the profile makes them", s)
	}
	if s == "" && f == fAccount {
		w.fail(f, "empty")
	}
	w.put(f, w.value, s == "")
}

func (w *Writer) code(f field, word uint8, reason c3.Reason) {
	spec := w.t.columns[f]
	m := w.f.codes[vocabulary(w.t.feed, f)]
	if spec == nil {
		w.put(f, []byte("?"), word == 0)
		return
	}
	own := (f == fState || f == fOp) && w.t.columns[fReason] != nil
	if spec.Const != nil {
		if c, _ := m.find([]byte(*spec.Const)); c.word != word || c.reason != reason && !own {
			w.fail(f, "is always %q", *spec.Const)
		}
	} else if text, ok := m.source(word, reason, own); ok {
		w.put(f, append(w.value[:0], text...), text == "")
	} else if word == 0 && !(f == fState || f == fOp) {
		w.put(f, nil, true)
	} else {
		w.fail(f, "no code means %s %s", vocabularies[vocabulary(w.t.feed, f)][word], reasonWords[reason])
	}
	if own {
		w.code(fReason, uint8(reason), 0)
	}
}

func (w *Writer) city(city aggregator.City) {
	if city == 0 || w.t.columns[fCity] == nil {
		w.put(fCity, nil, city == 0)
		return
	}
	text, ok := w.f.cities.written[city]
	if !ok {
		w.fail(fCity, "%s has no code", city)
	}
	w.put(fCity, append(w.value[:0], text...), false)
}

func (w *Writer) time(f field, ms int64) {
	if ms == 0 {
		w.put(f, nil, true)
		return
	}
	for _, k := range w.f.clocks {
		w.value = k.format(w.value[:0], ms)
		if back, ok := k.parse(w.value); ok && back == ms {
			w.put(f, w.value, false)
			return
		}
	}
	if w.t.columns[f] == nil {
		w.put(f, []byte("?"), false)
		return
	}
	w.fail(f, "%d ms cannot be written as %s", ms, strings.Join(w.f.spec.Time.Formats, " or "))
}

func (w *Writer) money(f field, fen int64, refund bool) {
	if fen < 0 {
		w.fail(f, "%d fen is negative", fen)
		return
	}
	places := 0
	if w.f.spec.Money.Unit == "yuan" {
		places = 2
	}
	if refund && w.f.spec.Money.NegativeRefund {
		fen = -fen
	}
	w.put(f, appendDecimal(w.value[:0], fen, places), fen == 0)
}

func (w *Writer) share(bp int32) {
	if bp == 0 {
		w.put(fShare, nil, true)
		return
	}
	places := map[string]int{"percent": 2, "ratio": 4, "bp": 0}[w.f.spec.Share]
	w.put(fShare, appendDecimal(w.value[:0], int64(bp), places), false)
}

// record writes the row's line.
func (w *Writer) record() error {
	w.line = w.line[:0]
	if err := w.assemble(); err != nil {
		return err
	}
	if p := w.f.trailer; p != nil {
		if _, is := p.read(string(w.line)); is {
			return errors.New("the record looks like the trailer")
		}
	}
	if len(w.line) == 0 {
		return errors.New("the record would be an empty line")
	}
	end := w.end()
	w.line = append(w.line, end...)
	if bytes.Index(w.line, []byte(end)) != len(w.line)-len(end) && !w.f.config.Quoted {
		return errors.New("the record holds the end of a record")
	}
	return w.flush()
}

// assemble appends all fields to line.
func (w *Writer) assemble() error {
	c := &w.f.config
	from := len(w.line)
	for i, v := range w.fields {
		for _, b := range v {
			if (b < 0x20 && b != '\t' || b == 0x7f) && (!c.Quoted || b != '\n' && b != '\r') {
				return fmt.Errorf("field %d holds a control character", i+1)
			}
		}
		if bytes.Contains(v, []byte("\uFEFF")) || bytes.Contains(v, []byte("\uFFFD")) {
			return fmt.Errorf("field %d holds a character that no file may have", i+1)
		}
		if i > 0 {
			w.line = append(w.line, c.Delimiter...)
		}
		switch {
		case len(c.Widths) > 0:
			if err := w.pad(i, v); err != nil {
				return err
			}
		case c.Quoted && (bytes.ContainsAny(v, "\"\r\n") || bytes.Contains(v, []byte(c.Delimiter)) || c.End != "" && bytes.Contains(v, []byte(c.End)) || len(c.Delimiter) > 1 || len(c.End) > 1):
			w.line = append(w.line, '"')
			w.line = append(w.line, bytes.ReplaceAll(v, []byte(`"`), []byte(`""`))...)
			w.line = append(w.line, '"')
		default:
			w.line = append(w.line, v...)
		}
	}
	if w.f.spec.Tail {
		w.line = append(w.line, c.Delimiter...)
	}
	if c.Quoted || c.Delimiter == "" {
		return nil
	}
	rest := w.line[from:] // cut as a reader does
	for i, v := range w.fields {
		one, tail, _ := bytes.Cut(rest, []byte(c.Delimiter))
		if !bytes.Equal(one, v) {
			return fmt.Errorf("field %d, %q, holds the delimiter or meets it", i+1, v)
		}
		rest = tail
	}
	return nil
}

// pad fills a column of fixed width with spaces.
func (w *Writer) pad(i int, v []byte) error {
	c := &w.f.config
	n := len([]rune(string(v)))
	if !c.Characters {
		coded, err := c.Charset.AppendEncoded(w.coded[:0], v)
		if err != nil {
			return err
		}
		w.coded = coded
		n = len(coded)
	}
	w.line = append(w.line, v...)
	if c.Widths[i] == 0 {
		return nil
	}
	if n > c.Widths[i] || n < c.Widths[i] && w.f.spec.Trim == "none" {
		return fmt.Errorf("field %d, %q, is not %d wide", i+1, v, c.Widths[i])
	}
	w.line = append(w.line, strings.Repeat(" ", c.Widths[i]-n)...)
	return nil
}

// flush encodes the line and writes it.
func (w *Writer) flush() error {
	c := &w.f.config
	if len(w.line) == 0 {
		return nil
	}
	coded, err := c.Charset.AppendEncoded(w.coded[:0], w.line)
	if err != nil {
		return err
	}
	w.coded = coded
	limit := c.MaxRecord
	if limit == 0 {
		limit = delimited.DefaultMaxRecord
	}
	if len(coded) > limit {
		return errors.New("the record is longer than allowed")
	}
	_, err = w.w.Write(coded)
	return err
}
