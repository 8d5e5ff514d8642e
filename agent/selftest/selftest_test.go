package selftest

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iptvdc/agent/session"
	"iptvdc/agent/uplink"
)

// run tests dir and returns the outcome of each test by its name.
func run(t *testing.T, cfg Config) (Summary, map[string]Outcome) {
	t.Helper()
	if cfg.Clock == nil {
		cfg.Clock = session.SystemClock{}
	}
	byName := map[string]Outcome{}
	sum := Run(t.Context(), cfg, func(o Outcome) { byName[o.Test] = o })
	if len(byName) != len(sum.Tests) {
		t.Errorf("told of %d tests, summed up %d", len(byName), len(sum.Tests))
	}
	return sum, byName
}

func TestGoodBox(t *testing.T) {
	dir := t.TempDir()
	sum, _ := run(t, Config{Dir: dir, MinCommits: 0.5})
	if !sum.Pass || len(sum.Tests) != 9 || sum.CommitsPerSec <= 0 || sum.Ms > float64(Limit.Milliseconds()) {
		t.Errorf("%+v", sum)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestBadBox: each fault fails its test, and what builds on it says so.
func TestBadBox(t *testing.T) {
	sum, by := run(t, Config{Dir: filepath.Join(t.TempDir(), "none")})
	if sum.Pass || by["folder"].Pass || by["flash"].Pass || by["stored"].Pass || !by["random"].Pass || !by["clock"].Pass {
		t.Errorf("no folder: %+v", by)
	}
	sum, by = run(t, Config{Dir: t.TempDir(), MinCommits: 1e9})
	if sum.Pass || by["speed"].Pass || !strings.Contains(by["speed"].Says, "wanted") || !by["batch"].Pass {
		t.Errorf("slow flash: %+v", by)
	}
	if _, by = run(t, Config{Dir: t.TempDir(), MinCommits: 0.1, Clock: still(7)}); by["clock"].Pass {
		t.Errorf("a clock that stands still: %+v", by)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if Run(ctx, Config{Dir: t.TempDir(), Clock: session.SystemClock{}}, func(Outcome) {}).Pass {
		t.Error("passed without time")
	}
}

type still uint64

func (s still) MonoMs() uint64 { return uint64(s) }
func (s still) WallMs() uint64 { return 0 }

func TestBrokerAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	timing := uplink.DefaultTiming()
	timing.ConnectTimeout = time.Second
	_, by := run(t, Config{Dir: t.TempDir(), MinCommits: 0.1,
		Broker: uplink.Config{Brokers: []string{"tcp://" + addr}, Box: "0123456789abcdef", Province: 33, Timing: timing}})
	if o := by["broker"]; o.Pass || !strings.Contains(o.Says, "refused") {
		t.Errorf("%+v", o)
	}
}
