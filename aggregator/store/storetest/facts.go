package storetest

import (
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// group is the dimensions of a fact row in the order of its shape, or the values
// of the columns that a question groups by; unused places are 0.
type group [20]uint64

// facts holds the rows of one cell: for each fact, measures by group.
type facts [store.Facts]map[group][]int64

func (f *facts) add(fact store.Fact, g group, measure store.Measure, n int64) {
	if n == 0 {
		return
	}
	if f[fact] == nil {
		f[fact] = map[group][]int64{}
	}
	shape := store.ShapeOf(fact)
	if f[fact][g] == nil {
		f[fact][g] = make([]int64, len(shape.Measures))
	}
	for i, m := range shape.Measures {
		if m == measure {
			f[fact][g][i] += n
			return
		}
	}
	panic("storetest: " + shape.Name + " has no measure " + string(measure))
}

// compute derives the facts of one cell from all events, word by word as
// fact.go defines them.
func (m *memory) compute(c store.Cell) closedCell {
	out := closedCell{}
	f := &out.facts
	eachRow(&m.rows, func(s *store.Stamp, _ int64, _ uint8) {
		if in(c, s) {
			out.lastMs = max(out.lastMs, s.AtMs)
			f.add(store.FactBox, box(s), store.MeasureEvents, 1)
			f.seen(s, store.MeasureEvents, 1)
			f.add(store.FactTrust, place(s), store.MeasureKept, 1)
			switch protocol.Clock(s.Clock) {
			case protocol.ClockNTP, protocol.ClockServer:
				f.add(store.FactTrust, place(s), store.MeasureSynced, 1)
			case protocol.ClockUnknown:
				f.add(store.FactTrust, place(s), store.MeasureUnsynced, 1)
			}
		}
	})
	m.losses(c, f)
	for i := range m.rows.Powers {
		if e := &m.rows.Powers[i]; in(c, &e.Stamp) && e.On {
			f.add(store.FactBox, box(&e.Stamp), store.MeasurePowerOns, 1)
			f.seen(&e.Stamp, store.MeasurePowerOns, 1)
		}
	}
	for i := range m.rows.PageViews {
		if e := &m.rows.PageViews[i]; in(c, &e.Stamp) {
			f.add(store.FactBox, box(&e.Stamp), store.MeasurePageViews, 1)
			f.add(store.FactPage, group{uint64(e.Province), uint64(e.City), e.Page}, store.MeasurePageViews, 1)
		}
	}
	for i := range m.rows.Clicks {
		e := &m.rows.Clicks[i]
		if !in(c, &e.Stamp) {
			continue
		}
		f.add(store.FactBox, box(&e.Stamp), store.MeasureClicks, 1)
		g := group{uint64(e.Province), uint64(e.City), e.Page, e.Area, uint64(e.Slot), e.Content}
		f.add(store.FactClick, g, store.MeasureClicks, 1)
		if m.led(i) {
			f.add(store.FactClick, g, store.MeasureLed, 1)
		}
	}
	ends := m.editedEnds(c.Province)
	for i := range m.rows.Views {
		m.view(c, &m.rows.Views[i], ends[i], f)
	}
	for i := range m.rows.Orders {
		if e := &m.rows.Orders[i]; in(c, &e.Stamp) {
			order(e, f)
		}
	}
	m.sights(c, f)
	for i := range m.rows.OrderPages {
		if e := &m.rows.OrderPages[i]; in(c, &e.Stamp) {
			f.add(store.FactOrderPage, group{uint64(e.Province), uint64(e.City), e.Page, e.Product, e.Content}, store.MeasureOrderPages, 1)
		}
	}
	for i := range m.rows.Playbacks {
		if e := &m.rows.Playbacks[i]; in(c, &e.Stamp) {
			playback(e, f)
		}
	}
	m.ratings(c, ends, f)
	m.dropped(c, f)
	m.on(c, f)
	m.visits(c, f)
	m.paths(c, f)
	m.journeys(c, f)
	m.standbys(c, f)
	m.agents(c, f)
	m.orderLed(c, f)
	for i := range m.rows.Views {
		m.asset(c, &m.rows.Views[i], f)
	}
	return out
}

// seen counts for the account, if one is named.
func (f *facts) seen(s *store.Stamp, measure store.Measure, n int64) {
	if s.Account != 0 {
		f.add(store.FactSeen, group{uint64(s.Province), s.Account}, measure, n)
	}
}

func box(s *store.Stamp) group {
	return group{uint64(s.Province), uint64(s.City), s.Box}
}

func place(s *store.Stamp) group { return group{uint64(s.Province), uint64(s.City)} }

// losses counts what is known not to be here.
func (m *memory) losses(c store.Cell, f *facts) {
	for i := range m.rows.Notices {
		e := &m.rows.Notices[i]
		if !in(c, &e.Stamp) {
			continue
		}
		n := min(e.Count, store.LostMost)
		switch protocol.Kind(e.Kind) {
		case protocol.OutboxLost:
			f.add(store.FactTrust, place(&e.Stamp), store.MeasureToldLost, n)
		case protocol.Dropped:
			switch protocol.Reason(e.Reason) {
			case protocol.ReasonRateLimit, protocol.ReasonReadOnly, protocol.ReasonMemory:
				f.add(store.FactTrust, place(&e.Stamp), store.MeasureThrown, n)
			}
		}
	}
	for i := range m.rows.Tallies {
		if e := &m.rows.Tallies[i]; in(c, &e.Stamp) {
			f.add(store.FactTrust, place(&e.Stamp), store.MeasureGaps, min(e.Lost, store.LostMost))
			f.add(store.FactTrust, place(&e.Stamp), store.MeasureRepeats, e.Repeated)
		}
	}
}

// led reports whether click i was followed by a play.
func (m *memory) led(i int) bool {
	click := &m.rows.Clicks[i]
	if click.Content == 0 {
		return false
	}
	until := click.AtMs + store.LedMs + 1 // a play must start before this
	for j := range m.rows.Clicks {
		other := &m.rows.Clicks[j]
		if j == i || other.Box != click.Box || other.Province != click.Province || other.AtMs < click.AtMs {
			continue
		}
		until = min(until, other.AtMs) // in the same millisecond: nothing can start before it
	}
	for j := range m.rows.Views {
		play := &m.rows.Views[j]
		if validPlay(play) && play.Box == click.Box && play.Province == click.Province && asked(click, play) &&
			startOf(play) >= click.AtMs && startOf(play) < until {
			return true
		}
	}
	return false
}

// asked reports whether a play is of what was clicked.
func asked(click *store.Click, play *store.View) bool {
	traced := click.Trace != 0 && play.Trace == click.Trace && play.Content != 0
	return click.Content == play.Content || click.Content == play.Channel || traced
}

func (m *memory) view(c store.Cell, v *store.View, end int64, f *facts) {
	if v.Province != c.Province {
		return
	}
	mode := group{uint64(v.Province), uint64(v.City), uint64(v.Mode), v.Box}
	what := group{uint64(v.Province), uint64(v.City), uint64(v.Mode), v.Channel, v.Content}
	if validPlay(v) && hourOf(startOf(v)) == c.Hour {
		f.add(store.FactBox, box(&v.Stamp), store.MeasurePlays, 1)
		f.add(store.FactMode, mode, store.MeasurePlays, 1)
		f.add(store.FactView, what, store.MeasurePlays, 1)
		if end-startOf(v) > 3000 {
			f.add(store.FactMode, mode, store.MeasureEditedPlays, 1)
			f.add(store.FactView, what, store.MeasureEditedPlays, 1)
		}
	}
	if v.Speed == 100 {
		from, to := max(startOf(v), c.Hour.Start()), min(v.AtMs, (c.Hour+1).Start())
		if from < to {
			f.add(store.FactBox, box(&v.Stamp), store.MeasureViewingMs, to-from)
			f.add(store.FactMode, mode, store.MeasureViewingMs, to-from)
			f.add(store.FactView, what, store.MeasureViewingMs, to-from)
		}
		if to = min(to, end); from < to {
			f.add(store.FactMode, mode, store.MeasureEditedMs, to-from)
			f.add(store.FactView, what, store.MeasureEditedMs, to-from)
		}
	}
}

func order(o *store.Order, f *facts) {
	g := group{uint64(o.Province), uint64(o.City), o.Product, o.Provider}
	switch protocol.Result(o.Result) {
	case protocol.ResultPaid:
		f.add(store.FactOrder, g, store.MeasureOrderAttempts, 1)
		f.add(store.FactOrder, g, store.MeasureOrders, 1)
		f.add(store.FactOrder, g, store.MeasureFen, o.Fen)
	case protocol.ResultFailed, protocol.ResultCancelled:
		f.add(store.FactOrder, g, store.MeasureOrderAttempts, 1)
	case protocol.ResultRefunded:
		f.add(store.FactOrder, g, store.MeasureFen, -o.Fen)
	}
}

// sights counts Impressions, and the Clicks of the boxes that told any.
func (m *memory) sights(c store.Cell, f *facts) {
	rendered, focus := map[uint64]bool{}, map[uint64]bool{}
	for i := range m.rows.Impressions {
		e := &m.rows.Impressions[i]
		if !in(c, &e.Stamp) {
			continue
		}
		g := group{uint64(e.Province), uint64(e.City), e.Page, e.Area, uint64(e.Slot), e.Content, e.Template}
		switch protocol.Sight(e.Sight) {
		case protocol.SightRendered:
			rendered[e.Box] = true
			f.add(store.FactImpression, g, store.MeasureImpressions, 1)
		case protocol.SightFocus:
			focus[e.Box] = true
			f.add(store.FactImpression, g, store.MeasureFocuses, 1)
		}
	}
	for i := range m.rows.Clicks {
		e := &m.rows.Clicks[i]
		if !in(c, &e.Stamp) {
			continue
		}
		g := group{uint64(e.Province), uint64(e.City), e.Page, e.Area, uint64(e.Slot), e.Content, e.Template}
		if rendered[e.Box] {
			f.add(store.FactImpression, g, store.MeasureRenderedClicks, 1)
		}
		if focus[e.Box] {
			f.add(store.FactImpression, g, store.MeasureFocusClicks, 1)
		}
	}
}

func playback(p *store.Playback, f *facts) {
	g := group{uint64(p.Province), uint64(p.City), uint64(p.Mode), p.Channel, p.Content}
	f.add(store.FactPlayback, g, store.MeasureMeasured, 1)
	f.seen(&p.Stamp, store.MeasureMeasured, 1)
	if p.StartMs > 0 {
		f.add(store.FactPlayback, g, store.MeasureStarted, 1)
		f.add(store.FactPlayback, g, store.MeasureStartMs, p.StartMs)
	}
	if p.Stalls > 0 {
		f.add(store.FactPlayback, g, store.MeasureStalled, 1)
	}
	f.add(store.FactPlayback, g, store.MeasureStalls, int64(p.Stalls))
	f.add(store.FactPlayback, g, store.MeasureStallMs, p.StallMs)
	f.add(store.FactPlayback, g, store.MeasureErrors, int64(p.Errors))
	if p.Errors > 0 {
		f.add(store.FactPlayback, g, store.MeasureFailed, 1)
		f.seen(&p.Stamp, store.MeasureFailed, 1)
	}
}
