package outbox

import (
	"fmt"
	"slices"

	"iptvdc/protocol"
)

// Memory is a Disk in memory. It takes over the slices it is given. The zero
// value is empty and ready.
type Memory struct {
	meta  Meta
	rows  []Row // by number
	open  []OpenRow
	holes []Hole
	note  []byte
}

// NewMemory returns an empty disk.
func NewMemory() *Memory { return &Memory{} }

// Clone returns a copy, as an image of the flash taken now: later commits to
// one are not seen by the other.
func (m *Memory) Clone() *Memory {
	return &Memory{m.meta, slices.Clone(m.rows), slices.Clone(m.open), slices.Clone(m.holes), m.note}
}

// Load implements Disk.
func (m *Memory) Load() (Image, error) {
	img := Image{Meta: m.meta, Open: slices.Clone(m.open), Holes: slices.Clone(m.holes), Note: m.note}
	for i := range m.rows {
		img.Batches = append(img.Batches, m.rows[i].header())
	}
	if n := len(m.rows); n > 0 {
		img.Last = m.rows[n-1].Chain()
	}
	return img, nil
}

func (r *Row) header() Header {
	return Header{No: r.No, First: r.First, N: r.N, Prev: r.Prev, Class: r.Class, Bytes: len(r.Body)}
}

// Commit implements Disk; it never fails.
func (m *Memory) Commit(c Change) error {
	if c.Meta != nil {
		m.meta = *c.Meta
	}
	if c.Note != nil {
		m.note = c.Note
	}
	if c.DeleteThrough > 0 {
		m.rows = slices.DeleteFunc(m.rows, func(r Row) bool { return r.No <= c.DeleteThrough })
		m.holes = slices.DeleteFunc(m.holes, func(h Hole) bool { return h.No <= c.DeleteThrough })
	}
	if len(c.Delete) > 0 {
		m.rows = slices.DeleteFunc(m.rows, func(r Row) bool { return slices.Contains(c.Delete, r.No) })
	}
	if c.ClearHoles {
		m.holes = nil
	}
	m.holes = append(m.holes, c.Holes...)
	for _, mv := range c.Move {
		i, ok := m.find(mv.From)
		if !ok {
			return fmt.Errorf("outbox: no batch %d to renumber", mv.From)
		}
		r := &m.rows[i]
		r.No, r.First, r.Prev, r.Flags = mv.No, mv.First, mv.Prev, mv.Flags
	}
	if c.ClearOpen {
		m.open = nil
	}
	m.open = append(m.open, c.Open...)
	m.rows = append(m.rows, c.Seal...)
	return nil
}

func (m *Memory) find(no uint64) (int, bool) {
	return slices.BinarySearchFunc(m.rows, no, func(r Row, no uint64) int {
		switch {
		case r.No < no:
			return -1
		case r.No > no:
			return 1
		}
		return 0
	})
}

// Batch implements Disk.
func (m *Memory) Batch(no uint64) (protocol.Sealed, error) {
	i, ok := m.find(no)
	if !ok {
		return protocol.Sealed{}, fmt.Errorf("outbox: no batch %d", no)
	}
	s := m.rows[i].Sealed
	s.Epoch = m.meta.Epoch
	return s, nil
}

// Close implements Disk; what was kept stays for the next Load.
func (m *Memory) Close() error { return nil }
