package session

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// SystemClock is the clock of the machine: CLOCK_BOOTTIME, which counts
// standby, and the wall clock. The zero value is ready.
type SystemClock struct{}

// MonoMs implements agent.Clock. Kernels without CLOCK_BOOTTIME (before
// 2.6.39) give CLOCK_MONOTONIC.
func (SystemClock) MonoMs() uint64 {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) != nil && unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
		return 0
	}
	return uint64(ts.Nano()) / 1_000_000
}

// AwakeMs is MonoMs without suspension (CLOCK_MONOTONIC).
func (c SystemClock) AwakeMs() uint64 {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
		return c.MonoMs()
	}
	return uint64(ts.Nano()) / 1_000_000
}

// WallMs implements agent.Clock; a clock before 1970 is 0.
func (SystemClock) WallMs() uint64 { return uint64(max(0, time.Now().UnixMilli())) }

// BootID returns the kernel's random id of this boot.
func BootID() (string, error) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("boot id: %w", err)
	}
	id := strings.TrimSpace(string(b))
	if id == "" {
		return "", fmt.Errorf("boot id: /proc/sys/kernel/random/boot_id is empty")
	}
	return id, nil
}
