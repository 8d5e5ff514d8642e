package session

import (
	"iptvdc/agent"
	"iptvdc/protocol"
)

// Where in its asset a play is, told as protocol.Event.PositionMs is: plus 1; 0:
// not known [P-3.11].

// nearMs is how far a player may tell another place than the one it was thought
// to be at before that is a jump: players tell whole seconds.
const nearMs = 2000

// firstPartMs is the shortest first part that a jump or the television may leave
// behind: the centre takes no shorter one for a play.
const firstPartMs = 4000

// placed reports whether what plays has places: neither channels nor
// applications do.
func placed(mode protocol.Mode) bool {
	return mode == protocol.ModeTimeshift || mode == protocol.ModeCatchup || mode == protocol.ModeVOD
}

// seconds rounds up.
func seconds(ms uint64) uint32 { return uint32((ms + 999) / 1000) }

// from is position moved by ms at the speed of p, backwards if ms is negative;
// 0 stays 0.
func (p *play) from(position uint64, ms int64) uint64 {
	if position == 0 {
		return 0
	}
	most := int64(protocol.MaxAssetMs - 1)
	if p.Length > 0 {
		most = min(most, 1000*int64(p.Length))
	}
	return uint64(min(max(int64(position)-1+ms*int64(p.Speed)/100, 0), most)) + 1
}

// here is the position at time at, not before the segment's start.
func (p *play) here(at uint64) uint64 {
	if p.To != 0 {
		return p.from(p.To, int64(at-min(p.Turn-1, at)))
	}
	return p.from(p.Position, int64(at-p.Start))
}

// measure takes in how long the player says that the asset is.
func (p *play) measure(d *agent.Signal) {
	if d.Length > 0 && placed(p.Mode) {
		p.Length = seconds(d.Length)
	}
}

// jump: the player goes on at another place, to, from time at on. The part before
// it ends when the part behind it has lasted a second; see turn.
func (m *Machine) jump(at, to uint64) {
	p := &m.st.Play
	if !placed(p.Mode) {
		return
	}
	if now := p.here(at); now != 0 && max(now, to+1)-min(now, to+1) <= nearMs {
		return
	}
	p.To = to + 1
	if p.Turn == 0 {
		p.Turn = at + 1
	}
}

// turned reports whether the change that waits is due at time now: the part
// behind it is long enough to be recorded.
func (p *play) turned(now uint64) bool { return p.Turn != 0 && now >= p.Turn-1+minSegment }

// turn cuts the segment where the television changed or the player jumped. A part
// too short to be recorded, or to count as a play, is not cut off: what comes
// behind it is most of it.
func (m *Machine) turn() {
	s := &m.st
	p := &s.Play
	at, least := p.Turn-1, uint64(minSegment)
	if p.Part == 0 {
		least = firstPartMs
	}
	if at-p.Start >= least {
		m.cut(at, protocol.EndContinue)
		return
	}
	if p.To != 0 {
		p.Position = p.from(p.To, -int64(at-p.Start))
	}
	p.TV, p.To, p.Turn = s.TV.shows(), 0, 0
}
