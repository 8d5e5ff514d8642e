package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"iptvdc/agent"
	"iptvdc/protocol"
)

// Recorder is where a Machine's events go; *agent.Recorder is one.
type Recorder interface {
	Enqueue(stored bool, note []byte, events ...protocol.Event) (agent.Ticket, error)
	Drop(k protocol.Kind, why protocol.Reason, n uint64)
}

// MachineConfig holds what a Machine needs. Dir, Alive and Log may be zero.
type MachineConfig struct {
	Recorder Recorder
	Session  *Session
	Clock    agent.Clock
	BootID   string
	// Dir is the agent's folder; "": alive marks and channels are not kept.
	Dir string
	// Alive is the least time between two alive marks while something plays;
	// 0: 60 s. While the box is merely on, marks are five times as far apart;
	// when many were written, they come every four minutes (allowance). It is
	// how much of a segment a power cut may cost.
	Alive time.Duration
	Log   *slog.Logger // nil: silent
}

const (
	defaultAlive = time.Minute
	idleAlive    = 5
	maxAlive     = time.Hour
	// maxEarly bounds the requests that wait for the outbox to open.
	maxEarly = 1000
	// soon is how long a mark waits for events that are not on flash yet.
	soon = time.Second
)

// Validate explains what is wrong with c.
func (c *MachineConfig) Validate() error {
	if c.Recorder == nil || c.Session == nil || c.Clock == nil || c.BootID == "" {
		return errors.New("machine: Recorder, Session, Clock and BootID must be set")
	}
	if c.Alive < 0 || c.Alive > maxAlive {
		return fmt.Errorf("alive: %v, allowed up to %v (0: %v)", c.Alive, maxAlive, defaultAlive)
	}
	return nil
}

// Machine makes events of signals: it knows whether the box is on, what plays
// since when, and which click led to it. DESIGN.md of package agent has its
// states and rules. Safe for concurrent use.
//
// Until the first signal of a boot that tells what the box does, the machine
// takes no part: events that are posted complete are all there is, and no power
// cut is told.
type Machine struct {
	cfg  MachineConfig
	wake chan struct{} // Run looks again when to do something

	saving sync.Mutex // held while marks are written
	alive  *alive     // nil: none are
	mark   []byte     // what the mark said at the start

	channels *channels

	mu     sync.Mutex
	ready  bool    // the state is known
	early  []*call // came before
	st     state
	out    []protocol.Event // of the call that is being done
	ticket agent.Ticket     // of what was recorded last
	begun  bool             // a play has begun in it: too dear to wait for a mark
	dirty  bool             // the state has changed since
	marked uint64           // when the state was kept last, as note or mark; 0: never
	marks  allowance        // of marks yet to be written
	short  uint64           // segments too short to be recorded
	ended  uint64           // when the last play's asset was over, plus 1; 0: something began since, or it is not known
	broken bool             // the last mark failed
	looked bool             // slept holds
	slept  uint64           // how long the box had been suspended at the last look
}

// call is one request with signals.
type call struct {
	deeds  []deed
	done   chan struct{} // closed when ticket and err hold
	ticket agent.Ticket
	err    error
}

// NewMachine reads what is kept in Dir, and ties the machine to its session:
// the session's Begin starts it. Call it before the recorder runs.
func NewMachine(cfg MachineConfig) (*Machine, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Alive == 0 {
		cfg.Alive = defaultAlive
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	m := &Machine{cfg: cfg, wake: make(chan struct{}, 1), channels: openChannels(cfg.Dir)}
	if cfg.Dir != "" {
		m.alive = openAlive(cfg.Dir)
		var err error
		if m.mark, err = m.alive.load(); err != nil {
			cfg.Log.Warn("the alive mark of the last run is not to be read", "error", err)
		}
	}
	cfg.Session.machine = m
	return m, nil
}

// Signals takes in what a page (page is set) or the middleware saw, all or
// nothing: nil means accepted, on flash at most one window later; with an order,
// a power event or an identity among what it led to, nil means stored. The
// order of the calls is the order of what happened. Errors: one that names the
// place and the field of what is wrong; agent.ErrFull; agent.ErrNotStored, if
// ctx ended first.
func (m *Machine) Signals(ctx context.Context, page bool, signals []agent.Signal) error {
	m.mu.Lock()
	// The clock is read under the lock: calls have rising times.
	now := m.cfg.Clock.MonoMs()
	deeds, err := parse(signals, source(page), now)
	if err != nil {
		m.mu.Unlock()
		return err
	}
	c := &call{deeds: deeds, done: make(chan struct{})}
	if m.ready {
		m.rested(now)
		m.take(c)
		m.stir()
	} else if len(m.early) < maxEarly {
		m.early = append(m.early, c)
	} else {
		m.mu.Unlock()
		m.cfg.Recorder.Drop(0, protocol.ReasonMemory, uint64(len(signals)))
		return agent.ErrFull
	}
	m.mu.Unlock()
	if !c.atOnce() {
		select {
		case <-c.done:
			return c.err
		default:
			return nil // it waits for the outbox to open
		}
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		return agent.ErrNotStored
	}
	if c.err != nil {
		return c.err
	}
	return c.ticket.Wait(ctx)
}

// atOnce reports whether a call may lead to something that is committed at once.
func (c *call) atOnce() bool {
	for i := range c.deeds {
		switch c.deeds[i].Signal.Signal {
		case "order", "standby", "wake", "shutdown", "identity":
			return true
		}
	}
	return false
}

// take does a call; it needs m.mu.
func (m *Machine) take(c *call) {
	for i := range c.deeds {
		m.react(&c.deeds[i])
	}
	c.ticket, c.err = m.flush(m.begun)
	m.begun = false
	close(c.done)
}

// flush hands over what came out, with the state that holds then; it needs m.mu.
// always: the state is kept even if nothing came out.
func (m *Machine) flush(always bool) (agent.Ticket, error) {
	good := m.out[:0]
	for i := range m.out {
		if err := m.out[i].Check(); err != nil {
			m.cfg.Log.Error("BUG: an event that cannot be recorded", "kind", m.out[i].Kind, "error", err)
			m.cfg.Recorder.Drop(m.out[i].Kind, protocol.ReasonInvalid, 1)
			continue
		}
		good = append(good, m.out[i])
	}
	m.out = nil
	if len(good) == 0 && !always {
		return agent.Ticket{}, nil
	}
	t, err := m.cfg.Recorder.Enqueue(false, m.copy(), good...)
	if err == nil { // the note tells what a mark would
		m.ticket, m.marked, m.dirty = t, max(m.st.Alive, 1), false
	}
	return t, err
}

// copy is the state as it is kept now; it needs m.mu.
func (m *Machine) copy() []byte {
	s := &m.st
	s.Seq++
	s.Alive = max(s.Alive, s.At, s.Sign, m.cfg.Clock.MonoMs())
	s.Serial = m.cfg.Session.serial.Load()
	return s.encode()
}

// stir makes Run look again.
func (m *Machine) stir() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Run cuts long segments and writes alive marks until ctx is done; then it keeps
// the state, so that a further start in this boot goes on with it, and a start
// in another boot knows that the agent ended in good order. With agent.ErrCut
// as the cause it ends as a power cut would. Let callers go first, and the
// recorder end after it.
func (m *Machine) Run(ctx context.Context) {
	for {
		wait := m.tick()
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			m.end(errors.Is(context.Cause(ctx), agent.ErrCut))
			return
		case <-m.wake:
			t.Stop()
		case <-t.C:
		}
	}
}

// end closes what is open; in good order it keeps the state first.
func (m *Machine) end(cut bool) {
	m.mu.Lock()
	if m.ready && m.st.Active && !cut {
		m.advance(m.cfg.Clock.MonoMs())
		m.st.Stopped = true
		if _, err := m.flush(true); err != nil {
			m.cfg.Log.Error("the state is not kept", "error", err)
		}
	}
	m.mu.Unlock()
	m.saving.Lock()
	defer m.saving.Unlock()
	if !cut {
		m.saveChannels()
	}
	if m.alive != nil {
		m.alive.close()
	}
}

// tick does what is due, and returns how long it may wait for the next.
func (m *Machine) tick() time.Duration {
	m.saving.Lock()
	defer m.saving.Unlock()
	m.saveChannels()
	m.mu.Lock()
	if !m.ready || !m.st.Active {
		m.mu.Unlock()
		return time.Hour
	}
	now := m.cfg.Clock.MonoMs()
	m.rested(now)
	m.advance(now)
	if len(m.out) > 0 {
		if _, err := m.flush(false); err != nil {
			m.cfg.Log.Error("a segment that was cut is not kept", "error", err)
		}
	}
	wait := m.due(now)
	if wait > 0 {
		m.mu.Unlock()
		return wait
	}
	// A mark says that what came before it is told: not before that is on flash.
	if !m.ticket.Durable() {
		m.mu.Unlock()
		return soon
	}
	text := m.copy()
	m.marked, m.dirty = max(now, 1), false
	m.marks.take(now)
	wait = m.due(now)
	m.mu.Unlock()
	if m.alive == nil {
		return wait
	}
	err := m.alive.save(text)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil && !m.broken {
		m.cfg.Log.Error("no alive mark: a power cut now costs the segment under way", "error", err)
	}
	m.broken = err != nil
	return wait
}

// due is how long it is until the next mark or cut; it needs m.mu.
func (m *Machine) due(now uint64) time.Duration {
	s := &m.st
	every := uint64(m.cfg.Alive.Milliseconds())
	next := uint64(protocol.MaxMonoMs)
	if m.marked == 0 && m.dirty {
		return 0
	}
	switch {
	case m.dirty || s.playing():
		next = m.marked + every
	case s.Power == powerOn:
		next = m.marked + idleAlive*every
	}
	next = max(next, now+m.marks.wait(now))
	if s.playing() {
		next = min(next, s.Play.Start+maxSegment)
		if s.Play.Turn != 0 && s.Play.Failed == 0 {
			next = min(next, s.Play.Turn-1+minSegment)
		}
		if s.Play.Failed != 0 {
			next = min(next, s.Play.Failed+graceMs)
		}
	}
	if next <= now {
		return 0
	}
	return min(time.Duration(next-now)*time.Millisecond, time.Hour)
}

func (m *Machine) saveChannels() {
	if err := m.channels.save(); err != nil {
		m.cfg.Log.Warn("the channel table is not kept", "error", err)
	}
}

// MachineStatus tells how a machine stands.
type MachineStatus struct {
	State   string   `json:"state"` // boot, off, standby, epg, live, timeshift, catchup, vod, trick, app
	TV      string   `json:"tv"`    // unknown, on, off
	Segment *Segment `json:"segment,omitempty"`
	Short   uint64   `json:"short_segments"` // not recorded since the start: shorter than a second
	Marks   uint64   `json:"alive_marks"`    // written since the start
}

// Status returns how the machine stands.
func (m *Machine) Status() MachineStatus {
	m.saving.Lock()
	var marks uint64
	if m.alive != nil {
		marks = m.alive.writes
	}
	m.saving.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	return MachineStatus{m.st.mood(), m.st.TV.shows().String(), m.st.segment(), m.short, marks}
}
