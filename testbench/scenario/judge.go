package scenario

import (
	"fmt"
	"time"

	"iptvdc/aggregator"
	"iptvdc/testbench/oracle"
	"iptvdc/testbench/report"
)

// judge holds the thresholds against what was seen.
func (p *play) judge(happened *oracle.Truth) {
	t, g := &p.Thresholds, &p.last
	check := func(name, want, got string, ok bool) {
		p.run.Checks = append(p.run.Checks, report.Check{Name: name, Want: want, Got: got, OK: ok})
	}
	atMost := func(name string, limit, got time.Duration) {
		if limit > 0 {
			check(name, "<= "+limit.String(), got.Round(time.Millisecond).String(), got <= limit)
		}
	}
	atLeast := func(name string, limit, got uint64) {
		if limit > 0 {
			check(name, fmt.Sprint(">= ", limit), fmt.Sprint(got), got >= limit)
		}
	}
	number := func(name string, limit, got float64) {
		if limit > 0 {
			check(name, fmt.Sprintf("<= %g", limit), fmt.Sprintf("%.1f", got), got > 0 && got <= limit)
		}
	}

	v := p.run.Verify
	check("events lost", fmt.Sprintf("%d (what boxes had no room for, less at most %d that had been sent)", v.Evicted, v.EvictedSent), fmt.Sprint(v.Lost), v.LossExplained(true))
	check("events doubled", "0", fmt.Sprint(v.Doubled), v.Doubled == 0)
	different, cells := 0, 0
	for _, l := range v.Lines {
		different, cells = different+l.Different, cells+l.Cells
	}
	check("figures different", "0", fmt.Sprintf("%d of %d", different, cells), different == 0 && cells > 0)
	check("faults of the account", "0", fmt.Sprint(len(v.Faults)), len(v.Faults) == 0)
	struck := 0
	for i := range p.Faults {
		struck += max(1, p.Faults[i].Times)
	}
	check("faults that struck", fmt.Sprint(struck), fmt.Sprint(len(p.run.Faults)), len(p.run.Faults) == struck)

	atMost("ack p50", t.AckP50, g.AckLatency.P50)
	atMost("ack p99", t.AckP99, g.AckLatency.P99)
	atMost("ack max", t.AckMax, g.AckLatency.Max)
	atMost("recovered", t.Recovered, p.slowest)
	atMost("drained", t.Drained, time.Duration(p.endMs-p.drainMs)*time.Millisecond)
	number("memory of a box, kB", t.BoxKB, float64(p.peak.fleet-p.peak.atStart)/1000/float64(max(1, g.Boxes)))
	number("memory of the aggregator, MB", t.CentreMB, float64(p.peak.centre)/1e6)
	atLeast("events", t.Events, g.Recorded)
	atLeast("events evicted", t.Evicted, g.Evicted)
	if t.EventRate > 0 {
		rate := float64(g.Acked) / max(0.001, float64(p.endMs-p.playedFromMs)/1000)
		check("events acknowledged a second", fmt.Sprintf(">= %g", t.EventRate), fmt.Sprintf("%.0f", rate), rate >= t.EventRate)
	}
	if len(t.UsersUp)+len(t.TimeUp) > 0 {
		users, watched := p.surge(happened)
		between := func(name string, limits []Share, got float64) {
			if len(limits) == 2 {
				check(name, fmt.Sprintf("%+.1f %% to %+.1f %%", 100*limits[0], 100*limits[1]), fmt.Sprintf("%+.1f %%", 100*got), got >= limits[0] && got <= limits[1])
			}
		}
		between("users of a day in the surge", t.UsersUp, users)
		between("time watched in the surge", t.TimeUp, watched)
	}
}

// surge is by how much more boxes were active, and watched, on the days of the
// surge than on those before it. It asks the truth, with which every figure of
// the aggregator was compared.
func (p *play) surge(happened *oracle.Truth) (users, watched float64) {
	type boxDay struct {
		box string
		day aggregator.Day
	}
	seen := make(map[boxDay]bool)
	from, first := p.cfg.Ways.Surge.From, aggregator.DayOf(p.startMs)
	end := aggregator.DayOf(p.startMs + p.Fleet.Duration.Milliseconds())
	var n, ms [2]float64 // before and in the surge
	for r := range happened.All() {
		day := aggregator.DayOf(r.AtMs)
		if day < first || day >= end {
			continue // not a whole day
		}
		k := 0
		if day >= from {
			k = 1
		}
		ms[k] += float64(r.Event.DurationMs)
		if key := (boxDay{r.Box, day}); !seen[key] {
			seen[key] = true
			n[k]++
		}
	}
	before, in := float64(from-first), float64(end-from)
	if before <= 0 || in <= 0 || n[0] == 0 || ms[0] == 0 {
		return 0, 0
	}
	return n[1]/in/(n[0]/before) - 1, ms[1]/in/(ms[0]/before) - 1
}
