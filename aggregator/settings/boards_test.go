package settings

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
	"iptvdc/aggregator/indicator"
)

func TestBoards(t *testing.T) {
	c := newClock()
	path := filepath.Join(t.TempDir(), "settings.sqlite")
	s := open(t, path, c)
	ctx := t.Context()
	anna, ben, root := Principal{Name: "anna"}, Principal{Name: "ben"}, Principal{Name: "root", Powers: Administer}
	blank := func(title string) *board.Board { return board.Blank(indicator.Text{EN: title}) }
	refused := func(err error, code, text string) {
		t.Helper()
		var fault *aggregator.Error
		if !errors.As(err, &fault) || fault.Code != code || !strings.Contains(fault.Message, text) {
			t.Errorf("%v, want %s %q", err, code, text)
		}
	}
	seen := func(p Principal, deleted bool, want ...string) {
		t.Helper()
		all, err := s.Boards(ctx, p, deleted)
		if err != nil {
			t.Fatal(err)
		}
		var titles []string
		for _, b := range all {
			titles = append(titles, b.Title.EN)
		}
		slices.Sort(titles)
		if !slices.Equal(titles, want) {
			t.Errorf("%s sees %v, want %v", p.Name, titles, want)
		}
	}

	a, err := s.AddBoard(ctx, anna, blank("A"), "first")
	if err != nil || a.Revision != 1 || a.Owner != "anna" || !a.Edits || !a.Mine || !a.Owns || a.By != "anna" || !a.Changed.Equal(c.Now()) {
		t.Fatalf("%+v, %v", a, err)
	}
	if _, err := s.AddBoard(ctx, ben, blank("B"), ""); err != nil {
		t.Fatal(err)
	}
	seen(anna, false, "A")
	seen(ben, false, "B")
	seen(root, false, "A", "B")
	seen(Principal{Name: "manager of one province", Powers: ManagePeople | ShareBoards}, false)

	// Nobody opens, changes or learns of another's.
	for _, try := range []func() error{
		func() error { _, _, err := s.Board(ctx, ben, a.ID, 0); return err },
		func() error { _, err := s.SaveBoard(ctx, ben, a.ID, 1, blank("C"), ""); return err },
		func() error { _, err := s.Revisions(ctx, ben, a.ID); return err },
		func() error { _, err := s.Shares(ctx, ben, a.ID); return err },
		func() error { _, err := s.DeleteBoard(ctx, ben, a.ID, true); return err },
		func() error { _, _, err := s.Board(ctx, anna, "nothing", 0); return err },
	} {
		refused(try(), "not_found", "There is no board")
	}

	// Two editors at once: the later one is told.
	if a, err = s.SaveBoard(ctx, anna, a.ID, 1, blank("A2"), "more"); err != nil || a.Revision != 2 || a.Title.EN != "A2" {
		t.Fatalf("%+v, %v", a, err)
	}
	_, err = s.SaveBoard(ctx, anna, a.ID, 1, blank("A3"), "")
	refused(err, "conflict", "anna saved revision 2")
	_, b, err := s.Board(ctx, anna, a.ID, 1)
	if err != nil || b.Title.EN != "A" {
		t.Errorf("%+v, %v", b, err)
	}
	if a, err = s.RestoreBoard(ctx, anna, a.ID, 1); err != nil || a.Revision != 3 || a.Title.EN != "A" {
		t.Errorf("%+v, %v", a, err)
	}
	_, err = s.RestoreBoard(ctx, anna, a.ID, 9)
	refused(err, "not_found", "no revision 9")
	revisions, err := s.Revisions(ctx, anna, a.ID)
	if err != nil || len(revisions) != 3 || revisions[0].Note != "= 1" || revisions[2].Note != "first" {
		t.Errorf("%+v, %v", revisions, err)
	}

	// Shared to be seen, then to be edited; only the owner shares and deletes.
	share := func(shares ...Share) {
		t.Helper()
		if _, err := s.ShareBoard(ctx, anna, a.ID, shares); err != nil {
			t.Fatal(err)
		}
	}
	share(Share{Who: "ben"})
	seen(ben, false, "A", "B")
	_, err = s.SaveBoard(ctx, ben, a.ID, 3, blank("C"), "")
	refused(err, "forbidden", "save a copy")
	share(Share{Who: Everybody, Edits: true})
	if a, err = s.SaveBoard(ctx, ben, a.ID, 3, blank("C"), ""); err != nil || a.By != "ben" || a.Owner != "anna" || a.Mine || a.Owns {
		t.Errorf("%+v, %v", a, err)
	}
	_, err = s.ShareBoard(ctx, ben, a.ID, nil)
	refused(err, "forbidden", "Only anna may")
	_, err = s.DeleteBoard(ctx, ben, a.ID, true)
	refused(err, "forbidden", "Only anna may")
	share()
	seen(ben, false, "B")

	// The bin gives back, for a time.
	if _, err := s.DeleteBoard(ctx, root, a.ID, true); err != nil {
		t.Fatal(err)
	}
	seen(anna, false)
	seen(anna, true, "C")
	if _, err := s.DeleteBoard(ctx, anna, a.ID, false); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, c) // kept
	seen(anna, false, "C")
	if _, err := s.DeleteBoard(ctx, anna, a.ID, true); err != nil {
		t.Fatal(err)
	}
	c.pass(BinLife + 1e9)
	if _, err := s.AddBoard(ctx, anna, blank("D"), ""); err != nil {
		t.Fatal(err)
	}
	seen(anna, true)

	// What is wrong is refused before it is kept.
	wrong := blank("W")
	wrong.Tabs = nil
	_, err = s.AddBoard(ctx, anna, wrong, "")
	refused(err, "bad_board", "tabs")
	_, err = s.AddBoard(ctx, anna, blank("N"), strings.Repeat("n", 201))
	refused(err, "bad_note", "allowed 200")
}

func TestBoardLimits(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "settings.sqlite"), newClock())
	p := Principal{Name: "p"}
	b := board.Blank(indicator.Text{EN: "b"})
	info, err := s.AddBoard(t.Context(), p, b, "")
	for n := int64(1); err == nil && n < MaxRevisions+5; n++ {
		_, err = s.SaveBoard(t.Context(), p, info.ID, n, b, fmt.Sprint(n))
	}
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Revisions(t.Context(), p, info.ID)
	if err != nil || len(all) != MaxRevisions || all[0].Revision != MaxRevisions+5 {
		t.Errorf("%d revisions, the newest %+v, %v", len(all), all[0], err)
	}
	for range MaxBoards - 1 {
		if _, err := s.AddBoard(t.Context(), p, b, ""); err != nil {
			t.Fatal(err)
		}
	}
	var fault *aggregator.Error
	if _, err := s.AddBoard(t.Context(), p, b, ""); !errors.As(err, &fault) || fault.Code != "too_many_boards" {
		t.Errorf("one too many: %v", err)
	}
}

// Pictures are kept by what they are; when there are too many, those go that no board shows.
func TestPictures(t *testing.T) {
	c := newClock()
	s := open(t, filepath.Join(t.TempDir(), "settings.sqlite"), c)
	ctx, anna := t.Context(), Principal{Name: "anna"}
	add := func(n int) string {
		t.Helper()
		id, err := s.AddPicture(ctx, anna, fmt.Appendf(nil, "picture %d", n))
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	there := func(id string, want bool) {
		t.Helper()
		b, err := s.Picture(ctx, id)
		var fault *aggregator.Error
		if want && (err != nil || !strings.HasPrefix(string(b), "picture ")) || !want && (!errors.As(err, &fault) || fault.Code != "not_found") {
			t.Errorf("%s: %q, %v; want it there: %v", id, b, err, want)
		}
	}
	shown, again := add(0), add(1)
	b := board.Blank(indicator.Text{EN: "A"})
	b.Tabs[0].Widgets = []board.Widget{{ID: "w", Kind: board.KindEPG, Place: board.Place{W: 8, H: 6}, Ask: board.Ask{Figures: []board.Figure{{Indicator: "clicks"}}},
		Show: board.Show{Page: "home", Picture: shown}}}
	info, err := s.AddBoard(ctx, anna, b, "")
	if err != nil {
		t.Fatal(err)
	}
	b.Tabs[0].Widgets = []board.Widget{}
	if _, err := s.SaveBoard(ctx, anna, info.ID, 1, b, "without"); err != nil {
		t.Fatal(err)
	}
	for n := 2; n < MaxPictures; n++ {
		add(n)
	}
	var fault *aggregator.Error
	if _, err := s.AddPicture(ctx, anna, []byte("picture too many")); !errors.As(err, &fault) || fault.Code != "too_many_pictures" {
		t.Error(err) // none is old enough to go
	}
	c.pass(PictureGrace + time.Second)
	if add(1) != again {
		t.Error("the same picture has another name")
	}
	last := add(MaxPictures)
	there(shown, true) // an older state of the board has it
	there(again, true) // brought again since
	there(last, true)
	gone, err := s.AddPicture(ctx, anna, []byte("picture 2"))
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM picture").Scan(&n); err != nil || n != 4 {
		t.Errorf("%d pictures, %v; want 4", n, err)
	}
	there(gone, true)
	there("nothing", false)
}
