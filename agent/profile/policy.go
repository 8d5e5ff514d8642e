package profile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"iptvdc/agent"
	"iptvdc/protocol"
)

// Config of a Policy. Box, Province and Clock must be set.
type Config struct {
	// Dir is the agent's folder; "" keeps nothing over restarts.
	Dir      string
	Keys     protocol.Keys // none: profiles are ignored, what is built in holds
	Box      string
	Province uint8
	Group    string // the box's own beside all, as its model; may be empty
	Clock    agent.Clock
	// Built is what holds without a profile.
	Built Settings
	Log   *slog.Logger // nil: silent
}

// Hooks are what a Policy sets off; Run calls them, one at a time.
type Hooks struct {
	// Apply makes settings hold. It is called at the start and at each change.
	Apply func(Settings)
	// Tell records a running event.
	Tell func(protocol.Event)
	// Report carries the command of that name out: tell health, send all now.
	Report func()
}

// Policy is what a box goes by now. Its methods may be called from anywhere; Run
// does the work. Down, Synced and what asks for what holds never wait; Stats, and
// Admit of a playback with errors, wait while a profile is written to flash.
type Policy struct {
	cfg  Config
	now  atomic.Pointer[effective]
	down chan packet
	wake chan struct{}

	offset atomic.Pointer[int64] // centre's clock minus this boot's; nil: not known
	missed atomic.Uint64

	mu    sync.Mutex // guards what follows; hooks are called without it
	store *Store
	last  *protocol.Profile // in force at the last step
	bad   troubles
	told  []uint64 // when refusals were told, mono ms
	stats Stats
}

type packet struct {
	topic string
	bytes []byte
}

// Stats of a Policy; counters run since Open.
type Stats struct {
	Keys     int    `json:"keys"`              // 0: profiles are ignored
	Version  uint64 `json:"version"`           // in force; 0: what is built in
	Expires  uint64 `json:"expires,omitempty"` // UTC ms
	Packets  uint64 `json:"packets"`           // came in
	Applied  uint64 `json:"applied"`
	Refused  uint64 `json:"refused"`
	Missed   uint64 `json:"missed"` // packets for which there was no room; they come again
	Why      string `json:"why,omitempty"`
	Trigger  int    `json:"trigger,omitempty"`
	Quiet    bool   `json:"quiet,omitempty"`
	Sampling bool   `json:"sampling,omitempty"` // some kind is not recorded on this box
}

const (
	// maxDown packets wait for Run; more are retained by the broker anyway.
	maxDown = 8
	// maxRefusals an hour are told by events, so that a broker gone wild does not
	// fill the flash; all are counted.
	maxRefusals = 10
)

// Open reads what was kept and works out what holds, before anything else of
// the agent runs.
func Open(cfg Config) (*Policy, error) {
	if cfg.Clock == nil {
		return nil, errors.New("profile: Clock must be set")
	}
	if err := protocol.CheckBox(cfg.Box); err != nil {
		return nil, err
	}
	if cfg.Group != "" {
		if err := protocol.CheckGroup(cfg.Group); err != nil {
			return nil, err
		}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	p := &Policy{cfg: cfg, down: make(chan packet, maxDown), wake: make(chan struct{}, 1)}
	dir := cfg.Dir
	if len(cfg.Keys) == 0 {
		dir = "" // what was kept must not hold unchecked, nor be lost
	}
	var err error
	if p.store, err = OpenStore(dir, cfg.Keys, cfg.Province, cfg.Box, cfg.Group); err != nil {
		cfg.Log.Error("the kept profile is not used", "error", err)
	}
	p.refreshLocked()
	return p, nil
}

// Topics are what to listen to; none without keys.
func (p *Policy) Topics() []string {
	if len(p.cfg.Keys) == 0 {
		return nil
	}
	return p.store.Topics()
}

// Down takes a packet that came on a topic. It owns the packet.
func (p *Policy) Down(topic string, bytes []byte, _ uint64) {
	select {
	case p.down <- packet{topic, bytes}:
	default:
		p.missed.Add(1)
	}
}

// Synced takes what the centre's clock (UTC ms) was at a moment of this boot's.
func (p *Policy) Synced(serverMs, monoMs uint64) {
	offset := int64(serverMs) - int64(monoMs)
	if p.offset.Swap(&offset) == nil {
		p.nudge()
	}
}

func (p *Policy) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Settings are what holds now; its lists are not to be changed.
func (p *Policy) Settings() Settings { return p.now.Load().Settings }

// Anonymous reports whether account, STBID and MAC stay on the box.
func (p *Policy) Anonymous() bool { return p.now.Load().Anonymous }

// Records reports whether this box records events of a kind now.
func (p *Policy) Records(k protocol.Kind) bool { return p.now.Load().records[k] }

// Admit implements agent.Filter: Records, and errors of plays pull triggers,
// recorded or not.
func (p *Policy) Admit(e *protocol.Event) bool {
	if e.Kind == protocol.Playback && e.Errors > 0 {
		p.played(e.Errors)
	}
	return p.Records(e.Kind)
}

func (p *Policy) played(errors uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	in := p.store.InForce()
	if in == nil || len(in.Triggers) == 0 {
		return
	}
	if p.bad.add(in.Triggers, errors, p.cfg.Clock.MonoMs()) {
		p.refreshLocked() // for the very next event
		p.nudge()         // Run tells the other parts
	}
}

// Stats tells how the policy stands.
func (p *Policy) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, e := p.stats, p.now.Load()
	s.Missed = p.missed.Load()
	s.Keys, s.Version, s.Trigger, s.Quiet = len(p.cfg.Keys), e.Version, e.Trigger, e.Quiet
	for _, k := range protocol.Kinds() {
		s.Sampling = s.Sampling || !e.records[k]
	}
	if in := p.store.InForce(); in != nil {
		s.Expires = in.ExpiresMs
	}
	return s
}

// CentreMs is the centre's time, 0 if it is not known.
func (p *Policy) CentreMs() uint64 {
	offset := p.offset.Load()
	if offset == nil {
		return 0
	}
	return uint64(max(0, int64(p.cfg.Clock.MonoMs())+*offset))
}

// refreshLocked works out what holds now and returns it.
func (p *Policy) refreshLocked() *effective {
	in := p.store.InForce()
	if in != p.last {
		n := 0
		if in != nil {
			n = len(in.Triggers)
		}
		p.bad.reset(n)
		p.last = in
	}
	trigger, _ := p.bad.holding(p.cfg.Clock.MonoMs())
	quiet, now := false, p.CentreMs()
	if in != nil && now > 0 {
		for _, s := range in.Quiet {
			quiet = quiet || s.Holds(now)
		}
	}
	e := effect(&p.cfg.Built, in, trigger, quiet, p.cfg.Box)
	p.now.Store(e)
	return e
}

// Run takes packets in and follows the time until ctx is done.
func (p *Policy) Run(ctx context.Context, h Hooks) {
	settings := p.Settings()
	h.Apply(settings)
	var told []Outcome
	for {
		settings = p.step(h, settings, told)
		told = nil
		p.mu.Lock()
		wait := p.waitLocked()
		p.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case d := <-p.down:
			told = p.take(d)
		case <-p.wake:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// waitLocked is how long nothing changes by itself, a minute at most: timers
// stand still while a box sleeps.
func (p *Policy) waitLocked() time.Duration {
	wait := uint64(time.Minute / time.Millisecond)
	mono := p.cfg.Clock.MonoMs()
	if _, until := p.bad.holding(mono); until > 0 {
		wait = min(wait, until-mono)
	}
	if now := p.CentreMs(); now > 0 {
		if e := p.store.NextExpiry(); e > 0 {
			wait = min(wait, max(e, now)-now)
		}
		if in := p.store.InForce(); in != nil && len(in.Quiet) > 0 {
			wait = min(wait, 60_000-now%60_000) // spans begin and end with a minute
		}
	}
	return time.Duration(wait+1) * time.Millisecond
}

// take judges one packet and returns what is to be told.
func (p *Policy) take(d packet) []Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Packets++
	o := p.store.Apply(d.topic, d.bytes, p.CentreMs())
	p.refreshLocked() // for the very next event
	if !p.noteLocked(o) {
		return nil
	}
	return []Outcome{o}
}

// step ends what has expired, has the parts follow what changed since settings,
// tells outcomes, and carries a command out.
func (p *Policy) step(h Hooks, settings Settings, told []Outcome) Settings {
	p.mu.Lock()
	now := p.CentreMs()
	told = append(told, p.store.Expire(now)...)
	var due *protocol.Command
	if now > 0 {
		due = p.store.Due()
	}
	e := p.refreshLocked().Settings
	p.mu.Unlock()
	if !e.equal(&settings) {
		p.cfg.Log.Info("settings", "profile", e.Version, "window", e.Window, "batch_age", e.BatchAge, "quiet", e.Quiet, "anonymous", e.Anonymous, "trigger", e.Trigger)
		h.Apply(e)
	}
	for _, o := range told {
		p.tell(h, o)
	}
	if due != nil {
		p.answer(h, due, e.Version)
	}
	return e
}

// answer carries a command out and notes that it did, in this order: a crash
// between repeats it.
func (p *Policy) answer(h Hooks, c *protocol.Command, version uint64) {
	p.tell(h, Outcome{State: protocol.ProfileAnswered, Version: version, Why: fmt.Sprintf("command %d", c.Version)})
	h.Report()
	p.mu.Lock()
	err := p.store.Done()
	p.mu.Unlock()
	if err != nil {
		p.cfg.Log.Error("the command may be carried out again", "error", err)
	}
}

// noteLocked counts an outcome and reports whether it is to be told.
func (p *Policy) noteLocked(o Outcome) bool {
	switch o.State {
	case protocol.ProfileUnknown:
		return false
	case protocol.ProfileApplied:
		p.stats.Applied++
	case protocol.ProfileRefused:
		p.stats.Refused++
		p.stats.Why = o.Why
		const hour = 3600_000
		mono := p.cfg.Clock.MonoMs()
		for len(p.told) > 0 && p.told[0]+hour <= mono {
			p.told = p.told[1:]
		}
		if len(p.told) >= maxRefusals {
			return false
		}
		p.told = append(p.told, mono)
	}
	return true
}

func (p *Policy) tell(h Hooks, o Outcome) {
	p.cfg.Log.Info("profile", "state", o.State, "version", o.Version, "why", o.Why)
	if len(o.Why) > protocol.MaxString {
		o.Why = strings.ToValidUTF8(o.Why[:protocol.MaxString-3], "") + "..."
	}
	h.Tell(protocol.Event{Kind: protocol.Running, MonoMs: p.cfg.Clock.MonoMs(), Version: o.Version, State: o.State, Why: strings.ToValidUTF8(o.Why, "?")})
}
