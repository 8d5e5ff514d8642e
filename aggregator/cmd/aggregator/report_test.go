package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"iptvdc/aggregator/board"
	"iptvdc/aggregator/post/posttest"
	"iptvdc/aggregator/settings"
)

// Reports by the command line, against the real program: a place, a report, its preview,
// a mail that comes, the log, a pause; a board as a workbook.
func TestReportCommands(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	mailbox := posttest.NewSMTP(t)
	mailbox.Set(func(s *posttest.SMTP) { s.Plain = true })
	c := testConfig(data)
	c.Post.SMTP.Address, c.Post.SMTP.Security, c.Post.SMTP.From = mailbox.Address, "none", "reports@example.cn"
	c.Post.PublicURL = "https://data.example.cn"
	g := startWith(t, c)
	root, err := g.p.settings.Reader(t.Context(), "administrator")
	if err != nil {
		t.Fatal(err)
	}
	template := board.Templates()[0].Board
	info, err := g.p.settings.AddBoard(t.Context(), root, template, "")
	if err != nil {
		t.Fatal(err)
	}
	run := func(local bool, args ...string) (string, error) {
		t.Helper()
		var out, logs bytes.Buffer
		cmd := newRoot(&out, &logs)
		args = append(args, "--data", data)
		if !local {
			args = append(args, "--url", g.p.PageURL())
		}
		cmd.SetArgs(args)
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	f := func(says string, local bool, args ...string) {
		t.Helper()
		if out, err := run(local, args...); err != nil || !strings.Contains(out, says) {
			t.Errorf("%q: %q %v, lacks %q", args, out, err, says)
		}
	}
	bad := func(says string, local bool, args ...string) {
		t.Helper()
		if out, err := run(local, args...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %q %v, want %q", args, out, err, says)
		}
	}
	f("There are no reports", false, "report", "list", "--lang", "en")
	f("1", true, "report", "place", "add", "administrator", "--address", "boss@example.cn")
	bad("private network", true, "report", "place", "add", "administrator", "--kind", "json", "--address", "http://192.168.1.1/")
	bad("no person", true, "report", "place", "list", "nobody")
	f("boss@example.cn", true, "report", "place", "list", "administrator")
	f(template.Title.EN, false, "export", "boards", "--lang", "en")
	f("report 1, next ", false, "report", "add", "--board", info.ID, "--name", "早报", "--every", "month", "--day", "31", "--at", "08:30", "--lang", "en")
	bad("no board", false, "report", "add", "--board", "none", "--name", "x")
	bad("weekday", false, "report", "add", "--board", info.ID, "--name", "x", "--every", "week")
	f("每月 31 日 08:30", false, "report", "list", "--lang", "zh")
	f("<h1", false, "report", "preview", "1")
	f("being sent", false, "report", "send", "1", "--lang", "en")
	until(t, "a mail", func() bool { return len(mailbox.Mails()) == 1 })
	if m := mailbox.Mails()[0]; m.To != "boss@example.cn" || !strings.HasPrefix(m.Subject(), "早报 ") || len(m.Files) != 1 || !strings.Contains(m.HTML, "https://data.example.cn/#/boards/"+info.ID) {
		t.Errorf("%s %s %d files", m.To, m.Subject(), len(m.Files))
	}
	until(t, "the log", func() bool {
		out, err := run(false, "report", "log", "--lang", "en")
		return err == nil && strings.Contains(out, "sent")
	})
	f("done", false, "report", "pause", "1", "--lang", "en")
	f("paused", false, "report", "list", "--lang", "en")
	f("done", false, "report", "remove", "1", "--lang", "en")
	bad("no report 1", false, "report", "send", "1")
	bad("number", false, "report", "send", "x")

	out := filepath.Join(t.TempDir(), "b.xlsx")
	f("b.xlsx", false, "export", "board", info.ID, "--out", out, "--lang", "en")
	bad("is there already", false, "export", "board", info.ID, "--out", out)
	bad("allowed: xlsx", false, "export", "board", info.ID, "--format", "pdf")
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	widgets := 0
	for _, tab := range template.Tabs {
		widgets += len(tab.Widgets)
	}
	if n := len(book.GetSheetList()); n != widgets+1 {
		t.Errorf("%d sheets of %d widgets", n, widgets)
	}
	trail, err := g.p.settings.Trail(t.Context(), settings.OfMachine(), settings.TrailQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, e := range trail {
		told[e.What] = true
	}
	for _, what := range []string{"place_added", "report_added", "report_sent_by_hand", "post_sent", "report_changed", "report_removed", "exported"} {
		if !told[what] {
			t.Errorf("the audit log lacks %s", what)
		}
	}
	if metrics := g.ask("GET", "/metrics", "", nil); !strings.Contains(metrics, `iptv_report_messages_total{kind="mail",outcome="sent"} 1`) {
		t.Error("the mail is not counted")
	}
}

func TestPostConfig(t *testing.T) {
	bad := func(text, says string) {
		t.Helper()
		c, err := LoadConfig(writeFile(t, text), nothing)
		if err == nil {
			err = c.Check()
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", text, err, says)
		}
	}
	bad("post: {smtp: {address: mail}}", "smtp.address")
	bad("post: {smtp: {address: 'mail:25', from: x}}", "smtp.from")
	bad("post: {smtp: {address: 'mail:25', from: a@b.cn, security: none, user: u, password: p}}", "show the password")
	bad("post: {smtp: {password: p, password_file: f}}", "keep one")
	bad("post: {smtp: {ca_file: /none}}", "ca_file")
	bad("post: {public_url: 'data.example.cn'}", "public_url")
	bad("post: {private: [10.0.0.1]}", "no network")
	bad("post: {private: [10.0.0.0/8], smpt: {}}", "smpt")
}
