package scenario

import (
	"fmt"
	"log/slog"
	"sync"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// broker is an MQTT broker beside the aggregator, which keeps nothing on disk:
// sessions, retained messages and what waits in queues are gone with it.
type broker struct {
	addr string

	mu     sync.Mutex
	server *mqtt.Server
}

func startBroker() (*broker, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	b := &broker{addr: addr}
	return b, b.start()
}

func (b *broker) start() error {
	server := mqtt.New(&mqtt.Options{Logger: slog.New(slog.DiscardHandler)})
	if err := server.AddHook(new(open), nil); err != nil {
		return err
	}
	if err := server.AddListener(listeners.NewTCP(listeners.Config{ID: "boxes", Address: b.addr})); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	if err := server.Serve(); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.server = server
	return nil
}

// empty ends the broker and starts another one in its place, which knows
// nothing.
func (b *broker) empty() (clients, retained int, err error) {
	b.mu.Lock()
	old := b.server
	b.mu.Unlock()
	clients, retained = old.Clients.Len(), old.Topics.Retained.Len()
	if err := old.Close(); err != nil {
		return clients, retained, err
	}
	return clients, retained, b.start()
}

func (b *broker) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.server.Close()
}

// open lets everybody do everything: who may is the embedded broker's to say.
type open struct{ mqtt.HookBase }

// ID implements mqtt.Hook.
func (*open) ID() string { return "open" }

// Provides implements mqtt.Hook.
func (*open) Provides(b byte) bool { return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck }

// OnConnectAuthenticate implements mqtt.Hook.
func (*open) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }

// OnACLCheck implements mqtt.Hook.
func (*open) OnACLCheck(*mqtt.Client, string, bool) bool { return true }
