package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"iptvdc/testbench/oldkernel"
)

// bin is where the programs are built; TestMain makes and removes it.
var bin string

// build builds the programs once.
var build = sync.OnceValue(func() error {
	cmd := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "iptvdc/aggregator/cmd/aggregator", "iptvdc/testbench/cmd/stbfleet")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	return nil
})

func TestMain(m *testing.M) {
	oldkernel.Main() // some tests start this program as that
	dir, err := os.MkdirTemp("", "e2e-bin-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	bin = dir
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

func program(t *testing.T, name string) string {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(bin, name)
}

// freeAddr is a loopback address that nobody listens on now.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// centre is a real aggregator on ports and data of its own, which it keeps when
// it is killed and started again.
type centre struct {
	t          *testing.T
	data       string
	mqtt, http string
	cmd        *exec.Cmd
	log        bytes.Buffer
	kills      int
}

func startCentre(t *testing.T) *centre {
	t.Helper()
	c := &centre{t: t, data: t.TempDir(), mqtt: freeAddr(t), http: freeAddr(t)}
	t.Cleanup(func() {
		c.end()
		if t.Failed() {
			t.Logf("aggregator:\n%s", tail(c.log.String(), 60))
		}
	})
	c.start()
	return c
}

func (c *centre) start() {
	c.t.Helper()
	c.cmd = exec.Command(program(c.t, "aggregator"), "serve", "--data", c.data, "--mqtt-listen", c.mqtt, "--http-listen", c.http)
	c.cmd.Stdout, c.cmd.Stderr = &c.log, &c.log
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.await("readyz", 60*time.Second)
}

// await waits until the centre answers a path with 200.
func (c *centre) await(path string, within time.Duration) {
	c.t.Helper()
	ctx, stop := context.WithTimeout(c.t.Context(), within)
	defer stop()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	last := error(nil)
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.http+"/"+path, nil)
		if err != nil {
			c.t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
			err = errors.New(answer.Status)
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			c.t.Fatalf("/%s is not answered within %v: %v\n%s", path, within, last, tail(c.log.String(), 30))
		}
	}
}

// kill ends the centre with SIGKILL, as a power cut would.
func (c *centre) kill() {
	c.t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		c.t.Fatalf("kill: %v: it was dead already", err)
	}
	err := c.cmd.Wait()
	c.cmd = nil
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		c.t.Fatalf("the aggregator ended by itself: %v\n%s", err, tail(c.log.String(), 30))
	}
	c.kills++
}

// end stops the centre in order, or kills it if it does not.
func (c *centre) end() {
	if c.cmd == nil {
		return
	}
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // dead already: Wait tells
	timer := time.AfterFunc(20*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer timer.Stop()
	if err := c.cmd.Wait(); err != nil {
		c.t.Errorf("aggregator: %v after SIGTERM", err)
	}
	c.cmd = nil
}

// token asks the centre's own command for an administrator's API token.
func (c *centre) token() string {
	c.t.Helper()
	out, err := exec.Command(program(c.t, "aggregator"), "token", "--data", c.data).Output()
	if err != nil {
		c.t.Fatalf("aggregator token: %v", err)
	}
	lines := strings.Fields(string(out))
	if len(lines) == 0 {
		c.t.Fatal("aggregator token printed nothing")
	}
	return lines[len(lines)-1]
}

// tail returns the last lines of a text.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
