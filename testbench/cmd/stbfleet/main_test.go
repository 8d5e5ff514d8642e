package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestErrors: wrong input is refused with a word on what is allowed.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	truth := filepath.Join(dir, "truth")
	if err := os.WriteFile(truth, []byte("{\"truth\":1}\n{\"b\":\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	f := func(args, want string) {
		t.Helper()
		var out, errOut bytes.Buffer
		if status := run(strings.Fields(args), &out, &errOut); status != 1 {
			t.Errorf("stbfleet %s: exit status %d", args, status)
		}
		if !strings.Contains(errOut.String(), want) {
			t.Errorf("stbfleet %s: %q, want %q", args, errOut.String(), want)
		}
	}
	f("run --speed 0", "speed: 0, allowed above 0 to 100000; 1 is real time")
	f("run --speed fast", "invalid argument")
	f("run --boxes 0", "boxes: 0, allowed 1..5000000")
	f("run --boxes 20 --agents 21", "agents: 21, allowed 0..20: they are part of the boxes")
	f("run --agents -1", "agents: -1, allowed 0..200")
	f("run --start yesterday", `start: "yesterday" is not a time; write 2026-11-21T18:00`)
	f("run --provinces 33,1", `provinces: bad_province: "1" is not a province`)
	f("run --broker 127.0.0.1:1883", "broker: ")
	f("run --speed 60", "start: an endless run faster than the clock needs one")
	f("run --truth "+dir, "truth: open "+dir)
	f("backfill --days 0", "days: 0, allowed 1..800")
	f("backfill --clones 2", "clones: only for a store")
	f("backfill --data "+dir+" --leave fact_visit", "clones: must be 1 (none) or more; --leave needs 2 or more")
	f("verify", "truth: name the file that run wrote, with --truth FILE")
	f("verify --truth "+truth+".no", "no such file")
	f("verify --truth "+truth, "truth: "+truth+": line 2: ")
	f("verify --receipts "+dir, "receipts: are compared with a truth of feeds")
	f("feeds --out "+dir+" --truth "+truth+" --dirt 101", "dirt: 101, allowed 0 to 100")
	f("feeds --out "+dir+" --truth "+truth+" --notified 1", "notified: ")
	f("feeds bring", "dir: name the folder")
	f("feeds notify "+truth+" --key-file "+dir+"/no", "key-file: ")
	f("walk", `unknown command "walk"`)
}

// TestTruthKept: a run that cannot reach its broker leaves an earlier truth
// alone.
func TestTruthKept(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a broker that is not there")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	truth := filepath.Join(t.TempDir(), "truth")
	if err := os.WriteFile(truth, []byte("kept"), 0o644); err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	if status := run([]string{"run", "--broker", "tcp://" + addr, "--truth", truth}, &out, &errOut); status != 1 {
		t.Errorf("exit status %d", status)
	}
	if want := "aggregator serve --mqtt-listen " + addr; !strings.Contains(errOut.String(), want) {
		t.Errorf("%q, want %q", errOut.String(), want)
	}
	if got, err := os.ReadFile(truth); string(got) != "kept" {
		t.Errorf("the truth is %q, %v", got, err)
	}
}

func TestVersion(t *testing.T) {
	var out, errOut bytes.Buffer
	if status := run([]string{"version"}, &out, &errOut); status != 0 || out.String() != "stbfleet dev\n" {
		t.Errorf("%d %q %q", status, out.String(), errOut.String())
	}
}
