package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"iptvdc/agent/daemon"
)

func status(args []string, out, errw io.Writer) error {
	fs := flags("status", errw)
	dir := fs.String("data", os.Getenv("STBAGENT_DATA"), "the agent's `folder`")
	asJSON := fs.Bool("json", false, "print JSON")
	if err := parseFlags(fs, args); err != nil {
		return err
	}
	if *dir == "" {
		return &usageError{errors.New("data: no folder given; write --data DIR")}
	}
	s, err := daemon.Ask(context.Background(), *dir)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("no agent has run on %s yet; stbagent doctor --data %[1]s tells more", *dir)
	}
	if err != nil {
		return err
	}
	if *asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(s)
	}
	return showStatus(out, &s)
}

// showStatus is for people: a line a thing, what matters first.
func showStatus(w io.Writer, s *daemon.Status) (err error) {
	line := func(name, format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(w, "%-9s"+format+"\n", append([]any{name}, args...)...)
		}
	}
	ms := func(n uint64) time.Duration { return (time.Duration(n) * time.Millisecond).Round(time.Second) }
	if s.Running {
		line("agent", "running, version %s", s.Version)
		line("box", "%s, province %d, boot %d, up for %v", s.Box, s.Province, s.Boot, ms(s.UpMs))
	} else {
		line("agent", "not running; this is what its folder tells")
		line("box", "%s, boot %d", s.Box, s.Boot)
	}
	line("held", "%d events in %d batches, %d not sealed yet; %d bytes on disk, epoch %s", s.Outbox.Events, s.Outbox.Batches, s.Outbox.Open, s.Bytes, s.Epoch)
	if r := s.Recorder; r != nil {
		line("recorded", "%d events, %d of them on flash, %d waiting in memory; dropped %d, evicted %d", r.Accepted, r.Stored, r.Pending, r.Dropped, s.Outbox.Evicted)
		if r.Failing {
			line("TROUBLE", "the flash takes nothing; %d attempts have failed. stbagent doctor tells why", r.Failures)
		}
	}
	if s.Outbox.Lost > 0 {
		line("lost", "%d events of earlier epochs, to be reported", s.Outbox.Lost)
	}
	if u := s.Uplink; u != nil {
		line("link", "%s; %d connections, %d lost, %d attempts failed", s.Link, u.Connects, u.Losses, u.Failures)
		line("sent", "%d batches, %d of them again, %d bytes", u.Sent, u.Resent, u.SentBytes)
		if u.LastAckMs > 0 {
			line("acks", "%d, the last %v ago", u.Acks, ms(s.UpMs-min(s.UpMs, u.LastAckMs)))
		} else {
			line("acks", "none yet")
		}
	}
	if c := s.Certificate; c != nil {
		switch {
		case c.State == "refused":
			line("TROUBLE", "the centre gives this box no certificate, or does not take it: %s", c.Why)
		case c.UntilMs > 0:
			line("identity", "certificate until %s", time.UnixMilli(c.UntilMs).UTC().Format(time.DateOnly))
		default:
			line("identity", "claiming a certificate; asked %d times. %s", c.Claims, c.Why)
		}
	}
	if s.Running {
		line("profile", "%s", profileLine(&s.Profile))
		if s.Update != nil {
			line("update", "%s", updateLine(s.Update))
		}
	}
	if s.Running && s.Listen != "" {
		line("pages", "http://%s", s.Listen)
	}
	if s.Socket != "" {
		line("programs", "%s, %d connected", s.Socket, s.Lines.Open)
	}
	for _, odd := range s.Odd {
		line("setting", "%s", odd)
	}
	return err
}
