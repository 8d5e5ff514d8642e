package session

import (
	"iptvdc/agent"
	"iptvdc/protocol"
)

const (
	// minSegment is the shortest segment that is recorded.
	minSegment = 1000
	// maxSegment is where a long one is cut, so that little is lost with it.
	maxSegment = 3600 * 1000
	// graceMs is how long an error may wait for the picture to come back.
	graceMs = 30 * 1000
)

// playing reports whether a segment is under way.
func (s *state) playing() bool { return s.Play.Mode != protocol.ModeUnknown }

// advance brings the state to time now as far as nobody has to tell it: a long
// segment is cut, an error that nothing undid ends its play.
func (m *Machine) advance(now uint64) {
	s := &m.st
	for s.playing() {
		p := &s.Play
		if p.turned(p.sound(now)) {
			m.turn()
			continue
		}
		// An error is in doubt for a while: nothing is cut behind it.
		if p.Failed != 0 {
			if now < p.Failed-1+graceMs {
				return
			}
			m.finish(now, protocol.EndUnknown)
			return
		}
		if now < p.Start+maxSegment {
			return
		}
		m.cut(p.Start+maxSegment, protocol.EndContinue)
	}
}

// sound is now, or when an error came that is in doubt.
func (p *play) sound(now uint64) uint64 {
	if p.Failed != 0 {
		return min(now, max(p.Failed-1, p.Start))
	}
	return now
}

// begin starts a play at time at.
func (m *Machine) begin(at uint64, p play) {
	p.Asked, p.Start, p.Speed, p.TV = at, at, 100, m.st.TV.shows()
	m.st.Play, m.st.At = p, at
	m.begun = true
}

// cut ends the segment at time at; the play goes on with the next, where it is by
// then and with the television as it is by then.
func (m *Machine) cut(at uint64, end protocol.End) {
	s := &m.st
	p := &s.Play
	next := p.here(at)
	if at-p.Start < minSegment {
		m.short++
	} else {
		m.out = append(m.out, protocol.Event{Kind: protocol.View, Source: p.Source, MonoMs: at, DurationMs: at - p.Start,
			Mode: p.Mode, Channel: p.Channel, Content: p.Content, Speed: p.Speed, Part: p.Part, End: end, Trace: p.Trace,
			Keys: min(p.Keys, maxCount), IdleMs: at - min(s.Sign, at),
			TV: p.TV, LengthS: p.Length, PositionMs: p.Position})
		p.Part = min(p.Part+1, maxCount)
		p.Keys = 0
	}
	p.Start, s.At = at, max(s.At, at)
	p.Position, p.TV, p.To, p.Turn = next, s.TV.shows(), 0, 0
}

// maxCount is the greatest count and part that an event can tell.
const maxCount = 1<<16 - 1

// finish ends the play at time at, and tells how it went. A play that an error
// had stopped ended with that error, whatever came of it.
func (m *Machine) finish(at uint64, end protocol.End) {
	s := &m.st
	if !s.playing() {
		return
	}
	if f := s.Play.Failed; f != 0 {
		at, end = max(f-1, s.Play.Start), protocol.EndError
	}
	m.flow(at)
	if s.Play.turned(at) {
		m.turn()
	}
	m.cut(at, end)
	p := &s.Play
	if p.Mode != protocol.ModeApp && (p.FirstMs > 0 || p.Stalls > 0 || p.Errors > 0) {
		m.out = append(m.out, protocol.Event{Kind: protocol.Playback, Source: p.Source, MonoMs: at, Mode: p.Mode, Channel: p.Channel, Content: p.Content,
			StartMs: p.FirstMs, Stalls: min(p.Stalls, maxCount), StallMs: min(p.StallMs, protocol.MaxViewMs), Errors: min(p.Errors, maxCount),
			Error: p.Error, Trace: p.Trace})
	}
	s.Play = play{}
}

// firstFrame: the first picture is there. What stood still before belongs to
// the start.
func (m *Machine) firstFrame(at uint64, d *agent.Signal) {
	p := &m.st.Play
	p.Failed = 0
	p.measure(d)
	if p.FirstMs == 0 {
		if d.Position != nil && placed(p.Mode) && p.Start == p.Asked {
			p.Position = *d.Position + 1 // nothing was seen before it
		}
		p.FirstMs = min(max(at-p.Asked, 1), protocol.MaxViewMs) // 0 means that it was not seen
		p.Stalls, p.StallMs, p.Stall = 0, 0, 0
		return
	}
	m.flow(at)
}

func (m *Machine) stall(at uint64) {
	p := &m.st.Play
	if p.Stall == 0 {
		p.Stall = at + 1
		p.Stalls = min(p.Stalls+1, maxCount)
	}
}

// flow closes a stall, if there is one.
func (m *Machine) flow(at uint64) {
	p := &m.st.Play
	if p.Stall != 0 {
		p.StallMs += at - min(p.Stall-1, at)
		p.Stall = 0
	}
}

// fail: the player reports an error. Whether the play is over, what follows
// tells.
func (m *Machine) fail(at uint64, code string) {
	p := &m.st.Play
	p.Errors = min(p.Errors+1, maxCount)
	p.Error = code
	if p.Failed == 0 {
		p.Failed = at + 1
	}
}

// speed changes how fast it plays; the player may tell where it is.
func (m *Machine) speed(at uint64, d *agent.Signal) {
	m.flow(at)
	p := &m.st.Play
	p.Failed = 0
	p.measure(d)
	told := uint64(0)
	if d.Position != nil && placed(p.Mode) {
		told = *d.Position + 1
	}
	if p.Speed == *d.Speed {
		if told != 0 {
			m.jump(at, told-1)
		}
		return
	}
	if told != 0 && p.Position == 0 && p.To == 0 { // it is known now where that began
		p.Position = p.from(told, -int64(at-p.Start))
	}
	m.cut(at, protocol.EndContinue)
	p.Speed = *d.Speed
	if told != 0 {
		p.Position = told
	}
}

// shift changes the mode of a play that goes on.
func (m *Machine) shift(at uint64, mode protocol.Mode) {
	p := &m.st.Play
	if p.Mode != mode {
		m.cut(at, protocol.EndContinue)
		p.Mode, p.Position, p.Length = mode, 0, 0
	}
}
