package uplink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"time"

	"iptvdc/agent"
	"iptvdc/agent/outbox"
	"iptvdc/protocol"
)

// Outbox is what an uplink needs of an *outbox.Outbox; its promises stand
// there.
type Outbox interface {
	Next(after uint64) (protocol.Sealed, bool, error)
	Ack(protocol.Ack) (outbox.Verdict, error)
	Seal() error
	SealSoon()
	Pressing() uint64
	SetEager(bool)
	Open() int
	Floor() uint64
	Epoch() uint64
	Changed() <-chan struct{}
}

// Config of an Uplink.
type Config struct {
	// Brokers are tried in turn, one a connection: tcp://host:port or
	// tls://host:port; the ports 1883 and 8883 may be left out.
	Brokers  []string
	Box      string
	Province uint8
	// Token is the MQTT password; the user name is Box. It may be empty.
	Token  string
	Outbox Outbox
	Clock  agent.Clock
	// Boot returns the boot counter for envelopes.
	Boot func() uint32
	// Dial opens the connection below TLS; nil: TCP with a user timeout, so
	// that a silent link is noticed.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// TLS is for tls:// brokers; nil: the system's roots. Its Time is replaced:
	// see NotBefore.
	TLS *tls.Config
	// Certificate, if set, is asked at each connection for what to show a tls://
	// broker; nil: nothing. It goes before those of TLS.
	Certificate func() *tls.Certificate
	// Ready, if set, is waited for after the first spread, before the first connect;
	// false ends Run. Refused, if set, is told when a broker turned the box away; it
	// must not block.
	Ready   func(context.Context) bool
	Refused func()
	// NotBefore is when the program was built: certificates are never checked
	// against an earlier time, because a box starts in 1970.
	NotBefore time.Time
	// Timing; the zero value is DefaultTiming.
	Timing Timing
	// Window is how many batches may be under way, 1..protocol.MaxWindow; 0: 4.
	// Each connection starts with 1 and adds one an ack.
	Window int
	// Rand spreads the waits; nil: seeded by the system. Used by Run only.
	Rand *rand.Rand
	// Synced, if set, is told after each ack what the centre's clock (UTC ms)
	// was at a moment of this boot's clock. It must not block.
	Synced func(serverMs, monoMs uint64)
	// Topics are subscribed to besides the acks; what comes on them goes to
	// Down, with the centre's clock (UTC ms) in the latest ack, 0 before the
	// first. Down owns the packet, an empty one included. It is called from the
	// client's receive path and must not block. A broker that grants none of
	// them does not keep the box from working. None, or no Down: not heard.
	Topics []string
	Down   func(topic string, packet []byte, serverMs uint64)
	Log    *slog.Logger // nil: silent
}

// Timing holds every wait of an uplink.
type Timing struct {
	// FirstSpread: the first connect after the start waits random(0, this).
	FirstSpread time.Duration
	// BackoffMin, BackoffMax: the n-th attempt after a failure waits
	// random(0, min(BackoffMax, BackoffMin x 2^n)).
	BackoffMin, BackoffMax time.Duration
	// ResetAfter: n falls to 0 only after a connection of this length.
	ResetAfter time.Duration
	// LossSpread: after the loss of a connection, a wait of random(0, this)
	// comes before the first attempt.
	LossSpread time.Duration
	// Retry, RetryMax: a batch without an ack is sent again after random(half,
	// whole) of Retry, doubling to RetryMax.
	Retry, RetryMax time.Duration
	// Pace is the time between two batches of a backlog, after the first eight;
	// 0: as fast as they are acknowledged.
	Pace time.Duration
	// SealAge seals what is open so long; SealRide, shorter, lets a commit
	// that happens anyway do it.
	SealAge, SealRide time.Duration

	KeepAlive, PingTimeout, WriteTimeout, ConnectTimeout time.Duration
}

// DefaultTiming is for boxes in the field.
func DefaultTiming() Timing {
	return Timing{
		FirstSpread: 120 * time.Second,
		BackoffMin:  5 * time.Second, BackoffMax: 15 * time.Minute,
		ResetAfter: 5 * time.Minute,
		Retry:      30 * time.Second, RetryMax: 10 * time.Minute,
		Pace:    250 * time.Millisecond,
		SealAge: 30 * time.Second, SealRide: 10 * time.Second,
		KeepAlive: 240 * time.Second, PingTimeout: 20 * time.Second,
		WriteTimeout: 20 * time.Second, ConnectTimeout: 20 * time.Second,
	}
}

// Validate explains what is wrong with t; the zero Timing is good.
func (t *Timing) Validate() error {
	if *t == (Timing{}) {
		return nil
	}
	for _, f := range []struct {
		name string
		d    time.Duration
		min  time.Duration
	}{
		{"first-spread", t.FirstSpread, 0}, {"loss-spread", t.LossSpread, 0},
		{"backoff-min", t.BackoffMin, time.Millisecond}, {"backoff-max", t.BackoffMax, t.BackoffMin},
		{"reset-after", t.ResetAfter, 0},
		{"retry", t.Retry, 10 * time.Millisecond}, {"retry-max", t.RetryMax, t.Retry},
		{"seal-age", t.SealAge, time.Millisecond}, {"seal-ride", t.SealRide, 0},
		{"pace", t.Pace, 0},
		{"keepalive", t.KeepAlive, time.Second}, {"ping-timeout", t.PingTimeout, time.Second},
		{"write-timeout", t.WriteTimeout, time.Second}, {"connect-timeout", t.ConnectTimeout, time.Second},
	} {
		if f.d < f.min {
			return fmt.Errorf("timing %s: %v, at least %v", f.name, f.d, f.min)
		}
	}
	return nil
}

// Validate explains what is wrong with c.
func (c *Config) Validate() error {
	if len(c.Brokers) == 0 {
		return errors.New("broker: none given; write tcp://host:1883 or tls://host:8883")
	}
	for _, b := range c.Brokers {
		if _, err := ParseBroker(b); err != nil {
			return err
		}
	}
	if err := protocol.CheckBox(c.Box); err != nil {
		return err
	}
	if c.Province < 10 || c.Province > 99 {
		return fmt.Errorf("province: %d, must be the two digits of its code, as 33 for Zhejiang", c.Province)
	}
	if c.Window < 0 || c.Window > protocol.MaxWindow {
		return fmt.Errorf("window: %d, allowed 1..%d", c.Window, protocol.MaxWindow)
	}
	if c.Outbox == nil || c.Clock == nil || c.Boot == nil {
		return errors.New("uplink: Outbox, Clock and Boot must be set")
	}
	if c.Timing == (Timing{}) {
		return nil
	}
	return c.Timing.Validate()
}

// ParseBroker reads a broker's address and fills in the port.
func ParseBroker(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("broker: %q is not an address; write tcp://host:1883 or tls://host:8883", s)
	}
	port := map[string]string{"tcp": "1883", "tls": "8883"}[u.Scheme]
	switch {
	case port == "":
		return nil, fmt.Errorf("broker: %q begins with %q; allowed: tcp://, tls://", s, u.Scheme)
	case u.Hostname() == "":
		return nil, fmt.Errorf("broker: %q has no host; write tcp://host:1883 or tls://host:8883", s)
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil:
		return nil, fmt.Errorf("broker: %q; only host and port may follow %s://", s, u.Scheme)
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return u, nil
}
