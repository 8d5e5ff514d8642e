package update

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"iptvdc/protocol"
)

// FolderName is the folder in the agent's own for all of this.
const FolderName = "update"

const (
	stateName = "state.json"
	lockName  = "lock"
	partName  = "part-"
	slotName  = "agent-"
	maxState  = 64 << 10
)

// disk is the folder. Step, if set, is asked before each thing that reaches the
// disk; what it refuses is not done, nor anything after it: a power cut for tests.
type disk struct {
	dir  string
	step func(what, path string) error
}

func (d *disk) path(name string) string    { return filepath.Join(d.dir, name) }
func (d *disk) program(slot string) string { return d.path(slotName + slot) }
func (d *disk) before(what, p string) error {
	if d.step == nil {
		return nil
	}
	return d.step(what, p)
}

// load reads the state; of a folder without one, an empty State. A file that is
// damaged is an error beside the state that was kept before it, or an empty one.
func (d *disk) load() (State, error) {
	s, err := readState(d.path(stateName))
	if err == nil {
		return s, nil
	}
	old, oerr := readState(d.path(stateName + ".old"))
	if errors.Is(err, os.ErrNotExist) { // cut between two renames, or never written
		if errors.Is(oerr, os.ErrNotExist) {
			oerr = nil
		}
		return old, oerr
	}
	return old, err
}

// readState reads a file: its CRC-32C in 8 hexadecimal digits, a line feed, JSON.
func readState(path string) (State, error) {
	f, err := os.Open(path)
	if err != nil {
		return State{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxState))
	if err != nil {
		return State{}, err
	}
	s, err := decodeState(text)
	if err != nil {
		return State{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func decodeState(text []byte) (State, error) {
	sum, body, ok := bytes.Cut(text, []byte("\n"))
	if !ok || string(sum) != fmt.Sprintf("%08x", crc32.Checksum(body, castagnoli)) {
		return State{}, errors.New("damaged: its checksum is wrong")
	}
	var s State
	if err := json.Unmarshal(body, &s); err != nil {
		return State{}, err
	}
	return s, nil
}

func (s *State) encode() ([]byte, error) {
	body, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return append(fmt.Appendf(nil, "%08x\n", crc32.Checksum(body, castagnoli)), body...), nil
}

// save keeps the state. A crash leaves this one or the one before.
func (d *disk) save(s *State) error {
	text, err := s.encode()
	if err != nil {
		return err
	}
	if err := d.write(stateName+".new", text); err != nil {
		return err
	}
	if _, err := os.Stat(d.path(stateName)); err == nil {
		if err := d.rename(stateName, stateName+".old"); err != nil {
			return err
		}
	}
	if err := d.rename(stateName+".new", stateName); err != nil {
		return err
	}
	return d.syncDir()
}

// write makes a small file, synced.
func (d *disk) write(name string, text []byte) error {
	if err := d.before("write", d.path(name)); err != nil {
		return err
	}
	f, err := os.OpenFile(d.path(name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = d.sync(f)
	}
	return errors.Join(err, f.Close())
}

func (d *disk) sync(f *os.File) error {
	if err := d.before("sync", f.Name()); err != nil {
		return err
	}
	return f.Sync()
}

func (d *disk) rename(from, to string) error {
	if err := d.before("rename", d.path(to)); err != nil {
		return err
	}
	return os.Rename(d.path(from), d.path(to))
}

func (d *disk) remove(path string) error {
	if err := d.before("remove", path); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (d *disk) syncDir() error {
	if err := d.before("sync folder", d.dir); err != nil {
		return err
	}
	f, err := os.Open(d.dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// lock keeps other processes out of the folder until unlock, which makes it if
// need be.
func (d *disk) lock() (unlock func(), err error) { return d.lockAs(syscall.LOCK_EX) }

func (d *disk) lockAs(how int) (unlock func(), err error) {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(d.path(lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

// change has the state changed by f and kept, if f says that it did change.
// After an error what is kept is as before, or, after a crash, either.
func (d *disk) change(f func(*State) bool) error {
	unlock, err := d.lock()
	if err != nil {
		return err
	}
	defer unlock()
	return d.changeLocked(f)
}

// changeNow is change, or an error at once if another process changes the state.
func (d *disk) changeNow(f func(*State) bool) error {
	unlock, err := d.lockAs(syscall.LOCK_EX | syscall.LOCK_NB)
	if err != nil {
		return err
	}
	defer unlock()
	return d.changeLocked(f)
}

func (d *disk) changeLocked(f func(*State) bool) error {
	s, _ := d.load() // what is damaged was told by the launcher
	if !f(&s) {
		return nil
	}
	return d.save(&s)
}

// tidy removes programs that are in no slot and will be in none, and downloads of
// versions that are not wanted any more.
func (d *disk) tidy(s *State) error {
	pending := s.Seen > max(s.Failed, s.version(s.Run))
	var bad []error
	for _, slot := range []string{slotA, slotB} {
		if s.packet(slot) == nil && !(pending && slot == s.spare()) {
			bad = append(bad, d.drop(d.program(slot)))
		}
	}
	parts, err := filepath.Glob(d.path(partName + "*"))
	for _, p := range parts {
		if !pending || p != d.path(partName+s.SeenSum) {
			bad = append(bad, d.drop(p))
		}
	}
	return errors.Join(append(bad, err)...)
}

// drop removes a file that may not be there.
func (d *disk) drop(path string) error {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return d.remove(path)
}

// whole reports why a file is not the program of a manifest; what it reads goes to
// readers too.
func whole(path string, m *protocol.Manifest, readers ...io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(append(readers, h)...), io.LimitReader(f, int64(m.Size)+1))
	if err != nil {
		return err
	}
	if uint64(n) != m.Size {
		return fmt.Errorf("size: the program is not of %d bytes", m.Size)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != m.SHA256 {
		return fmt.Errorf("sha256: the program's is %.12s, the manifest's %.12s", got, m.SHA256)
	}
	return nil
}
