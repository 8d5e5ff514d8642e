package board

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"unicode/utf8"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// Read reads a board as JSON and checks it. What it does not know is refused by name:
// a board made by a newer release must not lose what this one does not understand. Its
// fault is an *aggregator.Error that names the place.
func Read(b []byte) (*Board, error) {
	if len(b) > MaxBytes {
		return nil, faultf("bad_board", "the board has %d bytes, allowed %d; split it", len(b), MaxBytes)
	}
	if !utf8.Valid(b) {
		return nil, faultf("bad_board", "the board is no UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	board := new(Board)
	if err := d.Decode(board); err != nil {
		return nil, faultf("bad_board", "the board cannot be read: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, faultf("bad_board", "something follows the board")
	}
	return board, board.Check()
}

// id is what tabs and widgets are called.
var id = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,32}$`)

// Check reports what is wrong with a board, as an *aggregator.Error that names the
// tab and widget and what is allowed.
func (b *Board) Check() error {
	if b.Schema != Schema {
		return faultf("bad_board", "schema: %d, this release reads %d", b.Schema, Schema)
	}
	if err := errors.Join(checkText("title", b.Title, MaxText, true), checkText("about", b.About, MaxProse, false)); err != nil {
		return first(err)
	}
	if err := b.Filters.Check(); err != nil {
		return err
	}
	if len(b.Tabs) == 0 || len(b.Tabs) > MaxTabs {
		return faultf("bad_board", "tabs: %d, allowed 1 to %d", len(b.Tabs), MaxTabs)
	}
	if b.RotateSeconds != 0 && (b.RotateSeconds < 5 || b.RotateSeconds > 3600) {
		return faultf("bad_board", "rotate_seconds: %d, allowed 5 to 3600, or 0 for none", b.RotateSeconds)
	}
	seen, widgets := map[string]bool{}, 0
	for n := range b.Tabs {
		t := &b.Tabs[n]
		if !id.MatchString(t.ID) || seen[t.ID] {
			return faultf("bad_board", "tab %d: id %q; ids are 1 to 32 letters, digits, - and _, each once in the board", n+1, clip(t.ID))
		}
		seen[t.ID] = true
		if widgets += len(t.Widgets); widgets > MaxWidgets {
			return faultf("bad_board", "more than %d widgets; split the board", MaxWidgets)
		}
		if err := t.check(seen); err != nil {
			return within(fmt.Sprintf("tab %s", t.ID), err)
		}
	}
	if len(b.Views) > 50 {
		return faultf("bad_board", "views: %d, allowed 50", len(b.Views))
	}
	names := map[string]bool{}
	for _, v := range b.Views {
		if v.Name == "" || len(v.Name) > MaxText || names[v.Name] {
			return faultf("bad_board", "views: name %q; each needs one of its own, of at most %d bytes", clip(v.Name), MaxText)
		}
		names[v.Name] = true
		if err := v.Filters.Check(); err != nil {
			return within("view "+clip(v.Name), err)
		}
	}
	return b.checkMarks()
}

func (b *Board) checkMarks() error {
	if len(b.Marks) > MaxMarks {
		return faultf("bad_board", "marks: %d, allowed %d", len(b.Marks), MaxMarks)
	}
	for n, m := range b.Marks {
		where := fmt.Sprintf("mark %d", n+1)
		p := Period{From: m.From, To: m.To}
		if m.To == "" {
			p.To = m.From
		}
		if err := errors.Join(p.check(), checkText("text", m.Text, MaxText, true)); err != nil {
			return within(where, first(err))
		}
		for _, code := range m.Provinces {
			if _, err := aggregator.ParseProvince(code); err != nil {
				return within(where, faultf("bad_board", "provinces: %q is no code of two digits", clip(code)))
			}
		}
	}
	return nil
}

func (t *Tab) check(seen map[string]bool) error {
	if err := checkText("title", t.Title, MaxText, true); err != nil {
		return err
	}
	if t.Filters != nil {
		if err := t.Filters.Check(); err != nil {
			return err
		}
	}
	for n := range t.Widgets {
		w := &t.Widgets[n]
		if !id.MatchString(w.ID) || seen[w.ID] {
			return faultf("bad_board", "widget %d: id %q; ids are 1 to 32 letters, digits, - and _, each once in the board", n+1, clip(w.ID))
		}
		seen[w.ID] = true
		if err := w.Check(); err != nil {
			return within("widget "+w.ID, err)
		}
		for _, o := range t.Widgets[:n] {
			if w.Place.overlaps(o.Place) {
				return within("widget "+w.ID, faultf("bad_board", "place: it lies on widget %s", o.ID))
			}
		}
	}
	return nil
}

// Check reports what is wrong with a widget by itself.
func (w *Widget) Check() error {
	r, ok := ruleOf(w.Kind)
	if !ok {
		return faultf("bad_widget", "kind: there is no %q; allowed: %v", clip(string(w.Kind)), Kinds())
	}
	if err := errors.Join(checkText("title", w.Title, MaxText, false), checkText("prose", w.Prose, MaxProse, w.Kind == KindText)); err != nil {
		return first(err)
	}
	if w.Kind != KindText && w.Prose != (indicator.Text{}) {
		return faultf("bad_widget", "prose: a %s has none", w.Kind)
	}
	p := w.Place
	if p.X < 0 || p.Y < 0 || p.W < r.w || p.H < r.h || p.W > Columns || p.X+p.W > Columns || p.Y+p.H > MaxRow {
		return faultf("bad_widget", "place: %d,%d of %d×%d cells; a %s has at least %d×%d, within %d columns and %d rows", p.X, p.Y, p.W, p.H, w.Kind, r.w, r.h, Columns, MaxRow)
	}
	if err := w.Filters.Check(); err != nil {
		return err
	}
	if err := w.Show.check(w.Kind); err != nil {
		return err
	}
	return w.Ask.check(r)
}

func (a *Ask) check(r rule) error {
	if len(a.Figures) < r.least || len(a.Figures) > r.most {
		return faultf("bad_widget", "figures: %d, a %s has %d to %d", len(a.Figures), r.kind, r.least, r.most)
	}
	if len(a.By) < r.by || len(a.By) > r.upTo {
		return faultf("bad_widget", "by: %d dimensions, a %s has %d to %d", len(a.By), r.kind, r.by, r.upTo)
	}
	for n, f := range a.Figures {
		if err := f.check(r); err != nil {
			return within(fmt.Sprintf("figure %d", n+1), err)
		}
	}
	for n, d := range a.By {
		if slices.Contains(a.By[:n], d) || slices.Contains(r.always, d) {
			return faultf("bad_widget", "by: %q stands twice", d)
		}
	}
	if a.Top < 0 || a.Top > indicator.MaxTop {
		return faultf("bad_widget", "top: %d, allowed 1 to %d, or 0 for as many as fit", a.Top, indicator.MaxTop)
	}
	if r.kind == KindText {
		return nil
	}
	// Whether the figures have the dimensions only a question can say.
	ids, err := a.indicators()
	if err != nil {
		return err
	}
	q := indicator.Request{Indicators: ids, Dimensions: slices.Concat(r.always, a.By), From: "2026-01-01", To: "2026-01-01"}
	return q.Check()
}

func (f *Figure) check(r rule) error {
	if err := checkText("title", f.Title, MaxText, f.Formula != ""); err != nil {
		return err
	}
	switch {
	case (f.Indicator == "") == (f.Formula == ""):
		return faultf("bad_widget", "name an indicator or write a formula, one of the two")
	case f.Formula != "":
		if !r.formulas {
			return faultf("bad_widget", "formula: a %s shows indicators alone", r.kind)
		}
		_, err := ParseFormula(f.Formula)
		return err
	}
	if _, ok := indicator.Find(f.Indicator); !ok {
		return faultf("bad_widget", "there is no indicator %q; /api/v1/indicators lists them", clip(f.Indicator))
	}
	return nil
}

// indicators are all that the figures need, each once.
func (a *Ask) indicators() ([]string, error) {
	var ids []string
	for _, f := range a.Figures {
		need := []string{f.Indicator}
		if f.Formula != "" {
			parsed, err := ParseFormula(f.Formula)
			if err != nil {
				return nil, err
			}
			need = parsed.Indicators()
		}
		for _, i := range need {
			if !slices.Contains(ids, i) {
				ids = append(ids, i)
			}
		}
	}
	if len(ids) > indicator.MaxIndicators {
		return nil, faultf("bad_widget", "figures: they need %d indicators, allowed %d", len(ids), indicator.MaxIndicators)
	}
	return ids, nil
}

func (s *Show) check(k Kind) error {
	switch {
	case !slices.Contains([]string{"", "none", "top", "right"}, s.Legend):
		return faultf("bad_widget", "show.legend: there is no %q; allowed: none, top, right", clip(s.Legend))
	case s.Colour != "" && !slices.Contains(Colours, s.Colour):
		return faultf("bad_widget", "show.colour: there is no %q; allowed: %v", clip(s.Colour), Colours)
	case s.Decimals != nil && (*s.Decimals < 0 || *s.Decimals > 6):
		return faultf("bad_widget", "show.decimals: %d, allowed 0 to 6", *s.Decimals)
	case (s.Page != "" || s.Picture != "") && k != KindEPG:
		return faultf("bad_widget", "show.page: a %s shows no page", k)
	case k == KindEPG && (s.Page == "" || len(s.Page) > 128):
		return faultf("bad_widget", "show.page: which page? Write its code, of at most 128 bytes")
	case s.Picture != "" && !id.MatchString(s.Picture):
		return faultf("bad_widget", "show.picture: %q is no name of a picture", clip(s.Picture))
	case len(s.Slots) > 0 && s.Picture == "":
		return faultf("bad_widget", "show.slots: they lie on a picture, and there is none")
	case len(s.Slots) > MaxSlots:
		return faultf("bad_widget", "show.slots: %d, allowed %d", len(s.Slots), MaxSlots)
	case len(s.Right) > 8:
		return faultf("bad_widget", "show.right: %d figures, allowed 8", len(s.Right))
	}
	type slot struct{ area, slot string }
	seen := map[slot]bool{}
	for _, a := range s.Slots {
		if a.X < 0 || a.Y < 0 || a.W < 5 || a.H < 5 || a.X+a.W > 1000 || a.Y+a.H > 1000 {
			return faultf("bad_widget", "show.slots: %s/%s lies at %d,%d of %d×%d; in thousandths of the picture, within it, each side at least 5", clip(a.Area), clip(a.Slot), a.X, a.Y, a.W, a.H)
		}
		if len(a.Area) > 128 || len(a.Slot) > 32 || a.Slot == "" || seen[slot{a.Area, a.Slot}] {
			return faultf("bad_widget", "show.slots: area %q, slot %q; each stands once, with a slot of 1 to 32 bytes and an area of at most 128", clip(a.Area), clip(a.Slot))
		}
		seen[slot{a.Area, a.Slot}] = true
	}
	return nil
}

// Check reports what is wrong with filters by themselves.
func (f *Filters) Check() error {
	if f.Period != nil {
		if err := f.Period.check(); err != nil {
			return err
		}
	}
	if f.Grain != "" && !slices.Contains(indicator.Grains(), f.Grain) {
		return faultf("bad_grain", "grain: there is no %q; allowed: %v", clip(string(f.Grain)), indicator.Grains())
	}
	if c := f.Compare; c != nil {
		if c.With != indicator.NoCompare && !slices.Contains(indicator.Compares(), c.With) {
			return faultf("bad_compare", "compare: there is no %q; allowed: %v", clip(string(c.With)), indicator.Compares())
		}
		if c.Align != indicator.NoAlign && !slices.Contains(indicator.Aligns(), c.Align) {
			return faultf("bad_compare", "compare: there is no alignment %q; allowed: %v", clip(string(c.Align)), indicator.Aligns())
		}
	}
	if len(f.Where) > indicator.MaxFilters {
		return faultf("bad_filter", "where: %d filters, allowed %d", len(f.Where), indicator.MaxFilters)
	}
	for n, w := range f.Where {
		_, known := indicator.FindDimension(w.Dimension)
		// A source that is gone leaves its filters behind; widgets then say that they ignore them.
		if _, _, own := indicator.CutTextColumn(w.Dimension); !known && !own {
			return faultf("bad_filter", "where: there is no dimension %q", clip(string(w.Dimension)))
		}
		if slices.ContainsFunc(f.Where[:n], func(o indicator.Filter) bool { return o.Dimension == w.Dimension }) {
			return faultf("bad_filter", "where: %q stands twice", w.Dimension)
		}
		if len(w.In) == 0 || len(w.In) > indicator.MaxFilterValues {
			return faultf("bad_filter", "where: %s has %d values, allowed 1 to %d", w.Dimension, len(w.In), indicator.MaxFilterValues)
		}
	}
	return nil
}

// checkText checks a text of people.
func checkText(field string, t indicator.Text, most int, needed bool) error {
	if needed && t.ZH == "" && t.EN == "" {
		return faultf("bad_board", "%s: it has none; write one in Chinese or English", field)
	}
	for _, s := range []string{t.ZH, t.EN} {
		if len(s) > most {
			return faultf("bad_board", "%s: %d bytes, allowed %d", field, len(s), most)
		}
	}
	return nil
}

// within puts the place before a fault.
func within(where string, err error) error {
	var fault *aggregator.Error
	if errors.As(err, &fault) {
		return &aggregator.Error{Code: fault.Code, Message: where + ": " + fault.Message, Cause: fault.Cause}
	}
	return err
}

// first is the first of joined faults.
func first(err error) error {
	var fault *aggregator.Error
	if errors.As(err, &fault) {
		return fault
	}
	return err
}

// has reports whether every indicator has a dimension.
func has(ids []string, d store.Column) bool { return every(ids, d, (*indicator.Indicator).Has) }

// filtered reports whether every indicator can be filtered by a dimension.
func filtered(ids []string, d store.Column) bool {
	return every(ids, d, (*indicator.Indicator).FilteredBy)
}

func every(ids []string, d store.Column, can func(*indicator.Indicator, store.Column) bool) bool {
	return !slices.ContainsFunc(ids, func(id string) bool {
		i, ok := indicator.Find(id)
		return !ok || !can(&i, d)
	})
}
