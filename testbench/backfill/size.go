package backfill

import (
	"fmt"

	"iptvdc/aggregator"
)

// Bytes that a set takes: of an event that is kept, and of the facts of a day for
// each event that made them, as seen with 10,000 boxes. Facts of contents are hardly
// fewer than their events; larger fleets may take less, none was seen to take more.
const (
	eventBytes = 55
	factBytes  = 85
)

// Bytes estimates how long the store gets: the events of the days kept and the
// facts of all.
func (s *Set) Bytes(keepDays int) int64 {
	all, day := s.Expected()
	kept := all
	if keepDays > 0 {
		// Before a day's events are dropped the next day's are there.
		kept = min(all, day*int64(keepDays+1))
	}
	return kept*eventBytes + all*factBytes
}

// Fits says whether the set of a Config fits into so many bytes, and if not, what
// would.
func Fits(c Config, keepDays int, free int64) error {
	c.defaults()
	if err := c.Check(); err != nil {
		return err
	}
	s := &Set{Config: c, today: aggregator.DayOf(c.EndMs - 1)}
	need := s.Bytes(keepDays)
	if need <= free-free/10 {
		return nil
	}
	advice := "take fewer boxes, days or events a day, or a bigger disk"
	for keep := s.Days; keep > 0; keep-- {
		if s.Bytes(keep) <= free-free/10 && (keepDays == 0 || keep < keepDays) {
			advice = fmt.Sprintf("with --keep-days %d it would fit, about %s: facts stay for all days, the events themselves for the latest", keep, size(s.Bytes(keep)))
			break
		}
	}
	return fmt.Errorf("the disk is too small: about %s are needed, %s are free; %s", size(need), size(free), advice)
}

func size(bytes int64) string {
	if bytes < 10_000_000_000 {
		return fmt.Sprintf("%d MB", bytes/1_000_000)
	}
	return fmt.Sprintf("%d GB", bytes/1_000_000_000)
}
