package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// testRandom gives the store and the reference the same events, closings and
// questions. STORETEST_SEED replays a run.
func testRandom(t *testing.T, b *bench) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("STORETEST_SEED"); s != "" {
		seed = must(strconv.ParseUint(s, 10, 64))
	}
	t.Logf("STORETEST_SEED=%d", seed)
	g := &maker{r: rand.New(rand.NewPCG(seed, 0))}
	ctx := context.Background()
	ref := Memory()
	rules := store.DefaultEditRules() // so that few rows make a box invalid
	rules.MinuteRecords, rules.DayRecords, rules.Boxes, rules.Accounts = 12, 60, []uint64{5}, []uint64{3}
	newRules := func() {
		rules.LiveMs, rules.NightLiveMs, rules.DemandMs = int64(1+g.r.IntN(5))*hour, int64(1+g.r.IntN(120))*minute, int64(1+g.r.IntN(5))*hour
		rules.NightFrom, rules.NightTo, rules.Episodes = g.r.IntN(24), g.r.IntN(25), 1+g.r.IntN(3)
		if err := errors.Join(b.SetEditRules(ctx, rules), ref.SetEditRules(ctx, rules)); err != nil {
			t.Fatal(err)
		}
	}
	rounds := 4
	if testing.Short() {
		rounds = 2
	}
	for round := range rounds {
		if round == 0 || g.r.IntN(3) == 0 {
			newRules()
		}
		f := file(c3.FeedCatalogue, byte(1+round), 1)
		f.Province = feedProvinces[round%2]
		g.fill(&f)
		b.give(f)
		if err := ref.(*memory).give(f); err != nil {
			t.Fatal(err)
		}
		blk := g.block(round)
		b.insert(blk, true)
		if _, err := ref.Insert(ctx, blk); err != nil {
			t.Fatal(err)
		}
		want := must(ref.Dirty(ctx, 1<<20))
		b.same("dirt", b.dirty().Cells, want.Cells)
		limit := []int{1, 7, 1 << 20}[g.r.IntN(3)] // now and then only a part is closed
		b.close(must(b.Dirty(ctx, limit)))
		if err := ref.Close(ctx, must(ref.Dirty(ctx, limit))); err != nil {
			t.Fatal(err)
		}
		from := hourOf(now) + aggregator.Hour(g.r.IntN(90)-60)
		scope := aggregator.Scope{All: g.r.IntN(2) == 0, Provinces: []aggregator.Province{43}}
		b.same("edit versions", must(b.EditVersions(ctx, scope, from, from+20)), must(ref.EditVersions(ctx, scope, from, from+20)))
		for range 15 {
			q := g.query()
			if got, want := b.query(q), must(ref.Query(ctx, q)); !equalRows(got, want) {
				t.Logf("question: %+v", q)
				b.same("answer", got, want)
			}
		}
		for range 8 {
			q := g.runningQuery()
			b.running(q, must(ref.Running(ctx, q))...)
			b.runningBoxes(q, must(ref.RunningBoxes(ctx, q))...)
			uq := store.UpdateQuery{AllProvinces: q.AllProvinces, Provinces: q.Provinces, Province: q.Province, Limit: q.Limit, Version: g.one(3)}
			b.updates(uq, must(ref.Updates(ctx, uq))...)
		}
		gotMs, gotDirty, err := b.AsOf(ctx)
		wantMs, wantDirty, _ := ref.AsOf(ctx)
		if err != nil || gotMs != wantMs || gotDirty != wantDirty {
			t.Fatalf("AsOf = %d, %d, %v; want %d, %d", gotMs, gotDirty, err, wantMs, wantDirty)
		}
	}
	boxes := []uint64{1, 2, 3, 4, 5, 6}
	b.same("audit", must(b.Audit(ctx, boxes)), must(ref.Audit(ctx, boxes)))
	b.same("events", must(b.Events(ctx, 3)), must(ref.Events(ctx, 3)))
	for range 2 { // the second time for cells of boxes that became invalid
		b.close(b.dirty())
		if err := ref.Close(ctx, must(ref.Dirty(ctx, 1<<20))); err != nil {
			t.Fatal(err)
		}
	}
	b.same("dirt", b.dirty().Cells, []store.Cell(nil))
	checkAllClosed(t, ref.(*memory))
}

// checkAllClosed computes every cell afresh: dirt must have led to each cell
// that changed.
func checkAllClosed(t *testing.T, m *memory) {
	t.Helper()
	first, last := hourOf(now)-80, hourOf(now)+80
	for h := first; h <= last; h++ {
		for _, p := range []aggregator.Province{33, 43} {
			c := store.Cell{Hour: h, Province: p}
			fresh, held := m.compute(c), m.closed[c]
			for f := range fresh.facts {
				if len(fresh.facts[f]) != len(held.facts[f]) {
					t.Fatalf("cell %v: %s has %d rows, computed afresh %d", c, store.ShapeOf(store.Fact(f)).Name, len(held.facts[f]), len(fresh.facts[f]))
				}
				for g, want := range fresh.facts[f] {
					if !slices.Equal(held.facts[f][g], want) {
						t.Fatalf("cell %v: %s %v holds %v, computed afresh %v", c, store.ShapeOf(store.Fact(f)).Name, g, held.facts[f][g], want)
					}
				}
			}
		}
	}
}

func equalRows(a, b []store.Row) bool {
	return slices.EqualFunc(a, b, func(x, y store.Row) bool {
		return x.Span == y.Span && slices.Equal(x.Group, y.Group) && slices.Equal(x.Values, y.Values)
	})
}

// maker makes random input that collides a lot: few boxes, contents and
// moments, and times near the edges of hours.
type maker struct{ r *rand.Rand }

func (g *maker) one(n int) uint64 { return uint64(g.r.IntN(n)) }

func (g *maker) moment() int64 {
	ms := now + int64(g.r.IntN(60)-30)*hour
	switch g.r.IntN(4) {
	case 0:
		return ms + int64(g.r.IntN(5)-2)
	case 1:
		return ms + int64(g.r.IntN(120_000)-60_000)
	}
	return now + int64(g.r.IntN(10))*60_000 + int64(g.r.IntN(4))
}

func (g *maker) stamp() store.Stamp {
	s := store.Stamp{Province: 33, City: aggregator.City(3301 + g.r.IntN(2)), Box: 1 + g.one(6), Account: g.one(9), Boot: uint32(1 + g.r.IntN(3)), Clock: uint8(g.r.IntN(4))}
	if g.r.IntN(3) == 0 {
		s.Province, s.City = 43, 4301
	}
	s.AtMs = g.moment()
	s.MonoMs = s.AtMs - now + 40*24*hour
	return s
}

// whys are what running events say; the key of the last is not told.
var whys = []string{"", "signature", "group E900", "group E900: window: 0", "group A", "command 3", "command: signature", "the group's profile holds", "1.4.3 arm7 E900", "not told"}

func (g *maker) runningQuery() store.RunningQuery {
	q := store.RunningQuery{AllProvinces: g.r.IntN(2) == 0, Refused: g.r.IntN(3) == 0, Cities: g.r.IntN(2) == 0, Limit: g.r.IntN(2) * g.r.IntN(6)}
	if g.r.IntN(3) > 0 {
		q.Provinces = []aggregator.Province{33}
	}
	if g.r.IntN(4) == 0 {
		q.Province = 43
	}
	if g.r.IntN(3) == 0 {
		v := g.one(3)
		q.Version = &v
	}
	return q
}

func (g *maker) block(round int) *store.Block {
	b := &store.Block{ID: [16]byte{0xff, byte(round)}}
	for range 10 + g.r.IntN(60) {
		b.Powers = append(b.Powers, store.Power{Stamp: g.stamp(), On: g.r.IntN(2) == 0, Cause: uint8(g.r.IntN(4)), Agent: g.one(4)})
		b.PageViews = append(b.PageViews, store.PageView{Stamp: g.stamp(), Page: g.one(4), From: g.one(3)})
		click := store.Click{Stamp: g.stamp(), Page: g.one(3), Area: g.one(2), Slot: uint32(g.one(3)), Content: g.one(3), Template: g.one(2), Trace: uint32(g.one(3))}
		b.Clicks = append(b.Clicks, click)
		b.Orders = append(b.Orders, store.Order{Stamp: g.stamp(), Product: g.one(3), Provider: g.one(2), Fen: int64(g.r.IntN(5000)), Result: uint8(g.r.IntN(5))})
		if g.r.IntN(2) == 0 { // an order that the click may have led to
			o := store.Order{Stamp: click.Stamp, Product: g.one(3), Fen: int64(g.r.IntN(5000)), Result: uint8(protocol.ResultPaid), Trace: uint32(g.one(3))}
			o.AtMs += []int64{0, 1, -1, store.CreditMs, store.CreditMs + 1, int64(g.r.IntN(40)) * minute}[g.r.IntN(6)]
			b.Orders = append(b.Orders, o)
		}
		b.Notices = append(b.Notices, store.Notice{Stamp: g.stamp(), Kind: []uint8{7, 8, 9, 10, 16, 99}[g.r.IntN(6)],
			Count: int64(g.one(3)) << (g.one(2) * 40), Reason: uint8(g.one(8))})
		b.Tallies = append(b.Tallies, store.Tally{Stamp: g.stamp(), Lost: int64(g.one(3)) << (g.one(2) * 40), Repeated: int64(g.one(3))})
		b.Impressions = append(b.Impressions, store.Impression{Stamp: g.stamp(), Page: g.one(3), Area: g.one(2), Slot: uint32(g.one(3)), Content: g.one(3),
			Template: g.one(2), Sight: uint8(g.one(4)), DurationMs: int64(g.one(5000))})
		b.OrderPages = append(b.OrderPages, store.OrderPage{Stamp: g.stamp(), Page: g.one(2), Product: g.one(3), Content: g.one(3)})
		b.Playbacks = append(b.Playbacks, store.Playback{Stamp: g.stamp(), Mode: uint8(g.one(6)), Channel: g.one(3), Content: g.one(3),
			StartMs: int64(g.one(3)) * 700, Stalls: uint32(g.one(3)), StallMs: int64(g.one(9000)), Errors: uint32(g.one(2)), Error: g.one(2)})
		b.Healths = append(b.Healths, store.Health{Stamp: g.stamp(), CPU: uint32(g.one(1001)), Temperature: -5})
		why := whys[g.r.IntN(len(whys))]
		b.Runnings = append(b.Runnings, store.Running{Stamp: g.stamp(), Version: g.one(3), State: uint8(g.one(12)), Why: aggregator.TextKey(why), Agent: g.one(4)})
		v := g.view(g.stamp())
		b.Views = append(b.Views, v)
		if g.r.IntN(4) == 0 {
			b.Views = append(b.Views, g.parts(v)...)
		}
		if g.r.IntN(2) == 0 { // a play that the click may have led to
			p := g.view(click.Stamp)
			start := click.AtMs + []int64{0, 1, -1, 60_000, 60_001, int64(g.r.IntN(70_000))}[g.r.IntN(6)]
			p.AtMs, p.Content, p.Part = start+p.DurationMs, click.Content, 0
			switch g.r.IntN(4) {
			case 0: // of what it led to by its trace
				p.Content, p.Trace = g.one(3), click.Trace
			case 1: // of a channel
				p.Content, p.Channel = 0, click.Content
			}
			b.Views = append(b.Views, p)
		}
	}
	for range 3 {
		b.Identities = append(b.Identities, store.IdentityRow{IdentityKey: store.IdentityKey{Box: 1 + g.one(6), Serial: uint32(g.one(4))},
			Identity: store.Identity{Province: 33, Model: g.one(4)}})
	}
	for _, why := range whys[1 : len(whys)-1] {
		b.Codes = append(b.Codes, store.Code{Key: aggregator.TextKey(why), Text: why})
	}
	for range g.r.IntN(4) {
		b.Retimes = append(b.Retimes, store.Retime{ClockKey: store.ClockKey{Box: 1 + g.one(6), Boot: uint32(1 + g.r.IntN(3))},
			Clock: store.Clock{OffsetMs: now - 40*24*hour + int64(g.r.IntN(3)-1)*int64(g.r.IntN(int(2*hour))), Quality: uint8(g.r.IntN(4))}})
	}
	return b
}

func (g *maker) view(s store.Stamp) store.View {
	v := store.View{Stamp: s, Mode: uint8(g.r.IntN(6)), Channel: g.channel(), Content: g.one(3), Speed: 100, Part: uint32(g.r.IntN(2))}
	if g.r.IntN(3) == 0 {
		v.Content = g.one(9)
	}
	v.DurationMs = []int64{0, 1, 3000, 3001, 4000, hour, 2*hour + 1, 24 * hour, int64(g.r.IntN(int(5 * hour)))}[g.r.IntN(9)]
	switch g.r.IntN(4) {
	case 0: // a sign in the segment, at its start or before it
		v.IdleMs = []int64{1, v.DurationMs / 2, v.DurationMs, v.DurationMs + minute}[g.r.IntN(4)]
	case 1:
		v.IdleMs = g.r.Int64N(6 * hour)
	}
	if g.r.IntN(4) == 0 {
		v.Speed = []int32{-3200, -300, -299, 0, 50, 299, 300}[g.r.IntN(7)]
	}
	g.asset(&v)
	return v
}

// asset gives v a television, a place and a length, each now and then unknown.
func (g *maker) asset(v *store.View) {
	v.TV = uint8(g.one(4)) // 3: of a newer box
	v.LengthMs = []int64{0, 1000, 60_000, hour, 7 * 24 * hour}[g.r.IntN(5)]
	v.PositionMs = []int64{0, 1, 59_001, v.LengthMs, 1 + int64(g.r.IntN(int(2*hour))), 7 * 24 * hour}[g.r.IntN(6)]
}

// parts cuts a View into some that follow each other, as boxes tell a long play;
// now and then there is a gap.
func (g *maker) parts(v store.View) []store.View {
	var all []store.View
	for n := 1 + g.r.IntN(5); n > 0; n-- {
		v.DurationMs = []int64{second, 5 * second, 60 * second, 15 * minute, int64(g.r.IntN(int(20 * minute)))}[g.r.IntN(5)]
		v.AtMs += v.DurationMs
		if v.IdleMs > 0 && g.r.IntN(4) > 0 { // nobody gave a sign since
			v.IdleMs += v.DurationMs
		}
		if g.r.IntN(6) == 0 {
			v.AtMs++
		}
		v.MonoMs = v.AtMs - now + 40*24*hour
		if g.r.IntN(3) == 0 { // else it begins again where v began
			g.asset(&v)
		}
		all = append(all, v)
		if v.Part++; g.r.IntN(3) == 0 { // another play, of itself
			v.Part = 0
		}
	}
	return all
}

func (g *maker) query() store.Query {
	q := store.Query{Fact: store.Fact(g.r.IntN(store.EventFacts)), Hourly: g.r.IntN(2) == 0, AllProvinces: g.r.IntN(2) == 0}
	if g.r.IntN(3) == 0 { // they have the most to them
		q.Fact = store.FactReach + store.Fact(g.r.IntN(4))
	}
	if g.r.IntN(12) == 0 {
		q.Fact = store.FactInvalid
	}
	if g.r.IntN(8) == 0 {
		q.Fact = store.FactJourney + store.Fact(g.r.IntN(7))
	}
	if g.r.IntN(3) > 0 {
		q.Provinces = []aggregator.Province{43}
	}
	shape := store.ShapeOf(q.Fact)
	middle := int32(aggregator.DayOf(now))
	if q.Hourly {
		middle = int32(aggregator.HourOf(now))
	}
	for range 1 + g.r.IntN(4) {
		from := middle + int32(g.r.IntN(9)) - 5
		q.Spans = append(q.Spans, store.Span{From: from, To: from + int32(g.r.IntN(5))})
	}
	columns := shape.Dimensions
	if shape.Has(store.ColGenre) {
		columns = slices.Concat(columns, store.ContentColumns)
	}
	if shape.Has(store.ColProgramme) {
		columns = append(slices.Clone(columns), store.ColProgramme)
		q.Aired = g.r.IntN(2) == 0
	}
	if shape.Has(store.ColModel) {
		columns = append(slices.Clone(columns), store.ColModel)
	}
	for _, c := range store.TimeColumns {
		if q.Hourly || c != store.ColHourOfDay {
			columns = append(slices.Clone(columns), c)
		}
	}
	if g.r.IntN(4) == 0 {
		q.Among.Columns, q.Among.Not = []store.Column{columns[g.r.IntN(len(columns))], store.ColProvince}, g.r.IntN(2) == 0
		for range g.r.IntN(6) {
			q.Among.In = append(q.Among.In, []uint64{g.one(4), []uint64{33, 43}[g.r.IntN(2)]})
		}
	}
	if q.Hourly && g.r.IntN(3) == 0 { // whole days, as by the hour of the day
		for i := range q.Spans {
			from := middle - middle%24 + int32(g.r.IntN(5)-2)*24
			q.Spans[i] = store.Span{From: from, To: from + int32(g.r.IntN(4))*24}
		}
	}
	for _, c := range columns {
		if g.r.IntN(2) == 0 {
			q.GroupBy = append(q.GroupBy, c)
		}
		if g.r.IntN(6) == 0 {
			q.Filters = append(q.Filters, store.Filter{Column: c, In: []uint64{g.one(4), 33, 3301, 1, aggregator.TextKey(channelTexts[0])}, Not: g.r.IntN(3) == 0})
		}
	}
	if shape.Has(store.ColPackage) && g.r.IntN(2) == 0 {
		q.Filters = append(q.Filters, store.Filter{Column: store.ColPackage, In: []uint64{1 + g.one(4), 1 + g.one(4)}[:g.r.IntN(3)], Not: g.r.IntN(3) == 0})
	}
	g.r.Shuffle(len(q.GroupBy), func(i, j int) { q.GroupBy[i], q.GroupBy[j] = q.GroupBy[j], q.GroupBy[i] })
	for range 1 + g.r.IntN(3) {
		v := store.Value{Measure: shape.Measures[g.r.IntN(len(shape.Measures))]}
		if counts := countings(&q); len(counts) > 0 && g.r.IntN(3) == 0 {
			v.Count = counts[g.r.IntN(len(counts))]
		} else if shape.Counted() != "" {
			switch g.r.IntN(4) {
			case 0, 1:
				v.DistinctBoxes = true
			case 2:
				v.Squares = []int64{1, 7, 60_000}[g.r.IntN(3)]
				if v.Measure == store.MeasureAudience || v.Measure == store.MeasureEditedAudience {
					v.Squares = 60_000 // they count billionths, whose squares go beyond 2^63
				}
			}
		}
		q.Values = append(q.Values, v)
	}
	q.Limit = g.r.IntN(2) * g.r.IntN(6)
	return q
}
