package console

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/settings"
)

// TrailAnswer is lines of the audit log, the newest first.
type TrailAnswer struct {
	Entries []TrailEntry `json:"entries"`
	More    bool         `json:"more"`
}

// TrailEntry is one of them. Its hash covers the line and the hash before it.
type TrailEntry struct {
	No     int64            `json:"no"`
	At     indicator.Moment `json:"at"`
	Who    string           `json:"who"`
	By     string           `json:"by"` // who looked through their eyes
	What   string           `json:"what"`
	Whom   string           `json:"whom"`
	Place  string           `json:"place"`
	Detail string           `json:"detail"`
	Hash   string           `json:"hash"`
}

// Exported is what is taken out of the page as a file.
type Exported struct {
	Format string `json:"format"` // csv, png, copy or print
	What   string `json:"what"`   // what it is of, as on the page
	Rows   int    `json:"rows,omitempty"`
}

// ExportMark is what the file is to carry; "" if watermarks are switched off.
type ExportMark struct {
	Mark string `json:"mark"`
}

var trailParameters = []parameter{
	{name: "before", about: "only lines with smaller numbers; without: from the newest"},
	{name: "person", about: "only what this person did, or had done to them"},
	{name: "what", about: "only this, as signed_in"},
	{name: "limit", about: "lines to list, 1 to 1000", def: "100"},
}

func (s *Console) trail(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, trailParameters)
	if err != nil {
		return err
	}
	q := settings.TrailQuery{Person: values["person"], What: values["what"], Limit: 100}
	if text, ok := values["before"]; ok {
		if q.Before, err = strconv.ParseInt(text, 10, 64); err != nil || q.Before < 1 {
			return badParameter("before", text, "the number of a line")
		}
	}
	if text, ok := values["limit"]; ok {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > 1000 {
			return badParameter("limit", text, "1 to 1000")
		}
	}
	limit := q.Limit
	q.Limit++
	all, err := s.People.Trail(r.Context(), principal(r), q)
	if err != nil {
		return err
	}
	a := TrailAnswer{Entries: []TrailEntry{}, More: len(all) > limit}
	for _, e := range all[:min(len(all), limit)] {
		a.Entries = append(a.Entries, TrailEntry{e.No, indicator.Moment(e.At.UnixMilli()), e.Who, e.By, e.What, e.Whom, e.Place, e.Detail, fmt.Sprintf("%x", e.Hash)})
	}
	return writeJSON(w, http.StatusOK, a)
}

// exportFormats are what figures leave the page as.
var exportFormats = []string{"csv", "png", "copy", "print"}

func (s *Console) exported(w http.ResponseWriter, r *http.Request) error {
	var body Exported
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	if !slices.Contains(exportFormats, body.Format) {
		return badParameter("format", body.Format, "csv, png, copy or print")
	}
	p := principal(r)
	if err := s.Identities.Note(r.Context(), p, "exported", "", fmt.Sprintf("format=%s rows=%d what=%q", body.Format, body.Rows, clip(body.What))); err != nil {
		return err
	}
	mark, err := s.mark(r.Context(), p)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, ExportMark{mark})
}

// mark is what pages and files of somebody carry: their name, the account's, and the
// day. "" if watermarks are switched off.
func (s *Console) mark(ctx context.Context, p settings.Principal) (string, error) {
	o, err := s.People.Options(ctx)
	if err != nil || !o.Watermark {
		return "", err
	}
	name := p.Display
	if name != p.Name {
		name += " (" + p.Name + ")"
	}
	if p.By != "" {
		name = p.By + " → " + name
	}
	return name + " " + aggregator.DayOf(time.Now().UnixMilli()).String(), nil
}

// noteList records that something was looked at that names single accounts or boxes, or
// decided for all. What cannot be recorded is not shown.
func (s *Console) noteList(r *http.Request, what, detail string) error {
	p := principal(r)
	s.Log.Info(what, "by", p.Name, "detail", detail)
	return s.Identities.Note(r.Context(), p, what, "", detail)
}
