package armvm

import (
	"fmt"
	"io"
	"io/fs"
	"path"
)

// archive writes an initramfs: cpio's newc format, everything owned by root, no
// times. The folders a file lies in are made before it.
type archive struct {
	w       io.Writer
	entries uint32
	folders map[string]bool
	err     error // the first one; nothing is written after it
}

func newArchive(w io.Writer) *archive { return &archive{w: w, folders: map[string]bool{".": true}} }

// Types of files in a mode, as a kernel reads them.
const (
	folderMode  = 0o040000
	regularMode = 0o100000
)

// folder adds a folder, unless it is there, and those above it.
func (a *archive) folder(name string) {
	if name = clean(name); a.folders[name] {
		return
	}
	a.folder(path.Dir(name))
	a.folders[name] = true
	a.entry(name, folderMode|0o755, nil)
}

// file adds a regular file.
func (a *archive) file(name string, perm fs.FileMode, data []byte) {
	name = clean(name)
	a.folder(path.Dir(name))
	a.entry(name, regularMode|uint32(perm.Perm()), data)
}

// close writes the archive's end, and returns what went wrong with any of it.
func (a *archive) close() error {
	a.entry("TRAILER!!!", 0, nil)
	return a.err
}

// clean makes a path relative: a kernel unpacks it at the root.
func clean(name string) string {
	if name = path.Clean("/" + name)[1:]; name == "" {
		return "."
	}
	return name
}

func (a *archive) entry(name string, mode uint32, data []byte) {
	if a.err != nil {
		return
	}
	a.entries++
	// Number, mode, user, group, links, time, size, four device numbers, length of the name, no checksum.
	header := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", a.entries, mode, 0, 0, 1, 0,
		len(data), 0, 0, 0, 0, len(name)+1, 0)
	head := append([]byte(header+name), 0)
	for _, part := range [][]byte{head, data} { // each ends at a multiple of four
		if _, a.err = a.w.Write(append(part[:len(part):len(part)], make([]byte, -len(part)&3)...)); a.err != nil {
			return
		}
	}
}
