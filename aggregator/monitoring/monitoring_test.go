package monitoring

import (
	"os/exec"
	"testing"
)

// promtool is Prometheus' own judge of rules.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Prometheus' promtool")
	}
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool is missing; run: testbench/setup/install.sh prometheus")
	}
	if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %v: %v\n%s", args, err, out)
	}
}

func TestRulesAreRules(t *testing.T) { promtool(t, "check", "rules", "alerts.yml") }

func TestRulesFire(t *testing.T) { promtool(t, "test", "rules", "testdata/alerts_test.yml") }
