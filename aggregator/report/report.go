// Package report says what goes to whom and when: boards by schedule, alerts as they
// come. It decides and keeps a log of what it decided; figures come from whoever
// composes them in the receiver's scope, and package post carries them.
package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
	"iptvdc/aggregator/post"
	"iptvdc/aggregator/sheets"
)

// Form is how a report's figures come.
type Form string

const (
	XLSX Form = "xlsx" // a workbook with the message
	HTML Form = "html" // in the body of the mail
	CSV  Form = "csv"  // an archive of files with the message
)

// Limits of what one person keeps.
const (
	MaxReports   = 100
	MaxReceivers = 50
	maxName      = 100
)

// Report is a board that goes out by schedule. Each receiver is a person of the platform
// and gets it computed in their own scope.
type Report struct {
	ID    int64  `json:"id"`
	Owner string `json:"owner"`
	Name  string `json:"name"`
	Board string `json:"board"`
	// Filters are turned as a reader would turn them.
	Filters   board.Filters `json:"filters"`
	Receivers []string      `json:"receivers"` // names; none: its owner
	Form      Form          `json:"form"`
	Lang      sheets.Lang   `json:"lang,omitempty"` // "": each receiver's
	When      When          `json:"when"`
	Paused    bool          `json:"paused,omitempty"`
	// SetMs is when it was made or changed, UTC milliseconds: what was due before is not
	// sent. DoneMs is up to when what was due has been dealt with.
	SetMs  int64 `json:"set_ms"`
	DoneMs int64 `json:"done_ms"`
}

// Every is how often.
type Every string

const (
	Daily   Every = "day"
	Weekly  Every = "week"
	Monthly Every = "month"
)

// When is a report's schedule, in Asia/Shanghai.
type When struct {
	Every Every `json:"every"`
	// Weekday is 1 for Monday to 7 for Sunday, of weekly ones. Day is that of the month,
	// of monthly ones; in shorter months the last.
	Weekday int    `json:"weekday,omitempty"`
	Day     int    `json:"day,omitempty"`
	At      string `json:"at"` // HH:MM
	// WaitMinutes is for how long it may wait until the day before is complete. Then it
	// goes, and says that the day was not.
	WaitMinutes int `json:"wait_minutes"`
}

// DefaultWait is how long a report waits if nobody says.
const DefaultWait = 120

const maxWait = 24 * 60

// Check fills what was left out and reports what is wrong, as an *aggregator.Error.
func (r *Report) Check() error {
	r.Form, r.Name = cmp.Or(r.Form, XLSX), strings.TrimSpace(r.Name)
	if len(r.Receivers) == 0 {
		r.Receivers = []string{r.Owner}
	}
	slices.Sort(r.Receivers)
	r.Receivers = slices.Compact(r.Receivers)
	switch {
	case r.Name == "" || len(r.Name) > maxName || !utf8.ValidString(r.Name) || strings.ContainsFunc(r.Name, control):
		return faultf("bad_name", "name: 1 to %d bytes of text in one line", maxName)
	case r.Board == "":
		return faultf("bad_board", "board: give the id of one")
	case len(r.Receivers) > MaxReceivers:
		return faultf("bad_receivers", "receivers: %d, allowed %d", len(r.Receivers), MaxReceivers)
	case r.Form != XLSX && r.Form != HTML && r.Form != CSV:
		return faultf("bad_form", "form: there is no %q; allowed: xlsx, html, csv", clip(string(r.Form)))
	case r.Lang != "" && r.Lang != sheets.ZH && r.Lang != sheets.EN:
		return faultf("bad_language", "lang: %q; allowed: zh, en, or none for each receiver's", clip(string(r.Lang)))
	}
	if err := r.Filters.Check(); err != nil {
		return err
	}
	return r.When.check()
}

func control(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }

func (w *When) check() error {
	w.Every = cmp.Or(w.Every, Daily)
	if _, err := time.Parse("15:04", w.At); err != nil || len(w.At) != len("15:04") {
		return faultf("bad_when", "when.at: %q is no time of day; write it as 08:30", clip(w.At))
	}
	switch {
	case w.Every == Daily && (w.Weekday != 0 || w.Day != 0), w.Every == Weekly && w.Day != 0, w.Every == Monthly && w.Weekday != 0:
		return faultf("bad_when", "when: a day takes neither weekday nor day, a week weekday alone, a month day alone")
	case w.Every == Weekly && (w.Weekday < 1 || w.Weekday > 7):
		return faultf("bad_when", "when.weekday: %d, allowed 1 for Monday to 7 for Sunday", w.Weekday)
	case w.Every == Monthly && (w.Day < 1 || w.Day > 31):
		return faultf("bad_when", "when.day: %d, allowed 1 to 31; in shorter months the last", w.Day)
	case w.Every != Daily && w.Every != Weekly && w.Every != Monthly:
		return faultf("bad_when", "when.every: there is no %q; allowed: day, week, month", clip(string(w.Every)))
	case w.WaitMinutes < 0 || w.WaitMinutes > maxWait:
		return faultf("bad_when", "when.wait_minutes: %d, allowed 0 to %d", w.WaitMinutes, maxWait)
	}
	return nil
}

// due returns when it is due on a day; ok is false of days on which it is not.
func (w *When) due(d aggregator.Day) (at time.Time, ok bool) {
	switch w.Every {
	case Weekly:
		ok = int(d-d.Week())+1 == w.Weekday
	case Monthly:
		ok = int(d) == min(int(d.Month())+w.Day-1, int(d.NextMonth())-1)
	default:
		ok = true
	}
	clock, err := time.Parse("15:04", w.At)
	if err != nil { // it was checked
		return at, false
	}
	return d.Time().Add(time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute), ok
}

// maxMissed is how many of those that were missed are named, one by one.
const maxMissed = 31

// Dues returns when it was due after one moment up to another, the latest last; of many
// the latest ones.
func (w *When) Dues(after, through time.Time) []time.Time {
	var all []time.Time
	first, last := aggregator.DayOf(after.UnixMilli()), aggregator.DayOf(through.UnixMilli())
	for d := last; d >= first && len(all) <= maxMissed; d-- {
		if at, ok := w.due(d); ok && at.After(after) && !at.After(through) {
			all = append(all, at)
		}
	}
	slices.Reverse(all)
	return all
}

// Next returns when it is due next after a moment.
func (w *When) Next(after time.Time) time.Time {
	for d := aggregator.DayOf(after.UnixMilli()); ; d++ { // a month has every day of it
		if at, ok := w.due(d); ok && at.After(after) {
			return at
		}
	}
}

// State is how a sending stands.
type State string

const (
	Waiting State = "waiting" // not sent yet, or to be tried again
	Handing State = "handing" // being handed over: after a crash nobody knows
	Sent    State = "sent"
	Refused State = "refused" // not to be had: no grant, no board, no place to send it to
	Failed  State = "failed"  // it was tried often enough, or will never be taken
	Unsure  State = "unsure"  // handed over, and nobody said that it was taken; not repeated
	Missed  State = "missed"  // was due while the server was down, and a later one was sent
)

// Run is one time at which a report was due, or one notice of an alert.
type Run struct {
	Report *Report // nil: of a notice
	Notice int64
	// Title is what the list calls it.
	Title string
	Owner string
	Due   time.Time
	// By is who sent it by hand; "": the schedule.
	By string
	// Late says why the day was not complete when it was sent; "": it was.
	Late string
	// Missed: nothing is sent, the run is noted alone.
	Missed bool
	// To are the names of who gets it.
	To []string
}

// Sending is what goes to one place of one receiver.
type Sending struct {
	ID       int64
	Run      int64
	Report   *Report // as it was when it became due; nil: of a notice
	Notice   int64
	Title    string
	Owner    string
	Due      time.Time
	By       string
	Late     string
	Person   string
	Way      int64 // 0: there was none
	Kind     post.Kind
	Place    string // the address, masked
	State    State
	Attempts int
	// Code and Detail say why it was not sent.
	Code, Detail string
	At           time.Time // of its last change
}

// Place is a way of a person's, on which they want reports or alerts.
type Place struct {
	ID      int64
	Label   string
	Way     post.Way
	Reports bool
	Alerts  bool
	MadeMs  int64
}

func faultf(code, format string, args ...any) error {
	return &aggregator.Error{Code: code, Message: fmt.Sprintf(format, args...) + "."}
}

func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}
