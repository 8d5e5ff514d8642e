package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/inbox"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
)

// TestNewDictionary: a line that an operator adds gives what is in the catalogues
// already a genre, whose code and names everybody can read from then on.
func TestNewDictionary(t *testing.T) {
	ctx := t.Context()
	st, err := duckdb.Open(filepath.Join(t.TempDir(), "store.duckdb"), duckdb.Options{MemoryBytes: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	p := &Platform{store: st, log: slog.New(slog.DiscardHandler)}
	folder := t.TempDir()
	open := func() *inbox.Dictionary {
		t.Helper()
		d, err := p.openDictionary(ctx, folder)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open()
	tea := &c3.Object{Element: c3.ElementProgram, Code: "p1", Properties: []c3.Property{{Name: "Genre", Value: "斗茶大会"}, {Name: "OriginalCountry", Value: "中国"}}}
	row := store.ObjectRow{Line: 1, Element: tea.Element, Code: aggregator.TextKey(tea.Code), Properties: tea.Properties}
	var codes []store.Code
	row.Normal, codes = d.Normal(nil, 33, tea)
	stage, err := st.Stage(ctx, store.File{ID: [16]byte{1}, Province: 33, Feed: c3.FeedCatalogue, Name: "x.xml", VersionMs: 1})
	if err == nil {
		err = stage.Add(ctx, &store.FeedRows{Objects: []store.ObjectRow{row}, Codes: codes})
	}
	if err == nil {
		_, err = stage.Commit(ctx, store.Verdict{Records: 1, MaxShrink: 100, DoneMs: 1})
	}
	if err != nil {
		t.Fatal(err)
	}
	key := aggregator.TextKey("tea_contest")
	f := func(genre uint64, text string, name store.Label) {
		t.Helper()
		got := uint64(1)
		if err := st.Titles(ctx, aggregator.Scope{All: true}, func(r store.TitleRow) error { got = r.Genre; return nil }); err != nil || got != genre {
			t.Errorf("the genre is %x, want %x; %v", got, genre, err)
		}
		if codes := known(ctx, t, st, key); codes != text {
			t.Errorf("the code reads %q, want %q", codes, text)
		}
		labels, err := st.Labels(ctx, store.ColGenre, []uint64{key})
		if err != nil || labels[key] != name {
			t.Errorf("it is called %+v, want %+v; %v", labels[key], name, err)
		}
	}
	f(0, "", store.Label{})
	own := filepath.Join(folder, dictionariesDir, "own.csv")
	write := func(zh string) {
		t.Helper()
		if err := os.WriteFile(own, []byte("field,where,code,parent,zh,en,aliases\ngenre,,tea_contest,,"+zh+",Tea contest,斗茶大会\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("斗茶")
	open()
	f(key, "tea_contest", store.Label{Column: store.ColGenre, Key: key, ZH: "斗茶", EN: "Tea contest"})
	write("赛茶")
	open()
	f(key, "tea_contest", store.Label{Column: store.ColGenre, Key: key, ZH: "赛茶", EN: "Tea contest"})
	// What the embedded dictionaries call theirs is there too.
	china := aggregator.TextKey("CN")
	if labels, err := st.Labels(ctx, store.ColPlace, []uint64{china}); err != nil || labels[china].EN == "" || labels[china].ZH == "" {
		t.Errorf("China is called %+v, %v", labels[china], err)
	}
}

func known(ctx context.Context, t *testing.T, st store.Store, key uint64) string {
	t.Helper()
	codes, err := st.Codes(ctx, []uint64{key})
	if err != nil {
		t.Fatal(err)
	}
	return codes[key]
}
