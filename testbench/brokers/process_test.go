package brokers

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// bin is where our programs are built; TestMain makes and removes it.
var bin string

// build builds our programs once.
var build = sync.OnceValue(func() error {
	cmd := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "iptvdc/aggregator/cmd/aggregator", "iptvdc/testbench/cmd/stbfleet")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	return nil
})

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "brokers-bin-")
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

// process is a program with all its children, in a process group of its own.
type process struct {
	name string
	cmd  *exec.Cmd
	said string // the file that holds what it printed
	done chan struct{}
	err  error // of Wait, valid once done is closed
}

// launch starts a program; what it prints is added to the file said.
func launch(t *testing.T, said string, cmd *exec.Cmd) *process {
	t.Helper()
	f, err := os.OpenFile(said, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd.Stdout, cmd.Stderr = f, f
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{name: filepath.Base(cmd.Path), cmd: cmd, said: said, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p
}

// alive says so, or how the program ended.
func (p *process) alive() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s ended: %v\n%s", p.name, p.err, p.tail(30))
	default:
		return nil
	}
}

// kill ends the program and its children with SIGKILL, as a power cut would,
// and fails the test unless that is what ended it.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.alive(); err != nil {
		t.Fatalf("to be killed, but %v", err)
	}
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatalf("kill %s: %v", p.name, err)
	}
	<-p.done
	var exit *exec.ExitError
	if !errors.As(p.err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("%s ended by itself: %v\n%s", p.name, p.err, p.tail(30))
	}
}

// end stops the program in order, and kills it if it does not stop.
func (p *process) end() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // gone already: Wait tells
	select {
	case <-p.done:
		return p.err
	case <-time.After(20 * time.Second):
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // gone meanwhile: as good
	<-p.done
	return fmt.Errorf("%s did not stop and was killed", p.name)
}

// tail is the last lines of what the program printed.
func (p *process) tail(lines int) string {
	b, err := os.ReadFile(p.said)
	if err != nil {
		return err.Error()
	}
	return tail(string(b), lines)
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// eventually polls a condition for a minute.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	limit := time.After(time.Minute)
	for !holds() {
		select {
		case <-every.C:
		case <-limit:
			t.Fatalf("never happened: %s", what)
		}
	}
}
