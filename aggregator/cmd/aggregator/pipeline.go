package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"iptvdc/aggregator/closing"
	"iptvdc/aggregator/console"
	"iptvdc/aggregator/loader"
)

const (
	// drainFor is how long a shutdown goes on loading and closing what is
	// committed; the rest waits safely for the next start. People wait too.
	drainFor = 5 * time.Second
	// pruneEvery is how often old bodies leave the archive.
	pruneEvery = time.Hour
	// hangUpAfter is how long a shutdown waits for answers under way.
	hangUpAfter = 5 * time.Second
)

// openPipeline makes what brings batches from the ledger to figures.
func (p *Platform) openPipeline() {
	p.loader = loader.New(loader.Config{
		Source: p.ledger, Target: p.store, Secrets: p.secrets,
		Loaded: p.metrics.loaded, Log: p.log.With("part", "loader"),
	})
	p.closing = closing.New(closing.Config{Store: closed{p.store, p.metrics}, Busy: p.loader.Behind, Log: p.log.With("part", "closing")})
}

// tell passes what closing brought on to readers until ctx ends.
func (p *Platform) tell(ctx context.Context) {
	changes, end := p.closing.Subscribe()
	defer end()
	for {
		select {
		case c := <-changes:
			p.console.Changed(console.ChangeOf(c.AsOfMs, c.Hours, c.Provinces))
		case <-ctx.Done():
			return
		}
	}
}

// Run loads, closes and answers until ctx ends or the page can no longer be
// served; then it ends in order: first the door, so that no batch is
// acknowledged that finds no place, and the folders of files, then what was committed is loaded and
// closed as far as drainFor goes, then readers are let go. It closes p.
func (p *Platform) Run(ctx context.Context) error {
	// The parts end by stop, not with ctx: they still drain.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var parts sync.WaitGroup
	parts.Go(func() { _ = p.loader.Run(work) }) // both end only with work
	parts.Go(func() { _ = p.closing.Run(work) })
	parts.Go(func() { p.tell(work) })
	parts.Go(func() { p.prune(work) })
	parts.Go(func() { p.registry.Run(work) })
	parts.Go(func() { p.sources.Run(work) })
	parts.Go(func() { p.watcher.Run(work, watchEvery) })
	parts.Go(func() { p.updates.watcher.Run(work) })
	parts.Go(func() { p.updates.serve(work) })
	// Nothing new is sent while the rest drains; what waits goes on at the next start.
	sending, stopSending := context.WithCancel(work)
	defer stopSending()
	parts.Go(func() { p.desk.Run(sending, sendEvery) })
	feeds, stopFeeds := context.WithCancel(work)
	defer stopFeeds()
	var taking sync.WaitGroup
	taking.Go(func() { _ = p.inbox.Run(feeds) }) // ends only with feeds
	if p.soap != nil {
		taking.Go(func() { p.soap.run(feeds) })
	}
	stopSteering := p.startSteering(work)
	defer stopSteering()

	served := make(chan error, 1)
	go func() { served <- p.server.Serve(p.listener) }()
	var failure error
	select {
	case <-ctx.Done():
		p.log.Info("stopping")
	case failure = <-served:
	}

	stopSending()
	stopSteering() // it publishes through the door
	failure = errors.Join(failure, p.closeDoor(), p.intake.Close())
	if p.soap != nil {
		failure = errors.Join(failure, p.soap.shut(work))
	}
	stopFeeds() // a file that is being taken is taken at the next start
	taking.Wait()
	p.drain(work)
	p.console.Close()
	hangUp, cancel := context.WithTimeout(work, hangUpAfter)
	defer cancel()
	if err := p.server.Shutdown(hangUp); err != nil {
		_ = p.server.Close() // readers that still hang on
	}
	stop()
	parts.Wait()
	return errors.Join(failure, p.unwind())
}

// drain waits until everything committed is loaded and closed, or drainFor is
// over.
func (p *Platform) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainFor)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		p.loader.Wake()
		events, dirty, err := books{p.ledger, p.store}.Backlog(ctx)
		if err == nil && events == 0 && dirty == 0 {
			return
		}
		if err == nil {
			p.log.Debug("draining", "events", events, "cells", dirty)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			p.log.Info("stopping before everything is loaded and closed; the next start goes on")
			return
		}
	}
}

// prune empties old bodies of the archive.
func (p *Platform) prune(ctx context.Context) {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		n, err := p.ledger.Prune(ctx, time.Now().Add(-p.config.Archive()).UnixMilli())
		switch {
		case err != nil && ctx.Err() == nil:
			p.log.Error("the archive could not be pruned", "error", err)
		case n > 0:
			p.log.Info("archive pruned", "batches", n)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// PageURL is where the page is, as this machine reaches it.
func (p *Platform) PageURL() string { return "http://" + reachable(p.listener.Addr().String()) + "/" }

// SecureURL is where boxes connect over TLS, "" if nowhere.
func (p *Platform) SecureURL() string {
	if p.embedded == nil || p.embedded.AddrTLS() == "" {
		return ""
	}
	return "tls://" + reachable(p.embedded.AddrTLS())
}

// BrokerURL is where boxes connect, "" with an external broker.
func (p *Platform) BrokerURL() string {
	if p.embedded == nil {
		return ""
	}
	if a := p.embedded.Addr(); a != "" {
		return "tcp://" + reachable(a)
	}
	return p.SecureURL()
}
