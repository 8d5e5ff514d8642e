package fleet

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// Stage is a stretch of real time at whose end Share of the boxes are plugged
// in; during it they are so one after the other, evenly. What a box records
// before, it sends then.
type Stage struct {
	For   time.Duration
	Share float64
}

func checkStages(stages []Stage) error {
	last := 0.0
	for i, s := range stages {
		switch {
		case s.For < 0 || s.For > 24*time.Hour:
			return fmt.Errorf("stage %d: for %v, allowed 0 to 24 h", i+1, s.For)
		case math.IsNaN(s.Share) || s.Share < last || s.Share > 1:
			return fmt.Errorf("stage %d: boxes %g, allowed %g (what the stage before reached) to 1", i+1, s.Share, last)
		}
		last = s.Share
	}
	if len(stages) > 0 && last != 1 {
		return errors.New("stages: the last one must reach 1, all boxes")
	}
	return nil
}

// pluggedIn is how long after the start box i of n is plugged in.
func pluggedIn(stages []Stage, i, n int) time.Duration {
	at, before := time.Duration(0), 0.0
	for _, s := range stages {
		if place := float64(i) / float64(n); place < s.Share {
			return at + time.Duration((place-before)/(s.Share-before)*float64(s.For))
		}
		at, before = at+s.For, s.Share
	}
	return at
}

// plugIn waits until box i is plugged in; false: ctx ended before.
func (c *Config) plugIn(ctx context.Context, i int) bool {
	wait := pluggedIn(c.Stages, i, c.here())
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
