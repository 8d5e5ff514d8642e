package main

import (
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/quality"
)

// newBoard makes what judges the quality of data.
func (p *Platform) newBoard() *quality.Board {
	return &quality.Board{Figures: p.store, Files: p.store, Promises: p.promises, Now: time.Now}
}

// promises is what provinces are to send. Of a dialect that everybody has, files
// are expected once the first has come.
func (p *Platform) promises() map[aggregator.Province][]quality.Promise {
	all := map[aggregator.Province][]quality.Promise{}
	since := aggregator.DayOf(p.inbox.Since().UnixMilli())
	for province, d := range p.inbox.InForce() {
		if d.Own {
			all[province] = quality.Of(d.Dialect, since)
		} else {
			all[province] = quality.Of(d.Dialect, 0)
		}
	}
	return all
}
