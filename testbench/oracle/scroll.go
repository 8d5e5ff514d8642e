package oracle

import (
	"encoding/binary"
	"iter"
)

// Truth is all that really happened. It is unchanged once read, and then safe for
// concurrent use.
//
// Records are kept packed, box by box: those of a fleet of thousands over months
// would fill the memory else.
type Truth struct {
	Evicted map[string]int64 // events that boxes threw away for want of room
	Sent    map[string]int64 // of these, sent before: they may have arrived
	Cut     bool             // the last line was unfinished and left out

	words   lexicon
	boxes   []string // in the order in which they came
	scrolls map[string]*scroll
	events  int
	firstMs int64 // the earliest moment of any record
}

// scroll is what one box did, packed.
type scroll struct {
	text  []byte
	n     int
	lastM int64 // AtMs of the last record
}

// Len is how many events there are.
func (t *Truth) Len() int { return t.events }

// Boxes lists the boxes, in the order in which they came. It must not be changed.
func (t *Truth) Boxes() []string { return t.boxes }

// Of returns what one box did, in the order in which it was told.
func (t *Truth) Of(box string) []Record {
	s := t.scrolls[box]
	if s == nil {
		return nil
	}
	all := make([]Record, s.n)
	rest, at := s.text, int64(0)
	for i := range all {
		r := &all[i]
		r.Box = box
		rest = t.unpack(rest, r, &at)
	}
	return all
}

// All are all records, box by box. The record is valid until the next one.
func (t *Truth) All() iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		for _, box := range t.boxes {
			for _, r := range t.Of(box) {
				if !yield(&r) {
					return
				}
			}
		}
	}
}

// Add adds a record.
func (t *Truth) Add(r *Record) {
	s := t.scrolls[r.Box]
	if s == nil {
		if t.scrolls == nil {
			t.scrolls = make(map[string]*scroll)
		}
		s = &scroll{}
		t.scrolls[r.Box] = s
		t.boxes = append(t.boxes, r.Box)
	}
	s.text = t.pack(s.text, r, &s.lastM)
	s.n++
	if begun := r.AtMs - max(0, r.Event.DurationMs); t.events == 0 || begun < t.firstMs {
		t.firstMs = begun
	}
	t.events++
}

// A record is packed as its place, its time since the record before, which of its
// fields say anything, and these: words by number, numbers with few bytes.

func (t *Truth) pack(b []byte, r *Record, at *int64) []byte {
	b = binary.AppendUvarint(b, uint64(t.words.number(r.Province)))
	b = binary.AppendUvarint(b, uint64(t.words.number(r.City)))
	b = binary.AppendVarint(b, r.AtMs-*at)
	*at = r.AtMs
	texts, numbers := r.Event.texts(), r.Event.numbers()
	mask := uint64(0)
	for i, s := range texts {
		if *s != "" {
			mask |= 1 << i
		}
	}
	for i, n := range numbers {
		if *n != 0 {
			mask |= 1 << (len(texts) + i)
		}
	}
	b = binary.AppendUvarint(b, mask)
	for _, s := range texts {
		if *s != "" {
			b = binary.AppendUvarint(b, uint64(t.words.number(*s)))
		}
	}
	for _, n := range numbers {
		if *n != 0 {
			b = binary.AppendVarint(b, *n)
		}
	}
	return b
}

// unpack reads one record; it returns what follows.
func (t *Truth) unpack(b []byte, r *Record, at *int64) []byte {
	u := func() uint64 {
		v, n := binary.Uvarint(b)
		b = b[n:]
		return v
	}
	i := func() int64 {
		v, n := binary.Varint(b)
		b = b[n:]
		return v
	}
	r.Province, r.City = t.words.text(uint32(u())), t.words.text(uint32(u()))
	*at += i()
	r.AtMs = *at
	mask := u()
	texts, numbers := r.Event.texts(), r.Event.numbers()
	for k, s := range texts {
		if mask>>k&1 != 0 {
			*s = t.words.text(uint32(u()))
		}
	}
	for k, n := range numbers {
		if mask>>(len(texts)+k)&1 != 0 {
			*n = i()
		}
	}
	return b
}

// texts and numbers are all fields of an event.

func (e *Event) texts() [21]*string {
	return [...]*string{&e.Kind, &e.Page, &e.From, &e.Area, &e.Content, &e.Mode, &e.Channel, &e.Product, &e.Provider, &e.Result,
		&e.Template, &e.Sight, &e.Reason, &e.Cause, &e.TV, &e.End, &e.Account, &e.Model, &e.Agent, &e.State, &e.Why}
}

func (e *Event) numbers() [18]*int64 {
	return [...]*int64{&e.Boot, &e.MonoMs, &e.Slot, &e.DurationMs, &e.Speed, &e.Part, &e.Fen, &e.StartMs, &e.Stalls, &e.StallMs,
		&e.Errors, &e.Count, &e.Keys, &e.IdleMs, &e.LengthS, &e.PositionMs, &e.Version, &e.Trace}
}

// lexicon numbers texts from 0, which is "".
type lexicon struct {
	numbers map[string]uint32
	texts   []string
}

func (l *lexicon) number(s string) uint32 {
	if n, ok := l.numbers[s]; ok {
		return n
	}
	if l.numbers == nil {
		l.numbers, l.texts = map[string]uint32{"": 0}, []string{""}
		if s == "" {
			return 0
		}
	}
	n := uint32(len(l.texts))
	l.numbers[s] = n
	l.texts = append(l.texts, s)
	return n
}

func (l *lexicon) text(n uint32) string { return l.texts[n] }
