package mutants

import (
	"bytes"
	"errors"
	"fmt"
	"go/build"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// root is the module, seen from this package.
const root = "../.."

// mutant is a deliberate bug and the part of the bench that must see it.
type mutant struct {
	name    string // its build tag is mutant_ and this
	promise string // that it breaks
	cheap   bool   // part of every go test

	pkg, test string
	args      []string
	// want is the right reason to fail; never is what a failure for another
	// reason would say ("": nothing).
	want, never string
}

var mutants = []mutant{
	{
		name: "nochain", promise: "I5 never mixed", cheap: true,
		pkg: "./testbench/sim", test: "TestRulesHold", args: []string{"-seeds=700"},
		want:  `I[245] broken in setting clones, seed (\d+): `,
		never: `broken in setting (plain|wipes)`, // without a second history there is nothing to mix
	},
	{
		name: "memoryfirst", promise: "S6 commit, then ack", cheap: true,
		pkg: "./testbench/sim", test: "TestRulesHoldOnSQLite", args: []string{"-seeds=200"},
		want: `I4 broken in setting plain, seed (\d+): box \w+ deletes event \d+ of batch \d+ as acknowledged, but it never arrived`,
	},
	{
		name: "outboxfirst", promise: "I3 exactly counted",
		pkg: "./testbench/sim", test: "TestRulesHold", args: []string{"-seeds=1500"},
		want:  `I3 broken in setting plain, seed (\d+): box \w+ counts \d+ events evicted, \d+ went from its flash`,
		never: `I[12456] broken`,
	},
	{
		name: "cachedmark", promise: "I1 never twice, S1",
		pkg: "./testbench/sim", test: "TestRulesHoldOnSQLite", args: []string{"-seeds=200"},
		want: `I1 broken in setting plain, seed (\d+): event \d+ of box \w+ counts \d+ times`,
	},
	{
		name: "wallclock", promise: "S10, D8: nothing by wall time", cheap: true,
		pkg: "./testbench/verify", test: "TestEngines/reference",
		want: `wrong wall clocks: equal false, lost 0, doubled 0, faults 0, wrong \[.*\bpage_views\b`,
	},
	{
		name: "puback", promise: "I4 deleted after commit",
		pkg: "./testbench/pipe", test: "TestBrokerForgets",
		want: `[1-9]\d* events that boxes recorded never reached the ledger, 0 are there too often`,
	},
	{
		name: "intakefirst", promise: "S6 commit, then ack",
		pkg: "./testbench/pipe", test: "TestCommitsFail",
		want: `[1-9]\d* events that boxes recorded never reached the ledger, 0 are there too often`,
	},
	{
		name: "sumdistinct", promise: "decision 6: counted, never summed",
		pkg: "./testbench/verify", test: "TestEngines/duckdb",
		want: `equal false, lost 0, doubled 0, faults 0, wrong \[active_boxes reporting_boxes activity_rate weekly_active_boxes .*viewers live_to_vod_viewers\]`,
	},
}

// chosen is what MUTANTS asks for: the cheap ones, "all", or some by name.
func chosen(t *testing.T) []mutant {
	t.Helper()
	names := os.Getenv("MUTANTS")
	if names == "all" {
		return mutants
	}
	var some []mutant
	for _, m := range mutants {
		if names == "" && m.cheap || slices.Contains(strings.Split(names, ","), m.name) {
			some = append(some, m)
		}
	}
	if names != "" && len(some) != len(strings.Split(names, ",")) {
		t.Fatalf("MUTANTS is %q, must be all or names of mutants with a comma between", names)
	}
	return some
}

// TestMutantsAreCaught runs the bench with each bug and without it.
func TestMutantsAreCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs other tests")
	}
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "mutant\tpromise broken\tcaught by\tat seed\tseconds: caught\tclean\twith building")
	for _, m := range chosen(t) {
		t.Run(m.name, func(t *testing.T) {
			clean, ok, _ := m.run(t, "")
			if top, _, _ := strings.Cut(m.test, "/"); !ok || !strings.Contains(clean, "--- PASS: "+top) {
				t.Fatalf("without the bug %s does not pass:\n%s", m.test, tail(clean))
			}
			out, ok, took := m.run(t, "mutant_"+m.name)
			if ok {
				t.Fatalf("%s does not see the bug:\n%s", m.test, tail(out))
			}
			found := regexp.MustCompile(m.want).FindStringSubmatch(out)
			if found == nil || !strings.Contains(out, "--- FAIL: "+m.test) {
				t.Fatalf("%s fails, but not because of %q:\n%s", m.test, m.want, tail(out))
			}
			if m.never != "" && regexp.MustCompile(m.never).MatchString(out) {
				t.Fatalf("%s fails for more than the bug, %q:\n%s", m.test, m.never, tail(out))
			}
			seed := "-"
			if len(found) > 1 {
				seed = found[1]
			}
			fmt.Fprintf(w, "%s\t%s\t%s %s\t%s\t%s\t%s\t%.1f\n", m.name, m.promise, strings.TrimPrefix(m.pkg, "./"), m.test, seed,
				seconds(out, "FAIL", m.test), seconds(clean, "PASS", m.test), took.Seconds())
		})
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", table.String())
}

// run runs m's test with a build tag and returns what it printed and whether it
// passed.
func (m *mutant) run(t *testing.T, tag string) (out string, passed bool, took time.Duration) {
	t.Helper()
	var exact []string
	for part := range strings.SplitSeq(m.test, "/") {
		exact = append(exact, "^"+part+"$")
	}
	args := append([]string{"test", "-v", "-count=1", "-vet=off", "-timeout=10m", "-tags=" + tag, "-run=" + strings.Join(exact, "/"), m.pkg}, m.args...)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	began := time.Now()
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(text), err == nil, time.Since(began)
}

// seconds reads how long a test ran.
func seconds(out, verdict, test string) string {
	found := regexp.MustCompile(`--- ` + verdict + `: ` + regexp.QuoteMeta(test) + ` \(([\d.]+)s\)`).FindStringSubmatch(out)
	if found == nil {
		return "?"
	}
	return found[1]
}

// tail is enough of an output to see what went wrong.
func tail(out string) string { return out[max(0, len(out)-3000):] }

// programs are what is built from the code that has mutants.
var programs = []string{"agent/cmd/stbagent", "aggregator/cmd/aggregator", "testbench/cmd/stbfleet"}

// TestMutantsAreNotBuilt: no program builds with a bug in it.
func TestMutantsAreNotBuilt(t *testing.T) {
	for _, m := range mutants {
		for _, p := range programs {
			c := build.Default
			c.BuildTags = []string{"mutant_" + m.name}
			if match, err := c.MatchFile(filepath.Join(root, p), "mutant.go"); err != nil || !match {
				t.Errorf("%s builds with mutant_%s: mutant.go is left out (%v)", p, m.name, err)
			}
		}
	}
	if testing.Short() {
		return
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-tags=mutant_puback", "-o", t.TempDir(), "./agent/cmd/stbagent")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "undefined: aProgramWithADeliberateBugIsNotBuilt") {
		t.Errorf("stbagent with mutant_puback: %v\n%s", err, out)
	}
}

// TestListed: every tag in the product is in the list, every one in the list
// has a bent file and a straight one, and the product does not know of mutants.
func TestListed(t *testing.T) {
	tag := regexp.MustCompile(`!?mutant_\w+`)
	straight, bent := map[string]bool{}, map[string]bool{}
	for _, half := range []string{"agent", "aggregator", "protocol"} {
		err := filepath.WalkDir(filepath.Join(root, half), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || d.Name() == "mutant.go" {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			first, rest, _ := strings.Cut(string(text), "\n")
			if !strings.HasPrefix(first, "//go:build ") {
				first, rest = "", string(text)
			}
			for _, t := range tag.FindAllString(first, -1) {
				if name, not := strings.CutPrefix(t, "!mutant_"); not {
					straight[name] = true
				} else {
					bent[strings.TrimPrefix(t, "mutant_")] = true
				}
			}
			if !strings.HasPrefix(d.Name(), "mutant_") && strings.Contains(rest, "mutant") {
				t.Errorf("%s speaks of mutants", path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range mutants {
		if !straight[m.name] || !bent[m.name] {
			t.Errorf("mutant_%s: a bent file %v, a straight one %v", m.name, bent[m.name], straight[m.name])
		}
		delete(bent, m.name)
	}
	for name := range bent {
		t.Errorf("mutant_%s is not in the list", name)
	}
}
