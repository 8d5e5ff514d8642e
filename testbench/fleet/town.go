package fleet

import (
	"fmt"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// TownConfig says which households there are.
type TownConfig struct {
	Boxes     int
	Seed      uint64
	StartMs   int64                 // true time at which all boxes are off, UTC milliseconds
	Provinces []aggregator.Province // empty: all of Provinces()
	Ways      Ways
}

// Town is a set of households. What happens in it depends on TownConfig alone.
// Not safe for concurrent use.
type Town struct {
	homes []household
	heap  []int32 // indices of homes, the one with the earliest next act first
}

// NewTown settles the households.
func NewTown(c TownConfig) (*Town, error) {
	if c.Boxes < 1 || c.Boxes > 5_000_000 {
		return nil, fmt.Errorf("boxes: %d, allowed 1..5000000", c.Boxes)
	}
	if c.StartMs < protocol.MinWallMs || c.StartMs > protocol.MaxWallMs {
		return nil, fmt.Errorf("start: %d ms, allowed years 2020 to 2099", c.StartMs)
	}
	if err := c.Ways.check(); err != nil {
		return nil, err
	}
	all, ways := newCatalogue(), newWays(c.Ways)
	where, err := places(c.Provinces, all)
	if err != nil {
		return nil, err
	}
	t := &Town{homes: make([]household, c.Boxes), heap: make([]int32, c.Boxes)}
	for i := range t.homes {
		t.homes[i] = newHousehold(i, c.Seed, c.StartMs, where, all, ways)
		t.heap[i] = int32(i) // all start together: already a heap
	}
	return t, nil
}

// Home is where a box stands.
type Home struct {
	Box      string
	Province aggregator.Province
	City     aggregator.City
}

// Len is the number of boxes.
func (t *Town) Len() int { return len(t.homes) }

// Home returns where box i stands.
func (t *Town) Home(i int) Home {
	h := &t.homes[i]
	return Home{h.box, h.place.province, h.city}
}

// Next fills m with the next moment in which a box records something, if it
// comes before untilMs. Moments come in the order of NowMs, then Box. The
// slices of m are reused.
func (t *Town) Next(untilMs int64, m *Moment) bool {
	for {
		h := &t.homes[t.heap[0]]
		if h.next >= untilMs {
			return false
		}
		h.step(m)
		t.sift()
		if len(m.Events) > 0 {
			return true
		}
	}
}

// NextMs is when somebody does something next.
func (t *Town) NextMs() int64 { return t.homes[t.heap[0]].next }

// Finish fills m for one box after the other that has recorded events and not
// yet learned the time, so that a run which ends leaves no event without its
// true time; false: there is none left. A town that is finished may go on.
func (t *Town) Finish(nowMs int64, from int, m *Moment) bool {
	for i := from; i < len(t.homes); i++ {
		h := &t.homes[i]
		if !h.clockUnset {
			continue
		}
		m.Box, m.NowMs, m.Cut = i, nowMs, false
		m.Events, m.At = m.Events[:0], m.At[:0]
		h.sync(nowMs, m)
		m.Boot, m.BootMs, m.ClockUnset = h.boot, h.bootMs, false
		return true
	}
	return false
}

// sift puts the first of the heap, whose time has moved on, where it belongs.
func (t *Town) sift() {
	heap := t.heap
	at := 0
	for {
		child := 2*at + 1
		if child >= len(heap) {
			return
		}
		if right := child + 1; right < len(heap) && t.before(heap[right], heap[child]) {
			child = right
		}
		if !t.before(heap[child], heap[at]) {
			return
		}
		heap[at], heap[child] = heap[child], heap[at]
		at = child
	}
}

func (t *Town) before(a, b int32) bool {
	if t.homes[a].next != t.homes[b].next {
		return t.homes[a].next < t.homes[b].next
	}
	return a < b
}
