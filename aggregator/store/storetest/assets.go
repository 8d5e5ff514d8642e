package storetest

import (
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// asset counts which parts of its asset a View shows in a cell, and where it was left.
func (m *memory) asset(c store.Cell, v *store.View, f *facts) {
	if v.Province != c.Province || v.PositionMs == 0 || v.LengthMs == 0 {
		return
	}
	at := func(part int) group {
		return group{uint64(v.Province), uint64(v.City), uint64(v.Mode), v.Content, uint64(part)}
	}
	if end := protocol.End(v.End); hourOf(v.AtMs) == c.Hour && end != protocol.EndUnknown && end != protocol.EndContinue {
		from, to, _ := v.Stretch()
		if v.Speed < 0 {
			to = from
		}
		f.add(store.FactLeft, at(int(min(to*store.Parts/v.LengthMs+1, store.Parts))), store.MeasureLeaves, 1)
	}
	if v.Speed != 100 {
		return
	}
	here := span{startOf(v), v.AtMs}.cut(hourSpan(c.Hour))
	if here.ms() == 0 {
		return
	}
	sight := func(part int) group {
		g := at(part)
		g[5] = store.SightKey(v.Box, v.Content, part)
		return g
	}
	f.add(store.FactAsset, sight(0), store.MeasurePlacedMs, here.ms())
	since := v.PositionMs - 1 + here.from - startOf(v)
	until := min(v.PositionMs-1+here.to-startOf(v), v.LengthMs)
	for part := 1; part <= store.Parts; part++ {
		middle := int64(2*part-1) * v.LengthMs // in 2 Parts of a millisecond
		if since*2*store.Parts <= middle && middle < until*2*store.Parts && f[store.FactAsset][sight(part)] == nil {
			f.add(store.FactAsset, sight(part), store.MeasurePassed, 1)
		}
	}
}

// counting makes the numbers of a value that is counted, by group.
func (m *memory) counting(q *store.Query, s store.Span, v store.Value) map[group]int64 {
	counts := map[group]int64{}
	type thing struct {
		g          group
		box, other uint64
		day        int32
	}
	groupOf := func(r *factRow) (g group) {
		for i, c := range q.GroupBy {
			g[i] = m.value(q, r, c)
		}
		return g
	}
	measure := func(r *factRow) int64 {
		for i, name := range store.ShapeOf(q.Fact).Measures {
			if name == v.Measure {
				return r.measures[i]
			}
		}
		panic("storetest: no " + string(v.Measure))
	}
	in := func(r *factRow) bool { return r.period >= s.From && r.period < s.To }
	seen := map[thing]bool{}
	switch v.Count {
	case store.CountLengths:
		sums, lengths := map[thing]int64{}, map[thing]int64{}
		for _, r := range m.table(q.Fact, q.Hourly) {
			if q.Aired || !in(&r) || !m.passes(q, &r) {
				continue
			}
			p, content := value(q.Fact, &r, store.ColProvince), value(q.Fact, &r, store.ColContent)
			if ms := m.lengthMs(aggregator.Province(p), content); ms > 0 {
				k := thing{g: groupOf(&r), box: p, other: content}
				sums[k] += measure(&r)
				lengths[k] = ms
			}
		}
		for k, n := range sums {
			counts[k.g] += (n*store.LengthUnit + lengths[k]/2) / lengths[k]
		}
	case store.CountBoxDays, store.CountReturns:
		// Days of a group whatever their time, as a return need not be on the same weekday.
		always := *q
		always.GroupBy, always.Filters = nil, nil
		for _, c := range q.GroupBy {
			if c != store.ColWeekday {
				always.GroupBy = append(always.GroupBy, c)
			}
		}
		for _, f := range q.Filters {
			if f.Column != store.ColWeekday {
				always.Filters = append(always.Filters, f)
			}
		}
		all := m.table(q.Fact, false)
		days := map[thing]bool{}
		whose := func(r *factRow, day int32) thing {
			k := thing{box: value(q.Fact, r, store.ColBox), day: day}
			for i, c := range always.GroupBy {
				k.g[i] = m.value(&always, r, c)
			}
			return k
		}
		for _, r := range all {
			if measure(&r) > 0 && m.passes(&always, &r) {
				days[whose(&r, r.period)] = true
			}
		}
		for _, r := range all {
			k := thing{g: groupOf(&r), box: value(q.Fact, &r, store.ColBox), day: r.period}
			if measure(&r) <= 0 || !in(&r) || !m.passes(q, &r) || seen[k] {
				continue
			}
			seen[k] = true
			again := v.Count == store.CountBoxDays
			for later := int32(1); later <= store.ReturnDays; later++ {
				again = again || days[whose(&r, r.period+later)]
			}
			if again {
				counts[k.g]++
			}
		}
	case store.CountComplete:
		parts := map[thing]int{}
		for _, r := range m.table(q.Fact, false) {
			part := value(q.Fact, &r, store.ColPart)
			k := thing{g: groupOf(&r), box: value(q.Fact, &r, store.ColSight) ^ store.SightKey(0, 0, int(part))}
			one := k
			one.other = part
			if measure(&r) > 0 && in(&r) && m.passes(q, &r) && !seen[one] {
				seen[one] = true
				if parts[k]++; parts[k] == store.CompleteParts {
					counts[k.g]++
				}
			}
		}
	default:
		m.episodes(q, s, v, measure, counts)
	}
	return counts
}

func (m *memory) episodes(q *store.Query, s store.Span, v store.Value, measure func(*factRow) int64, counts map[group]int64) {
	type follower struct {
		g   group
		box uint64
	}
	type sitting struct {
		follower
		series uint64
		day    int32
	}
	boxes, binged := map[follower]map[uint64]bool{}, map[follower]bool{}
	sittings := map[sitting]map[uint64]bool{}
	for _, r := range m.table(q.Fact, true) {
		p, content := value(q.Fact, &r, store.ColProvince), value(q.Fact, &r, store.ColContent)
		series := m.meaning(aggregator.Province(p), content, store.ColSeries)
		r.period = int32(store.TVDay(aggregator.Hour(r.period)))
		if measure(&r) <= 0 || series == 0 || series == content || r.period < s.From || r.period >= s.To || !m.passes(q, &r) {
			continue
		}
		k := follower{box: value(q.Fact, &r, store.ColBox)}
		for i, c := range q.GroupBy {
			k.g[i] = m.value(q, &r, c)
		}
		if boxes[k] == nil {
			boxes[k] = map[uint64]bool{}
		}
		boxes[k][content] = true
		at := sitting{k, series, r.period}
		if sittings[at] == nil {
			sittings[at] = map[uint64]bool{}
		}
		sittings[at][content] = true
		binged[k] = binged[k] || len(sittings[at]) >= store.BingeEpisodes
	}
	for k, contents := range boxes {
		switch {
		case v.Count == store.CountEpisodes:
			counts[k.g] += int64(len(contents))
		case v.Count == store.CountFollowers, binged[k]:
			counts[k.g]++
		}
	}
}

// lengthMs is how long a content is by its province's catalogue; 0: not known.
func (m *memory) lengthMs(p aggregator.Province, content uint64) int64 {
	if t, found := m.live(p)[objectKey{p, c3.ElementProgram, content}]; found && content != 0 {
		return int64(max(0, t.DurationS)) * 1000
	}
	return 0
}

// countings are the ways in which a question may count.
func countings(q *store.Query) (all []store.Counting) {
	for c := store.CountLengths; c <= store.CountComplete; c++ {
		one := *q
		one.Values = []store.Value{{Measure: store.ShapeOf(q.Fact).Measures[0], Count: c}}
		if !q.Aired && one.Check() == nil {
			all = append(all, c)
		}
	}
	return all
}

// placed is a View of an asset of 100 s from one second of it to another, at a moment.
func placed(box uint64, ms, from, to int64, content uint64) store.View {
	return store.View{Stamp: at(box, ms), Mode: uint8(protocol.ModeVOD), Content: content, DurationMs: (to - from) * second, Speed: 100,
		LengthMs: 100 * second, PositionMs: from*second + 1, End: uint8(protocol.EndStop)}
}

func testFactAsset(_ *testing.T, b *bench) {
	// The middles of the parts lie at 2.5 s, 7.5 s ... 97.5 s.
	unknown, fast := placed(3, now+minute, 0, 50, 9), placed(3, now+2*minute, 50, 90, 9)
	unknown.PositionMs, fast.Speed = 0, 800
	late := placed(4, now+minute, 90, 120, 9) // the picture came late, or the length is wrong
	b.put(store.Block{Views: []store.View{
		placed(1, now+3*second, 0, 8, 9), placed(1, now+minute, 5, 8, 9), // over the hour: 2.5 s before it, 7.5 s in it, twice
		placed(2, now+minute, 0, 1, 9), // sees no middle
		unknown, fast, late,
	}})
	b.settle()
	q := hourly(store.FactAsset, []store.Column{store.ColPart}, []store.Value{{Measure: store.MeasurePlacedMs}, {Measure: store.MeasurePassed, DistinctBoxes: true}, {Measure: store.MeasurePassed}})
	b.expect(q, row(0, key(0), 5*second, 0, 0), row(0, key(1), 0, 1, 1),
		row(1, key(0), 37*second, 0, 0), row(1, key(2), 0, 1, 1), row(1, key(19), 0, 1, 1), row(1, key(20), 0, 1, 1))
	// By day, and all parts of all viewers together.
	values := []store.Value{{Measure: store.MeasurePlacedMs, DistinctBoxes: true}, {Measure: store.MeasurePassed, DistinctBoxes: true}}
	b.put(store.Block{Views: []store.View{placed(1, now+hour, 0, 100, 9), placed(1, now+hour, 0, 100, 8)}})
	b.settle()
	b.expect(daily(store.FactAsset, []store.Column{store.ColContent}, values), row(0, key(8), 1, 20), row(0, key(9), 3, 22))
	b.expect(daily(store.FactAsset, nil, values), row(0, key(), 4, 42))
}

func testFactLeft(_ *testing.T, b *bench) {
	goes, back, over, before := placed(1, now, 0, 30, 9), placed(1, now, 50, 60, 9), placed(1, now, 90, 120, 9), placed(1, now, 10, 20, 9)
	goes.End = uint8(protocol.EndContinue)
	back.Speed, before.Speed = -100, -800
	b.put(store.Block{Views: []store.View{goes, back, over, before, placed(2, now, 0, 5, 9), placed(2, now, 0, 4, 9), placed(2, now-hour, 0, 100, 9)}})
	b.settle()
	b.expect(hourly(store.FactLeft, []store.Column{store.ColPart}, sum(store.MeasureLeaves)),
		row(0, key(20), 1), row(1, key(1), 2), row(1, key(2), 1), row(1, key(9), 1), row(1, key(20), 1))
}

func testCountLengths(_ *testing.T, b *bench) {
	here := catalogue(1, []store.ObjectRow{thing(c3.ElementProgram, 1, store.Normal{DurationS: 100}), thing(c3.ElementProgram, 2, store.Normal{}),
		thing(c3.ElementSeries, 3, store.Normal{DurationS: 100})}) // of a series it is not that of what was watched
	there := catalogue(2, []store.ObjectRow{thing(c3.ElementProgram, 2, store.Normal{DurationS: 30})})
	there.Province = 43
	b.give(here)
	b.give(there)
	view := func(s store.Stamp, ms int64, content uint64) store.View {
		return store.View{Stamp: s, Mode: uint8(protocol.ModeVOD), Content: content, DurationMs: ms, Speed: 100}
	}
	b.put(store.Block{Views: []store.View{
		view(at(1, now), 50*second, 1), view(at(2, now+hour), 100*second, 1), view(at(1, now+minute), 7*second, 3), // of 3 nothing is known
		view(in43(at(1, now+minute)), 10*second, 2),
	}})
	b.settle()
	whole := []store.Value{{Measure: store.MeasureViewingMs, Count: store.CountLengths}, {Measure: store.MeasureViewingMs}}
	b.expect(daily(store.FactView, nil, whole), row(0, key(), 1_833_333, 167*second))
	b.expect(daily(store.FactView, []store.Column{store.ColProvince, store.ColLength}, whole),
		row(0, key(33, 0), 0, 7*second), row(0, key(33, 1), 1_500_000, 150*second), row(0, key(43, 1), 333_333, 10*second))
	b.expect(hourly(store.FactView, []store.Column{store.ColContent}, whole[:1]), row(0, key(1), 500_000), row(1, key(1), 1_000_000), row(1, key(2), 333_333))
}

func testCountReturns(_ *testing.T, b *bench) {
	day := 24 * hour
	watch := func(box uint64, days int64, content uint64) store.View {
		return store.View{Stamp: at(box, now+days*day), Mode: uint8(protocol.ModeVOD), Content: content, DurationMs: 2 * minute, Speed: 100}
	}
	b.put(store.Block{Views: []store.View{watch(1, 0, 1), watch(1, 7, 1), watch(2, 0, 1), watch(2, 8, 1), watch(3, 0, 1), watch(3, 1, 2), watch(3, 1, 2), watch(4, 3, 1)}})
	b.settle()
	values := []store.Value{{Measure: store.MeasureReach60, Count: store.CountBoxDays}, {Measure: store.MeasureReach60, Count: store.CountReturns}}
	q := daily(store.FactReach, nil, values)
	b.expect(q, row(0, key(), 3, 2))
	q.GroupBy = []store.Column{store.ColContent} // to the same
	b.expect(q, row(0, key(1), 3, 1))
	q.Spans[0].To += 7
	b.expect(q, row(0, key(1), 5, 1), row(0, key(2), 1, 0))
	q.GroupBy = []store.Column{store.ColWeekday} // 2026-05-03 is a Sunday
	b.expect(q, row(0, key(0), 1, 0), row(0, key(2), 1, 0), row(0, key(6), 4, 2))
	q.GroupBy, q.Filters = nil, []store.Filter{{Column: store.ColWeekday, In: []uint64{6}}}
	b.expect(q, row(0, key(), 4, 2))
	q.Hourly = true
	if _, err := b.Query(b.Context(), q); err == nil {
		b.Error("a return was counted by hour")
	}
}

func testCountEpisodes(_ *testing.T, b *bench) {
	b.give(catalogue(1, []store.ObjectRow{thing(c3.ElementSeries, 10, store.Normal{}), thing(c3.ElementSeries, 20, store.Normal{}),
		thing(c3.ElementProgram, 1, store.Normal{}), thing(c3.ElementProgram, 2, store.Normal{}), thing(c3.ElementProgram, 3, store.Normal{}),
		thing(c3.ElementProgram, 4, store.Normal{}), thing(c3.ElementProgram, 5, store.Normal{})},
		episode(10, 1), episode(10, 2), episode(10, 3), episode(20, 4), episode(20, 5)))
	watch := func(box uint64, ms int64, content uint64) store.View {
		return store.View{Stamp: at(box, now+ms), Mode: uint8(protocol.ModeVOD), Content: content, DurationMs: 2 * minute, Speed: 100}
	}
	b.put(store.Block{Views: []store.View{
		watch(1, 0, 1), watch(1, 5*hour, 2), watch(1, 5*hour+30*minute, 3), // until 01:30 of one TV day
		watch(2, 0, 1), watch(2, hour, 2), watch(2, 7*hour, 3), // the third is of the next
		watch(3, 0, 1), watch(3, hour, 1), watch(3, 2*hour, 4), watch(3, 3*hour, 5), // three, but of two
		watch(4, 0, 10), watch(4, hour, 30), // of the series itself, and a film
	}})
	b.settle()
	values := []store.Value{{Measure: store.MeasureReach60, Count: store.CountFollowers}, {Measure: store.MeasureReach60, Count: store.CountEpisodes}, {Measure: store.MeasureReach60, Count: store.CountBingers}}
	q := daily(store.FactReach, nil, values)
	b.expect(q, row(0, key(), 3, 8, 1))
	q.GroupBy = []store.Column{store.ColSeries}
	b.expect(q, row(0, key(10), 3, 6, 1), row(0, key(20), 1, 2, 0))
	q.Spans[0].To++
	q.GroupBy = []store.Column{store.ColWeekday}
	b.expect(q, row(0, key(0), 1, 1, 0), row(0, key(6), 3, 8, 1))
}

func testCountComplete(_ *testing.T, b *bench) {
	b.put(store.Block{Views: []store.View{
		placed(1, now, 0, 60, 9), placed(1, now+hour, 30, 88, 9), // 0 to 88 s: 18 parts
		placed(2, now, 0, 87, 9), placed(2, now, 0, 87, 8), // 17 parts of two
		placed(3, now, 5, 100, 9), // 19
	}})
	b.settle()
	values := []store.Value{{Measure: store.MeasurePassed, Count: store.CountComplete}, {Measure: store.MeasurePlacedMs, DistinctBoxes: true}}
	b.expect(daily(store.FactAsset, []store.Column{store.ColContent}, values), row(0, key(8), 0, 1), row(0, key(9), 2, 3))
}
