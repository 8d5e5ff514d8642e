package quality

import (
	"slices"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// plain is a row of which nothing is known.
func plain() *Row {
	return &Row{Province: 33, Day: 20_574, GenreUnknown: indicator.None(), PlaceUnknown: indicator.None(), BoxCoverage: indicator.None()}
}

func TestRules(t *testing.T) {
	f := func(change func(*Row), verdict Verdict, codes ...string) {
		t.Helper()
		r := plain()
		change(r)
		r.judge()
		var got []string
		for _, why := range r.Reasons {
			got = append(got, why.Code)
			if strings.ContainsAny(why.Text.ZH+why.Text.EN, "{}") {
				t.Errorf("a hole is not filled: %+v", why.Text)
			}
		}
		if r.Verdict != verdict || !slices.Equal(got, codes) {
			t.Errorf("got %s %v, want %s %v", r.Verdict, got, verdict, codes)
		}
	}
	feed := func(d FeedDay) func(*Row) { return func(r *Row) { r.Feeds = []FeedDay{d} } }
	one := int64(1)
	f(func(*Row) {}, None)
	f(feed(FeedDay{Feed: c3.FeedOrders, State: Pending, Due: 1}), None)
	f(feed(FeedDay{Feed: c3.FeedOrders, State: Arrived, Files: 1}), Good)
	f(feed(FeedDay{Feed: c3.FeedOrders, State: Late, Files: 1}), Attention, "file_late")
	f(feed(FeedDay{Feed: c3.FeedOrders, State: Missing, Due: 24, Files: 23, Lacking: 1}), Bad, "file_missing")
	f(feed(FeedDay{Feed: c3.FeedProducts, State: Missing, Due: 1, Lacking: 1}), Attention, "file_missing")
	f(feed(FeedDay{Feed: c3.FeedCatalogue, State: Missing, Due: 1, Lacking: 1}), Attention, "file_missing")
	f(feed(FeedDay{Feed: c3.FeedOrders, State: Missing, Due: 1, Files: 1, Refused: 1, Lacking: 1}), Bad, "file_refused")
	f(feed(FeedDay{Feed: c3.FeedOrders, State: Arrived, Due: 1, Files: 2, Refused: 1}), Attention, "file_refused")
	f(feed(FeedDay{Feed: c3.FeedCatalogue, State: Arrived, Files: 1, Refused: 1}), Bad, "file_refused")
	f(feed(FeedDay{Feed: c3.FeedSubscribers, State: Arrived, Files: 1, Waiting: 1}), Attention, "file_waiting")
	f(feed(FeedDay{Feed: c3.FeedOrders, State: Arrived, Files: 1, Records: 10_000, Rejected: 9}), Good)
	f(feed(FeedDay{Feed: c3.FeedOrders, State: Arrived, Files: 1, Records: 10_000, Rejected: 10}), Attention, "records_rejected")
	f(feed(FeedDay{Feed: c3.FeedOrders, State: Arrived, Files: 1, Records: 100, Rejected: 2}), Bad, "records_rejected")
	f(func(r *Row) { r.Balance = &Balance{} }, Good)
	f(func(r *Row) { r.Balance = &Balance{Error: -1} }, Bad, "unbalanced")
	f(func(r *Row) { r.Balance, r.Untold = &Balance{After: 1001}, &one }, Good)
	f(func(r *Row) { r.Balance, r.Untold = &Balance{After: 1000}, &one }, Attention, "untold")
	f(func(r *Row) { r.Balance, r.Untold = &Balance{After: 100}, &one }, Bad, "untold")
	f(func(r *Row) { r.GenreUnknown, r.PlaceUnknown = 100, 100 }, None) // without a catalogue nobody can know
	f(func(r *Row) { r.GenreUnknown, r.PlaceUnknown = 9.9, 0 }, Good)
	f(func(r *Row) { r.GenreUnknown, r.PlaceUnknown = 10, 100 }, Bad, "place_unknown", "genre_unknown")
	f(func(r *Row) { r.BoxCoverage = 0 }, Good)
	f(func(r *Row) { r.BoxCoverage = 30 }, Good)
	f(func(r *Row) { r.BoxCoverage = 29.9 }, Attention, "coverage_low")
	f(func(r *Row) { r.BoxCoverage = 4.9 }, Bad, "coverage_low")
	f(func(r *Row) { r.BoxCoverage = 151 }, Attention, "coverage_high")
	boxes := func(synced, unsynced, lost indicator.Number) func(*Row) {
		return func(r *Row) {
			r.Boxes = &BoxDay{Events: 1, ClockSynced: synced, ClockUnsynced: unsynced, Lost: 3, LossRate: lost, Repeated: 1000}
		}
	}
	f(boxes(100, 0, 0), Good) // repeats are no fault
	f(boxes(50, 0.9, 0.09), Good)
	f(boxes(49.9, 0, 0), Attention, "clock_doubtful")
	f(boxes(90, 1, 0), Attention, "clock_unsynced")
	f(boxes(90, 10, 0), Bad, "clock_unsynced")
	f(boxes(90, 0, 0.1), Attention, "events_lost")
	f(boxes(90, 0, 1), Bad, "events_lost")
	f(boxes(0, 100, 50), Bad, "events_lost", "clock_unsynced", "clock_doubtful")
	f(boxes(indicator.None(), indicator.None(), indicator.None()), Good) // batches came again, no more is known
	f(func(r *Row) {
		boxes(100, 0, 0)(r)
		r.Feeds = []FeedDay{{Feed: c3.FeedOrders, State: Pending, Due: 1}}
	}, None)
	f(func(r *Row) {
		boxes(100, 0, 2)(r)
		r.Feeds = []FeedDay{{Feed: c3.FeedOrders, State: Pending, Due: 1}}
	}, Bad, "events_lost")
}

func TestJudgeEvents(t *testing.T) {
	f := func(received, lost, quarantined uint64, verdict Verdict, says ...string) {
		t.Helper()
		v, reasons := JudgeEvents(received, lost, quarantined)
		var got []string
		for _, why := range reasons {
			got = append(got, why.Text.EN)
		}
		if v != verdict || !slices.Equal(got, says) {
			t.Errorf("got %s %q, want %s %q", v, got, verdict, says)
		}
	}
	f(0, 0, 0, None)
	f(10_000, 1, 0, Good)
	f(999, 1, 0, Attention, "1 events lost (0.1%)")
	f(90, 10, 5, Bad, "10 events lost (10%)", "5 events quarantined, not in the figures")
}

const may1 aggregator.Day = 20_574

func TestDues(t *testing.T) {
	f := func(e dialect.Expect, want ...string) {
		t.Helper()
		var got []string
		for _, at := range dues(e, may1) {
			got = append(got, at.Format("02 15:04"))
		}
		if len(got) == 24 {
			got = []string{got[0], got[22], got[23]}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", e, got, want)
		}
	}
	f(dialect.Expect{})
	f(dialect.Expect{Every: "once"})
	f(dialect.Expect{Every: "day", Minute: 390}, "02 06:30")
	f(dialect.Expect{Every: "day"}, "02 00:00")
	f(dialect.Expect{Every: "hour"}, "01 01:00", "01 23:00", "02 00:00")
	f(dialect.Expect{Every: "hour", Minute: 10}, "01 01:10", "01 23:10", "02 00:10")
	f(dialect.Expect{Every: "month", Day: 2, Minute: 60}, "02 01:00")
	f(dialect.Expect{Every: "month", Day: 3, Minute: 60})
}

func TestFeedDay(t *testing.T) {
	hourly := dialect.Expect{Every: "hour", Minute: 10, Grace: time.Hour}
	hour := func(h, m int) int64 { return may1.Start() + int64(h)*aggregator.HourMs + int64(m)*60_000 }
	in := func(ms ...int64) (rows []store.FileRow) {
		for _, m := range ms {
			rows = append(rows, store.FileRow{File: store.File{ReceivedMs: m}, Outcome: c3.OutcomeAccepted, Records: 2, Accepted: 2})
		}
		return rows
	}
	f := func(now int64, files []store.FileRow, state State, lacking int) {
		t.Helper()
		got := feedDay(c3.FeedChanges, hourly, dues(hourly, may1), files, time.UnixMilli(now))
		if got.State != state || got.Lacking != lacking || got.Files != len(files) {
			t.Errorf("got %+v, want %s, %d lacking", got, state, lacking)
		}
	}
	f(hour(2, 0), nil, Pending, 0)
	f(hour(2, 11), nil, Missing, 1)
	f(hour(2, 11), in(hour(2, 10)), Pending, 0)
	f(hour(2, 12), in(hour(2, 11)), Late, 0)
	// Two came when the second was due; that one came early does not make good a late one.
	f(hour(3, 12), in(hour(1, 10), hour(3, 11)), Late, 0)
	f(hour(3, 12), in(hour(3, 5), hour(1, 5)), Pending, 0)
	var all []int64
	for h := range 24 {
		all = append(all, hour(h+1, 15))
	}
	f(hour(30, 0), in(all...), Arrived, 0)
	f(hour(30, 0), in(all[1:]...), Missing, 1)
	refused := in(all...)
	refused[3].Outcome, refused[3].Why = c3.OutcomeRefused, c3.FaultHeader
	f(hour(30, 0), refused, Missing, 1)
	got := feedDay(c3.FeedChanges, hourly, dues(hourly, may1), refused, time.UnixMilli(hour(30, 0)))
	if got.Records != 46 || got.Refused != 1 || got.Outcome != c3.OutcomeRefused || got.Why != c3.FaultHeader || got.DueMs != hour(24, 10) || got.LastMs != hour(24, 15) {
		t.Errorf("%+v", got)
	}
}

func TestExpectations(t *testing.T) {
	day, hour := dialect.Expect{Every: "day"}, dialect.Expect{Every: "hour"}
	f := func(p Promise, heard aggregator.Day, want aggregator.Day) {
		t.Helper()
		first := map[c3.Feed]aggregator.Day{}
		if heard > 0 {
			first[p.Feed] = heard
		}
		got := expectations([]Promise{{Feed: c3.FeedProducts, Due: day, Since: 1}, p, {Feed: p.Feed, Due: dialect.Expect{}}}, first)
		got = slices.DeleteFunc(got, func(e expected) bool { return e.feed == c3.FeedProducts })
		if want == 0 && len(got) == 0 {
			return
		}
		if len(got) != 1 || got[0].from != want || got[0].due != p.Due {
			t.Errorf("%+v heard of on %d: %+v, want %d", p, heard, got, want)
		}
	}
	f(Promise{Feed: c3.FeedOrders, Due: hour}, 0, 0)
	f(Promise{Feed: c3.FeedOrders, Due: hour}, 7, 7)
	f(Promise{Feed: c3.FeedOrders, Due: hour, Since: 9}, 0, 9)
	f(Promise{Feed: c3.FeedOrders, Due: hour, Since: 9}, 7, 7)
	f(Promise{Feed: c3.FeedOrders, Due: hour, Since: 5}, 7, 5)
}
