package profile

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"iptvdc/protocol"
)

// Outcome is what became of a packet or of the passing of time.
type Outcome struct {
	State   protocol.ProfileState // ProfileUnknown: nothing changed, nothing is to be told
	Version uint64                // 0: it could not be read
	Why     string
}

// Store keeps the last good packet of each topic in the agent's folder, and the
// highest version seen on it. Not safe for concurrent use.
type Store struct {
	path  string // "": in memory only
	keys  protocol.Keys
	group string // topic of the box's own group, "" if it has none
	all   string
	box   string
	slots map[string]*slot
	bad   map[string]string // the last packet refused on a topic, told once
}

// slot is what is known of a topic; Seen, Packet and Over are kept.
type slot struct {
	Seen   uint64 `json:"seen"`   // highest version of a good packet
	Packet []byte `json:"packet"` // that one
	Over   bool   `json:"over"`   // it has expired, or the command was carried out

	profile *protocol.Profile
	command *protocol.Command
}

const (
	fileName = "profile.json"
	maxFile  = 64 << 10
	maxSlots = 8 // topics of earlier groups included
)

// OpenStore reads what is kept in dir for a box; "" keeps nothing. Packets are
// checked again: one whose key is no longer among keys is not in force, but its
// version still counts. A file that cannot be read is an error beside a Store
// that has seen nothing.
func OpenStore(dir string, keys protocol.Keys, province uint8, box, group string) (*Store, error) {
	s := &Store{keys: keys, all: protocol.ProfileTopic(province, protocol.GroupAll), box: protocol.CommandTopic(province, box),
		slots: map[string]*slot{}, bad: map[string]string{}}
	if group != "" && group != protocol.GroupAll {
		s.group = protocol.ProfileTopic(province, group)
	}
	if dir == "" {
		return s, nil
	}
	s.path = filepath.Join(dir, fileName)
	text, err := os.ReadFile(s.path)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	kept := map[string]*slot{}
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%d bytes, at most %d", len(text), maxFile)
	}
	if err == nil {
		err = json.Unmarshal(text, &kept)
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w; nothing of it holds, the centre's profiles come again", s.path, err)
	}
	for topic, k := range kept {
		if k == nil || !s.mine(topic) && len(kept) > maxSlots {
			continue
		}
		s.slots[topic] = k
		if s.mine(topic) && len(k.Packet) > 0 {
			_ = k.read(topic, k.Packet, keys) // if not, its version is all that counts
		}
	}
	return s, nil
}

// Topics are those that this box listens to.
func (s *Store) Topics() []string {
	topics := []string{s.all, s.box}
	if s.group != "" {
		topics = append(topics, s.group)
	}
	return topics
}

func (s *Store) mine(topic string) bool {
	return topic == s.all || topic == s.box || topic == s.group && s.group != ""
}

// read takes a packet into the slot; after an error the slot is as before.
func (k *slot) read(topic string, packet []byte, keys protocol.Keys) error {
	payload, err := protocol.OpenSigned(topic, packet, keys)
	if err != nil {
		return err
	}
	if strings.HasPrefix(topic, "c1/") {
		c, err := protocol.ParseCommand(payload)
		if err != nil {
			return err
		}
		k.command = &c
		return nil
	}
	p, err := protocol.ParseProfile(payload)
	if err != nil {
		return err
	}
	k.profile = &p
	return nil
}

// head is version and expiry of what the slot holds; 0, 0: nothing.
func (k *slot) head() (version, expiresMs uint64) {
	switch {
	case k.profile != nil:
		return k.profile.Version, k.profile.ExpiresMs
	case k.command != nil:
		return k.command.Version, k.command.ExpiresMs
	}
	return 0, 0
}

// Apply judges a packet that came on a topic [P-8.2]. nowMs is the centre's
// time, 0 if it is not known: then nothing has expired yet. The version before
// stays in force after a refusal. The Store is on flash when Apply returns,
// unless Why of an applied profile says that it is not: then it holds until the
// next start.
func (s *Store) Apply(topic string, packet []byte, nowMs uint64) Outcome {
	if len(packet) == 0 || !s.mine(topic) {
		return Outcome{}
	}
	old := s.slots[topic]
	if old == nil {
		old = &slot{}
	}
	next := &slot{Packet: append([]byte(nil), packet...)}
	if err := next.read(topic, packet, s.keys); err != nil {
		return s.refuse(topic, packet, 0, err)
	}
	version, expires := next.head()
	switch {
	case version < old.Seen:
		return s.refuse(topic, packet, version, fmt.Errorf("version: %d, but %d has been here", version, old.Seen))
	case version == old.Seen && (old.profile != nil || old.command != nil):
		return Outcome{}
	case version == old.Seen && old.Over:
		return Outcome{} // kept under a key that has gone; it was over then
	}
	next.Seen, next.Over = version, nowMs > 0 && expires <= nowMs
	s.slots[topic] = next
	delete(s.bad, topic)
	why := s.note(topic)
	if err := s.save(); err != nil {
		why = join(why, "not on flash: "+err.Error())
	}
	switch {
	case next.Over:
		return s.outcome(topic, protocol.ProfileExpired, version, "")
	case next.command != nil:
		return Outcome{} // told when it is carried out
	case topic == s.all && s.inForce(s.group):
		why = join(why, "the group's profile holds")
	}
	return Outcome{State: protocol.ProfileApplied, Version: version, Why: why}
}

// refuse tells a refusal once: a retained packet comes again at each connection.
func (s *Store) refuse(topic string, packet []byte, version uint64, err error) Outcome {
	if s.bad[topic] == string(packet) {
		return Outcome{}
	}
	s.bad[topic] = string(packet)
	return s.outcome(topic, protocol.ProfileRefused, version, err.Error())
}

func (s *Store) outcome(topic string, state protocol.ProfileState, version uint64, why string) Outcome {
	return Outcome{State: state, Version: version, Why: join(s.note(topic), why)}
}

// note says which topic an outcome is about; of profiles for all, nothing.
func (s *Store) note(topic string) string {
	switch topic {
	case s.box:
		return "command"
	case s.all:
		return ""
	}
	return "group " + topic[strings.LastIndexByte(topic, '/')+1:]
}

func join(note, why string) string {
	if note == "" || why == "" {
		return note + why
	}
	return note + ": " + why
}

func (s *Store) inForce(topic string) bool {
	k := s.slots[topic]
	return k != nil && k.profile != nil && !k.Over
}

// InForce is the profile that holds now: of the box's group, else of all; nil:
// what is built in. It is not to be changed.
func (s *Store) InForce() *protocol.Profile {
	for _, topic := range []string{s.group, s.all} {
		if s.inForce(topic) {
			return s.slots[topic].profile
		}
	}
	return nil
}

// Expire ends what has expired by nowMs, the centre's time.
func (s *Store) Expire(nowMs uint64) []Outcome {
	var all []Outcome
	for _, topic := range s.Topics() {
		k := s.slots[topic]
		if k == nil || k.Over || nowMs == 0 {
			continue
		}
		version, expires := k.head()
		if version == 0 || expires > nowMs {
			continue
		}
		k.Over = true
		o := s.outcome(topic, protocol.ProfileExpired, version, "")
		if err := s.save(); err != nil {
			o.Why = join(o.Why, "not on flash: "+err.Error())
		}
		all = append(all, o)
	}
	return all
}

// Due is the command that waits to be carried out, nil if there is none.
func (s *Store) Due() *protocol.Command {
	if k := s.slots[s.box]; k != nil && !k.Over {
		return k.command
	}
	return nil
}

// Done notes that the command was carried out. If that cannot be kept, it is
// carried out again after the next start.
func (s *Store) Done() error {
	if k := s.slots[s.box]; k != nil && !k.Over {
		k.Over = true
		return s.save()
	}
	return nil
}

// NextExpiry is when the next of what is in force expires; 0: nothing does.
func (s *Store) NextExpiry() uint64 {
	var next uint64
	for _, topic := range s.Topics() {
		if k := s.slots[topic]; k != nil && !k.Over {
			if _, e := k.head(); e > 0 && (next == 0 || e < next) {
				next = e
			}
		}
	}
	return next
}

// save writes the file as a whole: temporary file, fsync, rename, fsync of the
// folder. A crash leaves the old one or the new one.
func (s *Store) save() error {
	if s.path == "" {
		return nil
	}
	text, err := json.Marshal(s.slots)
	if err != nil {
		return err
	}
	tmp := s.path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, s.path)
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(s.path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
