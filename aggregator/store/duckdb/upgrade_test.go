package duckdb

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// TestOpensOlder: a store that the version before wrote opens with all it
// holds, takes what is new, and opens again.
func TestOpensOlder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.duckdb")
	script, err := os.ReadFile("testdata/before_impressions.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := openFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements(string(script)) {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%v, in %s", err, statement)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	const at = 1777809600000 // 2026-05-03 20:00 in Shanghai
	ctx := t.Context()
	ask := func(s *Store, f store.Fact, want ...int64) {
		t.Helper()
		for snap, err := s.Dirty(ctx, 10); len(snap.Cells) > 0 || err != nil; snap, err = s.Dirty(ctx, 10) {
			if err == nil {
				err = s.Close(ctx, snap)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		q := store.Query{Fact: f, Hourly: true, AllProvinces: true, Spans: []store.Span{{From: 493844, To: 493846}}}
		for _, m := range store.ShapeOf(f).Measures {
			q.Values = append(q.Values, store.Value{Measure: m})
		}
		rows, err := s.Query(ctx, q)
		if err != nil || len(rows) != 1 || !slices.Equal(rows[0].Values, want) {
			t.Errorf("%s holds %v, %v; want %v", store.ShapeOf(f).Name, rows, err, want)
		}
	}
	s, err := Open(path, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	ask(s, store.FactView, 2, 660_000, 2, 660_000)
	ask(s, store.FactClick, 1, 1)
	stamp := store.Stamp{Province: 33, City: 3301, Box: 2, Boot: 1, MonoMs: 100_000, AtMs: at + 3_700_000, Clock: uint8(protocol.ClockServer)}
	in, err := s.Insert(ctx, &store.Block{
		ID:          [16]byte{9},
		Views:       []store.View{{Stamp: stamp, DurationMs: 5000, Speed: 100, Keys: 3, IdleMs: 1 << 40, TV: 2, LengthMs: 604_800_000, PositionMs: 604_800_000}},
		Impressions: []store.Impression{{Stamp: stamp, Page: 5, Area: 6, Content: 9, Template: 8, Slot: 2, Sight: uint8(protocol.SightRendered)}},
		Playbacks:   []store.Playback{{Stamp: stamp, Mode: 4, Content: 9, StartMs: 1200}},
		Retimes: []store.Retime{{ClockKey: store.ClockKey{Box: 2, Boot: 1},
			Clock: store.Clock{OffsetMs: at + 3_600_000, Quality: uint8(protocol.ClockServer)}}},
	})
	if !in || err != nil {
		t.Fatalf("Insert = %v, %v", in, err)
	}
	takeFull(t, s, 50, 0) // and provinces' files
	if err := s.Shutdown(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(path, Options{Threads: 1}); err != nil {
		t.Fatal(err)
	}
	ask(s, store.FactView, 3, 665_000, 2, 660_000) // nobody was there for 35 years
	ask(s, store.FactClick, 1, 1)
	ask(s, store.FactImpression, 1, 0, 1, 0) // the old click of that box has come into the hour
	ask(s, store.FactPlayback, 1, 1, 1200, 0, 0, 0, 0, 0)
	ask(s, store.FactReach, 3, 2, 1, 0, 2, 2, 1, 0)
	// Closed by other rules, without that fact: it is closed again.
	for _, statement := range []string{"DELETE FROM fact_reach_hour", "UPDATE fact_rules SET number = 1"} {
		if _, err := s.db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Shutdown(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(path, Options{Threads: 1}); err != nil {
		t.Fatal(err)
	}
	ask(s, store.FactReach, 3, 2, 1, 0, 2, 2, 1, 0)
	takeFull(t, s, 50, 1)
	accounts, err := s.Query(ctx, store.Query{Fact: store.FactAccounts, AllProvinces: true, Values: []store.Value{{Measure: store.MeasureAccounts}},
		Spans: []store.Span{{From: int32(feedBenchDay), To: int32(feedBenchDay) + 1}, {From: int32(feedBenchDay) + 1, To: int32(feedBenchDay) + 2}}})
	if err != nil || len(accounts) != 2 || accounts[0].Values[0] != 50 || accounts[1].Values[0] != 50 {
		t.Errorf("accounts %v, %v", accounts, err)
	}
	var late [5]int64
	err = s.db.QueryRow("SELECT keys, idle_ms, tv, length_ms, position_ms FROM viewing WHERE box = 2 AND mono_ms = 100000").Scan(&late[0], &late[1], &late[2], &late[3], &late[4])
	if err != nil || late != [5]int64{3, 1 << 40, 2, 604_800_000, 604_800_000} {
		t.Errorf("keys, idle time, television, length, position: %v, %v", late, err)
	}
	var old int
	if err := s.db.QueryRow("SELECT count(*) FROM viewing WHERE keys = 0 AND idle_ms = 0 AND tv = 0 AND length_ms = 0 AND position_ms = 0").Scan(&old); err != nil || old != 2 {
		t.Errorf("%d views of the older store, %v; want 2", old, err)
	}
	if err := s.Shutdown(); err != nil {
		t.Fatal(err)
	}
}

// TestClosesOlderAgain: what a version closed that knew nothing of clocks and
// losses is closed once more, by hour and by day, and not again after that.
func TestClosesOlderAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.duckdb")
	ctx := t.Context()
	open := func() *Store {
		t.Helper()
		s, err := Open(path, Options{Threads: 1, MemoryBytes: 256 << 20})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	shut := func(s *Store) {
		t.Helper()
		if err := s.Shutdown(); err != nil {
			t.Fatal(err)
		}
	}
	dirty := func(s *Store, want int) store.Snapshot {
		t.Helper()
		snap, err := s.Dirty(ctx, 100)
		if err != nil || len(snap.Cells) != want {
			t.Fatalf("%d cells are dirty, %v; want %d", len(snap.Cells), err, want)
		}
		return snap
	}
	const at = 1777809600000 // 2026-05-03 20:00 in Shanghai
	stamp := func(days int64, clock protocol.Clock) store.Stamp {
		return store.Stamp{Province: 33, Box: 1, Boot: 1, AtMs: at + days*86_400_000, Clock: uint8(clock)}
	}
	s := open()
	// Of a word the hour is dirty, and the two that lie within OnReachMs before it.
	if _, err := s.Insert(ctx, &store.Block{ID: [16]byte{1},
		Powers:  []store.Power{{Stamp: stamp(0, protocol.ClockServer)}, {Stamp: stamp(0, protocol.ClockUnknown)}, {Stamp: stamp(2, protocol.ClockBox)}},
		Notices: []store.Notice{{Stamp: stamp(0, protocol.ClockServer), Kind: uint8(protocol.Dropped), Count: 7}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(ctx, dirty(s, 6)); err != nil {
		t.Fatal(err)
	}
	for _, older := range []string{"DROP TABLE fact_trust_hour", "DROP TABLE fact_trust_day", "DROP TABLE tally", "DROP TABLE fact_rules", "DROP TABLE schema_made", "ALTER TABLE notice DROP COLUMN reason"} {
		if _, err := s.db.Exec(older); err != nil {
			t.Fatal(err)
		}
	}
	shut(s)
	s = open()
	snap := dirty(s, 6)
	if in, err := s.Insert(ctx, &store.Block{ID: [16]byte{2},
		Tallies: []store.Tally{{Stamp: stamp(0, protocol.ClockServer), Lost: 4}},
		Notices: []store.Notice{{Stamp: stamp(0, protocol.ClockServer), Kind: uint8(protocol.Dropped), Count: 5, Reason: uint8(protocol.ReasonMemory)}}}); !in || err != nil {
		t.Fatalf("Insert = %v, %v", in, err)
	}
	if err := s.Close(ctx, snap); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(ctx, dirty(s, 1)); err != nil { // the block's cell, touched after the snapshot
		t.Fatal(err)
	}
	q := store.Query{Fact: store.FactTrust, AllProvinces: true, Spans: []store.Span{{From: 20576, To: 20577}, {From: 20578, To: 20579}}}
	for _, m := range store.ShapeOf(store.FactTrust).Measures {
		q.Values = append(q.Values, store.Value{Measure: m})
	}
	rows, err := s.Query(ctx, q)
	if err != nil || len(rows) != 2 || !slices.Equal(rows[0].Values, []int64{4, 3, 1, 4, 0, 5, 0}) || !slices.Equal(rows[1].Values, []int64{1, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("%+v, %v", rows, err)
	}
	shut(s)
	s = open()
	dirty(s, 0)
	// So is what was closed before any other fact was known.
	for _, older := range []string{"DROP TABLE fact_visit_hour", "DROP TABLE schema_made", "DELETE FROM fact_rules"} {
		if _, err := s.db.Exec(older); err != nil {
			t.Fatal(err)
		}
	}
	shut(s)
	s = open()
	if err := s.Close(ctx, dirty(s, 6)); err != nil {
		t.Fatal(err)
	}
	shut(s)
	s = open()
	dirty(s, 0)
	shut(s)
}

// TestCountsOlderAgain: accounts that a version counted that knew nothing of the age
// of subscriptions are counted once more.
func TestCountsOlderAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.duckdb")
	open := func() *Store {
		t.Helper()
		s, err := Open(path, Options{Threads: 1, MemoryBytes: 256 << 20})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	ask := func(s *Store) []store.Row {
		t.Helper()
		rows, err := s.Query(t.Context(), store.Query{Fact: store.FactAccounts, AllProvinces: true, GroupBy: []store.Column{store.ColTenure},
			Values: []store.Value{{Measure: store.MeasureAccounts}}, Spans: []store.Span{{From: int32(feedBenchDay), To: int32(feedBenchDay) + 1}}})
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	s := open()
	takeFull(t, s, 50, 0)
	want := ask(s)
	if len(want) == 0 || want[0].Group[0] == 0 {
		t.Fatalf("accounts by tenure: %v", want)
	}
	for _, older := range []string{"ALTER TABLE fact_accounts_day DROP COLUMN tenure", "DROP TABLE schema_made", "UPDATE fact_rules SET number = 4"} {
		if _, err := s.db.Exec(older); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Shutdown(); err != nil {
		t.Fatal(err)
	}
	s = open()
	if got := ask(s); !slices.EqualFunc(got, want, func(a, b store.Row) bool { return slices.Equal(a.Group, b.Group) && slices.Equal(a.Values, b.Values) }) {
		t.Errorf("accounts by tenure %v, before %v", got, want)
	}
	takeFull(t, s, 50, 1)
	if err := s.Shutdown(); err != nil {
		t.Fatal(err)
	}
}

// TestWidensOlder: facts of a store from before edited viewing show the raw one as
// edited, and say so, until they are closed again.
func TestWidensOlder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.duckdb")
	ctx := t.Context()
	open := func() *Store {
		t.Helper()
		s, err := Open(path, Options{Threads: 1, MemoryBytes: 256 << 20})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const at = 1777809600000 // 2026-05-03 20:00 in Shanghai
	const day = 20576
	s := open()
	var views []store.View
	for n := range int64(3) { // a day is settled when there is a later one
		views = append(views, store.View{Stamp: store.Stamp{Province: 33, Box: 1, Boot: 1, AtMs: at + n*86_400_000, Clock: 3}, Mode: 1, DurationMs: 3_600_000, Speed: 100, IdleMs: 16_200_000})
	}
	if _, err := s.Insert(ctx, &store.Block{ID: [16]byte{1}, Views: views}); err != nil {
		t.Fatal(err)
	}
	closeAll := func() {
		t.Helper()
		snap, err := s.Dirty(ctx, 100)
		if err == nil {
			err = s.Close(ctx, snap)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	closeAll()
	for f := range store.Fact(store.EventFacts) {
		for _, m := range store.ShapeOf(f).Measures {
			if store.RawOf[m] == "" {
				continue
			}
			rows, err := s.db.Query("SELECT table_name FROM duckdb_columns() WHERE column_name = ?", string(m))
			if err != nil {
				t.Fatal(err)
			}
			var tables []string
			for rows.Next() {
				var name string
				if err := rows.Scan(&name); err != nil {
					t.Fatal(err)
				}
				tables = append(tables, name)
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
			for _, name := range tables {
				if strings.Contains(name, "_roll_") { // they came later
					if _, err := s.db.Exec("DROP TABLE IF EXISTS " + name); err != nil {
						t.Fatal(err)
					}
					continue
				}
				if _, err := s.db.Exec("ALTER TABLE " + name + " DROP COLUMN " + string(m)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, older := range []string{"ALTER TABLE closed DROP COLUMN edit", "DROP TABLE edit_rules", "DROP TABLE busy", "DROP TABLE invalid", "DROP TABLE fact_invalid_hour", "UPDATE fact_rules SET number = 4", "DROP TABLE schema_made"} {
		if _, err := s.db.Exec(older); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Shutdown(); err != nil {
		t.Fatal(err)
	}
	s = open()
	ask := func(version string, f store.Fact, want ...int64) {
		t.Helper()
		q := store.Query{Fact: f, AllProvinces: true, Spans: []store.Span{{From: day, To: day + 1}}}
		for raw, edited := range store.EditedOf {
			if slices.Contains(store.ShapeOf(f).Measures, edited) && (raw == store.MeasureViewingMs || raw == store.MeasureReach900) {
				q.Values = append(q.Values, store.Value{Measure: raw}, store.Value{Measure: edited})
			}
		}
		if f == store.FactMode {
			q.Values = append(q.Values, store.Value{Measure: store.MeasureEditedPlays, DistinctBoxes: true})
		}
		rows, err := s.Query(ctx, q)
		if err != nil || len(rows) != 1 || !slices.Equal(rows[0].Values, want) {
			t.Errorf("%s holds %v, %v; want %v", store.ShapeOf(f).Name, rows, err, want)
		}
		names, err := s.EditVersions(ctx, aggregator.Scope{All: true}, day*24, day*24+24)
		if err != nil || !slices.Equal(names, []string{version}) {
			t.Errorf("edited by %v, %v; want %s", names, err, version)
		}
	}
	for _, f := range []store.Fact{store.FactView, store.FactMinute} {
		ask(store.EditNone, f, 3_600_000, 3_600_000)
	}
	ask(store.EditNone, store.FactMode, 3_600_000, 3_600_000, 1)
	ask(store.EditNone, store.FactReach, 1, 1)
	closeAll()
	rules := store.DefaultEditRules()
	for _, f := range []store.Fact{store.FactView, store.FactMinute} {
		ask(rules.Name(), f, 3_600_000, 1_800_000)
	}
	ask(rules.Name(), store.FactMode, 3_600_000, 1_800_000, 1)
	if err := s.Shutdown(); err != nil {
		t.Fatal(err)
	}
}

// TestNamesOlderAgents: what boxes told a version that did not keep which agent that was
// is counted, by its text alone, and what is no version is not.
func TestNamesOlderAgents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.duckdb")
	ctx := t.Context()
	open := func() *Store {
		t.Helper()
		s, err := Open(path, Options{Threads: 1, MemoryBytes: 256 << 20})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	b := &store.Block{ID: [16]byte{1}}
	for i, why := range []string{"1.4.2 arm7 E900", "1.4.2 arm7 B860", "1.4.3 arm7 E900", "- arm7 E900", strings.Repeat("9", 65) + " arm7 E900", "", "not told"} {
		key := aggregator.TextKey(why)
		if why == "" {
			key = 0
		} else if why != "not told" {
			b.Codes = append(b.Codes, store.Code{Key: key, Text: why})
		}
		b.Runnings = append(b.Runnings, store.Running{Stamp: store.Stamp{Province: 33, Box: uint64(1 + i), AtMs: 1777809600000, Clock: 3}, State: uint8(protocol.AgentRuns), Why: key})
	}
	b.Runnings = append(b.Runnings, store.Running{Stamp: store.Stamp{Province: 33, Box: 9, AtMs: 1777809600000, Clock: 3}, State: uint8(protocol.ProfileRefused), Why: b.Runnings[0].Why})
	if _, err := s.Insert(ctx, b); err != nil {
		t.Fatal(err)
	}
	closeSome(t, s, 1000)
	for _, older := range []string{"DROP TABLE fact_agent_hour", "DROP TABLE fact_agent_roll_hour", "ALTER TABLE running DROP COLUMN agent", "ALTER TABLE running_was DROP COLUMN agent",
		"ALTER TABLE power DROP COLUMN agent", "ALTER TABLE power_was DROP COLUMN agent", "UPDATE fact_rules SET number = 6", "DROP TABLE schema_made"} {
		if _, err := s.db.Exec(older); err != nil {
			t.Fatalf("%s: %v", older, err)
		}
	}
	for range 2 { // and nothing changes by opening it once more
		if err := s.Shutdown(); err != nil {
			t.Fatal(err)
		}
		s = open()
		closeSome(t, s, 1000)
		rows, err := s.Query(ctx, store.Query{Fact: store.FactAgent, Hourly: true, AllProvinces: true, Spans: []store.Span{{From: 493844, To: 493845}},
			GroupBy: []store.Column{store.ColAgent}, Values: []store.Value{{Measure: store.MeasureRan, DistinctBoxes: true}}})
		if err != nil {
			t.Fatal(err)
		}
		got := map[uint64]int64{}
		for _, r := range rows {
			got[r.Group[0]] = r.Values[0]
		}
		old, newer := aggregator.TextKey("1.4.2"), aggregator.TextKey("1.4.3")
		if len(got) != 2 || got[old] != 2 || got[newer] != 1 {
			t.Errorf("boxes by agent: %v", got)
		}
		if names, err := s.Codes(ctx, []uint64{old, newer}); err != nil || names[old] != "1.4.2" || names[newer] != "1.4.3" {
			t.Errorf("%v, %v", names, err)
		}
	}
	// It takes what is new.
	if in, err := s.Insert(ctx, &store.Block{ID: [16]byte{2}, Powers: []store.Power{{Stamp: b.Runnings[0].Stamp, On: true, Agent: 7}}}); !in || err != nil {
		t.Fatal(err)
	}
	if err := s.Shutdown(); err != nil {
		t.Fatal(err)
	}
}
