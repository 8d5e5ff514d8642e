// Package storetest says what a store.Store is: Memory is the slow, obviously
// right one, Run the suite that every engine must pass.
package storetest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// Memory returns an empty store in memory. It keeps every event and computes
// plainly; it is the reference for engines and the store for tests of what
// stands above.
func Memory() store.Store {
	return &memory{
		blocks:     map[[16]byte]bool{},
		codes:      map[uint64]string{},
		identities: map[store.IdentityKey]store.Identity{},
		clocks:     map[store.ClockKey]store.Clock{},
		dirt:       map[store.Cell]int64{},
		closed:     map[store.Cell]closedCell{},
		edit:       store.DefaultEditRules().Sorted(),
		invalid:    map[boxDay]store.Invalid{},
		ends:       map[aggregator.Province]markedEnds{},
		feeds:      newFeeds(),
	}
}

type memory struct {
	mu     sync.Mutex
	blocks map[[16]byte]bool
	rows   store.Block // all event rows of all blocks

	codes      map[uint64]string
	labels     []store.Label
	identities map[store.IdentityKey]store.Identity
	clocks     map[store.ClockKey]store.Clock

	mark   int64
	dirt   map[store.Cell]int64 // mark at which the cell was touched last
	closed map[store.Cell]closedCell

	edit    store.EditRules
	invalid map[boxDay]store.Invalid
	ends    map[aggregator.Province]markedEnds

	feeds
}

// closedCell is what a Close left of a cell.
type closedCell struct {
	lastMs  int64 // latest AtMs of its events
	facts   facts
	records map[uint64]records // by box
	edit    string             // name of the rules
}

func (m *memory) Lacking(ctx context.Context, ids [][16]byte) ([][16]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lacking [][16]byte
	for _, id := range ids {
		if !m.blocks[id] {
			lacking = append(lacking, id)
		}
	}
	return lacking, ctx.Err()
}

func (m *memory) Insert(ctx context.Context, b *store.Block) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if m.blocks[b.ID] {
		return false, nil
	}
	m.blocks[b.ID] = true
	m.mark++
	touch := func(c store.Cell) { m.dirt[c] = m.mark }
	for _, r := range b.Retimes {
		m.retime(r, touch)
	}
	for i := range b.Powers {
		m.woken(&b.Powers[i].Stamp, touch)
	}
	m.rows.Powers = append(m.rows.Powers, b.Powers...)
	m.rows.PageViews = append(m.rows.PageViews, b.PageViews...)
	m.rows.Clicks = append(m.rows.Clicks, b.Clicks...)
	m.rows.Views = append(m.rows.Views, b.Views...)
	m.rows.Orders = append(m.rows.Orders, b.Orders...)
	m.rows.Impressions = append(m.rows.Impressions, b.Impressions...)
	m.rows.OrderPages = append(m.rows.OrderPages, b.OrderPages...)
	m.rows.Playbacks = append(m.rows.Playbacks, b.Playbacks...)
	m.rows.Healths = append(m.rows.Healths, b.Healths...)
	m.rows.Runnings = append(m.rows.Runnings, b.Runnings...)
	m.rows.Notices = append(m.rows.Notices, b.Notices...)
	m.rows.Tallies = append(m.rows.Tallies, b.Tallies...)
	store.Touched(b, &m.edit, touch)
	m.tell(b.Codes)
	for _, r := range b.Identities {
		if _, told := m.identities[r.IdentityKey]; !told {
			m.identities[r.IdentityKey] = r.Identity
		}
	}
	for _, r := range b.Clocks {
		m.clocks[r.ClockKey] = r.Clock
	}
	return true, nil
}

func (m *memory) retime(r store.Retime, touch func(store.Cell)) {
	move := func(s *store.Stamp, reachMs, aheadMs int64, kind uint8) {
		if s.Box != r.Box || s.Boot != r.Boot || s.Clock >= r.Quality {
			return
		}
		power := kind == uint8(protocol.PowerOn) || kind == uint8(protocol.PowerOff)
		for range 2 { // where it was and where it is
			store.TouchSpan(s.Province, s.AtMs-reachMs, s.AtMs+aheadMs, touch)
			if power {
				m.woken(s, touch)
			}
			s.AtMs, s.Clock = s.MonoMs+r.OffsetMs, r.Quality
		}
	}
	ahead := map[*store.Stamp]int64{}
	for i := range m.rows.Views {
		ahead[&m.rows.Views[i].Stamp] = m.edit.AheadMs(&m.rows.Views[i])
	}
	eachRow(&m.rows, func(s *store.Stamp, reachMs int64, kind uint8) { move(s, reachMs, ahead[s], kind) })
	for i := range m.rows.Tallies {
		move(&m.rows.Tallies[i].Stamp, 0, 0, 0)
	}
}

// eachRow calls f with every event row's stamp, how far before it the event
// changes facts, and its protocol.Kind.
func eachRow(b *store.Block, f func(s *store.Stamp, reachMs int64, kind uint8)) {
	for i := range b.Powers {
		kind := protocol.PowerOff
		if b.Powers[i].On {
			kind = protocol.PowerOn
		}
		f(&b.Powers[i].Stamp, store.OnReachMs, uint8(kind))
	}
	for i := range b.PageViews {
		f(&b.PageViews[i].Stamp, store.OnReachMs, uint8(protocol.PageView))
	}
	for i := range b.Clicks {
		f(&b.Clicks[i].Stamp, store.ClickReachMs, uint8(protocol.Click))
	}
	for i := range b.Views {
		f(&b.Views[i].Stamp, store.ViewReachMs(b.Views[i].DurationMs), uint8(protocol.View))
	}
	for i := range b.Orders {
		f(&b.Orders[i].Stamp, store.OnReachMs, uint8(protocol.Order))
	}
	for i := range b.Impressions {
		f(&b.Impressions[i].Stamp, 0, uint8(protocol.Impression))
	}
	for i := range b.OrderPages {
		f(&b.OrderPages[i].Stamp, 0, uint8(protocol.OrderPage))
	}
	for i := range b.Playbacks {
		f(&b.Playbacks[i].Stamp, 0, uint8(protocol.Playback))
	}
	for i := range b.Healths {
		f(&b.Healths[i].Stamp, 0, uint8(protocol.Health))
	}
	for i := range b.Runnings {
		f(&b.Runnings[i].Stamp, 0, uint8(protocol.Running))
	}
	for i := range b.Notices {
		f(&b.Notices[i].Stamp, 0, b.Notices[i].Kind)
	}
}

func (m *memory) Dirty(_ context.Context, limit int) (store.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	cells := slices.SortedFunc(maps.Keys(m.dirt), func(a, b store.Cell) int {
		return cmp.Or(cmp.Compare(b.Hour, a.Hour), cmp.Compare(a.Province, b.Province))
	})
	return store.Snapshot{Cells: cells[:min(limit, len(cells))], Mark: m.mark}, nil
}

func (m *memory) Close(ctx context.Context, s store.Snapshot) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, c := range s.Cells {
		held := m.closed[c]
		held.records = m.count(c)
		m.closed[c] = held
	}
	m.judge(s.Cells)
	for _, c := range s.Cells {
		fresh := m.compute(c)
		fresh.records, fresh.edit = m.closed[c].records, m.edit.Name()
		m.closed[c] = fresh
		if m.dirt[c] <= s.Mark {
			delete(m.dirt, c)
		}
	}
	return nil
}

// tell keeps the first text of each key.
func (m *memory) tell(all []store.Code) {
	for _, c := range all {
		if _, told := m.codes[c.Key]; !told {
			m.codes[c.Key] = c.Text
		}
	}
}

func (m *memory) Codes(_ context.Context, keys []uint64) (map[uint64]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return pick(m.codes, keys), nil
}

func (m *memory) Identities(_ context.Context, keys []store.IdentityKey) (map[store.IdentityKey]store.Identity, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return pick(m.identities, keys), nil
}

func (m *memory) Clocks(_ context.Context, keys []store.ClockKey) (map[store.ClockKey]store.Clock, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return pick(m.clocks, keys), nil
}

func (m *memory) LatestBoots(_ context.Context, boxes []uint64) (map[uint64]uint32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[uint64]uint32{}
	for k := range m.clocks {
		if slices.Contains(boxes, k.Box) {
			found[k.Box] = max(found[k.Box], k.Boot)
		}
	}
	return found, nil
}

func pick[K comparable, V any](all map[K]V, keys []K) map[K]V {
	found := make(map[K]V, len(keys))
	for _, k := range keys {
		if v, ok := all[k]; ok {
			found[k] = v
		}
	}
	return found
}

func (m *memory) Audit(_ context.Context, boxes []uint64) ([]store.AuditRow, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	type key struct {
		box  uint64
		kind uint8
	}
	sums := map[key]*store.AuditRow{}
	eachRow(&m.rows, func(s *store.Stamp, _ int64, kind uint8) {
		if !slices.Contains(boxes, s.Box) {
			return
		}
		k := key{s.Box, kind}
		if sums[k] == nil {
			sums[k] = &store.AuditRow{Box: s.Box, Kind: kind}
		}
		sums[k].Events++
		sums[k].MonoSum += s.MonoMs
	})
	var rows []store.AuditRow
	for _, r := range sums {
		rows = append(rows, *r)
	}
	slices.SortFunc(rows, func(a, b store.AuditRow) int {
		return cmp.Or(cmp.Compare(a.Box, b.Box), cmp.Compare(a.Kind, b.Kind))
	})
	return rows, nil
}

func (m *memory) Events(_ context.Context, box uint64) ([]store.EventRef, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var refs []store.EventRef
	eachRow(&m.rows, func(s *store.Stamp, _ int64, kind uint8) {
		if s.Box == box {
			refs = append(refs, store.EventRef{Boot: s.Boot, MonoMs: s.MonoMs, Kind: kind})
		}
	})
	slices.SortFunc(refs, func(a, b store.EventRef) int {
		return cmp.Or(cmp.Compare(a.Boot, b.Boot), cmp.Compare(a.MonoMs, b.MonoMs), cmp.Compare(a.Kind, b.Kind))
	})
	return refs, nil
}

func (m *memory) AsOf(context.Context) (int64, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ms int64
	for _, c := range m.closed {
		ms = max(ms, c.lastMs)
	}
	return ms, len(m.dirt), nil
}

func (m *memory) Shutdown() error { return nil }

// hourOf and startOf keep the arithmetic of fact.go readable.
func hourOf(ms int64) aggregator.Hour { return aggregator.HourOf(ms) }
func startOf(v *store.View) int64     { return v.AtMs - v.DurationMs }
func validPlay(v *store.View) bool    { return v.Part == 0 && abs(v.Speed) < 300 && v.DurationMs > 3000 }
func abs[T ~int32 | ~int64](n T) T    { return max(n, -n) }
func in(c store.Cell, s *store.Stamp) bool {
	return s.Province == c.Province && hourOf(s.AtMs) == c.Hour
}
