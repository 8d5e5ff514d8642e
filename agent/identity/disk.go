package identity

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Disk keeps small files.
type Disk interface {
	// Read returns a file; an error that is fs.ErrNotExist: there is none.
	Read(name string) ([]byte, error)
	// Replace makes a file be b: after nil it is, also after a power cut; after an
	// error or a cut it is b or what it was. Nobody but its owner can read it.
	Replace(name string, b []byte) error
	// Remove removes a file if it is there. After a cut it may be there again.
	Remove(name string) error
}

// Folder is a Disk on flash.
type Folder string

// Read implements Disk.
func (f Folder) Read(name string) ([]byte, error) { return os.ReadFile(filepath.Join(string(f), name)) }

// Remove implements Disk.
func (f Folder) Remove(name string) error {
	if err := os.Remove(filepath.Join(string(f), name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Replace implements Disk: written beside, synced, renamed, the folder synced.
func (f Folder) Replace(name string, b []byte) error {
	path := filepath.Join(string(f), name)
	tmp := path + ".new"
	// One left over by a cut may have been made by anybody's umask: not re-used.
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(b)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	dir, err := os.Open(string(f))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
