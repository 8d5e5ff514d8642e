package broker

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"

	"iptvdc/protocol"
)

// Config of the embedded broker.
type Config struct {
	// Listen is the address for plain TCP, as 127.0.0.1:1883; "" for none.
	Listen string
	// ListenTLS is the address for TLS; "" for none. TLS must be set with it.
	// If it asks clients for certificates, a box's must carry its id as
	// common name.
	ListenTLS string
	TLS       *tls.Config
	// Token, if set, is the password that every box must show.
	Token string
	// Registry, if set, judges boxes' certificates, and gives them: then TLS must ask
	// for certificates, and should leave it at that (tls.RequestClientCert).
	Registry Registry
	// MaxClients is how many boxes may be connected; 0 means no limit.
	MaxClients int64
	// CommitTimeout bounds how long a box's packet waits for a place at the
	// intake; default 10 s.
	CommitTimeout time.Duration
	// NowMs stamps arrivals, UTC milliseconds; default the system's clock.
	NowMs  func() int64
	Logger *slog.Logger // default: discard
}

// Validate explains what is wrong with c.
func (c *Config) Validate() error {
	switch {
	case c.Listen == "" && c.ListenTLS == "":
		return errors.New("broker: listen: no address; allowed is a plain one, a TLS one, or both")
	case c.ListenTLS != "" && c.TLS == nil:
		return errors.New("broker: listen_tls: a certificate and its key are needed")
	case c.MaxClients < 0:
		return fmt.Errorf("broker: max_clients: %d, allowed 0 (no limit) and more", c.MaxClients)
	}
	return nil
}

// Stats counts since the start.
type Stats struct {
	Connects      atomic.Uint64 // accepted
	Refused       atomic.Uint64 // connections refused: name, client id, token, will
	Denied        atomic.Uint64 // publishes and subscriptions outside the rules
	Uploads       atomic.Uint64 // packets handed to the intake
	NotStored     atomic.Uint64 // of these, not acknowledged because the ledger did not take them
	Acks          atomic.Uint64 // published
	AcksLost      atomic.Uint64 // could not be published; costs a repeat each
	Disconnects   atomic.Uint64
	Cut           atomic.Uint64 // connections ended because the registry admits them no more
	Claimants     atomic.Int64  // connected by a claim credential now
	Unaccepted    atomic.Uint64 // pauses because the kernel had no connection to give, as when files run short
	connectedNow  func() int64
	subscriptions func() int64
}

// Connected is how many boxes are connected now.
func (s *Stats) Connected() int64 { return s.connectedNow() }

// Subscriptions is how many there are now.
func (s *Stats) Subscriptions() int64 { return s.subscriptions() }

// Embedded is an MQTT 3.1.1 broker for boxes only. Uploads go to the receiver
// and are never fanned out; a box's PUBACK comes after the commit. Nothing is
// kept over a restart. Safe for concurrent use.
type Embedded struct {
	server *mochi.Server
	hook   *hook
	stats  Stats
	plain  *door
	secure *door
	close  func() error // once, however often it is called
}

const (
	// topicRoom is what topic and framing may add to a payload.
	topicRoom = 256
	// pendingWrites is how many packets wait for one box: four acks and some
	// retained profiles; each place costs memory in every connection.
	pendingWrites = 64
	// keepSession is how long an absent box's session is kept if it asked for
	// one; boxes use clean sessions.
	keepSession = 3600
)

// New starts the broker. Close it before the receiver: boxes' packets may be
// waiting there.
func New(c Config, to Receiver) (*Embedded, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.NowMs == nil {
		c.NowMs = func() int64 { return time.Now().UnixMilli() }
	}
	if c.CommitTimeout <= 0 {
		c.CommitTimeout = 10 * time.Second
	}
	limits := mochi.NewDefaultServerCapabilities()
	limits.MaximumMessageExpiryInterval = 0 // a day's default would delete retained configuration
	limits.MaximumPacketSize = protocol.MaxPacketUp + topicRoom
	limits.MaximumClientWritesPending = pendingWrites
	limits.MaximumInflight = pendingWrites
	limits.MaximumSessionExpiryInterval = keepSession
	limits.MaximumQos = 1
	limits.SharedSubAvailable = 0
	if c.MaxClients > 0 {
		limits.MaximumClients = c.MaxClients
	}
	b := &Embedded{server: mochi.New(&mochi.Options{
		Capabilities:           limits,
		InlineClient:           true,
		SysTopicResendInterval: 3600,
		Logger:                 slog.New(slog.DiscardHandler), // it warns of every connection that ends
	})}
	b.close = sync.OnceValue(b.server.Close) // mochi panics when closed twice
	b.stats.connectedNow = func() int64 { return atomic.LoadInt64(&b.server.Info.ClientsConnected) }
	b.stats.subscriptions = func() int64 { return atomic.LoadInt64(&b.server.Info.Subscriptions) }
	b.hook = &hook{config: c, to: to, server: b.server, stats: &b.stats, log: orDiscard(c.Logger)}
	if err := b.server.AddHook(b.hook, nil); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	if err := b.listen(c); err != nil {
		return nil, errors.Join(err, b.server.Close())
	}
	if err := b.server.Serve(); err != nil {
		return nil, errors.Join(fmt.Errorf("broker: %w", err), b.server.Close())
	}
	return b, nil
}

func (b *Embedded) listen(c Config) error {
	if c.Listen != "" {
		b.plain = b.door("plain", c.Listen, nil, c.Logger)
		if err := b.server.AddListener(b.plain); err != nil {
			return fmt.Errorf("broker: listen on %s: %w", c.Listen, err)
		}
	}
	if c.ListenTLS != "" {
		b.secure = b.door("tls", c.ListenTLS, c.TLS, c.Logger)
		if err := b.server.AddListener(b.secure); err != nil {
			return fmt.Errorf("broker: listen on %s: %w", c.ListenTLS, err)
		}
	}
	return nil
}

func (b *Embedded) door(id, address string, c *tls.Config, log *slog.Logger) *door {
	return &door{id: id, address: address, tls: c, stats: &b.stats, log: orDiscard(log), inside: &b.server.Listeners.ClientsWg}
}

// Addr is the plain listener's address with its real port, "" if there is none.
func (b *Embedded) Addr() string { return address(b.plain) }

// AddrTLS is the TLS listener's address, "" if there is none.
func (b *Embedded) AddrTLS() string { return address(b.secure) }

func address(l *door) string {
	if l == nil {
		return ""
	}
	return l.Address()
}

// Stats returns the live counters.
func (b *Embedded) Stats() *Stats { return &b.stats }

// Publish sends payload on topic, retained or not: profiles and commands.
func (b *Embedded) Publish(topic string, payload []byte, retain bool) error {
	return b.server.Publish(topic, payload, retain, 1)
}

// Close hangs up on all boxes and waits for the packets that are at the
// receiver. Calls after the first do nothing and return the same.
func (b *Embedded) Close() error { return b.close() }
