package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
	"iptvdc/testbench/oldkernel"
)

// TestARMAgentKilled runs the real agent, built for ARMv7, under emulation:
// four callers post 1,000 events over HTTP, the agent is killed with SIGKILL in
// the middle and started again. What was answered as stored arrives exactly
// once, as does what was accepted longer than a window before the kill; nothing
// arrives twice, and nothing that was never posted.
//
// The centre is a broker with the ledger's judgement behind it, so that the
// test shows the batches themselves.
func TestARMAgentKilled(t *testing.T) {
	c := newJudgeCentre(t)
	killARMAgent(t, c.addr, c.events)
	if powerOns := c.kinds()[protocol.PowerOn]; powerOns != 1 {
		t.Errorf("%d power-ons: the box started once, the agent twice", powerOns)
	}
	if lost := c.lostEvents(); lost != 0 {
		t.Errorf("the centre counts %d lost events", lost)
	}
}

// TestARMAgentToAggregator is the same with the real aggregator: its audit
// names every event it holds of the box.
func TestARMAgentToAggregator(t *testing.T) {
	emulator(t)
	c := startCentre(t)
	killARMAgent(t, c.mqtt, c.clicks())
}

// clicks returns what asks the centre how often it holds each click of the box.
func (c *centre) clicks() func() map[string]int {
	t, token := c.t, c.token()
	return func() map[string]int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.http+"/api/v1/audit/boxes/"+armBox+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var held struct {
			Events []struct {
				Boot   uint32 `json:"boot"`
				MonoMs int    `json:"mono_ms"`
				Kind   string `json:"kind"`
			} `json:"events"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&held); err != nil {
			t.Fatalf("audit: %s: %v", resp.Status, err)
		}
		got := map[string]int{}
		for _, e := range held.Events {
			if e.Kind == "click" {
				got[name(e.MonoMs-1)]++
			}
		}
		return got
	}
}

// emulator returns the path of QEMU's user-mode emulator.
func emulator(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("emulates an ARM box for some seconds")
	}
	qemu, err := exec.LookPath("qemu-arm")
	if err != nil {
		t.Fatalf("%v; install it with: testbench/setup/install.sh arm", err)
	}
	return qemu
}

// armBox is the box's id.
const armBox = "armv7underqemu00"

// killARMAgent has an emulated agent killed, and looks which calls it made of its kernel: of
// those that Linux 3.10 lacks it tries none that nothing stands in for.
func killARMAgent(t *testing.T, broker string, events func() map[string]int) {
	t.Helper()
	qemu, bin, traces := emulator(t), armAgent(t), t.TempDir()
	starts := 0
	killAgent(t, broker, events, func(args ...string) (*exec.Cmd, error) {
		starts++
		trace := filepath.Join(traces, fmt.Sprint("trace-", starts))
		cmd := exec.Command(qemu, append([]string{"-r", "3.10.0", "-strace", "-D", trace, bin}, args...)...)
		cmd.Stderr = os.Stderr
		return cmd, cmd.Start()
	})
	var tried []string
	all := 0
	for n := range starts {
		f, err := os.Open(filepath.Join(traces, fmt.Sprint("trace-", n+1)))
		if err != nil {
			t.Fatal(err)
		}
		some, calls, err := oldkernel.Traced(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		tried, all = append(tried, some...), all+calls
	}
	t.Logf("of %d calls these are newer than Linux 3.10: %v", all, tried)
	if missed := oldkernel.Missed(tried); len(missed) > 0 || all < 1000 {
		t.Errorf("of %d calls nothing stands in for %v", all, missed)
	}
}

// killAgent does the work; events returns how often each event has arrived, run starts an
// agent.
func killAgent(t *testing.T, broker string, events func() map[string]int, run func(args ...string) (*exec.Cmd, error)) {
	t.Helper()
	dir := t.TempDir()
	listen := unusedAddr(t)
	start := func() *exec.Cmd {
		cmd, err := run("run", "--data", dir, "--broker", "tcp://"+broker, "--box", armBox,
			"--province", "33", "--city", "3301", "--listen", listen, "--log", "warn",
			"--first-spread", "0s", "--backoff-min", "50ms", "--backoff-max", "500ms", "--batch-age", "1s", "--batch", "50")
		if err != nil {
			t.Fatal(err)
		}
		until(t, 60*time.Second, "the agent's endpoint", func() bool {
			resp, err := http.Get("http://" + listen + "/v1/status")
			if err != nil {
				return false
			}
			resp.Body.Close()
			return resp.StatusCode == 200
		})
		return cmd
	}
	agent := start()
	defer func() { agent.Process.Kill(); agent.Wait() }()

	p := &poster{url: "http://" + listen + "/v1/events", answers: map[string]posted{}}
	p.post(t, 0, 400, nil)
	killAt := 0
	p.post(t, 400, 600, func(n int) {
		if n == 500 { // while the other callers' requests are under way
			p.mu.Lock()
			p.killed = time.Now()
			p.mu.Unlock()
			agent.Process.Kill()
			killAt = n
		}
	})
	agent.Wait()
	if killAt == 0 {
		t.Fatal("the agent was never killed")
	}
	agent = start()
	p.post(t, 600, 1000, nil)

	must := p.must()
	until(t, 60*time.Second, "all events at the centre", func() bool {
		got := events()
		for name := range must {
			if got[name] == 0 {
				return false
			}
		}
		return true
	})
	counts := map[string]int{}
	for _, a := range p.answers {
		counts[a.answer]++
	}
	got := events()
	t.Logf("answers: %v; %d must arrive, %d arrived", counts, len(must), len(got))
	if counts["stored"] < 300 || counts["accepted"] < 300 || counts["none"] == 0 {
		t.Errorf("answers %v: too few of a sort, or no request was cut off by the kill", counts)
	}
	for name, times := range got {
		if times != 1 {
			t.Errorf("%s came %d times", name, times)
		}
		if _, ok := p.answers[name]; !ok {
			t.Errorf("%s was never posted", name)
		}
	}
	end := agent.Process.Signal(os.Interrupt)
	if err := errors.Join(end, agent.Wait()); err != nil {
		t.Errorf("a clean end: %v", err)
	}
}

// poster is several callers of the local API and what they were told.
type poster struct {
	url     string
	mu      sync.Mutex
	answers map[string]posted
	killed  time.Time
}

type posted struct {
	answer string // stored, accepted, or none
	at     time.Time
}

// post sends events from..to-1 in requests of 1 to 9, half of them waiting for
// stored. before is called with the number of each request's first event.
func (p *poster) post(t *testing.T, from, to int, before func(n int)) {
	t.Helper()
	var next sync.Mutex
	var wg sync.WaitGroup
	n := from
	for range 4 {
		wg.Go(func() {
			for {
				next.Lock()
				first, size := n, min(1+rand.IntN(9), to-n)
				if before != nil && first < 500 && first+size > 500 {
					size = 500 - first
				}
				n += size
				next.Unlock()
				if size <= 0 {
					return
				}
				if before != nil {
					before(first)
				}
				p.request(t, first, size)
			}
		})
	}
	wg.Wait()
}

func (p *poster) request(t *testing.T, first, size int) {
	body := []byte{'['}
	for i := first; i < first+size; i++ {
		if i > first {
			body = append(body, ',')
		}
		body = protocol.AppendJSON(body, &protocol.Event{Kind: protocol.Click, Page: name(i), Area: "a", Slot: uint32(i%30 + 1),
			MonoMs: uint64(i + 1)}) // its own time, so that the centre's audit can name it
	}
	body = append(body, ']')
	url, want := p.url, "accepted"
	if first%2 == 0 {
		url, want = p.url+"?wait=stored", "stored"
	}
	answer := "none"
	resp, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err == nil {
		var said map[string]int
		b, rerr := io.ReadAll(resp.Body)
		resp.Body.Close()
		if rerr == nil && json.Unmarshal(b, &said) == nil && said[want] == size {
			answer = want
		} else if rerr == nil {
			t.Errorf("%s: %s %s", url, resp.Status, b)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := first; i < first+size; i++ {
		p.answers[name(i)] = posted{answer, time.Now()}
	}
}

func name(i int) string { return fmt.Sprintf("event-%04d", i) }

// must lists the events that have to arrive: stored ones, and those accepted
// more than a window, and the emulator's slowness, before the kill or after it.
func (p *poster) must() map[string]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := map[string]bool{}
	for name, a := range p.answers {
		late := p.killed.Sub(a.at)
		if a.answer == "stored" || a.answer == "accepted" && (late > time.Second || late < 0 && -late > time.Second) {
			names[name] = true
		}
	}
	return names
}

// armAgent builds stbagent for the box.
func armAgent(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "stbagent")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, "iptvdc/agent/cmd/stbagent")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm", "GOARM=7")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build for ARM: %v\n%s", err, out)
	}
	return bin
}

func unusedAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// until polls for a condition.
func until(t *testing.T, most time.Duration, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited %v for %s", most, what)
		}
	}
}

// judgeCentre is a broker on a loopback port whose hook judges batches as the
// ledger does and answers with acks.
type judgeCentre struct {
	mochi.HookBase
	t      *testing.T
	server *mochi.Server
	addr   string

	mu      sync.Mutex
	marks   map[uint64]ledger.Mark
	uids    map[protocol.UID]bool
	pages   map[string]int
	byKind  map[protocol.Kind]int
	batches int
}

func newJudgeCentre(t *testing.T) *judgeCentre {
	c := &judgeCentre{t: t, marks: map[uint64]ledger.Mark{}, uids: map[protocol.UID]bool{}, pages: map[string]int{}, byKind: map[protocol.Kind]int{}}
	c.server = mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	l := listeners.NewTCP(listeners.Config{ID: "t", Address: "127.0.0.1:0"})
	if err := errors.Join(c.server.AddHook(c, nil), c.server.AddListener(l), c.server.Serve()); err != nil {
		t.Fatal(err)
	}
	c.addr = l.Address()
	t.Cleanup(func() { c.server.Close() })
	return c
}

func (c *judgeCentre) Provides(b byte) bool {
	return b == mochi.OnPublish || b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck
}

func (c *judgeCentre) OnACLCheck(*mochi.Client, string, bool) bool { return true }

func (c *judgeCentre) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool { return true }

func (c *judgeCentre) OnPublish(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	route, err := protocol.ParseUpTopic(pk.TopicName)
	if err != nil {
		return pk, nil // an ack of our own, or a will
	}
	b, err := new(protocol.Decoder).Batch(pk.Payload)
	if err != nil {
		c.t.Errorf("batch: %v", err)
		return pk, packets.ErrRejectPacket
	}
	ack, err := c.commit(&b)
	if err != nil {
		c.t.Error(err)
		return pk, packets.ErrRejectPacket
	}
	go c.server.Publish(protocol.AckTopic(route.Province, route.Box), protocol.AppendAck(nil, &ack), false, 0)
	return pk, packets.CodeSuccessIgnore
}

func (c *judgeCentre) commit(b *protocol.Batch) (protocol.Ack, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batches++
	mark, outcome, err := ledger.Judge(c.marks[b.Epoch], b, false, func() (bool, error) { return c.uids[b.UID], nil })
	if err != nil {
		return protocol.Ack{}, err
	}
	c.marks[b.Epoch] = mark
	if outcome == ledger.Stored {
		c.uids[b.UID] = true
		events, err := new(protocol.Decoder).Events(&b.Sealed)
		if err != nil {
			return protocol.Ack{}, err
		}
		for i := range events {
			c.byKind[events[i].Kind]++
			if events[i].Kind == protocol.Click {
				c.pages[events[i].Page]++
			}
		}
	}
	v := ledger.Verdict{Outcome: outcome, Mark: mark}
	return protocol.Ack{Epoch: b.Epoch, Through: mark.Through, Chain: mark.Chain, Code: v.Code(), ServerMs: uint64(time.Now().UnixMilli())}, nil
}

func (c *judgeCentre) events() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.pages)
}

func (c *judgeCentre) kinds() map[protocol.Kind]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.byKind)
}

func (c *judgeCentre) lostEvents() (n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.marks {
		n += m.Lost
	}
	return n
}
