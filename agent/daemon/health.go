package daemon

import (
	"context"
	"sync"
	"time"

	"iptvdc/agent/health"
)

// runHealth records health events as often as the profile in force says, or else
// Config.HealthEvery, and when the centre asks for a report.
func (d *Daemon) runHealth(ctx context.Context, wg *sync.WaitGroup) {
	s := health.NewSampler("/", d.cfg.Clock, d.waiting)
	every := func() time.Duration {
		if p := d.HealthEvery(); p > 0 || d.cfg.HealthEvery == nil {
			return p
		}
		return d.cfg.HealthEvery()
	}
	d.onReport(func() { health.Record(ctx, s, d.rec.Record, d.cfg.Log) })
	wg.Go(func() { health.Run(ctx, s, every, d.rec.Record, d.cfg.Log) })
}

// waiting is how many events the centre does not have yet, in memory and on
// flash.
func (d *Daemon) waiting() uint64 {
	n := d.rec.Stats().Pending
	if o := d.out.Load(); o != nil {
		s := o.Stats()
		n += s.Events + s.Open
	}
	return uint64(n)
}
