package storetest

import (
	"context"
	"testing"
	"time"

	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// Blocks, dirt, closing, and what blocks tell beside events.

func testBlockOnce(t *testing.T, b *bench) {
	blk := store.Block{ID: [16]byte{7}, Powers: []store.Power{{Stamp: at(1, now), On: true}}}
	b.insert(&blk, true)
	b.insert(&blk, false)
	other := store.Block{ID: [16]byte{7}, Powers: []store.Power{{Stamp: at(2, now), On: true}, {Stamp: at(3, now), On: true}}}
	b.insert(&other, false) // the id decides, not the content [S7]
	b.settle()
	b.insert(&blk, false)
	b.same("dirt after a repeat", b.dirty().Cells, []store.Cell(nil))
	b.expect(hourly(store.FactBox, nil, sum(store.MeasurePowerOns)), row(1, key(), 1))
	b.insert(&store.Block{ID: [16]byte{8}}, true) // an empty block is remembered too
	b.insert(&store.Block{ID: [16]byte{8}}, false)
	lacking, err := b.Lacking(context.Background(), [][16]byte{{9}, {8}, {7}, {}, {9}})
	if err != nil {
		t.Fatal(err)
	}
	b.same("lacking", lacking, [][16]byte{{9}, {}, {9}})
	if lacking, err = b.Lacking(context.Background(), nil); len(lacking) != 0 || err != nil {
		t.Errorf("of nothing %v is lacking, %v", lacking, err)
	}
}

func testDirty(t *testing.T, b *bench) {
	b.same("dirt of an empty store", b.dirty().Cells, []store.Cell(nil))
	b.put(store.Block{
		Powers: []store.Power{{Stamp: at(1, now)}, {Stamp: in43(at(2, now))}},
		// over three hours, and a click of a fourth may be led by its start; all of
		// them say that the box was on in the hour and a half before
		Views:  []store.View{{Stamp: at(1, now+hour+minute), DurationMs: 2*hour + 30*second}},
		Orders: []store.Order{{Stamp: in43(at(2, now-1))}},
	})
	all := []store.Cell{cell(1, 33), cell(0, 33), cell(0, 43), cell(-1, 33), cell(-1, 43), cell(-2, 33), cell(-2, 43)}
	b.same("dirt", b.dirty().Cells, all)
	s, err := b.Dirty(context.Background(), 2)
	if err != nil {
		t.Fatal(err)
	}
	b.same("the latest two", s.Cells, all[:2])
	b.close(s)
	b.same("the rest", b.dirty().Cells, all[2:])
	b.put(store.Block{Clicks: []store.Click{{Stamp: at(1, now+40*minute)}}}) // says that the box was on in the hour before
	b.settle()
	b.put(store.Block{Clicks: []store.Click{{Stamp: at(1, now+40*minute)}}, Healths: []store.Health{{Stamp: in43(at(1, now))}}})
	b.same("dirt of a click and of a box's health", b.dirty().Cells, []store.Cell{cell(0, 33), cell(0, 43), cell(-1, 33)})
}

func testDirtDuringClose(t *testing.T, b *bench) {
	b.put(store.Block{PageViews: []store.PageView{{Stamp: at(1, now), Page: 5}}})
	s := b.dirty()
	b.put(store.Block{PageViews: []store.PageView{{Stamp: at(1, now+1), Page: 5}}})
	b.close(s)
	b.same("dirt of the later block", b.dirty().Cells, []store.Cell{cell(0, 33), cell(-1, 33), cell(-2, 33)})
	b.settle()
	b.expect(hourly(store.FactPage, []store.Column{store.ColPage}, sum(store.MeasurePageViews)), row(1, key(5), 2))
}

func testCloseRepeats(t *testing.T, b *bench) {
	b.close(store.Snapshot{})
	b.put(store.Block{Powers: []store.Power{{Stamp: at(1, now), On: true}}})
	s := b.dirty()
	q := hourly(store.FactBox, []store.Column{store.ColBox}, sum(store.MeasurePowerOns, store.MeasureEvents))
	b.expect(q) // nothing is visible before Close
	for range 3 {
		b.close(s)
		b.expect(q, row(1, key(1), 1, 1))
	}
	// late events of a closed hour
	b.put(store.Block{Powers: []store.Power{{Stamp: at(1, now+minute)}, {Stamp: at(2, now), On: true}}})
	b.expect(q, row(1, key(1), 1, 1))
	b.settle()
	b.expect(q, row(1, key(1), 1, 2), row(1, key(2), 1, 1))
	b.close(store.Snapshot{Cells: []store.Cell{cell(5, 33)}}) // a cell without events
	b.expect(q, row(1, key(1), 1, 2), row(1, key(2), 1, 1))
}

func testRetimes(t *testing.T, b *bench) {
	slow := func(s store.Stamp, clock uint8) store.Stamp {
		s.Clock, s.MonoMs = clock, s.AtMs-(now-100*hour)
		return s
	}
	offset := now - 100*hour + hour // one hour later than thought
	other := slow(at(1, now), 1)
	other.Boot = 2
	b.put(store.Block{
		Powers:      []store.Power{{Stamp: slow(at(1, now), 1), On: true}, {Stamp: other, On: true}},
		PageViews:   []store.PageView{{Stamp: slow(at(1, now+minute), 1), Page: 5}, {Stamp: slow(at(1, now), 3), Page: 6}},
		Clicks:      []store.Click{{Stamp: slow(at(1, now+minute), 0), Page: 5}},
		Views:       []store.View{{Stamp: slow(at(1, now+30*minute), 1), DurationMs: 10 * minute, Speed: 100}},
		Orders:      []store.Order{{Stamp: slow(in43(at(1, now)), 1), Result: 1, Fen: 5}},
		Impressions: []store.Impression{{Stamp: slow(at(1, now), 1), Sight: 1}},
		OrderPages:  []store.OrderPage{{Stamp: slow(at(1, now), 1)}},
		Playbacks:   []store.Playback{{Stamp: slow(at(1, now), 1), Stalls: 2}},
		Healths:     []store.Health{{Stamp: slow(at(1, now), 1)}},
		Runnings:    []store.Running{{Stamp: slow(at(1, now), 1)}},
		Notices:     []store.Notice{{Stamp: slow(at(1, now), 1), Kind: 7}},
		Tallies:     []store.Tally{{Stamp: slow(at(1, now), 1), Lost: 7}, {Stamp: slow(at(1, now), 3), Lost: 1}},
	})
	b.settle()
	b.put(store.Block{
		Retimes: []store.Retime{{ClockKey: store.ClockKey{Box: 1, Boot: 1}, Clock: store.Clock{OffsetMs: offset, Quality: 3}}},
		Powers:  []store.Power{{Stamp: slow(at(1, now+2*minute), 1), On: true}}, // of the block itself: not moved
	})
	b.same("dirt of old and new hours", b.dirty().Cells, []store.Cell{cell(1, 33), cell(1, 43), cell(0, 33), cell(0, 43), cell(-1, 33), cell(-1, 43), cell(-2, 33), cell(-2, 43)})
	b.settle()
	by := []store.Column{store.ColProvince}
	b.expect(hourly(store.FactBox, by, sum(store.MeasurePowerOns, store.MeasurePageViews, store.MeasureClicks, store.MeasureViewingMs, store.MeasureEvents)),
		row(1, key(33), 2, 1, 0, 0, 3), // the other boot, the page with the best clock, the block's own
		row(2, key(33), 1, 1, 1, 10*minute, 10),
		row(2, key(43), 0, 0, 0, 0, 1))
	b.expect(hourly(store.FactOrder, by, sum(store.MeasureFen)), row(2, key(43), 5))
	b.expect(hourly(store.FactImpression, by, sum(store.MeasureImpressions, store.MeasureRenderedClicks)), row(2, key(33), 1, 1))
	b.expect(hourly(store.FactOrderPage, by, sum(store.MeasureOrderPages)), row(2, key(33), 1))
	b.expect(hourly(store.FactPlayback, by, sum(store.MeasureStalls)), row(2, key(33), 2))
	b.expect(hourly(store.FactTrust, by, sum(store.MeasureKept, store.MeasureSynced, store.MeasureGaps)),
		row(1, key(33), 3, 1, 1), row(2, key(33), 10, 10, 7), row(2, key(43), 1, 1, 0))
	// no row is held with a clock worse than 1
	b.put(store.Block{Retimes: []store.Retime{{ClockKey: store.ClockKey{Box: 1, Boot: 1}, Clock: store.Clock{Quality: 1}}}})
	b.same("dirt", b.dirty().Cells, []store.Cell(nil))
}

func testRetimesOfOneBoot(t *testing.T, b *bench) {
	s := at(1, now)
	s.MonoMs, s.Clock = 0, 0
	b.put(store.Block{PageViews: []store.PageView{{Stamp: s, Page: 5}}})
	k := store.ClockKey{Box: 1, Boot: 1}
	b.put(store.Block{Retimes: []store.Retime{
		{ClockKey: k, Clock: store.Clock{OffsetMs: now - 5*hour, Quality: 1}},
		{ClockKey: k, Clock: store.Clock{OffsetMs: now + hour, Quality: 2}},
		{ClockKey: k, Clock: store.Clock{OffsetMs: now - hour, Quality: 2}},
		{ClockKey: k, Clock: store.Clock{OffsetMs: now - 9*hour, Quality: 1}},
	}})
	b.settle()
	b.expect(hourly(store.FactPage, nil, sum(store.MeasurePageViews)), row(2, key(), 1))
}

func testCodes(t *testing.T, b *bench) {
	ctx := context.Background()
	b.put(store.Block{Codes: []store.Code{{Key: 1, Text: "page.home"}, {Key: 2, Text: "节目"}, {Key: 1, Text: "another"}}})
	b.put(store.Block{Codes: []store.Code{{Key: 2, Text: "again"}, {Key: 1<<64 - 1, Text: "it's"}}})
	got, err := b.Codes(ctx, []uint64{1, 2, 3, 1<<64 - 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	b.same("codes", got, map[uint64]string{1: "page.home", 2: "节目", 1<<64 - 1: "it's"})
	if got, err := b.Codes(ctx, nil); err != nil || len(got) != 0 {
		t.Fatalf("Codes(nil) = %v, %v", got, err)
	}
}

func testTold(t *testing.T, b *bench) {
	ctx := context.Background()
	id := func(box uint64, serial uint32) store.IdentityKey { return store.IdentityKey{Box: box, Serial: serial} }
	who := store.Identity{Province: 33, City: 3301, Account: 1 << 63, Model: 4, Firmware: 5}
	moved := store.Identity{Province: 43, City: 4301, Account: 6}
	b.put(store.Block{Identities: []store.IdentityRow{{IdentityKey: id(1, 10), Identity: who}, {IdentityKey: id(1, 11), Identity: moved}, {IdentityKey: id(1, 10), Identity: who}}})
	b.put(store.Block{Identities: []store.IdentityRow{{IdentityKey: id(2, 10), Identity: moved}, {IdentityKey: id(1, 10), Identity: who}}})
	got, err := b.Identities(ctx, []store.IdentityKey{id(1, 10), id(1, 11), id(2, 10), id(2, 11)})
	if err != nil {
		t.Fatal(err)
	}
	b.same("identities", got, map[store.IdentityKey]store.Identity{id(1, 10): who, id(1, 11): moved, id(2, 10): moved})

	k := func(box uint64, boot uint32) store.ClockKey { return store.ClockKey{Box: box, Boot: boot} }
	b.put(store.Block{Clocks: []store.ClockRow{
		{ClockKey: k(1, 1), Clock: store.Clock{OffsetMs: 100, Quality: 2}},
		{ClockKey: k(1, 2), Clock: store.Clock{OffsetMs: -5, Quality: 1}},
		{ClockKey: k(1, 1), Clock: store.Clock{OffsetMs: 101, Quality: 3}}}})
	b.put(store.Block{Clocks: []store.ClockRow{{ClockKey: k(1, 2), Clock: store.Clock{OffsetMs: 7, Quality: 1}}}})
	clocks, err := b.Clocks(ctx, []store.ClockKey{k(1, 1), k(1, 2), k(2, 1)})
	if err != nil {
		t.Fatal(err)
	}
	b.same("clocks", clocks, map[store.ClockKey]store.Clock{
		k(1, 1): {OffsetMs: 101, Quality: 3}, k(1, 2): {OffsetMs: 7, Quality: 1}})
	b.put(store.Block{Clocks: []store.ClockRow{{ClockKey: k(3, 1<<32-1)}, {ClockKey: k(3, 9)}}})
	boots, err := b.LatestBoots(ctx, []uint64{1, 2, 3, 1})
	if err != nil {
		t.Fatal(err)
	}
	b.same("latest boots", boots, map[uint64]uint32{1: 2, 3: 1<<32 - 1})
	if boots, err := b.LatestBoots(ctx, nil); err != nil || len(boots) != 0 {
		t.Errorf("LatestBoots(nil) = %v, %v", boots, err)
	}
}

func testAudit(t *testing.T, b *bench) {
	ctx := context.Background()
	s := func(box uint64, boot uint32, mono int64) store.Stamp {
		return store.Stamp{Province: 33, Box: box, Boot: boot, MonoMs: mono, AtMs: now}
	}
	b.put(store.Block{
		Powers:      []store.Power{{Stamp: s(1, 1, 5), On: true}, {Stamp: s(1, 1, 50)}},
		PageViews:   []store.PageView{{Stamp: s(1, 1, 6)}, {Stamp: s(2, 1, 6)}},
		Clicks:      []store.Click{{Stamp: s(1, 1, 7)}, {Stamp: s(1, 1, 8)}},
		Views:       []store.View{{Stamp: s(1, 1, 9)}},
		Orders:      []store.Order{{Stamp: s(1, 2, 1)}},
		Impressions: []store.Impression{{Stamp: s(1, 2, 2)}, {Stamp: s(1, 2, 2)}},
		OrderPages:  []store.OrderPage{{Stamp: s(1, 2, 3)}},
		Playbacks:   []store.Playback{{Stamp: s(1, 2, 4)}},
		Healths:     []store.Health{{Stamp: s(1, 2, 5)}},
		Runnings:    []store.Running{{Stamp: s(1, 2, 6)}},
		Notices:     []store.Notice{{Stamp: s(1, 1, 2), Kind: uint8(protocol.Identity)}, {Stamp: s(1, 1, 3), Kind: 77}},
	})
	got, err := b.Audit(ctx, []uint64{3, 2, 1})
	if err != nil {
		t.Fatal(err)
	}
	b.same("audit", got, []store.AuditRow{
		{Box: 1, Kind: 1, Events: 1, MonoSum: 5}, {Box: 1, Kind: 2, Events: 1, MonoSum: 50},
		{Box: 1, Kind: 3, Events: 1, MonoSum: 6}, {Box: 1, Kind: 4, Events: 2, MonoSum: 15},
		{Box: 1, Kind: 5, Events: 1, MonoSum: 9}, {Box: 1, Kind: 6, Events: 1, MonoSum: 1},
		{Box: 1, Kind: 7, Events: 1, MonoSum: 2}, {Box: 1, Kind: 11, Events: 2, MonoSum: 4},
		{Box: 1, Kind: 12, Events: 1, MonoSum: 3}, {Box: 1, Kind: 13, Events: 1, MonoSum: 4},
		{Box: 1, Kind: 14, Events: 1, MonoSum: 5}, {Box: 1, Kind: 15, Events: 1, MonoSum: 6},
		{Box: 1, Kind: 77, Events: 1, MonoSum: 3},
		{Box: 2, Kind: 3, Events: 1, MonoSum: 6},
	})
	events, err := b.Events(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	b.same("events", events, []store.EventRef{
		{Boot: 1, MonoMs: 2, Kind: 7}, {Boot: 1, MonoMs: 3, Kind: 77}, {Boot: 1, MonoMs: 5, Kind: 1},
		{Boot: 1, MonoMs: 6, Kind: 3}, {Boot: 1, MonoMs: 7, Kind: 4}, {Boot: 1, MonoMs: 8, Kind: 4},
		{Boot: 1, MonoMs: 9, Kind: 5}, {Boot: 1, MonoMs: 50, Kind: 2}, {Boot: 2, MonoMs: 1, Kind: 6},
		{Boot: 2, MonoMs: 2, Kind: 11}, {Boot: 2, MonoMs: 2, Kind: 11}, {Boot: 2, MonoMs: 3, Kind: 12},
		{Boot: 2, MonoMs: 4, Kind: 13}, {Boot: 2, MonoMs: 5, Kind: 14}, {Boot: 2, MonoMs: 6, Kind: 15}})
	if got, err := b.Audit(ctx, nil); err != nil || len(got) != 0 {
		t.Fatalf("Audit(nil) = %v, %v", got, err)
	}
}

func testAsOf(t *testing.T, b *bench) {
	f := func(wantMs int64, wantDirty int) {
		t.Helper()
		if ms, dirty, err := b.AsOf(context.Background()); err != nil || ms != wantMs || dirty != wantDirty {
			t.Fatalf("AsOf = %d, %d, %v; want %d, %d", ms, dirty, err, wantMs, wantDirty)
		}
	}
	f(0, 0)
	b.put(store.Block{Powers: []store.Power{{Stamp: at(1, now)}, {Stamp: at(1, now-hour)}}})
	f(0, 4) // the box was on in the hour and a half before
	b.settle()
	f(now, 0)
	b.put(store.Block{Views: []store.View{{Stamp: in43(at(1, now+5))}}})
	f(now, 3) // and the other one
	b.settle()
	f(now+5, 0)
}

func testCancelled(t *testing.T, b *bench) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	blk := store.Block{ID: [16]byte{9}, Powers: []store.Power{{Stamp: at(1, now), On: true}}}
	if _, err := b.Insert(ctx, &blk); err == nil {
		t.Fatal("Insert under a cancelled context succeeded")
	}
	b.insert(&blk, true)
	s := b.dirty()
	if err := b.Close(ctx, s); err == nil {
		t.Fatal("Close under a cancelled context succeeded")
	}
	b.same("dirt", b.dirty().Cells, s.Cells)
	// Cancelled at some moment of it, a closing happens or does not; the store
	// goes on either way.
	told := int64(1)
	for i := range 20 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*500*time.Microsecond)
		err := b.Close(ctx, s)
		cancel()
		if err == nil {
			told++
			b.put(store.Block{Powers: []store.Power{{Stamp: at(1, now), On: true}}})
			s = b.dirty()
		}
	}
	b.settle()
	b.expect(hourly(store.FactBox, nil, sum(store.MeasurePowerOns)), row(1, key(), told))
}

func testReopen(t *testing.T, b *bench) {
	if b.engine.Forgets {
		t.Skip("this store forgets")
	}
	blk := store.Block{ID: [16]byte{9}, Powers: []store.Power{{Stamp: at(1, now), On: true}}, Codes: []store.Code{{Key: 1, Text: "a"}}}
	b.insert(&blk, true)
	b.settle()
	b.put(store.Block{Powers: []store.Power{{Stamp: at(2, now+hour), On: true}}})
	if err := b.Shutdown(); err != nil {
		t.Fatal(err)
	}
	b.Store = b.engine.Open(t, b.dir)
	b.insert(&blk, false)
	s := b.dirty()
	cells := []store.Cell{cell(1, 33), cell(0, 33), cell(-1, 33)}
	b.same("dirt", s.Cells, cells)
	b.put(store.Block{Powers: []store.Power{{Stamp: at(3, now+hour), On: true}}})
	b.close(s) // marks go on rising: the newer block stays dirty
	b.same("dirt of the newer block", b.dirty().Cells, cells)
	b.settle()
	b.expect(hourly(store.FactBox, nil, sum(store.MeasurePowerOns)), row(1, key(), 1), row(2, key(), 2))
	codes, err := b.Codes(context.Background(), []uint64{1})
	if err != nil || codes[1] != "a" {
		t.Fatalf("Codes = %v, %v", codes, err)
	}
}
