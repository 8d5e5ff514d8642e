package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"iptvdc/aggregator/console"
)

// agentOf builds the agent as a version, as `make build` does: only linking is new.
func agentOf(t *testing.T, dir, version string) string {
	t.Helper()
	path := filepath.Join(dir, "stbagent-"+version)
	cmd := exec.Command("go", "build", "-ldflags", "-s -w -X main.version="+version, "-o", path, "iptvdc/agent/cmd/stbagent")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return path
}

// crashing makes of a program one that dies at its first instruction.
func crashing(t *testing.T, program string) string {
	t.Helper()
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	const entry = 24 // of ELF with 64 bits: where it begins
	copy(text[entry:entry+8], make([]byte, 8))
	path := program + "-crashing"
	if err := os.WriteFile(path, text, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// initd starts a program again whenever it ends, as init does on a box, until stop.
type initd struct {
	mu     sync.Mutex
	log    bytes.Buffer
	now    *exec.Cmd
	starts int
}

func (i *initd) Write(b []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.log.Write(b)
}

func (i *initd) run(t *testing.T, args ...string) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			cmd := exec.CommandContext(ctx, args[0], args[1:]...)
			cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
			cmd.WaitDelay = 10 * time.Second
			cmd.Stdout, cmd.Stderr = i, i
			if err := cmd.Start(); err != nil {
				t.Error(err)
				return
			}
			i.mu.Lock()
			i.now = cmd
			i.starts++
			i.mu.Unlock()
			_ = cmd.Wait() // however it ended, it is started again
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		if t.Failed() {
			t.Logf("agent, started %d times:\n%s", i.starts, tail(i.log.String(), 60))
		}
	})
}

// cut kills what runs with SIGKILL.
func (i *initd) cut(t *testing.T) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.now.Process.Kill(); err != nil {
		t.Log(err)
	}
}

// TestUpdates: a box takes an update that the centre offers, runs it, goes back from
// one that crashes, and the centre knows. Programs, broker, ledger, store and disks are
// the real ones.
func TestUpdates(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	dir := t.TempDir()
	image, good := agentOf(t, dir, "1.0.0"), agentOf(t, dir, "1.1.0")
	bad := crashing(t, good)
	door := freeAddr(t)
	t.Setenv("IPTV_UPDATES_LISTEN", door)
	c := startCentre(t)
	aggregator := func(says string, args ...string) string {
		t.Helper()
		out, err := exec.Command(program(t, "aggregator"), args...).CombinedOutput()
		if err != nil && !strings.HasPrefix(says, "!") || !strings.Contains(string(out), strings.TrimPrefix(says, "!")) {
			t.Fatalf("aggregator %v: %v\n%s\nwant %q", args, err, out, says)
		}
		return string(out)
	}
	key, keys := filepath.Join(dir, "key"), filepath.Join(dir, "keys")
	if err := os.WriteFile(keys, []byte(aggregator("1 ", "update", "keygen", "--out", key)), 0o600); err != nil {
		t.Fatal(err)
	}
	publish := func(version, agent, program string) {
		t.Helper()
		signed := filepath.Join(dir, version+".signed")
		out := aggregator("{", "update", "sign", program, "--key", key, "--version", version, "--agent", agent, "--libraries")
		if err := os.WriteFile(signed, []byte(out), 0o600); err != nil {
			t.Fatal(err)
		}
		aggregator("percent=100 provinces=33", "update", "publish", signed, "--program", program, "--keys", keys, "--percent", "100", "--province", "33", "--data", c.data)
	}
	aggregator("!does not hold the text", "update", "sign", good, "--key", key, "--version", "1", "--agent", "9.9.9-none", "--libraries")
	aggregator("!linked to libraries", "update", "sign", program(t, "aggregator"), "--key", key, "--version", "1", "--agent", "1.1.0")
	publish("1", "1.1.0", good)

	folder := filepath.Join(dir, "box")
	box := &initd{}
	box.run(t, image, "launch", "--data", folder, "--broker", "tcp://"+c.mqtt, "--province", "33", "--city", "3301", "--model", "E900", "--box", "0123456789abcdef",
		"--listen", "127.0.0.1:0", "--first-spread", "0", "--loss-spread", "0", "--backoff-min", "50ms", "--backoff-max", "200ms", "--batch-age", "200ms", "--batch-ride", "50ms",
		"--update-keys", keys, "--update-url", "http://"+door, "--update-hours", "all", "--update-every", "300ms", "--update-rate", "0", "--update-good", "1m", "--log", "info")

	token := c.token()
	var got console.UpdatesAnswer
	look := func() console.UpdateRelease {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.http+"/api/v1/updates", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		got = console.UpdatesAnswer{}
		if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		return got.Releases[0]
	}
	until(t, time.Minute, "the update to get well", func() bool { return look().Sum.Good == 1 })
	box.cut(t) // it starts again as the update
	until(t, time.Minute, "the centre to know what runs", func() bool {
		look()
		return len(got.Running) == 1 && got.Running[0].Version == 1
	})
	if r := got.Running[0]; r.Agent != "1.1.0" || r.Model != "E900" || r.Build != "amd64" && r.Build != "arm64" {
		t.Errorf("%+v", r)
	}

	publish("2", "1.1.0", bad)
	until(t, time.Minute, "the bad update to be rolled back", func() bool { return look().Sum.RolledBack == 1 })
	if w := got.Releases[0].Rows[0].Whys; len(w) != 1 || w[0].Why != "started 3 times and never got well" {
		t.Errorf("%+v", w)
	}
	text := aggregator("2  agent 1.1.0", "update", "show", "--data", c.data)
	for _, want := range []string{"33 Zhejiang  E900", "started 3 times and never got well", "1.1.0"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	out, err := exec.Command(image, "status", "--data", folder).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "version 1 runs, slot ") || !strings.Contains(string(out), "2 failed here") {
		t.Errorf("%v\n%s", err, out)
	}
	aggregator("version=2", "update", "halt", "2", "--why", "it crashes", "--data", c.data)
	aggregator("!halted already: it crashes", "update", "halt", "2", "--why", "again", "--data", c.data)
	aggregator("HALTED: it crashes", "update", "show", "--data", c.data)
	aggregator("offered again", "update", "resume", "2", "--data", c.data)
	if log := aggregator("update_published", "audit", "list", "--data", c.data); !strings.Contains(log, "update_halted") || !strings.Contains(log, "update_resumed") {
		t.Error(log)
	}
	resp, err := http.Get("http://" + c.http + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var metrics bytes.Buffer
	if _, err := metrics.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("iptv_update_offers_total{answer=%q}", "offered"); !strings.Contains(metrics.String(), want) {
		t.Errorf("no %s", want)
	}
}
