package report_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/post"
	"iptvdc/aggregator/report"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/sheets"
)

// office is a desk over real settings, a clock, and ends that fail as told.
type office struct {
	t        *testing.T
	settings *settings.Settings
	desk     *report.Desk
	now      time.Time
	late     string
	li       settings.Principal
	report   report.Report

	compose func() error
	send    func(to string) error
	sent    []string
	days    []aggregator.Day
}

// Report implements report.Composer.
func (o *office) Report(_ context.Context, person string, r *report.Report, day aggregator.Day) (*sheets.Document, error) {
	if o.compose != nil {
		if err := o.compose(); err != nil {
			return nil, err
		}
	}
	o.days = append(o.days, day)
	return &sheets.Document{Lang: sheets.EN, Title: r.Name, Reader: person, Day: day, Made: o.now}, nil
}

// Notice implements report.Composer.
func (o *office) Notice(context.Context, string, int64) (*insight.Notice, sheets.Lang, error) {
	return &insight.Notice{ID: 1, Province: "33", Firing: true}, sheets.EN, nil
}

// Send implements report.Sender.
func (o *office) Send(_ context.Context, w post.Way, m *post.Message) error {
	if o.send != nil {
		if err := o.send(w.Address); err != nil {
			return err
		}
	}
	o.sent = append(o.sent, w.Address+" "+m.Subject)
	return nil
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, now: moment(t, "2026-05-03 08:00")}
	var err error
	if o.settings, err = settings.Open(t.Context(), filepath.Join(t.TempDir(), "settings.sqlite"), func() time.Time { return o.now }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.settings.Close() })
	if err := o.settings.AddPerson(t.Context(), settings.OfMachine(), "li", settings.Profile{}, []settings.Permit{{Role: "operation", Scope: aggregator.Scope{All: true}}}); err != nil {
		t.Fatal(err)
	}
	if o.li, err = o.settings.Reader(t.Context(), "li"); err != nil {
		t.Fatal(err)
	}
	info, err := o.settings.AddBoard(t.Context(), o.li, board.Blank(indicator.Text{EN: "B"}), "")
	if err != nil {
		t.Fatal(err)
	}
	o.place("a@b.cn")
	o.report, err = o.settings.AddReport(t.Context(), o.li, report.Report{Name: "R", Board: info.ID, When: report.When{At: "08:30", WaitMinutes: 60}})
	if err != nil {
		t.Fatal(err)
	}
	o.start()
	return o
}

func (o *office) place(address string) report.Place {
	o.t.Helper()
	p, err := o.settings.AddPlace(o.t.Context(), o.li, report.Place{Way: post.Way{Kind: post.Mail, Address: address}, Reports: true, Alerts: true})
	if err != nil {
		o.t.Fatal(err)
	}
	return p
}

// start is a server's start: what was in memory is gone.
func (o *office) start() {
	o.t.Helper()
	o.desk = report.New(report.Config{Book: o.settings, Composer: o, Sender: o, Now: func() time.Time { return o.now }, Log: slog.New(slog.DiscardHandler),
		Fresh: func(context.Context, aggregator.Day) (string, error) { return o.late, nil }})
	if _, err := o.settings.Interrupted(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

// round is one at a time; what panics in it is a crash.
func (o *office) round(at string) {
	o.t.Helper()
	o.now = moment(o.t, at)
	defer func() {
		if recover() != nil {
			o.start()
		}
	}()
	if err := o.desk.Round(o.t.Context()); err != nil {
		o.t.Error(err)
	}
}

func (o *office) want(sent int, states string) {
	o.t.Helper()
	all, err := o.settings.Sendings(o.t.Context(), o.li, 0, 100)
	got := ""
	for _, s := range all {
		got = fmt.Sprintf("%s %s:%d", got, s.State, s.Attempts)
	}
	if err != nil || len(o.sent) != sent || got != states {
		o.t.Errorf("sent %q, states%s, %v; want %d,%s", o.sent, got, err, sent, states)
	}
}

// A report goes once each time it is due, over restarts.
func TestOnceEachTime(t *testing.T) {
	o := newOffice(t)
	o.round("2026-05-03 08:29")
	o.want(0, "")
	o.round("2026-05-03 08:30")
	o.round("2026-05-03 08:31")
	o.start()
	o.round("2026-05-03 08:32")
	o.want(1, " sent:1")
	if o.sent[0] != "a@b.cn R 2026-05-03" {
		t.Error(o.sent)
	}
	o.round("2026-05-04 08:30")
	o.want(2, " sent:1 sent:1")
}

// After a stop of days it goes once, for the last day, and the others are named.
func TestAfterAStop(t *testing.T) {
	o := newOffice(t)
	o.round("2026-05-06 23:00")
	o.start()
	o.round("2026-05-06 23:01")
	o.want(1, " sent:1")
	missed, err := o.settings.MissedRuns(t.Context(), o.li, 0, 10)
	if err != nil || len(missed) != 3 || !missed[0].Due.Equal(moment(t, "2026-05-05 08:30")) {
		t.Errorf("%+v, %v", missed, err)
	}
	if day, err := aggregator.ParseDay("2026-05-06"); err != nil || o.days[0] != day {
		t.Errorf("as seen on %v, %v", o.days, err)
	}
	if s := o.desk.Stats(); s.Begun != 0 || s.Missed != 0 { // of this start
		t.Errorf("%+v", s)
	}
}

// A crash between what is kept and the sending loses nothing; one while it is handed
// over sends nothing twice, and says so.
func TestCrashes(t *testing.T) {
	o := newOffice(t)
	o.compose = func() error { panic("power cut") }
	o.round("2026-05-03 08:30")
	o.want(0, " waiting:0")
	o.compose = nil
	o.round("2026-05-03 09:00")
	o.want(1, " sent:1")

	o.send = func(string) error { panic("power cut") }
	o.round("2026-05-04 08:30")
	o.send = nil
	o.round("2026-05-04 08:31")
	o.want(1, " unsure:0 sent:1")
}

// It waits for its day, at most so long, and says why the day was not complete.
func TestWaits(t *testing.T) {
	o := newOffice(t)
	o.late = report.LateEvents
	o.round("2026-05-03 08:30")
	o.round("2026-05-03 09:29")
	o.want(0, "")
	o.round("2026-05-03 09:30")
	o.want(1, " sent:1")
	if o.sent[0] != "a@b.cn R 2026-05-03 (not complete)" {
		t.Error(o.sent)
	}
	o.round("2026-05-04 08:30")
	o.late = ""
	o.round("2026-05-04 08:40")
	o.want(2, " sent:1 sent:1")
	if o.sent[1] != "a@b.cn R 2026-05-04" {
		t.Error(o.sent)
	}
	if s := o.desk.Stats(); s.Begun != 2 || s.Late != 1 || s.Waits != 3 || s.Ended[report.Outcome{Kind: post.Mail, State: report.Sent}] != 2 {
		t.Errorf("%+v", s)
	}
}

// What fails for now is tried again, ever later, and given up in the end; what is
// refused for good is not.
func TestRetries(t *testing.T) {
	o := newOffice(t)
	o.place("c@d.cn")
	fate := post.Later
	o.send = func(to string) error {
		if to == "a@b.cn" {
			return &post.Error{Fate: fate, Code: "smtp_later", Detail: "450 busy"}
		}
		return nil
	}
	o.round("2026-05-03 08:30")
	o.want(1, " sent:1 waiting:1")
	o.round("2026-05-03 08:30")
	o.want(1, " sent:1 waiting:1") // its pause is not over
	for at := o.now; at.Before(moment(t, "2026-05-04 08:00")); at = at.Add(5 * time.Minute) {
		o.round(at.In(aggregator.Shanghai).Format("2006-01-02 15:04"))
	}
	all, err := o.settings.Sendings(t.Context(), o.li, o.report.ID, 10)
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	if all[1].State != report.Failed || all[1].Attempts != 10 || all[1].Detail != "450 busy" || all[1].At.Before(moment(t, "2026-05-03 11:00")) {
		t.Errorf("%+v", all[1])
	}
	for _, f := range []struct {
		fate post.Fate
		want string
	}{{post.Refused, "failed"}, {post.Unsure, "unsure"}} {
		fate = f.fate
		o.now = o.now.Add(24 * time.Hour)
		o.round(o.now.In(aggregator.Shanghai).Format("2006-01-02") + " 08:30")
		all, err := o.settings.Sendings(t.Context(), o.li, 0, 2)
		if err != nil || string(all[1].State) != f.want || all[1].Attempts != 1 {
			t.Errorf("%+v, %v", all, err)
		}
	}
}

// A mail server that cannot be reached is asked once a round.
func TestServerDown(t *testing.T) {
	o := newOffice(t)
	o.place("c@d.cn")
	asked := 0
	o.send = func(string) error { asked++; return &post.Error{Fate: post.Later, Code: "smtp_connect"} }
	o.round("2026-05-03 08:30")
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	o.want(0, " waiting:0 waiting:1")
	o.send = nil
	o.round("2026-05-03 08:35")
	o.want(2, " sent:1 sent:2")
}

// What cannot be made is told apart: not to be had, or not now. What its owner took away
// meanwhile is not sent.
func TestNotToBeHad(t *testing.T) {
	o := newOffice(t)
	o.compose = func() error { return errors.New("the store is busy") }
	o.round("2026-05-03 08:30")
	o.want(0, " waiting:1")
	o.compose = func() error { return &aggregator.Error{Code: "not_granted", Message: "no"} }
	o.round("2026-05-03 08:40")
	o.want(0, " refused:2")
	o.compose = nil
	all, err := o.settings.Places(t.Context(), o.li)
	if err != nil {
		t.Fatal(err)
	}
	o.compose = func() error { return o.settings.RemovePlace(t.Context(), o.li, all[0].ID) }
	o.round("2026-05-04 08:30")
	o.want(0, " refused:0 refused:2")
	o.compose = nil
	o.round("2026-05-05 08:30")
	o.want(0, " refused:0 refused:0 refused:2")
	if err := o.settings.RemoveReport(t.Context(), o.li, o.report.ID); err != nil {
		t.Fatal(err)
	}
	o.round("2026-05-06 08:30")
	o.want(0, " refused:0 refused:0 refused:2")
}

// A paused report stays; once it goes on, what was due meanwhile is not sent.
func TestPaused(t *testing.T) {
	o := newOffice(t)
	set := func(paused bool) {
		t.Helper()
		r := o.report
		r.Paused = paused
		if _, err := o.settings.SetReport(t.Context(), o.li, r); err != nil {
			t.Fatal(err)
		}
	}
	set(true)
	o.round("2026-05-04 09:00")
	o.want(0, "")
	set(false)
	o.round("2026-05-04 09:01")
	o.want(0, "")
	o.round("2026-05-05 08:30")
	o.want(1, " sent:1")
}
