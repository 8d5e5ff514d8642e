package fleet

import (
	"fmt"
	"io"
	"strconv"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// Truth writes down what really happens, one JSON line an event, so that what
// arrives can be compared with it:
//
//	{"truth":1,"seed":7,"start_ms":...,"speed":60,"provinces":[33,...]}
//	{"b":"<box>","p":33,"c":3301,"t":<true time, UTC ms>,"e":{"kind":"click",...}}
//	{"b":"<box>","evicted":12,"sent":4}
//
// Lines are collected until Flush hands them to the operating system in one
// write: after it they survive the death of this process. A nil *Truth writes
// nothing. Not safe for concurrent use.
type Truth struct {
	w      io.Writer
	buf    []byte
	events int64
	err    error
}

// TruthHead is the first line of a truth file.
type TruthHead struct {
	Seed      uint64
	StartMs   int64
	Speed     float64
	Provinces []aggregator.Province
}

// NewTruth begins a truth file on w, which it does not close.
func NewTruth(w io.Writer, h TruthHead) *Truth {
	t := &Truth{w: w}
	t.buf = fmt.Appendf(t.buf, `{"truth":1,"seed":%d,"start_ms":%d,"speed":%g,"provinces":[`, h.Seed, h.StartMs, h.Speed)
	for i, p := range h.Provinces {
		if i > 0 {
			t.buf = append(t.buf, ',')
		}
		t.buf = strconv.AppendUint(t.buf, uint64(p), 10)
	}
	t.buf = append(t.buf, "]}\n"...)
	return t
}

// truthBuffer is how much is collected before it is written unasked.
const truthBuffer = 1 << 20

// Moment writes down what a box is about to record.
func (t *Truth) Moment(h *Home, m *Moment) error {
	if t == nil {
		return nil
	}
	for i := range m.Events {
		t.Event(h, m.At[i], &m.Events[i])
	}
	if len(t.buf) >= truthBuffer {
		return t.Flush()
	}
	return t.err
}

// Event writes down one event that happened at atMs.
func (t *Truth) Event(h *Home, atMs int64, e *protocol.Event) {
	t.buf = append(t.buf, `{"b":"`...)
	t.buf = append(t.buf, h.Box...)
	t.buf = append(t.buf, `","p":`...)
	t.buf = strconv.AppendUint(t.buf, uint64(h.Province), 10)
	t.buf = append(t.buf, `,"c":`...)
	t.buf = strconv.AppendUint(t.buf, uint64(h.City), 10)
	t.buf = append(t.buf, `,"t":`...)
	t.buf = strconv.AppendInt(t.buf, atMs, 10)
	t.buf = append(t.buf, `,"e":`...)
	t.buf = protocol.AppendJSON(t.buf, e)
	t.buf = append(t.buf, "}\n"...)
	t.events++
}

// Evicted writes down that a box threw events away for want of room, and how
// many of them it had sent before: these may have arrived.
func (t *Truth) Evicted(h *Home, events, sent uint64) {
	if t == nil {
		return
	}
	t.buf = fmt.Appendf(t.buf, `{"b":"%s","evicted":%d,"sent":%d}`+"\n", h.Box, events, sent)
}

// Flush hands what was collected to the operating system. After an error every
// later call returns it: a truth with a hole in it is none.
func (t *Truth) Flush() error {
	if t == nil {
		return nil
	}
	if t.err == nil && len(t.buf) > 0 {
		if _, err := t.w.Write(t.buf); err != nil {
			t.err = fmt.Errorf("truth: %w", err)
		}
		t.buf = t.buf[:0]
	}
	return t.err
}
