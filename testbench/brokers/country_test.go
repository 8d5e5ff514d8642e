package brokers

import (
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"iptvdc/testbench/fleet"
)

const (
	// boxesABroker keeps brokers and fleets below 20,000 open files each, which
	// is what a process may have on many machines.
	boxesABroker = 15_000
	countrySeed  = 7
	// countrySpeed makes two hours of an evening ten minutes.
	countryHours, countrySpeed = 2, 12
	countryFile                = "../../out/country.md"
)

// TestCountry plays an evening of COUNTRY light boxes, all connected, on this
// machine: brokers and fleets as many as it takes, one aggregator that consumes
// from all of them. Nothing may be lost, every figure must be equal, and what
// each kind of process took is written down.
func TestCountry(t *testing.T) {
	text := os.Getenv("COUNTRY")
	if text == "" {
		t.Skip("takes a quarter of an hour and 15 GB of memory: make country")
	}
	count, err := strconv.Atoi(text)
	if err != nil || count < 1 {
		t.Fatalf("COUNTRY is %q, must be a number of boxes", text)
	}
	n := (count + boxesABroker - 1) / boxesABroker
	start := time.Date(evening().Year(), evening().Month(), evening().Day(), 19, 30, 0, 0, evening().Location())
	town, err := fleet.NewTown(fleet.TownConfig{Boxes: count, Seed: countrySeed, StartMs: start.UnixMilli()})
	if err != nil {
		t.Fatal(err)
	}
	parts := make([][]fleet.Home, n)
	for i := range town.Len() {
		parts[i%n] = append(parts[i%n], town.Home(i))
	}
	mosquitto := kinds[0]
	var brokers []*outside
	var addresses []string
	for i := range n {
		b := startBroker(t, mosquitto, parts[i])
		brokers, addresses = append(brokers, b), append(addresses, b.addr)
	}
	c := startCentre(t, t.TempDir(), addresses...)
	dir := t.TempDir()
	var fleets []*process
	var truths []string
	t.Cleanup(func() {
		for _, p := range fleets {
			if p.alive() == nil {
				p.kill(t) // the test failed: nobody waits for its end
			}
		}
	})
	for i, address := range addresses {
		truth := filepath.Join(dir, fmt.Sprint("truth", i))
		truths = append(truths, truth)
		fleets = append(fleets, launch(t, filepath.Join(dir, fmt.Sprint("said", i)), exec.Command(program(t, "stbfleet"), "run",
			"--broker", "tcp://"+address, "--token", boxToken, "--boxes", strconv.Itoa(count), "--part", fmt.Sprintf("%d/%d", i+1, n),
			"--seed", strconv.Itoa(countrySeed), "--start", start.Format(time.RFC3339), "--duration", fmt.Sprint(countryHours, "h"),
			"--speed", strconv.Itoa(countrySpeed), "--truth", truth, "--report-every", "10s", "--drain", "5m")))
	}
	var sum partsSaid
	for _, p := range fleets {
		<-p.done
		if p.err != nil {
			t.Fatalf("stbfleet: %v\n%s", p.err, p.tail(20))
		}
		sum.add(t, p)
	}
	if sum.connected != count {
		t.Errorf("at their best %d of %d boxes were connected", sum.connected, count)
	}
	page := c.get(t, "/metrics")
	began := time.Now()
	compared := c.verify(t, truths...)
	verified := time.Since(began)
	if err := c.proc.end(); err != nil {
		t.Errorf("aggregator: %v after SIGTERM", err)
	}
	aggregator := c.proc
	c.proc = nil
	for _, b := range brokers {
		if err := b.proc.end(); err != nil {
			t.Logf("mosquitto: %v", err)
		}
	}
	var mosquittos []*process
	for _, b := range brokers {
		mosquittos = append(mosquittos, b.proc)
		b.proc = nil
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%d light boxes, all connected, %d h of an evening in %.0f s; %d x mosquitto %s, %d x stbfleet, 1 x aggregator on this machine.\n\n",
		count, countryHours, sum.seconds, n, brokers[0].version, n)
	fmt.Fprintf(&out, "%d events, %.0f/s, all acknowledged: p50 %v, p99 %v, at most %v after their time (batches wait up to 10 s); %d batches, %d connections lost.\n",
		sum.events, float64(sum.events)/sum.seconds, sum.p50, sum.p99, sum.worst, sum.batches, sum.losses)
	fmt.Fprintf(&out, "From a packet at the door to its answer: 99 %% within %s s.\n%s, in %v.\n\n", quantile(t, page, "iptv_ack_duration_seconds", 0.99), compared, verified.Round(time.Second))
	out.WriteString("| process | memory, MB | kB a box | CPU, s |\n|---|---|---|---|\n")
	for _, row := range []struct {
		name string
		of   []*process
	}{{"stbfleet", fleets}, {"mosquitto", mosquittos}, {"aggregator", []*process{aggregator}}} {
		kb, cpu := int64(0), 0.0
		for _, p := range row.of {
			u := p.cmd.ProcessState.SysUsage().(*syscall.Rusage)
			kb += u.Maxrss
			cpu += p.cmd.ProcessState.UserTime().Seconds() + p.cmd.ProcessState.SystemTime().Seconds()
		}
		fmt.Fprintf(&out, "| %d x %s | %d | %.1f | %.0f |\n", len(row.of), row.name, kb/1024, float64(kb)/float64(count), cpu)
	}
	t.Logf("\n%s", out.String())
	if err := os.MkdirAll(filepath.Dir(countryFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(countryFile, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// partsSaid is what all parts of a fleet said at their end, put together: of
// times the worst.
type partsSaid struct {
	events, batches, losses, connected int
	seconds                            float64
	p50, p99, worst                    time.Duration
}

var (
	saidAfter     = regexp.MustCompile(`p50 (\S+), p99 (\S+), at most (\S+)`)
	saidLength    = regexp.MustCompile(`events in (\S+)`)
	saidConnected = regexp.MustCompile(`boxes (\d+)/\d+`)
)

func (s *partsSaid) add(t *testing.T, p *process) {
	t.Helper()
	all := p.tail(math.MaxInt)
	events, batches := saidEvents.FindStringSubmatch(all), saidBatches.FindStringSubmatch(all)
	after, length := saidAfter.FindStringSubmatch(all), saidLength.FindStringSubmatch(all)
	if events == nil || batches == nil || after == nil || length == nil {
		t.Fatalf("the summary is not understood:\n%s", tail(all, 10))
	}
	if events[3] != events[2] || events[4] != "0" || events[5] != "0" {
		t.Fatalf("not all is acknowledged:\n%s", tail(all, 10))
	}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	duration := func(s string) time.Duration {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	s.events += number(events[2])
	s.batches += number(batches[1])
	s.losses += number(batches[2])
	best := 0
	for _, m := range saidConnected.FindAllStringSubmatch(all, -1) {
		best = max(best, number(m[1]))
	}
	s.connected += best
	s.seconds = max(s.seconds, duration(length[1]).Seconds())
	s.p50, s.p99, s.worst = max(s.p50, duration(after[1])), max(s.p99, duration(after[2])), max(s.worst, duration(after[3]))
}

// get asks the centre as an administrator.
func (c *centre) get(t *testing.T, path string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.http+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token(t))
	return body(t, r)
}

// quantile is the bound of the histogram's bucket in which the quantile lies.
func quantile(t *testing.T, metrics, name string, q float64) string {
	t.Helper()
	var bounds []string
	var counts []float64
	for _, m := range regexp.MustCompile(name+`_bucket\{le="([^"]+)"\} (\S+)`).FindAllStringSubmatch(metrics, -1) {
		v, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		bounds, counts = append(bounds, m[1]), append(counts, v)
	}
	for i := range counts {
		if counts[i] >= q*counts[len(counts)-1] {
			return bounds[i]
		}
	}
	t.Fatalf("no histogram %s in the metrics", name)
	return ""
}
