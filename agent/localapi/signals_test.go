package localapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"iptvdc/agent"
)

// ear takes signals and remembers who sent them.
type ear struct {
	mu    sync.Mutex
	heard []string // "page click", "native standby"
	fail  error
}

func (e *ear) take(_ context.Context, page bool, all []agent.Signal) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fail != nil && !errors.Is(e.fail, agent.ErrNotStored) {
		return e.fail
	}
	who := "native"
	if page {
		who = "page"
	}
	for _, s := range all {
		e.heard = append(e.heard, who+" "+s.Signal)
	}
	return e.fail
}

// serving starts the API on a free port and returns its address.
func serving(t *testing.T, cfg Config) (*API, string) {
	t.Helper()
	cfg.Recorder, cfg.Clock = &taker{}, clock(nowMs)
	cfg.Boot, cfg.Status = func() uint32 { return 7 }, func() any { return nil }
	cfg.Origins = []string{goodPage}
	a, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Serve(ctx, l, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return a, "http://" + l.Addr().String()
}

// ask makes a request; header is name, value ...
func ask(t *testing.T, method, target, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(got)
}

// TestSignals [P-9.4]: what is taken, what is refused and why, over both ways.
func TestSignals(t *testing.T) {
	e := &ear{}
	a, base := serving(t, Config{Signals: e.take, PageRate: 1000})
	f := func(status int, says, body string, header ...string) {
		t.Helper()
		resp, got := ask(t, "POST", base+"/e", body, append([]string{"Content-Type", "text/plain"}, header...)...)
		if resp.StatusCode != status || !strings.Contains(got, says) || status == 204 && got != "" {
			t.Errorf("POST /e %.80s = %d %s, want %d and %q", body, resp.StatusCode, got, status, says)
		}
		if status < 400 {
			return
		}
		var answer struct {
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal([]byte(got), &answer); err != nil || answer.Error.Code == "" {
			t.Errorf("POST /e %.80s: no error object: %s", body, got)
		}
	}
	const click = `{"signal":"click","page":"home","area":"top","slot":3}`
	page := []string{"Origin", goodPage}
	f(204, "", click, page...)
	f(204, "", `[{"signal":"page","page":"home"},{"signal":"keys","keys":4,"ago":900}]`, page...)
	f(204, "", `[{"signal":"identity","account":"a","stbid":"s","mac":"m"}]`, "Referer", goodPage+"/epg/login.jsp")
	f(204, "", `[{"signal":"standby"}]`)
	f(204, "", `{"signal":"identity","model":"E900","firmware":"1"}`)
	f(204, "", `[{"signal":"tv","tv":"unplugged"},{"signal":"seek","position":0}]`)
	f(400, "a page may not send tv", `{"signal":"tv","tv":"on"}`, page...)
	f(204, "", `[{"signal":"play","mode":"vod","content":"c","position":61000,"length":5400000}]`, page...)
	f(400, "a page may not send standby", `[{"signal":"stop"},{"signal":"standby"}]`, page...)
	f(400, "signals[1]", `[{"signal":"stop"},{"signal":"wake"}]`, page...)
	f(400, "middleware's", `{"signal":"shutdown"}`, page...)
	f(400, "model", `{"signal":"identity","model":"E900"}`, page...)
	f(400, "firmware", `{"signal":"identity","account":"a","firmware":"2"}`, page...)
	f(400, "missing", `{"signal":"click"}`, page...)
	f(400, "speed", `{"signal":"stop","speed":0}`, page...)
	f(400, "signals", `[]`, page...)
	f(400, "signals", ``)
	f(413, "4096", strings.Repeat(" ", 4097), page...)
	f(403, goodPage, click, "Origin", "http://evil.example")
	f(403, "127.0.0.1", click, "Host", "evil.example")
	if resp, _ := ask(t, "GET", base+"/e", ""); resp.StatusCode != 405 {
		t.Errorf("GET /e = %d", resp.StatusCode)
	}

	img := func(status int, refused, d string, header ...string) {
		t.Helper()
		resp, got := ask(t, "GET", base+"/e.gif?d="+url.QueryEscape(d), "", header...)
		if resp.StatusCode != status || got != pixel || resp.Header.Get("Content-Type") != "image/gif" ||
			!strings.Contains(resp.Header.Get("X-Refused"), refused) {
			t.Errorf("GET /e.gif %.80s = %d, %d bytes, %v", d, resp.StatusCode, len(got), resp.Header)
		}
	}
	ref := []string{"Referer", goodPage + "/epg/index.jsp"}
	img(200, "", click, ref...)
	img(400, "bad_signal: page: missing", `{"signal":"click"}`, ref...)
	img(400, "may not send", `{"signal":"wake"}`, ref...)
	img(413, "too_large", strings.Repeat(" ", 4097), ref...)
	img(403, "bad_origin", click, "Referer", "http://evil.example/")
	img(403, "bad_origin", click) // only pages ask for images: who hides its name is no program
	img(403, "bad_host", click, "Host", "evil.example")

	e.mu.Lock()
	got := strings.Join(e.heard, ", ")
	e.mu.Unlock()
	if want := "page click, page page, page keys, page identity, native standby, native identity, native tv, native seek, page play, page click"; got != want {
		t.Errorf("heard %s\n want %s", got, want)
	}
	if s := a.Stats(); s.Signals != 10 || s.BadEvents != 12 || s.TooLarge != 2 || s.BadOrigin != 3 || s.BadHost != 2 || s.Other != 1 {
		t.Errorf("%+v", s)
	}
}

func TestSignalsFail(t *testing.T) {
	e := &ear{}
	_, base := serving(t, Config{Signals: e.take})
	f := func(fail error, status int, says string) {
		t.Helper()
		e.fail = fail
		if resp, got := ask(t, "POST", base+"/e", `{"signal":"stop"}`); resp.StatusCode != status || !strings.Contains(got, says) {
			t.Errorf("%v: %d %s", fail, resp.StatusCode, got)
		}
	}
	f(agent.ErrFull, 503, "full")
	f(agent.ErrNotStored, 204, "") // is kept later: sending it again would double it
	f(errors.New("signals[3]: slot: too high"), 400, "signals[3]: slot: too high")

	_, base = serving(t, Config{})
	for _, path := range []string{"/e", "/e.gif?d=1"} {
		method := map[bool]string{true: "POST", false: "GET"}[path == "/e"]
		resp, got := ask(t, method, base+path, "{}", "Referer", goodPage+"/")
		if resp.StatusCode != 404 || !strings.Contains(got+resp.Header.Get("X-Refused"), "takes no signals") {
			t.Errorf("%s without Signals: %d %s %v", path, resp.StatusCode, got, resp.Header)
		}
	}
}

// TestSignalsRate: pages share one allowance, whichever way they send.
func TestSignalsRate(t *testing.T) {
	e := &ear{}
	a, base := serving(t, Config{Signals: e.take})
	codes := map[int]int{}
	for i := range 60 {
		path := "/e"
		method := "POST"
		if i%2 == 1 {
			path, method = "/e.gif?d="+url.QueryEscape(`{"signal":"stop"}`), "GET"
		}
		resp, _ := ask(t, method, base+path, `{"signal":"stop"}`, "Referer", goodPage+"/")
		codes[resp.StatusCode/100]++
	}
	if codes[2] < 20 || codes[2]+codes[4] != 60 || a.Stats().TooMany != uint64(codes[4]) {
		t.Errorf("%v, %+v: want about 20 of 60 to pass", codes, a.Stats())
	}
}

func TestScript(t *testing.T) {
	_, base := serving(t, Config{})
	resp, got := ask(t, "GET", base+"/epg.js", "", "Referer", goodPage+"/")
	tag := resp.Header.Get("ETag")
	if resp.StatusCode != 200 || got != string(script) || tag == "" ||
		!strings.HasPrefix(resp.Header.Get("Content-Type"), "text/javascript") || !strings.Contains(resp.Header.Get("Cache-Control"), "max-age") {
		t.Errorf("%d, %d bytes, %v", resp.StatusCode, len(got), resp.Header)
	}
	if resp, got := ask(t, "GET", base+"/epg.js", "", "If-None-Match", tag); resp.StatusCode != 304 || got != "" {
		t.Errorf("asked again: %d, %d bytes", resp.StatusCode, len(got))
	}
	if resp, _ := ask(t, "GET", base+"/epg.js", "", "Referer", "http://evil.example/"); resp.StatusCode != 403 {
		t.Errorf("a foreign page: %d", resp.StatusCode)
	}
}

// TestScriptIsES3: small, plain ASCII, and without a word that browsers of old
// boxes do not know. testbench/epg runs it in an interpreter of that age.
func TestScriptIsES3(t *testing.T) {
	if len(script) > 12<<10 {
		t.Errorf("%d bytes, allowed 12 KiB", len(script))
	}
	for i, c := range script {
		if c > 126 || c < 32 && c != '\n' {
			t.Fatalf("byte %d is %#x", i, c)
		}
	}
	for _, word := range []string{`\b(const|let|class|async|await|yield|of|import|export)\s`, `=>`, "`", `\bPromise\b`, `\bfetch\(`, `sendBeacon`, `\bJSON\b`,
		`Object\.(keys|create|defineProperty|assign)`, `Date\.now`, `\.(trim|forEach|map|filter|bind|includes|startsWith|endsWith|padStart|classList|dataset)\(`,
		`\beval\(`, `new Function`, `[\w"')}\]],[\]}]`, `\.(catch|default|class|delete|new|in|if|for)\b`, `\b(get|set) \w+\(`, `use strict`, `\\\n`} {
		if at := regexp.MustCompile(word).FindIndex(script); at != nil {
			t.Errorf("%s: %s", word, fmt.Sprintf("%.60s", script[at[0]:]))
		}
	}
	if !strings.Contains(string(script), "IPTV_EPG_OFF") {
		t.Error("no kill switch")
	}
}

// FuzzSignals: whatever a page sends, only what ParseSignals takes and a page
// may say is handed on, and it answers 204 exactly then.
func FuzzSignals(f *testing.F) {
	for _, s := range []string{`{"signal":"click","page":"home"}`, `[{"signal":"keys","keys":1},{"signal":"standby"}]`, `[[[[`, `{"signal":"identity","model":"x"}`, "\xff"} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, text string, image bool) {
		var heard []agent.Signal
		a, err := New(Config{Recorder: &taker{}, Clock: clock(nowMs), Boot: func() uint32 { return 7 }, Status: func() any { return nil }, Origins: []string{goodPage},
			Signals: func(_ context.Context, _ bool, all []agent.Signal) error { heard = all; return nil }})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", "/e", strings.NewReader(text))
		if image {
			r = httptest.NewRequest("GET", "/e.gif?d="+url.QueryEscape(text), nil)
		}
		r.Host = "127.0.0.1"
		r.Header.Set("Referer", goodPage+"/")
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if took := w.Code < 300; took != (len(heard) > 0) || image && w.Body.String() != pixel {
			t.Errorf("%d, heard %v", w.Code, heard)
		}
		if pageMay(heard) != nil {
			t.Errorf("heard %v from a page", heard)
		}
	})
}
