package crashfs

import "maps"

// State is what a disk holds for certain and what waits to reach it. Not safe
// for concurrent use.
//
// Syncing a file makes its contents last and, unless the State is strict, all
// names too: so does every file system with a journal, ext4 for one. A strict
// State makes a name last only when its folder is synced, which is all that
// POSIX promises.
type State struct {
	strict  bool
	names   map[string]entry // on the disk
	files   map[FileID][]byte
	pending []Change // names, writes and truncations, in order
}

// entry is what a name stands for; file 0: a folder.
type entry struct{ file FileID }

// NewState returns an empty disk.
func NewState(strict bool) *State {
	return &State{strict: strict, names: map[string]entry{}, files: map[FileID][]byte{}}
}

// Pending is how many changes wait to reach the disk.
func (s *State) Pending() int { return len(s.pending) }

// Apply takes a change over.
func (s *State) Apply(c *Change) {
	switch c.Kind {
	case Note:
	case Sync:
		s.settle(func(p *Change) verdict {
			switch {
			case p.Kind != Write && p.Kind != Truncate:
				return keepWhen(s.strict || c.Failed)
			case p.File != c.File:
				return wait
			case c.Failed && p.Kind == Write:
				return forget
			}
			return settled
		})
	case SyncDir:
		s.settle(func(p *Change) verdict {
			if p.Kind == Write || p.Kind == Truncate {
				return wait
			}
			return keepWhen(s.strict && folder(p.Path) != c.Path && (p.To == "" || folder(p.To) != c.Path))
		})
	default:
		s.pending = append(s.pending, *c)
	}
}

type verdict uint8

const (
	settled verdict = iota // it is on the disk
	wait
	forget // it will never be
)

func keepWhen(waits bool) verdict {
	if waits {
		return wait
	}
	return settled
}

func (s *State) settle(judge func(*Change) verdict) {
	left := s.pending[:0]
	for i := range s.pending {
		p := &s.pending[i]
		switch judge(p) {
		case settled:
			perform(s.names, p)
			s.content(p)
		case wait:
			left = append(left, *p)
		}
	}
	clear(s.pending[len(left):])
	s.pending = left
}

// perform does a change of names.
func perform(names map[string]entry, c *Change) {
	switch c.Kind {
	case Create:
		names[c.Path] = entry{c.File}
	case Mkdir:
		names[c.Path] = entry{}
	case Remove, Rmdir:
		delete(names, c.Path)
	case Rename:
		if e, ok := names[c.Path]; ok {
			delete(names, c.Path)
			names[c.To] = e
		}
	case Link:
		if e, ok := names[c.Path]; ok {
			names[c.To] = e
		}
	}
}

// content does a change of contents on the disk.
func (s *State) content(c *Change) {
	switch c.Kind {
	case Write:
		s.files[c.File] = write(s.files[c.File], c.Off, c.Data)
	case Truncate:
		s.files[c.File] = truncate(s.files[c.File], c.Size)
	}
}

func write(data []byte, off int64, with []byte) []byte {
	if end := off + int64(len(with)); end > int64(len(data)) {
		data = truncate(data, end)
	}
	copy(data[off:], with)
	return data
}

func truncate(data []byte, size int64) []byte {
	if size <= int64(len(data)) {
		return data[:size:size]
	}
	return append(data, make([]byte, size-int64(len(data)))...)
}

func folder(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[:i]
		}
	}
	return ""
}

// files and names of an image that is being built, so that the State's own
// contents stay as they are.
type draft struct {
	names map[string]entry
	files map[FileID][]byte
	own   map[FileID]bool
	from  *State
}

func (s *State) draft() *draft {
	return &draft{maps.Clone(s.names), maps.Clone(s.files), map[FileID]bool{}, s}
}

func (d *draft) do(c *Change) {
	if c.Kind != Write && c.Kind != Truncate {
		perform(d.names, c)
		return
	}
	data := d.files[c.File]
	if !d.own[c.File] {
		data = append(make([]byte, 0, len(data)+len(c.Data)), data...)
		d.own[c.File] = true
	}
	if c.Kind == Write {
		data = write(data, c.Off, c.Data)
	} else {
		data = truncate(data, c.Size)
	}
	d.files[c.File] = data
}
