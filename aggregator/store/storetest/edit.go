package storetest

import (
	"context"
	"maps"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// boxDay is a box in a province on a day.
type boxDay struct {
	day      aggregator.Day
	province aggregator.Province
	box      uint64
}

func boxDayOf(s *store.Stamp) boxDay { return boxDay{hourOf(s.AtMs).Day(), s.Province, s.Box} }

// records is what a cell counts of a box to judge it.
type records struct {
	all, minute int64 // rows, and those of the minute with the most
	listed      bool
}

func (m *memory) SetEditRules(ctx context.Context, r store.EditRules) error {
	if err := r.Check(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.Name() == m.edit.Name() {
		return ctx.Err()
	}
	m.edit = r.Sorted()
	m.mark++
	for c := range m.closed {
		m.dirt[c] = m.mark
	}
	return ctx.Err()
}

func (m *memory) EditVersions(ctx context.Context, s aggregator.Scope, from, to aggregator.Hour) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := map[string]bool{}
	for c, held := range m.closed {
		if c.Hour >= from && c.Hour < to && s.Sees(c.Province) {
			names[held.edit] = true
		}
	}
	if len(names) == 0 {
		names[m.edit.Name()] = true
	}
	return slices.Sorted(maps.Keys(names)), ctx.Err()
}

// count is what a cell counts of each box to judge it.
func (m *memory) count(c store.Cell) map[uint64]records {
	all := map[uint64]records{}
	minutes := map[[2]uint64]int64{}
	eachRow(&m.rows, func(s *store.Stamp, _ int64, kind uint8) {
		if !in(c, s) {
			return
		}
		r := all[s.Box]
		minute := [2]uint64{s.Box, uint64((s.AtMs - c.Hour.Start()) / 60_000)}
		if protocol.Kind(kind) != protocol.Impression {
			minutes[minute]++
		}
		r.all++
		r.minute = max(r.minute, minutes[minute])
		r.listed = r.listed || slices.Contains(m.edit.Boxes, s.Box) || s.Account != 0 && slices.Contains(m.edit.Accounts, s.Account)
		all[s.Box] = r
	})
	return all
}

// judge finds which boxes are invalid on the days of cells, which have been counted,
// and marks the other cells that this changes.
func (m *memory) judge(cells []store.Cell) {
	type days struct {
		day      aggregator.Day
		province aggregator.Province
	}
	judged, now := map[days]bool{}, map[boxDay]store.Invalid{}
	for _, c := range cells {
		judged[days{c.Hour.Day(), c.Province}] = true
	}
	sums := map[boxDay]records{}
	for c, held := range m.closed {
		if !judged[days{c.Hour.Day(), c.Province}] {
			continue
		}
		for box, r := range held.records {
			k := boxDay{c.Hour.Day(), c.Province, box}
			sum := sums[k]
			sums[k] = records{sum.all + r.all, max(sum.minute, r.minute), sum.listed || r.listed}
		}
	}
	for k, r := range sums {
		switch {
		case r.minute > m.edit.MinuteRecords:
			now[k] = store.InvalidMinute
		case r.all > m.edit.DayRecords:
			now[k] = store.InvalidDay
		case r.listed:
			now[k] = store.InvalidListed
		}
	}
	changed := map[boxDay]bool{}
	for k := range both(m.invalid, now) {
		if judged[days{k.day, k.province}] && m.invalid[k] != now[k] {
			changed[k] = true
			if now[k] == 0 {
				delete(m.invalid, k)
			} else {
				m.invalid[k] = now[k]
			}
		}
	}
	if len(changed) == 0 {
		return
	}
	m.mark++
	touch := func(c store.Cell) {
		if !slices.Contains(cells, c) {
			m.dirt[c] = m.mark
		}
	}
	eachRow(&m.rows, func(s *store.Stamp, _ int64, kind uint8) {
		if changed[boxDayOf(s)] && kind != uint8(protocol.View) {
			touch(store.Cell{Hour: hourOf(s.AtMs), Province: s.Province})
		}
	})
	for i := range m.rows.Views {
		if v := &m.rows.Views[i]; changed[boxDayOf(&v.Stamp)] {
			store.TouchSpan(v.Province, startOf(v), v.AtMs+store.ViewAheadMs, touch)
		}
	}
}

// editedEnds are the edited ends of all Views of a province, in their order, as they
// are at this mark: whatever changes them raises it.
func (m *memory) editedEnds(p aggregator.Province) []int64 {
	if held := m.ends[p]; held.mark == m.mark && held.ends != nil {
		return held.ends
	}
	m.ends[p] = markedEnds{m.mark, m.findEnds(p)}
	return m.ends[p].ends
}

type markedEnds struct {
	mark int64
	ends []int64
}

func (m *memory) findEnds(p aggregator.Province) []int64 {
	starts := map[uint64][]int64{} // of unattended plays, by box
	for i := range m.rows.Views {
		if v := &m.rows.Views[i]; v.Province == p && v.Part == 0 && v.Unattended() && !slices.Contains(starts[v.Box], startOf(v)) {
			starts[v.Box] = append(starts[v.Box], startOf(v))
		}
	}
	ends := make([]int64, len(m.rows.Views))
	for i := range m.rows.Views {
		v := &m.rows.Views[i]
		if v.Province != p {
			continue
		}
		plays := 0
		if v.Unattended() {
			for _, start := range starts[v.Box] {
				if start >= v.AtMs-v.IdleMs && start <= startOf(v) {
					plays++
				}
			}
		}
		ends[i] = m.edit.EditedEnd(v, m.invalid[boxDayOf(&v.Stamp)] != 0, plays)
	}
	return ends
}

// dropped counts the rows of invalid boxes.
func (m *memory) dropped(c store.Cell, f *facts) {
	eachRow(&m.rows, func(s *store.Stamp, _ int64, _ uint8) {
		if why := m.invalid[boxDayOf(s)]; in(c, s) && why != 0 {
			f.add(store.FactInvalid, group{uint64(s.Province), uint64(s.City), uint64(why), s.Box}, store.MeasureDropped, 1)
		}
	})
}
