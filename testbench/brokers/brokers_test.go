package brokers

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// matrixFile is where a run of all brokers writes what it saw.
const matrixFile = "../../out/brokers.md"

// TestBrokers passes every proof with every broker that BROKERS names. Two
// brokers at a time are enough for two cores; -parallel says otherwise.
func TestBrokers(t *testing.T) {
	if testing.Short() {
		t.Skip("runs real programs for some 15 s, with BROKERS=all for minutes")
	}
	wanted := os.Getenv("BROKERS")
	if wanted == "" {
		t.Log("only the embedded broker, and not all of it; make e2e-brokers tries mosquitto, RabbitMQ and NATS too")
		t.Run("embedded", func(t *testing.T) {
			connectionsCut(t, &site{homes: homes(t)})
		})
		return
	}
	names := []string{"embedded"}
	for _, k := range kinds {
		names = append(names, k.name)
	}
	for name := range strings.SplitSeq(wanted, ",") {
		if name != "all" && !slices.Contains(names, name) {
			t.Fatalf("BROKERS: no broker %q; known: all, %s", name, strings.Join(names, ", "))
		}
	}
	want := func(name string) bool {
		return wanted == "all" || slices.Contains(strings.Split(wanted, ","), name)
	}
	m := newMatrix()
	t.Run("with", func(t *testing.T) {
		for _, k := range kinds {
			if !want(k.name) {
				continue
			}
			t.Run(k.name, func(t *testing.T) {
				t.Parallel()
				s := &site{homes: homes(t)}
				s.outside = startBroker(t, k, s.homes)
				m.pass(t, k.name, s.version, s)
			})
		}
		if want("embedded") {
			t.Run("embedded", func(t *testing.T) {
				t.Parallel()
				m.pass(t, "embedded", mochi(), &site{homes: homes(t)})
			})
		}
	})
	if wanted == "all" {
		m.write(t, matrixFile)
	}
}

// mochi is the version of the library that the embedded broker is made of.
func mochi() string {
	info, _ := debug.ReadBuildInfo() // without it, there are no modules
	for _, m := range info.Deps {
		if m.Path == "github.com/mochi-mqtt/server/v2" {
			return "(mochi " + strings.TrimPrefix(m.Version, "v") + ")"
		}
	}
	return ""
}

// matrix is what was seen of each broker, by proof. Safe for concurrent use.
type matrix struct {
	began time.Time

	mu      sync.Mutex
	brokers []string                   // titles
	seen    map[string]map[string]cell // by proof and title
}

type cell struct {
	verdict verdict
	seen    string
}

func newMatrix() *matrix { return &matrix{began: time.Now(), seen: map[string]map[string]cell{}} }

// pass passes all proofs with one broker, one after the other.
func (m *matrix) pass(t *testing.T, name, version string, s *site) {
	title := strings.TrimSpace(name + " " + version)
	if strings.Contains(name, "-") {
		title = strings.Split(name, "-")[0] + " " + version
	}
	m.mu.Lock()
	m.brokers = append(m.brokers, title)
	m.mu.Unlock()
	for _, p := range proofs {
		c := cell{verdict: failed} // unless run returns
		t.Run(p.name, func(t *testing.T) {
			began := time.Now()
			run := p.run
			if s.outside != nil && s.refusesBoxes {
				run = refused
			}
			seen, v := run(t, s)
			if t.Failed() {
				return
			}
			c = cell{v, seen}
			t.Logf("%s in %v: %s", c.verdict, time.Since(began).Round(100*time.Millisecond), seen)
		})
		m.mu.Lock()
		if m.seen[p.name] == nil {
			m.seen[p.name] = map[string]cell{}
		}
		m.seen[p.name][title] = c
		m.mu.Unlock()
	}
}

// write writes the matrix, then what was seen in each of its cells.
func (m *matrix) write(t *testing.T, path string) {
	t.Helper()
	slices.Sort(m.brokers)
	var b strings.Builder
	fmt.Fprintf(&b, "| proof | %s |\n|---|%s\n", strings.Join(m.brokers, " | "), strings.Repeat("---|", len(m.brokers)))
	for _, p := range proofs {
		fmt.Fprintf(&b, "| %s |", p.name)
		for _, title := range m.brokers {
			fmt.Fprintf(&b, " %s |", m.seen[p.name][title].verdict)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "\nThe run took %v: %d boxes a proof, %d of them real agents.\n", time.Since(m.began).Round(time.Second), boxes, agents)
	for _, p := range proofs {
		fmt.Fprintf(&b, "\n**%s**\n\n", p.name)
		for _, title := range m.brokers {
			c := m.seen[p.name][title]
			if first := m.seen[proofs[0].name][title]; p.name != proofs[0].name && c == first {
				c.seen = "as above"
			}
			fmt.Fprintf(&b, "- %s: %s: %s\n", title, c.verdict, c.seen)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("written to %s:\n%s", path, b.String())
}
