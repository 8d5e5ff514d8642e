package main

import (
	"bytes"
	"database/sql"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator/settings"
)

// People are made, given, taken from and listed from the command line, without a
// running aggregator.
func TestPeopleByCommand(t *testing.T) {
	data := t.TempDir()
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		root := newRoot(&out, io.Discard)
		root.SetArgs(append(args, "--data", data))
		err := root.ExecuteContext(t.Context())
		return out.String(), err
	}
	ok := func(want string, args ...string) string {
		t.Helper()
		got, err := run(args...)
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("%q: %q, %v; want %q", args, got, err, want)
		}
		return got
	}
	bad := func(want string, args ...string) {
		t.Helper()
		if got, err := run(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v; want %q", args, got, err, want)
		}
	}
	ok("their invitation: aggregator user link wang", "user", "add", "wang", "--display", "王芳", "--department", "zj", "--role", "province_manager", "--province", "33")
	bad("in which provinces", "user", "add", "li", "--role", "content")
	bad("is not a province", "user", "add", "li", "--role", "content", "--province", "99")
	bad("allowed: activity", "user", "add", "li", "--data-set", "money", "--province", "33")
	bad("allowed: administrator, content", "user", "add", "li", "--role", "king", "--province", "33")
	bad("one of all provinces", "user", "add", "li", "--role", "administrator", "--province", "33")
	bad("begins with a letter", "user", "add", "Li Wei")
	bad("somebody of the name wang", "user", "add", "wang")
	bad("no person \"li\"", "user", "grant", "li", "--role", "content", "--province", "33")
	ok("there", "user", "add", "li")
	bad("what? give --role", "user", "grant", "li")
	ok("li holds epg 33", "user", "grant", "li", "--data-set", "epg", "--province", "33")
	ok("li holds epg 33,43", "user", "grant", "li", "--data-set", "epg", "--province", "43")
	ok("epg 33,43; content *", "user", "grant", "li", "--role", "content", "--province", "all")
	bad("take it whole", "user", "revoke", "li", "--role", "content", "--province", "33")
	ok("epg 43; content *", "user", "revoke", "li", "--data-set", "epg", "--province", "33")
	ok("li holds epg 43", "user", "revoke", "li", "--role", "content")
	bad("holds nothing of that", "user", "revoke", "li", "--role", "content")
	ok("data set epg  43         administrator  holds", "user", "show", "li")
	ok("li holds nothing", "user", "revoke", "li", "--all")
	ok("王芳", "user", "list")
	ok("iptv_", "token", "--name", "nightly", "--province", "33", "--data-set", "epg")
	line := ok("nightly", "token", "list")
	_, line, _ = strings.Cut(line, "\n")
	token, _, _ := strings.Cut(line, " ")
	if !strings.Contains(line, "(machine)") || !strings.Contains(line, "epg=33") {
		t.Errorf("%q", line)
	}
	bad("no token \"none\"", "token", "revoke", "none")
	ok("", "token", "revoke", token)
	if line := ok("TOKEN", "token", "list"); strings.Contains(line, "nightly") {
		t.Errorf("%q", line)
	}
	ok("http://127.0.0.1:8080/login?key=", "user", "link", "li")
	ok("https://tv.example/login?key=", "user", "link", "li", "--url", "https://tv.example/")
	ok("", "user", "disable", "li")
	bad("li is disabled", "user", "link", "li")
	ok("disabled", "user", "list")
	ok("", "user", "enable", "li")
	ok("", "user", "reset-totp", "li")
	bad("built in and cannot", "user", "disable", "administrator")
	ok("", "role", "set", "ads", "--en", "Ads", "--data-set", "epg,vod", "--may", "see_boards")
	ok("ads", "role", "list")
	bad("built in", "role", "set", "content", "--data-set", "epg")
	bad("no power", "role", "set", "x1", "--data-set", "epg", "--may", "fly")
	ok("", "role", "remove", "ads")
	ok("watermark: true\nadmin-totp: false", "options", "--watermark")
	ok("watermark: false", "options", "--watermark=false")
	ok("iptv_", "token", "--province", "33", "--data-set", "epg,orders")
	bad("allowed: activity", "token", "--data-set", "money")
	bad("administers all provinces", "token", "--data-set", "epg", "--admin")
	ok("(machine)  person_disabled  li", "audit", "list", "--person", "li", "--what", "person_disabled")

	head := strings.Split(strings.TrimSpace(ok("whole", "audit", "verify")), "\n")[1]
	ok("whole", "audit", "verify", "--head", head)
	bad("is not where a log stood", "audit", "verify", "--head", "x")
	s, err := settings.Open(t.Context(), filepath.Join(data, settingsFile), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(data, settingsFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"DROP TRIGGER trail_stays", "UPDATE trail SET who = 'nobody' WHERE no = 2"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	bad("line 2 is not the one that was written", "audit", "verify")
}
