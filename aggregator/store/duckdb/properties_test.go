package duckdb

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// What is written must be what encoding/json writes: rows are compared with rows
// that it wrote.
func FuzzProperties(f *testing.F) {
	for _, s := range []string{"", "plain", `"a\b"`, "<&>", "\b\f\n\r\t\x00\x1f\x7f", "中国", "\u2028\u2029\ufffd", "a\xff\xc3(", "\U0001f600", "\xe4\xb8"} {
		f.Add(s, s+s)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		all := []c3.Property{{Name: name, Value: value}, {Name: value, Language: name, Value: "x" + name}}
		rows := make([][3]string, len(all))
		for i, p := range all {
			rows[i] = [3]string{p.Name, p.Language, p.Value}
		}
		want, err := json.Marshal(rows)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendProperties([]byte("before"), all); string(got) != "before"+string(want) {
			t.Errorf("written\n%q, as encoding/json\n%q", got, want)
		}
	})
}

func TestNoProperties(t *testing.T) {
	if got := appendProperties(nil, nil); string(got) != "[]" {
		t.Errorf("no properties are written %q", got)
	}
}

// TestLongTexts: columns that name their compression hold what it cannot take, as
// a text longer than a block of the file.
func TestLongTexts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.duckdb")
	open := func() *Store {
		t.Helper()
		s, err := Open(path, Options{MemoryBytes: 256 << 20})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	rows := &store.FeedRows{}
	for n := range uint64(3000) {
		size := 40
		if n%500 == 0 {
			size = 700_000
		}
		rows.Objects = append(rows.Objects, store.ObjectRow{Line: int64(n), Element: c3.ElementProgram, Code: n + 1, Name: n + 1,
			Properties: []c3.Property{{Name: "Description", Value: strings.Repeat(string(rune('a'+n%26)), size)}}})
		rows.Codes = append(rows.Codes, store.Code{Key: n + 1, Text: fmt.Sprint(n, strings.Repeat("x", size))})
	}
	take(t, s, store.File{Province: 33, Feed: c3.FeedCatalogue, VersionMs: 1, ID: [16]byte{1}}, rows, int64(len(rows.Objects)))
	if _, err := s.db.ExecContext(t.Context(), "CHECKPOINT"); err != nil {
		t.Fatal(err)
	}
	if err := s.Shutdown(); err != nil {
		t.Fatal(err)
	}
	s = open()
	defer func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
	}()
	found := 0
	if err := s.Titles(t.Context(), aggregator.Scope{All: true}, func(r store.TitleRow) error {
		n, err := strconv.Atoi(strings.TrimRight(r.Code, "x"))
		if err != nil {
			return err
		}
		found++
		if o := rows.Objects[n]; r.Code != rows.Codes[n].Text || len(r.Properties) != 1 || r.Properties[0] != o.Properties[0] {
			t.Errorf("object %d is not what was put in", n)
		}
		return nil
	}); err != nil || found != len(rows.Objects) {
		t.Errorf("%d of %d objects, %v", found, len(rows.Objects), err)
	}
}
