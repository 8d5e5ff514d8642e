package update

import (
	"fmt"
	"slices"

	"iptvdc/protocol"
)

// Program is what an agent says of itself, for others to fit.
type Program struct {
	Agent string // its version, one word
	Build string // as protocol.Builds
	// Outbox is the format of the outbox that it writes, OutboxMin the lowest
	// format whose agents still read that.
	Outbox    uint64
	OutboxMin uint64
	// Release is the version that an image's program has as an update, 0 if it was
	// built without: updates up to it are nothing new.
	Release uint64
}

// reads reports why p could not read an outbox in a format that says of itself
// which is the lowest that still reads it.
func (p *Program) reads(format, lowest uint64) error {
	switch {
	case p.Outbox >= format:
		return nil // everybody reads every format before
	case p.Outbox >= lowest:
		return nil
	}
	return fmt.Errorf("format %d is not read by %s, which knows format %d", format, p.Agent, p.Outbox)
}

// judge says why a manifest that was offered is not taken; "": it is. None says
// that it is nothing new. NowMs is the centre's time, 0 if it is not known.
func (s *State) judge(packet []byte, keys protocol.Keys, running uint64, self, image *Program, model string, nowMs uint64) (m protocol.Manifest, none bool, err error) {
	m, key, err := protocol.OpenManifest(packet, s.usable(keys))
	if err != nil {
		if slices.Contains(s.Retired, key) {
			return m, false, fmt.Errorf("key: %d was retired", key)
		}
		return m, false, err
	}
	refuse := func(format string, args ...any) (protocol.Manifest, bool, error) {
		return m, false, fmt.Errorf(format, args...)
	}
	switch {
	case m.Version < s.Seen:
		return refuse("version: %d, but %d has been here", m.Version, s.Seen)
	case m.Version == s.Seen && m.SHA256 != s.SeenSum:
		return refuse("version: %d has been here with another program", m.Version)
	case m.Version <= max(running, image.Release), running == 0 && m.Agent == self.Agent: // the image has it already
		return m, true, nil
	case m.Version <= s.Failed:
		return m, true, nil // told when it failed
	case m.ExpiresMs > 0 && nowMs >= m.ExpiresMs:
		return refuse("expires_ms: it is over")
	}
	if err := m.Fits(self.Build, model); err != nil {
		return m, false, err
	}
	next := &Program{Agent: m.Agent, Outbox: m.Outbox, OutboxMin: m.OutboxMin}
	for _, old := range []*Program{self, image} {
		if err := old.reads(m.Outbox, m.OutboxMin); err != nil {
			return refuse("outbox: %v: going back would lose events", err)
		}
	}
	if err := next.reads(self.Outbox, self.OutboxMin); err != nil {
		return refuse("outbox: %v", err)
	}
	return m, false, nil
}

// take notes that a manifest which judge let pass is being fetched.
func (s *State) take(m *protocol.Manifest) {
	if s.Seen == m.Version {
		return
	}
	s.Seen, s.SeenSum, s.Spoiled, s.Refused = m.Version, m.SHA256, 0, ""
	for _, r := range m.Retires {
		if !slices.Contains(s.Retired, r) {
			s.Retired = append(s.Retired, r)
		}
	}
	s.note(protocol.UpdateOffered, m.Version, "")
}

// refuse has a refusal told, once; false: it was told before.
func (s *State) refuse(version uint64, why string) bool {
	text := short(fmt.Sprintf("%d: %s", version, why))
	if s.Refused == text {
		return false
	}
	s.Refused = text
	s.note(protocol.UpdateRefused, version, why)
	return true
}
