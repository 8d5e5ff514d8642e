package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"iptvdc/agent/daemon"
	"iptvdc/protocol"
)

// agentOn runs an agent until the test ends.
func agentOn(t *testing.T, dir string) *daemon.Daemon {
	t.Helper()
	cfg, err := parse([]string{"--data", dir, "--broker", "tcp://127.0.0.1:1", "--province", "33", "--city", "3301",
		"--listen", "127.0.0.1:0", "--first-spread", "1h", "--log", "error"}, func(string) string { return "" }, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	d, err := daemon.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	resp, err := http.Post("http://"+d.Addr().String()+"/v1/events?wait=stored", "application/json", strings.NewReader(`{"kind":"click","page":"home","slot":3}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	// Its socket opens beside, a moment later perhaps.
	for tries := time.Now().Add(10 * time.Second); ; {
		conn, err := net.Dial("unix", filepath.Join(dir, "agent.sock"))
		if err == nil {
			conn.Close()
			return d
		}
		if time.Now().After(tries) {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
}

// says runs a command and wants an exit status and words in what it prints.
func says(t *testing.T, status int, words string, args ...string) string {
	t.Helper()
	var out, errw bytes.Buffer
	got := run(args, &out, &errw)
	if text := out.String() + errw.String(); got != status || !strings.Contains(text, words) {
		t.Errorf("stbagent %v = %d\n%s\nwant %d and %q", args, got, text, status, words)
	}
	return out.String()
}

func TestNewCommandsWrongly(t *testing.T) {
	dir := t.TempDir()
	f := func(status int, words string, args ...string) {
		t.Helper()
		says(t, status, words, args...)
	}
	f(2, "write --data DIR", "doctor")
	f(2, "write --data DIR", "tail")
	f(2, "write --data DIR", "selftest")
	f(0, "stbagent doctor --data /data/stbagent --check", "doctor", "--help")
	f(0, "--once", "tail", "-h")
	f(0, "RESULT", "selftest", "-h")
	f(0, "brokers", "doctor", "--list")
	f(2, "--list shows them", "doctor", "--data", dir, "--check", "teeth")
	f(2, "allowed: 0 and above", "tail", "--data", dir, "-n", "-3")
	f(1, "no agent is running on "+dir, "tail", "--data", dir)
	f(1, "no agent is running", "tail", "--data", dir+"/none")
	f(1, "no agent has run", "status", "--data", dir)
	f(1, "make it first: mkdir -p", "selftest", "--data", dir+"/none")
	f(2, "write --box ID --province CODE", "selftest", "--data", dir, "--broker", "tcp://h")
	f(2, "must be above 0", "selftest", "--data", dir, "--min-commits", "0")
	f(1, "FAIL  speed", "selftest", "--data", dir, "--min-commits", "1e9")
	right := []string{"run", "--data", dir, "--broker", "tcp://h", "--province", "33"}
	f(2, "10s to 24h", append(right, "--health-every", "1s")...)
	f(2, "no -listen to serve them on", append(right, "--metrics", "--listen", "")...)
	f(2, "a path from the root", append(right, "--socket", "events.sock")...)
	f(2, `"media" is no number`, append(right, "--socket-gid", "3003,media")...)
}

func TestLocalFlags(t *testing.T) {
	cfg, err := parse([]string{"--data", "x", "--broker", "tcp://h", "--province", "33", "--socket", "/run/s", "--socket-uid", "7,8", "--socket-gid", "9",
		"--health-every", "5m", "--metrics"}, func(string) string { return "" }, t.Output())
	l := cfg.Lines
	if err != nil || l.Socket != "/run/s" || len(l.Peers.UIDs) != 2 || l.Peers.GIDs[0] != 9 || cfg.HealthEvery().Minutes() != 5 || !cfg.Metrics {
		t.Errorf("%+v, %v", cfg, err)
	}
	env := map[string]string{"STBAGENT_SOCKET": "none"}
	cfg, err = parse([]string{"--data", "x", "--broker", "tcp://h", "--province", "33"}, func(k string) string { return env[k] }, t.Output())
	if err != nil || !cfg.Lines.Off || cfg.HealthEvery != nil || cfg.Metrics {
		t.Errorf("%+v, %v", cfg, err)
	}
}

// onDisk is a folder that is not in memory, wherever temporary ones are: doctor
// calls a box in memory unwell, and is right.
func onDisk(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "stbagent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestOnRunningAgent: status, tail and doctor beside an agent.
func TestOnRunningAgent(t *testing.T) {
	dir := filepath.Join(onDisk(t), "box")
	agentOn(t, dir)
	text := says(t, 0, "running, version", "status", "--data", dir)
	for _, want := range []string{"3 not sealed yet", "recorded 1 events, 1 of them on flash", filepath.Join(dir, "events.sock"), "waiting; 0 connections"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	text = says(t, 0, "page=home slot=3 (middleware)", "tail", "--data", dir, "--once")
	if strings.Count(text, "\n") != 3 || !strings.Contains(text, "power_on    cause=boot") {
		t.Errorf("tail:\n%s", text)
	}
	text = says(t, 0, "", "tail", "--data", dir, "--once", "--json", "-n", "1")
	var line struct{ Event json.RawMessage }
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		t.Fatal(err)
	}
	if e, err := protocol.ParseEvents(line.Event); err != nil || e[0].Slot != 3 {
		t.Errorf("%+v, %v", e, err)
	}
	t.Setenv("LC_ALL", "zh_CN.UTF-8")
	says(t, 1, "主机可达，但端口无人监听", "doctor", "--data", dir) // as the agent has its broker
	t.Setenv("LC_ALL", "C")
	text = says(t, 0, "events.sock answers", "doctor", "--data", dir, "--check", "ways-in,acks,backlog,folder", "--json")
	var report doctorReport
	if err := json.Unmarshal([]byte(text), &report); err != nil || !report.Well || len(report.Checks) != 4 || report.Checks[0].Check != "folder" {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestSelftest(t *testing.T) {
	dir := t.TempDir()
	text := says(t, 0, "PASS  stored", "selftest", "--data", dir, "--min-commits", "0.1")
	_, result, ok := strings.Cut(text, "\nRESULT ")
	var sum struct {
		Pass    bool
		Version string
		Tests   []any
	}
	if err := json.Unmarshal([]byte(result), &sum); !ok || err != nil || !sum.Pass || sum.Version == "" || len(sum.Tests) != 9 {
		t.Errorf("%s: %+v, %v", text, sum, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	text = says(t, 1, `"pass":false`, "selftest", "--data", dir, "--json", "--broker", "tcp://"+addr, "--box", "0123456789abcdef", "--province", "33", "--min-commits", "0.1")
	if !json.Valid([]byte(text)) {
		t.Errorf("not JSON: %s", text)
	}
}

func TestPad(t *testing.T) {
	if got := pad("时钟", 6) + "|" + pad("clock", 3); got != "时钟  |clock" {
		t.Error(got)
	}
}
