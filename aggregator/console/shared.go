package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
	"iptvdc/aggregator/settings"
)

// opensPerAddress is how often a minute links and embedded pages are opened from one
// address; a whole office may be behind one.
const opensPerAddress = 120

// DoorKey is what stands in a link's address, or a partner's token.
type DoorKey struct {
	Link     string `json:"link,omitempty"`
	Password string `json:"password,omitempty"` // of the link, if it has one
	Embed    string `json:"embed,omitempty"`
}

// SharedBoard is what somebody without an account sees of a board, and the ticket with
// which they ask for the answers of its widgets (Authorization: Ticket …).
type SharedBoard struct {
	Ticket string       `json:"ticket"`
	Until  time.Time    `json:"until"`
	Board  *board.Board `json:"board"`
	// Filters are fixed.
	Filters board.Filters `json:"filters"`
	// Catalogue names what the board shows, and no more.
	Catalogue Catalogue `json:"catalogue"`
	// Mark is what the page carries; "": nothing.
	Mark string `json:"mark"`
}

// SharedWidget names a widget of the board, by tab and id.
type SharedWidget struct {
	Tab    string `json:"tab"`
	Widget string `json:"widget"`
}

func (s *Console) sharedRoutes() []route {
	return []route{
		{"GET", "/s/{link}", anyone, "The page on which a share link shows its board", nil, nil, "text/html; charset=utf-8", s.sharedPage, nil},
		{"GET", "/embed", anyone, "The page that shows a board in another's, for a token that their server signed", nil, nil, "text/html; charset=utf-8", s.embedPage, embedParameters},
		{"POST", "/api/v1/shared/open", anyone, "Opens a share link, or what a partner's token asks for", DoorKey{}, SharedBoard{}, "", s.openShared, nil},
		{"POST", "/api/v1/shared/answer", anyone, "What a widget of a shared board shows; with the ticket of opening it", SharedWidget{}, WidgetAnswer{}, "", s.answerShared, nil},
	}
}

var embedParameters = []parameter{{name: "token", about: "a JWT signed by HS256 with the key's secret", required: true}, {name: "lang", about: "zh or en", def: "what the browser asks for"}, {name: "theme", about: "light or dark", def: "what the system has"}}

// sharedPage is the same for every link: what it opens, if anything, the page asks for.
func (s *Console) sharedPage(w http.ResponseWriter, r *http.Request) error {
	return s.file(w, r, "/reader.html")
}

// embedPage is the one page that may be framed, by those whom the key's maker named.
func (s *Console) embedPage(w http.ResponseWriter, r *http.Request) error {
	origins, err := s.Doors.EmbedOrigins(r.Context(), r.URL.Query().Get("token"))
	if origins == nil {
		s.doors.count(settings.DoorEmbed, err)
		return err
	}
	// A token that has ended is told of in the frame, where somebody sees it; the page asks
	// and hears why.
	w.Header().Del("X-Frame-Options")
	w.Header().Set("Content-Security-Policy", policy(strings.Join(origins, " ")))
	return s.file(w, r, "/reader.html")
}

func (s *Console) openShared(w http.ResponseWriter, r *http.Request) error {
	var body DoorKey
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	if (body.Link == "") == (body.Embed == "") {
		return &aggregator.Error{Code: "bad_body", Message: "body: give either link or embed."}
	}
	if err := s.wait(w, s.opened.allow(s.visitor(r).Place, time.Now())); err != nil {
		return err
	}
	var ticket string
	var d settings.Shared
	var err error
	door := settings.DoorEmbed
	if body.Link == "" {
		ticket, d, err = s.Doors.OpenEmbed(r.Context(), body.Embed, s.visitor(r))
	} else {
		door = settings.DoorLink
		if body.Password != "" {
			now := time.Now()
			if err := s.wait(w, max(s.addresses.allow(s.visitor(r).Place, now), s.unlocked.allow(body.Link, now))); err != nil {
				return err
			}
		}
		ticket, d, err = s.Doors.OpenLink(r.Context(), body.Link, body.Password, s.Links, s.visitor(r))
	}
	s.doors.count(door, err)
	if err != nil {
		return err
	}
	o, err := s.People.Options(r.Context())
	if err != nil {
		return err
	}
	a := SharedBoard{Ticket: ticket, Until: d.Until, Board: d.Board, Filters: d.Filters, Catalogue: catalogueOf(d.Board.Indicators(), d.Grants)}
	if o.Watermark {
		a.Mark = strings.TrimSpace(d.Maker + " → " + d.Reader + " " + d.Door + " " + d.ID + " " + aggregator.DayOf(time.Now().UnixMilli()).String())
	}
	return writeJSON(w, http.StatusOK, a)
}

// errNotShared is told where a board asks for more than its opener let out.
var errNotShared = &aggregator.Error{Code: "not_shared", Message: "This part of the board is not shown here: what it is made of was not shared."}

func (s *Console) answerShared(w http.ResponseWriter, r *http.Request) error {
	var body SharedWidget
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	d, err := s.byTicket(r)
	if err != nil {
		return err
	}
	tab, widget := d.Board.Widget(body.Tab, body.Widget)
	if widget == nil {
		return &aggregator.Error{Code: "not_found", Message: "The board has no such widget, or no more; load the page anew."}
	}
	around := d.Board.Filters
	if tab.Filters != nil {
		around = board.Under(around, *tab.Filters)
	}
	// Only what the door opens: no powers, no name under which anything is kept.
	b, _, err := s.widget(r.Context(), settings.Principal{Grants: d.Grants}, &WidgetQuestion{*widget, board.Under(around, d.Filters)}, aggregator.DayOf(time.Now().UnixMilli()))
	var fault *aggregator.Error
	if errors.As(err, &fault) && fault.Code == "not_granted" {
		return errNotShared
	}
	if err != nil {
		return err
	}
	return writeBytes(w, http.StatusOK, b)
}

// catalogueOf names some figures and all by which they are shown.
func catalogueOf(ids []string, g aggregator.Grants) Catalogue {
	return describe(g, func(id string) bool { return slices.Contains(ids, id) })
}
