package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/console"
	"iptvdc/aggregator/settings"
)

// The commands, as people type them, beside a running aggregator.
func TestCommands(t *testing.T) {
	data := t.TempDir()
	run := func(args ...string) (string, error) {
		t.Helper()
		var out, logs bytes.Buffer
		root := newRoot(&out, &logs)
		root.SetArgs(args)
		err := root.ExecuteContext(t.Context())
		return strings.TrimSpace(out.String()), err
	}
	if _, err := run("token", "--data", filepath.Join(data, "typo")); err == nil || !strings.Contains(err.Error(), "there is no folder") {
		t.Errorf("token of a folder that is none: %v", err)
	}

	if _, err := run("claim", "lst"); err == nil || err.Error() != `claim: there is no command "lst", perhaps list; see: aggregator claim --help` {
		t.Errorf("a command that is none: %v", err)
	}
	if help, err := run("claim"); err != nil || !strings.Contains(help, "Available Commands") {
		t.Errorf("a group of commands: %v\n%s", err, help)
	}

	ctx, cancel := context.WithCancel(t.Context())
	out := &lines{ready: make(chan struct{})}
	ended := make(chan error, 1)
	root := newRoot(out, io.Discard)
	root.SetArgs([]string{"serve", "--data", data, "--http-listen", "127.0.0.1:0", "--mqtt-listen", "127.0.0.1:0"})
	go func() { ended <- root.ExecuteContext(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-out.ready:
	case err := <-ended:
		t.Fatal(err)
	}
	greeting := out.String()
	page := strings.TrimSpace(strings.TrimPrefix(strings.SplitN(greeting, "\n", 2)[0], "Page"))
	if !strings.HasPrefix(page, "http://127.0.0.1:") || strings.Contains(page, ":0/") || !strings.Contains(greeting, page+"login?key=") || !strings.Contains(greeting, "tcp://127.0.0.1:") {
		t.Fatalf("the greeting says\n%s", greeting)
	}
	get := func(url, token string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	token, err := run("token", "--data", data, "--province", "33,43", "--name", "report")
	if err != nil || get(page+"api/v1/status", token) != 200 {
		t.Errorf("token %q: %v", token, err)
	}
	if get(page+"api/v1/status", "") != 401 {
		t.Error("without a token the status answers")
	}
	if _, err := run("token", "--data", data, "--province", "3301"); err == nil || !strings.Contains(err.Error(), `"3301" is not a province`) {
		t.Error(err)
	}
	link, err := run("link", "--data", data)
	if err != nil || !strings.HasPrefix(link, page+"login?key=") || get(link, "") != 303 || get(link, "") != 401 {
		t.Errorf("link %q: %v", link, err)
	}
	if get(page, "") != 200 {
		t.Error("the page does not answer")
	}
	if _, err := run("serve", "--data", data, "--http-listen", "127.0.0.1:0"); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("in use by another aggregator (process %d)", os.Getpid())) {
		t.Errorf("a second aggregator: %v", err)
	}
	if got, err := run("config", "check", "--data", data); got != "ok" || err != nil {
		t.Errorf("%q %v", got, err)
	}
	if _, err := run("config", "check", "--http-listen", "nowhere"); err == nil || !strings.Contains(err.Error(), "http.listen") {
		t.Error(err)
	}
	if got, err := run("config", "print", "--data", "/srv/x"); !strings.HasPrefix(got, "data: /srv/x\n") || err != nil {
		t.Errorf("%q %v", got, err)
	}
	if got, err := run("ask", "power_ons", "--by", "province", "--where", "province=33,43", "--from", "2026-11-01", "--to", "2026-11-02", "--compare", "year", "--align", "holiday", "--grain", "day", "--data", data); err != nil ||
		!strings.HasPrefix(got, "PERIOD  PROVINCE  POWER_ONS  POWER_ONS:COMPARE  POWER_ONS:CHANGE\nas of nothing yet, rules ") {
		t.Errorf("%q %v", got, err)
	}
	if _, err := run("ask", "power", "--data", data); err == nil || !strings.Contains(err.Error(), `indicators: there is no "power"; allowed: power_ons`) {
		t.Error(err)
	}
	if _, err := run("ask", "power_ons", "--where", "province", "--data", data); err == nil || !strings.Contains(err.Error(), "write it as province=33,43") {
		t.Error(err)
	}
	list, err := run("holidays")
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(data, "holidays.csv")
	f := func(text, want string) {
		t.Helper()
		if err := os.WriteFile(own, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := run("holidays", own)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasSuffix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(list, "ok")
	f("year,holiday,zh,en,first,feast,last\n2027,spring_festival,春节,Spring Festival,2027-02-05,2026-02-06,2027-02-11\n", "line 2: the feast of spring_festival, 2026-02-06, is not in 2027")
	if got, err := run("version"); got != version || err != nil {
		t.Errorf("%q %v", got, err)
	}
}

// lines collects what a program prints; ready is closed when it is all there.
type lines struct {
	mu    sync.Mutex
	text  strings.Builder
	ready chan struct{}
	done  bool
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(b)
	if !l.done && strings.Contains(l.text.String(), "Ctrl-C") {
		l.done = true
		close(l.ready)
	}
	return len(b), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A small demo: history and live boxes end in the figures, and a second start
// tells no history twice.
func TestDemo(t *testing.T) {
	data := t.TempDir()
	run := func() console.Status {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		out := &lines{ready: make(chan struct{})}
		ended := make(chan error, 1)
		go func() {
			ended <- demo{boxes: 20, days: 2}.run(ctx, testConfig(data), out, slog.New(slog.DiscardHandler))
		}()
		defer func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}()
		select {
		case <-out.ready:
		case err := <-ended:
			t.Fatal(err)
		}
		page := strings.Fields(out.String())[1]
		s, err := settings.Open(t.Context(), filepath.Join(data, settingsFile), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		token, err := s.NewToken(t.Context(), settings.Principal{Name: "t", Grants: aggregator.Everything()})
		if err != nil {
			t.Fatal(err)
		}
		var st console.Status
		until(t, "history told and loaded", func() bool {
			b, err := os.ReadFile(filepath.Join(data, pastFile))
			if err != nil || !bytes.Contains(b, []byte(`"done":true`)) {
				return false
			}
			req, err := http.NewRequestWithContext(t.Context(), "GET", page+"api/v1/status", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if err := json.NewDecoder(resp.Body).Decode(&st); err != nil {
				t.Fatal(err)
			}
			return st.Received > 0 && st.Backlog == 0
		})
		return st
	}
	first := run()
	if first.Received < 500 || first.Boxes > 20 {
		t.Errorf("after the history: %+v", first)
	}
	// The live boxes are quiet in the first seconds; a history told again would
	// at least double the events.
	if second := run(); second.Received < first.Received || second.Received > first.Received+first.Received/2 {
		t.Errorf("%d events after the first start, %d after the second", first.Received, second.Received)
	}
}
