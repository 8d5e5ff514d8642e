// Package procfs reads what the kernel says of a process, for benchmarks.
package procfs

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Memory is a process's anonymous and resident memory, MB.
func Memory(pid int) (anonymous, resident float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		var kb float64
		if f := strings.Fields(line); len(f) == 3 {
			kb, _ = strconv.ParseFloat(f[1], 64)
		}
		switch {
		case strings.HasPrefix(line, "RssAnon:"):
			anonymous = kb / 1000
		case strings.HasPrefix(line, "VmRSS:"):
			resident = kb / 1000
		}
	}
	if anonymous == 0 || resident == 0 {
		return 0, 0, io.ErrUnexpectedEOF
	}
	return anonymous, resident, nil
}

// CPUSeconds is the processor time of a process, user and system.
func CPUSeconds(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), ") ")
	f := strings.Fields(after)
	if len(f) < 13 {
		return 0, io.ErrUnexpectedEOF
	}
	user, err := strconv.ParseFloat(f[11], 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseFloat(f[12], 64)
	return (user + system) / 100, err // ticks of 10 ms
}
