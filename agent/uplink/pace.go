package uplink

import "time"

// A box that was cut off for days has hundreds of batches when it comes back,
// and so have all others of its city. Each sends a first few as fast as they are
// acknowledged, so that a box in its everyday never waits, and the rest in step.
// What is new stands behind what is old, as the chain wants it, and so waits at
// most as long as a full outbox takes: 350 batches of 200 events, a minute and a
// half at the default.

// paceBurst is how many batches go without waiting.
const paceBurst = 8

// pace doles out batches: paceBurst at once, then one each span of time.
type pace struct {
	every  time.Duration // 0: no pacing
	tokens float64
	filled uint64 // when tokens were last counted, on the clock of the boot
	wake   *time.Timer
}

func newPace(every time.Duration, nowMs uint64) pace {
	return pace{every: every, tokens: paceBurst, filled: nowMs, wake: stopped()}
}

// take reports whether a batch may go now; if not, wake fires when one may.
func (p *pace) take(nowMs uint64) bool {
	if p.every <= 0 {
		return true
	}
	since := time.Duration(nowMs-p.filled) * time.Millisecond
	p.tokens = min(paceBurst, p.tokens+float64(since)/float64(p.every))
	p.filled = nowMs
	if p.tokens < 1 {
		p.wake.Reset(max(time.Millisecond, time.Duration((1-p.tokens)*float64(p.every))))
		return false
	}
	p.tokens--
	return true
}
