package console

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/report"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/sheets"
)

// Reports keeps reports, and where people have things sent; settings.Settings does.
type Reports interface {
	// Reader returns who a person is when something is computed for them.
	Reader(ctx context.Context, name string) (settings.Principal, error)
	Reports(ctx context.Context, p settings.Principal) ([]report.Report, error)
	Report(ctx context.Context, p settings.Principal, id int64) (report.Report, error)
	AddReport(ctx context.Context, p settings.Principal, r report.Report) (report.Report, error)
	SetReport(ctx context.Context, p settings.Principal, r report.Report) (report.Report, error)
	RemoveReport(ctx context.Context, p settings.Principal, id int64) error
	Sendings(ctx context.Context, p settings.Principal, of int64, limit int) ([]report.Sending, error)
	MissedRuns(ctx context.Context, p settings.Principal, of int64, limit int) ([]settings.MissedRun, error)
	// NoticeFor returns a notice if it is open to somebody now.
	NoticeFor(ctx context.Context, p settings.Principal, id int64) (*insight.Notice, error)
	Places(ctx context.Context, p settings.Principal) ([]report.Place, error)
	Place(ctx context.Context, p settings.Principal, id int64) (report.Place, error)
	AddPlace(ctx context.Context, p settings.Principal, w report.Place) (report.Place, error)
	RemovePlace(ctx context.Context, p settings.Principal, id int64) error
}

// Desk sends reports; a report.Desk is one.
type Desk interface {
	SendNow(ctx context.Context, r *report.Report, by string) error
	// Document makes a report's document for a person.
	Document(ctx context.Context, person string, r *report.Report, day aggregator.Day, late string) (*sheets.Document, error)
}

// composer makes what the Desk sends, each in the scope of who gets it.
type composer struct{ s *Console }

// Report implements report.Composer. The board must be open to the report's owner still,
// and to the receiver, who must be allowed to take figures out of the page: a report is
// no way around either.
func (c composer) Report(ctx context.Context, person string, r *report.Report, day aggregator.Day) (*sheets.Document, error) {
	owner, err := c.s.Reports.Reader(ctx, r.Owner)
	if err != nil {
		return nil, err
	}
	info, _, err := c.s.Boards.Board(ctx, owner, r.Board, 0)
	if err != nil || info.Deleted {
		return nil, &aggregator.Error{Code: "not_found", Message: "The board is no longer open to whoever set the report up.", Cause: err}
	}
	need := settings.SeeBoards | settings.Export
	if person != r.Owner {
		need |= settings.ShareBoards
	}
	if !owner.Powers.Has(need) {
		return nil, &aggregator.Error{Code: "forbidden", Message: "Whoever set the report up may send it no more: it takes " + need.String() + "."}
	}
	reader, err := c.s.Reports.Reader(ctx, person)
	if err != nil {
		return nil, err
	}
	if need = settings.SeeBoards | settings.Export; !reader.Powers.Has(need) {
		return nil, errPowers(need &^ reader.Powers)
	}
	return c.s.Compose(ctx, reader, Composition{Board: r.Board, Filters: r.Filters, Day: day, Lang: r.Lang})
}

// Notice implements report.Composer.
func (c composer) Notice(ctx context.Context, person string, id int64) (*insight.Notice, sheets.Lang, error) {
	reader, err := c.s.Reports.Reader(ctx, person)
	if err != nil {
		return nil, "", err
	}
	n, err := c.s.Reports.NoticeFor(ctx, reader, id)
	return n, languageOf("", reader), err
}

// ReportBody is what a report is made of, see report.Report.
type ReportBody struct {
	Name      string        `json:"name"`
	Board     string        `json:"board"`
	Filters   board.Filters `json:"filters"`
	Receivers []string      `json:"receivers,omitempty"` // none: oneself
	Form      string        `json:"form,omitempty"`      // xlsx, html or csv
	Lang      string        `json:"lang,omitempty"`      // zh or en; none: each receiver's
	When      report.When   `json:"when"`
	Paused    bool          `json:"paused,omitempty"`
}

func (b *ReportBody) report(id int64) report.Report {
	return report.Report{ID: id, Name: b.Name, Board: b.Board, Filters: b.Filters, Receivers: b.Receivers, Form: report.Form(b.Form), Lang: sheets.Lang(b.Lang), When: b.When, Paused: b.Paused}
}

// ReportInfo is a report, and when it is due next.
type ReportInfo struct {
	ID        int64            `json:"id"`
	Owner     string           `json:"owner"`
	Name      string           `json:"name"`
	Board     string           `json:"board"`
	Filters   board.Filters    `json:"filters"`
	Receivers []string         `json:"receivers"`
	Form      string           `json:"form"`
	Lang      string           `json:"lang"`
	When      report.When      `json:"when"`
	Paused    bool             `json:"paused"`
	Next      indicator.Moment `json:"next"` // none of a paused one
}

func reportInfo(r *report.Report) ReportInfo {
	info := ReportInfo{r.ID, r.Owner, r.Name, r.Board, r.Filters, r.Receivers, string(r.Form), string(r.Lang), r.When, r.Paused, 0}
	if !r.Paused {
		info.Next = indicator.Moment(r.When.Next(time.Now()).UnixMilli())
	}
	return info
}

// ReportList is somebody's reports; an administrator's, everybody's.
type ReportList struct {
	Reports []ReportInfo `json:"reports"`
}

// SendingList is what was sent and what was not, the newest first.
type SendingList struct {
	Sendings []SendingInfo `json:"sendings"`
	// Missed is when reports were due while the server was down.
	Missed []MissedInfo `json:"missed"`
}

// SendingInfo is a message to one place of one receiver.
type SendingInfo struct {
	ID       int64            `json:"id"`
	Report   int64            `json:"report"` // 0: of an alert
	Notice   int64            `json:"notice"` // 0: of a report
	Title    string           `json:"title"`
	Owner    string           `json:"owner"`
	Due      indicator.Moment `json:"due"`
	By       string           `json:"by"`   // who sent it by hand; "": the schedule
	Late     string           `json:"late"` // why the day was not complete; "": it was
	Person   string           `json:"person"`
	Kind     string           `json:"kind"`
	Place    string           `json:"place"` // the address without what opens it
	State    string           `json:"state"` // waiting, handing, sent, refused, failed, unsure
	Attempts int              `json:"attempts"`
	Code     string           `json:"code"`
	Detail   string           `json:"detail"`
	At       indicator.Moment `json:"at"`
}

// MissedInfo is a time at which a report was due and nothing was sent.
type MissedInfo struct {
	Report int64            `json:"report"`
	Title  string           `json:"title"`
	Due    indicator.Moment `json:"due"`
}

var (
	reportParameters  = []parameter{{name: "board", about: "only of this board"}}
	sendingParameters = []parameter{{name: "report", about: "only of this report"}, {name: "limit", about: "1 to 1000", def: "100"}}
)

func (s *Console) reportRoutes() []route {
	return []route{
		{"GET", "/api/v1/reports", reader, "The reader's reports: boards that go out by schedule", nil, ReportList{}, "", s.listReports, reportParameters},
		{"POST", "/api/v1/reports", reader, "Makes a report of a board; each receiver gets it in their own scope", ReportBody{}, ReportInfo{}, "", s.addReport, nil},
		{"GET", "/api/v1/reports/sendings", reader, "What was sent and what was not, with the reason, the newest first", nil, SendingList{}, "", s.listSendings, sendingParameters},
		{"PUT", "/api/v1/reports/{report}", reader, "Changes a report; an administrator may pause anybody's", ReportBody{}, ReportInfo{}, "", s.setReport, nil},
		{"POST", "/api/v1/reports/{report}/send", reader, "Sends a report now, to all of its receivers", nil, Done{}, "", s.sendReport, nil},
		{"GET", "/api/v1/reports/{report}/preview", reader, "A report as the reader would get it now, in their own scope", nil, nil, "text/html; charset=utf-8", s.previewReport, nil},
		{"DELETE", "/api/v1/reports/{report}", reader, "Removes a report; what it sent stays in the list", nil, Done{}, "", s.removeReport, nil},
	}
}

func (s *Console) listReports(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, reportParameters)
	if err != nil {
		return err
	}
	all, err := s.Reports.Reports(r.Context(), principal(r))
	if err != nil {
		return err
	}
	out := ReportList{Reports: []ReportInfo{}}
	for n := range all {
		if of := values["board"]; of == "" || of == all[n].Board {
			out.Reports = append(out.Reports, reportInfo(&all[n]))
		}
	}
	return writeJSON(w, http.StatusOK, out)
}

func (s *Console) addReport(w http.ResponseWriter, r *http.Request) error {
	var body ReportBody
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	made, err := s.Reports.AddReport(r.Context(), principal(r), body.report(0))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, reportInfo(&made))
}

// number reads a number from a path.
func number(r *http.Request, name string) (int64, error) {
	text := r.PathValue(name)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, badParameter(name, text, "a number from 1")
	}
	return n, nil
}

func (s *Console) setReport(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "report")
	if err != nil {
		return err
	}
	var body ReportBody
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	changed, err := s.Reports.SetReport(r.Context(), principal(r), body.report(id))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, reportInfo(&changed))
}

func (s *Console) removeReport(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "report")
	if err != nil {
		return err
	}
	return done(w, s.Reports.RemoveReport(r.Context(), principal(r), id))
}

// sendReport is its owner's: an administrator who sends somebody else's would do so in
// that person's name.
func (s *Console) sendReport(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "report")
	if err != nil {
		return err
	}
	p := principal(r)
	one, err := s.Reports.Report(r.Context(), p, id)
	if err != nil {
		return err
	}
	if one.Owner != p.Name {
		return &aggregator.Error{Code: "forbidden", Message: "This report is " + one.Owner + "'s; only they send it by hand."}
	}
	if err := s.slowSending(w, p); err != nil {
		return err
	}
	if err := s.Identities.Note(r.Context(), p, "report_sent_by_hand", "", fmt.Sprintf("report=%d to=%s", id, strings.Join(one.Receivers, ","))); err != nil {
		return err
	}
	return done(w, s.desk.SendNow(r.Context(), &one, p.Name))
}

// sendsPerMinute is how many messages somebody may send by hand.
const sendsPerMinute = 10

// slowSending keeps somebody from filling others' mailboxes.
func (s *Console) slowSending(w http.ResponseWriter, p settings.Principal) error {
	wait := s.sends.allow(p.Name, time.Now())
	if wait == 0 {
		return nil
	}
	seconds := int((wait + time.Second - 1) / time.Second)
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	return &aggregator.Error{Code: "too_many_tries", Message: "Too many messages by hand; wait " + strconv.Itoa(seconds) + " s."}
}

// previewReport answers with the page that a mail would hold. It comes from here and
// must not act as if it did: its own policy lets it load and run nothing.
func (s *Console) previewReport(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "report")
	if err != nil {
		return err
	}
	p := principal(r)
	one, err := s.Reports.Report(r.Context(), p, id)
	if err != nil {
		return err
	}
	d, err := s.desk.Document(r.Context(), p.Name, &one, aggregator.DayOf(time.Now().UnixMilli()), "")
	if err != nil {
		return err
	}
	var page strings.Builder
	if err := d.HTML(&page); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox allow-popups allow-top-navigation-by-user-activation")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	if _, err := w.Write([]byte(page.String())); err != nil {
		return nil // the reader went away
	}
	return nil
}

func (s *Console) listSendings(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, sendingParameters)
	if err != nil {
		return err
	}
	var of int64
	limit := 100
	if text := values["report"]; text != "" {
		if of, err = strconv.ParseInt(text, 10, 64); err != nil || of < 1 {
			return badParameter("report", text, "the number of a report")
		}
	}
	if text := values["limit"]; text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > 1000 {
			return badParameter("limit", text, "1 to 1000")
		}
	}
	all, err := s.Reports.Sendings(r.Context(), principal(r), of, limit)
	if err != nil {
		return err
	}
	missed, err := s.Reports.MissedRuns(r.Context(), principal(r), of, limit)
	if err != nil {
		return err
	}
	out := SendingList{Sendings: []SendingInfo{}, Missed: []MissedInfo{}}
	repeats := s.repeats(w, r)
	for n := range all {
		a := &all[n]
		info := SendingInfo{ID: a.ID, Notice: a.Notice, Title: a.Title, Owner: a.Owner, Due: indicator.Moment(a.Due.UnixMilli()), By: a.By, Late: a.Late, Person: a.Person,
			Kind: string(a.Kind), Place: a.Place, State: string(a.State), Attempts: a.Attempts, Code: a.Code, Detail: a.Detail, At: indicator.Moment(a.At.UnixMilli())}
		if a.Report != nil {
			info.Report = a.Report.ID
		}
		repeats(&info.Detail)
		out.Sendings = append(out.Sendings, info)
	}
	for _, m := range missed {
		out.Missed = append(out.Missed, MissedInfo{m.Report, m.Title, indicator.Moment(m.Due.UnixMilli())})
	}
	return writeJSON(w, http.StatusOK, out)
}
