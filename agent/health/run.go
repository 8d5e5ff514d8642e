package health

import (
	"context"
	"log/slog"
	"time"

	"iptvdc/protocol"
)

// look is how often the interval is asked for: a profile may change it.
const look = 10 * time.Second

// Run records a sample every so often until ctx is done. Every is asked again
// at least each 10 s; 0 or less: none now. Record is as agent.Recorder's; what
// it refuses is not repeated, the recorder counts it.
func Run(ctx context.Context, s *Sampler, every func() time.Duration, record func(ctx context.Context, stored bool, events ...protocol.Event) error, log *slog.Logger) {
	last := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		wait := look
		if d := every(); d > 0 {
			left := d - time.Since(last)
			if left <= 0 {
				last = time.Now()
				Record(ctx, s, record, log)
				left = d
			}
			wait = min(wait, left)
		}
		timer.Reset(wait)
	}
}

// Record takes a sample and records it now; see Run.
func Record(ctx context.Context, s *Sampler, record func(ctx context.Context, stored bool, events ...protocol.Event) error, log *slog.Logger) {
	e := s.Sample()
	err := e.Check()
	if err == nil {
		err = record(ctx, false, e)
	}
	if err != nil {
		log.Debug("health is not recorded", "error", err)
	}
}
