package storetest

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// Who is silent, since when, who came back, and what became of those who opened.

// presenceDays are days whose distances are the ages of silence, or nearly.
var presenceDays = []aggregator.Day{0, 1, 6, 7, 8, 15, 16, 29, 30, 31, 37, 60, 61, 62, 89, 90, 91, 98, 120, 121, 151, 152, 153}

// testPresence gives the store and the reference the same files and words of boxes
// over months, and asks both the same of every day. STORETEST_SEED replays a run.
func testPresence(t *testing.T, b *bench) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("STORETEST_SEED"); s != "" {
		seed = must(strconv.ParseUint(s, 10, 64))
	}
	t.Logf("STORETEST_SEED=%d", seed)
	g := &maker{r: rand.New(rand.NewPCG(seed, 2))}
	ctx := context.Background()
	ref := Memory()
	rounds := 3
	if testing.Short() {
		rounds = 2
	}
	for round := range rounds {
		blk := g.words(round)
		b.insert(blk, true)
		ref.(*memory).hear(t, blk)
		for i := range 3 {
			f := g.months(byte(round), byte(i))
			b.give(f)
			if err := ref.(*memory).give(f); err != nil {
				t.Fatal(err)
			}
		}
		limit := []int{1 << 20, 5}[g.r.IntN(2)]
		b.close(must(b.Dirty(ctx, limit)))
		if err := ref.Close(ctx, must(ref.Dirty(ctx, limit))); err != nil {
			t.Fatal(err)
		}
		for _, f := range []store.Fact{store.FactSeen, store.FactAccounts, store.FactPresence, store.FactCohort} {
			q := allDays(f)
			q.Spans = nil
			for d := int32(feedDay) - 3; d < int32(feedDay)+160; d++ {
				q.Spans = append(q.Spans, store.Span{From: d, To: d + 1})
			}
			b.same("the rows of "+store.ShapeOf(f).Name, b.query(q), must(ref.Query(ctx, q)))
		}
		for range 4 {
			q := g.presenceQuery()
			if got, want := b.query(q), must(ref.Query(ctx, q)); !equalRows(got, want) {
				t.Logf("question: %+v", q)
				b.same("answer", got, want)
			}
		}
	}
}

// words are what boxes of a few accounts tell on some days.
func (g *maker) words(round int) *store.Block {
	b := &store.Block{ID: [16]byte{0xfe, byte(round)}}
	for range 1 + g.r.IntN(4) {
		at := (feedDay + presenceDays[g.r.IntN(len(presenceDays))]).Start() + []int64{0, 12 * hour, aggregator.DayMs - 1}[g.r.IntN(3)]
		for range 1 + g.r.IntN(8) {
			s := store.Stamp{Province: feedProvinces[min(1, g.r.IntN(4))%2], Box: 1 + g.one(4), Account: []uint64{0, 100, 101, 102, 103, 104, 105, 106}[g.r.IntN(8)], Boot: 1, AtMs: at, MonoMs: at, Clock: 3}
			switch g.r.IntN(4) {
			case 0, 1:
				b.Powers = append(b.Powers, store.Power{Stamp: s, On: true})
			case 2:
				b.PageViews = append(b.PageViews, store.PageView{Stamp: s})
			case 3:
				b.Playbacks = append(b.Playbacks, store.Playback{Stamp: s, Errors: uint32(g.one(2))})
			}
		}
	}
	return b
}

// months is a file that speaks of subscribers on one of the days.
func (g *maker) months(round, n byte) feedFile {
	when := func() int64 {
		return (feedDay + presenceDays[g.r.IntN(len(presenceDays))]).Start() + []int64{0, 10 * hour, aggregator.DayMs - 1}[g.r.IntN(3)]
	}
	f := feedFile{File: store.File{ID: [16]byte{1 + round, n}, Province: feedProvinces[min(1, g.r.IntN(4))%2], Feed: c3.FeedChanges,
		Day: feedDay + presenceDays[g.r.IntN(len(presenceDays))], VersionMs: int64(round), ReceivedMs: int64(round), Bytes: 1}}
	city := func() aggregator.City { return aggregator.City(f.Province)*100 + aggregator.City(g.one(3)) }
	opened := []int64{0, (feedDay - 89).Start(), (feedDay - 366).Start(), must(aggregator.ParseDay("2024-02-29")).Start(), must(aggregator.ParseDay("2021-05-31")).Start()}
	if n == 0 && round%2 == 0 {
		f.Feed = c3.FeedSubscribers
		for account := range uint64(6) {
			if g.r.IntN(8) > 0 {
				state := []c3.State{c3.StateActive, c3.StateActive, c3.StateActive, c3.StateSuspended, c3.StateCancelled, c3.StatePre}[g.r.IntN(6)]
				f.rows.Subscribers = append(f.rows.Subscribers, store.SubscriberRow{Line: int64(account + 1), Account: 100 + account, State: state, City: city(),
					OpenMs: opened[g.r.IntN(len(opened))], STB: 7 + account/2})
			}
		}
		return f
	}
	for line := range int64(2 + g.r.IntN(6)) {
		r := store.ChangeRow{Line: line + 1, Account: 100 + g.one(7), AtMs: when(), City: city(),
			Op: []c3.Op{c3.OpOpen, c3.OpOpen, c3.OpSuspend, c3.OpResume, c3.OpCancel, c3.OpMoveOut, c3.OpMoveIn, c3.OpChangeCity, c3.OpChangeNo}[g.r.IntN(9)]}
		if r.Op == c3.OpChangeNo {
			r.Old = 100 + g.one(7)
		}
		f.rows.Changes = append(f.rows.Changes, r)
	}
	return f
}

func (g *maker) presenceQuery() store.Query {
	q := store.Query{Fact: []store.Fact{store.FactPresence, store.FactCohort, store.FactSeen}[g.r.IntN(3)], AllProvinces: g.r.IntN(2) == 0, Provinces: []aggregator.Province{43}}
	q.Latest = q.Fact == store.FactPresence && g.r.IntN(2) == 0
	for range 1 + g.r.IntN(4) {
		from := int32(feedDay) + int32(g.r.IntN(180)) - 10
		q.Spans = append(q.Spans, store.Span{From: from, To: from + int32(g.r.IntN(70))})
	}
	shape := store.ShapeOf(q.Fact)
	for _, c := range shape.Dimensions {
		if g.r.IntN(3) == 0 {
			q.GroupBy = append(q.GroupBy, c)
		}
		if g.r.IntN(6) == 0 {
			q.Filters = append(q.Filters, store.Filter{Column: c, In: []uint64{0, 1, 2, 33, 3301, 100 + g.one(6)}})
		}
	}
	if !q.Latest && g.r.IntN(3) == 0 {
		q.GroupBy = append(q.GroupBy, store.ColWeekday)
	}
	for range 1 + g.r.IntN(3) {
		v := store.Value{Measure: shape.Measures[g.r.IntN(len(shape.Measures))]}
		v.DistinctBoxes = slices.Contains(shape.Dimensions, store.ColAccount) && g.r.IntN(2) == 0
		q.Values = append(q.Values, v)
	}
	q.Limit = g.r.IntN(2) * g.r.IntN(6)
	return q
}
