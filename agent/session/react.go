package session

import (
	"iptvdc/protocol"
)

// react brings the state past d, and puts what is to be recorded into m.out.
func (m *Machine) react(d *deed) {
	s := &m.st
	// Reporters are not in step with one another: what changes the state never
	// comes before the change before it.
	at := max(d.at, s.At)
	m.advance(at)
	s.Stopped = false
	switch d.Signal.Signal {
	case "channels":
		m.channels.learn(d.Channels)
		return
	case "identity":
		m.identify(d, at)
		return
	case "tv":
		m.watchTV(at, d.tv)
		return
	}
	s.Active = true
	m.dirty = true
	m.reactPower(d, at)
	if !m.reactPage(d, at) {
		m.reactPlayer(d, at)
	}
}

// reactPower: the box goes on and off. Who chooses something on a box that is
// off has switched it on, whether that was told or not; a page may also load
// itself, keys are told late, and what is dated before the end came late as well.
func (m *Machine) reactPower(d *deed, at uint64) {
	s := &m.st
	switch d.Signal.Signal {
	case "wake", "play", "app", "click":
		if s.Power != powerOn && (d.Signal.Signal == "wake" || d.at > s.At) {
			m.out = append(m.out, protocol.Event{Kind: protocol.PowerOn, Cause: protocol.CauseWake, Source: d.by, MonoMs: at})
			s.Power, s.At = powerOn, at
			s.viewed(at)
		}
	case "standby":
		m.off(d, at, powerStandby, protocol.EndStandby, protocol.CauseStandby)
	case "shutdown":
		m.off(d, at, powerOff, protocol.EndPowerOff, protocol.CauseShutdown)
	}
}

func (m *Machine) off(d *deed, at uint64, to power, end protocol.End, cause protocol.Cause) {
	s := &m.st
	m.finish(at, end)
	if s.Power == powerOn {
		m.out = append(m.out, protocol.Event{Kind: protocol.PowerOff, Cause: cause, Source: d.by, MonoMs: at})
		s.At = at
	}
	s.Power = max(s.Power, to)
}

// reactPage handles what pages show and viewers do there; false: it was
// something else. These events are dated as they were told.
func (m *Machine) reactPage(d *deed, at uint64) bool {
	s, e := &m.st, d.event
	switch d.Signal.Signal {
	case "page":
		if s.Play.Mode == protocol.ModeApp { // an application has the whole screen, or none of it
			m.finish(at, protocol.EndStop)
		}
	case "click":
		e.Trace = s.clicked(d.at, d.Content)
	case "order_page":
		e.Trace = s.traceOrderPage(d.at)
	case "order":
		e.Trace = s.traceOrder(d.at)
	case "seen":
	default:
		return false
	}
	if d.Signal.Signal != "seen" && s.Power == powerOn {
		s.viewed(d.at)
	}
	m.out = append(m.out, e)
	return true
}

// reactPlayer handles what the player was asked and reports.
func (m *Machine) reactPlayer(d *deed, at uint64) {
	s := &m.st
	switch d.Signal.Signal {
	case "play":
		m.play(d, at, d.mode)
		return
	case "app":
		m.play(d, at, protocol.ModeApp)
		return
	case "keys":
		if s.Power == powerOn {
			s.viewed(d.at)
			s.Play.Keys = min(s.Play.Keys+min(d.Keys, maxCount), maxCount) // of no play: forgotten with the next
		}
		return
	}
	if !s.playing() {
		return
	}
	s.At = at
	switch d.Signal.Signal {
	case "first_frame":
		m.firstFrame(at, &d.Signal)
	case "speed":
		s.viewed(at)
		m.speed(at, &d.Signal)
	case "seek":
		s.viewed(at)
		s.Play.measure(&d.Signal)
		m.jump(at, *d.Position)
	case "shift":
		if s.Play.Mode == protocol.ModeLive || s.Play.Mode == protocol.ModeTimeshift {
			m.shift(at, d.mode)
		}
	case "stall":
		m.stall(at)
	case "flow":
		s.Play.Failed = 0
		m.flow(at)
	case "error":
		m.fail(at, d.Error)
	case "end":
		m.finish(at, protocol.EndFinished)
		m.ended = at + 1
	case "stop":
		s.viewed(at)
		m.finish(at, protocol.EndStop)
	}
}

// play begins what the player or the screen was asked for.
func (m *Machine) play(d *deed, at uint64, mode protocol.Mode) {
	s := &m.st
	if s.Power != powerOn {
		return
	}
	p := play{Mode: mode, Source: d.by, Channel: d.Channel, Content: d.Content}
	p.measure(&d.Signal)
	if d.Position != nil {
		p.Position = *d.Position + 1
	}
	if p.Channel == "" && d.Number != 0 {
		p.Channel = m.channels.id(d.Number)
	}
	p.Trace = s.tracePlay(at, d.Content)
	if !m.byItself(at) {
		s.viewed(at) // before the end of what played: the choice is the sign
	}
	m.ended = 0
	m.finish(at, protocol.EndZap)
	m.begin(at, p)
}

// followMs is how soon after an asset's end the next one follows by itself.
const followMs = 60 * 1000

// byItself reports whether a play at time at is nobody's choice: an asset has just
// ended, and nobody has done anything since.
func (m *Machine) byItself(at uint64) bool {
	return m.ended != 0 && m.st.Sign < m.ended && at < m.ended+followMs && !m.st.playing()
}

// identify tells who the box is now, if that is news. What plays goes on in a
// new part: a part belongs to one account.
func (m *Machine) identify(d *deed, at uint64) {
	who := m.cfg.Session.Identity()
	e := d.event
	changes := false
	for _, f := range [][2]string{{e.Account, who.Account}, {e.STBID, who.STBID}, {e.MAC, who.MAC}, {e.Model, who.Model}, {e.Firmware, who.Firmware}} {
		changes = changes || f[0] != "" && f[0] != f[1]
	}
	if !changes {
		return
	}
	if m.st.playing() && e.Account != "" && e.Account != who.Account {
		m.cut(at, protocol.EndContinue)
	}
	e.Province = who.Province
	m.out = append(m.out, e)
}

// mood is the state as a person calls it.
func (s *state) mood() string {
	switch p := &s.Play; {
	case s.Power == powerOff:
		return "off"
	case s.Power == powerStandby:
		return "standby"
	case p.Mode == protocol.ModeApp || p.Mode == protocol.ModeLive:
		return p.Mode.String()
	case s.playing() && p.Speed != 100:
		return "trick"
	case s.playing():
		return p.Mode.String()
	case s.Active:
		return "epg"
	}
	return "boot"
}

// Segment is what is under way, for the status.
type Segment struct {
	Mode    string `json:"mode"`
	Channel string `json:"channel,omitempty"`
	Content string `json:"content,omitempty"`
	SinceMs uint64 `json:"since_ms"` // on the boot's clock
	Speed   int32  `json:"speed"`    // percent
	Part    uint32 `json:"part"`
	Trace   uint32 `json:"trace,omitempty"`
	TV      string `json:"tv"`
	// PositionMs is where in the asset it began, plus 1; 0: not known.
	PositionMs uint64 `json:"position_ms,omitempty"`
}

func (s *state) segment() *Segment {
	p := &s.Play
	if !s.playing() {
		return nil
	}
	return &Segment{p.Mode.String(), p.Channel, p.Content, p.Start, p.Speed, p.Part, p.Trace, p.TV.String(), p.Position}
}
