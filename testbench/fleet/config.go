package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"time"

	"iptvdc/agent/uplink"
	"iptvdc/aggregator"
	"iptvdc/protocol"
	"iptvdc/testbench/fault"
)

// Config of a Run.
type Config struct {
	Boxes int
	// Part of the boxes that is played here; zero: all of them.
	Part Part
	// Agents of the boxes are real agents with a folder and an HTTP endpoint
	// each; the others are light. Linux only.
	Agents    int
	Seed      uint64
	Provinces []aggregator.Province // empty: all of Provinces()
	Ways      Ways
	// Start is the true time at which all boxes are off; the zero time: now, or
	// if there is a Duration, so that the run ends now.
	Start time.Time
	// Duration is how much simulated time passes; 0: endless.
	Duration time.Duration
	// Speed is how many times faster than the clock simulated time passes.
	Speed float64
	// Flood ignores Speed: time passes as fast as the centre acknowledges.
	Flood bool

	Broker string // tcp:// or tls://
	// Through puts something into a box's way to the broker; nil: nothing.
	Through func(Home, fault.Dial) fault.Dial
	// OutboxBytes bounds the outbox of every box; 0: outbox.DefaultMaxBytes.
	OutboxBytes int64
	// Stages say how many boxes are plugged in when; empty: all from the start.
	Stages []Stage
	// Hands delivers what is to be done to boxes while they play; each is
	// called between two moments. nil: nothing is.
	Hands <-chan func(*Hands)
	Token string // MQTT password of every box
	// BatchAge seals what a box has open so long, in real time; 0: 10 s.
	BatchAge time.Duration
	// BatchEvents seals as soon as so many events are open; 0: 200.
	BatchEvents int
	// Timing of the uplinks; nil: that of a fleet, which comes back in seconds
	// where a box in the field takes minutes. BatchAge enters it.
	Timing *uplink.Timing
	// Dial opens connections; nil: TCP, from more local addresses than one if
	// the broker is on this machine.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Truth gets what really happens; nil: not written down.
	Truth io.Writer
	// Drain is how long to wait at the end for the last acks; 0: 2 minutes.
	Drain time.Duration
	// End ends the play early when it is closed; then the fleet drains.
	End <-chan struct{}
	// Report is called now and then from one goroutine; nil: never.
	Report func(Progress)
	// ReportEvery is how often; 0: 3 s.
	ReportEvery time.Duration
	Log         *slog.Logger // nil: silent

	latencies *latencies // of the run
}

// here is how many boxes are played by this run.
func (c *Config) here() int { return max(0, c.Part.of(c.Boxes)) }

// check explains what is wrong with c and fills in what was left open.
func (c *Config) check(now time.Time) error {
	if c.Flood {
		c.Speed = 1
	}
	switch {
	case c.Agents < 0 || c.Agents > c.here():
		return fmt.Errorf("agents: %d, allowed 0..%d: they are part of the boxes", c.Agents, c.here())
	case math.IsNaN(c.Speed) || c.Speed <= 0 || c.Speed > 100_000:
		return fmt.Errorf("speed: %g, allowed above 0 to 100000; 1 is real time", c.Speed)
	case c.Duration < 0 || c.Duration > 800*24*time.Hour:
		return fmt.Errorf("duration: %v, allowed 0 (endless) to 800 days of simulated time", c.Duration)
	case c.Flood && c.Duration == 0:
		return errors.New("duration: an endless run cannot be as fast as possible")
	case c.BatchEvents < 0 || c.BatchEvents > protocol.MaxBatchEvents:
		return fmt.Errorf("batch-events: %d, allowed 1..%d", c.BatchEvents, protocol.MaxBatchEvents)
	case c.BatchAge < 0:
		return fmt.Errorf("batch-age: %v, must not be negative", c.BatchAge)
	}
	if _, err := uplink.ParseBroker(c.Broker); err != nil {
		return err
	}
	if err := c.Ways.check(); err != nil {
		return err
	}
	if err := checkStages(c.Stages); err != nil {
		return err
	}
	if c.Start.IsZero() {
		c.Start = now
		switch {
		case c.Flood:
			c.Start = now.Add(-c.Duration)
		case c.Speed != 1:
			// What passes faster than the clock would run into the future: the
			// simulated end is the real one.
			real := time.Duration(float64(c.Duration) / c.Speed)
			c.Start = now.Add(real - c.Duration)
		}
		if c.Speed != 1 && c.Duration == 0 {
			return errors.New("start: an endless run faster than the clock needs one")
		}
	}
	if c.BatchAge == 0 {
		c.BatchAge = 10 * time.Second
	}
	if c.BatchEvents == 0 {
		c.BatchEvents = 200
	}
	if c.Drain == 0 {
		c.Drain = 2 * time.Minute
	}
	if c.ReportEvery == 0 {
		c.ReportEvery = 3 * time.Second
	}
	c.latencies = newLatencies()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// timing is that of a fleet's uplinks.
func (c *Config) timing() uplink.Timing {
	t := uplink.Timing{
		// A thousand connections a second are no storm for a broker.
		FirstSpread: time.Duration(c.here()) * time.Millisecond,
		BackoffMin:  250 * time.Millisecond, BackoffMax: 4 * time.Second,
		ResetAfter: 10 * time.Second,
		LossSpread: time.Duration(c.here()) * time.Millisecond / 2,
		Retry:      5 * time.Second, RetryMax: 20 * time.Second,
		KeepAlive: 60 * time.Second, PingTimeout: 10 * time.Second,
		WriteTimeout: 10 * time.Second, ConnectTimeout: 10 * time.Second,
	}
	if c.Timing != nil {
		t = *c.Timing
	}
	t.SealAge, t.SealRide = c.BatchAge, c.BatchAge/3
	return t
}
