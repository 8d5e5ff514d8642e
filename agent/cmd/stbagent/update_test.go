package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iptvdc/agent/update"
)

func TestUpdateFlags(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte("1 A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	right := []string{"--data", "x", "--broker", "tcp://h", "--province", "33", "--update-keys", keys, "--update-url", "http://10.1.2.3:8090"}
	cfg, err := parse(right, func(string) string { return "" }, &bytes.Buffer{})
	u := &cfg.Update
	if err != nil || len(u.Keys) != 1 || u.Hours == nil || u.Hours.From != "02:00" || u.Rate != 65536 || u.Every != time.Hour || u.Good != 15*time.Minute || u.Build == "" || u.Place.Launched {
		t.Errorf("%+v, %v", u, err)
	}
	env := map[string]string{"STBAGENT_UPDATE_SLOT": "b", "STBAGENT_UPDATE_IMAGE": "1.0.0 2 1 26"}
	cfg, err = parse(append(right, "--update-hours", "all"), func(name string) string { return env[name] }, &bytes.Buffer{})
	if p := cfg.Update.Place; err != nil || !p.Launched || p.Slot != "b" || p.Image.Release != 26 || cfg.Update.Hours != nil {
		t.Errorf("%+v, %v", cfg.Update, err)
	}
	f := func(says string, more ...string) {
		t.Helper()
		_, err := parse(append(right[:6:6], more...), func(string) string { return "" }, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v, want %q", more, err, says)
		}
	}
	f("update-keys: open /none", "--update-keys", "/none", "--update-url", "http://h")
	f("write -update-url http://host:port", "--update-keys", keys)
	f(`update-url: "ftp://h", must be http://`, "--update-keys", keys, "--update-url", "ftp://h")
	f("as 02:00-05:00, or all", "--update-keys", keys, "--update-url", "http://h", "--update-hours", "2-5")
	f("as 02:00-05:00, or all", "--update-keys", keys, "--update-url", "http://h", "--update-hours", "02:00-02:00")
	f("not below 0", "--update-keys", keys, "--update-url", "http://h", "--update-rate", "-1")
	env["STBAGENT_UPDATE_IMAGE"] = "1.0.0"
	if _, err := parse(right, func(name string) string { return env[name] }, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "STBAGENT_UPDATE_IMAGE") {
		t.Error(err)
	}
}

// TestLaunchWrongly: what is wrong is said as run says it.
func TestLaunchWrongly(t *testing.T) {
	says(t, 2, "write -data DIR", "launch", "--province", "33")
	says(t, 2, "is no flag", "launch", "data")
	says(t, 0, "update-keys", "launch", "-h")
}

func TestUpdateLine(t *testing.T) {
	f := func(s update.Stats, want string) {
		t.Helper()
		if got := updateLine(&s); got != want {
			t.Errorf("%+v: %q, want %q", s, got, want)
		}
	}
	f(update.Stats{}, "the image's own program runs")
	f(update.Stats{Slot: "a", Version: 3, Seen: 3, Trial: true}, "version 3 runs, slot a, on trial")
	f(update.Stats{Slot: "b", Version: 3, Seen: 4, Failed: 4, Doubt: 4, Last: "no"},
		"version 3 runs, slot b; version 4 had no contact and may be tried again; 4 was taken last; 4 failed here; last look: no")
}
