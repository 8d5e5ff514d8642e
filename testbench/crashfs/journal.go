package crashfs

import "sync"

// Kind says what a Change is.
type Kind uint8

const (
	Create   Kind = iota + 1 // File comes to be at Path, empty
	Mkdir                    // Path becomes a folder
	Remove                   // Path, a file, goes
	Rmdir                    // Path, a folder, goes
	Rename                   // Path becomes To
	Link                     // To becomes another name of Path's file
	Write                    // Data at Off of File
	Truncate                 // File gets Size bytes
	Sync                     // File is on the disk, if it did not fail
	SyncDir                  // the names in folder Path are on the disk
	Note                     // what the test says of this moment
)

func (k Kind) String() string {
	names := [...]string{"", "create", "mkdir", "remove", "rmdir", "rename", "link", "write", "truncate", "sync", "syncdir", "note"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// FileID tells files apart, whatever they are called. Never 0.
type FileID int

// Change is one step of a program's way with its files.
type Change struct {
	Kind     Kind
	Path, To string // relative to the mount, with slashes
	File     FileID
	Off      int64
	Data     []byte
	Size     int64
	// Failed says that a Sync was answered with an error. What was waiting for
	// it may never reach the disk, also if a later Sync succeeds: Linux marks
	// such pages as clean.
	Failed bool
	Note   any
}

// Journal is what was done to a mounted folder, in order. Safe for concurrent
// use.
type Journal struct {
	mu      sync.Mutex
	changes []Change
}

func (j *Journal) add(c Change) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.changes = append(j.changes, c)
}

// Note records what is true from here on, such as what was promised to whom.
func (j *Journal) Note(v any) { j.add(Change{Kind: Note, Note: v}) }

// Changes returns what was recorded so far; its elements must not be changed.
func (j *Journal) Changes() []Change {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.changes[:len(j.changes):len(j.changes)]
}

// Walk calls visit with the state after each change until visit returns false;
// notes are visited too. strict: see State. A State is valid during its visit.
func Walk(changes []Change, strict bool, visit func(c *Change, s *State) bool) {
	s := NewState(strict)
	for i := range changes {
		s.Apply(&changes[i])
		if !visit(&changes[i], s) {
			return
		}
	}
}
