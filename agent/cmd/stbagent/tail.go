package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"iptvdc/agent/daemon"
	"iptvdc/agent/tail"
)

const tailHelp = `stbagent tail shows the events of the running agent as they are recorded, one a line.

  stbagent tail --data /data/stbagent
  stbagent tail --data /data/stbagent -n 200 --once
  stbagent tail --data /data/stbagent --json | grep '"order"'

What comes faster than it is read is left out, and how much is said: the agent
never waits. Flags:
`

func follow(args []string, out, errw io.Writer) error {
	fs := flags("tail", errw)
	dir := fs.String("data", os.Getenv("STBAGENT_DATA"), "the agent's `folder`")
	n := fs.Int("n", 10, "`number` of earlier events to begin with, up to 200")
	once := fs.Bool("once", false, "show these and end")
	asJSON := fs.Bool("json", false, `print JSON lines: {"no":1,"wall_ms":...,"event":{...}}, {"lost":n}`)
	fs.Usage = func() {
		_, _ = fmt.Fprint(fs.Output(), tailHelp)
		fs.PrintDefaults()
	}
	if err := parseFlags(fs, args); err != nil {
		return err
	}
	if *dir == "" {
		return &usageError{errors.New("data: no folder given; write --data DIR, as stbagent tail --data /data/stbagent")}
	}
	if *n < 0 {
		return &usageError{fmt.Errorf("n: %d; allowed: 0 and above", *n)}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := daemon.Tail(ctx, *dir, *n, !*once, func(raw []byte, l tail.Line) error {
		if *asJSON {
			_, err := fmt.Fprintf(out, "%s\n", raw)
			return err
		}
		_, err := fmt.Fprintln(out, tail.Text(l, time.Local))
		return err
	})
	switch {
	case errors.Is(err, syscall.EPIPE): // head, grep -m: they have seen enough
		return nil
	case err == nil && !*once && ctx.Err() == nil:
		return errors.New("the agent has ended")
	}
	return err
}
