package duckdb

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// giveCatalogue takes in a package with a series and a film.
func giveCatalogue(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	stage, err := s.Stage(ctx, store.File{ID: [16]byte{1}, Province: 33, Feed: c3.FeedCatalogue, Name: "c", Day: benchHour.Day()})
	if err != nil {
		t.Fatal(err)
	}
	rows := &store.FeedRows{Objects: []store.ObjectRow{{Line: 1, Element: c3.ElementProgram, Code: 1}, {Line: 2, Element: c3.ElementProgram, Code: 2},
		{Line: 3, Element: c3.ElementSeries, Code: 3}, {Line: 4, Element: c3.ElementPackage, Code: 9}}}
	for n, m := range []store.MappingRow{{Parent: c3.ElementSeries, ParentCode: 3, Child: c3.ElementProgram, ChildCode: 1},
		{Parent: c3.ElementPackage, ParentCode: 9, Child: c3.ElementSeries, ChildCode: 3}, {Parent: c3.ElementPackage, ParentCode: 9, Child: c3.ElementProgram, ChildCode: 2}} {
		m.Line = int64(5 + n)
		rows.Mappings = append(rows.Mappings, m)
	}
	if err := stage.Add(ctx, rows); err != nil {
		t.Fatal(err)
	}
	if row, err := stage.Commit(ctx, store.Verdict{Records: 7}); err != nil || row.Accepted != 7 {
		t.Fatalf("the catalogue is %+v, %v", row, err)
	}
}

// TestDerived: after blocks that come in any order, clocks repaired and cells
// closed in portions, each derived table holds what filling it anew would.
func TestDerived(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "store.duckdb")
	s, err := Open(path, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	g := &evening{r: rand.New(rand.NewPCG(seed, 0)), boxes: 15}
	gone := store.ClockKey{Box: 1, Boot: 88_000}
	for n := range 3 { // the second block moves what the first left
		b := g.month(60) // 31 days, so over two rows of marks
		for i := range b.Clicks {
			b.Impressions = append(b.Impressions, store.Impression{Stamp: b.Clicks[i].Stamp, Page: b.Clicks[i].Page, Area: b.Clicks[i].Area, Slot: b.Clicks[i].Slot, Content: b.Clicks[i].Content, Sight: 1})
		}
		// A box whose clock is learnt with the next block: its event moves.
		boot := uint32(77_000 + g.blocks)
		late := store.Stamp{Province: 33, City: 3301, Box: 1, Boot: boot, MonoMs: 60_000, AtMs: benchHour.Start() - aggregator.DayMs, Clock: 1}
		b.Powers = append(b.Powers, store.Power{Stamp: late, On: true})
		if n == 0 {
			late.Province, late.City, late.Boot = 65, 6501, gone.Boot
			b.Clicks = append(b.Clicks, store.Click{Stamp: late, Page: 5, Content: 70})
			b.Views = append(b.Views, store.View{Stamp: late, Mode: 4, Content: 70, Speed: 100, DurationMs: 10_000})
			b.Impressions = append(b.Impressions, store.Impression{Stamp: late, Page: 5, Content: 70, Sight: 1})
		}
		if n == 2 { // all that a province has on a day goes, and nothing else changes
			b = &store.Block{ID: [16]byte{3}, Retimes: []store.Retime{{ClockKey: gone, Clock: store.Clock{OffsetMs: benchHour.Start() - 5*aggregator.DayMs, Quality: 3}}}}
		}
		if _, err := s.Insert(ctx, b); err != nil {
			t.Fatal(err)
		}
		snap, err := s.Dirty(ctx, 1_000_000)
		if err != nil {
			t.Fatal(err)
		}
		half := len(snap.Cells) / 2
		for _, cells := range [][]store.Cell{snap.Cells[:half], snap.Cells[half:]} {
			if err := s.Close(ctx, store.Snapshot{Cells: cells, Mark: snap.Mark}); err != nil {
				t.Fatal(err)
			}
		}
	}
	giveCatalogue(t, s)
	anew := func(when string) {
		t.Helper()
		for _, d := range allDerived() {
			_, query, _ := strings.Cut(d.fill, d.name+" ")
			var rows, odd int
			if err := s.db.QueryRowContext(ctx, fmt.Sprintf("SELECT (SELECT count(*) FROM %[1]s), (SELECT count(*) FROM ((FROM %[1]s EXCEPT ALL %[2]s) UNION ALL (%[2]s EXCEPT ALL FROM %[1]s)))", d.name, query)).Scan(&rows, &odd); err != nil {
				t.Fatal(d.name, err)
			}
			if rows == 0 || odd != 0 {
				t.Errorf("%s: %s has %d rows, %d of them differ", when, d.name, rows, odd)
			}
		}
	}
	anew("closed")
	// A store of before these tables gets them when it opens, and those that came
	// before them go.
	steps := []string{"DROP TABLE schema_made", "DROP TABLE seat", "CREATE TABLE fact_box_marks (period INTEGER)"}
	for _, d := range allDerived() {
		steps = append(steps, "DROP TABLE "+d.name)
	}
	for _, step := range steps {
		if _, err := s.db.ExecContext(ctx, step); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Shutdown(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(path, Options{Threads: 1}); err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown()
	anew("opened")
	var marks int
	if err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'fact_box_marks'").Scan(&marks); err != nil || marks != 0 {
		t.Errorf("%d tables of marks left, %v", marks, err)
	}
}
