package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"iptvdc/testbench/fault"
)

// TestEvening plays an evening with real programs. While it is on, the
// aggregator is killed three times and every box loses its connection twice;
// afterwards nothing may be lost, nothing doubled, and every figure must be
// what really happened. With E2E_FULL=1 it is a whole evening of 2,000 boxes,
// otherwise a share of it.
// Some of the boxes are real agents, with power cuts of their own.
func TestEvening(t *testing.T) {
	if testing.Short() {
		t.Skip("runs real programs for some 30 s")
	}
	boxes, agents, hours, speed := 200, 3, 3, 500.0
	if os.Getenv("E2E_FULL") == "1" {
		boxes, agents, hours, speed = 2000, 20, 6, 120
	}
	c := startCentre(t)
	p, err := fault.Listen("127.0.0.1:0", c.mqtt)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	start := yesterdayEvening()
	truth := filepath.Join(t.TempDir(), "truth")
	run := exec.Command(program(t, "stbfleet"), "run", "--broker", "tcp://"+p.Addr(), "--boxes", strconv.Itoa(boxes), "--agents", strconv.Itoa(agents),
		"--duration", fmt.Sprint(hours, "h"), "--speed", fmt.Sprint(speed), "--start", start.Format(time.RFC3339),
		"--seed", "7", "--truth", truth, "--batch-age", "1s", "--report-every", "200ms")
	var trouble bytes.Buffer
	run.Stderr = &trouble
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	defer func() {
		if !ended {
			_ = run.Process.Kill() // the test failed: nobody waits for its end
			_ = run.Wait()
		}
	}()

	// What happens at which share of the evening; each as soon as the boxes are
	// back from the fault before.
	cuts := 0
	kill := func() { c.kill(); c.start() }
	cut := func() {
		n := p.Cut()
		if n < boxes*9/10 {
			t.Errorf("only %d connections were there to cut", n)
		}
		cuts++
	}
	faults := []struct {
		at float64
		do func()
	}{{0.15, kill}, {0.30, cut}, {0.45, kill}, {0.60, cut}, {0.75, kill}}
	length := time.Duration(hours) * time.Hour
	var last []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		last = append(last, lines.Text())
		at, connected, ok := progress(lines.Text())
		if ok && len(faults) > 0 && float64(at.Sub(start)) >= faults[0].at*float64(length) && connected >= boxes*95/100 {
			t.Logf("fault at %s", lines.Text())
			faults[0].do()
			faults = faults[1:]
		}
	}
	err = run.Wait()
	ended = true
	t.Logf("stbfleet:\n%s", tail(strings.Join(last, "\n"), 5))
	if err != nil {
		t.Fatalf("stbfleet run: %v\n%s", err, tail(trouble.String(), 10))
	}
	if c.kills != 3 || cuts != 2 || len(faults) != 0 {
		t.Fatalf("%d kills and %d cuts happened, %d faults did not: nothing was shown", c.kills, cuts, len(faults))
	}

	verify := exec.Command(program(t, "stbfleet"), "verify", "--truth", truth, "--aggregator", "http://"+c.http, "--token", c.token())
	report, err := verify.CombinedOutput()
	t.Logf("%s", report)
	if err != nil {
		t.Fatalf("stbfleet verify: %v", err)
	}
}

// yesterdayEvening is 18:00 of the day before in Asia/Shanghai, so that the
// evening is over.
func yesterdayEvening() time.Time {
	now := time.Now().In(time.FixedZone("CST", 8*3600))
	return time.Date(now.Year(), now.Month(), now.Day()-1, 18, 0, 0, 0, now.Location())
}

// progress reads the simulated time and how many boxes are connected from a
// line of progress.
func progress(line string) (at time.Time, connected int, ok bool) {
	f := strings.Fields(line)
	if len(f) < 5 || f[3] != "boxes" {
		return at, 0, false
	}
	at, err := time.ParseInLocation("2006-01-02 15:04:05", f[1]+" "+f[2], time.FixedZone("CST", 8*3600))
	if err != nil {
		return at, 0, false
	}
	_, err = fmt.Sscanf(f[4], "%d/", &connected)
	return at, connected, err == nil
}
