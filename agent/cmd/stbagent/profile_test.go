package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iptvdc/agent/daemon"
	"iptvdc/agent/profile"
)

func TestProfileKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	f := func(text, says string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var errw bytes.Buffer
		cfg, err := parse([]string{"--data", "x", "--broker", "tcp://h", "--province", "33", "--profile-keys", path}, func(string) string { return "" }, &errw)
		switch {
		case says == "" && (err != nil || len(cfg.ProfileKeys) != 1):
			t.Errorf("%v, %d keys", err, len(cfg.ProfileKeys))
		case says != "" && (err == nil || !strings.Contains(err.Error(), says)):
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
	f("1 A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n", "")
	f("", "no key in it")
	f("one\n", path+": line 1")
	path = filepath.Join(path, "none")
	if err := readProfileKeys(path, &daemon.Config{}); err == nil {
		t.Error("a file that is none was read")
	}
	var errw bytes.Buffer
	if _, err := parse([]string{"--data", "x", "--broker", "tcp://h", "--province", "33", "--profile-group", "a/b"}, func(string) string { return "" }, &errw); err == nil || !strings.Contains(err.Error(), "allowed letters") {
		t.Errorf("a group that is none: %v", err)
	}
}

func TestProfileLine(t *testing.T) {
	f := func(s profile.Stats, want string) {
		t.Helper()
		if got := profileLine(&s); got != want {
			t.Errorf("%+v: %q, want %q", s, got, want)
		}
	}
	f(profile.Stats{}, "ignored: no keys; start the agent with -profile-keys FILE")
	f(profile.Stats{Keys: 1}, "as built in")
	at := uint64(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	f(profile.Stats{Keys: 1, Version: 7, Expires: at, Quiet: true, Sampling: true, Trigger: 2, Refused: 1, Why: "signature: no"},
		"version 7 until 2027-01-01T00:00:00Z, quiet now, some kinds not recorded, trigger 2 holds; 1 refused, last: signature: no")
}
