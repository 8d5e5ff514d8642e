package uplink

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"iptvdc/protocol"
)

// State says what an uplink is doing.
type State uint32

const (
	Waiting    State = iota // between two attempts
	Connecting              // dialling, or waiting for the broker's answers
	Connected               // sending what there is
	Held                    // connected, but the centre asked for a pause
)

func (s State) String() string {
	return [...]string{"waiting", "connecting", "connected", "held"}[s]
}

// Stats of an uplink; counters run since New.
type Stats struct {
	State       State
	Connects    uint64 // connections that stood
	Failures    uint64 // attempts that failed
	Losses      uint64 // connections lost
	Sent        uint64 // batches handed to a connection
	Resent      uint64 // of these, ones sent before
	SentBytes   uint64 // their packets, without MQTT framing
	Acks        uint64 // acks understood
	AcksBad     uint64 // packets that were no ack
	AcksDropped uint64 // acks not taken for want of room
	Busy        uint64 // acks with code busy
	Unknown     uint64 // acks with code unknown: not registered or revoked
	Version     uint64 // acks with code version
	Gaps        uint64 // acks with code gap
	DownRefused uint64 // subscriptions to profiles and commands that brokers refused
	LastAckMs   uint64 // this boot's clock at the last ack; 0: none yet
	ServerMs    int64  // the centre's clock in it
}

type counters struct {
	Connects, Failures, Losses, Sent, Resent, SentBytes      atomic.Uint64
	Acks, AcksBad, AcksDropped, Busy, Unknown, Version, Gaps atomic.Uint64
	LastAckMs, DownRefused                                   atomic.Uint64
}

// Uplink is the connection of one box. Stats may be called at any time.
type Uplink struct {
	cfg        Config
	settings   atomic.Pointer[Settings]
	poke       chan struct{} // the settings changed, or SendNow
	flush      atomic.Bool   // SendNow was called and not everything is sent yet
	unanswered int           // connections lost while Topics were asked for, in a row; used by Run only
	log        *slog.Logger
	rand       *rand.Rand
	state      atomic.Uint32
	stats      counters
	serverMs   atomic.Int64
	hurry      chan struct{} // see Hurry
	asked      atomic.Uint32 // questions put, see Ask
}

// New checks cfg and prepares an uplink; Run does the work.
func New(cfg Config) (*Uplink, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Timing == (Timing{}) {
		cfg.Timing = DefaultTiming()
	}
	if cfg.Window == 0 {
		cfg.Window = protocol.MaxWindow
	}
	if cfg.Dial == nil {
		cfg.Dial = dialer(cfg.Timing.WriteTimeout).DialContext
	}
	u := &Uplink{cfg: cfg, log: cfg.Log, rand: cfg.Rand, poke: make(chan struct{}, 1), hurry: make(chan struct{}, 1)}
	set := cfg.settings()
	u.settings.Store(&set)
	if u.log == nil {
		u.log = slog.New(slog.DiscardHandler)
	}
	if u.rand == nil {
		u.rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	return u, nil
}

func (u *Uplink) count(c *atomic.Uint64) { c.Add(1) }

// Stats returns how the uplink stands.
func (u *Uplink) Stats() Stats {
	c := &u.stats
	return Stats{
		State: State(u.state.Load()), Connects: c.Connects.Load(), Failures: c.Failures.Load(),
		Losses: c.Losses.Load(), Sent: c.Sent.Load(), Resent: c.Resent.Load(), SentBytes: c.SentBytes.Load(),
		Acks: c.Acks.Load(), AcksBad: c.AcksBad.Load(), AcksDropped: c.AcksDropped.Load(), Busy: c.Busy.Load(),
		Unknown: c.Unknown.Load(), Version: c.Version.Load(), Gaps: c.Gaps.Load(),
		LastAckMs: c.LastAckMs.Load(), ServerMs: u.serverMs.Load(), DownRefused: c.DownRefused.Load(),
	}
}

// Run connects and sends until ctx is done, and returns ctx's error. What is
// not acknowledged then stays in the outbox. It may be called once.
func (u *Uplink) Run(ctx context.Context) error {
	t := &u.cfg.Timing
	if !u.pause(ctx, u.upTo(t.FirstSpread)) {
		return ctx.Err()
	}
	if u.cfg.Ready != nil && !u.cfg.Ready(ctx) {
		return ctx.Err()
	}
	n, failures := 0, 0
	for attempt := 0; ; attempt++ {
		broker, err := u.broker(attempt, failures)
		if err != nil {
			return err // Validate and Set let no such address in
		}
		u.state.Store(uint32(Connecting))
		epoch := u.cfg.Outbox.Epoch()
		l, err := u.connect(ctx, broker, epoch)
		switch {
		case ctx.Err() != nil:
			if err == nil {
				l.close(true)
			}
			u.state.Store(uint32(Waiting))
			return ctx.Err()
		case err != nil:
			failures++
			u.count(&u.stats.Failures)
			u.log.Warn("no connection", "broker", broker.Redacted(), "error", err)
			if errors.Is(err, errRefused) {
				n = 30 // the longest wait; recording goes on
				if u.cfg.Refused != nil {
					u.cfg.Refused()
				}
			}
		default:
			failures = 0
			u.count(&u.stats.Connects)
			u.log.Info("connected", "broker", broker.Redacted())
			start := time.Now()
			err := u.serve(ctx, l, epoch)
			u.unheard(l)
			u.cfg.Outbox.SetEager(false)
			u.state.Store(uint32(Waiting))
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if time.Since(start) >= t.ResetAfter {
				n = 0
			}
			u.log.Warn("connection ended", "broker", broker.Redacted(), "error", err)
			if !errors.Is(err, errNewEpoch) {
				u.count(&u.stats.Losses)
				if !u.pause(ctx, u.upTo(t.LossSpread)) {
					return ctx.Err()
				}
			}
		}
		set := u.settings.Load()
		hurried, ok := u.backOff(ctx, u.upTo(backoff(set.BackoffMin, set.BackoffMax, n)))
		if !ok {
			return ctx.Err()
		}
		if n++; hurried {
			n = 0
		}
	}
}

// Hurry ends the wait between two attempts, if one is on: what stood in the way is
// out of it. Safe for concurrent use.
func (u *Uplink) Hurry() {
	select {
	case u.hurry <- struct{}{}:
	default:
	}
}

// backOff waits for d or until Hurry; ok is false if ctx is done.
func (u *Uplink) backOff(ctx context.Context, d time.Duration) (hurried, ok bool) {
	u.state.Store(uint32(Waiting))
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return false, ctx.Err() == nil
	case <-u.hurry:
		return true, ctx.Err() == nil
	case <-ctx.Done():
		return false, false
	}
}

// backoff is min(most, least x 2^n).
func backoff(least, most time.Duration, n int) time.Duration {
	for ; n > 0 && least < most; n-- {
		least *= 2
	}
	return min(least, most)
}

// upTo is random(0, d).
func (u *Uplink) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(u.rand.Int64N(int64(d)))
}

// pause waits for d; false: ctx is done.
func (u *Uplink) pause(ctx context.Context, d time.Duration) bool {
	u.state.Store(uint32(Waiting))
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
