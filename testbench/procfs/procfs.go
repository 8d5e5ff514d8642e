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
	sizes := Sizes(string(text))
	anonymous, resident = sizes["RssAnon"], sizes["VmRSS"]
	if anonymous == 0 || resident == 0 {
		return 0, 0, io.ErrUnexpectedEOF
	}
	return anonymous, resident, nil
}

// Sizes reads what stands as "Name: 12 kB" in a file of the kernel's, MB. The
// kernel's kB is 1,024 bytes. Line breaks may have become spaces.
func Sizes(text string) map[string]float64 {
	sizes := map[string]float64{}
	f := strings.Fields(text)
	for i := 0; i+2 < len(f); i++ {
		name, ok := strings.CutSuffix(f[i], ":")
		kb, err := strconv.ParseUint(f[i+1], 10, 64)
		if ok && err == nil && f[i+2] == "kB" {
			sizes[name] = float64(kb) * 1024 / 1e6
		}
	}
	return sizes
}

// CPUSeconds is the processor time of a process, user and system.
func CPUSeconds(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return StatCPUSeconds(string(text))
}

// StatCPUSeconds is the same of the text of a process's stat file.
func StatCPUSeconds(text string) (float64, error) {
	_, after, _ := strings.Cut(text, ") ")
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

// Written is what the text of a block device's stat file says of writes: how
// many, and bytes.
func Written(text string) (writes, bytes uint64, err error) {
	f := strings.Fields(text)
	if len(f) < 7 {
		return 0, 0, io.ErrUnexpectedEOF
	}
	if writes, err = strconv.ParseUint(f[4], 10, 64); err != nil {
		return 0, 0, err
	}
	sectors, err := strconv.ParseUint(f[6], 10, 64)
	return writes, sectors * 512, err // a sector is 512 bytes, whatever the disk's are
}
