package crashfs

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// Model says what became of the changes that were not synced when the power
// went.
type Model uint8

const (
	// Lost: none of them reached the disk.
	Lost Model = iota
	// Kept: all did. It is also what a killed process leaves.
	Kept
	// Mixed: names up to some point, and of each write any of its sectors.
	Mixed
	// Torn: all up to some point, and there a write cut at a sector.
	Torn
)

// Models are all of them.
var Models = []Model{Lost, Kept, Mixed, Torn}

func (m Model) String() string {
	names := [...]string{"lost", "kept", "mixed", "torn"}
	if int(m) < len(names) {
		return names[m]
	}
	return fmt.Sprintf("model %d", m)
}

// SectorBytes is what a disk writes whole or not at all.
const SectorBytes = 512

// Image is a folder as it lies on a disk: contents by path; nil for a folder.
type Image map[string][]byte

// Image builds what m leaves. rnd decides where m leaves a choice; the same
// state and the same numbers give the same image. Contents are shared with the
// State and other images and must not be changed.
func (s *State) Image(m Model, rnd *rand.Rand) Image {
	d := s.draft()
	switch m {
	case Kept:
		for i := range s.pending {
			d.do(&s.pending[i])
		}
	case Mixed:
		names := 0
		for i := range s.pending {
			if k := s.pending[i].Kind; k != Write && k != Truncate {
				names++
			}
		}
		names = rnd.IntN(names + 1)
		for i := range s.pending {
			switch c := &s.pending[i]; c.Kind {
			case Write:
				d.sectors(c, rnd)
			case Truncate:
				if rnd.IntN(2) == 0 {
					d.do(c)
				}
			default:
				if names--; names >= 0 {
					d.do(c)
				}
			}
		}
	case Torn:
		last := rnd.IntN(len(s.pending) + 1)
		for i := range s.pending[:last] {
			d.do(&s.pending[i])
		}
		if last < len(s.pending) && s.pending[last].Kind == Write {
			c := s.pending[last]
			c.Data = c.Data[:rnd.IntN(sectorsOf(&c))*SectorBytes]
			if len(c.Data) > 0 {
				d.do(&c)
			}
		}
	}
	return d.image()
}

func sectorsOf(c *Change) int { return (len(c.Data) + SectorBytes - 1) / SectorBytes }

// sectors does the sectors of a write that a coin chooses.
func (d *draft) sectors(c *Change, rnd *rand.Rand) {
	for i := range sectorsOf(c) {
		if rnd.IntN(2) == 0 {
			continue
		}
		from := i * SectorBytes
		to := min(from+SectorBytes, len(c.Data))
		d.do(&Change{Kind: Write, File: c.File, Off: c.Off + int64(from), Data: c.Data[from:to]})
	}
}

func (d *draft) image() Image {
	img := make(Image, len(d.names))
	for path, e := range d.names {
		if up := folder(path); up != "" {
			if _, ok := d.names[up]; !ok {
				continue // its folder's name did not last
			}
		}
		if e.file == 0 {
			img[path] = nil
			continue
		}
		data := d.files[e.file]
		img[path] = data[:len(data):len(data)]
		if data == nil {
			img[path] = []byte{}
		}
	}
	return img
}

// WriteTo lays the image out in dir, which must exist and be empty. Files get
// mode 0600, folders 0700.
func (img Image) WriteTo(dir string) error {
	paths := make([]string, 0, len(img))
	for path := range img {
		paths = append(paths, path)
	}
	slices.Sort(paths) // a folder before what is in it
	for _, path := range paths {
		at := filepath.Join(dir, filepath.FromSlash(path))
		if img[path] == nil {
			if err := os.Mkdir(at, 0o700); err != nil {
				return err
			}
			continue
		}
		if err := os.WriteFile(at, img[path], 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Clone is a copy that later changes of the State do not reach.
func (img Image) Clone() Image {
	c := make(Image, len(img))
	for path, data := range img {
		if data != nil {
			data = append([]byte{}, data...)
		}
		c[path] = data
	}
	return c
}
