package main

import (
	"context"
	"runtime/debug"
	"time"

	"iptvdc/agent/daemon"
)

// quiet is how long nothing must have been recorded before memory is given back,
// and how often that is looked at.
const quiet = 30 * time.Second

// rest gives memory back to the box, once in each pause, until ctx ends: after an
// hour of clicks half of the heap is free, and the runtime alone would return it
// only bit by bit. It stops the world for some milliseconds, when nobody clicks.
func rest(ctx context.Context, d *daemon.Daemon) {
	tick := time.NewTicker(quiet)
	defer tick.Stop()
	var seen uint64
	rested := true // at the start nothing is left over
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		n := d.Recorded()
		if n == seen && !rested {
			debug.FreeOSMemory()
		}
		rested, seen = n == seen, n
	}
}
