package storetest

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// Which agents boxes run, and what became of updates.

// Updates implements store.Store.
func (m *memory) Updates(_ context.Context, q store.UpdateQuery) ([]store.UpdateCount, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	scope := aggregator.Scope{All: q.AllProvinces, Provinces: q.Provinces}
	told := map[uint64][]store.Running{}
	for _, r := range m.rows.Runnings {
		state := protocol.ProfileState(r.State)
		about := state == protocol.AgentRuns || state >= protocol.UpdateOffered && state <= protocol.UpdateRefused && r.Version == q.Version
		if about && scope.Sees(r.Province) {
			told[r.Box] = append(told[r.Box], r)
		}
	}
	counts := map[store.UpdateCount]int64{}
	for _, events := range told {
		slices.SortFunc(events, func(a, b store.Running) int {
			return cmp.Or(cmp.Compare(a.AtMs, b.AtMs), cmp.Compare(a.Boot, b.Boot), cmp.Compare(a.MonoMs, b.MonoMs),
				cmp.Compare(a.Version, b.Version), cmp.Compare(a.State, b.State), cmp.Compare(a.Why, b.Why),
				cmp.Compare(a.Province, b.Province), cmp.Compare(a.City, b.City))
		})
		var c store.UpdateCount
		for _, e := range events {
			c.Province = e.Province
			if protocol.ProfileState(e.State) == protocol.AgentRuns {
				c.Agent, c.Runs = m.codes[e.Why], e.Version
			} else {
				c.State, c.Why = e.State, m.codes[e.Why]
			}
		}
		if q.Province == 0 || q.Province == c.Province {
			counts[c]++
		}
	}
	var rows []store.UpdateCount
	for c, n := range counts {
		c.Boxes = n
		rows = append(rows, c)
	}
	byName := func(a, b store.UpdateCount) int {
		return cmp.Or(cmp.Compare(a.Province, b.Province), cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.Runs, b.Runs),
			cmp.Compare(a.State, b.State), cmp.Compare(a.Why, b.Why))
	}
	slices.SortFunc(rows, byName)
	if q.Limit > 0 && len(rows) > q.Limit {
		slices.SortStableFunc(rows, func(a, b store.UpdateCount) int { return cmp.Compare(b.Boxes, a.Boxes) })
		rows = rows[:q.Limit]
		slices.SortFunc(rows, byName)
	}
	return rows, nil
}

func (b *bench) updates(q store.UpdateQuery, want ...store.UpdateCount) {
	b.Helper()
	got, err := b.Updates(context.Background(), q)
	if err != nil {
		b.Fatalf("Updates: %v", err)
	}
	b.same("updates", got, want)
}

// testUpdates: versions, states, provinces; what comes late; what is about profiles.
func testUpdates(_ *testing.T, b *bench) {
	all := store.UpdateQuery{AllProvinces: true, Version: 27}
	b.updates(all)
	const (
		runs, offered, downloaded = uint8(protocol.AgentRuns), uint8(protocol.UpdateOffered), uint8(protocol.UpdateDownloaded)
		good, back, no            = uint8(protocol.UpdateGood), uint8(protocol.UpdateRolledBack), uint8(protocol.UpdateRefused)
		old, newer                = "1.4.2 arm7 E900", "1.4.3 arm7 E900"
	)
	var blk tells
	blk.add(at(1, now), runs, 0, old)
	blk.add(at(1, now+minute), offered, 27, "")
	blk.add(at(1, now+2*minute), downloaded, 27, "")
	blk.add(at(1, now+3*minute), runs, 27, newer)
	blk.add(at(1, now+4*minute), good, 27, "")
	blk.add(at(1, now+5*minute), no, 26, "version: 26, but 27 has been here") // a replay changes nothing of 27
	blk.add(at(2, now), runs, 0, old)
	blk.add(at(2, now+4*minute), back, 27, "started 3 times")
	blk.add(at(2, now+3*minute), runs, 27, newer)
	blk.add(at(2, now+5*minute), runs, 0, old)
	blk.add(at(3, now), runs, 0, old)
	blk.add(at(3, now+minute), applied, 27, "") // of a profile
	blk.add(in43(at(4, now)), downloaded, 27, "")
	b.put(blk.Block)
	count := func(p aggregator.Province, agent string, runs uint64, state uint8, why string, n int64) store.UpdateCount {
		return store.UpdateCount{Province: p, Agent: agent, Runs: runs, State: state, Why: why, Boxes: n}
	}
	zhejiang := []store.UpdateCount{count(33, old, 0, 0, "", 1), count(33, old, 0, back, "started 3 times", 1), count(33, newer, 27, good, "", 1)}
	hunan := count(43, "", 0, downloaded, "", 1)
	b.updates(all, append(zhejiang[:3:3], hunan)...)
	b.updates(store.UpdateQuery{AllProvinces: true}, count(33, old, 0, 0, "", 2), count(33, newer, 27, 0, "", 1))
	b.updates(store.UpdateQuery{Version: 27})
	b.updates(store.UpdateQuery{AllProvinces: true, Version: 27, Province: 43}, hunan)
	b.updates(store.UpdateQuery{Provinces: []aggregator.Province{33}, Version: 27}, zhejiang...)
	b.updates(store.UpdateQuery{Provinces: []aggregator.Province{33}, Version: 27, Province: 43})
	b.updates(store.UpdateQuery{AllProvinces: true, Limit: 1}, count(33, old, 0, 0, "", 2))
	b.updates(store.UpdateQuery{AllProvinces: true, Version: 26}, count(33, old, 0, 0, "", 2), count(33, newer, 27, no, "version: 26, but 27 has been here", 1))
}
