package fleet

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"iptvdc/agent/outbox"
	"iptvdc/agent/uplink"
	"iptvdc/protocol"
	"iptvdc/testbench/fault"
)

// box is a set-top box of a run. All but run are called by one goroutine.
type box interface {
	// run keeps the box going until ctx ends.
	run(ctx context.Context)
	// fit makes of a moment what the box is going to record of it, to the byte:
	// it is what the truth says.
	fit(m *Moment)
	// record records a moment; the next moment may reuse m.
	record(m *Moment) error
	// seal sends what is left at the end of the play.
	seal() error
	standing() standing
	// failed is why run ended before its time, nil if it did not.
	failed() error
}

// standing tells how a box stands; counters run since the start.
type standing struct {
	pending, acked, epochs uint64 // events; epochs begun anew
	// evicted events, and those of them that had been sent: they may have arrived
	evicted, sent         uint64
	boots, cuts, restarts uint64 // of a real agent
	link                  uplink.Stats
}

// lightBox is the agent's outbox over a disk in memory, and the agent's uplink.
// It is always connected, also while its household sleeps.
type lightBox struct {
	out   *waitingOutbox
	disk  *outbox.Memory
	codec *outbox.Codec
	up    *uplink.Uplink
	clock boxClock
	epoch uint64 // the one in which its identity was told
	// saidIn is the boot in which it last recorded anything, once it has a twin.
	saidIn uint32
	house  *household
	twin   *lightBox // a second box from a copy of its flash; nil: there is none
}

// pace turns the real clock into the simulated one. Safe for concurrent use.
type pace struct {
	startMs int64
	begun   time.Time
	speed   float64
	// pinned, if not 0, is what the simulated clock shows: a flood sets it by
	// hand.
	pinned atomic.Int64
}

// nowMs is the simulated true time, UTC milliseconds.
func (p *pace) nowMs() int64 {
	if at := p.pinned.Load(); at != 0 {
		return at
	}
	return p.startMs + int64(float64(time.Since(p.begun))*p.speed/1e6)
}

// realAt is when a simulated time comes.
func (p *pace) realAt(ms int64) time.Time {
	if p.pinned.Load() != 0 {
		return time.Now()
	}
	return p.begun.Add(time.Duration(float64(ms-p.startMs) * 1e6 / p.speed))
}

// boxClock is the clock of one box [D8]: it runs as fast as the simulation.
type boxClock struct {
	pace   *pace
	boot   atomic.Uint32
	bootMs atomic.Int64
	unset  atomic.Bool
	heldMs atomic.Int64 // if not 0, the simulated time at which the clock stands
}

func (c *boxClock) nowMs() int64 {
	if at := c.heldMs.Load(); at != 0 {
		return at
	}
	return c.pace.nowMs()
}

// MonoMs implements agent.Clock.
func (c *boxClock) MonoMs() uint64 {
	boot := c.bootMs.Load()
	if boot == 0 {
		return 0 // never switched on yet
	}
	return uint64(max(0, c.nowMs()-boot))
}

// WallMs implements agent.Clock: an unset clock has counted from 1970.
func (c *boxClock) WallMs() uint64 {
	if c.unset.Load() || c.bootMs.Load() == 0 {
		return c.MonoMs()
	}
	return uint64(c.nowMs())
}

func (c *boxClock) set(m *Moment) {
	c.boot.Store(m.Boot)
	c.bootMs.Store(m.BootMs)
	c.unset.Store(m.ClockUnset)
}

// newBoxes builds a box for every home of the town, the first of them as real
// agents with a folder of their own in folder.
func newBoxes(c *Config, t *Town, p *pace, log *slog.Logger, folder string) ([]box, error) {
	codec := new(outbox.Codec)
	boxes := make([]box, t.Len())
	for i := range boxes {
		dial := c.dialer(i, t.Home(i))
		var err error
		if i < c.Agents {
			boxes[i], err = newRealBox(c, t, i, p, dial, log, folder)
		} else {
			boxes[i], err = newLightBox(c, t, i, p, dial, log, codec)
		}
		if err != nil {
			return nil, fmt.Errorf("box %s: %w", t.Home(i).Box, err)
		}
	}
	return boxes, nil
}

// dialer is how box i at home connects.
func (c *Config) dialer(i int, home Home) dialer {
	dial := dialer(c.Dial)
	if dial == nil {
		dial = localDial(i)
	}
	if c.Through != nil {
		dial = dialer(c.Through(home, fault.Dial(dial)))
	}
	return dial
}

func newLightBox(c *Config, t *Town, i int, p *pace, dial dialer, log *slog.Logger, codec *outbox.Codec) (box, error) {
	home := t.Home(i)
	b := &lightBox{house: &t.homes[i], disk: outbox.NewMemory()}
	b.clock.pace = p
	if err := b.connect(c, i, home, dial, log, codec); err != nil {
		return nil, err
	}
	b.epoch = b.out.Epoch()
	return b, nil
}

// connect opens the outbox on the box's disk and makes its uplink.
func (b *lightBox) connect(c *Config, i int, home Home, dial dialer, log *slog.Logger, codec *outbox.Codec) error {
	b.codec = codec
	out, err := outbox.New(b.disk, outbox.Options{BatchEvents: c.BatchEvents, MaxBytes: c.OutboxBytes, Codec: codec})
	if err != nil {
		return err
	}
	b.out = &waitingOutbox{Outbox: out, all: c.latencies}
	b.up, err = uplink.New(uplink.Config{
		Brokers: []string{c.Broker}, Box: home.Box, Province: uint8(home.Province), Token: c.Token,
		Outbox: b.out, Clock: &b.clock, Boot: b.clock.boot.Load, Dial: dial, Timing: c.timing(), Log: log,
	})
	return err
}

func (b *lightBox) run(ctx context.Context) { _ = b.up.Run(ctx) } // ends with ctx only

// turn is who records a moment, the box or its twin.
func (b *lightBox) turn(m *Moment) *lightBox {
	if b.twin != nil && mix(uint64(m.NowMs))%2 == 0 {
		return b.twin
	}
	return b
}

// fit puts the identity before what a new epoch begins with.
func (b *lightBox) fit(m *Moment) {
	if who, needed := b.turn(m).renew(m, b.twin != nil); needed {
		m.Events = slices.Insert(m.Events, 0, who)
		m.At = slices.Insert(m.At, 0, m.NowMs)
	}
}

func (b *lightBox) record(m *Moment) error {
	b = b.turn(m)
	b.clock.set(m)
	b.out.recorded(b.clock.pace.realAt(m.NowMs), len(m.Events))
	return b.out.Append(m.Events...)
}

func (b *lightBox) seal() error {
	if b.twin != nil {
		if err := b.twin.out.Seal(); err != nil {
			return err
		}
	}
	return b.out.Seal()
}

func (b *lightBox) failed() error { return nil }

func (b *lightBox) standing() standing {
	if b.twin != nil {
		one, two := b.alone(), b.twin.alone()
		one.pending += two.pending
		one.acked += two.acked
		one.evicted += two.evicted
		one.sent += two.sent
		one.epochs += two.epochs
		one.link.Sent += two.link.Sent
		one.link.SentBytes += two.link.SentBytes
		one.link.Losses += two.link.Losses
		return one
	}
	return b.alone()
}

// alone is how the box stands without its twin.
func (b *lightBox) alone() standing {
	s := b.out.Stats()
	return standing{pending: uint64(s.Events + s.Open), acked: s.Acked, evicted: s.Evicted, sent: s.EvictedSent,
		epochs: s.Diverged + s.Salvaged, link: b.up.Stats()}
}

// dialer opens a connection.
type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// boxesAnAddress is how many boxes share a local address: a machine has some
// 28,000 ports for the connections from one address to one broker.
const boxesAnAddress = 20_000

// localDial dials from a loopback address of its own if the broker is on
// loopback too.
func localDial(i int) dialer {
	d := &net.Dialer{Timeout: 10 * time.Second}
	if i < boxesAnAddress {
		return d.DialContext
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(addr)
		if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsLoopback() && ip.To4() != nil {
			from := *d
			from.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i/boxesAnAddress))}
			return from.DialContext(ctx, network, addr)
		}
		return d.DialContext(ctx, network, addr)
	}
}

// renew returns the identity of a box whose outbox began a new epoch since the
// last call, or which lives beside a twin and has not said in this boot who it
// is, to be recorded before anything else [D9].
func (b *lightBox) renew(m *Moment, beside bool) (e protocol.Event, needed bool) {
	epoch := b.out.Epoch()
	renewed := epoch != b.epoch
	b.epoch = epoch
	silent := beside && b.saidIn != m.Boot
	b.saidIn = m.Boot
	if silent && !renewed && slices.ContainsFunc(m.Events, func(e protocol.Event) bool { return e.Kind == protocol.Identity }) {
		return e, false
	}
	if !renewed && !silent {
		return e, false
	}
	e = b.house.identity()
	e.Serial, e.Boot, e.MonoMs = b.house.serial, m.Boot, uint64(m.NowMs-m.BootMs)
	return e, true
}
