package update

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"iptvdc/protocol"
)

// Launcher chooses what starts on a box. It belongs to the image's program,
// which init starts as often as it ends.
type Launcher struct {
	// Dir is the agent's folder.
	Dir string
	// Keys are the image's for updates; none: the image's program always starts.
	Keys protocol.Keys
	// Image is the image's program.
	Image Program
	// ImageText tells one image's program from another's.
	ImageText string

	step func(what, path string) error // see disk
}

// Choice is what to start.
type Choice struct {
	// Program is its path; "": the image's own.
	Program string
	// Env are variables for it, NAME=value: which slot it runs from, and what the
	// image's program is.
	Env []string
	// Slot it is in; "": the image's own.
	Slot string
	// Tells says that it tells whether it lives: a Guard may watch it.
	Tells bool
}

// Names of the variables in Choice.Env.
const (
	envSlot  = "STBAGENT_UPDATE_SLOT"
	envImage = "STBAGENT_UPDATE_IMAGE"
	// EnvAlive is the variable with the number of the pipe to a Guard; "": nobody watches.
	EnvAlive = "STBAGENT_UPDATE_ALIVE"
)

// Choose says what to start, and counts the start on flash before it does: so a
// program that crashes at once, and takes the box with it, is given up after
// MaxStarts. When that cannot be kept, the image's program starts, with the error
// beside it: it is what works without the data partition.
func (l *Launcher) Choose() (Choice, error) {
	return l.change(nil)
}

// Broken says that a choice could not be executed, and chooses again.
func (l *Launcher) Broken(c Choice, why error) (Choice, error) {
	return l.change(func(s *State) { s.broken(c.Slot, why.Error()) })
}

func (l *Launcher) change(first func(*State)) (Choice, error) {
	own := Choice{Env: l.env("")}
	if len(l.Keys) == 0 {
		return own, nil
	}
	d := disk{dir: filepath.Join(l.Dir, FolderName), step: l.step}
	unlock, err := d.lock()
	if err != nil {
		return own, err
	}
	defer unlock()
	s, damage := d.load()
	if damage != nil {
		s.note(protocol.UpdateRefused, s.Seen, "state: "+damage.Error())
	}
	if first != nil {
		first(&s)
	}
	before, err := s.encode()
	if err != nil {
		return own, err
	}
	var tells bool
	slot := s.choose(l.ImageText, l.Image.Release, func(slot string) (err error) {
		tells, err = l.check(&d, &s, slot)
		return err
	})
	after, err := s.encode()
	if err != nil {
		return own, err
	}
	if first != nil || damage != nil || string(before) != string(after) {
		if err := d.save(&s); err != nil && slot != "" {
			return own, fmt.Errorf("the state cannot be kept, so the image's program starts: %w", err)
		} else if err != nil {
			return own, err
		}
	}
	if slot == "" {
		return own, damage
	}
	return Choice{Program: d.program(slot), Env: l.env(slot), Slot: slot, Tells: tells}, damage
}

// check holds a slot to its manifest, and that to the image's keys. Keys that
// were retired since do not count: what they signed in time still works. Tells is what
// the program says of itself.
func (l *Launcher) check(d *disk, s *State, slot string) (tells bool, err error) {
	m, _, err := protocol.OpenManifest(s.packet(slot), l.Keys)
	if err != nil {
		return false, err
	}
	if m.Build != l.Image.Build {
		return false, fmt.Errorf("build: %s, this box runs %s", m.Build, l.Image.Build)
	}
	f := finder{text: []byte(TellsMark)}
	err = whole(d.program(slot), &m, &f)
	return f.found, err
}

func (l *Launcher) env(slot string) []string {
	return []string{EnvAlive + "=", envSlot + "=" + slot, fmt.Sprintf("%s=%s %d %d %d", envImage, l.Image.Agent, l.Image.Outbox, l.Image.OutboxMin, l.Image.Release)}
}

// Place is how a program was started.
type Place struct {
	// Launched says that a launcher did; without one there are no updates.
	Launched bool
	Slot     string
	Alive    int // pipe to a Guard; 0: there is none
	Image    Program
}

// PlaceOf reads what a Launcher has set.
func PlaceOf(getenv func(string) string) (Place, error) {
	text := getenv(envImage)
	if text == "" {
		return Place{}, nil
	}
	p := Place{Launched: true, Slot: getenv(envSlot)}
	if pipe := getenv(EnvAlive); pipe != "" {
		var err error
		if p.Alive, err = strconv.Atoi(pipe); err != nil || p.Alive < 3 {
			return Place{}, fmt.Errorf("%s=%q: want the number of an open file", EnvAlive, pipe)
		}
	}
	field := strings.Fields(text)
	bad := fmt.Errorf("%s=%q: want a version, two formats of outboxes and a release", envImage, text)
	if len(field) != 4 || p.Slot != "" && p.Slot != slotA && p.Slot != slotB {
		return Place{}, bad
	}
	var err1, err2, err3 error
	p.Image.Agent = field[0]
	p.Image.Outbox, err1 = strconv.ParseUint(field[1], 10, 16)
	p.Image.OutboxMin, err2 = strconv.ParseUint(field[2], 10, 16)
	p.Image.Release, err3 = strconv.ParseUint(field[3], 10, 54)
	if errors.Join(err1, err2, err3) != nil {
		return Place{}, bad
	}
	return p, nil
}
