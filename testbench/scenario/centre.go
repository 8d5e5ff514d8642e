package scenario

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"iptvdc/testbench/fleet"
)

// centre is a real aggregator on ports and a folder of its own, which it keeps
// when it is killed and started again.
type centre struct {
	program string
	data    string
	mqtt    string // where boxes connect to its own broker
	broker  string // URL of the one beside it; "": its own
	http    string
	log     *os.File

	mu  sync.Mutex
	cmd *exec.Cmd
	// gone counts what a counter showed when its process ended.
	gone map[string]float64
}

// patience is how long a centre may take to start or to end.
const patience = time.Minute

// freeAddr is a loopback address on which nobody listens now.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// findProgram finds the aggregator: beside this program, else in the path.
func findProgram(name string) (string, error) {
	if name != "" {
		return exec.LookPath(name)
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "aggregator")
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	found, err := exec.LookPath("aggregator")
	if err != nil {
		return "", errors.New("aggregator: the program is neither beside this one nor in the path; name it with --aggregator-program FILE, or build it: make build")
	}
	return found, nil
}

func (c *centre) start(ctx context.Context) error {
	args := []string{"serve", "--data", c.data, "--mqtt-listen", c.mqtt, "--http-listen", c.http}
	if c.broker != "" {
		args = append(args, "--broker", c.broker)
	}
	cmd := exec.Command(c.program, args...)
	cmd.Stdout, cmd.Stderr = c.log, c.log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("aggregator: %w", err)
	}
	c.mu.Lock()
	c.cmd = cmd
	c.mu.Unlock()
	return c.ready(ctx)
}

// ready waits until the centre is.
func (c *centre) ready(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	var last error
	for {
		if _, err := c.get(ctx, "readyz"); err == nil {
			return nil
		} else if ctx.Err() == nil {
			last = err
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return fmt.Errorf("aggregator: not ready within %v: %w; its log: %s", patience, last, c.log.Name())
		}
	}
}

func (c *centre) get(ctx context.Context, path string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.http+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("/%s: %s", path, answer.Status)
	}
	return body, err
}

// counter is the sum of a metric over its labels that contain with, since the
// play began; processes that ended count with what they showed last.
func (c *centre) counter(ctx context.Context, name, with string) (float64, error) {
	sum, err := c.scrape(ctx, name, with)
	c.mu.Lock()
	defer c.mu.Unlock()
	return sum + c.gone[name+with], err
}

func (c *centre) scrape(ctx context.Context, name, with string) (float64, error) {
	text, err := c.get(ctx, "metrics")
	if err != nil {
		return 0, err
	}
	return sumOf(text, name, with)
}

// sumOf adds up the samples of a metric in the text format.
func sumOf(text []byte, name, with string) (float64, error) {
	sum, found := 0.0, false
	for line := range bytes.Lines(text) {
		rest, ok := strings.CutPrefix(string(line), name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' || !strings.Contains(rest, with) {
			continue
		}
		fields := strings.Fields(rest[strings.LastIndexByte(rest, '}')+1:])
		if len(fields) == 0 {
			continue
		}
		v, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			return 0, fmt.Errorf("metric %s: %w", name, err)
		}
		sum, found = sum+v, true
	}
	if !found {
		return 0, fmt.Errorf("metric %s is not there", name)
	}
	return sum, nil
}

// watched are the counters that faults are proved by.
var watched = [][2]string{
	{"iptv_intake_packets_total", `outcome="duplicate"`},
	{"iptv_intake_refused_total", ""},
	{"iptv_intake_commit_errors_total", ""},
}

// remember keeps what the counters show before the process ends. One that does
// not answer any more has nothing to add.
func (c *centre) remember(ctx context.Context) {
	for _, w := range watched {
		if v, err := c.scrape(ctx, w[0], w[1]); err == nil {
			c.mu.Lock()
			if c.gone == nil {
				c.gone = make(map[string]float64)
			}
			c.gone[w[0]+w[1]] += v
			c.mu.Unlock()
		}
	}
}

// kill ends the centre as a power cut would.
func (c *centre) kill(ctx context.Context) error {
	c.remember(ctx)
	if err := c.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill the aggregator: %w: it was dead already; its log: %s", err, c.log.Name())
	}
	err := c.cmd.Wait()
	c.forget()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		return fmt.Errorf("the aggregator ended by itself: %w; its log: %s", err, c.log.Name())
	}
	return nil
}

func (c *centre) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cmd = nil
}

// end stops the centre in order, or kills it if it does not.
func (c *centre) end() error {
	if c.cmd == nil {
		return nil
	}
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	timer := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() })
	defer timer.Stop()
	err := c.cmd.Wait()
	c.forget()
	if err != nil {
		return fmt.Errorf("aggregator after SIGTERM: %w; its log: %s", err, c.log.Name())
	}
	return nil
}

// token asks the centre's own command for an administrator's API token.
func (c *centre) token(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, c.program, "token", "--data", c.data).Output()
	if err != nil {
		return "", fmt.Errorf("aggregator token: %w", err)
	}
	lines := strings.Fields(string(out))
	if len(lines) == 0 {
		return "", errors.New("aggregator token printed nothing")
	}
	return lines[len(lines)-1], nil
}

// memory is the centre's resident memory in bytes; 0: not known now.
func (c *centre) memory() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil || c.cmd.Process == nil {
		return 0
	}
	return fleet.Resident(c.cmd.Process.Pid)
}
