package backfill

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/protocol"
)

// cloned is a store into which each block goes with the events of every clone: what
// Clone claims to equal.
type cloned struct {
	Target
	n int
}

func (c cloned) Insert(ctx context.Context, b *store.Block) (bool, error) {
	return c.Target.Insert(ctx, cloneBlock(b, c.n))
}

func cloneBlock(b *store.Block, n int) *store.Block {
	all := &store.Block{ID: b.ID, Codes: b.Codes}
	for k := range n {
		stamp := func(s *store.Stamp) { s.Box, s.Account = CloneKey(s.Box, k), CloneKey(s.Account, k) }
		all.Powers = append(all.Powers, each(b.Powers, func(r *store.Power) { stamp(&r.Stamp) })...)
		all.PageViews = append(all.PageViews, each(b.PageViews, func(r *store.PageView) { stamp(&r.Stamp) })...)
		all.Clicks = append(all.Clicks, each(b.Clicks, func(r *store.Click) { stamp(&r.Stamp) })...)
		all.Views = append(all.Views, each(b.Views, func(r *store.View) { stamp(&r.Stamp) })...)
		all.Orders = append(all.Orders, each(b.Orders, func(r *store.Order) { stamp(&r.Stamp); r.OrderID = CloneKey(r.OrderID, k) })...)
		all.Impressions = append(all.Impressions, each(b.Impressions, func(r *store.Impression) { stamp(&r.Stamp) })...)
		all.OrderPages = append(all.OrderPages, each(b.OrderPages, func(r *store.OrderPage) { stamp(&r.Stamp) })...)
		all.Playbacks = append(all.Playbacks, each(b.Playbacks, func(r *store.Playback) { stamp(&r.Stamp) })...)
		all.Healths = append(all.Healths, each(b.Healths, func(r *store.Health) { stamp(&r.Stamp) })...)
		all.Runnings = append(all.Runnings, each(b.Runnings, func(r *store.Running) { stamp(&r.Stamp) })...)
		all.Notices = append(all.Notices, each(b.Notices, func(r *store.Notice) { stamp(&r.Stamp) })...)
		all.Tallies = append(all.Tallies, each(b.Tallies, func(r *store.Tally) { stamp(&r.Stamp) })...)
		all.Identities = append(all.Identities, each(b.Identities, func(r *store.IdentityRow) { r.Box, r.Account = CloneKey(r.Box, k), CloneKey(r.Account, k) })...)
		all.Clocks = append(all.Clocks, each(b.Clocks, func(r *store.ClockRow) { r.Box = CloneKey(r.Box, k) })...)
		all.Retimes = append(all.Retimes, each(b.Retimes, func(r *store.Retime) { r.Box = CloneKey(r.Box, k) })...)
	}
	return all
}

func each[R any](rows []R, change func(*R)) []R {
	rows = slices.Clone(rows)
	for i := range rows {
		change(&rows[i])
	}
	return rows
}

// schedule says what the set's first channels broadcast, half an hour each, on an
// evening.
func schedule(s *Set) *store.FeedRows {
	texts := map[uint64]string{}
	for _, c := range s.Codes() {
		texts[c.Key] = c.Text
	}
	rows := &store.FeedRows{}
	days := s.DaysOf()
	for n, channel := range s.world.channels[:4] {
		for at := days[0].Start() + 12*aggregator.HourMs; at < days[0].Start()+aggregator.DayMs; at += 30 * 60_000 {
			text := fmt.Sprintf("air/%d/%d", n, at)
			t := time.UnixMilli(at).In(aggregator.Shanghai)
			rows.Codes = append(rows.Codes, store.Code{Key: aggregator.TextKey(text), Text: text})
			rows.Objects = append(rows.Objects, store.ObjectRow{Element: c3.ElementSchedule, Code: aggregator.TextKey(text), Line: int64(len(rows.Objects) + 1),
				Properties: []c3.Property{{Name: "ChannelCode", Value: texts[channel]}, {Name: "StartDate", Value: t.Format("20060102")},
					{Name: "StartTime", Value: t.Format("150405")}, {Name: "Duration", Value: "003000"}}})
		}
	}
	return rows
}

// odd is what a backfill has not: floods, losses, boxes without a city, in two
// provinces or with a clock that proves right later, viewing without a viewer and of
// what was broadcast before.
func odd(s *Set) *store.Block {
	p, other := s.world.provinces[0], s.world.provinces[1]
	day := s.DaysOf()[0]
	at := day.Start() + 19*aggregator.HourMs
	stamp := func(box uint64, ms int64) store.Stamp {
		return store.Stamp{Province: p, City: aggregator.City(p) * 100, Box: box, Account: box % 3, Boot: 7, MonoMs: ms, AtMs: at + ms, Clock: 2}
	}
	in := func(s store.Stamp, p aggregator.Province, c aggregator.City) store.Stamp {
		s.Province, s.City = p, c
		return s
	}
	b := &store.Block{ID: [16]byte{77}}
	for i := range int64(200) { // of box 1 a minute has too many
		b.PageViews = append(b.PageViews, store.PageView{Stamp: stamp(1, i*100), Page: 5, From: 6})
	}
	live := store.View{Mode: uint8(protocol.ModeLive), Channel: s.world.channels[0], Speed: 100, DurationMs: 40 * 60_000}
	view := func(st store.Stamp, change func(*store.View)) {
		v := live
		v.Stamp = st
		change(&v)
		b.Views = append(b.Views, v)
	}
	view(stamp(1, 50*60_000), func(*store.View) {})
	view(stamp(2, 70*60_000), func(*store.View) {})
	view(stamp(2, 90*60_000), func(v *store.View) { v.DurationMs = 20 * 60_000; v.Part = 1; v.TV = uint8(protocol.TVOff) })
	view(in(stamp(3, 71*60_000), p, 0), func(v *store.View) { v.IdleMs = 5 * aggregator.HourMs })
	view(in(stamp(3, 80*60_000), other, aggregator.City(other)*100), func(*store.View) {})
	view(stamp(4, 30*60_000), func(v *store.View) {
		v.Mode, v.Channel, v.Content = uint8(protocol.ModeCatchup), 0, aggregator.TextKey(fmt.Sprintf("air/0/%d", at-2*aggregator.HourMs))
	})
	for n := range int64(6) { // episodes that nobody asked for
		view(stamp(5, (n+1)*20*60_000), func(v *store.View) {
			v.Mode, v.Channel, v.Content, v.DurationMs, v.IdleMs = uint8(protocol.ModeVOD), 0, s.world.contents[n].key, 20*60_000, (n+1)*20*60_000
			v.PositionMs, v.LengthMs = 1, 25*60_000
		})
	}
	for box := uint64(2); box < 6; box++ {
		b.Powers = append(b.Powers, store.Power{Stamp: stamp(box, -1000), On: true, Cause: uint8(protocol.CauseWake)}, store.Power{Stamp: stamp(box, -2*aggregator.HourMs), Cause: uint8(protocol.CauseStandby)})
		b.Healths = append(b.Healths, store.Health{Stamp: stamp(box, 5), CPU: 10})
		b.Runnings = append(b.Runnings, store.Running{Stamp: stamp(box, 6), Version: box, State: 1})
		b.Identities = append(b.Identities, store.IdentityRow{IdentityKey: store.IdentityKey{Box: box, Serial: 4}, Identity: store.Identity{Province: p, Account: box % 3, Model: 9}})
	}
	b.Notices = append(b.Notices, store.Notice{Stamp: stamp(2, 7), Kind: uint8(protocol.Dropped), Count: 12, Reason: uint8(protocol.ReasonRateLimit)},
		store.Notice{Stamp: stamp(2, 8), Kind: uint8(protocol.OutboxLost), Count: store.LostMost + 5})
	b.Tallies = append(b.Tallies, store.Tally{Stamp: stamp(3, 9), Lost: 8}, store.Tally{Stamp: in(store.Stamp{AtMs: at}, p, 0), Repeated: 2})
	b.Clicks = append(b.Clicks, store.Click{Stamp: stamp(2, -60_000), Page: 5, Slot: 1, Trace: 3}, store.Click{Stamp: stamp(2, 9), Page: 5, Slot: 2, Trace: 4})
	b.Orders = append(b.Orders, store.Order{Stamp: stamp(2, 10), OrderID: 5, Product: 3, Fen: 100, Result: uint8(protocol.ResultPaid), Trace: 4}, store.Order{Stamp: stamp(3, 10), Product: 3, Fen: 50, Result: uint8(protocol.ResultRefunded)})
	b.Impressions = append(b.Impressions, store.Impression{Stamp: stamp(4, 11), Page: 5, Slot: 2, Sight: uint8(protocol.SightRendered)}, store.Impression{Stamp: stamp(3, 11), Page: 5, Slot: 2, Sight: uint8(protocol.SightFocus)})
	b.OrderPages = append(b.OrderPages, store.OrderPage{Stamp: stamp(4, 12), Page: 5, Product: 3})
	b.Playbacks = append(b.Playbacks, store.Playback{Stamp: stamp(4, 13), Mode: uint8(protocol.ModeVOD), Content: 8, Errors: 2})
	key := store.ClockKey{Box: 6, Boot: 9}
	unsynced := stamp(6, 0)
	unsynced.Boot, unsynced.Clock = 9, uint8(protocol.ClockUnknown)
	b.Clicks = append(b.Clicks, store.Click{Stamp: unsynced, Page: 5, Area: 4, Slot: 2, Content: 8})
	b.Clocks = append(b.Clocks, store.ClockRow{ClockKey: key, Clock: store.Clock{OffsetMs: at, Quality: uint8(protocol.ClockUnknown)}})
	return b
}

// retimed puts the clock of odd's last box right.
func retimed(s *Set) *store.Block {
	at := s.DaysOf()[0].Start() + 20*aggregator.HourMs
	clock := store.Clock{OffsetMs: at, Quality: uint8(protocol.ClockServer)}
	key := store.ClockKey{Box: 6, Boot: 9}
	return &store.Block{ID: [16]byte{78}, Clocks: []store.ClockRow{{ClockKey: key, Clock: clock}}, Retimes: []store.Retime{{ClockKey: key, Clock: clock}}}
}

func TestClonesAreWhatClosingMakes(t *testing.T) {
	if testing.Short() {
		t.Skip("two stores with all that closing makes")
	}
	const clones = 3
	s := newSet(t, Config{Boxes: 12, Days: 1, Seed: 4, EventsPerBoxDay: 40})
	dir := t.TempDir()
	open := func(name string) (*duckdb.Store, string) {
		path := filepath.Join(dir, name)
		st, err := duckdb.Open(path, duckdb.Options{Threads: 1, Now: func() time.Time { return time.UnixMilli(end) }})
		if err != nil {
			t.Fatal(err)
		}
		return st, path
	}
	shut := func(st *duckdb.Store) {
		if err := st.Shutdown(); err != nil {
			t.Fatal(err)
		}
	}
	live := func(name string, n int) string {
		st, path := open(name)
		defer shut(st)
		for i, p := range s.world.provinces[:2] {
			stage, err := st.Stage(t.Context(), store.File{ID: [16]byte{byte(i + 1)}, Province: p, Feed: c3.FeedCatalogue, Day: s.DaysOf()[0], VersionMs: 1, Name: "catalogue"})
			rows := schedule(s)
			if err == nil {
				err = stage.Add(t.Context(), rows)
			}
			if err == nil {
				_, err = stage.Commit(t.Context(), store.Verdict{Records: int64(rows.Rows()), MaxShrink: 100})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		to := cloned{st, n}
		for _, b := range []*store.Block{odd(s), retimed(s)} {
			if in, err := to.Insert(t.Context(), b); err != nil || !in {
				t.Fatal(in, err)
			}
		}
		if _, err := s.Run(t.Context(), to, Options{KeepDays: 1}); err != nil {
			t.Fatal(err)
		}
		return path
	}
	want, base := live("really", clones), live("base", 1)
	got := filepath.Join(dir, "clones")
	var told []string
	if err := Clone(t.Context(), base, got, CloneOptions{Clones: clones, Store: duckdb.Options{Threads: 1}, Report: func(p CloneProgress) { told = append(told, p.Table) }}); err != nil {
		t.Fatal(err)
	}
	one, err := CloneBytes(t.Context(), base, CloneOptions{Clones: 2})
	ten, failed := CloneBytes(t.Context(), base, CloneOptions{Clones: 20})
	less, failedToo := CloneBytes(t.Context(), base, CloneOptions{Clones: 20, Leave: []string{"fact_visit", "fact_reach"}})
	if err := errors.Join(err, failed, failedToo); err != nil || one <= 0 || ten < 5*one || less >= ten {
		t.Error(one, ten, less, err)
	}
	if !slices.Contains(told, "fact_box_hour") || told[len(told)-1] != "" {
		t.Error(told)
	}
	sameTables(t, want, got, []string{"fact_broadcast_hour", "fact_air_day", "fact_invalid_day", "fact_trust_day", "asset_hour", "fact_seen_marks", "fact_view_by", "viewing", "busy"})
	a, _ := open("really")
	b, _ := open("clones")
	sameAnswers(t, s, a, b)
	// And it lives on: another block, and what it touches closed from the events there.
	block := &store.Block{ID: [16]byte{99}}
	for i := range 50 {
		k := s.keys[i%len(s.keys)]
		block.PageViews = append(block.PageViews, store.PageView{Page: 4, Stamp: store.Stamp{Province: s.world.provinces[0], City: 7, Box: k, Account: k, AtMs: end - int64(i)*60_000, Clock: 3}})
	}
	for _, st := range []*duckdb.Store{a, b} {
		if _, err := st.Insert(t.Context(), block); err != nil {
			t.Fatal(err)
		}
		snap, err := st.Dirty(t.Context(), 1000)
		if err == nil {
			err = st.Close(t.Context(), snap)
		}
		if err != nil || len(snap.Cells) == 0 {
			t.Fatal(snap, err)
		}
	}
	shut(a)
	shut(b)
	sameTables(t, want, got, nil)

	for _, o := range []CloneOptions{{Clones: 1}, {Clones: 2, Leave: []string{"fact_click"}}, {Clones: 2}} {
		from := base
		if o.Leave == nil && o.Clones == 2 {
			from = got // made of clones
		}
		if err := Clone(t.Context(), from, filepath.Join(dir, "never"), o); err == nil {
			t.Error(o, "is accepted")
		}
	}
}

func TestFactsLeftOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	open := func(path string) *duckdb.Store {
		st, err := duckdb.Open(path, duckdb.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	st := open(path)
	stamp := store.Stamp{Province: 33, Box: 5, AtMs: end}
	_, err := st.Insert(t.Context(), &store.Block{PageViews: []store.PageView{{Stamp: stamp, Page: 1}}})
	snap, failed := st.Dirty(t.Context(), 10)
	if err = errors.Join(err, failed, st.Close(t.Context(), snap), st.Shutdown()); err != nil {
		t.Fatal(err)
	}
	if err := Clone(t.Context(), path, path+".more", CloneOptions{Clones: 2, Leave: []string{"fact_visit"}}); err != nil {
		t.Fatal(err)
	}
	st = open(path + ".more")
	defer st.Shutdown()
	for _, want := range []struct {
		fact store.Fact
		v    store.Value
		n    []int64
	}{
		{store.FactVisit, store.Value{Measure: store.MeasureVisits}, nil},
		{store.FactPage, store.Value{Measure: store.MeasurePageViews}, []int64{2}},
		{store.FactBox, store.Value{Measure: store.MeasureEvents, DistinctBoxes: true}, []int64{2}},
	} {
		rows, err := st.Query(t.Context(), store.Query{Fact: want.fact, AllProvinces: true, Spans: []store.Span{{From: 0, To: 30000}}, Values: []store.Value{want.v}})
		var got []int64
		for _, r := range rows {
			got = append(got, r.Values...)
		}
		if err != nil || !slices.Equal(got, want.n) {
			t.Error(want, got, err)
		}
	}
}

// TestClonesOfSubscribers: who they would be nobody says.
func TestClonesOfSubscribers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	st, err := duckdb.Open(path, duckdb.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	stage, err := st.Stage(t.Context(), store.File{ID: [16]byte{1}, Province: 33, Feed: c3.FeedSubscribers, Day: 20000, VersionMs: 1, Name: "full"})
	if err == nil {
		err = stage.Add(t.Context(), &store.FeedRows{Subscribers: []store.SubscriberRow{{Account: 4, State: c3.StateActive, City: 3301}}})
	}
	if err == nil {
		_, err = stage.Commit(t.Context(), store.Verdict{Records: 1, MaxShrink: 100})
	}
	if err == nil {
		err = st.Shutdown()
	}
	if err != nil {
		t.Fatal(err)
	}
	err = Clone(t.Context(), path, path+".more", CloneOptions{Clones: 2})
	if err == nil || !strings.Contains(err.Error(), "nobody says") {
		t.Error(err)
	}
	if left, _ := filepath.Glob(path + ".more*"); len(left) > 0 {
		t.Error(left, "are left of it")
	}
	rules := store.DefaultEditRules()
	rules.Boxes = []uint64{5}
	other := filepath.Join(t.TempDir(), "store")
	if st, err = duckdb.Open(other, duckdb.Options{Threads: 1}); err == nil {
		err = st.SetEditRules(t.Context(), rules)
	}
	if err == nil {
		err = st.Shutdown()
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := Clone(t.Context(), other, other+".more", CloneOptions{Clones: 2}); err == nil || !strings.Contains(err.Error(), "list boxes") {
		t.Error(err)
	}
}

// sameTables compares two stores row for row. Seats are given out in another order,
// so boxes of rolls are compared themselves. some are words of tables, of which each
// must be in the name of one that has rows.
func sameTables(t *testing.T, want, got string, some []string) {
	t.Helper()
	db, err := sql.Open("duckdb", want+"?access_mode=READ_ONLY")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(fmt.Sprintf("ATTACH '%s' AS got (READ_ONLY); SET threads = 1", got)); err != nil {
		t.Fatal(err)
	}
	list := func(database string) (names []string) {
		rows, err := db.Query("SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND table_name NOT IN ('cloned', 'schema_made', 'seat') ORDER BY table_name", database)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
		return names
	}
	tables := list(filepath.Base(want))
	if diff := cmp.Diff(tables, list("got")); diff != "" || len(tables) < 80 {
		t.Fatal(len(tables), "tables:", diff)
	}
	filled := ""
	for _, name := range tables {
		if strings.Contains(name, "_roll_") {
			if diff := cmp.Diff(unroll(t, db, "", name), unroll(t, db, "got.", name)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			continue
		}
		columns := "*"
		if name == "feed_file" {
			columns = "* EXCLUDE (received_ms)"
		}
		var n, wrong int
		if err := db.QueryRow(fmt.Sprintf(`WITH a AS (SELECT %[1]s FROM %[2]s), b AS (SELECT %[1]s FROM got.%[2]s)
SELECT (SELECT count(*) FROM a), count(*) FROM ((FROM a EXCEPT ALL FROM b) UNION ALL (FROM b EXCEPT ALL FROM a))`, columns, name)).Scan(&n, &wrong); err != nil {
			t.Fatal(name, err)
		}
		if wrong > 0 {
			t.Errorf("%s: %d rows differ, of %d", name, wrong, n)
		}
		if n > 0 {
			filled += " " + name
		}
	}
	for _, word := range some {
		if !strings.Contains(filled, word) {
			t.Errorf("nothing in %s; rows are in%s", word, filled)
		}
	}
}

// unroll counts the boxes of each measure of a roll's rows and adds up their keys.
func unroll(t *testing.T, db *sql.DB, database, name string) map[string][2]uint64 {
	t.Helper()
	seats := map[uint32]uint64{}
	rows, err := db.Query("SELECT seat, box FROM " + database + "seat")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var seat uint32
		var box uint64
		if err := rows.Scan(&seat, &box); err != nil {
			t.Fatal(err)
		}
		seats[seat] = box
	}
	if rows, err = db.Query("FROM " + database + name); err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][2]uint64{}
	row, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		place := ""
		for i, v := range row {
			words, measure := v.([]byte)
			if !measure {
				place += fmt.Sprint(columns[i], v, " ")
				continue
			}
			sum := [2]uint64{}
			for ; len(words) > 0; words = words[12:] {
				word, bits := binary.BigEndian.Uint32(words), binary.BigEndian.Uint64(words[4:])
				for bit := range uint32(64) {
					if bits>>bit&1 > 0 {
						sum[0]++
						sum[1] += mix(seats[word*64+bit])
					}
				}
			}
			all[place+columns[i]] = sum
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// sameAnswers asks both stores for sums, boxes and squares of every fact.
func sameAnswers(t *testing.T, s *Set, want, got *duckdb.Store) {
	t.Helper()
	days := s.DaysOf()
	for f := range store.Fact(store.EventFacts) {
		if f == store.FactAgent || f == store.FactUpdate {
			continue // agents of a backfill tell no version
		}
		shape := store.ShapeOf(f)
		q := store.Query{Fact: f, AllProvinces: true, Spans: []store.Span{{From: int32(days[0]), To: int32(days[len(days)-1]) + 1}}}
		for _, d := range days {
			q.Spans = append(q.Spans, store.Span{From: int32(d), To: int32(d) + 1})
		}
		for _, m := range shape.Measures {
			q.Values = append(q.Values, store.Value{Measure: m})
			if shape.Counted() != "" {
				q.Values = append(q.Values, store.Value{Measure: m, DistinctBoxes: true}, store.Value{Measure: m, Squares: 60_000})
			}
		}
		for _, by := range [][]store.Column{nil, {store.ColProvince}} {
			q.GroupBy = by
			a, err := want.Query(t.Context(), q)
			if err != nil || len(a) == 0 {
				t.Fatal(shape.Name, len(a), err)
			}
			b, err := got.Query(t.Context(), q)
			if diff := cmp.Diff(a, b); err != nil || diff != "" {
				t.Errorf("%s by %v: %v %s", shape.Name, by, err, diff)
			}
		}
	}
}
