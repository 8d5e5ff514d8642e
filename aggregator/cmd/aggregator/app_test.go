package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// An app is made, changed and packed by commands; what is not given stays.
func TestAppCommands(t *testing.T) {
	data := t.TempDir()
	f := func(want, wrong string, args ...string) {
		t.Helper()
		var out bytes.Buffer
		root := newRoot(&out, &out)
		root.SetArgs(append([]string{"app"}, append(args, "--data", data)...))
		err := root.ExecuteContext(t.Context())
		if wrong != "" {
			if err == nil || !strings.Contains(err.Error(), wrong) {
				t.Errorf("%v: %v, want %q", args, err, wrong)
			}
			return
		}
		if err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%v: %q %v, want %q", args, out.String(), err, want)
		}
	}
	f("", "title.zh", "set", "boards")
	f("/app/boards/, revision 1", "", "set", "boards", "--zh", "灵动", "--en", "Boards", "--start", "content=~content", "--start", "=~wall")
	f("", "server", "make", "boards", "--ios")
	f("revision 2", "", "set", "boards", "--server", "https://data.example")
	f("", "make what", "make", "boards")
	f("0001-boards-ios-r2.zip", "", "make", "boards", "--ios")
	f("灵动", "", "list")
	f("", "no key yet", "key")
	f("", "ROLE=BOARD", "set", "boards", "--start", "x")
	f("", "", "remove", "boards")
	f("", "no app", "remove", "boards")
	if left, err := os.ReadDir(data + "/apps"); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
}
