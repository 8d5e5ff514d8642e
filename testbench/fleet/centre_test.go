package fleet

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// centre is a broker and a ledger in one process: the least that boxes can talk
// to.
type centre struct {
	t      *testing.T
	addr   string
	ledger *ledger.Memory

	mu     sync.Mutex
	server *mqtt.Server
	dec    protocol.Decoder
	events []string // "box json", in the order of commits
	deaf   bool     // answers nothing
}

func newCentre(t *testing.T) *centre {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	counted := &listener{Listener: l}
	c := &centre{t: t, addr: l.Addr().String(), ledger: ledger.NewMemory()}
	c.server = mqtt.New(&mqtt.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	if err := c.server.AddHook(&hook{centre: c}, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.server.AddListener(listeners.NewNet("boxes", counted)); err != nil {
		t.Fatal(err)
	}
	if err := c.server.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		// The server must not begin to wait for its clients while one is added.
		await(t, "connections ended", func() bool { return counted.open.Load() == 0 })
		c.server.Close()
	})
	return c
}

// listener counts the connections that stand.
type listener struct {
	net.Listener
	open atomic.Int64
}

func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.open.Add(1)
	return &counted{Conn: conn, of: l}, nil
}

type counted struct {
	net.Conn
	of   *listener
	once sync.Once
}

func (c *counted) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { c.of.open.Add(-1) })
	return err
}

// await waits until something holds; ten seconds are more than it ever takes.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	every := time.NewTicker(2 * time.Millisecond)
	defer every.Stop()
	for deadline := time.Now().Add(time.Minute); !holds(); <-every.C {
		if time.Now().After(deadline) {
			t.Errorf("not within 10 s: %s", what)
			return
		}
	}
}

type hook struct {
	mqtt.HookBase
	*centre
}

func (h *hook) ID() string { return "centre" }
func (h *hook) Provides(b byte) bool {
	return bytes.Contains([]byte{mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnPublish}, []byte{b})
}
func (h *hook) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }
func (h *hook) OnACLCheck(*mqtt.Client, string, bool) bool              { return true }

// OnPublish commits and acknowledges [S6].
func (h *hook) OnPublish(_ *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if pk.TopicName[0] != 'u' {
		return pk, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.deaf {
		return pk, nil
	}
	route, err := protocol.ParseUpTopic(pk.TopicName)
	if err != nil {
		h.t.Error(err)
		return pk, err
	}
	b, err := h.dec.Batch(pk.Payload)
	if err != nil {
		h.t.Error(err)
		return pk, err
	}
	verdicts, err := h.ledger.Commit(h.t.Context(), []ledger.Received{{Route: route, AtMs: time.Now().UnixMilli(), Batch: b}})
	if err != nil {
		return pk, packets.ErrRejectPacket
	}
	v := verdicts[0]
	if v.Outcome == ledger.Stored {
		events, err := h.dec.Events(&b.Sealed)
		if err != nil {
			h.t.Error(err)
			return pk, err
		}
		for i := range events {
			h.events = append(h.events, fmt.Sprintf("%s %s", route.Box, protocol.AppendJSON(nil, &events[i])))
		}
	}
	ack := protocol.AppendAck(nil, &protocol.Ack{Epoch: b.Epoch, Through: v.Mark.Through, Chain: v.Mark.Chain, Code: v.Code(), ServerMs: uint64(time.Now().UnixMilli())})
	return pk, h.server.Publish(protocol.AckTopic(route.Province, route.Box), ack, false, 0)
}
