//go:build mutant_wallclock

package loader

import (
	"iptvdc/aggregator"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// batch adds a batch's events, or notes why it cannot be read: then no event
// of it is taken and all others go on [S7]. And it takes the box's wall clock at
// sending for the best there is: a deliberate bug. It breaks S10 and D8, nothing
// by the wall clock: one that believes itself set may still be hours wrong. See
// testbench/mutants.
func (w *worker) batch(k *ledger.Kept, box uint64) {
	events, err := w.dec.Events(&k.Batch.Sealed)
	if err != nil {
		w.unreadable[k.ID] = err.Error()
		w.aside(aggregator.Province(k.Route.Province), aggregator.HourOf(k.AtMs), k.Lost, 0)
		return
	}
	w.batches++
	if !k.Batch.ClockUnset {
		w.syncs = append(w.syncs, syncPoint{ClockKey: store.ClockKey{Box: box, Boot: k.Batch.Boot}, monoMs: int64(k.Batch.UpMs),
			offset: int64(k.Batch.WallMs) - int64(k.Batch.UpMs), quality: uint8(protocol.ClockServer)})
	}
	var last *run
	for i := range events {
		e := &events[i]
		if last == nil || last.boot != e.Boot || last.serial != serialOf(e) {
			w.runs = append(w.runs, run{
				name: k.Route.Box, box: box, route: aggregator.Province(k.Route.Province), boot: e.Boot, serial: serialOf(e),
				arrivedMs: k.AtMs, sentBoot: k.Batch.Boot, sentUpMs: int64(k.Batch.UpMs),
			})
			last = &w.runs[len(w.runs)-1]
		}
		last.lastMono = max(last.lastMono, int64(e.MonoMs))
		last.events++
		w.event(e, last, uint32(len(w.runs)-1))
		if i == 0 {
			w.lost(k.Lost, e, last, uint32(len(w.runs)-1))
		}
	}
}
