package update

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// TellsMark is in every program that tells on the pipe of EnvAlive that it lives. A
// launcher looks for it before it starts one: who does not know of the pipe is not
// watched, who does and is silent hangs, also if it never comes as far as its first word.
const TellsMark = "stbagent-tells-alive:1;"

const (
	// DefaultSilent is how long a program on trial may tell nothing.
	DefaultSilent = 3 * time.Minute
	// goodSilent is how many times as long one may that was good.
	goodSilent = 5
	// tellsWithin is how often a program tells in the time that it may be silent.
	tellsWithin = 6
	// dumpTime is how long a program has to write down where it hangs, at most.
	dumpTime = 5 * time.Second
)

// Guard ends a program that hangs. It is a process of its own, a child of the program:
// what is ended is always its parent, never a number that was given to another meanwhile.
type Guard struct {
	Dir    string // the agent's folder
	Slot   string
	Parent int // process that must be the parent
	// Silent is how long a program on trial may tell nothing, its start included; one
	// that was good five times as long. Of the monotonic clock: a box that sleeps, or
	// whose time is set, is no silence.
	Silent time.Duration
	Log    *slog.Logger
}

// Watch reads what the program tells until it ends, or until it was ended for its
// silence, and reports which. It writes to flash only when it ends a program.
func (g *Guard) Watch(pipe *os.File) (ended bool, err error) {
	buf := make([]byte, 64)
	heard, waits := time.Now(), 1
	for {
		if err := pipe.SetReadDeadline(heard.Add(time.Duration(waits) * g.Silent)); err != nil {
			return false, err
		}
		n, err := pipe.Read(buf)
		switch {
		case n > 0:
			heard, waits = time.Now(), 1
		case errors.Is(err, io.EOF):
			return false, nil
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return false, err
		case waits < goodSilent && !g.trial():
			waits++
		default:
			return g.end(pipe, fmt.Sprintf("it hung: it told nothing for %v", time.Duration(waits)*g.Silent))
		}
	}
}

func (g *Guard) disk() *disk { return &disk{dir: filepath.Join(g.Dir, FolderName)} }

// trial reports whether the program has still to get well. A state that cannot be read
// says nothing against it.
func (g *Guard) trial() bool {
	s, err := g.disk().load()
	return err == nil && s.tries(g.Slot)
}

// end has the program write down where it hangs, and ends it. Why is kept before, unless
// it hangs with the state in its hands: then after.
func (g *Guard) end(pipe *os.File, why string) (bool, error) {
	note := func(s *State) bool { return s.ended(g.Slot, why) }
	early := g.disk().changeNow(note)
	g.Log.Error("the agent is ended", "why", why, "process", g.Parent)
	if err := g.signal(syscall.SIGQUIT); err != nil {
		return false, err
	}
	gone, err := drained(pipe, min(dumpTime, g.Silent))
	if err == nil && !gone {
		if err = g.signal(syscall.SIGKILL); err == nil {
			_, err = drained(pipe, 0)
		}
	}
	if early != nil {
		err = errors.Join(err, g.disk().change(note))
	}
	return true, err
}

// signal reaches the parent as long as it is that. Who has another has none left to end.
func (g *Guard) signal(s syscall.Signal) error {
	if os.Getppid() != g.Parent {
		return nil
	}
	return syscall.Kill(g.Parent, s)
}

// drained waits until nobody holds the other end any more; 0: as long as it takes.
func drained(pipe *os.File, within time.Duration) (bool, error) {
	var until time.Time
	if within > 0 {
		until = time.Now().Add(within)
	}
	if err := pipe.SetReadDeadline(until); err != nil {
		return false, err
	}
	_, err := io.Copy(io.Discard, pipe)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

// OpenPipe makes the pipe of that number one that is read and written with deadlines, and
// not passed on.
func OpenPipe(number int) (*os.File, error) {
	var about syscall.Stat_t
	if err := syscall.Fstat(number, &about); err != nil {
		return nil, fmt.Errorf("file %d: %w", number, err)
	}
	if about.Mode&syscall.S_IFMT != syscall.S_IFIFO {
		return nil, fmt.Errorf("file %d is no pipe", number)
	}
	syscall.CloseOnExec(number)
	if err := syscall.SetNonblock(number, true); err != nil {
		return nil, fmt.Errorf("file %d: %w", number, err)
	}
	return os.NewFile(uintptr(number), "alive"), nil
}

// finder looks for a text in what is written to it.
type finder struct {
	text  []byte
	tail  []byte // that the text may begin in
	found bool
}

func (f *finder) Write(b []byte) (int, error) {
	if f.found {
		return len(b), nil
	}
	edge := append(f.tail, b[:min(len(b), len(f.text)-1)]...)
	f.found = bytes.Contains(edge, f.text) || bytes.Contains(b, f.text)
	joined := b
	if len(b) < len(f.text)-1 {
		joined = edge
	}
	f.tail = append(f.tail[:0:0], joined[max(0, len(joined)-len(f.text)+1):]...)
	return len(b), nil
}
