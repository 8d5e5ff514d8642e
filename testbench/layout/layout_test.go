// Package layout holds the architecture as a test: which package may import
// which. It checks direction, not size. ARCHITECTURE.md says why.
package layout

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "iptvdc/"

// pkg is what `go list -json` tells of a package.
type pkg struct {
	ImportPath   string
	Name         string
	Doc          string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
	CgoFiles     []string
	CFiles       []string
	GoFiles      []string
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Name,Doc,Imports,TestImports,XTestImports,Deps,CgoFiles,CFiles,GoFiles"}, args...)...)
	cmd.Dir = "../.."
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(out); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return pkgs
}

// allowed says what of ours a folder may import, longest prefix first. "x/..."
// stands for x and all below it. Every folder may import within itself.
var allowed = []struct {
	folder string
	may    []string
}{
	{"protocol", nil},
	{"agent/health", []string{"protocol", "agent"}},
	{"agent/tail", []string{"protocol", "agent"}},
	{"agent/selftest", []string{"protocol", "agent", "agent/outbox", "agent/session", "agent/uplink"}},
	{"agent/identity", []string{"protocol"}},
	{"agent/doctor", []string{"protocol", "agent", "agent/daemon", "agent/identity", "agent/outbox", "agent/profile", "agent/uplink"}},
	{"agent", []string{"protocol", "agent/..."}},
	{"aggregator/broker", []string{"protocol"}},
	{"aggregator/profiles", []string{"protocol", "aggregator/durable"}},
	{"aggregator/provision", []string{"protocol", "aggregator"}},
	{"aggregator/rollout", []string{"protocol", "aggregator", "aggregator/durable", "aggregator/store"}},
	{"aggregator/ledger/sqlite", []string{"protocol", "aggregator", "aggregator/ledger"}},
	{"aggregator/ledger/ledgertest", []string{"protocol", "aggregator", "aggregator/ledger"}},
	{"aggregator/ledger", []string{"protocol", "aggregator"}},
	{"aggregator/intake", []string{"protocol", "aggregator", "aggregator/ledger"}},
	{"aggregator/c3/inbox", []string{"aggregator", "aggregator/durable", "aggregator/store", "aggregator/c3/..."}},
	{"aggregator/c3/courier", []string{"aggregator", "aggregator/durable", "aggregator/store", "aggregator/c3/..."}},
	{"aggregator/c3", []string{"aggregator", "aggregator/store", "aggregator/c3/..."}},
	{"aggregator/store/duckdb", []string{"protocol", "aggregator", "aggregator/c3", "aggregator/store"}},
	{"aggregator/store/storetest", []string{"protocol", "aggregator", "aggregator/c3", "aggregator/store"}},
	{"aggregator/store", []string{"protocol", "aggregator", "aggregator/c3"}},
	{"aggregator/loader", []string{"protocol", "aggregator", "aggregator/ledger", "aggregator/store"}},
	{"aggregator/closing", []string{"aggregator", "aggregator/store"}},
	{"aggregator/indicator", []string{"aggregator", "aggregator/c3", "aggregator/store"}},
	{"aggregator/quality", []string{"aggregator", "aggregator/c3", "aggregator/c3/dialect", "aggregator/indicator", "aggregator/store"}},
	{"aggregator/insight", []string{"aggregator", "aggregator/indicator", "aggregator/store"}},
	{"aggregator/board", []string{"aggregator", "aggregator/indicator", "aggregator/store"}},
	{"aggregator/monitoring", nil},
	{"aggregator/phone", []string{"aggregator", "aggregator/durable"}},
	{"aggregator/signon", []string{"aggregator"}},
	{"aggregator/sheets", []string{"aggregator", "aggregator/board", "aggregator/indicator", "aggregator/store"}},
	{"aggregator/post", []string{"aggregator"}},
	{"aggregator/report", []string{"aggregator", "aggregator/board", "aggregator/indicator", "aggregator/insight", "aggregator/post", "aggregator/sheets"}},
	{"aggregator/settings", []string{"aggregator", "aggregator/board", "aggregator/indicator", "aggregator/insight", "aggregator/post", "aggregator/report"}},
	{"aggregator/source", []string{"aggregator", "aggregator/c3/charset", "aggregator/durable", "aggregator/indicator", "aggregator/settings", "aggregator/store"}},
	{"aggregator/wording", nil},
	{"aggregator/console/ui", nil},
	{"aggregator/console", []string{"aggregator", "aggregator/c3", "aggregator/durable", "aggregator/indicator", "aggregator/insight", "aggregator/quality", "aggregator/board", "aggregator/phone", "aggregator/post", "aggregator/provision", "aggregator/report", "aggregator/rollout", "aggregator/settings", "aggregator/sheets", "aggregator/signon", "aggregator/source", "aggregator/store", "aggregator/wording", "aggregator/console/ui"}},
	{"aggregator/cmd/aggregator", []string{"protocol", "aggregator/...", "testbench/fleet", "testbench/feeds"}},
	{"aggregator", nil},
	{"firmware", []string{"protocol"}},
	{"testbench/oracle", nil},
	{"testbench/openid", nil},
	{"testbench", []string{"protocol", "agent/...", "aggregator/...", "firmware/...", "testbench/..."}},
}

// mayImport reports whether package from (below module) may import to.
func mayImport(from, to string) bool {
	for _, rule := range allowed {
		if from != rule.folder && !strings.HasPrefix(from, rule.folder+"/") {
			continue
		}
		if to == rule.folder || strings.HasPrefix(to, rule.folder+"/") && rule.folder != "aggregator" && rule.folder != "testbench" {
			return true
		}
		for _, m := range rule.may {
			below, tree := strings.CutSuffix(m, "/...")
			if to == m || tree && (to == below || strings.HasPrefix(to, below+"/")) {
				return true
			}
		}
		return false
	}
	return false
}

func TestImportsGoOneWay(t *testing.T) {
	pkgs := list(t, "./...")
	if len(pkgs) < 10 {
		t.Fatalf("found only %d packages", len(pkgs))
	}
	for _, p := range pkgs {
		from := strings.TrimPrefix(p.ImportPath, module)
		for _, imp := range p.Imports {
			to, ours := strings.CutPrefix(imp, module)
			if ours && !mayImport(from, to) {
				t.Errorf("%s imports %s; ARCHITECTURE.md does not allow it", from, to)
			}
		}
		// Tests may reach for conformance suites and engines, but the two
		// halves of the product never meet outside protocol and testbench.
		for _, imp := range append(p.TestImports, p.XTestImports...) {
			to, ours := strings.CutPrefix(imp, module)
			if ours && crosses(from, to) {
				t.Errorf("a test of %s imports %s", from, to)
			}
		}
	}
}

// crosses reports whether an import joins agent and aggregator.
func crosses(from, to string) bool {
	side := func(p string) string { first, _, _ := strings.Cut(p, "/"); return first }
	a, b := side(from), side(to)
	return a == "agent" && b == "aggregator" || a == "aggregator" && b == "agent" ||
		a == "protocol" && b != "protocol"
}

func TestRuleItself(t *testing.T) {
	f := func(from, to string, want bool) {
		t.Helper()
		if got := mayImport(from, to); got != want {
			t.Errorf("mayImport(%s, %s) = %v, want %v", from, to, got, want)
		}
	}
	f("agent/outbox", "protocol", true)
	f("agent/outbox", "agent/session", true)
	f("agent/outbox", "aggregator", false)
	f("agent/health", "agent", true)
	f("agent/health", "agent/outbox", false)
	f("agent/daemon", "agent/health", true)
	f("aggregator/ledger", "agent", false)
	f("aggregator", "protocol", false)
	f("aggregator/ledger", "aggregator/store", false)
	f("aggregator/loader", "aggregator/store", true)
	f("aggregator/loader", "aggregator/store/duckdb", false)
	f("aggregator/store", "aggregator/loader", false)
	f("aggregator/c3/inbox", "aggregator/durable", true)
	f("aggregator/c3/dialect", "aggregator/durable", false)
	f("aggregator/c3/inbox", "aggregator/store/duckdb", false)
	f("testbench/oracle", "aggregator", false)
	f("testbench/oracle", "testbench/fleet", false)
	f("protocol", "aggregator", false)
}

// TestAgentIsLean holds the agent's binary, built as it is shipped, to what a
// box can carry.
func TestAgentIsLean(t *testing.T) {
	t.Setenv("CGO_ENABLED", "0")
	t.Setenv("GOOS", "linux")
	t.Setenv("GOARCH", "arm")
	banned := []string{"iptvdc/aggregator", "iptvdc/testbench", "github.com/prometheus", "github.com/spf13/cobra",
		"go.yaml.in/yaml", "github.com/mochi-mqtt", "runtime/cgo"}
	for _, p := range list(t, "./agent/cmd/stbagent") {
		for _, dep := range p.Deps {
			for _, b := range banned {
				if dep == b || strings.HasPrefix(dep, b+"/") {
					t.Errorf("stbagent links %s", dep)
				}
			}
		}
	}
}

// TestPeersAreNotShipped: engines that we are only compared with stay with the
// benches.
func TestPeersAreNotShipped(t *testing.T) {
	for _, program := range []string{"./aggregator/cmd/aggregator", "./testbench/cmd/stbfleet"} {
		for _, p := range list(t, program) {
			for _, dep := range p.Deps {
				if dep == module+"testbench/chdb" || strings.HasPrefix(dep, "github.com/ebitengine/purego") {
					t.Errorf("%s links %s", program, dep)
				}
			}
		}
	}
}

// TestAgentHasNoC: the C client lies where no Go package would compile it in.
func TestAgentHasNoC(t *testing.T) {
	t.Setenv("CGO_ENABLED", "1")
	for _, p := range list(t, "./agent/...") {
		if len(p.CgoFiles)+len(p.CFiles) > 0 {
			t.Errorf("%s holds C: %v", p.ImportPath, append(p.CgoFiles, p.CFiles...))
		}
	}
}

// TestPackagesSayWhatTheyAreFor asks for a package comment and a name from the
// field.
func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	vague := []string{"util", "utils", "common", "helper", "helpers", "base", "types", "models", "misc", "shared"}
	for _, p := range list(t, "./...") {
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
		for _, v := range vague {
			if p.Name == v {
				t.Errorf("%s: the name says nothing", p.ImportPath)
			}
		}
	}
}
