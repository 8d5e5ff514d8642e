package report

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a real pseudo terminal and a small model of a screen behind it.
type terminal struct {
	tty *os.File // for the program

	mu     sync.Mutex
	raw    strings.Builder
	screen [][]rune
	row    int
	col    int
	most   int // columns that a line ever took
	cursor bool
}

func newTerminal(t *testing.T, width, height uint16) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: width, Row: height}); err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{tty: tty, cursor: true}
	done := make(chan struct{})
	go func() {
		defer close(done)
		rest := ""
		for buf := make([]byte, 4096); ; {
			n, err := master.Read(buf)
			if err != nil {
				return
			}
			rest = term.write(rest + string(buf[:n]))
		}
	}()
	t.Cleanup(func() {
		tty.Close()
		<-done // reading ends when the last writer is gone
		master.Close()
	})
	return term
}

var escape = regexp.MustCompile(`^\x1b\[(\??)([0-9;]*)([A-Za-z])`)

// write obeys what a program sent and returns what is not yet whole.
func (s *terminal) write(in string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw.WriteString(in)
	for in != "" {
		if in[0] == 0x1b {
			m := escape.FindStringSubmatch(in)
			if m == nil {
				return in
			}
			s.obey(m[1]+m[3], m[2])
			in = in[len(m[0]):]
			continue
		}
		r := []rune(in)[0]
		if r == 0xfffd && len(in) < 3 {
			return in // cut in the middle of a rune
		}
		switch r {
		case '\r':
			s.col = 0
		case '\n':
			s.row++
		default:
			s.put(r)
		}
		in = in[len(string(r)):]
	}
	return ""
}

func (s *terminal) put(r rune) {
	for len(s.screen) <= s.row {
		s.screen = append(s.screen, nil)
	}
	s.screen[s.row] = append(s.screen[s.row], r)
	s.col += columns(r)
	s.most = max(s.most, s.col)
}

func (s *terminal) obey(command, arg string) {
	switch command {
	case "A":
		n := 1
		fmt.Sscan(arg, &n)
		s.row = max(s.row-n, 0)
	case "J":
		s.screen = s.screen[:min(s.row, len(s.screen))]
	case "?l":
		s.cursor = false
	case "?h":
		s.cursor = true
	case "m":
	default:
		panic("the model of a terminal does not know " + command)
	}
}

func (s *terminal) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, l := range s.screen {
		out = append(out, string(l))
	}
	return out
}

// await waits until the screen holds every text.
func (s *terminal) await(t *testing.T, texts ...string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		all := strings.Join(s.lines(), "\n")
		missing := ""
		for _, want := range texts {
			if !strings.Contains(all, want) {
				missing = want
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("screen does not show %q:\n%s", missing, all)
		}
	}
}

func TestLiveRedrawsInPlace(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	screen := newTerminal(t, 100, 30)
	l := NewLive(screen.tty, "晚高峰 evening")
	for i := range 50 {
		s := evening1805
		s.AtMs = int64(i+1) * 1000
		s.Recorded, s.Acked, s.Trouble = uint64(i)*110, uint64(i)*100, "box 7: \x1b[2Jno route"
		l.Show(s)
	}
	l.Fault(Fault{"cut", 40_000, 70_000, ""})
	l.Fault(Fault{"cut", 40_000, 70_000, "9927 connections cut"})
	screen.await(t, "晚高峰 evening  playing", "195/200 connected, 5 waiting", "recorded 5,390 (110/s)", "acked 4,900 (100/s)",
		"p99 120 ms", " cut ", "9927 connections cut", "\ufffd[2Jno route", "█", "max 100", "fleet 90 MiB")
	l.Close()
	l.Close()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		screen.mu.Lock()
		cursor := screen.cursor
		screen.mu.Unlock()
		if cursor {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the cursor is still hidden")
		}
	}
	if n := len(screen.lines()); n > 12 {
		t.Errorf("%d lines on the screen: not redrawn in place\n%s", n, strings.Join(screen.lines(), "\n"))
	}
	if n := strings.Count(screen.raw.String(), "\x1b[J"); n > 20 {
		t.Errorf("drawn %d times for 50 samples at once", n)
	}
	if !strings.Contains(screen.raw.String(), "\x1b[1;7;31m cut ") {
		t.Error("the fault in force is not highlighted")
	}
	if os.Getenv("REPORT_PAGES") != "" {
		t.Logf("\n%s", strings.Join(screen.lines(), "\n"))
	}
}

func TestLiveKeepsToTheWindow(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "1")
	f := func(width, height uint16) {
		t.Helper()
		screen := newTerminal(t, width, height)
		l := NewLive(screen.tty, strings.Repeat("晚高峰", 40))
		for i := range 3 {
			s := evening1805
			s.AtMs = int64(i+1) * 1000
			s.InForce, s.Trouble = []string{strings.Repeat("断网", 100)}, strings.Repeat("x", 500)
			l.Show(s)
		}
		l.Close()
		screen.await(t, "晚")
		screen.mu.Lock()
		defer screen.mu.Unlock()
		if screen.most >= int(width) || len(screen.screen) >= int(height) {
			t.Errorf("%dx%d: %d columns, %d lines used", width, height, screen.most, len(screen.screen))
		}
		if regexp.MustCompile(`\x1b\[[0-9;]*m`).MatchString(screen.raw.String()) {
			t.Error("colours in spite of NO_COLOR")
		}
	}
	f(80, 24)
	f(20, 5)
	f(10, 3)
}

func TestDumbTerminalGetsLines(t *testing.T) {
	t.Setenv("TERM", "dumb")
	screen := newTerminal(t, 200, 24)
	l := NewLive(screen.tty, "evening")
	l.Show(evening1805)
	screen.await(t, "  pending 34  ack p99 120 ms  faults: cut")
	l.Close()
}
