package main

import (
	"context"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/normal"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
	"iptvdc/protocol"
)

// TestUnknownValues: what no dictionary knows is listed by what was watched of
// it, with a line to paste; what is known, and dashes, are not; the scope holds.
func TestUnknownValues(t *testing.T) {
	ctx := context.Background()
	st := storetest.Memory()
	stage, err := st.Stage(ctx, store.File{ID: [16]byte{1}, Province: 33, Feed: c3.FeedCatalogue, Name: "x.xml", VersionMs: 1})
	if err != nil {
		t.Fatal(err)
	}
	rows := &store.FeedRows{}
	add := func(code, genre string) {
		rows.Objects = append(rows.Objects, store.ObjectRow{Line: int64(len(rows.Objects) + 1), Element: c3.ElementProgram, Code: aggregator.TextKey(code),
			Properties: []c3.Property{{Name: "Genre", Value: genre}, {Name: "OriginalCountry", Value: "中国"}}})
		rows.Codes = append(rows.Codes, store.Code{Key: aggregator.TextKey(code), Text: code})
	}
	add("a", "电视局")
	add("b", "电影")
	add("c", "--")
	add("d", "某某类")
	if err := stage.Add(ctx, rows); err != nil {
		t.Fatal(err)
	}
	if _, err := stage.Commit(ctx, store.Verdict{Records: 4, MaxShrink: 100, DoneMs: 1}); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UnixMilli()
	block := &store.Block{ID: [16]byte{2}, Views: []store.View{{
		Stamp: store.Stamp{Province: 33, City: 3301, Box: 7, Boot: 1, MonoMs: 1, AtMs: now, Clock: uint8(protocol.ClockServer)},
		Mode:  uint8(protocol.ModeVOD), Content: aggregator.TextKey("d"), DurationMs: 5 * 60_000, Speed: 100,
	}}}
	if _, err := st.Insert(ctx, block); err != nil {
		t.Fatal(err)
	}
	dirty, err := st.Dirty(ctx, 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(ctx, dirty); err != nil {
		t.Fatal(err)
	}
	u := unknowns{st, normal.Default()}
	got, err := u.Unknown(ctx, aggregator.Scope{All: true}, 30, 10)
	if err != nil || len(got) != 2 || got[0].Value != "某某类" || got[0].Minutes != 5 || got[1].Value != "电视局" || got[1].Near != "drama" || got[1].Line == "" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := u.Unknown(ctx, aggregator.Scope{Provinces: []aggregator.Province{43}}, 30, 10); err != nil || len(got) != 0 {
		t.Errorf("for another province: %+v, %v", got, err)
	}
	if got, err := u.Unknown(ctx, aggregator.Scope{}, 30, 10); err != nil || len(got) != 0 {
		t.Errorf("for nobody: %+v, %v", got, err)
	}
}
