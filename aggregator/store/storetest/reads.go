package storetest

import (
	"context"
	"errors"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// The facts as fact.go defines them, and the questions over them.

func testFactBox(t *testing.T, b *bench) {
	b.put(store.Block{
		Powers:    []store.Power{{Stamp: at(1, now), On: true}, {Stamp: at(1, now+1), On: true}, {Stamp: at(1, now+2)}},
		PageViews: []store.PageView{{Stamp: at(1, now)}},
		Clicks:    []store.Click{{Stamp: at(1, now)}},
		Views:     []store.View{{Stamp: at(1, now+hour+10*minute), DurationMs: 20 * minute, Speed: 100}},
		Orders:    []store.Order{{Stamp: at(1, now)}},
		Notices:   []store.Notice{{Stamp: at(2, now), Kind: 8}, {Stamp: in43(at(1, now)), Kind: 99}},
	})
	b.settle()
	q := hourly(store.FactBox, []store.Column{store.ColProvince, store.ColCity, store.ColBox}, sum(store.MeasurePowerOns, store.MeasurePageViews,
		store.MeasureClicks, store.MeasurePlays, store.MeasureViewingMs, store.MeasureEvents))
	b.expect(q,
		row(1, key(33, 3301, 1), 2, 1, 1, 1, 10*minute, 6), // the play and ten minutes of it
		row(1, key(33, 3301, 2), 0, 0, 0, 0, 0, 1),
		row(1, key(43, 4301, 1), 0, 0, 0, 0, 0, 1),
		row(2, key(33, 3301, 1), 0, 0, 0, 0, 10*minute, 1)) // the View itself counts where it ends
}

func testFactPage(t *testing.T, b *bench) {
	b.put(store.Block{PageViews: []store.PageView{
		{Stamp: at(1, now-1), Page: 5}, {Stamp: at(1, now), Page: 5}, {Stamp: at(2, now+hour-1), Page: 5},
		{Stamp: at(1, now+hour), Page: 5}, {Stamp: at(1, now), Page: 1 << 63}, {Stamp: in43(at(1, now)), Page: 5}}})
	b.settle()
	b.expect(hourly(store.FactPage, []store.Column{store.ColProvince, store.ColPage}, sum(store.MeasurePageViews)),
		row(0, key(33, 5), 1), row(1, key(33, 5), 2), row(1, key(33, 1<<63), 1), row(1, key(43, 5), 1), row(2, key(33, 5), 1))
}

func testViewsOverHours(t *testing.T, b *bench) {
	live, vod := uint8(protocol.ModeLive), uint8(protocol.ModeVOD)
	midnight := aggregator.DayOf(now).Start() + aggregator.DayMs
	b.put(store.Block{Views: []store.View{
		{Stamp: at(1, now+hour+30*minute), DurationMs: 2 * hour, Mode: live, Channel: 7, Speed: 100},    // 30, 60, 30 minutes
		{Stamp: at(1, now+hour), DurationMs: hour, Mode: vod, Content: 8, Speed: 100},                   // exactly one hour
		{Stamp: at(2, now+hour), DurationMs: hour, Mode: vod, Content: 8, Speed: 100, Part: 3},          // time, no play
		{Stamp: at(2, now+hour), DurationMs: hour, Mode: vod, Content: 9, Speed: 200},                   // a play, no time
		{Stamp: at(3, midnight+10*minute), DurationMs: 25 * minute, Mode: live, Channel: 7, Speed: 100}, // over midnight
		{Stamp: at(4, now+2*hour), DurationMs: 0, Mode: live, Channel: 7, Speed: 100},                   // nothing
	}})
	b.settle()
	by := []store.Column{store.ColMode, store.ColChannel, store.ColContent}
	b.expect(hourly(store.FactView, by, sum(store.MeasurePlays, store.MeasureViewingMs)),
		row(0, key(1, 7, 0), 1, 30*minute),
		row(1, key(1, 7, 0), 0, 60*minute),
		row(1, key(4, 0, 8), 1, 120*minute),
		row(1, key(4, 0, 9), 1, 0),
		row(2, key(1, 7, 0), 0, 30*minute))
	b.expect(hourly(store.FactMode, []store.Column{store.ColMode, store.ColBox}, sum(store.MeasurePlays, store.MeasureViewingMs)),
		row(0, key(1, 1), 1, 30*minute),
		row(1, key(1, 1), 0, 60*minute),
		row(1, key(4, 1), 1, 60*minute),
		row(1, key(4, 2), 1, 60*minute),
		row(2, key(1, 1), 0, 30*minute))
	d := int32(aggregator.DayOf(now))
	q := daily(store.FactView, []store.Column{store.ColMode}, sum(store.MeasurePlays, store.MeasureViewingMs))
	q.Spans = []store.Span{{From: d, To: d + 1}, {From: d + 1, To: d + 2}}
	b.expect(q, row(0, key(1), 2, 135*minute), row(0, key(4), 2, 120*minute), row(1, key(1), 0, 10*minute))
}

func testValidPlays(t *testing.T, b *bench) {
	var views []store.View
	var want []store.Row
	f := func(plays int64, v store.View) {
		v.Stamp = at(uint64(1+len(views)), now+minute)
		views = append(views, v)
		want = append(want, row(1, key(v.Box), plays, 1))
	}
	f(1, store.View{DurationMs: 3001, Speed: 100})
	f(0, store.View{DurationMs: 3000, Speed: 100})
	f(1, store.View{DurationMs: 3001, Speed: 299})
	f(0, store.View{DurationMs: 3001, Speed: 300})
	f(1, store.View{DurationMs: 3001, Speed: -299})
	f(0, store.View{DurationMs: 3001, Speed: -300})
	f(1, store.View{DurationMs: 3001, Speed: 0})
	f(0, store.View{DurationMs: 3001, Speed: 100, Part: 1})
	b.put(store.Block{Views: views})
	b.settle()
	b.expect(hourly(store.FactBox, []store.Column{store.ColBox}, sum(store.MeasurePlays, store.MeasureEvents)), want...)
}

// play is a valid play of content that starts at a moment.
func play(box, content uint64, startMs int64) store.View {
	return store.View{Stamp: at(box, startMs+3001), DurationMs: 3001, Speed: 100, Content: content}
}

func testLed(t *testing.T, b *bench) {
	const m = int64(0) // moments below are relative to the click of the case
	var blk store.Block
	want := map[uint64]int64{}
	names := map[uint64]string{}
	// Each case has a box and a page of its own.
	f := func(name string, led int64, clicks []store.Click, views ...store.View) {
		id := uint64(100 + len(want))
		want[id], names[id] = led, name
		base := now + int64(id-100)*minute
		for _, c := range clicks {
			c.Stamp = at(id, base+c.AtMs)
			c.Page = id
			blk.Clicks = append(blk.Clicks, c)
		}
		for _, v := range views {
			v.AtMs += base
			if v.Box == 0 {
				v.Box = id
			}
			blk.Views = append(blk.Views, v)
		}
	}
	click := func(content uint64, ms int64) store.Click {
		return store.Click{Stamp: store.Stamp{AtMs: ms}, Content: content}
	}
	play := func(box, content uint64, ms int64) store.View {
		v := play(box, content, ms)
		v.Province, v.City = 33, 3301
		return v
	}
	short := play(0, 5, m+1)
	short.AtMs, short.DurationMs = m+3001, 3000
	elsewhere := play(0, 5, m+1)
	elsewhere.Province = 43
	traced := func(click store.Click, trace uint32) store.Click { click.Trace = trace; return click }
	episode := func(ms int64, trace uint32) store.View { v := play(0, 6, ms); v.Trace = trace; return v }
	channel := func(ms int64, channel uint64, trace uint32) store.View {
		v := play(0, 0, ms)
		v.Channel, v.Trace = channel, trace
		return v
	}

	f("at once", 1, []store.Click{click(5, m)}, play(0, 5, m))
	f("after 60,000 ms", 1, []store.Click{click(5, m)}, play(0, 5, m+60_000))
	f("after 60,001 ms", 0, []store.Click{click(5, m)}, play(0, 5, m+60_001))
	f("before the click", 0, []store.Click{click(5, m)}, play(0, 5, m-1))
	f("other content", 0, []store.Click{click(5, m)}, play(0, 6, m+1))
	f("no content", 0, []store.Click{click(0, m)}, play(0, 0, m+1))
	f("next click before the play", 0, []store.Click{click(5, m), click(0, m+10)}, play(0, 5, m+20))
	f("next click as the play starts", 0, []store.Click{click(5, m), click(0, m+20)}, play(0, 5, m+20))
	f("next click after the play", 1, []store.Click{click(5, m), click(0, m+21)}, play(0, 5, m+20))
	f("two clicks, the second leads", 1, []store.Click{click(5, m), click(5, m+10)}, play(0, 5, m+20))
	f("clicks in one millisecond", 0, []store.Click{click(5, m), click(5, m), click(6, m)}, play(0, 5, m), play(0, 6, m+1))
	f("two plays, one click", 1, []store.Click{click(5, m)}, play(0, 5, m+1), play(0, 5, m+2))
	f("another box", 0, []store.Click{click(5, m)}, play(1<<40, 5, m+1))
	f("not a valid play", 0, []store.Click{click(5, m)}, short)
	f("another province", 0, []store.Click{click(5, m)}, elsewhere)
	f("an episode with the trace", 1, []store.Click{traced(click(5, m), 7)}, episode(m+1, 7))
	f("another trace", 0, []store.Click{traced(click(5, m), 7)}, episode(m+1, 8))
	f("no trace", 0, []store.Click{click(5, m)}, episode(m+1, 0))
	f("the trace, too late", 0, []store.Click{traced(click(5, m), 7)}, episode(m+60_001, 7))
	f("the trace, after another click", 0, []store.Click{traced(click(5, m), 7), traced(click(0, m+1), 8)}, episode(m+2, 7))
	f("the trace of a click without content", 0, []store.Click{traced(click(0, m), 7)}, episode(m+1, 7))
	f("the channel clicked", 1, []store.Click{click(4, m)}, channel(m+1, 4, 0))
	f("a channel by its key, with the trace", 0, []store.Click{traced(click(5, m), 7)}, channel(m+1, 4, 7))
	f("the content clicked after a zap with the trace", 1, []store.Click{traced(click(5, m), 7)}, channel(m+1, 4, 7), play(0, 5, m+9))
	b.put(blk)
	b.settle()
	for _, r := range b.query(daily(store.FactClick, []store.Column{store.ColPage}, sum(store.MeasureLed, store.MeasureClicks))) {
		if page := r.Group[0]; r.Values[0] != want[page] {
			t.Errorf("%s: %d led, want %d", names[page], r.Values[0], want[page])
		}
		delete(want, r.Group[0])
	}
	if len(want) > 0 {
		t.Errorf("no clicks on pages %v", want)
	}
}

func testLedOverEdge(t *testing.T, b *bench) {
	led := func(want int64) {
		t.Helper()
		b.settle()
		b.expect(hourly(store.FactClick, []store.Column{store.ColContent}, sum(store.MeasureClicks, store.MeasureLed)), row(0, key(5), 1, want))
	}
	b.put(store.Block{Clicks: []store.Click{{Stamp: at(1, now-1000), Content: 5}}})
	led(0)
	p := play(1, 5, now+59_000) // in the next hour, and only later
	p.AtMs, p.DurationMs = now+59_000+20*hour, 20*hour
	b.put(store.Block{Views: []store.View{p}})
	led(1)
	b.put(store.Block{Clicks: []store.Click{{Stamp: at(1, now+58_999)}}})
	b.settle()
	b.expect(hourly(store.FactClick, []store.Column{store.ColContent}, sum(store.MeasureClicks, store.MeasureLed)),
		row(0, key(5), 1, 0), row(1, key(0), 1, 0))
}

func testFactOrder(t *testing.T, b *bench) {
	order := func(product, provider uint64, result protocol.Result, fen int64) store.Order {
		return store.Order{Stamp: at(1, now), Product: product, Provider: provider, Result: uint8(result), Fen: fen}
	}
	b.put(store.Block{Orders: []store.Order{
		order(1, 9, protocol.ResultPaid, 1990), order(1, 9, protocol.ResultPaid, 10), order(1, 9, protocol.ResultFailed, 500),
		order(1, 9, protocol.ResultCancelled, 500), order(1, 9, protocol.ResultUnknown, 500), order(1, 8, protocol.ResultPaid, 1),
		order(2, 9, protocol.ResultRefunded, 300), order(3, 9, protocol.ResultPaid, 7), order(3, 9, protocol.ResultRefunded, 7)}})
	b.settle()
	b.expect(hourly(store.FactOrder, []store.Column{store.ColProduct, store.ColProvider}, sum(store.MeasureOrderAttempts, store.MeasureOrders, store.MeasureFen)),
		row(1, key(1, 8), 1, 1, 1), row(1, key(1, 9), 4, 2, 2000), row(1, key(2, 9), 0, 0, -300), row(1, key(3, 9), 1, 1, 0))
}

func testScope(t *testing.T, b *bench) {
	b.put(store.Block{Powers: []store.Power{{Stamp: at(1, now), On: true}, {Stamp: in43(at(2, now)), On: true}}})
	b.settle()
	f := func(all bool, provinces []aggregator.Province, want ...store.Row) {
		t.Helper()
		for _, q := range []store.Query{
			hourly(store.FactBox, []store.Column{store.ColProvince}, sum(store.MeasurePowerOns)),
			daily(store.FactBox, []store.Column{store.ColProvince}, []store.Value{{Measure: store.MeasurePowerOns, DistinctBoxes: true}}),
		} {
			q.AllProvinces, q.Provinces = all, provinces
			got := b.query(q)
			for i := range got {
				got[i].Span = 0
			}
			b.same("answer", got, want)
		}
	}
	f(true, nil, row(0, key(33), 1), row(0, key(43), 1))
	f(false, nil) // empty means none, never all
	f(false, []aggregator.Province{43}, row(0, key(43), 1))
	f(false, []aggregator.Province{43, 11}, row(0, key(43), 1))
	f(true, []aggregator.Province{11}, row(0, key(33), 1), row(0, key(43), 1))
}

func testSpans(t *testing.T, b *bench) {
	b.put(store.Block{Powers: []store.Power{{Stamp: at(1, now), On: true}, {Stamp: at(1, now+hour), On: true}, {Stamp: at(2, now+hour), On: true}}})
	b.settle()
	h := int32(aggregator.HourOf(now))
	q := hourly(store.FactBox, nil, []store.Value{{Measure: store.MeasurePowerOns}, {Measure: store.MeasurePowerOns, DistinctBoxes: true}})
	q.Spans = []store.Span{{From: h, To: h + 2}, {From: h + 1, To: h + 2}, {From: h, To: h}, {From: h + 5, To: h}, {From: -1 << 31, To: 1<<31 - 1}, {From: h, To: h + 1}}
	b.expect(q, row(0, key(), 3, 2), row(1, key(), 2, 2), row(4, key(), 3, 2), row(5, key(), 1, 1))
	q.Spans = nil
	b.expect(q)
}

func testDistinct(t *testing.T, b *bench) {
	elsewhere := at(1, now)
	elsewhere.City = 3302
	b.put(store.Block{
		Powers: []store.Power{{Stamp: at(1, now), On: true}, {Stamp: elsewhere, On: true}, {Stamp: at(2, now), On: true}, {Stamp: at(3, now)},
			{Stamp: at(2, now+hour), On: true}, {Stamp: in43(at(1, now)), On: true}},
	})
	b.settle()
	boxes := []store.Value{{Measure: store.MeasurePowerOns, DistinctBoxes: true}, {Measure: store.MeasureEvents, DistinctBoxes: true}, {Measure: store.MeasurePowerOns}}
	b.expect(daily(store.FactBox, nil, boxes), row(0, key(), 2, 3, 5))
	b.expect(daily(store.FactBox, []store.Column{store.ColProvince}, boxes), row(0, key(33), 2, 3, 4), row(0, key(43), 1, 1, 1))
	b.expect(daily(store.FactBox, []store.Column{store.ColCity}, boxes),
		row(0, key(3301), 2, 3, 3), row(0, key(3302), 1, 1, 1), row(0, key(4301), 1, 1, 1))
	b.expect(daily(store.FactBox, []store.Column{store.ColBox}, boxes), row(0, key(1), 1, 1, 3), row(0, key(2), 1, 1, 2), row(0, key(3), 0, 1, 0))
	b.expect(hourly(store.FactBox, nil, boxes[:1]), row(1, key(), 2), row(2, key(), 1))
}

// testDistinctLong counts boxes in spans of every length, from one hour to all
// hours there are.
func testDistinctLong(t *testing.T, b *bench) {
	var powers []store.Power
	hours := []int64{0, 1, 61, 62, 63, 123, 124, 125, 300, 495, 496, 497, 900}
	for i, h := range hours {
		powers = append(powers, store.Power{Stamp: at(uint64(i), now+h*hour), On: true}, store.Power{Stamp: at(99, now+h*hour), On: true})
	}
	b.put(store.Block{Powers: powers})
	b.settle()
	h := int32(aggregator.HourOf(now))
	for _, width := range []int32{1, 2, 62, 63, 125, 496, 497, 1000, 1 << 30} {
		q := hourly(store.FactBox, nil, []store.Value{{Measure: store.MeasurePowerOns, DistinctBoxes: true}, {Measure: store.MeasurePowerOns}})
		q.Spans = nil
		var want []store.Row
		for i, from := range []int32{0, 1, 61, 124, 400} {
			q.Spans = append(q.Spans, store.Span{From: h + from, To: h + from + width})
			n := int64(0)
			for _, at := range hours {
				if at >= int64(from) && at < int64(from)+int64(width) {
					n++
				}
			}
			if n > 0 {
				want = append(want, row(i, key(), n+1, 2*n))
			}
		}
		b.expect(q, want...)
	}
}

func testFilters(t *testing.T, b *bench) {
	click := func(page, area uint64, slot uint32, content uint64) store.Click {
		return store.Click{Stamp: at(1, now), Page: page, Area: area, Slot: slot, Content: content}
	}
	b.put(store.Block{Clicks: []store.Click{click(1, 2, 3, 4), click(1, 2, 4, 4), click(9, 2, 3, 1<<63+5), {Stamp: in43(at(1, now)), Page: 1}}})
	b.settle()
	f := func(by []store.Column, filters []store.Filter, want ...store.Row) {
		t.Helper()
		q := daily(store.FactClick, by, sum(store.MeasureClicks))
		q.Filters = filters
		b.expect(q, want...)
	}
	f([]store.Column{store.ColSlot, store.ColPage}, nil, row(0, key(0, 1), 1), row(0, key(3, 1), 1), row(0, key(3, 9), 1), row(0, key(4, 1), 1))
	f(nil, []store.Filter{{Column: store.ColPage, In: key(1, 77)}}, row(0, key(), 3))
	f(nil, []store.Filter{{Column: store.ColPage, In: key(1)}, {Column: store.ColProvince, In: key(33)}, {Column: store.ColSlot, In: key(3, 4)}}, row(0, key(), 2))
	f([]store.Column{store.ColContent}, []store.Filter{{Column: store.ColContent, In: key(1<<63 + 5)}}, row(0, key(1<<63+5), 1))
	f(nil, []store.Filter{{Column: store.ColPage, In: nil}})
	f(nil, []store.Filter{{Column: store.ColProvince, In: key(300)}}) // no such province can be
	f([]store.Column{store.ColCity, store.ColCity}, []store.Filter{{Column: store.ColProvince, In: key(43)}}, row(0, key(4301, 4301), 1))
}

func testLimit(t *testing.T, b *bench) {
	var clicks []store.Click
	add := func(page uint64, n int, ms int64) {
		for range n {
			clicks = append(clicks, store.Click{Stamp: at(1, ms), Page: page})
		}
	}
	add(4, 2, now)
	add(3, 2, now)
	add(2, 1, now)
	add(1, 5, now)
	add(3, 2, now+hour)
	add(9, 3, now+hour)
	b.put(store.Block{Clicks: clicks})
	b.settle()
	f := func(limit int, want ...store.Row) {
		t.Helper()
		q := hourly(store.FactClick, []store.Column{store.ColPage}, sum(store.MeasureClicks))
		q.Limit = limit
		b.expect(q, want...)
	}
	f(1, row(1, key(1), 5))
	f(2, row(1, key(1), 5), row(2, key(9), 3))
	f(3, row(1, key(1), 5), row(1, key(3), 2), row(2, key(9), 3)) // ties: smaller group, then earlier span
	f(4, row(1, key(1), 5), row(1, key(3), 2), row(2, key(3), 2), row(2, key(9), 3))
	f(0, row(1, key(1), 5), row(1, key(2), 1), row(1, key(3), 2), row(1, key(4), 2), row(2, key(3), 2), row(2, key(9), 3))
}

func testBadQueries(t *testing.T, b *bench) {
	f := func(q store.Query) {
		t.Helper()
		var bad *aggregator.Error
		if _, err := b.Query(context.Background(), q); !errors.As(err, &bad) || bad.Code != "bad_query" {
			t.Errorf("Query(%+v) = %v, want bad_query", q, err)
		}
	}
	f(daily(store.Facts, nil, sum(store.MeasureClicks)))
	f(daily(store.FactPage, nil, nil))
	f(daily(store.FactPage, nil, sum(store.MeasureClicks)))
	f(daily(store.FactPage, []store.Column{store.ColBox}, sum(store.MeasurePageViews)))
	f(daily(store.FactPage, []store.Column{"page; DROP TABLE block"}, sum(store.MeasurePageViews)))
	f(daily(store.FactPage, nil, []store.Value{{Measure: store.MeasurePageViews, DistinctBoxes: true}}))
	q := daily(store.FactPage, nil, sum(store.MeasurePageViews))
	q.Filters = []store.Filter{{Column: store.ColMode, In: key(1)}}
	f(q)
}

// testDays closes days in every order: what is ready by day and what is read
// by hour must not show.
func testDays(t *testing.T, b *bench) {
	day := aggregator.DayOf(now)
	q := daily(store.FactBox, nil, []store.Value{{Measure: store.MeasurePowerOns}, {Measure: store.MeasurePowerOns, DistinctBoxes: true}})
	q.Spans = nil
	for i := range int32(5) {
		q.Spans = append(q.Spans, store.Span{From: int32(day) - 2 + i, To: int32(day) - 1 + i})
	}
	q.Spans = append(q.Spans, store.Span{From: int32(day) - 2, To: int32(day) + 3})
	on := func(box uint64, d int64, h int64) store.Power {
		return store.Power{Stamp: at(box, day.Start()+d*aggregator.DayMs+h*hour), On: true}
	}
	put := func(p ...store.Power) { b.put(store.Block{Powers: p}); b.settle() }
	put(on(1, 0, 0), on(1, 0, 23), on(2, 0, 5))
	b.expect(q, row(2, key(), 3, 2), row(5, key(), 3, 2))
	put(on(1, 1, 0)) // the day before is over
	b.expect(q, row(2, key(), 3, 2), row(3, key(), 1, 1), row(5, key(), 4, 2))
	put(on(3, -1, 12)) // a late day
	b.expect(q, row(1, key(), 1, 1), row(2, key(), 3, 2), row(3, key(), 1, 1), row(5, key(), 5, 3))
	put(on(3, 0, 12)) // late in a day that is over
	b.expect(q, row(1, key(), 1, 1), row(2, key(), 4, 3), row(3, key(), 1, 1), row(5, key(), 6, 3))
	put(on(4, 2, 1), on(4, -2, 1))
	b.expect(q, row(0, key(), 1, 1), row(1, key(), 1, 1), row(2, key(), 4, 3), row(3, key(), 1, 1), row(4, key(), 1, 1), row(5, key(), 8, 4))
	s := at(5, day.Start())
	put(store.Power{Stamp: in43(s), On: true})
	b.expect(q, row(0, key(), 1, 1), row(1, key(), 1, 1), row(2, key(), 5, 4), row(3, key(), 1, 1), row(4, key(), 1, 1), row(5, key(), 9, 5))
}
