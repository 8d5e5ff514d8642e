package session

import (
	"iptvdc/protocol"
)

// newest returns the newest state of boot id among what was kept; false: there
// is none.
func newest(id string, kept ...[]byte) (s state, found bool) {
	for _, b := range kept {
		if got, err := decodeState(b); err == nil && got.Boot == id && (!found || got.Seq > s.Seq) {
			s, found = got, true
		}
	}
	return s, found
}

// past returns what is still to be told of the boot before, number boot and
// kernel's id: its last segment, and that its power went, as of the last sign
// of life. Nothing if that boot is known to have ended, or nobody reported
// signals in it. The same call gives the same events: Begin may come again.
//
// They are recorded in the commit that notes the new boot's id. Before it the
// outbox names the old boot, whose state is then told; after it the old state is
// of a boot that the outbox no longer names. So they are told exactly once.
func (m *Machine) past(boot uint32, id string, note []byte) []protocol.Event {
	s, found := newest(id, note, m.mark)
	if !found || boot == 0 || !s.Active || s.Power != powerOn {
		return nil
	}
	end, cause := protocol.EndPowerCut, protocol.CausePowerCut
	if s.Stopped {
		// The agent was stopped in good order and did not come back in that
		// boot: the box was going down.
		end, cause = protocol.EndPowerOff, protocol.CauseShutdown
	}
	old := Machine{st: s}
	old.advance(s.Alive)
	old.finish(s.Alive, end)
	old.out = append(old.out, protocol.Event{Kind: protocol.PowerOff, Cause: cause, MonoMs: s.Alive})
	for i := range old.out {
		old.out[i].Boot, old.out[i].Serial = boot, s.Serial
	}
	return old.out
}

// fresh is the state of a boot in which nothing has happened yet.
func (m *Machine) fresh() []byte {
	s := state{Boot: m.cfg.BootID}
	return s.encode()
}

// resume takes up the state of this boot that note or mark holds, and then does
// what was reported before the outbox was open.
func (m *Machine) resume(note []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ready {
		return
	}
	s, found := newest(m.cfg.BootID, note, m.mark)
	if !found {
		// The note was lost with a damaged outbox. Nobody clicks ten times a
		// second: so no number comes twice.
		now := m.cfg.Clock.MonoMs()
		s = state{Boot: m.cfg.BootID, Trace: uint32(now / 100), At: now, Sign: now}
	}
	s.Stopped = false
	m.st, m.ready = s, true
	early := m.early
	m.early = nil
	for _, c := range early {
		m.take(c)
	}
	m.stir()
}
