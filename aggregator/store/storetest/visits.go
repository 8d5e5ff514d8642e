package storetest

import (
	"cmp"
	"testing"

	"iptvdc/aggregator/store"
)

// step is something that ends a visit to a page, or begins one.
type step struct {
	atMs int64
	rank int // of steps in one millisecond the smaller comes first
	page *store.PageView
	nth  int // among the PageViews
}

const (
	leaveStep = iota
	onStep
	pageStep
)

// compareSteps orders the steps of a box.
func compareSteps(a, b step) int {
	if order := cmp.Or(cmp.Compare(a.atMs, b.atMs), cmp.Compare(a.rank, b.rank)); order != 0 || a.rank != pageStep {
		return order
	}
	return cmp.Or(cmp.Compare(a.page.Page, b.page.Page), cmp.Compare(a.page.City, b.page.City), cmp.Compare(a.nth, b.nth))
}

// visits counts the pages that boxes entered in a cell, and for how long.
func (m *memory) visits(c store.Cell, f *facts) {
	steps := map[uint64][]step{}
	take := func(s *store.Stamp, one step) {
		if s.Province == c.Province {
			steps[s.Box] = append(steps[s.Box], one)
		}
	}
	for i := range m.rows.PageViews {
		e := &m.rows.PageViews[i]
		take(&e.Stamp, step{e.AtMs, pageStep, e, i})
	}
	for i := range m.rows.Powers {
		rank := leaveStep
		if m.rows.Powers[i].On {
			rank = onStep
		}
		take(&m.rows.Powers[i].Stamp, step{atMs: m.rows.Powers[i].AtMs, rank: rank})
	}
	for i := range m.rows.Views {
		if v := &m.rows.Views[i]; v.Part == 0 {
			take(&v.Stamp, step{atMs: startOf(v), rank: leaveStep})
		}
	}
	for _, all := range steps {
		for _, from := range all {
			if from.rank != pageStep || !in(c, &from.page.Stamp) {
				continue
			}
			e := from.page
			g := group{uint64(e.Province), uint64(e.City), e.Page, e.Box}
			f.add(store.FactVisit, g, store.MeasureVisits, 1)
			var next *step
			for i := range all {
				if compareSteps(all[i], from) > 0 && (next == nil || compareSteps(all[i], *next) < 0) {
					next = &all[i]
				}
			}
			if next == nil || next.rank == onStep || next.atMs-e.AtMs > store.VisitMs {
				continue // how long it was nobody knows
			}
			if ms := next.atMs - e.AtMs; ms < store.BounceMs {
				f.add(store.FactVisit, g, store.MeasureBounces, 1)
			} else {
				f.add(store.FactVisit, g, store.MeasureStays, 1)
				f.add(store.FactVisit, g, store.MeasureDwellMs, ms)
			}
		}
	}
}

func visitQuery(by ...store.Column) store.Query {
	return hourly(store.FactVisit, by, sum(store.MeasureVisits, store.MeasureStays, store.MeasureDwellMs, store.MeasureBounces))
}

func testFactVisit(_ *testing.T, b *bench) {
	enter := func(box uint64, ms int64, page uint64) store.PageView {
		return store.PageView{Stamp: at(box, ms), Page: page}
	}
	b.put(store.Block{
		PageViews: []store.PageView{
			enter(1, now-10*minute, 1), enter(1, now+10*minute, 2), enter(1, now+10*minute+999, 3), enter(1, now+11*minute, 1), // until the view
			enter(2, now, 1), enter(2, now+1000, 2), // until it was switched off
			enter(3, now, 1), // it stood too long for anyone to be there
			enter(4, now, 1), // unplugged
		},
		Clicks: []store.Click{{Stamp: at(1, now+5*minute)}}, // leaves nothing
		Views: []store.View{
			{Stamp: at(1, now+90*minute), DurationMs: 78 * minute}, {Stamp: at(1, now+12*minute), DurationMs: 30 * second, Part: 1},
		},
		Powers: []store.Power{
			{Stamp: at(2, now+1000+store.VisitMs)}, {Stamp: at(3, now+store.VisitMs+1)}, {Stamp: at(4, now+minute), On: true},
			{Stamp: in43(at(4, now+30*second))}, // another province says nothing
		},
	})
	b.settle()
	b.expect(visitQuery(store.ColPage, store.ColBox),
		row(0, key(1, 1), 1, 1, 20*minute, 0),
		row(1, key(1, 1), 1, 1, minute, 0), row(1, key(1, 2), 1, 1, 1000, 0), row(1, key(1, 3), 1, 0, 0, 0), row(1, key(1, 4), 1, 0, 0, 0),
		row(1, key(2, 1), 1, 0, 0, 1), row(1, key(2, 2), 1, 1, store.VisitMs, 0), row(1, key(3, 1), 1, 1, minute-999, 0))
	visitors := daily(store.FactVisit, nil, []store.Value{{Measure: store.MeasureVisits, DistinctBoxes: true}, {Measure: store.MeasureVisits}})
	b.expect(visitors, row(0, key(), 4, 8))

	// What comes late, of a view that began before: the first page of box 3 was
	// left after all, in the hour that began before the view ended.
	b.put(store.Block{Views: []store.View{{Stamp: at(3, now+6*hour), DurationMs: 6*hour - store.VisitMs}}})
	b.settle()
	b.expect(visitQuery(store.ColProvince),
		row(0, key(33), 1, 1, 20*minute, 0), row(1, key(33), 7, 5, minute+1000+store.VisitMs+minute-999+store.VisitMs, 1))
	// And of a page that was entered as the last one of the hour before.
	b.put(store.Block{PageViews: []store.PageView{enter(3, now-1, 9)}})
	b.settle()
	q := visitQuery(store.ColPage)
	q.Filters = []store.Filter{{Column: store.ColBox, In: []uint64{3}}}
	b.expect(q, row(0, key(9), 1, 0, 0, 1), row(1, key(1), 1, 1, store.VisitMs, 0))
}

func testVisitTogether(_ *testing.T, b *bench) {
	page := func(box uint64, ms int64, page uint64) store.PageView {
		return store.PageView{Stamp: at(box, ms), Page: page}
	}
	b.put(store.Block{
		PageViews: []store.PageView{
			page(1, now, 8), page(1, now, 2), page(1, now, 5), page(1, now+minute, 1), // the greatest stays
			page(2, now-minute, 3), page(2, now, 4), page(2, now+minute, 6), // switched on between
			page(3, now-minute, 3), // off and on again
		},
		Powers: []store.Power{{Stamp: at(2, now), On: true}, {Stamp: at(3, now), On: true}, {Stamp: at(3, now)}},
		Views:  []store.View{{Stamp: at(2, now+10*minute), DurationMs: 9 * minute}},
	})
	b.settle()
	b.expect(visitQuery(store.ColBox, store.ColPage),
		row(0, key(2, 3), 1, 0, 0, 0), row(0, key(3, 3), 1, 1, minute, 0),
		row(1, key(1, 1), 1, 0, 0, 0), row(1, key(1, 2), 1, 0, 0, 1), row(1, key(1, 5), 1, 0, 0, 1), row(1, key(1, 8), 1, 1, minute, 0),
		row(1, key(2, 4), 1, 1, minute, 0), row(1, key(2, 6), 1, 0, 0, 0))
}

// paths counts from which pages others were entered.
func (m *memory) paths(c store.Cell, f *facts) {
	for i := range m.rows.PageViews {
		if e := &m.rows.PageViews[i]; in(c, &e.Stamp) {
			f.add(store.FactPath, group{uint64(e.Province), uint64(e.City), e.From, e.Page}, store.MeasureSteps, 1)
		}
	}
}

func testFactPath(_ *testing.T, b *bench) {
	b.put(store.Block{PageViews: []store.PageView{
		{Stamp: at(1, now), Page: 1}, {Stamp: at(1, now+1), Page: 2, From: 1}, {Stamp: at(2, now), Page: 2, From: 1}, {Stamp: at(2, now+hour), Page: 1, From: 2},
		{Stamp: in43(at(3, now)), Page: 2, From: 1},
	}})
	b.settle()
	q := hourly(store.FactPath, []store.Column{store.ColFromPage, store.ColPage}, sum(store.MeasureSteps))
	b.expect(q, row(1, key(0, 1), 1), row(1, key(1, 2), 3), row(2, key(2, 1), 1))
	q.Filters = []store.Filter{{Column: store.ColFromPage, In: []uint64{1}}}
	q.GroupBy = []store.Column{store.ColProvince}
	b.expect(q, row(1, key(33), 2), row(1, key(43), 1))
}
