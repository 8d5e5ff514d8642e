package board

import (
	"slices"
	"testing"
)

// Every template is a good board in both languages, and every question of it may be
// asked.
func TestTemplates(t *testing.T) {
	today := day(t, "2026-11-25")
	names, err := templateFiles()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(order)); !slices.Equal(got, want) {
		t.Errorf("files %v, offered %v", got, want)
	}
	for _, tpl := range Templates() {
		b := tpl.Board
		if b.Title.ZH == "" || b.Title.EN == "" || b.About.ZH == "" || b.About.EN == "" {
			t.Errorf("%s: a text is missing", tpl.Name)
		}
		for i := range b.Tabs {
			for n := range b.Tabs[i].Widgets {
				w := &b.Tabs[i].Widgets[n]
				if w.Title.ZH == "" || w.Title.EN == "" {
					t.Errorf("%s %s: a title is missing", tpl.Name, w.ID)
				}
				asked, err := w.Resolve(b.Around(&b.Tabs[i], w, Filters{}), today)
				if err != nil {
					t.Errorf("%s %s: %v", tpl.Name, w.ID, err)
					continue
				}
				for _, q := range asked.Questions {
					if err := q.Request.Check(); err != nil {
						t.Errorf("%s %s: %v", tpl.Name, w.ID, err)
					}
				}
				if len(asked.Ignored) > 0 {
					t.Errorf("%s %s ignores %v", tpl.Name, w.ID, asked.Ignored)
				}
			}
		}
	}
}
