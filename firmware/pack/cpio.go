package pack

import (
	"fmt"
	"io"
	"time"
)

// CPIO writes the tree as a kernel takes it for an initramfs: cpio's newc format.
// The time zero writes none.
func (t *Tree) CPIO(w io.Writer, at time.Time) error {
	seconds := int64(0)
	if !at.IsZero() {
		seconds = at.Unix()
	}
	for i, e := range t.Entries() {
		data := e.Data
		if e.Link != "" {
			data = []byte(e.Link)
		}
		if err := cpioEntry(w, i+1, e.Path, unixMode(e.Mode), seconds, data); err != nil {
			return err
		}
	}
	return cpioEntry(w, len(t.entries)+1, "TRAILER!!!", 0, 0, nil)
}

func cpioEntry(w io.Writer, inode int, name string, mode, seconds int64, data []byte) error {
	// Number, mode, user, group, links, time, size, four device numbers, length of the name, no checksum.
	header := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", inode, mode, 0, 0, 1, uint32(seconds),
		len(data), 0, 0, 0, 0, len(name)+1, 0)
	head := append([]byte(header+name), 0)
	for _, part := range [][]byte{head, data} { // each ends at a multiple of four
		if _, err := w.Write(append(part[:len(part):len(part)], make([]byte, -len(part)&3)...)); err != nil {
			return err
		}
	}
	return nil
}
