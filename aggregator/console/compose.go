package console

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/sheets"
	"iptvdc/aggregator/store"
)

// Composition asks for a board as a document.
type Composition struct {
	Board    string
	Revision int64 // 0: the latest
	// Filters are those that a reader turned.
	Filters board.Filters
	// Day is as seen on which it is asked; the zero Day: today.
	Day  aggregator.Day
	Lang sheets.Lang // "": the reader's, else Chinese
}

// Compose makes the document of a board as somebody may see it: the board must be open
// to them, and every widget is answered in their scope alone. A widget of which nothing
// is open to them, or that cannot be answered, says so in its place; the others stand.
func (s *Console) Compose(ctx context.Context, p settings.Principal, c Composition) (*sheets.Document, error) {
	if err := c.Filters.Check(); err != nil {
		return nil, err
	}
	info, b, err := s.Boards.Board(ctx, p, c.Board, c.Revision)
	if err != nil {
		return nil, err
	}
	if c.Day == 0 {
		c.Day = aggregator.DayOf(time.Now().UnixMilli())
	}
	l := languageOf(c.Lang, p)
	mark, err := s.mark(ctx, p)
	if err != nil {
		return nil, err
	}
	d := &sheets.Document{Lang: l, Title: l.Of(b.Title), About: l.Of(b.About), Reader: cmp.Or(p.Display, p.Name), Mark: mark, Day: c.Day, Made: time.Now().In(aggregator.Shanghai)}
	if s.PublicURL != "" {
		d.Link = strings.TrimSuffix(s.PublicURL, "/") + "/#/boards/" + url.PathEscape(info.ID)
	}
	around := board.Under(b.Filters, c.Filters)
	if around.Period != nil {
		from, to, err := around.Period.Days(c.Day)
		if err != nil {
			return nil, err
		}
		d.Facts = append(d.Facts, sheets.Fact{Name: l.Say("period"), Value: from.String() + l.Say("to") + to.String()})
	}
	d.Facts = append(d.Facts, sheets.FilterFacts(around.Where, l, s.name)...)
	for n := range b.Tabs {
		t := &b.Tabs[n]
		for k := range t.Widgets {
			part, err := s.part(ctx, p, c, b, t, &t.Widgets[k], l)
			if err != nil {
				return nil, err
			}
			if len(b.Tabs) > 1 {
				part.Tab = l.Of(t.Title)
			}
			d.Parts = append(d.Parts, *part)
		}
	}
	return d, nil
}

func languageOf(l sheets.Lang, p settings.Principal) sheets.Lang {
	if l != "" {
		return l
	}
	if p.Language == string(sheets.EN) {
		return sheets.EN
	}
	return sheets.ZH
}

// part answers one widget. What ends the whole document is an error.
func (s *Console) part(ctx context.Context, p settings.Principal, c Composition, b *board.Board, t *board.Tab, w *board.Widget, l sheets.Lang) (*sheets.Part, error) {
	part := &sheets.Part{Title: sheets.TitleOf(w, l), Widget: *w}
	if w.Kind == board.KindText {
		part.Prose = l.Of(w.Prose)
		return part, nil
	}
	// A figure may be gone since the board was saved.
	if err := w.Check(); err != nil {
		return s.refused(part, err, l)
	}
	answered, scope, err := s.widget(ctx, p, &WidgetQuestion{Widget: *w, Filters: b.Around(t, &board.Widget{}, c.Filters)}, c.Day)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return s.refused(part, err, l)
	}
	var got WidgetAnswer
	if err := json.Unmarshal(answered, &got); err != nil {
		return nil, err
	}
	for n := range got.Parts {
		a := &sheets.Answered{Part: got.Parts[n].Part, Request: got.Parts[n].Request, Answer: got.Parts[n].Answer}
		part.Tables = append(part.Tables, sheets.Lay(w, a, l))
		if n == 0 {
			part.Facts = sheets.AnswerFacts(a, scope, got.Ignored, l, s.name)
		}
	}
	return part, nil
}

// refused tells why a widget has no figures, if that is for people.
func (s *Console) refused(part *sheets.Part, err error, l sheets.Lang) (*sheets.Part, error) {
	var fault *aggregator.Error
	switch {
	case errors.As(err, &fault):
		part.Refused = fault.Message
	case errors.Is(err, context.DeadlineExceeded):
		part.Refused = errTooLong.Message
	default:
		return nil, err
	}
	if l == sheets.ZH {
		part.Refused, _ = s.speaker.chinese(part.Refused)
	}
	return part, nil
}

// name names a value of a filter.
func (s *Console) name(c store.Column, cell string) (indicator.Text, bool) {
	if s.Names == nil {
		return indicator.Text{}, false
	}
	return s.Names(c, cell)
}
