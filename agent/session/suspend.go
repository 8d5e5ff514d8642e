package session

import "iptvdc/protocol"

// minSleep is the shortest suspension that counts as standby.
const minSleep = 10 * 1000

// awake is a Clock that can tell suspension from waking; SystemClock is one.
// With another, suspension is told by signals only.
type awake interface {
	// AwakeMs is MonoMs without the time that the box was suspended.
	AwakeMs() uint64
}

// rested looks whether the box was suspended since the last look although
// nobody said standby: then it was in standby from the last moment at which it
// may have been awake, and nothing played meanwhile. It needs m.mu.
func (m *Machine) rested(now uint64) {
	c, ok := m.cfg.Clock.(awake)
	if !ok {
		return
	}
	slept := now - min(c.AwakeMs(), now)
	gap := slept - min(m.slept, slept)
	first := !m.looked
	m.slept, m.looked = slept, true
	s := &m.st
	if first || gap < minSleep || !m.ready || !s.Active || s.Power != powerOn {
		return
	}
	from := max(now-gap, s.At)
	m.advance(from)
	m.finish(from, protocol.EndStandby)
	m.out = append(m.out, protocol.Event{Kind: protocol.PowerOff, Cause: protocol.CauseStandby, MonoMs: from},
		protocol.Event{Kind: protocol.PowerOn, Cause: protocol.CauseWake, MonoMs: now})
	s.At = now
}
