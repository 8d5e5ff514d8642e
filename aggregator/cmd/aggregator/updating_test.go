package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"iptvdc/aggregator/console"
	"iptvdc/aggregator/rollout"
	"iptvdc/protocol"
)

// TestHaltsByItself: a box tells over MQTT that it went back, through broker, ledger,
// loader and DuckDB; the release is offered to nobody any more, and who resumes it is
// believed.
func TestHaltsByItself(t *testing.T) {
	c := testConfig(t.TempDir())
	c.Updates.Listen, c.Updates.HaltPercent, c.Updates.HaltLeast = "127.0.0.1:0", 50, 1
	g := startWith(t, c)

	const program = "a program"
	sum := sha256.Sum256([]byte(program))
	payload, err := json.Marshal(protocol.Manifest{Version: 27, Agent: "1.4.3", Build: "arm7", Size: uint64(len(program)), SHA256: hex.EncodeToString(sum[:]), Outbox: 2, OutboxMin: 1})
	if err != nil {
		t.Fatal(err)
	}
	packet, err := protocol.AppendManifest(nil, 1, payload, ed25519.NewKeyFromSeed(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	line, err := json.Marshal(rollout.Signed{Packet: packet})
	if err != nil {
		t.Fatal(err)
	}
	g.ask("POST", "/api/v1/updates?percent=100", string(line)+"\n"+program, nil)
	offer := func() int {
		t.Helper()
		resp, err := http.Get("http://" + g.p.updates.listener.Addr().String() + "/update/v1/offer?box=" + testBox + "0&province=33&model=m&build=arm7&version=0")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	until(t, "the update is offered", func() bool { return offer() == http.StatusOK })

	box := connect(t, g.p.BrokerURL(), func(protocol.Ack) {})
	events := household()
	publish(t, box, sealed(t, 1, 1, protocol.Chain{}, append(events,
		protocol.Event{Kind: protocol.Running, Boot: 1, MonoMs: 1_901_000, State: protocol.AgentRuns, Why: protocol.AgentText("1.4.2", "arm7", "m")},
		protocol.Event{Kind: protocol.Running, Boot: 1, MonoMs: 1_902_000, Version: 27, State: protocol.UpdateRolledBack, Why: "started 3 times and never got well"})))
	g.loaded(uint64(len(events) + 2))
	look := func() {
		t.Helper()
		if err := g.p.updates.watcher.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	release := func() console.UpdateRelease {
		t.Helper()
		var a console.UpdatesAnswer
		g.ask("GET", "/api/v1/updates", "", &a)
		return a.Releases[0]
	}
	look()
	if r := release(); r.State != console.ReleaseHalted || r.By != rollout.ByItself || !strings.HasPrefix(r.Why, "1 of 1 boxes went back") || r.Sum.RolledBack != 1 || r.Rows[0].Model != "m" {
		t.Fatalf("%+v", r)
	}
	until(t, "the update is offered no more", func() bool { return offer() == http.StatusNoContent })
	if trail := g.ask("GET", "/api/v1/trail", "", nil); !strings.Contains(trail, `"what":"update_halted"`) || !strings.Contains(trail, "1 of 1 boxes went back") {
		t.Errorf("not in the audit log: %s", trail)
	}
	if _, _, halted := g.p.updates.watcher.Latest(); halted != 1 {
		t.Errorf("%d releases counted as halted", halted)
	}
	g.ask("POST", "/api/v1/updates/27/resume", "", nil)
	look()
	if r := release(); r.State != console.ReleaseUnderWay {
		t.Errorf("what somebody resumed is halted again: %+v", r)
	}
}
