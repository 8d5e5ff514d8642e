package post_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator/post"
	"iptvdc/aggregator/post/posttest"
)

var at = time.Date(2026, 5, 3, 8, 0, 0, 0, time.UTC)

func to(t *testing.T, c post.Config) *post.Post {
	t.Helper()
	c.Now = func() time.Time { return at }
	if c.Private == nil {
		c.Private = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}
	p, err := post.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func server(s *posttest.SMTP, security post.Security) post.Config {
	return post.Config{SMTP: post.SMTP{Address: s.Address, Security: security, User: s.User, Password: s.Password, From: "reports@example.cn", Name: "零动, \"数据\"", Roots: s.Roots}}
}

// Every way of signing in and encrypting brings the same mail, whole, and nothing that a
// subject, a name or a file is called becomes a line of its head.
func TestMail(t *testing.T) {
	f := func(set func(*posttest.SMTP), security post.Security) {
		t.Helper()
		s := posttest.NewSMTP(t)
		s.Set(set)
		m := &post.Message{ID: "report-1-2\r\nX: y", Subject: "日报\r\nBcc: evil@example.com\r\n\r\nbody", Text: "一\n.\n..二\n", HTML: "<p>一</p>",
			Files: []post.File{{Name: "数据\"\r\nX-Evil: 1.xlsx", Media: "application/zip", Bytes: bytes.Repeat([]byte{0, 1, 2, '.', '\n'}, 500)}}}
		if err := to(t, server(s, security)).Send(t.Context(), post.Way{Kind: post.Mail, Address: "wang@example.cn"}, m); err != nil {
			t.Errorf("%s: %v", security, err)
			return
		}
		got := s.Mails()
		if len(got) != 1 {
			t.Fatalf("%d mails", len(got))
		}
		g := got[0]
		if g.From != "reports@example.cn" || g.To != "wang@example.cn" || g.Subject() != "日报 Bcc: evil@example.com body" || g.Header.Get("Bcc") != "" || g.Header.Get("X-Evil") != "" || g.Header.Get("X") != "" {
			t.Errorf("%s %s %q %v", g.From, g.To, g.Subject(), g.Header)
		}
		if g.Text != m.Text || g.HTML != m.HTML || len(g.Files) != 1 {
			t.Errorf("%q %q %d files", g.Text, g.HTML, len(g.Files))
		}
		for name, b := range g.Files {
			if !bytes.Equal(b, m.Files[0].Bytes) || strings.ContainsAny(name, "\r\n") {
				t.Errorf("%q, %d bytes", name, len(b))
			}
		}
		if from, err := g.Header.AddressList("From"); err != nil || len(from) != 1 || from[0].Name != "零动, \"数据\"" || g.Header.Get("Message-ID") != "<report-1-2--X--y@example.cn>" || g.Header.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("%v %v %v", from, err, g.Header)
		}
		for line := range bytes.Lines(g.Raw) {
			if len(line) > 998 {
				t.Errorf("a line of %d bytes", len(line))
			}
		}
	}
	f(func(s *posttest.SMTP) { s.Plain = true }, post.None)
	f(func(*posttest.SMTP) {}, post.StartTLS)
	f(func(s *posttest.SMTP) { s.User, s.Password = "u", "p ä" }, post.StartTLS)
	f(func(s *posttest.SMTP) { s.User, s.Password, s.LoginOnly = "u", "p", true }, post.StartTLS)
	f(func(s *posttest.SMTP) { s.TLS, s.User, s.Password = true, "u", "p" }, post.TLS)
}

// What became of a mail that was not taken for certain: refused for good, to be tried
// again, or nobody knows.
func TestMailFails(t *testing.T) {
	f := func(set func(*posttest.SMTP), security post.Security, fate post.Fate, code string) {
		t.Helper()
		s := posttest.NewSMTP(t)
		c := server(s, security)
		s.Set(set)
		if s.User != "" {
			c.SMTP.User, c.SMTP.Password = "u", "wrong"
		}
		err := to(t, c).Send(t.Context(), post.Way{Kind: post.Mail, Address: "wang@example.cn"}, &post.Message{Subject: "a"})
		var e *post.Error
		if !errors.As(err, &e) || e.Fate != fate || e.Code != code || !slices.Contains(post.Codes, e.Code) || strings.ContainsAny(e.Detail, "\r\n\x1b") {
			t.Errorf("%#v, want %d %s", err, fate, code)
		}
	}
	answer := func(command, text string) func(*posttest.SMTP) {
		return func(s *posttest.SMTP) {
			s.Answer = func(c string) string {
				if c == command {
					return text
				}
				return ""
			}
		}
	}
	f(answer("RCPT", "550 no such\x1b[31m user"), post.StartTLS, post.Refused, "smtp_refused")
	f(answer("RCPT", "450 try later"), post.StartTLS, post.Later, "smtp_later")
	f(answer(".", "554 no"), post.StartTLS, post.Refused, "smtp_refused")
	f(answer(".", "451 no"), post.StartTLS, post.Later, "smtp_later")
	f(answer(".", "take-drop"), post.StartTLS, post.Unsure, "smtp_unsure")
	f(answer("", "drop"), post.StartTLS, post.Later, "smtp_connect")
	f(answer("MAIL", "drop"), post.StartTLS, post.Later, "smtp_later")
	f(func(s *posttest.SMTP) { s.Plain = true }, post.StartTLS, post.Later, "smtp_tls")
	f(func(s *posttest.SMTP) { s.User, s.Password = "u", "p" }, post.StartTLS, post.Later, "smtp_auth")
	f(func(s *posttest.SMTP) { s.Roots = nil }, post.TLS, post.Later, "smtp_connect") // speaks no TLS
	err := to(t, post.Config{}).Send(t.Context(), post.Way{Kind: post.Mail, Address: "wang@example.cn"}, &post.Message{})
	if e := new(post.Error); !errors.As(err, &e) || e.Code != "no_smtp" {
		t.Error(err)
	}
	s := posttest.NewSMTP(t)
	c := server(s, post.StartTLS)
	c.SMTP.Roots = nil // nobody whom the system trusts
	if e := new(post.Error); !errors.As(to(t, c).Send(t.Context(), post.Way{Kind: post.Mail, Address: "wang@example.cn"}, &post.Message{}), &e) || e.Code != "smtp_tls" {
		t.Error(e)
	}
}

func mac(key, text string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}

// Chats get what they document: forms, signatures, files.
func TestChats(t *testing.T) {
	h := posttest.NewHook(t)
	p := to(t, post.Config{})
	m := &post.Message{ID: "i", Subject: "日报\nx", Text: "浙江：3\n[a](http://evil) <@all> <at user_id=\"all\">\n", Link: "https://x/#/boards/b", Files: []post.File{{Name: "数\"据.xlsx", Bytes: []byte("PK")}}, Data: map[string]int{"n": 3}}
	send := func(w post.Way) {
		t.Helper()
		if err := p.Send(t.Context(), w, m); err != nil {
			t.Error(w.Kind, err)
		}
	}
	send(post.Way{Kind: post.WeCom, Address: h.URL + "/cgi-bin/webhook/send?key=k"})
	send(post.Way{Kind: post.DingTalk, Address: h.URL + "/robot/send?access_token=x", Secret: "SEC1"})
	send(post.Way{Kind: post.JSON, Address: h.URL + "/in", Secret: "s"})
	calls := h.Calls()
	if len(calls) != 5 {
		t.Fatalf("%d calls", len(calls))
	}
	if c := calls[0]; c.Path != "/cgi-bin/webhook/upload_media" || c.Query.Get("type") != "file" || c.Query.Get("key") != "k" || !bytes.Contains(c.Body, []byte("filename=\"数'据.xlsx\"; filelength=2")) || !bytes.Contains(c.Body, []byte("PK")) {
		t.Errorf("%s %v %s", c.Path, c.Query, c.Body)
	}
	want := `{"markdown":{"content":"**日报 x**\n浙江：3\n［a］(http://evil) ＜@all＞ ＜at user_id=\"all\"＞\n\nhttps://x/#/boards/b"},"msgtype":"markdown"}`
	if string(calls[1].Body) != want {
		t.Errorf("%s", calls[1].Body)
	}
	if string(calls[2].Body) != `{"file":{"media_id":"m1"},"msgtype":"file"}` {
		t.Errorf("%s", calls[2].Body)
	}
	const ms = "1777795200000"
	if c := calls[3]; c.Query.Get("timestamp") != ms || c.Query.Get("sign") != base64.StdEncoding.EncodeToString(mac("SEC1", ms+"\nSEC1")) || c.Query.Get("access_token") != "x" || !bytes.Contains(c.Body, []byte(`"msgtype":"text"`)) {
		t.Errorf("%v %s", c.Query, c.Body)
	}
	if c := calls[4]; c.Header.Get("X-Lingdong-Signature") != "sha256="+hex.EncodeToString(mac("s", "1777795200."+string(c.Body))) || !bytes.Contains(c.Body, []byte(`"data":{"n":3}`)) {
		t.Errorf("%v %s", c.Header, c.Body)
	}
	f := posttest.NewHook(t)
	f.Answer = func(*posttest.Call) (int, string) {
		return 200, `{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}`
	}
	send(post.Way{Kind: post.Feishu, Address: f.URL + "/open-apis/bot/v2/hook/x", Secret: "SEC2"})
	var got struct {
		Timestamp, Sign string
		Type            string `json:"msg_type"`
		Content         struct {
			Post map[string]struct {
				Title   string
				Content [][]map[string]string
			}
		}
	}
	if err := json.Unmarshal(f.Calls()[0].Body, &got); err != nil || got.Sign != base64.StdEncoding.EncodeToString(mac("1777795200\nSEC2", "")) || got.Type != "post" || got.Content.Post["zh_cn"].Title != "日报 x" || len(got.Content.Post["zh_cn"].Content) != 3 {
		t.Errorf("%v %s", err, f.Calls()[0].Body)
	}
}

func TestHooksFail(t *testing.T) {
	f := func(status int, body string, fate post.Fate, code string) {
		t.Helper()
		h := posttest.NewHook(t)
		h.Answer = func(*posttest.Call) (int, string) { return status, body }
		err := to(t, post.Config{}).Send(t.Context(), post.Way{Kind: post.DingTalk, Address: h.URL}, &post.Message{Subject: "a"})
		var e *post.Error
		if !errors.As(err, &e) || e.Fate != fate || e.Code != code {
			t.Errorf("%d %s: %v, want %d %s", status, body, err, fate, code)
		}
	}
	f(200, `{"errcode":310000,"errmsg":"sign not match"}`, post.Refused, "hook_refused")
	f(200, `{"code":19021,"msg":"sign match fail"}`, post.Refused, "hook_refused")
	f(200, `{"errcode":130101,"errmsg":"send too fast"}`, post.Later, "hook_refused")
	f(200, `{}`, post.Refused, "hook_refused")
	f(200, `<html>`, post.Refused, "hook_refused")
	f(404, ``, post.Refused, "hook_status")
	f(302, ``, post.Refused, "hook_status") // follows nothing
	f(429, ``, post.Later, "hook_status")
	f(503, ``, post.Later, "hook_status")
	gone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }))
	err := to(t, post.Config{}).Send(t.Context(), post.Way{Kind: post.JSON, Address: gone.URL + "/secret-key"}, &post.Message{})
	var e *post.Error
	if !errors.As(err, &e) || e.Fate != post.Unsure || strings.Contains(err.Error(), "secret-key") {
		t.Error(err)
	}
	gone.Close()
	err = to(t, post.Config{}).Send(t.Context(), post.Way{Kind: post.JSON, Address: gone.URL + "/secret-key"}, &post.Message{})
	if !errors.As(err, &e) || e.Fate != post.Later || e.Code != "hook_connect" || strings.Contains(err.Error(), "secret-key") {
		t.Error(err)
	}
}

// Hosts in private networks are not reached, by address or by name, unless it is said.
func TestPrivate(t *testing.T) {
	h := posttest.NewHook(t)
	p := to(t, post.Config{Private: []netip.Prefix{}})
	_, port, _ := strings.Cut(strings.TrimPrefix(h.URL, "http://"), ":")
	err := p.Send(t.Context(), post.Way{Kind: post.JSON, Address: "http://localhost:" + port}, &post.Message{})
	var e *post.Error
	if !errors.As(err, &e) || e.Code != "hook_address" || e.Fate != post.Refused || len(h.Calls()) != 0 {
		t.Errorf("%v, %d calls", err, len(h.Calls()))
	}
	bad := func(p *post.Post, w post.Way, text string) {
		t.Helper()
		if err := p.Check(&w); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%+v: %v, want %s", w, err, text)
		}
		if err := p.Send(context.Background(), w, &post.Message{}); !errors.As(err, &e) || e.Fate != post.Refused {
			t.Errorf("%+v was sent: %v", w, err)
		}
	}
	for _, ip := range []string{"127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.5.5", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "198.18.0.1", "[::1]", "[fd00::1]", "[fe80::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]", "[2002:a00:1::]"} {
		bad(p, post.Way{Kind: post.WeCom, Address: "https://" + ip + "/x"}, "private network")
	}
	bad(p, post.Way{Kind: post.WeCom, Address: "file:///etc/passwd"}, "no webhook")
	bad(p, post.Way{Kind: post.WeCom, Address: "https://u:p@example.com/"}, "holds a user")
	bad(p, post.Way{Kind: post.WeCom, Address: "https:///x"}, "no webhook")
	bad(p, post.Way{Kind: "telex", Address: "1"}, "no \"telex\"")
	for _, a := range []string{"", "wang", "wang@localhost", "a@b.cn\r\nBcc: x@y.cn", "Wang <wang@b.cn>", "a@b.cn,c@d.cn", "\"a b\"@c.cn", "王@例子.cn", strings.Repeat("a", 65) + "@b.cn"} {
		bad(p, post.Way{Kind: post.Mail, Address: a}, "no address of mail")
	}
	only := to(t, post.Config{MailDomains: []string{"example.cn"}, Hosts: []string{"qyapi.weixin.qq.com"}})
	bad(only, post.Way{Kind: post.Mail, Address: "a@evil.cn"}, "example.cn alone")
	bad(only, post.Way{Kind: post.Mail, Address: "a@x.example.cn"}, "example.cn alone")
	bad(only, post.Way{Kind: post.WeCom, Address: "https://evil.cn/"}, "qyapi.weixin.qq.com alone")
	if err := only.Check(&post.Way{Kind: post.Mail, Address: "a@Example.CN"}); err != nil {
		t.Error(err)
	}
	if w := (&post.Way{Kind: post.WeCom, Address: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=secret"}); strings.Contains(w.Masked(), "secret") {
		t.Error(w.Masked())
	}
}

func TestSettings(t *testing.T) {
	f := func(s post.SMTP, text string) {
		t.Helper()
		if _, err := post.New(post.Config{SMTP: s}); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%+v: %v, want %s", s, err, text)
		}
	}
	f(post.SMTP{Address: "mail"}, "smtp.address")
	f(post.SMTP{Address: "mail:25", Security: "ssl"}, "smtp.security")
	f(post.SMTP{Address: "mail:25", Security: post.TLS, From: "x"}, "smtp.from")
	f(post.SMTP{Address: "mail:25", Security: post.None, From: "a@b.cn", User: "u"}, "show the password")
}
