package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"iptvdc/agent/update"
)

// guardPipe is the number of the pipe in a guard: the first file behind the three that
// every process has.
const guardPipe = 3

// watched starts a guard for a program that is about to take the place of this process,
// and sets in the environment where that tells that it lives. Undo takes both back: the
// program could not be executed. Without a guard the program starts all the same.
func watched(dir, slot string, silent time.Duration, errw io.Writer) (undo func(), err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	self, err := os.Executable()
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	cmd := exec.Command(self, "guard", dir, slot, strconv.Itoa(os.Getpid()), silent.String())
	cmd.Stderr, cmd.ExtraFiles, cmd.Env = errw, []*os.File{read}, append(os.Environ(), "GOMAXPROCS=1")
	if file, ok := errw.(*os.File); !ok || file == nil {
		cmd.Stderr = os.Stderr // a copying goroutine would not outlive exec
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	kept, err := syscall.Dup(int(write.Fd())) // one that exec leaves open
	if err = errors.Join(err, write.Close()); err == nil {
		err = os.Setenv(update.EnvAlive, strconv.Itoa(kept))
	}
	undo = func() {
		_ = syscall.Close(kept) // and the guard ends
		_ = os.Unsetenv(update.EnvAlive)
		_ = cmd.Wait() // it says nothing that matters here
	}
	if err != nil {
		undo()
		return nil, err
	}
	return undo, nil
}

// guard watches its parent, an update of the agent; launch starts it. It asks for as little
// memory as a process of Go can.
func guard(args []string, errw io.Writer) error {
	debug.SetGCPercent(10)
	wrong := &usageError{errors.New("stbagent launch starts this; it is not for people")}
	if len(args) != 4 {
		return wrong
	}
	parent, err1 := strconv.Atoi(args[2])
	silent, err2 := time.ParseDuration(args[3])
	if errors.Join(err1, err2) != nil || parent < 2 || silent <= 0 {
		return wrong
	}
	// A stop is the agent's; the guard ends with it, or sees that it hangs.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	pipe, err := update.OpenPipe(guardPipe)
	if err != nil {
		return err
	}
	defer pipe.Close()
	g := update.Guard{Dir: args[0], Slot: args[1], Parent: parent, Silent: silent, Log: slog.New(slog.NewTextHandler(errw, nil))}
	if _, err := g.Watch(pipe); err != nil {
		return fmt.Errorf("nobody watches the agent: %w", err)
	}
	return nil
}
