package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"iptvdc/agent/selftest"
	"iptvdc/agent/session"
	"iptvdc/agent/uplink"
	"iptvdc/protocol"
)

const selftestHelp = `stbagent selftest is for the factory line: in a temporary folder inside --data it
does once what the agent does all day. It prints PASS or FAIL for each test, then
a line RESULT with a JSON object, and exits with 1 if one has failed. It takes
under 5 s, leaves nothing behind, and a running agent is not disturbed.

  stbagent selftest --data /data
  stbagent selftest --data /data --broker tcp://10.1.2.3:1883 --box 0123456789abcdef --province 33
  stbagent selftest --data /data --json

With --broker it connects and subscribes once and sends no data; it takes the
flags and variables of stbagent run for that. With --claim it does so by the
credential, and claims nothing. Flags:
`

func testLine(args []string, out, errw io.Writer) error {
	fs := flags("selftest", errw)
	asJSON := fs.Bool("json", false, "print the JSON object only")
	least := fs.Float64("min-commits", 10, "`commits` a second that are enough")
	fs.Usage = func() {
		_, _ = fmt.Fprint(fs.Output(), selftestHelp)
		fs.PrintDefaults()
	}
	cfg, files, err := read(fs, args, os.Getenv)
	if err != nil {
		return err
	}
	if cfg.Dir == "" {
		return &usageError{errors.New("data: no folder given; write --data DIR, a folder on the data partition")}
	}
	if *least <= 0 {
		return &usageError{fmt.Errorf("min-commits: %v; it must be above 0", *least)}
	}
	var claim protocol.Credential
	broker := uplink.Config{Brokers: cfg.Brokers, Box: cfg.Box, Province: cfg.Province, Token: cfg.Token, NotBefore: cfg.NotBefore}
	if len(cfg.Brokers) > 0 {
		if broker.Box == "" || broker.Province == 0 {
			return &usageError{errors.New("broker: the broker wants to know who calls; write --box ID --province CODE, too")}
		}
		if cfg.Claim != "" {
			if claim, err = protocol.ParseCredential(cfg.Claim); err != nil {
				return &usageError{err}
			}
		}
		if broker.TLS, err = trust(files.ca, files.cert, files.key); err != nil {
			return err
		}
	}
	if fi, err := os.Stat(cfg.Dir); err != nil || !fi.IsDir() {
		return fmt.Errorf("data: %s is no folder; make it first: mkdir -p %[1]s", cfg.Dir)
	}
	sum := selftest.Run(context.Background(), selftest.Config{Dir: cfg.Dir, Clock: session.SystemClock{}, MinCommits: *least, Broker: broker, Claim: claim},
		func(o selftest.Outcome) {
			if !*asJSON {
				_, _ = fmt.Fprintf(out, "%s  %-7s %7.1f ms  %s\n", map[bool]string{true: "PASS", false: "FAIL"}[o.Pass], o.Test, o.Ms, o.Says)
			}
		})
	text, err := json.Marshal(struct {
		selftest.Summary
		Version string `json:"version"`
	}{sum, versionText()})
	if err != nil {
		return err
	}
	if !*asJSON {
		_, _ = fmt.Fprint(out, "RESULT ")
	}
	_, _ = fmt.Fprintf(out, "%s\n", text)
	if !sum.Pass {
		return errIll
	}
	return nil
}
