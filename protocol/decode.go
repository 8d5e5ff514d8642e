package protocol

import (
	"encoding/binary"
	"unicode/utf8"
)

// Decoder reads packets and bodies. It keeps its buffers from call to call, so
// that decoding allocates nothing per event: one allocation a batch holds all
// its texts. The zero value is ready. Not safe for concurrent use.
type Decoder struct {
	r      reader
	z      inflater
	body   []byte
	ends   []int
	arena  []byte
	table  []string
	taken  int // texts of the table that codeNext has taken
	events []Event
	sorted sorted
}

// maxTexts is how many texts a table may hold for each event, so that a table
// of empty texts does not take more memory than the events themselves.
const maxTexts = 16

// Events decodes the body of b: b.N events in the order they were recorded.
// The slice is valid until the next call; strings in it stay valid. Events of
// an unknown kind have their common fields only. Values that a known kind does
// not allow are an *Error with Fault BadLimit, all else that is wrong
// Malformed; then no event of the batch may be believed. A tombstone has no
// events.
func (d *Decoder) Events(b *Sealed) ([]Event, error) {
	if b.Flags&FlagTombstone != 0 {
		return nil, nil
	}
	if b.N == 0 || b.N > MaxBatchEvents {
		return nil, faultf(BadLimit, "n", "%d, allowed 1..%d", b.N, MaxBatchEvents)
	}
	plain, err := d.inflate(b)
	if err != nil {
		return nil, err
	}
	d.r.reset(plain)
	fields, err := d.r.arrayLen("body")
	if err != nil {
		return nil, err
	}
	if fields < bodyFields {
		return nil, faultf(Malformed, "body", "%d columns, at least %d", fields, bodyFields)
	}
	n := int(b.N)
	if err := d.strings(n); err != nil {
		return nil, err
	}
	if cap(d.events) < n {
		d.events = make([]Event, n)
	}
	d.events = d.events[:n]
	clear(d.events)
	if err := d.commons(); err != nil {
		return nil, err
	}
	if err := d.blocks(); err != nil {
		return nil, err
	}
	for extra := fields - bodyFields; extra > 0; extra-- {
		if err := d.r.skip(1); err != nil {
			return nil, err
		}
	}
	if d.r.left() != 0 {
		return nil, faultf(Malformed, "body", "%d bytes too many", d.r.left())
	}
	return d.events, nil
}

func (d *Decoder) inflate(b *Sealed) ([]byte, error) {
	switch b.Codec {
	case CodecPlain:
		if len(b.Body) > MaxBody {
			return nil, faultf(BadLimit, "body", "%d bytes, at most %d", len(b.Body), MaxBody)
		}
		return b.Body, nil
	case CodecDeflate:
		limit := min(MaxBody, MaxInflation*len(b.Body))
		var err error
		d.body, err = d.z.inflate(d.body[:0], b.Body, limit)
		return d.body, err
	}
	return nil, faultf(BadCodec, "codec", "%d, allowed 0 and 1", b.Codec)
}

// strings reads the text table. All texts of a batch share one allocation.
func (d *Decoder) strings(n int) error {
	count, err := d.r.arrayLen("strings")
	if err != nil {
		return err
	}
	if count > n*maxTexts {
		return faultf(BadLimit, "strings", "%d texts for %d events, at most %d an event", count, n, maxTexts)
	}
	d.arena, d.ends = d.arena[:0], d.ends[:0]
	for range count {
		s, err := d.r.text("strings")
		if err != nil {
			return err
		}
		if !utf8.Valid(s) {
			return faultf(Malformed, "strings", "text %d is not UTF-8", len(d.ends))
		}
		d.arena = append(d.arena, s...)
		d.ends = append(d.ends, len(d.arena))
	}
	all := string(d.arena)
	d.table, d.taken = d.table[:0], 0
	start := 0
	for _, end := range d.ends {
		d.table = append(d.table, all[start:end])
		start = end
	}
	return nil
}

// commons reads the columns that every event has.
func (d *Decoder) commons() error {
	if err := d.runs("serial", func(e *Event, v uint32) { e.Serial = v }); err != nil {
		return err
	}
	if err := d.runs("boot", func(e *Event, v uint32) { e.Boot = v }); err != nil {
		return err
	}
	kinds, err := d.lows("kind", len(d.events))
	if err != nil {
		return err
	}
	for i, k := range kinds {
		if k == 0 {
			return faultf(Malformed, "kind", "0 is not a kind")
		}
		d.events[i].Kind = Kind(k)
	}
	d.sorted.sort(d.events)
	steps, err := d.times("mono", len(d.events))
	if err != nil {
		return err
	}
	mono := int64(0)
	for i := range d.events {
		step, err := steps.next()
		if err != nil {
			return err
		}
		mono += step
		if mono < 0 || mono > MaxMonoMs {
			return faultf(BadLimit, "mono", "%d ms, allowed 0..%d", mono, int64(MaxMonoMs))
		}
		d.events[i].MonoMs = uint64(mono)
	}
	return steps.end()
}

// times reads a column of times: low bits, then the rest as varints [P-4.4].
type times struct {
	field  string
	fine   []byte
	coarse []byte
}

func (d *Decoder) times(field string, n int) (times, error) {
	fine, err := d.lows(field, n)
	if err != nil {
		return times{}, err
	}
	coarse, err := d.r.bytes(field)
	return times{field, fine, coarse}, err
}

func (t *times) next() (int64, error) {
	v, n := binary.Varint(t.coarse)
	if n <= 0 {
		return 0, faultf(Malformed, t.field, "a cut varint")
	}
	if v > MaxMonoMs>>7 || v < -MaxMonoMs>>7 {
		return 0, faultf(BadLimit, t.field, "a step of %d times 256 ms", v)
	}
	v = v<<8 | int64(t.fine[0])
	t.fine, t.coarse = t.fine[1:], t.coarse[n:]
	return v, nil
}

func (t *times) end() error {
	if len(t.coarse) != 0 {
		return faultf(Malformed, t.field, "%d bytes too many", len(t.coarse))
	}
	return nil
}

// lows reads a binary value of n bytes, one an event.
func (d *Decoder) lows(field string, n int) ([]byte, error) {
	b, err := d.r.bytes(field)
	if err == nil && len(b) != n {
		return nil, faultf(Malformed, field, "%d bytes for %d events", len(b), n)
	}
	return b, err
}

func (d *Decoder) exactly(field string, n int) error {
	got, err := d.r.arrayLen(field)
	if err == nil && got != n {
		return faultf(Malformed, field, "%d values for %d events", got, n)
	}
	return err
}

func (d *Decoder) runs(field string, set func(*Event, uint32)) error {
	elements, err := d.r.arrayLen(field)
	if err != nil {
		return err
	}
	if elements%2 != 0 {
		return faultf(Malformed, field, "a run without a length")
	}
	i := 0
	for ; elements > 0; elements -= 2 {
		v, err := d.r.uint(field)
		if err != nil {
			return err
		}
		n, err := d.r.uint(field)
		if err != nil {
			return err
		}
		if v > 1<<32-1 || n == 0 || n > uint64(len(d.events)-i) {
			return faultf(Malformed, field, "run of %d times %d at event %d of %d", n, v, i, len(d.events))
		}
		for end := i + int(n); i < end; i++ {
			set(&d.events[i], uint32(v))
		}
	}
	if i != len(d.events) {
		return faultf(Malformed, field, "runs cover %d of %d events", i, len(d.events))
	}
	return nil
}

// blocks reads one block for each kind that is present, lowest first.
func (d *Decoder) blocks() error {
	count, err := d.r.arrayLen("blocks")
	if err != nil {
		return err
	}
	kind := 0
	for range count {
		width, err := d.r.arrayLen("block")
		if err != nil {
			return err
		}
		if width < 2 {
			return faultf(Malformed, "block", "%d elements, at least 2", width)
		}
		k, err := d.r.uint("block")
		if err != nil {
			return err
		}
		for kind++; kind < 256 && len(d.sorted.at(Kind(kind))) == 0; kind++ {
		}
		if k != uint64(kind) {
			return faultf(Malformed, "block", "kind %d where %d is due", k, kind)
		}
		if err := d.block(Kind(k), width-1); err != nil {
			return err
		}
	}
	for kind++; kind < 256; kind++ {
		if n := len(d.sorted.at(Kind(kind))); n > 0 {
			return faultf(Malformed, "blocks", "none for %d events of kind %d", n, kind)
		}
	}
	return nil
}

// block reads what follows the kind: the source and the kind's columns. What a
// newer version added is passed over, what an older one lacked stays zero.
func (d *Decoder) block(k Kind, elements int) error {
	if err := d.plain(&colSource, k); err != nil {
		return err
	}
	elements--
	cols := columns(k)
	for c := range cols {
		col := &cols[c]
		var err error
		switch {
		case elements == 0:
			return nil
		case col.str != nil:
			err = d.texts(col, k)
		case col.length:
			if elements--; elements == 0 {
				return faultf(Malformed, col.name, "half a column")
			}
			err = d.lengths(col, k)
		case col.from != 0:
			err = d.predicted(col, k)
		default:
			err = d.plain(col, k)
		}
		if err != nil {
			return err
		}
		elements--
	}
	for ; elements > 0; elements-- {
		if err := d.r.skip(3); err != nil {
			return err
		}
	}
	return nil
}

// codes reads a column one code at a time.
type codes struct {
	r     *reader
	field string
	each  bool // an array, else one number for all
	have  bool
	code  int64
}

func (d *Decoder) codes(field string, n int) (codes, error) {
	c, err := d.r.code(field)
	if err == nil && isArray(c) {
		err = d.exactly(field, n)
		return codes{r: &d.r, field: field, each: true}, err
	}
	return codes{r: &d.r, field: field}, err
}

func (c *codes) next() (int64, error) {
	if !c.each && c.have {
		return c.code, nil
	}
	var err error
	c.code, err = c.r.int(c.field)
	c.have = true
	return c.code, err
}

func (d *Decoder) plain(c *column, k Kind) error {
	at := d.sorted.at(k)
	code, err := d.codes(c.name, len(at))
	if err != nil {
		return err
	}
	for _, i := range at {
		v, err := code.next()
		if err != nil {
			return err
		}
		if v < c.min || v > c.max {
			return c.check(v)
		}
		c.set(&d.events[i], v)
	}
	return nil
}

func (d *Decoder) predicted(c *column, k Kind) error {
	at := d.sorted.at(k)
	code, err := d.codes(c.name, len(at))
	if err != nil {
		return err
	}
	before := latest{places: d.sorted.at(c.from)}
	for _, i := range at {
		v, err := code.next()
		if err != nil {
			return err
		}
		if v == 0 {
			var last *Event
			if p := before.before(i); p >= 0 {
				last = &d.events[p]
			}
			v = c.predict(last, &d.events[i])
		} else {
			v--
		}
		if v < c.min || v > c.max {
			return c.check(v)
		}
		c.set(&d.events[i], v)
	}
	return nil
}

func (d *Decoder) lengths(c *column, k Kind) error {
	at := d.sorted.at(k)
	gaps, err := d.times(c.name, len(at))
	if err != nil {
		return err
	}
	for _, i := range at {
		gap, err := gaps.next()
		if err != nil {
			return err
		}
		v := since(d.events, int(i)) - gap
		if v < c.min || v > c.max {
			return c.check(v)
		}
		c.set(&d.events[i], v)
	}
	return gaps.end()
}

func (d *Decoder) texts(c *column, k Kind) error {
	at := d.sorted.at(k)
	code, err := d.codes(c.name, len(at))
	if err != nil {
		return err
	}
	before := latest{places: d.sorted.at(c.predictor(k))}
	for _, i := range at {
		v, err := code.next()
		if err != nil {
			return err
		}
		into := c.str(&d.events[i])
		switch {
		case v == codePredicted:
			if p := before.before(i); p >= 0 {
				*into = *c.like(&d.events[p])
			}
		case v == codeNext:
			if d.taken == len(d.table) {
				return faultf(Malformed, c.name, "one more text than the %d of the table", len(d.table))
			}
			*into = d.table[d.taken]
			d.taken++
		case v == codeEmpty:
		case v < 0 || v-codeText >= int64(len(d.table)):
			return faultf(Malformed, c.name, "code %d, the table has %d texts", v, len(d.table))
		default:
			*into = d.table[v-codeText]
		}
	}
	return nil
}
