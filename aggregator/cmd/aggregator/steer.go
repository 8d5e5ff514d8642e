package main

import (
	"context"
	"sync"

	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/profiles"
)

// startSteering keeps what every broker retains the same as the folder of
// profiles, until stop has returned.
func (p *Platform) startSteering(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	folder, log := profiles.In(p.dir.file(profilesDir)), p.log.With("part", "profiles")
	var all sync.WaitGroup
	run := func(to profiles.Broker, life func() uint64) {
		r := profiles.Retainer{Folder: folder, Broker: to, Life: life, Log: log}
		all.Go(func() { r.Run(ctx) })
	}
	if p.embedded != nil {
		run(p.embedded, nil)
	}
	for _, k := range p.consumers {
		run(k, k.Stats().Connects.Load) // a broker that comes back may have forgotten
	}
	return func() { cancel(); all.Wait() }
}

var _ profiles.Broker = (*broker.Consumer)(nil)
