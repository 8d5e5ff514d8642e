package storetest

import (
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

func testFactTrust(t *testing.T, b *bench) {
	timed := func(s store.Stamp, c protocol.Clock) store.Stamp {
		s.Clock = uint8(c)
		return s
	}
	lost := func(ms int64, n int64) store.Notice {
		return store.Notice{Stamp: at(1, ms), Kind: uint8(protocol.OutboxLost), Count: n}
	}
	dropped := func(why protocol.Reason, n int64) store.Notice {
		return store.Notice{Stamp: at(1, now), Kind: uint8(protocol.Dropped), Count: n, Reason: uint8(why)}
	}
	hengyang := at(3, now)
	hengyang.City = 3302
	b.put(store.Block{
		Powers:    []store.Power{{Stamp: timed(at(1, now), protocol.ClockUnknown), On: true}, {Stamp: timed(at(2, now), protocol.ClockBox)}},
		PageViews: []store.PageView{{Stamp: timed(at(1, now+1), protocol.ClockNTP)}, {Stamp: hengyang}, {Stamp: in43(at(1, now))}},
		Views:     []store.View{{Stamp: at(1, now+hour), DurationMs: 30 * minute, Speed: 100}}, // counts where it ends
		Healths:   []store.Health{{Stamp: timed(at(1, now), protocol.ClockUnknown)}},
		Notices: []store.Notice{lost(now, 5), lost(now+1, 6), lost(now+hour, 1<<48),
			dropped(protocol.ReasonUnknown, 1), dropped(protocol.ReasonRateLimit, 2), dropped(protocol.ReasonSampling, 4), dropped(protocol.ReasonReadOnly, 8),
			dropped(protocol.ReasonMemory, 16), dropped(protocol.ReasonInvalid, 32), dropped(protocol.ReasonQuiet, 64),
			{Stamp: at(1, now), Kind: uint8(protocol.ClockSync), Count: 9, Reason: 1}},
		Tallies: []store.Tally{{Stamp: at(1, now), Lost: 100}, {Stamp: at(2, now+hour-1), Lost: 11}, {Stamp: in43(at(1, now)), Lost: 1 << 40},
			{Stamp: store.Stamp{Province: 33, AtMs: now}, Lost: 3, Repeated: 2}},
	})
	b.settle()
	all := sum(store.MeasureKept, store.MeasureSynced, store.MeasureUnsynced, store.MeasureGaps, store.MeasureToldLost, store.MeasureThrown, store.MeasureRepeats)
	b.expect(hourly(store.FactTrust, []store.Column{store.ColProvince, store.ColCity}, all),
		row(1, key(33, 0), 0, 0, 0, 3, 0, 0, 2),
		row(1, key(33, 3301), 14, 11, 2, 111, 11, 26, 0),
		row(1, key(33, 3302), 1, 1, 0, 0, 0, 0, 0),
		row(1, key(43, 4301), 1, 1, 0, store.LostMost, 0, 0, 0),
		row(2, key(33, 3301), 2, 2, 0, 0, store.LostMost, 0, 0))
	b.expect(daily(store.FactTrust, []store.Column{store.ColProvince}, all),
		row(0, key(33), 17, 14, 2, 114, 11+store.LostMost, 26, 2), row(0, key(43), 1, 1, 0, store.LostMost, 0, 0, 0))
}

// Tallies are no events: nothing that counts events sees them, and they come once
// with their block.
func testTallies(t *testing.T, b *bench) {
	blk := store.Block{ID: [16]byte{7}, Tallies: []store.Tally{{Stamp: at(1, now), Lost: 3}, {Stamp: store.Stamp{Province: 43, AtMs: now - hour, Clock: 3}, Repeated: 1}}}
	if n := blk.Rows(); n != 0 {
		t.Errorf("%d rows, want 0", n)
	}
	b.insert(&blk, true)
	b.insert(&blk, false)
	b.same("dirt", b.dirty().Cells, []store.Cell{cell(0, 33), cell(-1, 43)})
	b.settle()
	b.expect(hourly(store.FactTrust, []store.Column{store.ColProvince}, sum(store.MeasureGaps, store.MeasureRepeats)), row(0, key(43), 0, 1), row(1, key(33), 3, 0))
	b.expect(hourly(store.FactBox, nil, sum(store.MeasureEvents)))
	ctx := t.Context()
	if rows, err := b.Audit(ctx, []uint64{0, 1}); len(rows) != 0 || err != nil {
		t.Errorf("Audit = %v, %v", rows, err)
	}
	if events, err := b.Events(ctx, 1); len(events) != 0 || err != nil {
		t.Errorf("Events = %v, %v", events, err)
	}
	if ms, dirty, err := b.AsOf(ctx); ms != 0 || dirty != 0 || err != nil {
		t.Errorf("AsOf = %d, %d, %v", ms, dirty, err)
	}
	// The zero scope sees nothing of them.
	q := daily(store.FactTrust, nil, sum(store.MeasureGaps))
	q.AllProvinces = false
	b.expect(q)
	q.Provinces = []aggregator.Province{33}
	b.expect(q, row(0, key(), 3))
}
