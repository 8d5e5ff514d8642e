package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"iptvdc/aggregator"
	"iptvdc/aggregator/console"
	"iptvdc/aggregator/settings"
	"iptvdc/protocol"
)

// program is the real program in this process.
type program struct {
	t     *testing.T
	p     *Platform
	admin string
	stop  func() error
}

func testConfig(data string) Config {
	c := Defaults()
	c.Data, c.HTTP.Listen, c.MQTT.Listen = data, "127.0.0.1:0", "127.0.0.1:0"
	c.Store.MemoryMB, c.Store.Threads = 512, 2
	return c
}

func start(t *testing.T, data string) *program {
	t.Helper()
	return startWith(t, testConfig(data))
}

func startWith(t *testing.T, c Config) *program {
	t.Helper()
	p, err := Open(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	token, err := p.settings.NewToken(t.Context(), settings.Principal{Name: "test", Grants: aggregator.Everything(), Powers: settings.Administer})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return &program{t: t, p: p, admin: token, stop: stop}
}

// until asks again and again until done says so; a deadline bounds it.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(2 * time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("not in time: %s", what)
		}
	}
}

func (g *program) ask(method, path, body string, into any) string {
	g.t.Helper()
	req, err := http.NewRequestWithContext(g.t.Context(), method, strings.TrimSuffix(g.p.PageURL(), "/")+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+g.admin)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		g.t.Fatalf("%s %s: %s %s", method, path, resp.Status, b)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			g.t.Fatal(err)
		}
	}
	return string(b)
}

// loaded waits until so many events are in the figures.
func (g *program) loaded(events uint64) {
	g.t.Helper()
	until(g.t, fmt.Sprintf("%d events loaded", events), func() bool {
		var s console.Status
		g.ask("GET", "/api/v1/status", "", &s)
		return s.Received == events && s.Loaded == events && s.Backlog == 0 && s.Dirty == 0
	})
}

const testBox = "0123456789abcdef"

// bootMs is when the test's box was switched on: a day ago, so that nothing
// lies in the future.
var bootMs = time.Now().Add(-24 * time.Hour).UnixMilli()

// household is the events of an hour of one box.
func household() []protocol.Event {
	who := protocol.Event{Kind: protocol.Identity, Boot: 1, Account: "a1", Province: 33, City: 3301, Model: "m"}
	serial := protocol.IdentitySerial(&who)
	who.Serial = serial
	at := func(second uint64, e protocol.Event) protocol.Event {
		e.Boot, e.Serial, e.MonoMs = 1, serial, second*1000
		return e
	}
	return []protocol.Event{
		at(0, who),
		at(0, protocol.Event{Kind: protocol.PowerOn, Cause: protocol.CauseBoot}),
		at(0, protocol.Event{Kind: protocol.ClockSync, WallMs: uint64(bootMs), Clock: protocol.ClockNTP}),
		at(5, protocol.Event{Kind: protocol.PageView, Page: "home"}),
		at(9, protocol.Event{Kind: protocol.Click, Page: "home", Area: "top", Slot: 1, Content: "film"}),
		at(1812, protocol.Event{Kind: protocol.View, Mode: protocol.ModeVOD, Content: "film", DurationMs: 1_800_000, Speed: 100}),
		at(1900, protocol.Event{Kind: protocol.Order, OrderID: "o1", Product: "cinema", Provider: "huashu", Fen: 1990, Result: protocol.ResultPaid, Pay: protocol.PayWeChat}),
	}
}

func sealed(t *testing.T, no, first uint64, prev protocol.Chain, events []protocol.Event) protocol.Sealed {
	t.Helper()
	codec, body, err := new(protocol.Encoder).Body(events)
	if err != nil {
		t.Fatal(err)
	}
	return protocol.Sealed{Epoch: 7, No: no, First: first, N: uint32(len(events)), Prev: prev, UID: protocol.UID{byte(no)}, Codec: codec, Body: bytes.Clone(body)}
}

// connect is a box's own MQTT connection, by paho.
func connect(t *testing.T, broker string, onAck func(protocol.Ack)) mqtt.Client {
	t.Helper()
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(broker).SetClientID(protocol.ClientID(testBox, 7)).SetUsername(testBox).SetAutoReconnect(false).SetConnectTimeout(10 * time.Second))
	wait := func(token mqtt.Token) {
		t.Helper()
		if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
			t.Fatal(token.Error())
		}
	}
	wait(c.Connect())
	t.Cleanup(func() { c.Disconnect(0) })
	wait(c.Subscribe(protocol.AckTopic(33, testBox), 0, func(_ mqtt.Client, m mqtt.Message) {
		a, err := new(protocol.Decoder).Ack(m.Payload())
		if err != nil {
			t.Error(err)
		}
		onAck(a)
	}))
	return c
}

func publish(t *testing.T, c mqtt.Client, s protocol.Sealed) {
	t.Helper()
	e := protocol.Envelope{Floor: 1, Boot: 1, UpMs: 2_000_000, WallMs: uint64(bootMs) + 2_000_000}
	token := c.Publish(protocol.UpTopic(33, testBox), 1, false, protocol.AppendBatch(nil, &s, &e))
	if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}
}

// From a box's packet to a figure, and it all is there after a restart.
func TestPacketBecomesFigure(t *testing.T) {
	data := t.TempDir()
	g := start(t, data)
	acks := make(chan protocol.Ack, 10)
	box := connect(t, g.p.BrokerURL(), func(a protocol.Ack) { acks <- a })
	events := household()
	first := sealed(t, 1, 1, protocol.Chain{}, events)
	publish(t, box, first)
	if a := <-acks; a.Code != protocol.AckOK || a.Through != 1 || a.Chain != first.Chain() {
		t.Errorf("ack %+v", a)
	}
	publish(t, box, first) // again: counted once
	if a := <-acks; a.Code != protocol.AckOK || a.Through != 1 {
		t.Errorf("ack of the repeat %+v", a)
	}
	g.loaded(uint64(len(events)))

	from := aggregator.DayOf(bootMs).String()
	question := `{"indicators":["power_ons","active_boxes","revenue"],"dimensions":["province","city"],"from":"` + from + `","to":"` + aggregator.DayOf(bootMs+2*3600_000).String() + `"}`
	check := func(g *program) {
		t.Helper()
		// revenue and boxes come from two facts
		if got := g.ask("POST", "/api/v1/query", question, nil); !strings.Contains(got, `"rows":[["total","33","3301",1,1,1990]]`) || !strings.Contains(got, `"completeness":1}`) {
			t.Error(got)
		}
		got := g.ask("POST", "/api/v1/query", strings.Replace(strings.Replace(question, `"province","city"`, `"province"`, 1), `"power_ons","active_boxes","revenue"`, `"click_to_play","led_clicks"`, 1), nil)
		if !strings.Contains(got, `"rows":[["total","33",100,1]]`) {
			t.Error(got)
		}
		var audit console.AuditAnswer
		g.ask("POST", "/api/v1/audit", `{"boxes":["`+testBox+`"]}`, &audit)
		var held int64
		for _, row := range audit.Rows {
			if row.Box != testBox {
				t.Errorf("%+v", row)
			}
			held += row.Events
		}
		if held != int64(len(events)) {
			t.Errorf("audit: %d events, want %d", held, len(events))
		}
		var list console.AuditEvents
		g.ask("GET", "/api/v1/audit/boxes/"+testBox+"/events", "", &list)
		if len(list.Events) != len(events) {
			t.Errorf("%+v", list)
		}
	}
	check(g)

	// A batch whose body is no body is quarantined, and the stream goes on.
	broken := protocol.Sealed{Epoch: 7, No: 2, First: first.Last() + 1, N: 3, Prev: first.Chain(), UID: protocol.UID{2}, Codec: 9, Body: []byte{1, 2, 3}}
	publish(t, box, broken)
	if a := <-acks; a.Code != protocol.AckQuarantined || a.Through != 2 {
		t.Errorf("ack of the broken batch %+v", a)
	}
	var poison console.Quarantine
	g.ask("GET", "/api/v1/quarantine", "", &poison)
	if len(poison.Batches) != 1 || poison.Batches[0].Box != testBox || !strings.Contains(poison.Batches[0].Reason, "codec") {
		t.Errorf("%+v", poison)
	}

	var metrics string
	until(t, "the accounts of the metrics", func() bool { // they are a moment old
		metrics = g.ask("GET", "/metrics", "", nil)
		return strings.Contains(metrics, `iptv_ledger_quarantined_events{province="33"} 3`+"\n")
	})
	for _, want := range []string{
		`iptv_intake_packets_total{outcome="stored"} 1`, `iptv_intake_packets_total{outcome="repeated"} 1`, `iptv_intake_packets_total{outcome="quarantined"} 1`,
		fmt.Sprintf(`iptv_intake_events_total{province="33"} %d`, len(events)), `iptv_ledger_backlog_events 0`, `iptv_broker_connections 1`,
		`iptv_ack_duration_seconds_count 3`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("no %s in the metrics", want)
		}
	}
	problems, err := testutil.GatherAndLint(g.p.metrics.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
	if n, err := testutil.GatherAndCount(g.p.metrics.registry); err != nil || n > 2000 {
		t.Errorf("%d series, %v", n, err)
	}
	if got := g.ask("GET", "/readyz", "", nil); !strings.Contains(got, `"ready":true`) {
		t.Error(got)
	}

	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	again := start(t, data)
	again.loaded(uint64(len(events)))
	check(again)
	box = connect(t, again.p.BrokerURL(), func(a protocol.Ack) { acks <- a })
	publish(t, box, first)
	if a := <-acks; a.Through != 2 {
		t.Errorf("after the restart the mark stands at %d, want 2", a.Through)
	}
	again.loaded(uint64(len(events)))

	// Without its store it makes a new one from the archive.
	if err := again.stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(data, storeFile)); err != nil {
		t.Fatal(err)
	}
	rebuilt := start(t, data)
	rebuilt.loaded(uint64(len(events)))
	check(rebuilt)
	if got := rebuilt.ask("GET", "/metrics", "", nil); strings.Contains(got, "iptv_store_lacking_blocks 0\n") || !strings.Contains(got, "iptv_store_lacking_blocks ") {
		t.Error("the metrics do not say that blocks were lacking")
	}
}

// openHook lets everybody do everything at a test's broker.
type openHook struct{ mochi.HookBase }

func (*openHook) ID() string { return "open" }
func (*openHook) Provides(b byte) bool {
	return b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck
}
func (*openHook) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool { return true }
func (*openHook) OnACLCheck(*mochi.Client, string, bool) bool              { return true }

// elsewhere is a broker that is not the aggregator's.
func elsewhere(t *testing.T) (url string) {
	t.Helper()
	b := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
	if err := b.AddHook(new(openHook), nil); err != nil {
		t.Fatal(err)
	}
	l := listeners.NewTCP(listeners.Config{ID: "t", Address: "127.0.0.1:0"})
	if err := b.AddListener(l); err != nil {
		t.Fatal(err)
	}
	if err := b.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return "tcp://" + l.Address()
}

// The same way through brokers that stand elsewhere: a box that moves from one
// to the other is answered where it is, and what it repeats there counts once.
func TestExternalBrokers(t *testing.T) {
	here, there := elsewhere(t), elsewhere(t)
	c := testConfig(t.TempDir())
	c.MQTT.Broker = here + ", " + there
	g := startWith(t, c)
	until(t, "consuming", func() bool { return len(g.p.problems(t.Context())) == 0 })
	events := household()
	first := sealed(t, 1, 1, protocol.Chain{}, events)
	second := sealed(t, 2, first.Last()+1, first.Chain(), events[:1])
	for _, f := range []struct {
		broker  string
		batch   protocol.Sealed
		through uint64
	}{{here, first, 1}, {there, first, 1}, {there, second, 2}} {
		acks := make(chan protocol.Ack, 10)
		box := connect(t, f.broker, func(a protocol.Ack) { acks <- a })
		publish(t, box, f.batch)
		if a := <-acks; a.Code != protocol.AckOK || a.Through != f.through {
			t.Errorf("ack at %s: %+v", f.broker, a)
		}
		box.Disconnect(100)
	}
	g.loaded(uint64(len(events) + 1))
	if got := g.ask("GET", "/metrics", "", nil); !strings.Contains(got, "iptv_broker_acks_total 3\n") {
		t.Error("the metrics do not count the acks of both brokers")
	}
}

func TestStartThatCannotBe(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	f := func(change func(*Config), want string) {
		t.Helper()
		c := testConfig(filepath.Join(t.TempDir(), "data"))
		change(&c)
		_, err := Open(t.Context(), c, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		// What was opened is closed again: the folder is free.
		d, err := openDataDir(c.Data)
		if err != nil {
			t.Fatalf("after the failed start: %v", err)
		}
		_ = d.close()
	}
	f(func(c *Config) { c.HTTP.Listen = busy.Addr().String() }, "is in use by another program; stop that one, or choose another address with --http-listen ADDR")
	f(func(c *Config) { c.MQTT.Listen = busy.Addr().String() }, "is in use by another program; stop that one, or choose another address with --mqtt-listen ADDR")
	f(func(c *Config) { c.HTTP.Listen = "192.0.2.1:0" }, "is not an address of this machine")
	f(func(c *Config) { c.MQTT.TokenFile = "/nowhere" }, "mqtt.token_file: secret file: open /nowhere")
}
