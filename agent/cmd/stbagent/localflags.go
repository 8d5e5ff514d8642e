package main

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"iptvdc/agent/daemon"
)

// localFlags are those about the box's own programs: socket, metrics, health.
type localFlags struct {
	socket     string
	uids, gids list
	health     time.Duration
}

func (f *localFlags) define(fs *flag.FlagSet, cfg *daemon.Config) {
	fs.StringVar(&f.socket, "socket", "", "`path` of the socket on which programs report, a line an event; none: no socket (default: events.sock in -data)")
	fs.Var(&f.uids, "socket-uid", "`user` ids that may report on the socket, beside root and the agent's own")
	fs.Var(&f.gids, "socket-gid", "`group` ids that may; the socket gets the first of them")
	fs.BoolVar(&cfg.Metrics, "metrics", false, "serve GET /metrics on -listen, to programs of the box")
	fs.DurationVar(&f.health, "health-every", 0, "record how the box does this often, 10s to 24h; 0: never, unless a profile says so")
}

// take moves what was given into cfg.
func (f *localFlags) take(cfg *daemon.Config) (err error) {
	switch {
	case f.socket == "none":
		cfg.Lines.Off = true
	case f.socket != "" && !strings.HasPrefix(f.socket, "/"):
		return fmt.Errorf("socket: %q; write a path from the root, as /run/stbagent/events.sock, or none", f.socket)
	default:
		cfg.Lines.Socket = f.socket
	}
	if cfg.Lines.Peers.UIDs, err = ids("socket-uid", f.uids); err != nil {
		return err
	}
	if cfg.Lines.Peers.GIDs, err = ids("socket-gid", f.gids); err != nil {
		return err
	}
	if cfg.Metrics && cfg.Listen == "" {
		return fmt.Errorf("metrics: there is no -listen to serve them on")
	}
	if d := f.health; d != 0 {
		if d < 10*time.Second || d > 24*time.Hour {
			return fmt.Errorf("health-every: %v; allowed: 10s to 24h, or 0 for never", d)
		}
		cfg.HealthEvery = func() time.Duration { return d }
	}
	return nil
}

func ids(name string, words list) (numbers []uint32, err error) {
	for _, w := range words {
		n, err := strconv.ParseUint(w, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is no number; the command id shows a user's numbers", name, w)
		}
		numbers = append(numbers, uint32(n))
	}
	return numbers, nil
}
