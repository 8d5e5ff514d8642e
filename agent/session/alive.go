package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"iptvdc/protocol"
)

const (
	aliveName = "alive"
	// slotBytes is where the second of the two slots begins: each lies in a
	// block of its own, so that a write cut off leaves the other one whole.
	slotBytes = 4096
	// slotHead is number, length and checksum before a slot's content.
	slotHead = 8 + 4 + 4
)

// aliveFile is what alive needs of a file; *os.File is one.
type aliveFile interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

// alive is a tiny file of fixed size that holds the newest of the texts it was
// given: two slots, written in turn, in place. A power cut during save leaves
// the text before or the new one. Not safe for concurrent use.
type alive struct {
	open func(create bool) (aliveFile, error) // fs.ErrNotExist: not there, not to be made
	sync func(aliveFile) error

	file   aliveFile
	loaded bool
	number uint64 // of the newest slot that is known to be durable
	writes uint64
}

// openAlive prepares the file in dir; load opens it.
func openAlive(dir string) *alive {
	return &alive{
		open: func(create bool) (aliveFile, error) { return openFixed(filepath.Join(dir, aliveName), create) },
		sync: func(f aliveFile) error { return datasync(f.(*os.File)) },
	}
}

// openFixed opens a file of two slots. It is filled when it is made: later
// writes change no size, so that syncing them needs no journal.
func openFixed(path string, create bool) (aliveFile, error) {
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err == nil && fi.Size() == 2*slotBytes {
		return f, nil
	}
	if err == nil {
		_, err = f.WriteAt(make([]byte, 2*slotBytes), 0)
	}
	if err == nil {
		err = f.Truncate(2 * slotBytes)
	}
	if err == nil {
		err = errors.Join(f.Sync(), syncDir(filepath.Dir(path)))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// load returns the text saved last; nil: there is none that can be read.
func (a *alive) load() ([]byte, error) {
	if a.file == nil {
		f, err := a.open(false)
		if errors.Is(err, fs.ErrNotExist) {
			a.loaded = true
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("alive mark: %w", err)
		}
		a.file = f
	}
	var newest []byte
	for slot := range int64(2) {
		b := make([]byte, slotBytes)
		n, err := a.file.ReadAt(b, slot*slotBytes)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("alive mark: %w", err)
		}
		if number, text, ok := readSlot(b[:n]); ok && number >= a.number {
			a.number, newest = number, text
		}
	}
	a.loaded = true
	return newest, nil
}

// readSlot returns what a slot holds; false: nothing that was written whole.
func readSlot(b []byte) (number uint64, text []byte, ok bool) {
	if len(b) < slotHead {
		return 0, nil, false
	}
	number = binary.BigEndian.Uint64(b)
	n := binary.BigEndian.Uint32(b[8:])
	if number == 0 || n == 0 || n > uint32(len(b)-slotHead) {
		return 0, nil, false
	}
	text = b[slotHead : slotHead+n]
	return number, text, slotCRC(number, text) == binary.BigEndian.Uint32(b[12:])
}

func slotCRC(number uint64, text []byte) uint32 {
	return protocol.CRC(append(binary.BigEndian.AppendUint64(nil, number), text...))
}

// save keeps text, at most slotBytes-slotHead bytes, durable on nil. After an
// error the file is opened anew at the next call: a repeated sync proves
// nothing.
func (a *alive) save(text []byte) error {
	if len(text) > slotBytes-slotHead {
		return fmt.Errorf("alive mark: %d bytes, at most %d", len(text), slotBytes-slotHead)
	}
	if !a.loaded {
		if _, err := a.load(); err != nil {
			return err
		}
	}
	if a.file == nil {
		f, err := a.open(true)
		if err != nil {
			return fmt.Errorf("alive mark: %w", err)
		}
		a.file = f
	}
	number := a.number + 1
	b := binary.BigEndian.AppendUint64(make([]byte, 0, slotHead+len(text)), number)
	b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
	b = binary.BigEndian.AppendUint32(b, slotCRC(number, text))
	_, err := a.file.WriteAt(append(b, text...), int64(number%2)*slotBytes)
	if err == nil {
		err = a.sync(a.file)
	}
	if err != nil {
		a.close()
		return fmt.Errorf("alive mark: %w", err)
	}
	a.number = number
	a.writes++
	return nil
}

// close lets go of the file.
func (a *alive) close() {
	if a.file != nil {
		a.file.Close() // what was saved is synced
		a.file = nil
	}
}
