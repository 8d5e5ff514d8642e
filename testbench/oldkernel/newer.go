package oldkernel

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
)

// call is a system call that Linux 3.10 does not have.
type call struct {
	since string // Linux
	arm   int    // number by ARM EABI; 0: none
	amd64 int
}

// newer are those that Go, SQLite and what stands around them may try. Any other above
// the last of 3.10 is named by its number.
var newer = map[string]call{
	"sched_setattr": {"3.14", 380, 314}, "sched_getattr": {"3.14", 381, 315}, "renameat2": {"3.15", 382, 316}, "seccomp": {"3.17", 383, 317},
	"getrandom": {"3.17", 384, 318}, "memfd_create": {"3.17", 385, 319}, "bpf": {"3.18", 386, 321}, "execveat": {"3.19", 387, 322},
	"userfaultfd": {"4.3", 388, 323}, "membarrier": {"4.3", 389, 324}, "mlock2": {"4.4", 390, 325}, "copy_file_range": {"4.5", 391, 326},
	"preadv2": {"4.6", 392, 327}, "pwritev2": {"4.6", 393, 328}, "statx": {"4.11", 397, 332}, "rseq": {"4.18", 398, 334},
	"clock_gettime64": {"5.1", 403, 0}, "clock_settime64": {"5.1", 404, 0}, "clock_nanosleep_time64": {"5.1", 407, 0},
	"utimensat_time64": {"5.1", 412, 0}, "pselect6_time64": {"5.1", 413, 0}, "ppoll_time64": {"5.1", 414, 0}, "futex_time64": {"5.1", 422, 0},
	"pidfd_send_signal": {"5.1", 424, 424}, "io_uring_setup": {"5.1", 425, 425}, "pidfd_open": {"5.3", 434, 434}, "clone3": {"5.3", 435, 435},
	"close_range": {"5.9", 436, 436}, "openat2": {"5.6", 437, 437}, "faccessat2": {"5.8", 439, 439}, "epoll_pwait2": {"5.11", 441, 441},
}

// The last numbers of Linux 3.10, both finit_module. ARM has calls of its own far above.
const (
	lastARM   = 379
	armsOwn   = 0x0f0000
	lastAMD64 = 313
)

// FallsBack says of the calls that the agent may try how it does without.
var FallsBack = map[string]string{
	"getrandom":         "Go reads /dev/urandom",
	"faccessat2":        "Go asks faccessat",
	"statx":             "SQLite asks stat64",
	"copy_file_range":   "Go reads and writes",
	"pidfd_open":        "Go goes by the number of the process",
	"pidfd_send_signal": "Go goes by the number of the process",
	"clone3":            "Go asks clone",
	"futex_time64":      "Go asks futex; on ARM it tries none but on 5.1 and later, by uname",
}

// Missed are the calls among these, by name, that nothing is known to stand in for.
func Missed(tried []string) (missed []string) {
	for _, name := range tried {
		if FallsBack[name] == "" {
			missed = append(missed, name)
		}
	}
	return missed
}

// nameOf is the name of a call by its number.
func nameOf(nr int, of func(call) int) string {
	for name, c := range newer {
		if of(c) == nr {
			return name
		}
	}
	return fmt.Sprint("call ", nr)
}

var (
	traced  = regexp.MustCompile(`^\d+ ([a-z_0-9]+)\(`)
	unknown = regexp.MustCompile(`^\d+ Unknown syscall (\d+)`)
)

// Traced reads what qemu-arm -strace wrote: which calls newer than Linux 3.10 were tried,
// by name, and how many calls in all.
func Traced(r io.Reader) (tried []string, calls int, err error) {
	found := map[string]bool{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if m := traced.FindSubmatch(lines.Bytes()); m != nil {
			calls++
			if _, is := newer[string(m[1])]; is {
				found[string(m[1])] = true
			}
		} else if m := unknown.FindSubmatch(lines.Bytes()); m != nil {
			calls++
			nr, err := strconv.Atoi(string(m[1]))
			if err != nil {
				return nil, 0, err
			}
			if nr > lastARM && nr < armsOwn {
				found[nameOf(nr, func(c call) int { return c.arm })] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), calls, lines.Err()
}
