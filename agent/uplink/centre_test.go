package uplink

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"iptvdc/agent/outbox"
	"iptvdc/protocol"
)

const testBox = "0123456789abcdef"

// centre is a broker with the plainest ledger behind it. Connections come over
// net.Pipe, so that time can be simulated.
type centre struct {
	mochi.HookBase
	t      testing.TB
	server *mochi.Server

	mu      sync.Mutex
	marks   map[uint64]*mark
	uids    map[protocol.UID]bool
	pages   map[string]int // events by page
	lost    uint64
	batches int
	down    bool
	refuse  bool
	conns   []net.Conn
	clients []string // client ids, in the order of their CONNECTs
	dials   []time.Time
	// answer may change or suppress an ack (false).
	answer func(*protocol.Ack) bool
	// swallow drops a batch before it is judged.
	swallow func(*protocol.Batch) bool
}

type mark struct {
	through, seq uint64
	chain        protocol.Chain
}

func newCentre(t testing.TB) *centre {
	c := &centre{t: t, marks: map[uint64]*mark{}, uids: map[protocol.UID]bool{}, pages: map[string]int{}}
	c.server = mochi.New(&mochi.Options{InlineClient: true, SysTopicResendInterval: 1 << 30, Logger: slog.New(slog.DiscardHandler)})
	if err := c.server.AddHook(c, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.server.Serve(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *centre) close() {
	c.cut()
	c.server.Close()
}

func (c *centre) dial(context.Context, string, string) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dials = append(c.dials, time.Now())
	if c.down {
		return nil, errors.New("the broker is down")
	}
	near, far := net.Pipe()
	c.conns = append(c.conns, far)
	go c.server.EstablishConnection("pipe", far)
	return near, nil
}

// cut ends all connections.
func (c *centre) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}

func (c *centre) set(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

func (c *centre) Provides(b byte) bool {
	return b == mochi.OnPublish || b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck
}

func (c *centre) OnACLCheck(cl *mochi.Client, topic string, write bool) bool { return true }

func (c *centre) OnConnectAuthenticate(cl *mochi.Client, _ packets.Packet) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clients = append(c.clients, cl.ID)
	return !c.refuse
}

func (c *centre) OnPublish(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if cl.Net.Inline || pk.TopicName[0] != 'u' {
		return pk, nil
	}
	route, err := protocol.ParseUpTopic(pk.TopicName)
	if err != nil {
		c.t.Errorf("topic: %v", err)
		return pk, packets.ErrRejectPacket
	}
	b, err := new(protocol.Decoder).Batch(pk.Payload)
	if err != nil {
		c.t.Errorf("batch: %v", err)
		return pk, packets.ErrRejectPacket
	}
	a, ok := c.judge(&b)
	if ok {
		go c.server.Publish(protocol.AckTopic(route.Province, route.Box), protocol.AppendAck(nil, &a), false, 0)
	}
	return pk, packets.CodeSuccessIgnore
}

func (c *centre) judge(b *protocol.Batch) (protocol.Ack, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batches++
	if c.swallow != nil && c.swallow(b) {
		return protocol.Ack{}, false
	}
	m := c.marks[b.Epoch]
	if m == nil {
		m = new(mark)
		c.marks[b.Epoch] = m
	}
	a := protocol.Ack{Epoch: b.Epoch, ServerMs: uint64(time.Now().UnixMilli())}
	next := *m
	if b.Floor > m.through+1 && b.No == b.Floor {
		next.through, next.chain = b.Floor-1, b.Prev
	}
	switch {
	case b.No <= m.through:
	case b.No != next.through+1 || b.Prev != next.chain || b.First <= m.seq:
		a.Code = protocol.AckGap
	default:
		c.lost += b.First - m.seq - 1
		m.through, m.seq, m.chain = b.No, b.Last(), b.Sealed.Chain()
		if !c.uids[b.UID] {
			c.uids[b.UID] = true
			events, err := new(protocol.Decoder).Events(&b.Sealed)
			if err != nil {
				c.t.Errorf("events: %v", err)
			}
			for _, e := range events {
				c.pages[e.Page]++
			}
		}
	}
	a.Through, a.Chain = m.through, m.chain
	ok := true
	if c.answer != nil {
		ok = c.answer(&a)
	}
	return a, ok
}

// boxClock starts at start and runs with the (simulated) time.
type boxClock struct {
	start  time.Time
	wallMs uint64 // at start
}

func (c boxClock) MonoMs() uint64 { return uint64(time.Since(c.start).Milliseconds()) }
func (c boxClock) WallMs() uint64 { return c.wallMs + c.MonoMs() }

// box is an uplink over an outbox in memory.
type box struct {
	*Uplink
	out  *outbox.Outbox
	disk *outbox.Memory
	stop func()
}

func newBox(t testing.TB, c *centre, seed uint64, change func(*Config)) *box {
	t.Helper()
	b := &box{disk: outbox.NewMemory()}
	var err error
	b.out, err = outbox.New(b.disk, outbox.Options{BatchEvents: 10})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Brokers: []string{"tcp://centre"}, Box: testBox, Province: 33, Outbox: b.out,
		Clock: boxClock{time.Now(), uint64(time.Now().UnixMilli())}, Boot: func() uint32 { return 7 },
		Dial: c.dial, Rand: rand.New(rand.NewPCG(seed, 1)),
	}
	if change != nil {
		change(&cfg)
	}
	if b.Uplink, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := b.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	}()
	b.stop = func() { cancel(); <-done }
	return b
}

// click records a page view whose page is its name.
func (b *box) click(t testing.TB, names ...string) {
	t.Helper()
	var events []protocol.Event
	for _, n := range names {
		events = append(events, protocol.Event{Kind: protocol.PageView, Page: n, Boot: 7})
	}
	if err := b.out.Append(events...); err != nil {
		t.Fatal(err)
	}
}
