package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestWrongUse(t *testing.T) {
	f := func(status int, says string, args ...string) {
		t.Helper()
		var out, errw bytes.Buffer
		if got := run(args, &out, &errw); got != status || !strings.Contains(errw.String()+out.String(), says) {
			t.Errorf("stbagent %v = %d %s%s, want %d and %q", args, got, out.String(), errw.String(), status, says)
		}
	}
	f(2, "stbagent run --data DIR")
	f(2, "allowed: run, launch, status, tail, doctor, selftest, version", "start")
	f(0, "go1.", "version")
	f(0, "--data DIR", "help")
	f(2, "must be 2 digits", "run", "--province", "3")
	f(2, "must be 4 digits", "run", "--city", "33")
	f(2, "write -data DIR", "run", "--province", "33")
	f(2, "write -broker", "run", "--data", "x", "--province", "33")
	f(2, "is no flag", "run", "data")
	f(2, "not defined", "run", "--dta", "x")
	f(2, "loopback", "run", "--data", "x", "--broker", "tcp://h", "--province", "33", "--listen", "0.0.0.0:1")
	f(2, "debug, info", "run", "--data", "x", "--broker", "tcp://h", "--province", "33", "--log", "loud")
	f(1, "ca:", "run", "--data", "x", "--broker", "tcp://h", "--province", "33", "--ca", "/nonexistent")
	const claim = "claim-0a1b2c3d.ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	f(2, "write -broker tls://host:8883", "run", "--data", "x", "--broker", "tcp://h", "--province", "33", "--claim", claim)
	f(2, "not a claim credential", "run", "--data", "x", "--broker", "tls://h", "--province", "33", "--claim", "claim-0a1b2c3d")
	f(2, "serial: character", "run", "--data", "x", "--broker", "tls://h", "--province", "33", "--serial", "a b")
	f(2, "write --data DIR", "status")
	f(1, "no folder of an agent", "status", "--data", "/nonexistent")
	f(0, "first-spread", "run", "-h")
}

// TestEnvironment: flags win over variables, variables over defaults.
func TestEnvironment(t *testing.T) {
	env := map[string]string{"STBAGENT_FIRST_SPREAD": "3s", "STBAGENT_TOKEN": "secret", "STBAGENT_PROVINCE": "43",
		"STBAGENT_BROKER": "tcp://a,tls://b", "STBAGENT_CITY": "3301"}
	get := func(k string) string { return env[k] }
	cfg, err := parse([]string{"--data", "x", "--province", "33"}, get, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Timing.FirstSpread != 3*time.Second || cfg.Token != "secret" || cfg.Province != 33 || len(cfg.Brokers) != 2 || cfg.Identity.City != 3301 {
		t.Errorf("%+v", cfg)
	}
	env["STBAGENT_KEEPALIVE"] = "often"
	if _, err := parse([]string{"--data", "x"}, get, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "STBAGENT_KEEPALIVE") {
		t.Errorf("a wrong variable gave %v", err)
	}
}
