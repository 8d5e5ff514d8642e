package quality_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/quality"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/aggregator/store/storetest"
	"iptvdc/protocol"
)

// stores are the engines on which a board must show the same.
var stores = map[string]func(testing.TB) store.Store{
	"memory": func(testing.TB) store.Store { return storetest.Memory() },
	"duckdb": func(t testing.TB) store.Store {
		t.Helper()
		st, err := duckdb.Open(filepath.Join(t.TempDir(), "store.duckdb"), duckdb.Options{Threads: 2, MemoryBytes: 256 << 20})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := st.Shutdown(); err != nil {
				t.Error(err)
			}
		})
		return st
	},
}

const day aggregator.Day = 20_574 // 2026-05-01

// at is an hour and minute of the n-th day of the month in Shanghai.
func at(n, hour, minute int) time.Time {
	return time.Date(2026, 5, n, hour, minute, 0, 0, aggregator.Shanghai)
}

// bench is a board over a store, noon of 4 May.
type bench struct {
	*testing.T
	store store.Store
	board *quality.Board
	files byte
}

func newBench(t *testing.T, st store.Store) *bench {
	daily := func(clock string) dialect.Expect {
		minute := map[string]int{"06:30": 390, "07:00": 420}[clock]
		return dialect.Expect{Every: "day", Minute: minute, Grace: time.Hour}
	}
	b := &bench{T: t, store: st}
	b.board = &quality.Board{
		Figures: st, Files: st, Now: func() time.Time { return at(4, 12, 0) },
		Promises: func() map[aggregator.Province][]quality.Promise {
			return map[aggregator.Province][]quality.Promise{
				33: {{Feed: c3.FeedSubscribers, Due: daily("06:30")}, {Feed: c3.FeedChanges, Due: daily("07:00")}, {Feed: c3.FeedOrders, Due: daily("07:00")}},
				// It never sent anything, and must from the third on.
				43: {{Feed: c3.FeedOrders, Due: daily("07:00"), Since: day + 2}},
				44: {{Feed: c3.FeedOrders, Due: daily("07:00")}},
			}
		},
	}
	return b
}

// give takes in a file of the n-th of May that came at a moment.
func (b *bench) give(p aggregator.Province, feed c3.Feed, n int, came time.Time, rows store.FeedRows, faults ...c3.Fault) {
	b.Helper()
	b.files++
	ctx := context.Background()
	st, err := b.store.Stage(ctx, store.File{ID: [16]byte{b.files}, Province: p, Feed: feed, Name: fmt.Sprintf("%s-%d", feed.Word(), n),
		Day: day + aggregator.Day(n) - 1, VersionMs: came.UnixMilli(), ReceivedMs: came.UnixMilli(), Bytes: 9})
	if err != nil {
		b.Fatal(err)
	}
	if err := st.Add(ctx, &rows); err != nil {
		b.Fatal(err)
	}
	counts := map[string]int64{}
	for _, f := range faults {
		counts[f.Code]++
	}
	if _, err := st.Commit(ctx, store.Verdict{Records: int64(rows.Rows() + len(faults)), Faults: faults, Counts: counts, MaxShrink: 100, DoneMs: came.UnixMilli()}); err != nil {
		b.Fatal(err)
	}
}

func active(accounts ...uint64) (rows []store.SubscriberRow) {
	for i, a := range accounts {
		rows = append(rows, store.SubscriberRow{Line: int64(i + 1), Account: a, State: c3.StateActive, City: 3301})
	}
	return rows
}

// may gives three days of files: a good one, one that is late, dirty and tells of
// an account that no change told, one that never comes.
func (b *bench) may() {
	b.Helper()
	b.give(33, c3.FeedSubscribers, 1, at(2, 6, 20), store.FeedRows{Subscribers: active(1, 2, 3)})
	b.give(33, c3.FeedChanges, 1, at(2, 7, 0), store.FeedRows{})
	b.give(33, c3.FeedSubscribers, 2, at(3, 9, 0), store.FeedRows{Subscribers: active(1, 2, 4)}, c3.Fault{Line: 4, Field: "OPEN", Code: c3.FaultTime, Raw: "x"})
	b.give(33, c3.FeedChanges, 2, at(3, 7, 0), store.FeedRows{Changes: []store.ChangeRow{{Line: 1, Account: 3, Op: c3.OpCancel, AtMs: at(2, 15, 0).UnixMilli()}}})
	if err := b.store.Note(context.Background(), store.File{ID: [16]byte{200}, Province: 33, Feed: c3.FeedOrders, Name: "orders", Day: day + 1, ReceivedMs: at(3, 7, 0).UnixMilli()},
		c3.Receipt{Outcome: c3.OutcomeRefused, Faults: []c3.Fault{{Code: c3.FaultHeader}}}); err != nil {
		b.Fatal(err)
	}
	b.give(33, c3.FeedOrders, 1, at(2, 7, 0), store.FeedRows{})
}

// say writes a row in a line.
func say(r *quality.Row) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s %s %s", r.Province, r.Day, r.Verdict)
	for _, f := range r.Feeds {
		fmt.Fprintf(&s, "; %s %s %d/%d", f.Feed.Word(), f.State, f.Files, f.Due)
		if f.Files > 0 {
			fmt.Fprintf(&s, " %s %d-%d", f.Outcome.Word(), f.Records, f.Rejected)
		}
	}
	if b := r.Balance; b != nil {
		fmt.Fprintf(&s, "; %d+%d+%d-%d=%d", b.Before, b.Opening, b.New, b.Cancelled, b.After)
	}
	if b := r.Boxes; b != nil {
		fmt.Fprintf(&s, "; %d events, %.4g%% synced, %.4g%% unsynced, %d lost, %d again", b.Events, float64(b.ClockSynced), float64(b.ClockUnsynced), b.Lost, b.Repeated)
	}
	if r.Untold != nil {
		fmt.Fprintf(&s, "; untold %d", *r.Untold)
	}
	for _, why := range r.Reasons {
		fmt.Fprintf(&s, "; %s %s", why.Verdict, why.Text.EN)
	}
	return s.String()
}

func TestBoard(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, open(t))
			b.may()
			f := func(scope aggregator.Scope, from, to aggregator.Day, want ...string) {
				t.Helper()
				rows, err := b.board.Rows(t.Context(), scope, from, to)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for i := range rows {
					got = append(got, say(&rows[i]))
				}
				if strings.Join(got, "\n") != strings.Join(want, "\n") {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
			zhejiang := []string{
				"33 2026-05-01 good; subscribers arrived 1/1 accepted 3-0; changes arrived 1/1 accepted 0-0; orders arrived 1/1 accepted 0-0; 0+3+0-0=3; untold 0",
				"33 2026-05-02 bad; subscribers late 1/1 partly 4-1; changes arrived 1/1 accepted 1-0; orders missing 1/1 refused 0-0; 3+0+1-1=3; untold 1" +
					"; bad Orders: 1 refused; bad Subscribers: 1 of 4 records rejected (25%); bad changes of accounts that no file of changes told: 1 (33.3%); attention Subscribers: came late",
				"33 2026-05-03 bad; subscribers missing 0/1; changes missing 0/1; orders missing 0/1" +
					"; bad Subscribers: missing, 1 of 1; bad Changes: missing, 1 of 1; bad Orders: missing, 1 of 1",
				"33 2026-05-04 none; subscribers pending 0/1; changes pending 0/1; orders pending 0/1",
			}
			hunan := []string{
				"43 2026-05-03 bad; orders missing 0/1; bad Orders: missing, 1 of 1",
				"43 2026-05-04 none; orders pending 0/1",
			}
			all := aggregator.Scope{All: true}
			f(all, day, day+30, append(zhejiang, hunan...)...)
			f(aggregator.Scope{Provinces: []aggregator.Province{33}}, day, day+3, zhejiang...)
			f(aggregator.Scope{Provinces: []aggregator.Province{43, 44}}, day, day+3, hunan...)
			f(aggregator.Scope{}, day, day+3)
			f(all, day+10, day+12)
			// What was heard before the days asked for makes a feed expected.
			f(all, day+2, day+2, zhejiang[2], hunan[0])
			f(all, day-10, day-1)
			if _, err := b.board.Rows(t.Context(), all, day-quality.MaxDays, day); err == nil {
				t.Error("too many days are not refused")
			}
		})
	}
}

// What boxes tell and lose is judged by province and day; it makes no files good.
func TestBoardOfBoxes(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, open(t))
			stamp := func(p aggregator.Province, n, hour int, c protocol.Clock) store.Stamp {
				return store.Stamp{Province: p, Box: uint64(p), AtMs: at(n, hour, 0).UnixMilli(), Clock: uint8(c)}
			}
			blk := &store.Block{ID: [16]byte{9}, Tallies: []store.Tally{
				{Stamp: stamp(33, 1, 20, protocol.ClockServer), Lost: 3},
				{Stamp: stamp(44, 2, 20, protocol.ClockServer), Repeated: 2},
				{Stamp: stamp(0, 2, 20, protocol.ClockServer), Lost: 2},
			}}
			for n := range 7 {
				blk.Powers = append(blk.Powers, store.Power{Stamp: stamp(33, 1, 1+n, []protocol.Clock{3, 2, 3, 3, 2, 1, 0}[n])})
			}
			blk.Powers = append(blk.Powers, store.Power{Stamp: stamp(44, 1, 3, protocol.ClockServer)}, store.Power{Stamp: stamp(44, 4, 3, protocol.ClockBox)})
			if _, err := b.store.Insert(t.Context(), blk); err != nil {
				t.Fatal(err)
			}
			dirty, err := b.store.Dirty(t.Context(), 100)
			if err == nil {
				err = b.store.Close(t.Context(), dirty)
			}
			if err != nil {
				t.Fatal(err)
			}
			f := func(scope aggregator.Scope, want ...string) {
				t.Helper()
				rows, err := b.board.Rows(t.Context(), scope, day, day+3)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for i := range rows {
					if rows[i].Boxes != nil {
						got = append(got, say(&rows[i]))
					}
				}
				if strings.Join(got, "\n") != strings.Join(want, "\n") {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
			guangdong := []string{
				"44 2026-05-01 good; 1 events, 100% synced, 0% unsynced, 0 lost, 0 again",
				"44 2026-05-02 good; 0 events, NaN% synced, NaN% unsynced, 0 lost, 2 again",
				"44 2026-05-04 attention; 1 events, 0% synced, 0% unsynced, 0 lost, 0 again; attention only 0% of the events have the time of a synced clock",
			}
			f(aggregator.Scope{All: true}, append([]string{
				"33 2026-05-01 bad; 7 events, 71.43% synced, 14.29% unsynced, 3 lost, 0 again" +
					"; bad 3 events lost (30%); bad the time of 14.3% of the events is a guess: their boxes never knew it",
			}, guangdong...)...)
			f(aggregator.Scope{Provinces: []aggregator.Province{44}}, guangdong...)
			f(aggregator.Scope{})
			l, err := b.board.Latest(t.Context())
			if err != nil || len(l.Provinces) != 3 || l.Provinces[2].Boxes == nil || l.Provinces[2].Boxes.ClockSynced != 0 || l.Provinces[1].Boxes != nil {
				t.Errorf("%+v, %v", l.Provinces, err)
			}
		})
	}
}

func TestLatest(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, open(t))
			b.may()
			got, err := b.board.Latest(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var s strings.Builder
			for _, f := range got.Feeds {
				fmt.Fprintf(&s, "%s %s day %d %d-%d %v\n", f.Province, f.Feed.Word(), max(0, f.Day-day+1), f.Records, f.Rejected, f.Overdue)
			}
			for _, p := range got.Provinces {
				fmt.Fprintf(&s, "%s %v %v\n", p.Province, p.Balance != nil && p.Balance.After == 3, p.BoxCoverage)
			}
			const want = `33 subscribers day 2 4-1 true
33 changes day 2 1-0 true
33 orders day 1 0-0 true
43 orders day 0 0-0 true
33 true 0
43 false NaN
`
			if s.String() != want {
				t.Errorf("got\n%swant\n%s", s.String(), want)
			}
			// What came makes good what was overdue.
			b.give(33, c3.FeedChanges, 3, at(4, 11, 0), store.FeedRows{})
			got, err = b.board.Latest(t.Context())
			if err != nil || got.Feeds[1].Overdue || got.Feeds[1].Day != day+2 {
				t.Errorf("%v %+v", err, got.Feeds)
			}
		})
	}
}
