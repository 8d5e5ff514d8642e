package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"iptvdc/protocol"
)

// TestNote: a note is kept with its events, alone, over starts, divergence and
// salvage; and by a disk whose commit failed exactly if the events are.
func TestNote(t *testing.T) {
	dir := t.TempDir()
	o := mustNew(t, NewSQLite(dir))
	want := func(note string, events int) {
		t.Helper()
		if got := string(o.Note()); got != note || o.Open() != events {
			t.Errorf("note %q beside %d events, want %q and %d", got, o.Open(), note, events)
		}
	}
	want("", 0)
	add := func(note string, events ...protocol.Event) {
		t.Helper()
		if err := o.AppendNoted([]byte(note), events...); err != nil {
			t.Fatal(err)
		}
	}
	again := func() {
		t.Helper()
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		o = mustNew(t, NewSQLite(dir))
	}
	add("one", protocol.Event{Kind: protocol.Click, Page: "a", Boot: 1})
	want("one", 1)
	if err := o.Append(protocol.Event{Kind: protocol.Click, Page: "b", Boot: 1}); err != nil {
		t.Fatal(err)
	}
	again()
	want("one", 2)
	add("two")
	again()
	want("two", 2)
	if err := o.Seal(); err != nil {
		t.Fatal(err)
	}
	if v, err := o.Ack(protocol.Ack{Epoch: o.Epoch(), Through: 99, Chain: protocol.Chain{1}}); err != nil || v.Action != Diverged {
		t.Fatalf("%+v, %v", v, err)
	}
	want("two", 0)
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	// A damaged last page is set aside; what is good comes along.
	path := filepath.Join(dir, fileName)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(b, make([]byte, 100))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	o = mustNew(t, NewSQLite(dir))
	if o.Stats().Salvaged != 1 {
		t.Errorf("%+v, want one salvage", o.Stats())
	}
	want("two", 0)
	again()
	want("two", 0)
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustNew(t *testing.T, d Disk) *Outbox {
	t.Helper()
	o, err := New(d, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestFirstSchema: a file of the schema without a note gets its table, keeps
// its rows, and is salvaged as any other.
func TestFirstSchema(t *testing.T) {
	dir := t.TempDir()
	o := mustNew(t, NewSQLite(dir))
	if err := o.Append(protocol.Event{Kind: protocol.Click, Page: "a", Boot: 1}); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, fileName)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	// The page of the note goes to another table, as it may have been used.
	_, err = db.ExecContext(context.Background(), "DROP TABLE note; PRAGMA user_version=1")
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	o = mustNew(t, NewSQLite(dir))
	if o.Open() != 1 || o.Note() != nil {
		t.Errorf("%d events, note %q", o.Open(), o.Note())
	}
	if err := o.AppendNoted([]byte("n"), protocol.Event{Kind: protocol.Click, Page: "b", Boot: 1}); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(b, make([]byte, 100))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	o = mustNew(t, NewSQLite(dir))
	if o.Open() != 2 || o.Stats().Salvaged != 1 {
		t.Errorf("%d events salvaged, %+v", o.Open(), o.Stats())
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestMark: what the program holds for signers is what it does.
func TestMark(t *testing.T) {
	if want := fmt.Sprintf("stbagent-outbox-format:%d:%d;", Format, FormatMin); Mark != want {
		t.Errorf("Mark is %q, want %q", Mark, want)
	}
}
