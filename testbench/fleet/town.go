package fleet

import (
	"cmp"
	"fmt"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// TownConfig says which households there are.
type TownConfig struct {
	Boxes     int
	Skip      int  // households of the seed that stand before these and are not settled
	Part      Part // of these, the ones that are settled; zero: all
	Seed      uint64
	StartMs   int64                 // true time at which all boxes are off, or asleep if they were Renewed, UTC milliseconds
	Provinces []aggregator.Province // empty: all of Provinces()
	Ways      Ways
	// Chapter is which of several stories the households of one seed live: they are
	// the same, and do other things. 0: that of every run.
	Chapter uint64
	// Renewed is in how many nights, which end a week before StartMs, the boxes' firmware
	// was renewed, of each in one of them: so all are heard of before the story begins.
	// 0: in none.
	Renewed int
}

// Town is a set of households. What happens in it depends on TownConfig alone.
// Not safe for concurrent use.
type Town struct {
	homes []household
	heap  []int32 // indices of homes, the one with the earliest next act first
}

// Part is one of several parts of a town, for several hosts: I of N, from 1.
// Together the parts are the whole, and no box is in two. The zero value is the
// whole.
type Part struct{ I, N int }

// ParsePart reads a part as 2/5.
func ParsePart(text string) (p Part, err error) {
	var rest string
	if n, _ := fmt.Sscanf(text+" .", "%d/%d %s", &p.I, &p.N, &rest); n != 3 || rest != "." || p.check() != nil {
		return Part{}, fmt.Errorf("part: %q, write I/N with I from 1 to N, as 2/5", text)
	}
	return p, nil
}

func (p Part) check() error {
	if p != (Part{}) && (p.N < 1 || p.I < 1 || p.I > p.N) {
		return fmt.Errorf("part: %d of %d, allowed 1 of 1 and more", p.I, p.N)
	}
	return nil
}

// of returns how many of boxes are in the part.
func (p Part) of(boxes int) int {
	if p.N == 0 {
		return boxes
	}
	return (boxes + p.N - p.I) / p.N
}

// index is the place in the whole of the part's i-th box.
func (p Part) index(i int) int {
	if p.N == 0 {
		return i
	}
	return i*p.N + p.I - 1
}

// NewTown settles the households.
func NewTown(c TownConfig) (*Town, error) {
	if c.Boxes < 1 || c.Boxes > 5_000_000 {
		return nil, fmt.Errorf("boxes: %d, allowed 1..5000000", c.Boxes)
	}
	if c.Skip < 0 || c.Skip > 5_000_000-c.Boxes {
		return nil, fmt.Errorf("skip: %d, allowed 0..%d", c.Skip, 5_000_000-c.Boxes)
	}
	if err := c.Part.check(); err != nil {
		return nil, err
	}
	if c.Part.of(c.Boxes) < 1 {
		return nil, fmt.Errorf("part: %d of %d of %d boxes is none", c.Part.I, c.Part.N, c.Boxes)
	}
	if c.StartMs < protocol.MinWallMs || c.StartMs > protocol.MaxWallMs {
		return nil, fmt.Errorf("start: %d ms, allowed years 2020 to 2099", c.StartMs)
	}
	if c.Renewed < 0 || c.Renewed > maxRenewed {
		return nil, fmt.Errorf("renewed: in %d nights, allowed 0..%d", c.Renewed, maxRenewed)
	}
	if err := c.Ways.check(); err != nil {
		return nil, err
	}
	all, ways := newCatalogue(), newWays(c.Ways)
	where, err := places(c.Provinces, all)
	if err != nil {
		return nil, err
	}
	t := &Town{homes: make([]household, c.Part.of(c.Boxes))}
	t.heap = make([]int32, len(t.homes))
	renew := renewed(c.StartMs)
	for i := range t.homes {
		t.homes[i] = newHousehold(c.Skip+c.Part.index(i), c.Seed, c.StartMs, where, all, ways)
		t.homes[i].slot = i
		if c.Chapter != 0 {
			t.homes[i].dice = newDice(c.Seed^mix(c.Chapter), t.homes[i].index)
		}
		if c.Renewed > 0 {
			t.homes[i].after(t.homes[i].renewal(c.StartMs, c.Renewed), renew)
		}
		t.heap[i] = int32(i) // all start together: already a heap
	}
	if c.Renewed > 0 { // or not, but what is sorted is one
		slices.SortFunc(t.heap, func(a, b int32) int {
			return cmp.Or(cmp.Compare(t.homes[a].next, t.homes[b].next), cmp.Compare(a, b))
		})
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

// Identity returns what box i tells of itself: account, set-top-box id, place.
func (t *Town) Identity(i int) protocol.Event { return t.homes[i].identity() }

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
