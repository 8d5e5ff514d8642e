package epg

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"iptvdc/agent"
)

const (
	script  = "../../agent/localapi/epg.js"
	sources = "../../agent/localapi/sdk"
)

// reads opens what another program will read, so that go test knows that the
// result depends on it and does not take an old one from its cache.
func reads(t *testing.T, patterns ...string) {
	t.Helper()
	for _, p := range patterns {
		files, err := filepath.Glob(p)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no such files, %v", p, err)
		}
		for _, f := range files {
			if _, err := os.ReadFile(f); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestES3 runs the SDK in JE, an interpreter of ECMAScript 3, on the browser of
// an old box: what it sends, and what pages get back, is in es3/want.txt.
func TestES3(t *testing.T) {
	if testing.Short() {
		t.Skip("needs an interpreter: testbench/setup/install.sh es3")
	}
	reads(t, script, "es3/*")
	cmd := exec.Command("perl", "es3/run.pl", "es3/box.js", script, "es3/page.js")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s\nis JE there? testbench/setup/install.sh es3", err, said.String())
	}
	want, err := os.ReadFile("es3/want.txt")
	if err != nil {
		t.Fatal(err)
	}
	wants, gots := lines(want), lines(out)
	for i := range max(len(wants), len(gots)) {
		if w, g := at(wants, i), at(gots, i); w != g {
			t.Errorf("line %d is\n%s\nwant\n%s", i+1, g, w)
		}
	}
	sent := 0
	for _, body := range regexp.MustCompile(`\[\{"signal".*?\}\]`).FindAll(out, -1) {
		if all, err := agent.ParseSignals(body); err != nil {
			t.Errorf("%s: %v", body, err)
		} else {
			sent += len(all)
		}
	}
	if sent < 15 {
		t.Errorf("only %d signals were sent", sent)
	}
}

func lines(text []byte) []string { return strings.Split(strings.TrimSpace(string(text)), "\n") }

func at(l []string, i int) string {
	if i < len(l) {
		return l[i]
	}
	return "(nothing)"
}

// TestBuilt: what is served is what the sources give.
func TestBuilt(t *testing.T) {
	if testing.Short() {
		t.Skip("builds esbuild")
	}
	reads(t, sources+"/*")
	out, err := exec.Command(sources + "/build").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	kept, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out, kept) {
		t.Errorf("%s is not what agent/localapi/sdk gives; run: go generate ./agent/localapi", script)
	}
}
