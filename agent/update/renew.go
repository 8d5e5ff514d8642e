package update

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"iptvdc/protocol"
)

// allowed reports whether now is in the hours for updates.
func (u *Updater) allowed() bool {
	if u.cfg.Hours == nil {
		return true
	}
	var now uint64
	if u.cfg.Centre != nil {
		now = u.cfg.Centre()
	}
	return now > 0 && u.cfg.Hours.Holds(now)
}

// Look asks for an update, fetches it and has it started; true: the program was
// told to end. What does not work out now is tried again at the next look.
func (u *Updater) Look(ctx context.Context) (ended bool) {
	err := u.renew(ctx, &ended)
	u.tellNotes(ctx)
	u.mu.Lock()
	u.stats.Looks++
	u.stats.Last = ""
	if err != nil {
		u.stats.Last = err.Error()
	}
	u.mu.Unlock()
	var no refusal
	switch {
	case ended:
		u.cfg.Restart("update: a new version takes its turn")
	case err == nil, errors.Is(err, errHours), ctx.Err() != nil:
	case errors.As(err, &no):
		u.log.Warn("update: refused", "why", string(no))
	default:
		u.log.Info("update: not now", "error", err)
	}
	return ended
}

func (u *Updater) renew(ctx context.Context, ended *bool) error {
	s, err := u.disk.load()
	if err != nil {
		return err
	}
	switch {
	case s.Trial != nil:
		return errors.New("another version is on trial")
	case !u.allowed():
		return errHours
	}
	from := max(u.running(&s), s.Failed, u.cfg.Place.Image.Release)
	packet, err := u.offer(ctx, from)
	if err != nil || packet == nil {
		return err
	}
	m, err := u.accept(packet)
	if err != nil || m == nil {
		return err
	}
	u.tellNotes(ctx)
	slot, err := u.install(ctx, packet, m)
	var no refusal
	if errors.As(err, &no) {
		return u.refuse(m.Version, no)
	}
	if err != nil {
		return err
	}
	u.tellNotes(ctx)
	again, err := u.offer(ctx, from) // it may have been halted meanwhile
	if err != nil {
		return err
	}
	if !bytes.Equal(again, packet) {
		return errors.New("the version that was fetched is not offered any more; it waits")
	}
	if !u.allowed() {
		return errHours
	}
	return u.disk.change(func(s *State) bool {
		s.Ready = ""
		s.Trial = &Trial{Slot: slot, Version: m.Version}
		*ended = true
		return true
	})
}

// accept judges an offer and notes what came of that; nil: nothing to do.
func (u *Updater) accept(packet []byte) (*protocol.Manifest, error) {
	var now uint64
	if u.cfg.Centre != nil {
		now = u.cfg.Centre()
	}
	var m protocol.Manifest
	var none bool
	var why error
	err := u.disk.change(func(s *State) bool {
		seen := s.Seen
		m, none, why = s.judge(packet, u.cfg.Keys, u.running(s), &u.cfg.Self, &u.cfg.Place.Image, u.cfg.Model, now)
		switch {
		case why != nil:
			return s.refuse(m.Version, why.Error())
		case none:
			return false
		}
		s.take(&m)
		return s.Seen != seen
	})
	switch {
	case err != nil:
		return nil, err
	case why != nil:
		return nil, refusal(why.Error())
	case none:
		return nil, nil
	}
	return &m, nil
}

// refuse notes a refusal.
func (u *Updater) refuse(version uint64, why refusal) error {
	if err := u.disk.change(func(s *State) bool { return s.refuse(version, string(why)) }); err != nil {
		return err
	}
	return why
}

// install sees that a program is whole in the spare slot. A cut at any moment
// leaves what runs as it is, and what was fetched.
func (u *Updater) install(ctx context.Context, packet []byte, m *protocol.Manifest) (slot string, err error) {
	s, err := u.disk.load()
	if err != nil {
		return "", err
	}
	slot = s.spare()
	program := u.disk.program(slot)
	if whole(program, m) != nil {
		if err := u.makeRoom(m); err != nil {
			return "", err
		}
		atOnce, err := u.fetch(ctx, m)
		if err != nil {
			return "", err
		}
		part := partName + m.SHA256
		if err := whole(u.disk.path(part), m); err != nil {
			return "", u.spoiled(m, err, atOnce)
		}
		// Nothing may start from the slot while its program changes.
		if err := u.disk.change(func(s *State) bool {
			had := s.packet(slot) != nil
			s.clear(slot)
			return had
		}); err != nil {
			return "", err
		}
		if err := os.Chmod(u.disk.path(part), 0o700); err != nil {
			return "", err
		}
		if err := errors.Join(u.disk.rename(part, slotName+slot), u.disk.syncDir()); err != nil {
			return "", err
		}
	}
	return slot, u.disk.change(func(s *State) bool {
		if s.Ready == slot && bytes.Equal(s.packet(slot), packet) {
			return false
		}
		s.setPacket(slot, packet)
		if s.Before == slot {
			s.Before = ""
		}
		s.Ready = slot
		s.note(protocol.UpdateDownloaded, m.Version, "")
		return true
	})
}

// spoiled throws a download away whose hash is wrong. From another place the next
// may be right; after some that no crash came into, the version is given up.
func (u *Updater) spoiled(m *protocol.Manifest, why error, atOnce bool) error {
	u.place++
	var given bool
	err := u.disk.change(func(s *State) bool {
		if !atOnce {
			return false
		}
		s.Spoiled++
		if given = s.Spoiled >= MaxSpoiled; given {
			s.Failed = max(s.Failed, m.Version)
		}
		return true
	})
	err = errors.Join(err, u.disk.remove(u.disk.path(partName+m.SHA256)))
	if err != nil {
		return err
	}
	if given {
		return refusal(fmt.Sprintf("%v, %d times", why, MaxSpoiled))
	}
	return why
}
