package session

import (
	"os"

	"golang.org/x/sys/unix"
)

// datasync makes a file's content durable, and of what describes it only what
// is needed to read it: a changed time is not.
func datasync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
