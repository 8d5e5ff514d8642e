package protocol

import (
	"encoding/binary"
)

// A body is a msgpack array of columns [P-4]:
//
//	[strings, serial, boot, kind, fine, coarse, blocks]
//
//	strings  the texts of the batch, each once, in the order of first use
//	serial   runs: [value, how often, value, how often ...]
//	boot     runs
//	kind     binary, one byte an event
//	fine     binary, one byte an event: the low 8 bits of the time since the
//	         event before
//	coarse   binary: the rest of that time, in 256 ms, one varint an event
//	blocks   one array for each kind present, lowest first:
//	         [kind, source, column ...]
//
// A column is one number if it is the same for all events of the kind, else an
// array with one number for each. Texts and predicted numbers are written as
// codes, 0 where the prediction holds; see column.
const bodyFields = 7

// The codes of a text column; a greater one is codeText plus the text's place
// in the table, from 0.
const (
	codePredicted = 0 // what the column predicts
	codeNext      = 1 // the first text of the table that no code 1 has taken yet
	codeEmpty     = 2 // ""
	codeText      = 3
)

// Encoder packs events into bodies. It keeps its buffers; the zero value is
// ready. Not safe for concurrent use.
type Encoder struct {
	w      packer
	sorted sorted
	texts  map[string]int
	order  []string
	taken  int // texts of order that codeNext has taken
	codes  []int64
	lows   []byte
	blocks packer
	z      deflater
	packed []byte
}

// sorted holds the places of a batch's events by kind.
type sorted struct {
	places []uint16
	starts [257]int
}

// at returns where the events of kind k stand, in order.
func (s *sorted) at(k Kind) []uint16 { return s.places[s.starts[k]:s.starts[int(k)+1]] }

// sort fills s from the kinds of events.
func (s *sorted) sort(events []Event) {
	s.starts = [257]int{}
	for i := range events {
		s.starts[int(events[i].Kind)+1]++
	}
	for k := range 256 {
		s.starts[k+1] += s.starts[k]
	}
	if cap(s.places) < len(events) {
		s.places = make([]uint16, len(events))
	}
	s.places = s.places[:len(events)]
	next := s.starts
	for i := range events {
		k := events[i].Kind
		s.places[next[k]] = uint16(i)
		next[k]++
	}
}

// latest walks the events of one kind beside those of another.
type latest struct {
	places []uint16
	next   int
}

// before returns the place of the last event that stands before place i, -1 if
// none does. i must not fall from call to call.
func (l *latest) before(i uint16) int {
	for l.next < len(l.places) && l.places[l.next] < i {
		l.next++
	}
	if l.next == 0 {
		return -1
	}
	return int(l.places[l.next-1])
}

// Body packs events, 1..MaxBatchEvents of them, each of a known kind and
// within limits (see Event.Check). It deflates when that is shorter. An *Error
// with Fault BadLimit in field "body" says that they are too much for one
// packet: fewer may fit. The result is valid until the next call.
func (enc *Encoder) Body(events []Event) (Codec, []byte, error) {
	if len(events) == 0 || len(events) > MaxBatchEvents {
		return 0, nil, faultf(BadLimit, "n", "%d, allowed 1..%d", len(events), MaxBatchEvents)
	}
	if err := enc.plain(events); err != nil {
		return 0, nil, err
	}
	if len(enc.w.b) > MaxBody {
		return 0, nil, faultf(BadLimit, "body", "%d bytes, at most %d", len(enc.w.b), MaxBody)
	}
	codec, body := enc.pack()
	if len(body) > MaxPackedBody {
		return 0, nil, faultf(BadLimit, "body", "%d bytes packed, at most %d", len(body), MaxPackedBody)
	}
	return codec, body, nil
}

func (enc *Encoder) pack() (Codec, []byte) {
	enc.packed = enc.z.deflate(enc.packed[:0], enc.w.b)
	if n := len(enc.packed); n < len(enc.w.b) && n*MaxInflation >= len(enc.w.b) {
		return CodecDeflate, enc.packed
	}
	return CodecPlain, enc.w.b
}

// plain writes the body before deflating to enc.w. The blocks come first, on
// their own, because they give the texts their order.
func (enc *Encoder) plain(events []Event) error {
	for i := range events {
		if events[i].Kind == 0 {
			return faultf(BadLimit, "kind", "0 is not a kind")
		}
	}
	if enc.texts == nil {
		enc.texts = make(map[string]int)
	}
	clear(enc.texts)
	enc.order, enc.taken = enc.order[:0], 0
	enc.sorted.sort(events)
	enc.orderLate(events)
	if err := enc.writeBlocks(events); err != nil {
		return err
	}
	enc.w.b = enc.w.b[:0]
	enc.w.array(bodyFields)
	enc.w.array(len(enc.order))
	for _, s := range enc.order {
		enc.w.string(s)
	}
	enc.runs(events, func(e *Event) uint64 { return uint64(e.Serial) })
	enc.runs(events, func(e *Event) uint64 { return uint64(e.Boot) })
	enc.lows = enc.lows[:0]
	for i := range events {
		enc.lows = append(enc.lows, byte(events[i].Kind))
	}
	enc.w.bytes(enc.lows)
	enc.codes = enc.codes[:0]
	for i := range events {
		enc.codes = append(enc.codes, since(events, i))
	}
	enc.times(&enc.w)
	enc.w.b = append(enc.w.b, enc.blocks.b...)
	return nil
}

// since is the time of event i after the one before it in the batch; the first
// counts from its boot.
func since(events []Event, i int) int64 {
	if i == 0 {
		return int64(events[0].MonoMs)
	}
	return int64(events[i].MonoMs - events[i-1].MonoMs)
}

// times writes enc.codes as two binaries: the low 8 bits of each, then the rest
// as zigzag varints. Low bits of a time are noise that nothing can pack, so
// they do not stand between bytes that can be [P-4.4].
func (enc *Encoder) times(w *packer) {
	enc.lows = enc.lows[:0]
	for _, v := range enc.codes {
		enc.lows = append(enc.lows, byte(v))
	}
	w.bytes(enc.lows)
	enc.lows = enc.lows[:0]
	for _, v := range enc.codes {
		enc.lows = binary.AppendVarint(enc.lows, v>>8)
	}
	w.bytes(enc.lows)
}

func (enc *Encoder) runs(events []Event, get func(*Event) uint64) {
	count := 1
	for i := 1; i < len(events); i++ {
		if get(&events[i]) != get(&events[i-1]) {
			count++
		}
	}
	enc.w.array(2 * count)
	start := 0
	for i := 1; i <= len(events); i++ {
		if i == len(events) || get(&events[i]) != get(&events[start]) {
			enc.w.uint(get(&events[start]))
			enc.w.uint(uint64(i - start))
			start = i
		}
	}
}

func (enc *Encoder) writeBlocks(events []Event) error {
	w := &enc.blocks
	w.b = w.b[:0]
	kinds := 0
	for k := range 256 {
		if len(enc.sorted.at(Kind(k))) > 0 {
			kinds++
		}
	}
	w.array(kinds)
	for k := range 256 {
		at := enc.sorted.at(Kind(k))
		if len(at) == 0 {
			continue
		}
		cols := enc.present(Kind(k), events)
		elements := 2 + len(cols)
		for c := range cols {
			if cols[c].length {
				elements++
			}
		}
		w.array(elements)
		w.uint(uint64(k))
		enc.codes = enc.codes[:0]
		for _, i := range at {
			enc.codes = append(enc.codes, int64(events[i].Source))
		}
		enc.fold(w)
		for c := range cols {
			if err := enc.column(&cols[c], Kind(k), events); err != nil {
				return err
			}
		}
	}
	return nil
}

// present is the columns of a kind without the late ones that say nothing.
func (enc *Encoder) present(k Kind, events []Event) []column {
	cols := columns(k)
	for n := len(cols); n > 0 && cols[n-1].late; n-- {
		for _, i := range enc.sorted.at(k) {
			if !cols[n-1].zero(&events[i]) {
				return cols[:n]
			}
		}
		cols = cols[:n-1]
	}
	return cols
}

func (enc *Encoder) column(c *column, k Kind, events []Event) error {
	enc.codes = enc.codes[:0]
	at := enc.sorted.at(k)
	switch {
	case c.str != nil:
		before := latest{places: enc.sorted.at(c.predictor(k))}
		for _, i := range at {
			s := *c.str(&events[i])
			if len(s) > MaxString {
				return faultf(BadLimit, c.name, "%d bytes, at most %d", len(s), MaxString)
			}
			predicted := ""
			if p := before.before(i); p >= 0 {
				predicted = *c.like(&events[p])
			}
			enc.codes = append(enc.codes, enc.code(s, predicted, c.late))
		}
	case c.length:
		for _, i := range at {
			enc.codes = append(enc.codes, since(events, int(i))-c.num(&events[i]))
		}
		enc.times(&enc.blocks)
		return nil
	case c.from != 0:
		before := latest{places: enc.sorted.at(c.from)}
		for _, i := range at {
			var last *Event
			if p := before.before(i); p >= 0 {
				last = &events[p]
			}
			v := c.num(&events[i]) + 1
			if v == c.predict(last, &events[i])+1 {
				v = 0
			}
			enc.codes = append(enc.codes, v)
		}
	default:
		for _, i := range at {
			enc.codes = append(enc.codes, c.num(&events[i]))
		}
	}
	enc.fold(&enc.blocks)
	return nil
}

// orderLate gives all texts of a batch with late ones their places in the table, the late
// ones behind all others: readers that pass over their columns count on the rest.
func (enc *Encoder) orderLate(events []Event) {
	all := func(late bool) {
		for k := range 256 {
			at := enc.sorted.at(Kind(k))
			if len(at) == 0 {
				continue
			}
			cols := columns(Kind(k))
			for c := range cols {
				col := &cols[c]
				if col.str == nil || col.late != late {
					continue
				}
				before := latest{places: enc.sorted.at(col.predictor(Kind(k)))}
				for _, i := range at {
					predicted := ""
					if p := before.before(i); p >= 0 {
						predicted = *col.like(&events[p])
					}
					enc.place(*col.str(&events[i]), predicted)
				}
			}
		}
	}
	for _, i := range enc.sorted.at(PowerOn) { // the one kind that has any
		if events[i].Agent != "" {
			all(false)
			all(true)
			return
		}
	}
}

// place gives a text that is written out a place in the table.
func (enc *Encoder) place(s, predicted string) {
	if _, ok := enc.texts[s]; ok || s == predicted || s == "" {
		return
	}
	enc.texts[s] = len(enc.order)
	enc.order = append(enc.order, s)
}

// code returns the code of text s, giving it a place in the table if it has none.
func (enc *Encoder) code(s, predicted string, late bool) int64 {
	if s == predicted {
		return codePredicted
	}
	if s == "" {
		return codeEmpty
	}
	enc.place(s, predicted)
	n := enc.texts[s]
	if n == enc.taken && !late {
		enc.taken++
		return codeNext
	}
	return codeText + int64(n)
}

// fold writes enc.codes as a column: one number if they agree.
func (enc *Encoder) fold(w *packer) {
	for _, v := range enc.codes[1:] {
		if v != enc.codes[0] {
			enc.each(w)
			return
		}
	}
	w.int(enc.codes[0])
}

func (enc *Encoder) each(w *packer) {
	w.array(len(enc.codes))
	for _, v := range enc.codes {
		w.int(v)
	}
}
