package session

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"iptvdc/agent"
	"iptvdc/protocol"
)

// Outbox is what a session asks of the keeper, an *outbox.Outbox.
type Outbox interface {
	agent.Keeper
	AppendBoot(boot uint32, id string, note []byte, events ...protocol.Event) error
	Note() []byte
	Boot() (boot uint32, id string)
	Epoch() uint64
	Lost() uint64
}

// Config of a Session.
type Config struct {
	// BootID is the kernel's id of this boot.
	BootID string
	Clock  agent.Clock
	// Identity is who the box is at the start: Account, STBID, MAC, Province,
	// City, Model, Firmware.
	Identity protocol.Event
	// Agent is the version of the agent, which its power-ons tell [P-3.13]; "": none.
	Agent string
	// Anonymous, if set, reports whether account, STBID and MAC stay on the box:
	// identities are then recorded without them. A change is told before the
	// next event.
	Anonymous func() bool
	// Rand starts the boot counter of a box without a memory.
	Rand io.Reader
}

// Session implements agent.Session; Boot and Synced may be called from
// anywhere.
type Session struct {
	cfg    Config
	boot   atomic.Uint32
	serial atomic.Uint32
	epoch  uint64 // in which the identity was told last
	hidden bool   // it was told without account, STBID and MAC
	// machine is set before Begin; nil: nobody keeps the box's state.
	machine *Machine
	// begin holds what Begin records of a new boot until it has: after an error
	// the same must be recorded again.
	begin *bootRecord

	mu     sync.Mutex
	who    protocol.Event
	record func(context.Context, bool, ...protocol.Event) error
	offset int64 // centre's clock minus this boot's, as it was recorded last
	synced bool
}

// New returns a session for this boot.
func New(cfg Config) (*Session, error) {
	if cfg.BootID == "" || cfg.Clock == nil || cfg.Rand == nil {
		return nil, errors.New("session: BootID, Clock and Rand must be set")
	}
	if cfg.Agent != "" && !protocol.IsAgent(cfg.Agent) {
		return nil, fmt.Errorf("session: the agent's version is %q; it must be one word of 1 to 64 plain characters", cfg.Agent)
	}
	cfg.Identity.Kind = protocol.Identity
	if err := cfg.Identity.Check(); err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	return &Session{cfg: cfg, who: cfg.Identity}, nil
}

// bootRecord is what one commit says of a new boot.
type bootRecord struct {
	boot   uint32
	note   []byte
	events []protocol.Event
}

// RecordWith sets where Synced records; before that it does nothing.
func (s *Session) RecordWith(record func(ctx context.Context, stored bool, events ...protocol.Event) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record = record
}

// Boot is the boot counter; 0 until Begin has read it.
func (s *Session) Boot() uint32 { return s.boot.Load() }

// Identity is who the box is now.
func (s *Session) Identity() protocol.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.who
}

// Begin implements agent.Session. A boot id that the outbox has not seen is a
// new boot: the counter rises by one, and power-on is recorded, in one commit
// with the note of the boot. The same id means that only this program was
// started again. A box without a memory starts at a random counter, so that
// boots of two lives are not taken for one.
//
// If a Machine kept the state of the boot before and did not see it end, what
// was under way then is closed and the power-off told first, in the same commit:
// so a power cut is told once, whatever happens meanwhile.
func (s *Session) Begin(k agent.Keeper) error {
	o, ok := k.(Outbox)
	if !ok {
		return fmt.Errorf("session: %T keeps no boots", k)
	}
	boot, id := o.Boot()
	if s.begin == nil && boot != 0 && id == s.cfg.BootID {
		s.boot.Store(boot)
		if err := o.Append(s.tell(o.Epoch(), s.cfg.Clock.MonoMs())...); err != nil {
			return err
		}
		s.resume(o.Note())
		return nil
	}
	if s.begin == nil {
		if err := s.newBoot(o, boot, id); err != nil {
			return err
		}
	}
	r := s.begin
	if err := o.AppendBoot(r.boot, s.cfg.BootID, r.note, r.events...); err != nil {
		return err
	}
	s.begin = nil
	s.resume(r.note)
	return nil
}

// newBoot works out what is to be recorded of a boot that follows boot, whose
// kernel's id was id.
func (s *Session) newBoot(o Outbox, boot uint32, id string) error {
	r := &bootRecord{}
	if s.machine != nil {
		r.events, r.note = s.machine.past(boot, id, o.Note()), s.machine.fresh()
	}
	if boot == 0 {
		var b [4]byte
		if _, err := io.ReadFull(s.cfg.Rand, b[:]); err != nil {
			return fmt.Errorf("session: boot counter: %w", err)
		}
		boot = binary.BigEndian.Uint32(b[:]) >> 1
	}
	r.boot = boot + 1
	s.boot.Store(r.boot)
	// The kernel started counting when power came.
	on := protocol.Event{Kind: protocol.PowerOn, Cause: protocol.CauseBoot}
	r.events = append(append(r.events, s.tell(o.Epoch(), 0)...), s.stamped(on))
	s.begin = r
	return nil
}

// resume starts the machine, if there is one, with what was kept of this boot.
func (s *Session) resume(note []byte) {
	if s.machine != nil {
		s.machine.resume(note)
	}
}

// tell returns the identity, to be recorded in epoch before any event [D9].
func (s *Session) tell(epoch, monoMs uint64) []protocol.Event {
	s.mu.Lock()
	who := s.who
	s.mu.Unlock()
	who.MonoMs = monoMs
	s.epoch, s.hidden = epoch, s.anonymous()
	return []protocol.Event{s.stamped(who)}
}

func (s *Session) anonymous() bool { return s.cfg.Anonymous != nil && s.cfg.Anonymous() }

// Preface implements agent.Session.
func (s *Session) Preface(k agent.Keeper) []protocol.Event {
	o, ok := k.(Outbox)
	if !ok {
		return nil
	}
	var events []protocol.Event
	if e := o.Epoch(); e != s.epoch || s.anonymous() != s.hidden {
		events = s.tell(e, s.cfg.Clock.MonoMs())
	}
	if n := o.Lost(); n > 0 {
		events = append(events, protocol.Event{Kind: protocol.OutboxLost, Count: n, MonoMs: s.cfg.Clock.MonoMs()})
	}
	return events
}

func (s *Session) stamped(e protocol.Event) protocol.Event {
	s.Stamp(&e)
	return e
}

// Stamp implements agent.Session. An identity event becomes the identity in
// force: what it does not name stays as it was. A power-on tells the agent's version.
func (s *Session) Stamp(e *protocol.Event) {
	e.Boot = s.boot.Load()
	if e.Kind == protocol.Identity {
		s.mu.Lock()
		keep(&e.Account, s.who.Account)
		keep(&e.STBID, s.who.STBID)
		keep(&e.MAC, s.who.MAC)
		keep(&e.Model, s.who.Model)
		keep(&e.Firmware, s.who.Firmware)
		if e.City == 0 && e.Province == s.who.Province {
			e.City = s.who.City
		}
		s.who = *e
		s.mu.Unlock()
		if s.hidden {
			e.Account, e.STBID, e.MAC = "", "", ""
		}
		s.serial.Store(protocol.IdentitySerial(e))
	}
	if e.Kind == protocol.PowerOn {
		e.Agent = s.cfg.Agent
	}
	e.Serial = s.serial.Load()
}

func keep(v *string, before string) {
	if *v == "" {
		*v = before
	}
}

// Synced takes what an ack told of the centre's clock, and records it once a
// boot and when the offset has moved by more than a second [D8].
func (s *Session) Synced(serverMs, monoMs uint64) {
	offset := int64(serverMs) - int64(monoMs)
	s.mu.Lock()
	moved := offset - s.offset
	if s.synced && moved >= -1000 && moved <= 1000 || s.record == nil {
		s.mu.Unlock()
		return
	}
	s.synced, s.offset = true, offset
	record := s.record
	s.mu.Unlock()
	e := protocol.Event{Kind: protocol.ClockSync, MonoMs: monoMs, WallMs: serverMs, Clock: protocol.ClockServer}
	if e.Check() != nil {
		return
	}
	if err := record(context.Background(), false, e); err != nil {
		s.mu.Lock()
		s.synced = false // the next ack tells again
		s.mu.Unlock()
	}
}
