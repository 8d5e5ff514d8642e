//go:build unix

package fleet

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// spareFiles is what a process opens beside its boxes' connections.
const spareFiles = 64

// agentFiles is what a real agent opens at the most beside its connection: the
// outbox and its log, a listener, both ends of a caller, and what opening a
// database takes in passing. On average 6 were seen.
const agentFiles = 8

// enoughFiles reports whether this process may open a connection for every
// box and run some of them as real agents. Where the
// limit is too low and may be raised, it is, for processes started later too.
func enoughFiles(boxes, agents int) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	need := uint64(boxes) + uint64(agents)*agentFiles + spareFiles
	if need <= limit.Cur {
		return nil
	}
	if unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: need, Max: max(need, limit.Max)}) == nil {
		return nil
	}
	with := ""
	if agents > 0 {
		with = fmt.Sprintf(" with %d real agents", agents)
	}
	return fmt.Errorf("boxes: %d%s need %d open files, this process may open %d: fewer boxes, or raise the limit with ulimit -n %d", boxes, with, need, limit.Cur, need)
}
