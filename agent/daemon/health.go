package daemon

import (
	"context"
	"sync"

	"iptvdc/agent/health"
)

// runHealth records health events as often as Config.HealthEvery says.
func (d *Daemon) runHealth(ctx context.Context, wg *sync.WaitGroup) {
	if d.cfg.HealthEvery == nil {
		return
	}
	s := health.NewSampler("/", d.cfg.Clock, d.waiting)
	wg.Go(func() { health.Run(ctx, s, d.cfg.HealthEvery, d.rec.Record, d.cfg.Log) })
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
