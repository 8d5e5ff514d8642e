package fleet

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"iptvdc/agent/daemon"
	"iptvdc/agent/localapi"
	"iptvdc/agent/outbox"
	"iptvdc/protocol"
)

// realBox is a real agent with its outbox on disk, fed over its own HTTP
// endpoint. Between boots its folder is all that is left of it; before the
// first it is not there at all.
type realBox struct {
	cfg    daemon.Config // of every boot; begin fills in the rest
	pace   *pace
	dial   dialer
	fitted uint32 // boot of the latest moment
	latest retold // of the latest moment, without its events
	who    func() protocol.Event
	told   chan *retold  // from record to run
	ended  chan struct{} // closed when run has ended
	err    error         // why, valid then

	restarts atomic.Uint64 // in the middle of a boot
	handed   atomic.Uint64 // events in told or under way, ever
	taken    atomic.Uint64 // of these, events the agent has accepted

	mu   sync.Mutex
	life *life    // nil: between boots
	past standing // of the boots before
}

// retold is a copy of a moment on its way to a real agent.
type retold struct {
	events     []protocol.Event
	boot       uint32
	bootMs     int64
	clockUnset bool
	cut        bool
	// again, if not "", is the version as which the agent is started again, at
	// the true time heldMs; the event is what it will say of itself.
	again  string
	heldMs int64
}

// waiting is how many moments may wait for a real agent before the play does.
const waiting = 256

func newRealBox(c *Config, t *Town, i int, p *pace, dial dialer, log *slog.Logger, folder string) (box, error) {
	home, house := t.Home(i), &t.homes[i]
	// The agent adds one for its first boot; see session.Begin.
	first := binary.BigEndian.AppendUint32(nil, house.boot<<1)
	b := &realBox{
		pace: p, dial: dial, told: make(chan *retold, waiting), ended: make(chan struct{}),
		cfg: daemon.Config{
			Dir: filepath.Join(folder, home.Box), Brokers: []string{c.Broker}, Token: c.Token,
			Box: home.Box, Province: uint8(home.Province), Identity: house.identity(),
			Listen: "127.0.0.1:0",
			API:    localapi.Config{NativeRate: 1_000_000}, // simulated time may be fast
			Outbox: outbox.Options{BatchEvents: c.BatchEvents, MaxBytes: c.OutboxBytes}, Timing: c.timing(),
			Version: "fleet", OwnTime: true, Log: log,
		},
	}
	b.who = house.identity
	b.cfg.Update.Agent = house.agent()
	b.cfg.BootRand = &once{first}
	return b, b.cfg.Validate()
}

// once is read once.
type once struct{ left []byte }

func (o *once) Read(p []byte) (int, error) {
	n := copy(p, o.left)
	o.left = o.left[n:]
	if n == 0 {
		return 0, fmt.Errorf("the agent forgot the number of its boot")
	}
	return n, nil
}

// fit keeps of a moment what an agent can know. It takes no event of an earlier
// boot: what the mains cut off is not told. It makes identity and power-on of a
// boot itself, when the kernel begins to count, and counts its drops itself; it is not
// updated, and tells its version itself; all else comes from outside.
func (b *realBox) fit(m *Moment) {
	begins := m.Boot != b.fitted
	b.fitted = m.Boot
	b.latest = retold{boot: m.Boot, bootMs: m.BootMs, clockUnset: m.ClockUnset}
	var own []protocol.Event
	n := 0 // told from outside
	for i, e := range m.Events {
		if e.Kind == protocol.PowerOn {
			e.Agent = b.cfg.Update.Agent
		}
		switch {
		case e.Boot != m.Boot, e.Kind == protocol.Dropped, e.Kind == protocol.OutboxLost, e.Kind == protocol.Running:
		case begins && (e.Kind == protocol.Identity || e.Kind == protocol.PowerOn):
			e.MonoMs = 0
			own = append(own, e)
		default:
			e.Source = protocol.SourceMiddleware
			m.Events[n], m.At[n] = e, m.At[i]
			n++
		}
	}
	m.Events, m.At = slices.Insert(m.Events[:n], 0, own...), m.At[:n]
	for range own {
		m.At = slices.Insert(m.At, 0, m.BootMs)
	}
}

// record puts a moment on its way; it waits only if the agent is far behind.
func (b *realBox) record(m *Moment) error {
	if len(m.Events) == 0 {
		return nil
	}
	b.handed.Add(uint64(len(m.Events)))
	select {
	case b.told <- &retold{events: slices.Clone(m.Events), boot: m.Boot, bootMs: m.BootMs, clockUnset: m.ClockUnset, cut: m.Cut}:
		return nil
	case <-b.ended:
		return b.err
	}
}

// seal leaves it to the agent to send in time.
func (b *realBox) seal() error { return nil }

func (b *realBox) failed() error {
	select {
	case <-b.ended:
		return b.err
	default:
		return nil
	}
}

// standing counts as pending what is anywhere between the play and an ack.
func (b *realBox) standing() standing {
	taken := b.taken.Load() // before the agent is asked: then nothing falls between
	b.mu.Lock()
	s := b.past
	if b.life != nil {
		b.life.addTo(&s)
	}
	b.mu.Unlock()
	handed := b.handed.Load()
	s.pending += handed - taken
	s.restarts = b.restarts.Load()
	s.acked = handed - min(handed, s.pending+s.evicted)
	return s
}

// run takes moments until ctx ends. Then the agent ends in order.
func (b *realBox) run(ctx context.Context) {
	defer close(b.ended)
	for b.err == nil {
		select {
		case t := <-b.told:
			b.err = b.relive(ctx, t)
		case <-ctx.Done():
			b.err = ctx.Err()
		}
	}
	if err := b.endLife(context.WithoutCancel(ctx), false); err != nil && ctx.Err() == nil {
		b.err = fmt.Errorf("%w; %w", b.err, err)
	}
}

// relive hands one moment to the agent, after a boot if it begins one.
func (b *realBox) relive(ctx context.Context, t *retold) error {
	rest := t.events
	if t.again != "" {
		if err := b.startAgain(ctx, t); err != nil {
			return err
		}
		rest = nil
	} else if b.life == nil || b.life.clock.boot.Load() != t.boot {
		if err := b.endLife(ctx, t.cut); err != nil {
			return err
		}
		if err := b.begin(ctx, t); err != nil {
			return err
		}
		rest = rest[ownEvents:]
	}
	b.life.clock.unset.Store(t.clockUnset)
	if err := b.life.post(ctx, rest); err != nil {
		return err
	}
	b.taken.Add(uint64(len(t.events)))
	return nil
}
