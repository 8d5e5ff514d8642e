package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"iptvdc/agent/daemon"
	"iptvdc/agent/update"
	"iptvdc/protocol"
)

// updateFlags are those about the agent's own updates.
type updateFlags struct {
	keys, hours string
	urls        list
	rate        int
	every, good time.Duration
	silent      time.Duration
}

func (f *updateFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&f.keys, "update-keys", "", "`file` with the public keys of those who sign updates, lines \"<id> <base64>\"; without it the agent does not update itself")
	fs.Var(&f.urls, "update-url", "base `URL` of the centre or a mirror where updates are, as http://10.1.2.3:8090; several are tried in turn")
	fs.StringVar(&f.hours, "update-hours", "02:00-05:00", "`span` of Asia/Shanghai in which it updates itself; all: at any time")
	fs.IntVar(&f.rate, "update-rate", update.DefaultRate, "`bytes` a second that an update may take of the link; 0: no bound")
	fs.DurationVar(&f.every, "update-every", update.DefaultEvery, "time between two looks for an update, +-50 %")
	fs.DurationVar(&f.silent, "update-silent", update.DefaultSilent, "how long an update that is tried may hang until it is ended, five times as long one that was good; 0: nobody looks")
	fs.DurationVar(&f.good, "update-good", update.DefaultGood, "how long an update may take until the centre has acknowledged something of it")
}

// take moves what was given into cfg, and what this program is.
func (f *updateFlags) take(cfg *daemon.Config, getenv func(string) string) (err error) {
	u := &cfg.Update
	u.URLs, u.Rate, u.Every, u.Good, u.Silent = f.urls, f.rate, f.every, f.good, f.silent
	if f.hours != "all" {
		span := protocol.Span{}
		var ok bool
		if span.From, span.To, ok = strings.Cut(f.hours, "-"); !ok || span.Check("hours") != nil {
			return fmt.Errorf("update-hours: %q; write HH:MM-HH:MM, as 02:00-05:00, or all", f.hours)
		}
		u.Hours = &span
	}
	u.Agent, u.Build = agentVersion(), build()
	if u.Build == "" {
		return errors.New("update-keys: this program does not know what it is built for, or is built for what has no updates")
	}
	if release != "" {
		if u.Release, err = strconv.ParseUint(release, 10, 53); err != nil {
			return fmt.Errorf("this program was linked with -X main.release=%q, which is no number", release)
		}
	}
	u.Place, err = update.PlaceOf(getenv)
	return err
}

// build is what this program is built for.
func build() string {
	goarm := ""
	if bi, ok := debug.ReadBuildInfo(); ok {
		for _, s := range bi.Settings {
			if s.Key == "GOARM" {
				goarm = s.Value
			}
		}
	}
	return protocol.BuildOf(runtime.GOARCH, goarm)
}

// readUpdateKeys reads the file; "" means no keys.
func readUpdateKeys(path string, cfg *daemon.Config) (err error) {
	if path != "" {
		cfg.Update.Keys, err = readKeys("update-keys", path)
	}
	return err
}

// launch starts the agent of an update, or runs this program as the agent. Whatever
// is wrong with updates, this program runs: it is the one that is always there.
func launch(args []string, errw io.Writer) error {
	var silent time.Duration
	choose := func() (l update.Launcher, c update.Choice, err error) {
		defer func() { // a fault of ours here must not cost the box its agent
			if r := recover(); r != nil {
				c, err = update.Choice{}, fmt.Errorf("%v", r)
			}
		}()
		cfg, err := parse(args, os.Getenv, io.Discard)
		if err != nil {
			return l, c, nil // run says what is wrong
		}
		silent = cfg.Update.Silent
		l = update.Launcher{Dir: cfg.Dir, Keys: cfg.Update.Keys, Image: cfg.Update.Program(), ImageText: versionText() + " " + release}
		c, err = l.Choose()
		return l, c, err
	}
	l, c, err := choose()
	for {
		if err != nil {
			fmt.Fprintf(errw, "stbagent launch: %v\n", err)
		}
		for _, line := range c.Env {
			name, value, _ := strings.Cut(line, "=")
			if err := os.Setenv(name, value); err != nil {
				fmt.Fprintf(errw, "stbagent launch: %v\n", err)
			}
		}
		if c.Program == "" {
			return runAgent(args, errw)
		}
		unwatched := func() {}
		if c.Tells && silent > 0 {
			if undo, err := watched(l.Dir, c.Slot, silent, errw); err != nil {
				fmt.Fprintf(errw, "stbagent launch: nobody watches the agent: %v\n", err)
			} else {
				unwatched = undo
			}
		}
		back := syscall.Exec(c.Program, append([]string{"stbagent", "run"}, args...), os.Environ())
		unwatched()
		fmt.Fprintf(errw, "stbagent launch: %s: %v\n", c.Program, back)
		c, err = l.Broken(c, fmt.Errorf("exec: %w", back))
	}
}

// updateLine says in a line how the agent's updates stand.
func updateLine(s *update.Stats) string {
	line := "the image's own program runs"
	if s.Slot != "" {
		line = fmt.Sprintf("version %d runs, slot %s", s.Version, s.Slot)
	}
	if s.Trial {
		line += ", on trial"
	}
	if s.Doubt > 0 {
		line += fmt.Sprintf("; version %d had no contact and may be tried again", s.Doubt)
	}
	if s.Seen > s.Version {
		line += fmt.Sprintf("; %d was taken last", s.Seen)
	}
	if s.Failed > 0 {
		line += fmt.Sprintf("; %d failed here", s.Failed)
	}
	if s.Last != "" {
		line += "; last look: " + s.Last
	}
	return line
}
