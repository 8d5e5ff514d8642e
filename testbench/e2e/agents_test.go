package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// TestAgents plays days of light boxes with real agents among them, whose
// power fails: nothing may be lost or doubled, every figure must be true.
func TestAgents(t *testing.T) {
	if testing.Short() {
		t.Skip("runs real programs for some 20 s")
	}
	if os.Getenv("E2E_SHARE") != "" {
		t.Skip("E2E_SHARE: the evening has some real agents too")
	}
	// What households do depends on the day too, and so does whether the power of
	// one of eight fails.
	for seed := 3; ; seed++ {
		if cuts := days(t, seed); cuts > 0 {
			return
		}
		if seed == 8 {
			t.Fatal("no power cut in six evenings: nothing was shown")
		}
	}
}

// days plays and compares some days, and returns how many real agents' power
// was cut.
func days(t *testing.T, seed int) (cuts int) {
	t.Helper()
	c := startCentre(t)
	truth := filepath.Join(t.TempDir(), "truth")
	run := exec.Command(program(t, "stbfleet"), "run", "--broker", "tcp://"+c.mqtt, "--boxes", "28", "--agents", "8",
		"--duration", "54h", "--speed", "30000", "--start", yesterdayEvening().AddDate(0, 0, -3).Format(time.RFC3339),
		"--seed", strconv.Itoa(seed), "--truth", truth, "--batch-age", "200ms", "--quiet")
	out, err := run.CombinedOutput()
	t.Logf("stbfleet:\n%s", tail(string(out), 5))
	if err != nil {
		t.Fatalf("stbfleet run: %v", err)
	}
	said := regexp.MustCompile(`20 light boxes: (\d+) events; 8 real agents: (\d+) events, \d+ switched on, (\d+) boots, (\d+) of them after a power cut`).FindStringSubmatch(string(out))
	if said == nil {
		t.Fatal("the summary does not tell the real agents apart")
	}
	var n [4]int
	for i, least := range []int{500, 200, 6, 0} {
		if n[i], err = strconv.Atoi(said[i+1]); err != nil || n[i] < least {
			t.Errorf("%s, at least %d: nothing was shown", said[i+1], least)
		}
	}
	verify := exec.Command(program(t, "stbfleet"), "verify", "--truth", truth, "--aggregator", "http://"+c.http, "--token", c.token(), "--quiet")
	report, err := verify.CombinedOutput()
	t.Logf("%s", report)
	if err != nil {
		t.Fatalf("stbfleet verify: %v", err)
	}
	return n[3]
}
