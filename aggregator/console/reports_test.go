package console

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/post"
	"iptvdc/aggregator/post/posttest"
	"iptvdc/aggregator/report"
	"iptvdc/aggregator/settings"
)

// sending is how a bench sends: a real mail server and real webhooks on loopback, by a
// clock of its own.
type sending struct {
	smtp   *posttest.SMTP
	posted *post.Post
	desk   *report.Desk
	now    time.Time
	late   string
}

func (b *bench) mail() *post.Post {
	b.t.Helper()
	b.smtp = posttest.NewSMTP(b.t)
	b.now = time.Now()
	p, err := post.New(post.Config{Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		SMTP: post.SMTP{Address: b.smtp.Address, Security: post.StartTLS, From: "reports@example.cn", Roots: b.smtp.Roots}})
	if err != nil {
		b.t.Fatal(err)
	}
	b.posted = p
	return p
}

func (b *bench) newDesk(c report.Composer) Desk {
	b.desk = report.New(report.Config{Book: b.settings, Composer: c, Sender: b.posted, Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler),
		Link: "https://data.example.cn/", Fresh: func(context.Context, aggregator.Day) (string, error) { return b.late, nil }})
	return b.desk
}

// place adds one over the API.
func (b *bench) place(cookie, body string) {
	b.t.Helper()
	if r := b.as(cookie, "POST", "/api/v1/me/places", body); r.status != 200 || strings.Contains(r.body, "access_token") {
		b.t.Fatalf("%d %s", r.status, r.body)
	}
}

// log is what became of sendings, as somebody's list has it.
func (b *bench) log(cookie, query string) (out SendingList) {
	b.t.Helper()
	r := b.as(cookie, "GET", "/api/v1/reports/sendings"+query, "")
	if err := json.Unmarshal([]byte(r.body), &out); err != nil || r.status != 200 {
		b.t.Fatalf("%d %s", r.status, r.body)
	}
	return out
}

func (b *bench) round() {
	b.t.Helper()
	if err := b.desk.Round(b.t.Context()); err != nil {
		b.t.Error(err)
	}
}

const reportOf = `{"name":"早报","board":"%s","filters":{},"receivers":["li","wang","zhao","gone","poor"],"form":"%s","when":{"every":"day","at":"08:30","wait_minutes":60}}`

// Every receiver gets a report in their own scope, by mail and by every kind of webhook:
// who is granted Zhejiang alone sees nothing of Hunan in workbook, body or chat. Who is
// granted nothing gets a refusal that is kept, and no mail.
func TestReportsKeepToEachScope(t *testing.T) {
	b := worldOf(t, worldProvinces...)
	id := b.everyoneMay(exportBoardOf(exportedWidgets))
	everywhere := settings.Permit{Role: "operation", Scope: ofAll}
	li, wang := b.person("li", everywhere), b.person("wang", settings.Permit{Role: "operation", Scope: ofZhejiang})
	zhao, poor, gone := b.person("zhao"), b.person("poor", everywhere), b.person("gone", everywhere)
	hook, chat := posttest.NewHook(t), posttest.NewHook(t)
	chat.Answer = func(*posttest.Call) (int, string) { return 200, `{"code":0}` }
	for cookie, name := range map[string]string{li: "li", wang: "wang", zhao: "zhao", gone: "gone"} {
		b.place(cookie, fmt.Sprintf(`{"kind":"mail","address":"%s@example.cn","reports":true,"alerts":true}`, name))
	}
	b.place(wang, fmt.Sprintf(`{"kind":"dingtalk","address":"%s/robot/send?access_token=secret","secret":"SEC","reports":true,"alerts":false}`, hook.URL))
	b.place(wang, fmt.Sprintf(`{"kind":"wecom","address":"%s/cgi-bin/webhook/send?key=secret","reports":true,"alerts":false}`, hook.URL))
	b.place(wang, fmt.Sprintf(`{"kind":"json","address":"%s/in","reports":true,"alerts":false}`, hook.URL))
	b.place(wang, fmt.Sprintf(`{"kind":"feishu","address":"%s/hook","reports":true,"alerts":false}`, chat.URL))
	b.place(wang, `{"kind":"mail","address":"never@example.cn","reports":false,"alerts":true}`)
	made := b.as(li, "POST", "/api/v1/reports", fmt.Sprintf(reportOf, id, "xlsx"))
	var info ReportInfo
	if err := json.Unmarshal([]byte(made.body), &info); err != nil || made.status != 200 || info.Owner != "li" || info.Next == 0 {
		t.Fatalf("%d %s", made.status, made.body)
	}
	if err := b.settings.Disable(t.Context(), settings.OfMachine(), "gone", true); err != nil {
		t.Fatal(err)
	}

	b.now = time.UnixMilli(int64(info.Next)).Add(-time.Second)
	b.round()
	if len(b.smtp.Mails()) != 0 {
		t.Fatal("it was sent before it was due")
	}
	b.now, b.late = b.now.Add(time.Second), report.LateClosing
	b.round()
	if len(b.smtp.Mails()) != 0 || len(b.log(li, "").Sendings) != 0 {
		t.Fatal("it did not wait for its day")
	}
	b.now = b.now.Add(time.Hour)
	b.round()
	b.round()
	mails := b.smtp.Mails()
	if len(mails) != 2 {
		t.Fatalf("%d mails", len(mails))
	}
	for _, m := range mails {
		scope, not := "全国", "never"
		if m.To == "wang@example.cn" {
			scope, not = "浙江", "湖南"
		}
		if !strings.HasPrefix(m.Subject(), "早报 ") || !strings.HasSuffix(m.Subject(), "（数据不完整）") || !strings.Contains(m.HTML, "数据尚不完整：当日部分小时尚未汇总完毕") || !strings.Contains(m.HTML, scope) || strings.Contains(m.HTML+m.Text, not) || !strings.Contains(m.HTML, "https://data.example.cn/#/boards/"+id) {
			t.Errorf("%s: %s\n%s", m.To, m.Subject(), m.HTML)
		}
		if len(m.Files) != 1 {
			t.Fatalf("%d files", len(m.Files))
		}
		for name, file := range m.Files {
			f := workbook(t, string(file))
			all := ""
			for _, sheet := range f.GetSheetList() {
				rows, err := f.GetRows(sheet)
				if err != nil {
					t.Fatal(err)
				}
				all += fmt.Sprint(rows)
			}
			if !strings.HasSuffix(name, ".xlsx") || !strings.Contains(all, scope) || strings.Contains(all, not) {
				t.Errorf("%s to %s: %s", name, m.To, all)
			}
		}
	}
	calls := append(hook.Calls(), chat.Calls()...)
	if len(calls) != 6 { // WeCom gets a file, a text and which file
		t.Errorf("%d calls", len(calls))
	}
	for _, c := range calls {
		if c.Path != "/cgi-bin/webhook/upload_media" && !strings.Contains(string(c.Body), "media_id") && !strings.Contains(string(c.Body), "浙江") || strings.Contains(string(c.Body), "湖南") {
			t.Errorf("%s %s", c.Path, c.Body)
		}
	}

	want := map[string]string{"li mail": "sent ", "wang mail": "sent ", "wang dingtalk": "sent ", "wang wecom": "sent ", "wang json": "sent ", "wang feishu": "sent ",
		"zhao mail": "refused not_found", "gone ": "refused no_person", "poor ": "refused no_place"}
	got := map[string]string{}
	for _, s := range b.log(li, "").Sendings {
		got[s.Person+" "+s.Kind] = s.State + " " + s.Code
		if strings.Contains(s.Place, "secret") || s.Late != report.LateClosing {
			t.Errorf("%+v", s)
		}
	}
	// Nothing is open to zhao; the board is, to everybody.
	want["zhao mail"] = got["zhao mail"]
	if fmt.Sprint(got) != fmt.Sprint(want) || !slices.Contains([]string{"refused forbidden", "refused not_granted"}, got["zhao mail"]) {
		t.Errorf("%v", got)
	}
	if mine := b.log(wang, "").Sendings; len(mine) != 5 || mine[0].Person != "wang" {
		t.Errorf("%+v", mine)
	}
	if none := b.log(poor, "").Sendings; len(none) != 1 || none[0].Code != "no_place" {
		t.Errorf("%+v", none)
	}
	_ = gone
	trail, err := b.settings.Trail(t.Context(), settings.OfMachine(), settings.TrailQuery{What: "post_sent", Limit: 20})
	if err != nil || len(trail) != 6 || trail[0].Who != "li" {
		t.Errorf("%+v, %v", trail, err)
	}

	// The preview is in the scope of who looks, and by hand only its owner sends.
	path := fmt.Sprintf("/api/v1/reports/%d", info.ID)
	b.now = time.Now()
	if r := b.as(li, "GET", path+"/preview", ""); r.status != 200 || !strings.Contains(r.header.Get("Content-Security-Policy"), "default-src 'none'") || !strings.Contains(r.body, "全国") {
		t.Errorf("%d %v", r.status, r.header)
	}
	b.wantError(b.as(wang, "GET", path+"/preview", ""), 404, "not_found", "no report")
	b.wantError(b.as(wang, "POST", path+"/send", ""), 404, "not_found", "no report")
	if r := b.as(li, "POST", path+"/send", ""); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.now = time.Now()
	b.round()
	if n := len(b.smtp.Mails()); n != 4 {
		t.Errorf("%d mails after one by hand", n)
	}
	// What was taken from its owner is gone from the report, and from its receivers.
	if err := b.settings.SetPermits(t.Context(), settings.OfMachine(), "li", nil); err != nil {
		t.Fatal(err)
	}
	b.do("PUT", "/api/v1/boards/"+id+"/shares", b.admin, `{"shares":[{"who":"wang","edits":false}]}`)
	b.now = time.UnixMilli(int64(info.Next)).Add(24 * time.Hour)
	b.late = ""
	b.round()
	for _, s := range b.log(wang, "?limit=5").Sendings {
		if s.State != "refused" || !strings.Contains(s.Detail, "no longer open") {
			t.Errorf("%+v", s)
		}
	}
	if n := len(b.smtp.Mails()); n != 4 {
		t.Errorf("%d mails", n)
	}
}

func TestReportForms(t *testing.T) {
	b := worldOf(t, worldProvinces...)
	id := b.everyoneMay(exportBoardOf(exportedWidgets))
	li := b.person("li", settings.Permit{Role: "operation", Scope: ofZhejiang})
	b.place(li, `{"kind":"mail","address":"li@example.cn","reports":true,"alerts":true}`)
	for n, form := range []string{"html", "csv"} {
		r := b.as(li, "POST", "/api/v1/reports", fmt.Sprintf(`{"name":"=A\u0000","board":%q,"filters":{},"form":%q,"lang":"en","when":{"at":"08:30"}}`, id, form))
		b.wantError(r, 400, "bad_name", "one line")
		r = b.as(li, "POST", "/api/v1/reports", fmt.Sprintf(`{"name":"A","board":%q,"filters":{},"form":%q,"lang":"en","when":{"at":"08:30"}}`, id, form))
		var info ReportInfo
		if err := json.Unmarshal([]byte(r.body), &info); err != nil || r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		if r := b.as(li, "POST", fmt.Sprintf("/api/v1/reports/%d/send", info.ID), ""); r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		b.now = time.Now()
		b.round()
		mails := b.smtp.Mails()
		if len(mails) != n+1 {
			t.Fatalf("%d mails", len(mails))
		}
		m := mails[n]
		switch form {
		case "html":
			if len(m.Files) != 0 || !strings.Contains(m.HTML, "Zhejiang") || !strings.Contains(m.HTML, "<table") || strings.Contains(m.HTML, "Hunan") {
				t.Errorf("%d files, %s", len(m.Files), m.HTML)
			}
		case "csv":
			for name, file := range m.Files {
				if parts := partsOf(t, string(file)); !strings.HasSuffix(name, ".zip") || !strings.Contains(parts, "05 Table.csv") {
					t.Errorf("%s: %s", name, parts)
				}
			}
			if len(m.Files) != 1 || strings.Contains(m.HTML, "<table") {
				t.Errorf("%d files, %s", len(m.Files), m.HTML)
			}
		}
	}
	// A board in the bin goes out no more, nor what its owner may no longer take out.
	sendAgain := func() SendingInfo {
		t.Helper()
		if r := b.as(li, "POST", "/api/v1/reports/1/send", ""); r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		b.now = time.Now()
		b.round()
		return b.log(li, "?report=1&limit=1").Sendings[0]
	}
	if r := b.do("DELETE", "/api/v1/boards/"+id, b.admin, ""); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if s := sendAgain(); s.State != "refused" || s.Code != "not_found" {
		t.Errorf("%+v", s)
	}
	if r := b.do("POST", "/api/v1/boards/"+id+"/undelete", b.admin, ""); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if s := sendAgain(); s.State != "sent" {
		t.Errorf("%+v", s)
	}
	bad := func(body string, code, text string) {
		t.Helper()
		b.wantError(b.as(li, "POST", "/api/v1/reports", body), 400, code, text)
	}
	at := func(when string) string {
		return fmt.Sprintf(`{"name":"A","board":%q,"filters":{},"when":%s}`, id, when)
	}
	bad(at(`{"at":"8:30"}`), "bad_when", "8:30")
	bad(at(`{"at":"24:00"}`), "bad_when", "24:00")
	bad(at(`{"at":"08:30","every":"week"}`), "bad_when", "weekday")
	bad(at(`{"at":"08:30","every":"month","day":32}`), "bad_when", "day: 32")
	bad(at(`{"at":"08:30","every":"hour"}`), "bad_when", "hour")
	bad(at(`{"at":"08:30","wait_minutes":-1}`), "bad_when", "wait_minutes")
	bad(fmt.Sprintf(`{"name":"A","board":%q,"filters":{},"form":"pdf","when":{"at":"08:30"}}`, id), "bad_form", "pdf")
	bad(fmt.Sprintf(`{"name":"A","board":%q,"filters":{},"receivers":["nobody"],"when":{"at":"08:30"}}`, id), "bad_receivers", "nobody")
	b.wantError(b.as(li, "POST", "/api/v1/reports", `{"name":"A","board":"none","filters":{},"when":{"at":"08:30"}}`), 404, "not_found", "no board")
	b.wantError(b.do("POST", "/api/v1/reports", b.all, at(`{"at":"08:30"}`)), 403, "forbidden", "token")
	b.wantError(b.as(li, "POST", "/api/v1/me/places", `{"kind":"json","address":"http://10.0.0.1/","reports":true,"alerts":true}`), 400, "bad_way", "private network")
	b.wantError(b.as(li, "POST", "/api/v1/me/places", `{"kind":"mail","address":"a@b.cn\r\nBcc: c@d.cn","reports":true,"alerts":true}`), 400, "bad_way", "no address of mail")
	b.wantError(b.do("POST", "/api/v1/me/places", b.all, `{"kind":"mail","address":"a@b.cn","reports":true,"alerts":true}`), 403, "forbidden", "token")
	if r := b.as(li, "POST", "/api/v1/me/places/1/test", ""); r.status != 200 || !strings.Contains(r.body, `"sent":true`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.as(li, "DELETE", "/api/v1/me/places/9", ""), 404, "not_found", "no place 9")
	// Data without a role brings no sharing: one sends to oneself alone.
	alone := b.person("alone", settings.Permit{Data: aggregator.DataActivity, Scope: ofZhejiang})
	b.wantError(b.as(alone, "POST", "/api/v1/reports", fmt.Sprintf(`{"name":"A","board":%q,"filters":{},"receivers":["li"],"when":{"at":"08:30"}}`, id)), 403, "forbidden", "share_boards")
}

// An alert goes to whom its rule names, each only of provinces that are open to them.
func TestAlertsGoOut(t *testing.T) {
	b := newBench(t)
	activityOf := func(s aggregator.Scope) settings.Permit { return settings.Permit{Role: "content", Scope: s} }
	li, wang := b.person("li", activityOf(ofAll)), b.person("wang", activityOf(ofZhejiang))
	hook := posttest.NewHook(t)
	b.place(li, `{"kind":"mail","address":"li@example.cn","reports":false,"alerts":true}`)
	b.place(wang, fmt.Sprintf(`{"kind":"dingtalk","address":%q,"reports":true,"alerts":true}`, hook.URL))
	if r := b.as(li, "POST", "/api/v1/insights/rules", `{"name":"开机\r\nBcc: x@y.cn","indicator":"power_ons","kind":"below","level":5,"receivers":["wang"]}`); r.status != 200 || !strings.Contains(r.body, `"receivers":["wang"]`) {
		t.Fatalf("%d %s", r.status, r.body)
	}
	b.wantError(b.as(wang, "POST", "/api/v1/insights/rules", `{"indicator":"power_ons","kind":"below","level":5,"receivers":["nobody"]}`), 400, "bad_receivers", "nobody")
	text := func(province string) insight.Notice {
		n := insight.Notice{Rule: 1, Owner: "li", Name: "开机\r\nBcc: x@y.cn", Province: province, Firing: true, Period: "2026-11-22", Since: "2026-11-22", Value: 3, AtMs: time.Now().UnixMilli()}
		n.Text.ZH, n.Text.EN = "开机 3 "+province, "power-ons 3 "+province
		return n
	}
	if err := b.settings.Judged(t.Context(), 1, nil, []insight.Notice{text("33"), text("43")}); err != nil {
		t.Fatal(err)
	}
	deliver := func() {
		t.Helper()
		all, err := b.settings.Undelivered(t.Context(), 10)
		if err != nil || len(all) != 2 {
			t.Fatalf("%+v, %v", all, err)
		}
		for _, n := range all {
			if err := b.desk.Deliver(t.Context(), n); err != nil {
				t.Error(err)
			}
		}
		b.now = time.Now()
		b.round()
	}
	deliver()
	deliver() // after a crash the watcher hands them on again
	mails, calls := b.smtp.Mails(), hook.Calls()
	if len(mails) != 2 || mails[0].Subject() != "告警：开机 Bcc: x@y.cn · 浙江" || mails[0].Header.Get("Bcc") != "" || !strings.Contains(mails[1].Text, "开机 3 43") {
		t.Errorf("%d mails", len(mails))
	}
	if len(calls) != 1 || !strings.Contains(string(calls[0].Body), "开机 3 33") {
		t.Errorf("%d calls", len(calls))
	}
	refused := 0
	for _, s := range b.log(li, "").Sendings {
		if s.Person == "wang" && s.State == "refused" && s.Code == "not_granted" {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("%+v", b.log(li, ""))
	}
}
