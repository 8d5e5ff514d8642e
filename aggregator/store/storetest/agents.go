package storetest

import (
	"cmp"
	"testing"

	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// Which agents boxes ran, and what became of updates.

// agents counts what boxes of the cell told of their agents.
func (m *memory) agents(c store.Cell, f *facts) {
	type word struct {
		*store.Stamp
		agent uint64
	}
	last := map[uint64]word{}
	tell := func(s *store.Stamp, agent uint64) {
		before, told := last[s.Box]
		if in(c, s) && agent != 0 && (!told || cmp.Or(cmp.Compare(s.AtMs, before.AtMs), cmp.Compare(s.Boot, before.Boot),
			cmp.Compare(s.MonoMs, before.MonoMs), cmp.Compare(agent, before.agent), cmp.Compare(s.City, before.City)) > 0) {
			last[s.Box] = word{s, agent}
		}
	}
	for i := range m.rows.Powers {
		if e := &m.rows.Powers[i]; e.On {
			tell(&e.Stamp, e.Agent)
		}
	}
	outcomes := map[protocol.ProfileState]store.Measure{protocol.UpdateDownloaded: store.MeasureFetched, protocol.UpdateGood: store.MeasureTaken,
		protocol.UpdateRolledBack: store.MeasureRolledBack, protocol.UpdateRefused: store.MeasureUpdateRefused}
	type outcome struct {
		group
		store.Measure
	}
	counted := map[outcome]bool{}
	for i := range m.rows.Runnings {
		e := &m.rows.Runnings[i]
		state := protocol.ProfileState(e.State)
		if state == protocol.AgentRuns {
			tell(&e.Stamp, e.Agent)
		}
		measure, is := outcomes[state]
		o := outcome{group{uint64(e.Province), uint64(e.City), e.Version, e.Box}, measure}
		if is && in(c, &e.Stamp) && !counted[o] {
			counted[o] = true
			f.add(store.FactUpdate, o.group, measure, 1)
		}
	}
	for box, w := range last {
		f.add(store.FactAgent, group{uint64(w.Province), uint64(w.City), w.agent, box}, store.MeasureRan, 1)
	}
}

// testFactAgent: power-ons and running events; the latest of the hour; what tells none.
func testFactAgent(_ *testing.T, b *bench) {
	const old, newer = 142, 143
	on := func(s store.Stamp, agent uint64) store.Power { return store.Power{Stamp: s, On: true, Agent: agent} }
	runs := func(s store.Stamp, agent uint64) store.Running {
		return store.Running{Stamp: s, State: uint8(protocol.AgentRuns), Agent: agent}
	}
	moved := at(1, now+9*minute)
	moved.City = 3302
	off, applied := on(at(3, now+2*minute), newer), runs(at(3, now+3*minute), newer)
	off.On, applied.State = false, uint8(protocol.ProfileApplied)
	b.put(store.Block{
		Powers: []store.Power{on(at(1, now), old), on(moved, newer), on(at(2, now+minute), newer), on(at(3, now+minute), old), off, on(at(4, now), 0),
			on(in43(at(5, now)), old), on(at(1, now+hour), newer)},
		Runnings: []store.Running{runs(at(2, now), old), applied, runs(at(2, now+hour-1), old), runs(at(4, now+minute), 0), runs(at(6, now), newer)},
	})
	b.settle()
	all := []store.Value{{Measure: store.MeasureRan}, {Measure: store.MeasureRan, DistinctBoxes: true}}
	by := []store.Column{store.ColProvince, store.ColCity, store.ColAgent}
	b.expect(hourly(store.FactAgent, by, all),
		row(1, key(33, 3301, old), 2, 2), row(1, key(33, 3301, newer), 1, 1), row(1, key(33, 3302, newer), 1, 1), row(1, key(43, 4301, old), 1, 1),
		row(2, key(33, 3301, newer), 1, 1))
	b.expect(daily(store.FactAgent, []store.Column{store.ColAgent}, all), row(0, key(old), 3, 3), row(0, key(newer), 3, 2))

	// A later word of a box that comes late takes the place of the one before.
	b.put(store.Block{Runnings: []store.Running{runs(at(6, now+minute), old)}})
	b.settle()
	b.expect(daily(store.FactAgent, []store.Column{store.ColAgent}, all), row(0, key(old), 4, 4), row(0, key(newer), 2, 1))
}

// testFactUpdate: what is told twice counts once, each release and box by itself.
func testFactUpdate(_ *testing.T, b *bench) {
	tells := func(s store.Stamp, state protocol.ProfileState, release uint64) store.Running {
		return store.Running{Stamp: s, State: uint8(state), Version: release}
	}
	b.put(store.Block{Runnings: []store.Running{
		tells(at(1, now), protocol.UpdateOffered, 27), tells(at(1, now+minute), protocol.UpdateDownloaded, 27), tells(at(1, now+2*minute), protocol.UpdateGood, 27),
		tells(at(1, now+3*minute), protocol.UpdateGood, 27), // told again after a crash
		tells(at(2, now), protocol.UpdateDownloaded, 27), tells(at(2, now+minute), protocol.UpdateRolledBack, 27),
		tells(at(2, now+2*minute), protocol.UpdateRefused, 27), tells(at(2, now+2*minute), protocol.UpdateGood, 26),
		tells(in43(at(3, now)), protocol.UpdateRefused, 27), tells(at(4, now), protocol.ProfileApplied, 27),
		{Stamp: at(5, now), State: uint8(protocol.AgentRuns), Version: 27, Agent: 143},
	}})
	b.settle()
	q := hourly(store.FactUpdate, []store.Column{store.ColRelease, store.ColProvince},
		sum(store.MeasureFetched, store.MeasureTaken, store.MeasureRolledBack, store.MeasureUpdateRefused))
	b.expect(q, row(1, key(26, 33), 0, 1, 0, 0), row(1, key(27, 33), 2, 1, 1, 1), row(1, key(27, 43), 0, 0, 0, 1))
	b.expect(daily(store.FactUpdate, nil, []store.Value{{Measure: store.MeasureTaken, DistinctBoxes: true}, {Measure: store.MeasureUpdateRefused, DistinctBoxes: true}}),
		row(0, key(), 2, 2))
}
