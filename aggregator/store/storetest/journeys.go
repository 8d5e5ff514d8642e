package storetest

import (
	"cmp"
	"slices"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// sign is a word of a box on its way to something to watch.
type sign struct {
	atMs int64
	sort int // of signs in one millisecond the smaller comes first
	city aggregator.City
	page uint64
}

const (
	endSign = iota
	offSign
	bootSign
	wakeSign
	clickSign
	pageSign
	partSign
	playSign
)

func (s sign) browses() bool { return s.sort == clickSign || s.sort == pageSign }

func (s sign) shows() bool { return s.sort == partSign || s.sort == playSign }

// signs are those of each box of a province, in order; of equal ones there is one of
// each page or click, and one of all others.
func (m *memory) signs(p aggregator.Province) map[uint64][]sign {
	all := map[uint64][]sign{}
	take := func(s *store.Stamp, one sign) {
		if s.Province == p {
			one.city = s.City
			all[s.Box] = append(all[s.Box], one)
		}
	}
	for i := range m.rows.Powers {
		e := &m.rows.Powers[i]
		switch {
		case !e.On:
			take(&e.Stamp, sign{atMs: e.AtMs, sort: offSign})
		case protocol.Cause(e.Cause) == protocol.CauseWake:
			take(&e.Stamp, sign{atMs: e.AtMs, sort: wakeSign})
		default:
			take(&e.Stamp, sign{atMs: e.AtMs, sort: bootSign})
		}
	}
	for i := range m.rows.Clicks {
		e := &m.rows.Clicks[i]
		take(&e.Stamp, sign{atMs: e.AtMs, sort: clickSign})
	}
	for i := range m.rows.PageViews {
		e := &m.rows.PageViews[i]
		take(&e.Stamp, sign{atMs: e.AtMs, sort: pageSign, page: e.Page})
	}
	for i := range m.rows.Views {
		v := &m.rows.Views[i]
		if abs(v.Speed) >= 300 || v.DurationMs <= 3000 {
			continue
		}
		take(&v.Stamp, sign{atMs: v.AtMs, sort: endSign})
		if v.Part == 0 {
			take(&v.Stamp, sign{atMs: startOf(v), sort: playSign})
		} else {
			take(&v.Stamp, sign{atMs: startOf(v), sort: partSign})
		}
	}
	for id, signs := range all {
		slices.SortFunc(signs, func(a, b sign) int {
			return cmp.Or(cmp.Compare(a.atMs, b.atMs), cmp.Compare(a.sort, b.sort), cmp.Compare(a.city, b.city), cmp.Compare(a.page, b.page))
		})
		all[id] = slices.CompactFunc(signs, func(a, b sign) bool { return a == b && !a.browses() })
	}
	return all
}

// journeys counts the ways to something to watch that begin in a cell, and the pages
// that lead there.
func (m *memory) journeys(c store.Cell, f *facts) {
	for _, signs := range m.signs(c.Province) {
		for i, s := range signs {
			if hourOf(s.atMs) != c.Hour {
				continue
			}
			switch s.sort {
			case bootSign, wakeSign, endSign:
				journey(c, s, signs[i+1:], f)
			case pageSign:
				if leads(s, signs[i+1:]) {
					f.add(store.FactPageLed, group{uint64(c.Province), uint64(s.city), s.page}, store.MeasureLedViews, 1)
				}
			}
		}
	}
}

func journey(c store.Cell, from sign, after []sign, f *facts) {
	origin := map[int]store.Origin{bootSign: store.OriginPowerOn, wakeSign: store.OriginStandby, endSign: store.OriginViewing}[from.sort]
	g := group{uint64(c.Province), uint64(from.city), uint64(origin)}
	var pages, clicks, browsedMs int64
	var goal *sign
	for _, s := range after {
		if s.atMs-from.atMs > store.JourneyMs {
			break
		}
		if !s.browses() {
			goal = &s
			break
		}
		browsedMs = s.atMs - from.atMs
		if s.sort == clickSign {
			clicks++
			continue
		}
		if pages++; pages == 1 {
			g[3] = s.page
		}
	}
	if from.sort == endSign && pages+clicks == 0 {
		return
	}
	f.add(store.FactJourney, g, store.MeasureJourneys, 1)
	if goal != nil && (goal.shows() || goal.sort == offSign) {
		browsedMs = goal.atMs - from.atMs
	}
	f.add(store.FactJourney, g, store.MeasureBrowseMs, browsedMs)
	if goal != nil && goal.shows() {
		f.add(store.FactJourney, g, store.MeasureFound, 1)
		f.add(store.FactJourney, g, store.MeasureFoundMs, browsedMs)
		f.add(store.FactJourney, g, store.MeasureFoundPages, pages)
		f.add(store.FactJourney, g, store.MeasureFoundClicks, clicks)
	}
}

// leads reports whether a page led to a valid play.
func leads(page sign, after []sign) bool {
	leftMs := int64(-1)
	for _, s := range after {
		switch s.sort {
		case pageSign:
			if leftMs < 0 {
				leftMs = s.atMs
			}
		case playSign:
			return s.atMs-page.atMs <= store.JourneyMs && (leftMs < 0 || s.atMs-leftMs <= store.LedMs)
		case offSign, bootSign, wakeSign:
			return false
		}
	}
	return false
}

// standbys counts how boxes were before they came on in a cell.
func (m *memory) standbys(c store.Cell, f *facts) {
	type moment struct {
		box  uint64
		atMs int64
	}
	on := map[moment]aggregator.City{}
	for i := range m.rows.Powers {
		if e := &m.rows.Powers[i]; e.On && in(c, &e.Stamp) {
			k := moment{e.Box, e.AtMs}
			on[k] = max(on[k], e.City)
		}
	}
	for k, city := range on {
		var before *store.Power
		for i := range m.rows.Powers {
			e := &m.rows.Powers[i]
			if e.Box != k.box || e.Province != c.Province || e.AtMs > k.atMs || e.AtMs == k.atMs && e.On || !store.Woken(k.atMs, e.AtMs) {
				continue
			}
			if before == nil || cmp.Or(cmp.Compare(e.AtMs, before.AtMs), compareBool(e.On, before.On), cmp.Compare(e.Cause, before.Cause)) > 0 {
				before = e
			}
		}
		if before == nil || before.On {
			continue
		}
		g, ms := group{uint64(c.Province), uint64(city)}, k.atMs-before.AtMs
		if protocol.Cause(before.Cause) == protocol.CauseStandby {
			f.add(store.FactStandby, g, store.MeasureStandbys, 1)
			f.add(store.FactStandby, g, store.MeasureStandbyMs, ms)
		} else {
			f.add(store.FactStandby, g, store.MeasureOffs, 1)
			f.add(store.FactStandby, g, store.MeasureOffMs, ms)
		}
	}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// woken touches the cells of power-ons that a power may come before.
func (m *memory) woken(s *store.Stamp, touch func(store.Cell)) {
	for i := range m.rows.Powers {
		if e := &m.rows.Powers[i]; e.On && e.Box == s.Box && e.Province == s.Province && store.Woken(e.AtMs, s.AtMs) {
			touch(store.Cell{Hour: hourOf(e.AtMs), Province: e.Province})
		}
	}
}

func journeyQuery(by ...store.Column) store.Query {
	return hourly(store.FactJourney, by, sum(store.MeasureJourneys, store.MeasureFound, store.MeasureFoundMs, store.MeasureFoundPages, store.MeasureFoundClicks, store.MeasureBrowseMs))
}

// watched is a View from one moment to another.
func watched(box uint64, from, to int64, part uint32) store.View {
	return store.View{Stamp: at(box, to), DurationMs: to - from, Speed: 100, Part: part}
}

const (
	boot, wake, end = uint64(store.OriginPowerOn), uint64(store.OriginStandby), uint64(store.OriginViewing)
)

func testFactJourney(_ *testing.T, b *bench) {
	page := func(box uint64, ms int64, page uint64) store.PageView {
		return store.PageView{Stamp: at(box, ms), Page: page}
	}
	on := func(box uint64, ms int64, cause protocol.Cause) store.Power {
		return store.Power{Stamp: at(box, ms), On: true, Cause: uint8(cause)}
	}
	b.put(store.Block{
		Powers: []store.Power{
			on(1, now, protocol.CauseWake), on(2, now, protocol.CauseBoot), on(3, now, protocol.CauseBoot), on(4, now-minute, protocol.CauseWake),
			{Stamp: at(3, now+10*minute)}, on(5, now, protocol.CauseBoot), on(5, now+minute, protocol.CauseBoot),
			{Stamp: in43(at(1, now+30*second))}, // another province says nothing
		},
		PageViews: []store.PageView{
			page(1, now+second, 7), page(1, now+20*second, 8), // then a play
			page(3, now+minute, 7),          // then the power-off
			page(4, now+store.JourneyMs, 7), // too late to be on the way
			page(1, now+21*minute, 9),       // after the play, and nothing more
			page(6, now-2*minute, 5),        // nobody knows where it began
		},
		Clicks: []store.Click{{Stamp: at(1, now+15*second)}, {Stamp: at(2, now+store.JourneyMs+1)}, {Stamp: at(6, now+50*minute)}},
		Views: []store.View{
			watched(1, now+30*second, now+10*minute, 0), watched(1, now+10*minute, now+20*minute, 1), // a part is no journey
			watched(2, now+store.JourneyMs, now+40*minute, 0),                                   // at the last moment
			watched(1, now+21*second, now+24*second, 0),                                         // too short to be watched
			watched(6, now-minute, now+5*minute, 0), watched(6, now+6*minute, now+10*minute, 0), // zapped
			watched(6, now+51*minute, now+52*minute, 1), // the rest of a play
		},
	})
	b.settle()
	b.expect(journeyQuery(store.ColOrigin, store.ColPage),
		row(0, key(wake, 0), 1, 0, 0, 0, 0, 0),
		row(1, key(boot, 0), 3, 1, store.JourneyMs, 0, 0, store.JourneyMs), // of box 2, and twice of box 5
		row(1, key(boot, 7), 1, 0, 0, 0, 0, 10*minute),
		row(1, key(wake, 7), 1, 1, 30*second, 2, 1, 30*second),
		row(1, key(end, 9), 1, 0, 0, 0, 0, minute))
	// The click of box 6 lies 40 minutes after its last view: no journey. A page that
	// comes late makes one.
	b.put(store.Block{PageViews: []store.PageView{page(6, now+11*minute, 3)}, Views: []store.View{watched(6, now+40*minute, now+41*minute, 2)}})
	b.settle()
	q := journeyQuery(store.ColOrigin, store.ColPage)
	q.Filters = []store.Filter{{Column: store.ColOrigin, In: []uint64{end}}}
	b.expect(q, row(1, key(end, 0), 1, 1, 10*minute, 0, 1, 10*minute), row(1, key(end, 3), 1, 1, 30*minute, 1, 0, 30*minute), row(1, key(end, 9), 1, 0, 0, 0, 0, minute))
}

func testJourneyTogether(_ *testing.T, b *bench) {
	// In one millisecond a view ends, the box goes off and on, a click, pages by city
	// and key, and something starts.
	elsewhere := at(1, now)
	elsewhere.City = 3300
	b.put(store.Block{
		Views: []store.View{
			watched(1, now-minute, now, 0), watched(1, now, now+minute, 0),
			watched(2, now-minute, now, 0), watched(2, now-2*minute, now, 0), // both end
			watched(3, now-minute, now, 0),
		},
		Powers: []store.Power{
			{Stamp: at(3, now)}, {Stamp: at(3, now), On: true}, {Stamp: at(3, now), On: true, Cause: uint8(protocol.CauseWake)},
			{Stamp: at(3, now), On: true}, // told twice
		},
		Clicks:    []store.Click{{Stamp: at(1, now)}, {Stamp: at(1, now)}},
		PageViews: []store.PageView{{Stamp: at(1, now), Page: 2}, {Stamp: at(1, now), Page: 3}, {Stamp: elsewhere, Page: 9}, {Stamp: at(2, now), Page: 4}},
	})
	b.settle()
	b.expect(journeyQuery(store.ColOrigin, store.ColPage),
		row(1, key(boot, 0), 1, 0, 0, 0, 0, 0), row(1, key(wake, 0), 1, 0, 0, 0, 0, 0),
		row(1, key(end, 4), 1, 0, 0, 0, 0, 0), row(1, key(end, 9), 1, 1, 0, 3, 2, 0))
}

func testFactPageLed(_ *testing.T, b *bench) {
	page := func(box uint64, ms int64, page uint64) store.PageView {
		return store.PageView{Stamp: at(box, ms), Page: page}
	}
	b.put(store.Block{
		PageViews: []store.PageView{
			page(1, now, 1), page(1, now+5*minute, 2), page(1, now+5*minute+second, 3), // 1 was left 61 s before, 2 one second before
			page(2, now, 1), page(2, now+minute, 2), // 60 s
			page(3, now, 1), page(3, now+minute, 2), // power-off between 1 and 2... of both
			page(4, now, 1), // a later part is no play
			page(5, now-hour+1, 1),
		},
		Powers: []store.Power{{Stamp: at(3, now+2*minute)}, {Stamp: at(3, now+3*minute), On: true}},
		Views: []store.View{
			watched(1, now+6*minute+1, now+9*minute, 0), watched(2, now+2*minute, now+3*minute, 0),
			watched(3, now+4*minute, now+5*minute, 0),
			watched(4, now-minute, now+minute, 0), watched(4, now+minute, now+2*minute, 1), watched(4, now+store.JourneyMs, now+40*minute, 0),
			watched(5, now-hour+1+store.JourneyMs+1, now+minute, 0),
		},
	})
	b.settle()
	q := hourly(store.FactPageLed, []store.Column{store.ColPage}, sum(store.MeasureLedViews))
	b.expect(q, row(1, key(1), 2), row(1, key(2), 2), row(1, key(3), 1))
	// A click between changes nothing, a page that comes late does.
	b.put(store.Block{Clicks: []store.Click{{Stamp: at(4, now+minute)}}, PageViews: []store.PageView{page(4, now+minute, 5)}})
	b.settle()
	b.expect(q, row(1, key(1), 1), row(1, key(2), 2), row(1, key(3), 1), row(1, key(5), 1))
}

func testFactStandby(_ *testing.T, b *bench) {
	power := func(box uint64, ms int64, on bool, cause protocol.Cause) store.Power {
		return store.Power{Stamp: at(box, ms), On: on, Cause: uint8(cause)}
	}
	standby, off, cut, wake, boot := protocol.CauseStandby, protocol.CauseShutdown, protocol.CausePowerCut, protocol.CauseWake, protocol.CauseBoot
	b.put(store.Block{Powers: []store.Power{
		power(1, now-8*hour, false, standby), power(1, now+minute, true, wake),
		power(2, now-store.StandbyMs, false, standby), power(2, now, true, wake), // just known
		power(3, now-store.StandbyMs, false, standby), power(3, now+1, true, wake),
		power(4, now-hour, false, cut), power(4, now, true, boot),
		power(5, now-2*hour, false, standby), power(5, now-hour, true, wake), power(5, now, true, boot), // the second after one of which nobody knows the end
		power(6, now, false, off), power(6, now, false, standby), power(6, now, true, wake), // at once; of two in one millisecond the shutdown
	}})
	b.settle()
	q := hourly(store.FactStandby, []store.Column{store.ColProvince}, sum(store.MeasureStandbys, store.MeasureStandbyMs, store.MeasureOffs, store.MeasureOffMs))
	b.expect(q, row(0, key(33), 1, hour, 0, 0), row(1, key(33), 2, 8*hour+minute+store.StandbyMs, 2, hour))
	// What comes late marks the power-on that follows, and what another province tells
	// does not.
	b.put(store.Block{Powers: []store.Power{power(3, now-7*hour, false, standby), {Stamp: in43(at(1, now-hour))}}})
	b.same("dirt", b.dirty().Cells, []store.Cell{cell(0, 33), cell(-1, 43), cell(-2, 43), cell(-3, 43), cell(-7, 33), cell(-8, 33), cell(-9, 33)})
	b.settle()
	b.expect(q, row(0, key(33), 1, hour, 0, 0), row(1, key(33), 3, 15*hour+minute+1+store.StandbyMs, 2, hour))
	// And what moves: the power-off of box 1 was an hour later.
	moved := power(1, now-8*hour, false, standby)
	b.put(store.Block{Powers: []store.Power{{Stamp: store.Stamp{Province: 33, City: 3301, Box: 7, Boot: 2, MonoMs: 5 * hour, AtMs: now - 10*hour, Clock: 1}, Cause: moved.Cause},
		power(7, now, true, wake)}})
	b.settle()
	b.expect(q, row(0, key(33), 1, hour, 0, 0), row(1, key(33), 4, 25*hour+minute+1+store.StandbyMs, 2, hour))
	b.put(store.Block{Retimes: []store.Retime{{ClockKey: store.ClockKey{Box: 7, Boot: 2}, Clock: store.Clock{OffsetMs: now - 8*hour, Quality: 3}}}})
	b.settle()
	b.expect(q, row(0, key(33), 1, hour, 0, 0), row(1, key(33), 4, 18*hour+minute+1+store.StandbyMs, 2, hour))
}
