package uplink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"iptvdc/agent/outbox"
	"iptvdc/protocol"
)

// errNewEpoch ends a connection, because the client id carries the epoch.
var errNewEpoch = errors.New("a new epoch began")

// maxPause bounds what an ack may ask for: a box must come back by itself.
const maxPause = 24 * time.Hour

// flight is a batch under way.
type flight struct {
	no     uint64
	monoMs uint64 // when it was sent
}

// service is what one connection knows. A loss forgets it: all that is not
// acknowledged is unsent then [D3].
type service struct {
	u     *Uplink
	l     *link
	epoch uint64

	after   uint64 // highest number sent
	highest uint64 // highest number ever sent on this connection
	window  int
	most    int // greatest window of this connection
	flights []flight
	rewound uint64 // floor of the last rewind that a gap asked for; 0: none since progress
	wait    time.Duration
	retry   *time.Timer // fires when the oldest flight is overdue, or a pause is over
	held    bool        // the centre asked for a pause
	ride    *time.Timer
	age     *time.Timer
	waiting bool // ride and age are running
	pace    pace
}

// serve sends and takes acks until the connection or ctx ends; it closes l.
func (u *Uplink) serve(ctx context.Context, l *link, epoch uint64) error {
	s := &service{u: u, l: l, epoch: epoch, window: 1, most: u.settings.Load().Window, wait: u.cfg.Timing.Retry}
	s.retry, s.ride, s.age = stopped(), stopped(), stopped()
	defer s.retry.Stop()
	defer s.ride.Stop()
	defer s.age.Stop()
	s.pace = newPace(u.cfg.Timing.Pace, u.cfg.Clock.MonoMs())
	defer s.pace.wake.Stop()
	u.state.Store(uint32(Connected))
	u.cfg.Outbox.SetEager(true)
	s.sealAged() // what waited for a connection
	for {
		if u.cfg.Outbox.Epoch() != epoch {
			l.close(true)
			return errNewEpoch
		}
		if err := s.send(); err != nil {
			l.close(false)
			return err
		}
		select {
		case <-ctx.Done():
			l.close(true)
			return ctx.Err()
		case err := <-l.lost:
			l.close(false)
			return err
		case a := <-l.acks:
			s.ack(a)
		case <-l.heard():
			u.answered(l)
		case <-u.poke:
			s.poked()
		case <-u.cfg.Outbox.Changed():
			s.watchAge()
		case <-s.retry.C:
			s.again()
		case <-s.pace.wake.C: // the next batch may go
		case <-s.ride.C:
			u.cfg.Outbox.SealSoon()
		case <-s.age.C:
			s.sealAged()
		}
	}
}

// poked looks at changed settings: what was held back may go now, another age
// counts from now on.
func (s *service) poked() {
	if s.u.flush.Load() {
		s.sealNow()
		return
	}
	s.waiting = false
	s.watchAge()
}

// sealAged seals what is open by age, not in quiet hours [P-8.5].
func (s *service) sealAged() {
	if s.quiet() {
		s.waiting = false
		return
	}
	s.sealNow()
}

// quiet reports whether only what presses is to be sent now.
func (s *service) quiet() bool { return s.u.settings.Load().Quiet && !s.u.flush.Load() }

func stopped() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// sealNow seals what is open. If the outbox fails, the age timer tries again:
// no hot loop.
func (s *service) sealNow() {
	s.waiting = false
	s.ride.Stop()
	s.age.Stop()
	if err := s.u.cfg.Outbox.Seal(); err != nil {
		s.trouble(err)
	}
}

func (s *service) trouble(err error) {
	s.u.log.Error("outbox", "error", err)
	s.waiting = true
	s.age.Reset(s.u.settings.Load().SealAge)
}

// watchAge starts the timers of what is open.
func (s *service) watchAge() {
	age := s.u.settings.Load().SealAge
	switch open := s.u.cfg.Outbox.Open(); {
	case open == 0, s.quiet():
		s.waiting = false
		s.ride.Stop()
		s.age.Stop()
	case !s.waiting:
		s.waiting = true
		s.age.Reset(age)
		if ride := s.u.ride(age); ride > 0 && ride < age {
			s.ride.Reset(ride)
		}
	}
}

// send hands over batches until the window is full or there are none.
func (s *service) send() error {
	u := s.u
	for !s.held && len(s.flights) < s.window {
		if s.quiet() && s.after >= u.cfg.Outbox.Pressing() {
			return nil
		}
		b, ok, err := u.cfg.Outbox.Next(s.after)
		if errors.Is(err, outbox.ErrDamaged) {
			return fmt.Errorf("%w: %w", errNewEpoch, err)
		}
		if err != nil {
			s.trouble(err)
			s.pause(u.cfg.Timing.Retry)
			return nil
		}
		if !ok || b.Epoch != s.epoch {
			if !ok && len(s.flights) == 0 {
				u.flush.Store(false) // everything is sent
			}
			return nil
		}
		floor := u.cfg.Outbox.Floor()
		if floor > b.No {
			continue // evicted since
		}
		now := u.cfg.Clock.MonoMs()
		if !s.pace.take(now) {
			return nil
		}
		packet := protocol.AppendBatch(make([]byte, 0, len(b.Body)+128), &b, &protocol.Envelope{
			Floor: floor, Boot: u.cfg.Boot(), UpMs: now,
			WallMs: u.cfg.Clock.WallMs(), ClockUnset: u.clockUnset(),
		})
		if err := s.publish(&b, packet); err != nil {
			return err
		}
		u.count(&u.stats.Sent)
		u.stats.SentBytes.Add(uint64(len(packet)))
		if b.No <= s.highest {
			u.count(&u.stats.Resent)
		}
		s.after, s.highest = b.No, max(s.highest, b.No)
		s.flights = append(s.flights, flight{b.No, now})
		if len(s.flights) == 1 {
			s.retry.Reset(s.jitter())
		}
	}
	return nil
}

// jitter is random(wait/2, wait).
func (s *service) jitter() time.Duration { return s.wait/2 + s.u.upTo(s.wait/2) }

// again makes everything unsent: the oldest batch is overdue, or a pause over.
func (s *service) again() {
	if !s.held {
		s.wait = min(2*s.wait, s.u.cfg.Timing.RetryMax)
	}
	s.held = false
	s.u.state.Store(uint32(Connected))
	s.rewind(0)
	s.rewound = 0
}

// rewind makes every batch above after unsent.
func (s *service) rewind(after uint64) {
	s.after, s.flights, s.window = after, s.flights[:0], 1
	s.retry.Stop()
}

// pause sends nothing for random(d, 2d), then starts again at the floor.
func (s *service) pause(d time.Duration) {
	s.held = true
	s.u.state.Store(uint32(Held))
	s.retry.Reset(d + s.u.upTo(d))
}

// ack applies one packet from the centre.
func (s *service) ack(in arrived) {
	u := s.u
	var dec protocol.Decoder
	a, err := dec.Ack(in.payload)
	if err != nil {
		u.count(&u.stats.AcksBad)
		u.log.Warn("not an ack", "error", err)
		return
	}
	u.count(&u.stats.Acks)
	u.stats.LastAckMs.Store(in.monoMs)
	if a.ServerMs > 0 {
		u.serverMs.Store(int64(a.ServerMs))
		s.sync(a, in.monoMs)
	}
	if a.Epoch != s.epoch {
		return
	}
	v, err := u.cfg.Outbox.Ack(a)
	if err != nil {
		s.trouble(err) // the batch stays and is sent again
		return
	}
	switch a.Code {
	case protocol.AckBusy:
		u.count(&u.stats.Busy)
		s.hold(a.RetryS, s.wait)
	case protocol.AckUnknown:
		u.count(&u.stats.Unknown)
		s.hold(a.RetryS, u.cfg.Timing.RetryMax)
	case protocol.AckVersion:
		u.count(&u.stats.Version)
		s.hold(a.RetryS, u.cfg.Timing.RetryMax)
	case protocol.AckGap:
		u.count(&u.stats.Gaps)
	}
	if v.Action == outbox.Deleted {
		s.progress(a.Through)
	}
	// Batches under way behind a gap each earn the same answer: one rewind.
	if v.Resend && v.From != s.rewound && !s.held {
		s.rewind(v.From - 1)
		s.rewound = v.From
		if s.window > 1 {
			s.window = 1
		}
	}
}

func (s *service) hold(retryS uint32, otherwise time.Duration) {
	d := time.Duration(retryS) * time.Second
	if d == 0 {
		d = otherwise
	}
	s.pause(min(d, maxPause))
}

// progress takes what is acknowledged out of the window.
func (s *service) progress(through uint64) {
	n := 0
	for n < len(s.flights) && s.flights[n].no <= through {
		n++
	}
	s.flights = append(s.flights[:0], s.flights[n:]...)
	s.after = max(s.after, through)
	s.wait = s.u.cfg.Timing.Retry
	s.rewound = 0
	s.window = min(s.window+1, s.most)
	if s.held {
		return
	}
	if len(s.flights) == 0 {
		s.retry.Stop()
	} else {
		s.retry.Reset(s.jitter())
	}
}

// sync tells what the centre's clock was: half a round trip before the ack
// came, if it answers a batch whose sending time is known [D8].
func (s *service) sync(a protocol.Ack, arrival uint64) {
	if s.u.cfg.Synced == nil {
		return
	}
	for _, f := range s.flights {
		if f.no == a.Through && f.monoMs <= arrival {
			s.u.cfg.Synced(a.ServerMs, arrival-(arrival-f.monoMs)/2)
			return
		}
	}
}
