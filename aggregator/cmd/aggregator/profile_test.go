package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"iptvdc/protocol"
)

// The commands of profiles, as people type them; no aggregator runs.
func TestProfileCommands(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) string {
		t.Helper()
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return at(name)
	}
	run := func(args ...string) (string, error) {
		t.Helper()
		var out, logs bytes.Buffer
		root := newRoot(&out, &logs)
		root.SetArgs(append([]string{"profile"}, args...))
		err := root.ExecuteContext(t.Context())
		return strings.TrimSpace(out.String()), err
	}
	good := func(says string, args ...string) string {
		t.Helper()
		out, err := run(args...)
		if err != nil || !strings.Contains(out, says) {
			t.Fatalf("profile %v: %v\n%s\nwant %q", args, err, out, says)
		}
		return out
	}
	bad := func(says string, args ...string) {
		t.Helper()
		if out, err := run(args...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("profile %v: %v\n%s\nwant %q", args, err, out, says)
		}
	}
	const box = "0123456789abcdef"
	evening := write("evening.yaml", "quiet: [{from: \"19:30\", to: \"22:00\"}]\nsample: {impression: 100}\n")
	wrong := write("wrong.yaml", "window: 5\n")
	key := at("key")

	good("1 ", "keygen", "--out", key)
	bad("never overwritten", "keygen", "--out", key)
	bad("--out FILE", "keygen")
	good("impression is recorded by 10 % of boxes", "check", evening)
	bad("window: not a field", "check", wrong)
	bad("no such file", "check", at("none"))

	bad("--key FILE", "publish", evening, "--province", "33", "--data", dir)
	bad("--province 33", "publish", evening, "--key", key, "--data", dir)
	bad("allowed letters", "publish", evening, "--key", key, "--province", "33", "--group", "a/b", "--data", dir)
	bad("there is no folder", "publish", evening, "--key", key, "--province", "33", "--data", at("typo"))
	bad("wrong.yaml: window", "publish", wrong, "--key", key, "--province", "33", "--data", dir)
	bad("write a time as 12h", "publish", evening, "--key", key, "--province", "33", "--data", dir, "--expires", "soon")
	bad("is over", "publish", evening, "--key", key, "--province", "33", "--data", dir, "--expires", "2020-01-01")
	bad("either a profile FILE", "publish", "--data", dir)
	good("p1/33/all version 1 until", "publish", evening, "--key", key, "--province", "33", "--data", dir)
	good("p1/33/all version 2 until", "publish", evening, "--key", key, "--province", "33", "--data", dir, "--expires", "12h")
	bad("sign it as version 3", "publish", evening, "--key", key, "--province", "33", "--data", dir, "--version", "2")

	bad("--version N", "sign", evening, "--key", key, "--province", "33")
	signed := write("signed", good("p1/33/trial", "sign", evening, "--key", key, "--province", "33", "--group", "trial", "--version", "7"))
	good("p1/33/trial version 7", "publish", "--signed", signed, "--data", dir)
	bad("has seen version 7", "publish", "--signed", signed, "--data", dir)
	bad("not made by profile sign", "publish", "--signed", evening, "--data", dir)

	bad("--box ID", "command", "report", "--key", key, "--province", "33", "--data", dir)
	bad(`allowed: report`, "command", "dance", "--key", key, "--province", "33", "--box", box, "--data", dir)
	good("c1/33/"+box+" version 1", "command", "report", "--key", key, "--province", "33", "--box", box, "--data", dir)

	list := good("p1/33/all", "show", "--data", dir)
	if strings.Count(list, "\n") != 3 || !strings.Contains(list, "c1/33/"+box) {
		t.Errorf("show says\n%s", list)
	}
	good("19:30 to 22:00", "show", "p1/33/all", "--data", dir)
	good(`"do":"report"`, "show", "c1/33/"+box, "--data", dir)
	bad("nothing is published", "show", "p1/43/all", "--data", dir)
	good("withdrawn", "withdraw", "--province", "33", "--data", dir)
	bad("nothing is published", "withdraw", "--province", "33", "--data", dir)
	good("withdrawn", "show", "--data", dir)
	good("p1/33/all version 3", "publish", evening, "--key", key, "--province", "33", "--data", dir)
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v, %v", info.Mode(), err)
	}
}

// What is published reaches boxes from the running aggregator, and from the next
// start on without anybody's doing.
func TestProfileReachesBoxes(t *testing.T) {
	data := t.TempDir()
	publish := func(args ...string) {
		t.Helper()
		root := newRoot(new(bytes.Buffer), new(bytes.Buffer))
		root.SetArgs(append([]string{"profile"}, append(args, "--province", "33", "--data", data)...))
		if err := root.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	key, file := filepath.Join(data, "key"), filepath.Join(data, "profile.yaml")
	if err := os.WriteFile(file, []byte("window_ms: 1000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	root := newRoot(new(bytes.Buffer), new(bytes.Buffer))
	root.SetArgs([]string{"profile", "keygen", "--out", key})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	publish("publish", file, "--key", key)
	g := start(t, data)
	got := hear(t, g.p.BrokerURL())
	want := func(version uint64) {
		t.Helper()
		select {
		case packet := <-got:
			s, err := protocol.ParseSigned(packet)
			if version == 0 && len(packet) == 0 {
				return
			}
			if err != nil {
				t.Fatalf("%x: %v, want version %d", packet, err, version)
			}
			if p, err := protocol.ParseProfile(s.Payload); err != nil || p.Version != version {
				t.Errorf("version %d, %v; want %d", p.Version, err, version)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("version %d did not come", version)
		}
	}
	want(1)
	publish("publish", file, "--key", key)
	want(2)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	g = start(t, data)
	got = hear(t, g.p.BrokerURL())
	want(2)
	publish("withdraw")
	want(0)
}

// hear subscribes as a box and returns the profiles of all.
func hear(t *testing.T, url string) chan []byte {
	t.Helper()
	const box = "0123456789abcdef"
	got := make(chan []byte, 16)
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetClientID(protocol.ClientID(box, 1<<32)).SetUsername(box).
		SetProtocolVersion(4).SetAutoReconnect(false).SetConnectRetry(false))
	if token := c.Connect(); !token.WaitTimeout(30*time.Second) || token.Error() != nil {
		t.Fatal("connect: ", token.Error())
	}
	t.Cleanup(func() { c.Disconnect(0) })
	token := c.Subscribe(protocol.ProfileTopic(33, protocol.GroupAll), 1, func(_ mqtt.Client, m mqtt.Message) { got <- m.Payload() })
	if !token.WaitTimeout(30*time.Second) || token.Error() != nil {
		t.Fatal("subscribe: ", token.Error())
	}
	return got
}
