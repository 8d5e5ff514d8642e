package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// view is a View that ended at a moment and whose last sign was so long before.
func view(box uint64, end, duration, idle int64, mode protocol.Mode) store.View {
	return store.View{Stamp: at(box, end), Mode: uint8(mode), Channel: 7, Content: 9, DurationMs: duration, Speed: 100, IdleMs: idle}
}

// editedDay asks what of the day of now counts, raw and edited.
func editedDay(columns ...store.Column) store.Query {
	return daily(store.FactMode, columns, sum(store.MeasurePlays, store.MeasureEditedPlays, store.MeasureViewingMs, store.MeasureEditedMs))
}

// testCap: how long after a sign viewing counts, by mode and by the hour of the
// sign; now is 20:00. With the television off nothing does.
func testCap(t *testing.T, b *bench) {
	day := now - 20*hour
	tv := func(box uint64, tv protocol.TV) store.View {
		v := view(box, now, hour, 0, protocol.ModeLive)
		v.TV = uint8(tv)
		return v
	}
	b.put(store.Block{Views: []store.View{
		view(1, now, hour, 4*hour, protocol.ModeLive),       // the last millisecond that counts is the one before
		view(2, now, hour, 4*hour+1, protocol.ModeLive),     // a millisecond less
		view(3, now, hour, 5*hour-3000, protocol.ModeLive),  // 3 s are no play, but they count
		view(4, now, hour, 5*hour-3001, protocol.ModeLive),  // one more millisecond is
		view(5, now, hour, 5*hour, protocol.ModeLive),       // nothing
		view(6, now, hour, 9*hour, protocol.ModeLive),       // nothing, long after
		view(7, now, hour, 4*hour+minute, protocol.ModeApp), // other modes have the other cap
		// Signs at 05:59:59.999 and 06:00.
		view(8, day+9*hour, 2*hour, 3*hour+1, protocol.ModeLive),
		view(9, day+9*hour, 2*hour, 3*hour, protocol.ModeLive),
		view(10, day+9*hour, 2*hour, 3*hour+1, protocol.ModeVOD), // which have no night
		tv(11, protocol.TVOff), tv(12, protocol.TVOn), tv(13, 3), // 3 is of a newer box
	}})
	b.settle()
	b.expect(editedDay(store.ColBox),
		row(0, key(1), 1, 1, hour, hour), row(0, key(2), 1, 1, hour, hour-1),
		row(0, key(3), 1, 0, hour, 3000), row(0, key(4), 1, 1, hour, 3001),
		row(0, key(5), 1, 0, hour, 0), row(0, key(6), 1, 0, hour, 0),
		row(0, key(7), 1, 1, hour, hour-minute),
		row(0, key(8), 1, 1, 2*hour, hour-1), row(0, key(9), 1, 1, 2*hour, 2*hour), row(0, key(10), 1, 1, 2*hour, 2*hour),
		row(0, key(11), 1, 0, hour, 0), row(0, key(12), 1, 1, hour, hour), row(0, key(13), 1, 1, hour, hour))
}

// testCapRuns: what is cut is cut in every fact: runs, minutes, broadcasts and what
// goes on around them.
func testCapRuns(t *testing.T, b *bench) {
	b.give(catalogue(1, []store.ObjectRow{airs(11, -3600, 3600)}))
	cut := view(1, now, hour, 4*hour+30*minute, protocol.ModeLive)
	cut.Channel = one
	after := view(1, now+10*minute, 10*minute, 4*hour+40*minute, protocol.ModeLive)
	after.Channel, after.Part = one, 1
	whole := view(2, now, 20*minute, 0, protocol.ModeLive)
	whole.Channel = one
	hardly := view(3, now-30*minute, 10*minute, 4*hour+10*minute-2*second, protocol.ModeLive)
	hardly.Channel = one // 2 s of it
	b.put(store.Block{Views: []store.View{cut, after, whole, hardly}})
	b.settle()
	edited := append([]store.Measure{store.MeasureViewingMs, store.MeasureEditedMs, store.MeasureAudience, store.MeasureEditedAudience, store.MeasureReach900}, store.EditedReaches...)
	b.expect(daily(store.FactBroadcast, by(store.ColBox), sum(edited...)),
		row(0, key(1), hour, 30*minute, 1_000_000_000, 500_000_000, 1, 1, 1, 1, 1),
		row(0, key(2), 20*minute, 20*minute, 333_333_333, 333_333_333, 1, 1, 1, 1, 1),
		row(0, key(3), 10*minute, 2*second, 166_666_667, 555_556, 0, 0, 0, 0, 0))
	b.expect(daily(store.FactAir, nil, sum(store.MeasureTVMs, store.MeasureEditedTVMs)), row(0, nil, hour+30*minute, 50*minute+2*second))
	// The second hour has the run's raw part alone.
	h := hourly(store.FactReach, by(store.ColBox), sum(store.MeasureReach5, store.MeasureEditedReach5, store.MeasureReach900, store.MeasureEditedReach900))
	b.expect(h, row(0, key(1), 1, 1, 1, 1), row(0, key(2), 1, 1, 1, 1), row(0, key(3), 1, 0, 0, 0), row(1, key(1), 1, 0, 1, 0))
	m := hourly(store.FactMinute, by(store.ColMinute), sum(store.MeasureViewingMs, store.MeasureEditedMs))
	m.Filters = []store.Filter{{Column: store.ColMinute, In: []uint64{19*60 + 29, 19*60 + 30, 19*60 + 40, 20 * 60}}}
	b.expect(m, row(0, key(19*60+29), 2*minute, minute), row(0, key(19*60+30), minute, 0), row(0, key(19*60+40), 2*minute, minute), row(1, key(20*60), minute, 0))
}

// testCapSpare: where the sign was longer ago than the shortest cap, and the cap that
// holds reaches beyond the View, edited runs end with the View all the same.
func testCapSpare(t *testing.T, b *bench) {
	spare := view(1, now, 20*minute, 3*hour, protocol.ModeLive)
	spare.Channel = one
	off := view(1, now+10*minute, 10*minute, 0, protocol.ModeLive)
	off.Channel, off.Part, off.TV = one, 1, uint8(protocol.TVOff)
	b.put(store.Block{Views: []store.View{spare, off}})
	b.settle()
	h := hourly(store.FactReach, by(store.ColBox), sum(store.MeasureReach5, store.MeasureEditedReach5))
	b.expect(h, row(0, key(1), 1, 1), row(1, key(1), 1, 0))
}

func by(c ...store.Column) []store.Column { return c }

// testEpisodes: of plays that follow each other without a sign three count,
// in whatever order they come.
func testEpisodes(t *testing.T, b *bench) {
	episode := func(box uint64, n int64, idle int64) store.View {
		v := view(box, now+n*10*minute, 10*minute, idle, protocol.ModeVOD)
		return v
	}
	const ms10 = 10 * minute
	b.put(store.Block{Views: []store.View{
		// Begun by a sign, then three more: the fourth does not count.
		episode(1, 4, 4*ms10), episode(1, 3, 3*ms10), episode(1, 1, ms10), episode(1, 2, 2*ms10),
		// A sign within the first: three more count.
		episode(2, 1, ms10-1), episode(2, 2, 2*ms10-1), episode(2, 3, 3*ms10-1), episode(2, 4, 4*ms10-1), episode(2, 5, 5*ms10-1),
		// A sign in the fourth: nobody knows how long nobody was there.
		episode(3, 1, ms10), episode(3, 2, 2*ms10), episode(3, 3, 3*ms10), episode(3, 4, minute),
	}})
	// Live has no episodes.
	for n := range int64(4) {
		v := episode(4, n+1, (n+1)*ms10)
		v.Mode = uint8(protocol.ModeLive)
		b.put(store.Block{Views: []store.View{v}})
	}
	b.settle()
	b.expect(editedDay(store.ColBox), row(0, key(1), 4, 3, 4*ms10, 3*ms10), row(0, key(2), 5, 4, 5*ms10, 4*ms10),
		row(0, key(3), 4, 4, 4*ms10, 4*ms10), row(0, key(4), 4, 4, 4*ms10, 4*ms10))
	// What comes late takes from what counted, hours later.
	last := view(5, now+3*hour, hour, 3*hour, protocol.ModeCatchup)
	second := view(5, now+20*minute, 10*minute, 20*minute, protocol.ModeVOD)
	b.put(store.Block{Views: []store.View{view(5, now+10*minute, 10*minute, 10*minute, protocol.ModeVOD), second, last}})
	b.settle()
	q := editedDay(store.ColBox)
	q.Filters = []store.Filter{{Column: store.ColBox, In: key(5)}}
	b.expect(q, row(0, key(5), 3, 3, 20*minute+hour, 20*minute+hour))
	b.put(store.Block{Views: []store.View{view(5, now+30*minute, 10*minute, 30*minute, protocol.ModeVOD)}})
	b.settle()
	b.expect(q, row(0, key(5), 4, 3, 30*minute+hour, 30*minute))

	// So does a play whose clock proves wrong by a day.
	stray := view(6, now+20*minute-24*hour, 10*minute, 20*minute, protocol.ModeVOD)
	stray.Boot, stray.Clock = 2, 1
	b.put(store.Block{Views: []store.View{stray, view(6, now+10*minute, 10*minute, 10*minute, protocol.ModeVOD),
		view(6, now+30*minute, 10*minute, 30*minute, protocol.ModeVOD), view(6, now+3*hour, hour, 3*hour, protocol.ModeCatchup)}})
	b.settle()
	q.Filters[0].In = key(6)
	b.expect(q, row(0, key(6), 3, 3, 20*minute+hour, 20*minute+hour))
	b.put(store.Block{Retimes: []store.Retime{{ClockKey: store.ClockKey{Box: 6, Boot: 2}, Clock: store.Clock{OffsetMs: now - 976*hour, Quality: 3}}}})
	b.settle()
	b.expect(q, row(0, key(6), 4, 3, 30*minute+hour, 30*minute))
}

// testInvalidBoxes: who tells too much in a minute or a day counts nowhere on that
// day, whenever it told it.
func testInvalidBoxes(t *testing.T, b *bench) {
	ctx := context.Background()
	r := store.DefaultEditRules()
	r.Version, r.MinuteRecords, r.DayRecords, r.Boxes, r.Accounts = "2", 5, 48, []uint64{6}, []uint64{77}
	if err := b.SetEditRules(ctx, r); err != nil {
		t.Fatal(err)
	}
	pages := func(box uint64, from, every int64, n int) store.Block {
		var blk store.Block
		for i := range int64(n) {
			blk.PageViews = append(blk.PageViews, store.PageView{Stamp: at(box, from+i*every), Page: 1})
		}
		return blk
	}
	early := now - 17*hour
	var views []store.View
	for box := range uint64(7) {
		views = append(views, view(box+1, early, hour, 0, protocol.ModeLive), // 02:00 to 03:00
			view(box+1, now+4*hour+10*minute, 20*minute, 0, protocol.ModeLive)) // over midnight: a record of the next day
	}
	views[12].Account, views[0].Account = 77, 78
	b.put(store.Block{Views: views})
	b.settle()
	q := editedDay(store.ColBox)
	ok, listed := []int64{2, 2, hour + 10*minute, hour + 10*minute}, []int64{2, 0, hour + 10*minute, 0}
	midnight := []int64{2, 1, hour + 10*minute, 10 * minute} // the record of the next day counts
	b.expect(q, row(0, key(1), ok...), row(0, key(2), ok...), row(0, key(3), ok...), row(0, key(4), ok...), row(0, key(5), ok...),
		row(0, key(6), listed...), row(0, key(7), midnight...))

	b.put(pages(1, now, 12_000, 5)) // five a minute are fine
	var shown store.Block
	for i := range int64(20) { // and what a page shows besides
		shown.Impressions = append(shown.Impressions, store.Impression{Stamp: at(1, now+i), Page: 1, DurationMs: 2000})
	}
	b.put(shown)
	b.put(pages(2, now, 10_000, 6)) // the sixth is too much
	b.put(pages(3, now-10*hour, 30*minute, 20))
	b.put(pages(3, now, 5*minute, 27)) // 48 in a day are fine
	b.put(pages(4, now-10*hour, 30*minute, 20))
	b.put(pages(4, now, 5*minute, 28))
	b.put(pages(5, now-2*hour-5*second, 2_000, 6)) // 3 each side of the minute
	b.close(b.dirty())
	if len(b.dirty().Cells) == 0 {
		t.Fatal("the hours of a box that became invalid are not dirty")
	}
	b.settle()
	b.expect(q, row(0, key(1), ok...), row(0, key(2), midnight...), row(0, key(3), ok...), row(0, key(4), midnight...), row(0, key(5), ok...),
		row(0, key(6), listed...), row(0, key(7), midnight...))
	dropped := daily(store.FactInvalid, by(store.ColWhy), []store.Value{{Measure: store.MeasureDropped, DistinctBoxes: true}, {Measure: store.MeasureDropped}})
	dropped.Spans = append(dropped.Spans, store.Span{From: dropped.Spans[0].To, To: dropped.Spans[0].To + 1})
	b.expect(dropped, row(0, key(uint64(store.InvalidMinute)), 1, 7), row(0, key(uint64(store.InvalidDay)), 1, 49), row(0, key(uint64(store.InvalidListed)), 2, 2),
		row(1, key(uint64(store.InvalidListed)), 1, 1))

	// What a run reaches in the first hour of the next day goes with its beginning.
	midnightRun := func(box uint64) []store.View {
		a, z := view(box, now+4*hour-2*minute, 10*minute, 0, protocol.ModeLive), view(box, now+4*hour+10*minute, 12*minute, 0, protocol.ModeLive)
		z.Part = 1
		return []store.View{a, z}
	}
	b.put(store.Block{Views: midnightRun(8)})
	b.settle()
	b.put(pages(8, now-5*hour, second, 6))
	b.close(b.dirty())
	b.settle()
	run := daily(store.FactReach, by(store.ColBox), sum(store.MeasureReach900, store.MeasureEditedReach900))
	run.Spans[0] = store.Span{From: run.Spans[0].To, To: run.Spans[0].To + 1}
	run.Filters = []store.Filter{{Column: store.ColBox, In: key(8)}}
	b.expect(run, row(0, key(8), 1, 0))

	// A clock that proves wrong by a day takes the flood with it.
	b.put(store.Block{Retimes: []store.Retime{{ClockKey: store.ClockKey{Box: 2, Boot: 1}, Clock: store.Clock{OffsetMs: now - 1000*hour + 24*hour, Quality: 4}}}})
	b.close(b.dirty())
	b.settle()
	q.Filters = []store.Filter{{Column: store.ColBox, In: key(2)}}
	q.Spans = append(q.Spans, store.Span{From: q.Spans[0].From + 1, To: q.Spans[0].From + 2})
	b.expect(q, row(1, key(2), 2, 1, hour+10*minute, 10*minute))
}

// testEditRules: other rules close everything again, and each answer can tell by
// which its facts are made.
func testEditRules(t *testing.T, b *bench) {
	ctx := context.Background()
	h := hourOf(now)
	all := aggregator.Scope{All: true}
	versions := func(scope aggregator.Scope, from, to aggregator.Hour, want ...string) {
		t.Helper()
		b.same("versions", must(b.EditVersions(ctx, scope, from, to)), want)
	}
	old := store.DefaultEditRules()
	versions(all, h, h+1, old.Name())
	b.put(store.Block{Views: []store.View{view(1, now+hour, hour, 5*hour, protocol.ModeLive), view(2, now-23*hour, hour, 5*hour, protocol.ModeLive)}})
	b.put(store.Block{Views: []store.View{{Stamp: in43(at(3, now+hour)), DurationMs: hour, Speed: 100}}})
	b.settle()
	q := editedDay()
	b.expect(q, row(0, nil, 2, 1, 2*hour, hour))
	if err := b.SetEditRules(ctx, old); err != nil {
		t.Fatal(err)
	}
	if s := b.dirty(); len(s.Cells) > 0 {
		t.Fatalf("the same rules leave %v to close", s.Cells)
	}
	r := old
	r.LiveMs, r.Version = 9*hour/2, "2.longer"
	for _, bad := range []store.EditRules{{}, {Version: "a b"}, func() store.EditRules { bad := r; bad.Episodes = 0; return bad }()} {
		if err := b.SetEditRules(ctx, bad); !strings.HasPrefix(fmt.Sprint(err), "bad_edit_rules") {
			t.Errorf("SetEditRules(%+v) = %v", bad, err)
		}
	}
	closed := len(must(b.Dirty(ctx, 1<<20)).Cells)
	if err := b.SetEditRules(ctx, r); err != nil {
		t.Fatal(err)
	}
	s := b.dirty()
	if len(s.Cells) <= closed || s.Cells[0].Hour != h+1 {
		t.Fatalf("other rules leave %v to close", s.Cells)
	}
	b.expect(q, row(0, nil, 2, 1, 2*hour, hour))
	versions(all, h, h+1, old.Name())
	part := store.Snapshot{Mark: s.Mark}
	for _, c := range s.Cells {
		if c.Province == 33 && c.Hour == h {
			part.Cells = append(part.Cells, c)
		}
	}
	b.close(part)
	versions(all, h, h+1, old.Name(), r.Name())
	versions(aggregator.Scope{Provinces: []aggregator.Province{33}}, h, h+1, r.Name())
	versions(aggregator.Scope{Provinces: []aggregator.Province{43}}, h, h+1, old.Name())
	versions(aggregator.Scope{}, h, h+1, r.Name()) // nobody's facts: what is in force
	b.expect(q, row(0, nil, 2, 2, 2*hour, 3*hour/2))
	b.settle()
	versions(all, h-48, h+48, r.Name())
	if !b.engine.Forgets {
		if err := b.Shutdown(); err != nil {
			t.Fatal(err)
		}
		b.Store = b.engine.Open(t, b.dir)
		if s := b.dirty(); len(s.Cells) > 0 {
			t.Fatalf("opened again, %v is dirty", s.Cells)
		}
		versions(all, h-48, h+48, r.Name())
		b.put(store.Block{Views: []store.View{view(4, now+hour, hour, 9*hour/2, protocol.ModeLive)}})
		b.settle()
		b.expect(q, row(0, nil, 3, 3, 3*hour, 5*hour/2))
	}
}
