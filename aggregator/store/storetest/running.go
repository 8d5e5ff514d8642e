package storetest

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// Running implements store.Store.
func (m *memory) Running(_ context.Context, q store.RunningQuery) ([]store.RunningCount, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := map[store.RunningCount]int64{}
	for _, b := range m.running(q) {
		c := store.RunningCount{Province: b.Province, Runs: b.Runs}
		if q.Cities {
			c.City = b.City
		}
		counts[c]++
	}
	var rows []store.RunningCount
	for c, n := range counts {
		c.Boxes = n
		rows = append(rows, c)
	}
	slices.SortFunc(rows, compareCounts)
	if q.Limit > 0 && len(rows) > q.Limit {
		slices.SortStableFunc(rows, func(a, b store.RunningCount) int { return cmp.Compare(b.Boxes, a.Boxes) })
		rows = rows[:q.Limit]
		slices.SortFunc(rows, compareCounts)
	}
	return rows, nil
}

func compareCounts(a, b store.RunningCount) int {
	return cmp.Or(cmp.Compare(a.Province, b.Province), cmp.Compare(a.City, b.City), cmp.Compare(a.Group, b.Group),
		cmp.Compare(a.Version, b.Version), cmp.Compare(a.Expired, b.Expired), compareBools(a.Refused, b.Refused),
		cmp.Compare(a.Refusal.Group, b.Refusal.Group), cmp.Compare(a.Refusal.Version, b.Refusal.Version), cmp.Compare(a.Refusal.Why, b.Refusal.Why))
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// RunningBoxes implements store.Store.
func (m *memory) RunningBoxes(_ context.Context, q store.RunningQuery) ([]store.RunningBox, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rows := m.running(q)
	slices.SortFunc(rows, func(a, b store.RunningBox) int {
		return cmp.Or(cmp.Compare(a.Province, b.Province), cmp.Compare(a.Box, b.Box))
	})
	if q.Limit > 0 && len(rows) > q.Limit {
		rows = rows[:q.Limit]
	}
	return rows, nil
}

// running is every box that q lets through, in any order.
func (m *memory) running(q store.RunningQuery) []store.RunningBox {
	scope := aggregator.Scope{All: q.AllProvinces, Provinces: q.Provinces}
	told := map[uint64][]store.Running{}
	for _, r := range m.rows.Runnings {
		about, _, _, _ := store.AboutProfile(m.codes[r.Why])
		state := protocol.ProfileState(r.State)
		known := state == protocol.ProfileApplied || state == protocol.ProfileRefused || state == protocol.ProfileExpired
		if scope.Sees(r.Province) && (known && about || state == protocol.ProfileAnswered) {
			told[r.Box] = append(told[r.Box], r)
		}
	}
	var rows []store.RunningBox
	for _, box := range slices.Sorted(maps.Keys(told)) {
		b := m.runs(told[box])
		if (q.Province == 0 || b.Province == q.Province) && (q.Version == nil || b.Version == *q.Version) && (!q.Refused || b.Refused) {
			rows = append(rows, b)
		}
	}
	return rows
}

// runs follows what one box told, from the earliest to the latest.
func (m *memory) runs(told []store.Running) store.RunningBox {
	slices.SortFunc(told, func(a, b store.Running) int {
		return cmp.Or(cmp.Compare(a.AtMs, b.AtMs), cmp.Compare(a.Boot, b.Boot), cmp.Compare(a.MonoMs, b.MonoMs),
			cmp.Compare(a.Version, b.Version), cmp.Compare(a.State, b.State), cmp.Compare(a.Why, b.Why),
			cmp.Compare(a.Province, b.Province), cmp.Compare(a.City, b.City))
	})
	last := told[len(told)-1]
	out := store.RunningBox{Province: last.Province, City: last.City, Box: last.Box, AtMs: last.AtMs}
	type topic struct {
		version uint64 // that holds; 0: none
		group   string
		refused bool
		at      int
		refusal store.Refusal
	}
	var all, group topic
	var expired uint64 // if the latest of applied and expired is that
	var said *uint64   // if the latest of applied, expired and answered is that
	for at, e := range told {
		if e.Province != last.Province {
			continue
		}
		_, own, name, reason := store.AboutProfile(m.codes[e.Why])
		t := &all
		if own {
			t = &group
		}
		switch protocol.ProfileState(e.State) {
		case protocol.ProfileApplied:
			*t = topic{version: e.Version, group: name}
			expired, said = 0, nil
		case protocol.ProfileExpired:
			t.version = 0
			expired, said = e.Version, nil
		case protocol.ProfileRefused:
			t.refused, t.at, t.refusal = true, at, store.Refusal{Version: e.Version, Group: name, Why: reason}
		case protocol.ProfileAnswered:
			said = &e.Version
		}
	}
	holds := group
	if holds.version == 0 {
		holds = all
	}
	out.Version, out.Group = holds.version, holds.group
	if said != nil && *said != out.Version {
		out.Version, out.Group = *said, ""
	}
	if out.Version == 0 {
		out.Expired = expired
	}
	refuses := all
	if group.refused && (!all.refused || group.at > all.at) {
		refuses = group
	}
	out.Refused, out.Refusal = refuses.refused, refuses.refusal
	return out
}
