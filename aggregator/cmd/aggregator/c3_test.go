package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// runC3 runs aggregator c3 with args.
func runC3(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, logs bytes.Buffer
	root := newRoot(&out, &logs)
	root.SetArgs(append([]string{"c3"}, args...))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// usersFile writes a full file of Zhejiang with its manifest into dir.
func usersFile(t *testing.T, dir, day string, accounts int) string {
	t.Helper()
	text := "USER_ID|STATUS|AREA_CODE|OPEN_TIME|STOP_TIME|CANCEL_TIME|PROD_ID|STB_ID|MAC|ACCESS\n"
	for n := range accounts {
		text += fmt.Sprintf("0571%08d|1|0571|20240131120000|||JC001|||ftth\n", n)
	}
	name := "ZJ_IPTV_USER_" + day + ".txt"
	sum := md5.Sum([]byte(text))
	manifest := fmt.Sprintf("%s|%d|%d|%s\n", name, len(text), accounts, hex.EncodeToString(sum[:]))
	for n, s := range map[string]string{name: text, name + ".verf": manifest} {
		if err := os.WriteFile(filepath.Join(dir, n), []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, name)
}

func TestC3Commands(t *testing.T) {
	data, from := t.TempDir(), t.TempDir()
	id := regexp.MustCompile(`(?m)^([0-9a-f]{32}) `)
	f := func(want string, fails string, args ...string) string {
		t.Helper()
		out, err := runC3(t, args...)
		if (err == nil) != (fails == "") || err != nil && !strings.Contains(err.Error(), fails) || !strings.Contains(out, want) {
			t.Fatalf("c3 %s: %v\n%s\nwant %q %q", strings.Join(args, " "), err, out, want, fails)
		}
		return out
	}
	bad := filepath.Join(from, "what.txt")
	if err := os.WriteFile(bad, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f("", "there is no folder "+data+"x", "import", "--data", data+"x", "--province", "33", bad)
	f("", "is not a province", "import", "--data", data, "--province", "99", bad)

	// Nobody runs: the files are taken here.
	one := usersFile(t, from, "20260501", 100)
	f("ZJ_IPTV_USER_20260501.txt accepted: 100 records, 100 accepted, 0 rejected, 0 repeated", "", "import", "--data", data, "--province", "33", one)
	f("repeated: 100 records, 0 accepted, 0 rejected, 100 repeated", "", "import", "--data", data, "--province", "33", one)
	f("what.txt refused: 0 records", "1 of 1 files are not in", "import", "--data", data, "--province", "33", bad)
	f("", "no aggregator", "files", "--data", data)

	c := testConfig(data)
	c.C3.SettleS = 1
	g := startWith(t, c)
	if err := os.WriteFile(filepath.Join(data, pageFile), []byte(g.p.PageURL()), 0o600); err != nil {
		t.Fatal(err)
	}
	two := usersFile(t, from, "20260502", 101)
	out := f("ZJ_IPTV_USER_20260502.txt accepted: 101 records", "", "import", "--data", data, "--province", "33", two, one)
	if !strings.Contains(out, "ZJ_IPTV_USER_20260501.txt repeated: 100 records") {
		t.Error(out)
	}
	three := usersFile(t, from, "20260503", 50)
	out = f("waiting: 50 records, 0 accepted", "not in", "import", "--data", data, "--province", "33", three)
	waiting := id.FindStringSubmatch(out)[1]
	f(waiting, "", "files", "--data", data, "--outcome", "waiting")
	f("shrunk", "", "faults", "--data", data, waiting)
	f("accepted: 50 records, 50 accepted", "", "release", "--data", data, waiting)
	f("", "waits for a decision", "reject", "--data", data, waiting)
	f("", "There is no file", "faults", "--data", data, strings.Repeat("0", 32))
	f("There is no such file", "", "files", "--data", data, "--province", "11")
	f("", "feed: users does not fit", "files", "--data", data, "--feed", "users")

	f("ZJ_IPTV_USER_", "", "dialect", "show", "p33")
	f("", "there is no ready dialect", "dialect", "show", "p99")
	own := filepath.Join(data, "c3", "dialects", "33.yaml")
	if err := os.WriteFile(own, []byte("version: 2\nprovince: \"33\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f("33.yaml", "", "dialect", "list", "--data", data)
	f("", "this program reads version: 1", "dialect", "check", own)
	f("", "dialect cannot be used", "import", "--data", data, "--province", "33", one)
	text, _ := runC3(t, "dialect", "show", "vac")
	if err := os.WriteFile(own, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f("It names no province yet", "", "dialect", "check", own)
}
