// Command stbagent is the program on the set-top box.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"iptvdc/agent/daemon"
	"iptvdc/agent/outbox"
	"iptvdc/agent/update"
)

const usage = `stbagent records what happens on a set-top box and brings it to the centre.

  stbagent run --data DIR --broker URL --province CODE --city CODE --listen ADDR
        record and send until stopped; see stbagent run -h
  stbagent launch [as run]
        as run, but of an update if there is one: what init starts; see DESIGN.md of agent/update
  stbagent status --data DIR [--json]
        how the agent on DIR stands, running or not
  stbagent tail --data DIR [-n 10] [--once] [--json]
        its events as they are recorded
  stbagent doctor --data DIR [--json]
        what is wrong on this box, and the cure; see stbagent doctor -h
  stbagent selftest --data DIR [--broker URL]
        the factory's test: PASS or FAIL, under 5 s
  stbagent version
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run returns the exit status: 0 done, 1 failed, 2 wrongly called.
func run(args []string, out, errw io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(errw, usage)
		return 2
	}
	var err error
	switch args[0] {
	case "run":
		err = runAgent(args[1:], errw)
	case "launch":
		err = launch(args[1:], errw)
	case "guard":
		err = guard(args[1:], errw)
	case "status":
		err = status(args[1:], out, errw)
	case "tail":
		err = follow(args[1:], out, errw)
	case "doctor":
		err = examine(args[1:], out, errw)
	case "selftest":
		err = testLine(args[1:], out, errw)
	case "version", "-version", "--version":
		fmt.Fprintln(out, "stbagent", versionText())
		if len(args) > 1 && args[1] == "--formats" {
			fmt.Fprintln(out, outbox.Mark)
			fmt.Fprintln(out, update.TellsMark)
		}
	case "help", "-h", "-help", "--help":
		fmt.Fprint(out, usage)
	default:
		fmt.Fprintf(errw, "stbagent: %q is no command; allowed: run, launch, status, tail, doctor, selftest, version\n", args[0])
		return 2
	}
	var wrong *usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errIll):
		return 1
	case errors.As(err, &wrong):
		fmt.Fprintf(errw, "stbagent %s: %v\nstbagent %s -h lists the flags\n", args[0], err, args[0])
		return 2
	}
	fmt.Fprintf(errw, "stbagent: %v\n", err)
	return 1
}

// usageError is a wrong call, told together with where help is.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// version and release are set when the program is linked, by -X: the version that
// people read, and the number that it has as an update [P-10.2].
var version, release string

const unknownVersion = "unknown"

// agentVersion is the version as one word.
func agentVersion() string {
	if version != "" {
		return version
	}
	if bi, ok := debug.ReadBuildInfo(); ok && bi.Main.Version != "" {
		return bi.Main.Version
	}
	return unknownVersion
}

func versionText() string {
	v := agentVersion()
	if bi, ok := debug.ReadBuildInfo(); ok {
		for _, s := range bi.Settings {
			if s.Key == "vcs.revision" {
				v += " " + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return fmt.Sprintf("%s %s/%s %s", v, runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// tune sets what a small box needs, unless the environment says otherwise:
// one processor and a lean heap cost nothing at a box's rates; the memory
// limit is a safety stop only.
func tune() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(25)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(24 << 20)
	}
}

func runAgent(args []string, errw io.Writer) error {
	cfg, err := parse(args, os.Getenv, errw)
	if err != nil {
		return err
	}
	tune()
	// Before anything that takes time: a stop during the start is a stop.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	d, err := daemon.New(cfg)
	if err != nil {
		return err
	}
	s := d.Status()
	cfg.Log.Info("recording", "box", s.Box, "data", cfg.Dir, "listen", s.Listen, "version", cfg.Version)
	context.AfterFunc(ctx, stop) // a second signal kills
	go rest(ctx, d)
	return d.Run(ctx)
}
