package update

import (
	"fmt"
	"slices"
	"strings"

	"iptvdc/protocol"
)

// Slots of programs in the folder; "" is the image's own.
const (
	slotA = "a"
	slotB = "b"
)

const (
	// MaxStarts is how often a program on trial may be started without getting
	// well; MaxGoodStarts the same of one that was well before.
	MaxStarts     = 3
	MaxGoodStarts = 10
	// MaxTries is how often a program is put on trial that never had contact,
	// when the one before it had none in time either: an outage is no fault of it.
	MaxTries = 3
	// MaxSpoiled is how often a program is fetched whose hash is wrong.
	MaxSpoiled = 3
	maxNotes   = 16
)

// State is what is kept over restarts. Its methods decide and touch no disk: what
// they changed holds once it was kept.
type State struct {
	// Image is what the image's program says it is. Another image wins over all
	// slots: it was flashed later.
	Image string `json:"image"`
	// Seen is the highest version taken, SeenSum its program. Lower ones are
	// refused for ever.
	Seen    uint64 `json:"seen"`
	SeenSum string `json:"seen_sum"`
	// Failed is the highest version that failed here; it is not tried again.
	Failed  uint64   `json:"failed"`
	Retired []uint64 `json:"retired,omitempty"` // keys that sign no more
	// A and B are the manifests, as signed, of whole programs.
	A []byte `json:"a,omitempty"`
	B []byte `json:"b,omitempty"`
	// Run is the slot that starts, Before the one that did before it and still
	// could.
	Run    string `json:"run"`
	Before string `json:"before"`
	// Ready is a slot with a program that waits to be put on trial.
	Ready string `json:"ready"`
	Trial *Trial `json:"trial,omitempty"`
	// Starts of Run without getting well.
	Starts  int `json:"starts"`
	Spoiled int `json:"spoiled"` // downloads of Seen with a wrong hash
	// Told is the AgentRuns that was told last, with its version; Refused is the
	// refusal that was.
	Told    string `json:"told"`
	Refused string `json:"refused"`
	Notes   []Note `json:"notes,omitempty"` // to be told
}

// Trial is a program that has to get well.
type Trial struct {
	Slot    string `json:"slot"`
	Version uint64 `json:"version"`
	Starts  int    `json:"starts"`
	Tries   int    `json:"tries"`
	// Doubt says that it had no contact in time. The one before runs meanwhile: if
	// that has contact in time, the program was at fault.
	Doubt bool `json:"doubt"`
	// Why it was ended from outside last, as by a Guard; "": it never was.
	Why string `json:"why,omitempty"`
}

// Note is to be told by a running event.
type Note struct {
	State   protocol.ProfileState `json:"state"`
	Version uint64                `json:"version"`
	Why     string                `json:"why"`
}

func (s *State) packet(slot string) []byte {
	switch slot {
	case slotA:
		return s.A
	case slotB:
		return s.B
	}
	return nil
}

func (s *State) setPacket(slot string, packet []byte) {
	switch slot {
	case slotA:
		s.A = packet
	case slotB:
		s.B = packet
	}
}

// version is that of the program in a slot, 0 for the image's. What stands in a
// slot was signed when it came.
func (s *State) version(slot string) uint64 {
	m, _, err := protocol.ReadManifest(s.packet(slot))
	if err != nil {
		return 0
	}
	return m.Version
}

// note has something told. When too much waits, the oldest goes.
func (s *State) note(state protocol.ProfileState, version uint64, why string) {
	s.Notes = append(s.Notes, Note{state, version, short(why)})
	if n := len(s.Notes) - maxNotes; n > 0 {
		s.Notes = s.Notes[n:]
	}
}

// short makes a text one that an event takes.
func short(s string) string {
	if len(s) > protocol.MaxString {
		s = strings.ToValidUTF8(s[:protocol.MaxString-3], "") + "..."
	}
	return strings.ToValidUTF8(s, "?")
}

// spare is the slot that a download goes to: never the one that runs.
func (s *State) spare() string {
	if s.Run == slotA {
		return slotB
	}
	return slotA
}

// clear empties a slot.
func (s *State) clear(slot string) {
	s.setPacket(slot, nil)
	if s.Before == slot {
		s.Before = ""
	}
	if s.Ready == slot {
		s.Ready = ""
	}
}

// fail ends the trial.
func (s *State) fail(why string) {
	t := s.Trial
	s.Trial, s.Starts = nil, 0
	s.Failed = max(s.Failed, t.Version)
	s.clear(t.Slot)
	s.note(protocol.UpdateRolledBack, t.Version, why)
}

// choose says which slot starts now, "" for the image's program, and counts the
// start. Image tells one image from another, release is its own version, 0 if it
// has none. Check tells why the program in a slot cannot be started.
func (s *State) choose(image string, release uint64, check func(slot string) error) string {
	if s.Image != image {
		if version := max(s.version(s.Run), s.trialVersion()); version > 0 {
			// Not rolled back: a new image on many boxes must not halt a release.
			s.note(protocol.UpdateRefused, version, "the box has another image")
		}
		if release == 0 { // nobody knows which is newer: what came before the image stays away
			s.Failed = max(s.Failed, s.Seen)
		}
		s.Image, s.Run, s.Before, s.Ready, s.Trial, s.Starts = image, "", "", "", nil, 0
		s.A, s.B = nil, nil
	}
	if t := s.Trial; t != nil && !t.Doubt {
		if err := check(t.Slot); err != nil {
			s.fail(err.Error())
		} else if t.Starts >= MaxStarts {
			why := fmt.Sprintf("started %d times and never got well", t.Starts)
			if t.Why != "" {
				why += "; " + t.Why
			}
			s.fail(why)
		} else {
			t.Starts++
			return t.Slot
		}
	}
	for s.Run != "" {
		why := ""
		if err := check(s.Run); err != nil {
			why = err.Error()
		} else if s.Starts >= MaxGoodStarts {
			why = fmt.Sprintf("started %d times and did not get well again", s.Starts)
		} else {
			s.Starts++
			return s.Run
		}
		s.drop(why)
	}
	return ""
}

func (s *State) trialVersion() uint64 {
	if s.Trial == nil {
		return 0
	}
	return s.Trial.Version
}

// drop gives up what runs, for what ran before it.
func (s *State) drop(why string) {
	lost, version := s.Run, s.version(s.Run)
	s.Run, s.Starts = s.Before, 0
	s.Before = ""
	s.clear(lost)
	s.Failed = max(s.Failed, version)
	s.note(protocol.UpdateRolledBack, version, why)
}

// broken says that the program chosen by choose could not be executed.
func (s *State) broken(slot, why string) {
	switch {
	case s.Trial != nil && s.Trial.Slot == slot:
		s.fail(why)
	case s.Run == slot && slot != "":
		s.drop(why)
	}
}

// well says that slot, which runs, does its work: a batch was acknowledged,
// late if that took longer than allowed. Again reports that another program
// should start now.
func (s *State) well(slot string, late bool) (changed, again bool) {
	t := s.Trial
	switch {
	case t != nil && t.Slot == slot && t.Doubt:
		return false, false // started by hand; the launcher does not
	case t != nil && t.Slot == slot:
		s.Before, s.Run = s.Run, slot
		s.Trial, s.Starts, s.Spoiled = nil, 0, 0
		s.note(protocol.UpdateGood, t.Version, "")
		return true, false
	case t != nil && t.Doubt && late && t.Tries+1 < MaxTries:
		t.Doubt, t.Starts = false, 0
		t.Tries++
		s.Starts = 0
		return true, true
	case t != nil && t.Doubt && late:
		s.fail(fmt.Sprintf("no contact with the centre, %d times", MaxTries))
		return true, false
	case t != nil && t.Doubt:
		s.fail("no contact with the centre; the version before had it in time")
		return true, false
	case s.Starts > 0:
		s.Starts = 0
		return true, false
	}
	return false, false
}

// silent says that slot had no contact in time. Again reports that another
// program should start.
func (s *State) silent(slot string) (changed, again bool) {
	if t := s.Trial; t != nil && t.Slot == slot && !t.Doubt {
		t.Doubt = true
		return true, true
	}
	return false, false
}

// ended says that a Guard ended slot, if that is on trial.
func (s *State) ended(slot, why string) (changed bool) {
	t := s.Trial
	if !s.tries(slot) || t.Why == short(why) {
		return false
	}
	t.Why = short(why)
	return true
}

// tries reports whether slot runs on trial.
func (s *State) tries(slot string) bool {
	return s.Trial != nil && s.Trial.Slot == slot && !s.Trial.Doubt
}

// usable are the keys that may sign what comes now.
func (s *State) usable(keys protocol.Keys) protocol.Keys {
	good := protocol.Keys{}
	for id, key := range keys {
		if !slices.Contains(s.Retired, id) {
			good[id] = key
		}
	}
	return good
}
