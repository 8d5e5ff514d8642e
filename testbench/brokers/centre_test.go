package brokers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"iptvdc/testbench/fleet"
	"iptvdc/testbench/verify"
)

// The fleet of every proof: small, and the same boxes each time.
const (
	lights, agents = 200, 2
	boxes          = lights + agents
	hours          = 2
)

// speed is how many times faster than the clock the evening passes; a quick
// test without brokers from outside has less time for its fault.
func speed() int {
	if os.Getenv("BROKERS") == "" {
		return 1200
	}
	return 900
}

// evening is 18:00 of the day before in Asia/Shanghai, so that what is played
// is over.
func evening() time.Time {
	now := time.Now().In(time.FixedZone("CST", 8*3600))
	return time.Date(now.Year(), now.Month(), now.Day()-1, 18, 0, 0, 0, now.Location())
}

// seed is the first one with which every real agent is switched on early enough
// to live through the fault: what a household does depends on the day too.
var seed = sync.OnceValues(func() (uint64, error) {
	for seed := uint64(1); seed < 10_000; seed++ {
		town, err := fleet.NewTown(fleet.TownConfig{Boxes: agents, Seed: seed, StartMs: evening().UnixMilli()})
		if err != nil {
			return 0, err
		}
		on := map[int]bool{}
		for m := new(fleet.Moment); town.Next(faultAt().UnixMilli(), m); {
			on[m.Box] = true
		}
		if len(on) == agents {
			return seed, nil
		}
	}
	return 0, errors.New("no seed switches the real agents on")
})

// faultAt is the simulated time of a fault.
func faultAt() time.Time { return evening().Add(hours * time.Hour * 2 / 5) }

// homes is the boxes of the fleet, for those who must know them beforehand.
func homes(t *testing.T) []fleet.Home {
	t.Helper()
	seed, err := seed()
	if err != nil {
		t.Fatal(err)
	}
	town, err := fleet.NewTown(fleet.TownConfig{Boxes: boxes, Seed: seed, StartMs: evening().UnixMilli()})
	if err != nil {
		t.Fatal(err)
	}
	var all []fleet.Home
	for i := range town.Len() {
		all = append(all, town.Home(i))
	}
	return all
}

// centre is a real aggregator on ports and data of its own, which it keeps when
// it is killed and started again.
type centre struct {
	data     string
	said     string
	http     string
	embedded string // where its own broker listens, "" if it uses another
	args     []string
	proc     *process
	kills    int
}

// startCentre starts an aggregator on a data folder, with the brokers at the
// given addresses or, without any, its own.
func startCentre(t *testing.T, data string, brokers ...string) *centre {
	t.Helper()
	c := &centre{data: data, said: filepath.Join(t.TempDir(), "said.log"), http: freeAddr(t)}
	if len(brokers) > 0 {
		c.args = []string{"--broker", "tcp://" + strings.Join(brokers, ",tcp://")}
	} else {
		c.embedded = freeAddr(t)
		c.args = []string{"--mqtt-listen", c.embedded}
	}
	t.Cleanup(func() {
		if c.proc == nil {
			return
		}
		if err := c.proc.end(); err != nil {
			t.Errorf("aggregator: %v after SIGTERM", err)
		}
		if t.Failed() {
			t.Logf("aggregator:\n%s", c.proc.tail(40))
		}
	})
	c.start(t)
	return c
}

func (c *centre) start(t *testing.T) {
	t.Helper()
	cmd := exec.Command(program(t, "aggregator"), append([]string{"serve", "--data", c.data, "--http-listen", c.http}, c.args...)...)
	cmd.Env = append(os.Environ(), "IPTV_MQTT_USER="+centreUser, "IPTV_MQTT_PASSWORD="+centrePassword, "IPTV_MQTT_TOKEN="+boxToken)
	c.proc = launch(t, c.said, cmd)
	eventually(t, "the aggregator is ready", func() bool {
		if err := c.proc.alive(); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), answers)
		defer stop()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.http+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

func (c *centre) kill(t *testing.T) {
	t.Helper()
	c.proc.kill(t)
	c.proc = nil
	c.kills++
}

// token asks the centre's own command for an administrator's API token.
func (c *centre) token(t *testing.T) string {
	t.Helper()
	words := strings.Fields(output(t, program(t, "aggregator"), "token", "--data", c.data))
	if len(words) == 0 {
		t.Fatal("aggregator token printed nothing")
	}
	return words[len(words)-1]
}

// verify fails the test unless every event of the truths is there once and every
// figure is equal, and tells how much was compared.
func (c *centre) verify(t *testing.T, truths ...string) string {
	t.Helper()
	cmd := exec.Command(program(t, "stbfleet"), "verify", "--json", "--truth", strings.Join(truths, ","), "--aggregator", "http://"+c.http, "--token", c.token(t), "--quiet")
	var trouble bytes.Buffer
	cmd.Stderr = &trouble
	out, failed := cmd.Output()
	var r verify.Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("stbfleet verify: %v, %v\n%s", failed, err, trouble.String())
	}
	cells := 0
	for _, l := range r.Lines {
		cells += l.Cells
	}
	if failed != nil || !r.Equal || r.Lost != 0 || r.Doubled != 0 {
		t.Fatalf("stbfleet verify: %v: lost %d, doubled %d, faults %v\n%s", failed, r.Lost, r.Doubled, r.Faults, tail(string(out), 60))
	}
	if r.Events < 1000 || cells < 1000 {
		t.Fatalf("%d events and %d figures compared: nothing was shown", r.Events, cells)
	}
	return fmt.Sprintf("%d events, %d figures equal", r.Events, cells)
}

// played is what a fleet says at its end.
type played struct {
	truth                  string
	events, losses, epochs int
	batches                int
}

var (
	saidEvents  = regexp.MustCompile(`(\d+) boxes, (\d+) events in .*, (\d+) acknowledged, (\d+) not, (\d+) evicted`)
	saidBatches = regexp.MustCompile(`(\d+) batches sent .*; (\d+) connections lost, (\d+) new epochs`)
	saidAgents  = regexp.MustCompile(`real agents: \d+ events, (\d+) switched on`)
)

// play runs the fleet against a broker. fault, if there is one, happens at two
// fifths of the evening, when nearly all boxes are connected.
func play(t *testing.T, broker string, fault func()) played {
	t.Helper()
	p := played{truth: filepath.Join(t.TempDir(), "truth")}
	seed, err := seed()
	if err != nil {
		t.Fatal(err)
	}
	run := exec.Command(program(t, "stbfleet"), "run", "--broker", "tcp://"+broker, "--token", boxToken,
		"--boxes", strconv.Itoa(boxes), "--agents", strconv.Itoa(agents), "--duration", fmt.Sprint(hours, "h"), "--speed", strconv.Itoa(speed()),
		"--start", evening().Format(time.RFC3339), "--seed", strconv.FormatUint(seed, 10), "--truth", p.truth, "--batch-age", "1s", "--report-every", "100ms")
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
	var said []string
	happened := fault == nil
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said = append(said, lines.Text())
		now, connected, ok := progress(lines.Text())
		if ok && !happened && !now.Before(faultAt()) && connected >= boxes*95/100 {
			t.Logf("fault at %s", lines.Text())
			fault()
			happened = true
		}
	}
	err = run.Wait()
	ended = true
	summary := strings.Join(said, "\n")
	t.Logf("stbfleet:\n%s", tail(summary, 6))
	if err != nil {
		t.Fatalf("stbfleet run: %v\n%s", err, tail(trouble.String(), 10))
	}
	if !happened {
		t.Fatal("the fault did not happen: nothing was shown")
	}
	if told := saidAgents.FindStringSubmatch(summary); told == nil || told[1] != strconv.Itoa(agents) {
		t.Fatalf("not every real agent was switched on")
	}
	one, two := saidEvents.FindStringSubmatch(summary), saidBatches.FindStringSubmatch(summary)
	if one == nil || two == nil {
		t.Fatal("the summary is not understood")
	}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if one[3] != one[2] || one[4] != "0" || one[5] != "0" {
		t.Fatal("not all is acknowledged")
	}
	p.events, p.batches, p.losses, p.epochs = number(one[2]), number(two[1]), number(two[2]), number(two[3])
	if p.epochs != 0 {
		t.Errorf("%d boxes had to begin a new epoch; no fault here gives reason to", p.epochs)
	}
	return p
}

// lostAll fails the test unless nearly every box lost its connection.
func (p *played) lostAll(t *testing.T) {
	t.Helper()
	if p.losses < boxes*9/10 {
		t.Fatalf("%d of %d boxes lost their connection: the fault did not happen", p.losses, boxes)
	}
}

// progress reads the simulated time and how many boxes are connected from a
// line of progress.
func progress(line string) (at time.Time, connected int, ok bool) {
	f := strings.Fields(line)
	if len(f) < 5 || f[3] != "boxes" {
		return at, 0, false
	}
	at, err := time.ParseInLocation(time.DateTime, f[1]+" "+f[2], time.FixedZone("CST", 8*3600))
	if err != nil {
		return at, 0, false
	}
	_, err = fmt.Sscanf(f[4], "%d/", &connected)
	return at, connected, err == nil
}

// body is the answer to a request that must succeed.
func body(t *testing.T, r *http.Request) string {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v\n%s", r.URL, answer.Status, err, b)
	}
	return string(b)
}
