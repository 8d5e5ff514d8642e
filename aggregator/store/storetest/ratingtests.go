package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// Who watched for how long, and what was broadcast.

func testFactReach(t *testing.T, b *bench) {
	var views []store.View
	var want []store.Row
	// f has a box of its own watch stretches [from, to) in seconds from now; reach
	// is what its hour must show.
	f := func(reach []int64, stretches ...[2]int64) {
		box := uint64(1 + len(want))
		for i, s := range stretches {
			views = append(views, store.View{Stamp: at(box, now+s[1]*second), DurationMs: (s[1] - s[0]) * second, Mode: 1, Channel: 7, Speed: 100, Part: uint32(i)})
		}
		want = append(want, row(1, key(box), reach...))
	}
	f([]int64{1, 0, 0, 0}, [2]int64{10, 15})                         // 5 s
	f([]int64{1, 1, 0, 0}, [2]int64{10, 70})                         // 60 s
	f([]int64{1, 0, 0, 0}, [2]int64{10, 69})                         // a second short of it
	f([]int64{1, 1, 1, 0}, [2]int64{10, 190})                        // 180 s
	f([]int64{1, 1, 1, 1}, [2]int64{10, 910})                        // 900 s
	f([]int64{1, 1, 1, 0}, [2]int64{10, 909})                        //
	f([]int64{1, 1, 1, 1}, [2]int64{10, 500}, [2]int64{500, 910})    // two parts that meet
	f([]int64{1, 1, 1, 0}, [2]int64{10, 500}, [2]int64{501, 911})    // a gap of a second
	f([]int64{1, 1, 1, 1}, [2]int64{-890, 10})                       // reached in this hour
	f([]int64{1, 1, 1, 1}, [2]int64{-890, -600}, [2]int64{-600, 10}) // the same in parts, one of them all before it
	f([]int64{1, 1, 1, 0}, [2]int64{-890, 9})                        // not reached
	f([]int64{1, 1, 1, 1}, [2]int64{3599 - 900, 3599})               //
	f([]int64{1, 1, 1, 1}, [2]int64{2700, 3600})                     // at the very end
	f([]int64{1, 1, 1, 0}, [2]int64{2701, 3601})                     // a second into the next hour
	f([]int64{1, 1, 1, 1}, [2]int64{-4000, 4000})                    // all of the hour
	f([]int64{1, 1, 0, 0}, [2]int64{0, 100}, [2]int64{200, 300})     // not added up
	f([]int64{1, 1, 1, 0}, [2]int64{0, 300}, [2]int64{100, 200})     // one inside the other
	short := store.View{Stamp: at(900, now+4999), DurationMs: 4999, Mode: 1, Channel: 7, Speed: 100}
	fast := store.View{Stamp: at(901, now+1000*second), DurationMs: 1000 * second, Mode: 1, Channel: 7, Speed: 400}
	ended := store.View{Stamp: at(902, now), DurationMs: 1000 * second, Mode: 1, Channel: 7, Speed: 100} // in the hour before
	b.put(store.Block{Views: append(views, short, fast, ended)})
	b.settle()
	q := hourly(store.FactReach, []store.Column{store.ColBox}, sum(store.Reaches...))
	q.Spans = []store.Span{{}, q.Spans[1]}
	b.expect(q, want...)
	q = hourly(store.FactReach, nil, []store.Value{{Measure: store.MeasureReach900, DistinctBoxes: true}, {Measure: store.MeasureReach5, DistinctBoxes: true}})
	q.Spans = []store.Span{{From: int32(hourOf(now)) - 2, To: int32(hourOf(now)) + 2}}
	b.expect(q, row(0, key(), 9, 18))

	// A part that comes late makes one run of two, also for the next hour.
	part := func(n, m int64) store.View {
		return store.View{Stamp: at(950, now+m*second), DurationMs: (m - n) * second, Mode: 1, Channel: 8, Speed: 100}
	}
	b.put(store.Block{Views: []store.View{part(-890, -600), part(-300, 10)}})
	b.settle()
	late := hourly(store.FactReach, nil, sum(store.MeasureReach900))
	late.Filters = []store.Filter{{Column: store.ColChannel, In: key(8)}}
	b.expect(late)
	b.put(store.Block{Views: []store.View{part(-600, -300)}})
	b.settle()
	b.expect(late, row(1, key(), 1))
}

func testFactMinute(t *testing.T, b *bench) {
	b.put(store.Block{Views: []store.View{
		{Stamp: at(1, now+90*second), DurationMs: 150 * second, Mode: 1, Channel: 7, Speed: 100}, // 19:59 to 20:01:30
		{Stamp: at(2, now+90*second), DurationMs: 60 * second, Mode: 1, Channel: 7, Speed: 100},
		{Stamp: at(3, now+30*second), DurationMs: 10 * second, Mode: 4, Content: 9, Speed: 100},
		{Stamp: at(4, now+30*second), DurationMs: 10 * second, Mode: 4, Content: 9, Speed: 200},
	}})
	b.settle()
	eight := uint64(20 * 60)
	by := []store.Column{store.ColMode, store.ColChannel, store.ColMinute}
	b.expect(hourly(store.FactMinute, by, sum(store.MeasureViewingMs)),
		row(0, key(1, 7, eight-1), 60*second),
		row(1, key(1, 7, eight), 90*second), row(1, key(1, 7, eight+1), 60*second), row(1, key(4, 0, eight), 10*second))
	q := daily(store.FactMinute, []store.Column{store.ColMinute}, sum(store.MeasureViewingMs))
	q.Filters = []store.Filter{{Column: store.ColMinute, In: key(eight-1, eight)}}
	b.expect(q, row(0, key(eight-1), 60*second), row(0, key(eight), 100*second))
}

// airs is a schedule of channel "one" (or another) from some seconds after now.
func airs(code uint64, from, lasts int64, more ...string) store.ObjectRow {
	return shown(c3.ElementSchedule, code, from, lasts, append([]string{"ChannelCode", "one"}, more...)...)
}

func shown(e c3.Element, code uint64, from, lasts int64, more ...string) store.ObjectRow {
	t := time.UnixMilli(now + from*second).In(aggregator.Shanghai)
	r := store.ObjectRow{Element: e, Code: code, Name: 5, Properties: []c3.Property{
		{Name: "StartDate", Value: t.Format("20060102")}, {Name: "StartTime", Value: t.Format("150405")},
		{Name: "Duration", Value: fmt.Sprintf("%02d%02d%02d", lasts/3600, lasts/60%60, lasts%60)}}}
	for i := 0; i < len(more); i += 2 {
		r.Properties = append(r.Properties, c3.Property{Name: more[i], Value: more[i+1]})
	}
	return r
}

var one = aggregator.TextKey("one")

// watch is a View of stretch [from, to) in seconds from now.
func watch(box uint64, mode protocol.Mode, channel, content uint64, from, to int64) store.View {
	return store.View{Stamp: at(box, now+to*second), DurationMs: (to - from) * second, Mode: uint8(mode), Channel: channel, Content: content, Speed: 100}
}

func testFactBroadcast(t *testing.T, b *bench) {
	const day = 24 * 3600
	b.give(catalogue(1, []store.ObjectRow{
		airs(11, -1800, 1800), airs(12, 0, 1800), airs(13, 1800, 7200), // to 21:30, over 21:00
		airs(14, 5400, 0),                      // 21:30, its length is not told: to the next
		airs(15, 5400+3600, 3600),              // 22:30
		shown(c3.ElementSchedule, 16, 0, 1800), // its channel comes by a mapping
		shown(c3.ElementScheduleRecord, 21, -60, 1920, "ChannelID", "one"), // of 12, a minute longer at either end
		shown(c3.ElementScheduleRecord, 22, 40000, 60, "ChannelID", "one"), // of nothing
	}, store.MappingRow{Parent: c3.ElementChannel, ParentCode: 77, Child: c3.ElementSchedule, ChildCode: 16}))
	live, catchup, shift := protocol.ModeLive, protocol.ModeCatchup, protocol.ModeTimeshift
	b.put(store.Block{Views: []store.View{
		watch(1, live, one, 0, -60, 60),                       // over the end of 11
		watch(2, live, one, 0, 1740, 3660),                    // 12, 13, and over the hour
		watch(3, live, 77, 0, 0, 900),                         // half of 16
		watch(4, live, 99, 0, 0, 900),                         // a channel without schedule
		watch(5, shift, one, 12, 1900, 1960),                  // told what it shifts
		watch(6, shift, one, 0, 1900, 1960),                   // not told
		watch(7, catchup, 0, 12, 3600, 4500),                  // the same evening
		watch(8, catchup, 0, 21, 6*3600-60, 6*3600+60),        // over 02:00: the TV day ends
		watch(9, catchup, 0, 12, 3*day, 3*day+60),             // the third day
		watch(10, catchup, 0, 12, 7*day, 7*day+60),            // the last
		watch(11, catchup, 0, 12, 7*day+5*3600, 7*day+7*3600), // 01:00 to 03:00: half of it
		watch(12, catchup, 0, 12, 9*day, 9*day+60),            // too late
		watch(13, catchup, 0, 12, -3700, -3640),               // before it began
		watch(14, catchup, 0, 22, 50000, 50060),               // of nothing
		watch(15, catchup, one, 0, 50000, 50060),              // not told
	}})
	b.settle()
	d := int32(aggregator.DayOf(now))
	whole := []store.Span{{From: d - 2, To: d + 12}}
	q := store.Query{Fact: store.FactBroadcast, AllProvinces: true, Spans: whole,
		GroupBy: []store.Column{store.ColBroadcast, store.ColMode, store.ColLag, store.ColBox}, Values: sum(store.MeasureViewingMs, store.MeasureAudience, store.MeasureReach60)}
	rows := []store.Row{
		row(0, key(11, 1, 0, 1), 60_000, 33_333_333, 1),
		row(0, key(12, 1, 0, 1), 60_000, 33_333_333, 1),
		row(0, key(12, 1, 0, 2), 60_000, 33_333_333, 1),
		row(0, key(12, 2, 0, 5), 60_000, 33_333_333, 1),
		row(0, key(12, 3, 0, 7), 900_000, 500_000_000, 1),
		row(0, key(12, 3, 0, 8), 60_000, 33_333_333, 1),
		row(0, key(12, 3, 1, 8), 60_000, 33_333_333, 1),
		row(0, key(12, 3, 3, 9), 60_000, 33_333_333, 1),
		row(0, key(12, 3, 7, 10), 60_000, 33_333_333, 1),
		row(0, key(12, 3, 7, 11), 3_600_000, 2_000_000_000, 1),
		row(0, key(13, 1, 0, 2), 1_860_000, 500_000_000+16_666_667, 2), // 30 minutes and one, in two hours
		row(0, key(16, 1, 0, 3), 900_000, 500_000_000, 1),
	}
	b.expect(q, rows...)
	q.Aired, q.Spans = true, []store.Span{{From: d, To: d + 1}} // all were broadcast that day
	b.expect(q, rows...)
	q.Filters = []store.Filter{{Column: store.ColLag, In: key(0, 1, 2, 3)}}
	q.GroupBy, q.Values = []store.Column{store.ColBroadcast}, sum(store.MeasureViewingMs)
	b.expect(q, row(0, key(11), 60_000), row(0, key(12), 1_260_000), row(0, key(13), 1_860_000), row(0, key(16), 900_000))
	h := int32(hourOf(now))
	q.Hourly, q.Spans = true, []store.Span{{From: h - 1, To: h}, {From: h, To: h + 1}}
	b.expect(q, row(0, key(11), 60_000), row(1, key(12), 1_260_000), row(1, key(13), 1_860_000), row(1, key(16), 900_000))
	q.Filters, q.Hourly, q.Spans = nil, false, []store.Span{{From: d, To: d + 1}}
	q.GroupBy, q.Values = []store.Column{store.ColProgramme, store.ColGenre}, []store.Value{{Measure: store.MeasureReach180, DistinctBoxes: true}}
	b.expect(q, row(0, key(5, 0), 4)) // boxes 2, 3, 7 and 11

	// What is on the air beside it, and how long each lasts.
	air := store.Query{Fact: store.FactAir, Aired: true, AllProvinces: true, Spans: []store.Span{{From: d, To: d + 1}},
		GroupBy: []store.Column{store.ColBroadcast, store.ColCity}, Values: sum(store.MeasureTVMs, store.MeasureAirings, store.MeasureAirMs)}
	b.expect(air,
		row(0, key(11, 0), 0, 1, 1_800_000), row(0, key(11, 3301), 60_000, 0, 0),
		row(0, key(12, 0), 0, 1, 1_800_000), row(0, key(12, 3301), 60_000+60_000+900_000+900_000, 0, 0),
		row(0, key(13, 0), 0, 1, 3_600_000), row(0, key(13, 3301), 60_000+60_000+1_860_000+900_000, 0, 0),
		row(0, key(14, 0), 0, 1, 3_600_000), row(0, key(15, 0), 0, 1, 3_600_000),
		row(0, key(16, 0), 0, 1, 1_800_000), row(0, key(16, 3301), 60_000+60_000+900_000+900_000, 0, 0))
	air.GroupBy, air.Values = nil, []store.Value{{Measure: store.MeasureAirings, DistinctBoxes: true}}
	b.expect(air, row(0, key(), 6))

	begins := time.UnixMilli(now).In(aggregator.Shanghai)
	for _, s := range []aggregator.Scope{{All: true}, {Provinces: []aggregator.Province{43, 33}}} {
		got, err := b.Broadcasts(context.Background(), s, key(12, 99, 16, 12))
		if err != nil {
			t.Fatal(err)
		}
		half := begins.Add(30 * time.Minute).UnixMilli()
		b.same("broadcasts", got, []store.BroadcastRow{{Province: 33, Code: 12, Channel: one, StartMs: now, EndMs: half, Name: "name"},
			{Province: 33, Code: 16, Channel: 77, StartMs: now, EndMs: half, Name: "name"}})
	}
	for _, s := range []aggregator.Scope{{}, {Provinces: []aggregator.Province{43}}} {
		if got, err := b.Broadcasts(context.Background(), s, key(12)); len(got) != 0 || err != nil {
			t.Errorf("scope %v sees %v, %v", s, got, err)
		}
	}

	var bad *aggregator.Error
	if _, err := b.Query(context.Background(), store.Query{Fact: store.FactView, Aired: true, AllProvinces: true, Spans: whole, Values: sum(store.MeasurePlays)}); !errors.As(err, &bad) {
		t.Errorf("views by when they were aired: %v", err)
	}
}

// testCorrectedSchedule: what was closed under a schedule is closed again under a
// corrected one, catch-up of days later too, and nothing else is.
func testCorrectedSchedule(t *testing.T, b *bench) {
	const day = 24 * 3600
	f := catalogue(1, []store.ObjectRow{airs(11, 0, 1800), airs(12, 1800, 1800)})
	b.give(f)
	b.settle()
	b.put(store.Block{Views: []store.View{
		watch(1, protocol.ModeLive, one, 0, 0, 3600),
		watch(2, protocol.ModeCatchup, one, 12, 2*day, 2*day+600),
		watch(3, protocol.ModeCatchup, one, 11, 2*day+7200, 2*day+7800),
	}})
	b.settle()
	again := f
	again.ID, again.VersionMs = [16]byte{9}, 2
	b.give(again)
	b.same("dirt of what says nothing new", b.dirty().Cells, []store.Cell(nil))
	q := daily(store.FactBroadcast, []store.Column{store.ColBroadcast, store.ColBox}, sum(store.MeasureViewingMs))
	q.Aired = true
	b.expect(q, row(0, key(11, 1), 1_800_000), row(0, key(11, 3), 600_000), row(0, key(12, 1), 1_800_000), row(0, key(12, 2), 600_000))

	// 12 began ten minutes later, so 11 is as it was.
	b.give(catalogue(3, []store.ObjectRow{airs(12, 2400, 1200)}))
	b.same("dirt of the correction", b.dirty().Cells, []store.Cell{cell(48, 33), cell(0, 33)})
	b.settle()
	b.expect(q, row(0, key(11, 1), 1_800_000), row(0, key(11, 3), 600_000), row(0, key(12, 1), 1_200_000), row(0, key(12, 2), 600_000))

	// 11 is gone, and with it what was watched of it.
	gone := store.ObjectRow{Element: c3.ElementSchedule, Code: 11, Deleted: true}
	b.give(catalogue(4, []store.ObjectRow{gone}))
	b.same("dirt of the deletion", b.dirty().Cells, []store.Cell{cell(50, 33), cell(0, 33)})
	b.settle()
	b.expect(q, row(0, key(12, 1), 1_200_000), row(0, key(12, 2), 600_000))

	// Another begins when 12 does and is told later: it holds, and the code of 12
	// still names what was on then.
	b.give(catalogue(5, []store.ObjectRow{airs(13, 2400, 600)}))
	b.settle()
	b.expect(q, row(0, key(13, 1), 600_000), row(0, key(13, 2), 600_000))
	// An older file says nothing new.
	b.give(catalogue(1, []store.ObjectRow{airs(13, 0, 600)}))
	b.same("dirt of an older file", b.dirty().Cells, []store.Cell(nil))
}
