package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"iptvdc/firmware"
)

// TestAgents runs the agent of every processor under QEMU's user-mode emulator, on
// the oldest processor it is built for: version, the factory's test, and a short
// recording, which is there after a kill. FIRMWARE_AGENTS is the folder of `make
// firmware-agents`; `make firmware` sets it.
func TestAgents(t *testing.T) {
	dir := os.Getenv("FIRMWARE_AGENTS")
	if dir == "" || testing.Short() {
		t.Skip("emulates four processors for half a minute; make firmware runs it")
	}
	for _, a := range []struct{ name, qemu, cpu string }{
		{"armv5", "qemu-arm", "arm926"}, {"armv6", "qemu-arm", "arm1176"}, {"armv7", "qemu-arm", "cortex-a7"}, {"arm64", "qemu-aarch64", "cortex-a53"},
	} {
		t.Run(a.name, func(t *testing.T) {
			agent := func(ctx context.Context, args ...string) *exec.Cmd {
				return exec.CommandContext(ctx, a.qemu, append([]string{"-cpu", a.cpu, filepath.Join(dir, "stbagent-"+a.name)}, args...)...)
			}
			run := func(want string, args ...string) string {
				t.Helper()
				out, err := agent(t.Context(), args...).CombinedOutput()
				if err != nil || !strings.Contains(string(out), want) {
					t.Fatalf("stbagent %v: %v\n%s\nwant %s", args, err, out, want)
				}
				return string(out)
			}
			run("stbagent ", "version")
			selftest(t, agent)
			knows(t, run("-broker", "run", "-h"))
			record(t, agent)
		})
	}
}

// selftest runs the factory's test. That gives its tests 5 s together, which a busy
// host may not have for an emulated box: those that came too late are told, and
// those that decide must be among the others.
func selftest(t *testing.T, agent func(context.Context, ...string) *exec.Cmd) {
	t.Helper()
	out, runErr := agent(t.Context(), "selftest", "--data", t.TempDir(), "--json", "--min-commits", "0.1").Output()
	var result struct {
		Pass  bool
		Tests []struct {
			Test, Says string
			Pass       bool
		}
	}
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatalf("selftest: %v, %v\n%s", runErr, err, out)
	}
	passed := map[string]bool{}
	for _, r := range result.Tests {
		passed[r.Test] = r.Pass
		switch late := strings.HasPrefix(r.Says, "took too long"); {
		case r.Pass:
		case late:
			t.Logf("selftest: %s came too late on this host", r.Test)
		default:
			t.Errorf("selftest: %s: %s", r.Test, r.Says)
		}
	}
	for _, must := range []string{"folder", "flash", "random", "outbox"} {
		if !passed[must] {
			t.Errorf("selftest: %s has not passed\n%s", must, out)
		}
	}
}

// knows holds the settings that mkimage takes against those the agent has.
func knows(t *testing.T, help string) {
	t.Helper()
	var have []string
	for _, m := range regexp.MustCompile(`(?m)^  -([a-z-]+)`).FindAllStringSubmatch(help, -1) {
		have = append(have, strings.ToUpper(strings.ReplaceAll(m[1], "-", "_")))
	}
	slices.Sort(have)
	image, box := firmware.Settings()
	known := append(image, box...)
	slices.Sort(known)
	if !slices.Equal(have, known) {
		t.Errorf("the agent's settings are\n%v\nmkimage knows\n%v", have, known)
	}
}

// record posts events to a running agent, kills it, and asks what it has.
func record(t *testing.T, agent func(context.Context, ...string) *exec.Cmd) {
	t.Helper()
	listen, err := freeAddr()
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	ctx, end := context.WithTimeout(t.Context(), patience)
	defer end()
	// Nobody listens at the discard port: what is recorded stays.
	cmd := agent(ctx, "run", "--data", data, "--broker", "tcp://127.0.0.1:9", "--province", "33", "--city", "3301", "--listen", listen, "--log", "error")
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	kill := func() {
		if !ended {
			ended = true
			_ = cmd.Process.Kill() // gone already: what follows tells
			_ = cmd.Wait()         // killed, which is no news
		}
	}
	defer kill()
	client := http.Client{Timeout: 20 * time.Second}
	p := play{}
	if err := p.until(ctx, "the agent answers", func() (bool, error) {
		resp, err := client.Get("http://" + listen + "/v1/status")
		if err != nil {
			return false, nil
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK, nil
	}); err != nil {
		t.Fatal(err, log.String())
	}
	var truth truth
	for range 4 {
		if err := truth.post(ctx, &client, listen, 5, true); err != nil {
			t.Fatal(err)
		}
	}
	for i, e := range truth.events {
		if e.answer != stored {
			t.Fatalf("event %d is %s", i+1, e.answer)
		}
	}
	kill()
	out, err := agent(ctx, "status", "--data", data, "--json").CombinedOutput()
	var events, open int
	for name, n := range map[string]*int{"Events": &events, "Open": &open} {
		if m := regexp.MustCompile(`"` + name + `": ?(\d+)`).FindStringSubmatch(string(out)); m != nil {
			fmt.Sscan(m[1], n)
		}
	}
	if err != nil || events+open < len(truth.events) {
		t.Errorf("after a kill %d events are there, %d were stored: %v\n%s", events+open, len(truth.events), err, out)
	}
}
