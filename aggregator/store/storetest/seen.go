package storetest

import (
	"testing"

	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// What was seen, and how it played.

func testFactImpression(t *testing.T, b *bench) {
	rendered, focus := uint8(protocol.SightRendered), uint8(protocol.SightFocus)
	sight := func(box uint64, ms int64, slot uint32, how uint8) store.Impression {
		return store.Impression{Stamp: at(box, ms), Page: 1, Area: 2, Slot: slot, Content: 3, Template: 4, Sight: how, DurationMs: 2000}
	}
	click := func(box uint64, ms int64, slot uint32) store.Click {
		return store.Click{Stamp: at(box, ms), Page: 1, Area: 2, Slot: slot, Content: 3, Template: 4}
	}
	elsewhere := click(1, now, 1)
	elsewhere.Stamp = in43(elsewhere.Stamp)
	moved := click(1, now+minute, 9)
	moved.City = 3302 // of the same box: its city does not matter
	b.put(store.Block{
		Impressions: []store.Impression{
			sight(1, now, 1, rendered), sight(1, now+hour-1, 1, rendered), sight(1, now, 2, rendered), sight(1, now, 1, focus),
			sight(2, now, 1, focus), sight(3, now+hour, 1, rendered), sight(4, now, 1, 0), sight(4, now, 1, 3),
		},
		Clicks: []store.Click{
			click(1, now+hour-1, 1), click(1, now+hour, 1), // the second in an hour in which it told of no sight
			click(2, now, 1), click(2, now, 2), // tells of the focus alone
			click(4, now, 1), click(5, now, 1), elsewhere, moved,
		},
	})
	b.settle()
	values := sum(store.MeasureImpressions, store.MeasureFocuses, store.MeasureRenderedClicks, store.MeasureFocusClicks)
	b.expect(hourly(store.FactImpression, []store.Column{store.ColProvince, store.ColPage, store.ColArea, store.ColSlot, store.ColContent, store.ColTemplate}, values),
		row(1, key(33, 1, 2, 1, 3, 4), 2, 2, 1, 2),
		row(1, key(33, 1, 2, 2, 3, 4), 1, 0, 0, 1),
		row(1, key(33, 1, 2, 9, 3, 4), 0, 0, 1, 1),
		row(2, key(33, 1, 2, 1, 3, 4), 1, 0, 0, 0))
	b.expect(daily(store.FactImpression, []store.Column{store.ColCity}, values),
		row(0, key(3301), 4, 2, 1, 3), row(0, key(3302), 0, 0, 1, 1))
	// a click that comes late, and a sight that comes late
	b.put(store.Block{Clicks: []store.Click{click(3, now+hour, 7)}, Impressions: []store.Impression{sight(5, now, 8, rendered)}})
	b.settle()
	b.expect(daily(store.FactImpression, []store.Column{store.ColSlot}, values),
		row(0, key(1), 3, 2, 2, 2), row(0, key(2), 1, 0, 0, 1), row(0, key(7), 0, 0, 1, 0), row(0, key(8), 1, 0, 0, 0), row(0, key(9), 0, 0, 1, 1))
	// the facts of clicks do not know of sights
	b.expect(daily(store.FactClick, nil, sum(store.MeasureClicks)), row(0, key(), 9))
}

func testFactOrderPage(t *testing.T, b *bench) {
	b.put(store.Block{OrderPages: []store.OrderPage{
		{Stamp: at(1, now), Page: 1, Product: 2, Content: 3}, {Stamp: at(1, now), Page: 1, Product: 2, Content: 3},
		{Stamp: at(2, now+hour), Page: 1, Product: 2}, {Stamp: in43(at(1, now-1)), Page: 1, Content: 3}}})
	b.settle()
	b.expect(hourly(store.FactOrderPage, []store.Column{store.ColProvince, store.ColPage, store.ColProduct, store.ColContent}, sum(store.MeasureOrderPages)),
		row(0, key(43, 1, 0, 3), 1), row(1, key(33, 1, 2, 3), 2), row(2, key(33, 1, 2, 0), 1))
}

func testFactPlayback(t *testing.T, b *bench) {
	live, vod := uint8(protocol.ModeLive), uint8(protocol.ModeVOD)
	const most = 1<<16 - 1
	b.put(store.Block{Playbacks: []store.Playback{
		{Stamp: at(1, now), Mode: live, Channel: 7, StartMs: 500},
		{Stamp: at(1, now), Mode: live, Channel: 7, StartMs: 1500, Stalls: 2, StallMs: 3000},
		{Stamp: at(2, now), Mode: live, Channel: 7, Errors: 3, Error: 8}, // never started
		{Stamp: at(2, now), Mode: live, Channel: 7, Stalls: 1, Errors: 1},
		{Stamp: at(2, now+hour), Mode: vod, Content: 9, StartMs: 86_400_000, Stalls: most, StallMs: 86_400_000, Errors: most},
		{Stamp: at(3, now+hour), Mode: vod, Content: 9, StartMs: 86_400_000, Stalls: most, StallMs: 86_400_000, Errors: most},
	}})
	b.settle()
	b.expect(hourly(store.FactPlayback, []store.Column{store.ColMode, store.ColChannel, store.ColContent},
		sum(store.MeasureMeasured, store.MeasureStarted, store.MeasureStartMs, store.MeasureStalled, store.MeasureStalls, store.MeasureStallMs, store.MeasureErrors, store.MeasureFailed)),
		row(1, key(1, 7, 0), 4, 2, 2000, 2, 3, 3000, 4, 2),
		row(2, key(4, 0, 9), 2, 2, 172_800_000, 2, 2*most, 172_800_000, 2*most, 2))
}
