package storetest

import (
	"cmp"
	"slices"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// word is something by which a box tells whether it was on.
type word struct {
	atMs int64
	city aggregator.City
	rank int // of words in one millisecond the greatest counts
}

const (
	anyWord = 1 + iota
	onWord
	offWord
)

// on counts the time in which boxes were on, and how often they left standby.
func (m *memory) on(c store.Cell, f *facts) {
	words := map[uint64][]word{}
	hear := func(s *store.Stamp, rank int) {
		if s.Province == c.Province {
			words[s.Box] = append(words[s.Box], word{s.AtMs, s.City, rank})
		}
	}
	for i := range m.rows.Powers {
		e := &m.rows.Powers[i]
		if e.On {
			hear(&e.Stamp, onWord)
		} else {
			hear(&e.Stamp, offWord)
		}
		if in(c, &e.Stamp) && e.On && protocol.Cause(e.Cause) == protocol.CauseWake {
			f.add(store.FactOn, box(&e.Stamp), store.MeasureWakes, 1)
		}
	}
	for i := range m.rows.PageViews {
		hear(&m.rows.PageViews[i].Stamp, anyWord)
	}
	for i := range m.rows.Clicks {
		hear(&m.rows.Clicks[i].Stamp, anyWord)
	}
	for i := range m.rows.Views {
		hear(&m.rows.Views[i].Stamp, anyWord)
	}
	for i := range m.rows.Orders {
		hear(&m.rows.Orders[i].Stamp, anyWord)
	}
	for id, all := range words {
		slices.SortFunc(all, func(a, b word) int {
			return cmp.Or(cmp.Compare(a.atMs, b.atMs), cmp.Compare(b.rank, a.rank), cmp.Compare(b.city, a.city))
		})
		beforeMs := int64(-1 << 62)
		for _, w := range all {
			from, to := max(beforeMs, w.atMs-store.OnReachMs, c.Hour.Start()), min(w.atMs, (c.Hour+1).Start())
			if w.rank != onWord && from < to {
				f.add(store.FactOn, group{uint64(c.Province), uint64(w.city), id}, store.MeasureOnMs, to-from)
			}
			beforeMs = w.atMs
		}
	}
}

func onQuery(by ...store.Column) store.Query {
	return hourly(store.FactOn, by, sum(store.MeasureOnMs, store.MeasureWakes))
}

func testFactOn(_ *testing.T, b *bench) {
	// Box 1: on 20:10, off 20:40. Box 2: on since 19:30 and watching over the
	// hour, silent since 20:20. Box 3: seen once at 20:05, no power told: on for
	// the time before that it must have been. Box 4 wakes and is not heard again.
	wake := store.Power{Stamp: at(4, now+15*minute), On: true, Cause: uint8(protocol.CauseWake)}
	b.put(store.Block{
		Powers: []store.Power{{Stamp: at(1, now+10*minute), On: true}, {Stamp: at(1, now+40*minute)},
			{Stamp: at(2, now-30*minute), On: true}, wake},
		Views:     []store.View{{Stamp: at(2, now+20*minute), DurationMs: 45 * minute}},
		PageViews: []store.PageView{{Stamp: at(3, now+5*minute)}},
		Healths:   []store.Health{{Stamp: at(4, now+30*minute)}}, // boxes tell it in standby too
	})
	b.settle()
	by := []store.Column{store.ColBox}
	b.expect(onQuery(by...),
		row(0, key(2), 30*minute, 0), row(0, key(3), hour, 0),
		row(1, key(1), 30*minute, 0), row(1, key(2), 20*minute, 0), row(1, key(3), 5*minute, 0), row(1, key(4), 0, 1))
	// The power-off of box 2 at last, after a silence longer than the reach: what
	// was longer ago is not known. Box 3 was switched on at 19:50 after all.
	b.put(store.Block{Powers: []store.Power{{Stamp: at(2, now+20*minute+store.OnReachMs+minute)}, {Stamp: at(3, now-10*minute), On: true}}})
	b.settle()
	b.expect(onQuery(by...),
		row(0, key(2), 30*minute, 0), row(0, key(3), 10*minute, 0),
		row(1, key(1), 30*minute, 0), row(1, key(2), 59*minute, 0), row(1, key(3), 5*minute, 0), row(1, key(4), 0, 1),
		row(2, key(2), 51*minute, 0))
	// The same told in another province says nothing here.
	b.put(store.Block{Powers: []store.Power{{Stamp: in43(at(1, now+30*minute)), On: true}}})
	b.settle()
	q := onQuery(store.ColProvince)
	b.expect(q, row(0, key(33), 40*minute, 0), row(1, key(33), 94*minute, 1), row(2, key(33), 51*minute, 0))
}

func testOnTogether(_ *testing.T, b *bench) {
	// In one millisecond a power-off comes first, then a power-on, then the rest.
	b.put(store.Block{
		Powers: []store.Power{{Stamp: at(1, now+10*minute), On: true}, {Stamp: at(1, now+10*minute)}, // off and on again
			{Stamp: at(2, now+10*minute), On: true}},
		PageViews: []store.PageView{{Stamp: at(2, now+10*minute)}, {Stamp: at(2, now+11*minute)}},
	})
	b.settle()
	q := onQuery(store.ColBox)
	b.expect(q, row(0, key(1), hour, 0), row(1, key(1), 10*minute, 0), row(1, key(2), minute, 0))
}

// A box whose clock was never set lives in 1970; its time on is told all the same.
func testOnIn1970(_ *testing.T, b *bench) {
	b.put(store.Block{PageViews: []store.PageView{{Stamp: at(1, minute)}}})
	b.settle()
	q := onQuery(store.ColBox)
	h := int32(aggregator.HourOf(minute))
	q.Spans = []store.Span{{From: h - 3, To: h + 1}, {From: h, To: h + 1}}
	b.expect(q, row(0, key(1), store.OnReachMs, 0), row(1, key(1), minute, 0))
}

func testTimeColumns(_ *testing.T, b *bench) {
	// now is a Sunday, 20:00.
	b.put(store.Block{Powers: []store.Power{
		{Stamp: at(1, now), On: true}, {Stamp: at(1, now+minute), On: true}, {Stamp: at(1, now+24*hour), On: true}, {Stamp: at(2, now+24*hour), On: true},
		{Stamp: at(1, now-15*hour), On: true}, {Stamp: at(1, now+7*24*hour), On: true},
	}})
	b.settle()
	d := int32(aggregator.DayOf(now))
	values := []store.Value{{Measure: store.MeasurePowerOns}, {Measure: store.MeasurePowerOns, DistinctBoxes: true}}
	q := store.Query{Fact: store.FactBox, AllProvinces: true, Values: values, GroupBy: []store.Column{store.ColWeekday},
		Spans: []store.Span{{From: d, To: d + 1}, {From: d, To: d + 9}}}
	b.expect(q, row(0, key(6), 3, 1), row(1, key(0), 2, 2), row(1, key(6), 4, 1))
	q.Hourly, q.Spans = true, []store.Span{{From: d * 24, To: (d + 1) * 24}, {From: d * 24, To: (d + 9) * 24}}
	b.expect(q, row(0, key(6), 3, 1), row(1, key(0), 2, 2), row(1, key(6), 4, 1))
	q.GroupBy = []store.Column{store.ColHourOfDay}
	b.expect(q, row(0, key(5), 1, 1), row(0, key(20), 2, 1), row(1, key(5), 1, 1), row(1, key(20), 5, 2))
	q.Filters = []store.Filter{{Column: store.ColWeekday, In: []uint64{0, 3}}}
	b.expect(q, row(1, key(20), 2, 2))
	q.Filters = []store.Filter{{Column: store.ColHourOfDay, In: []uint64{5}}}
	q.GroupBy = []store.Column{store.ColWeekday, store.ColHourOfDay}
	b.expect(q, row(0, key(6, 5), 1, 1), row(1, key(6, 5), 1, 1))
	// A span of no days before the others brings nothing in.
	q.Filters, q.GroupBy, q.Values = nil, []store.Column{store.ColHourOfDay}, values[1:]
	q.Spans = []store.Span{{From: d * 24, To: d * 24}, {From: (d + 1) * 24, To: (d + 2) * 24}}
	b.expect(q, row(1, key(20), 2))
}

func testAmong(_ *testing.T, b *bench) {
	b.put(store.Block{PageViews: []store.PageView{
		{Stamp: at(1, now), Page: 1}, {Stamp: at(1, now), Page: 2}, {Stamp: in43(at(2, now)), Page: 1}, {Stamp: in43(at(2, now)), Page: 2}}})
	b.settle()
	q := daily(store.FactPage, []store.Column{store.ColProvince, store.ColPage}, sum(store.MeasurePageViews))
	q.Among = store.Among{Columns: []store.Column{store.ColPage, store.ColProvince}, In: [][]uint64{{1, 33}, {2, 43}, {9, 43}}}
	b.expect(q, row(0, key(33, 1), 1), row(0, key(43, 2), 1))
	q.Among.Not = true
	b.expect(q, row(0, key(33, 2), 1), row(0, key(43, 1), 1))
	q.Among.In = nil
	q.Filters = []store.Filter{{Column: store.ColPage, In: []uint64{2}, Not: true}}
	b.expect(q, row(0, key(33, 1), 1), row(0, key(43, 1), 1))
	q.Filters[0].In = nil
	b.expect(q, row(0, key(33, 1), 1), row(0, key(33, 2), 1), row(0, key(43, 1), 1), row(0, key(43, 2), 1))
	q.Among.Not = false
	b.expect(q)
}

func testSquares(_ *testing.T, b *bench) {
	view := func(s store.Stamp, ms int64) store.View {
		return store.View{Stamp: s, Mode: 1, DurationMs: ms, Speed: 100}
	}
	b.put(store.Block{Views: []store.View{view(at(1, now+10*minute), 2*minute), view(at(1, now+30*minute), minute+29*second),
		view(at(2, now+10*minute), 4*minute+30*second), view(in43(at(2, now+10*minute)), 29*second)}})
	b.settle()
	q := daily(store.FactBox, []store.Column{store.ColProvince}, []store.Value{{Measure: store.MeasureViewingMs, Squares: minute},
		{Measure: store.MeasureViewingMs}, {Measure: store.MeasureViewingMs, DistinctBoxes: true}})
	b.expect(q, row(0, key(33), 9+25, 479*second, 2), row(0, key(43), 0, 29*second, 1))
	q.GroupBy, q.Values = nil, q.Values[:1]
	b.expect(q, row(0, key(), 9+25)) // box 2 has 4 min 59 s in both provinces
}
