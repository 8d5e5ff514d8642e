package daemon

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"iptvdc/agent/tail"
	"iptvdc/protocol"
)

// told sends a line to the socket at path and returns the answer.
func told(t *testing.T, path, line string) string {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, line+"\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(answer)
}

// TestSocket: the socket serves, has its mode, takes over from a dead agent and
// goes with a live one; a long folder is no hindrance; foreign files are kept.
func TestSocket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, eventsName)
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close() // a killed agent leaves this
	d, stop := running(t, config(dir))
	<-d.opened
	post(t, d, "/v1/events?wait=stored", `{"kind":"click","page":"a"}`) // is up
	if got := told(t, path, `{"kind":"click","page":"b"}`); got != `{"accepted":1}` {
		t.Error(got)
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o660 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}
	if l, err := listenLines(path, nil); l != nil || err == nil {
		t.Errorf("a second listener on a served socket: %v, %v", l, err)
	}
	if s := d.Status(); s.Socket != path || s.Lines.Events != 1 {
		t.Errorf("%+v", s.Lines)
	}
	stop()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("after the end: %v", err)
	}
	file := filepath.Join(dir, "text")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := config(dir)
	cfg.Lines.Socket = file
	_, stop = running(t, cfg)
	stop()
	if b, err := os.ReadFile(file); err != nil || string(b) != "mine" {
		t.Errorf("a file in the socket's place: %q, %v", b, err)
	}
	long := filepath.Join(dir, strings.Repeat("a-long-folder-name-", 6))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := listenLines(filepath.Join(long, eventsName), []uint32{uint32(os.Getgid())})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

// TestTail: what is recorded is shown, the boot's own events included, on the
// folder's socket and not on the loopback address.
func TestTail(t *testing.T) {
	dir := t.TempDir()
	d, stop := running(t, config(dir))
	post(t, d, "/v1/events?wait=stored", `{"kind":"click","page":"a"}`)
	var kinds []string
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := Tail(ctx, dir, 100, true, func(_ []byte, l tail.Line) error {
		e, err := protocol.ParseEvents(l.Event)
		if err != nil {
			return err
		}
		if kinds = append(kinds, e[0].Kind.String()); len(kinds) == 3 {
			post(t, d, "/v1/events", `{"kind":"click","page":"b"}`)
		}
		if len(kinds) == 4 {
			cancel()
		}
		return nil
	})
	if err != nil || strings.Join(kinds, " ") != "identity power_on click click" {
		t.Errorf("%v, %v", kinds, err)
	}
	resp, err := http.Get("http://" + d.Addr().String() + "/v1/tail")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("on the loopback address: %s", resp.Status)
	}
	ended := make(chan error, 1)
	follows := make(chan struct{}, 10)
	go func() {
		ended <- Tail(t.Context(), dir, 1, true, func([]byte, tail.Line) error { follows <- struct{}{}; return nil })
	}()
	<-follows
	start := time.Now()
	stop()
	if err := <-ended; err != nil || time.Since(start) > 10*time.Second {
		t.Errorf("the agent's end under a tail: %v after %v", err, time.Since(start))
	}
	if err := Tail(t.Context(), dir, 1, true, nil); err == nil || !strings.Contains(err.Error(), "no agent is running") {
		t.Errorf("without an agent: %v", err)
	}
}

// TestMetrics: asked for, the text keeps the format's rules and is for programs
// only; not asked for, there is none.
func TestMetrics(t *testing.T) {
	get := func(d *Daemon, header ...string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+d.Addr().String()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(header) == 2 && header[0] == "Host" {
			req.Host = header[1]
		} else if len(header) == 2 {
			req.Header.Set(header[0], header[1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	cfg := config(t.TempDir())
	cfg.Metrics = true
	cfg.API.Origins = []string{"http://10.1.2.3"}
	d, stop := running(t, cfg)
	post(t, d, "/v1/events?wait=stored", `{"kind":"click","page":"a"}`)
	<-d.opened
	code, text := get(d)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if code != 200 || err != nil || len(problems) > 0 {
		t.Errorf("%d, %v, %v\n%s", code, err, problems, text)
	}
	for _, want := range []string{`stbagent_recorder_events_total{state="stored"} 1`, `stbagent_outbox_events{state="open"} 3`,
		`stbagent_api_requests_total 1`, `stbagent_anonymous_memory_bytes `, `stbagent_cpu_seconds_total `} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if code, _ := get(d, "Origin", "http://10.1.2.3"); code != 403 {
		t.Errorf("a page gets %d", code)
	}
	if code, _ := get(d, "Host", "evil.example"); code != 403 {
		t.Errorf("a foreign name gets %d", code)
	}
	stop()
	d, stop = running(t, config(t.TempDir()))
	if code, _ := get(d); code != 404 {
		t.Errorf("not asked for, and yet %d", code)
	}
	stop()
}

func TestExposition(t *testing.T) {
	var x exposition
	x.gauge("a_bytes", "One\\two\nthree.", 1.5)
	x.gauges("b", "Help.", "l", labelled{"q\"\\\n", 3})
	const want = "# HELP a_bytes One\\\\two\\nthree.\n# TYPE a_bytes gauge\na_bytes 1.5\n# HELP b Help.\n# TYPE b gauge\nb{l=\"q\\\"\\\\\\n\"} 3\n"
	if string(x.b) != want {
		t.Errorf("%s", x.b)
	}
}

// TestHealth: asked for, a health event is recorded.
func TestHealth(t *testing.T) {
	dir := t.TempDir()
	cfg := config(dir)
	cfg.HealthEvery = func() time.Duration { return 20 * time.Millisecond }
	_, stop := running(t, cfg)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	seen := false
	for !seen && ctx.Err() == nil {
		err := Tail(ctx, dir, 100, true, func(_ []byte, l tail.Line) error {
			if l.Event == nil {
				return nil
			}
			e, err := protocol.ParseEvents(l.Event)
			if err == nil && e[0].Kind == protocol.Health {
				seen = e[0].AgentKB > 0 && e[0].MemoryKB > 0
				cancel()
			}
			return err
		})
		if err != nil && !strings.Contains(err.Error(), "no agent is running") { // yet
			t.Fatal(err)
		}
	}
	if !seen {
		t.Error("no health event")
	}
	stop()
}

// TestReportTellsHealth: the centre's report asks for health, also where none is
// recorded otherwise.
func TestReportTellsHealth(t *testing.T) {
	dir := t.TempDir()
	d, stop := running(t, config(dir))
	post(t, d, "/v1/events?wait=stored", `{"kind":"click","page":"a"}`) // is up
	d.report(t.Context())
	seen := 0
	err := Tail(t.Context(), dir, 100, false, func(_ []byte, l tail.Line) error {
		if strings.Contains(string(l.Event), `"kind":"health"`) {
			seen++
		}
		return nil
	})
	if err != nil || seen != 1 {
		t.Errorf("%d health events, %v", seen, err)
	}
	stop()
}
