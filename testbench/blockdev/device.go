// Package blockdev is a real ext4 with blocks of 4 KiB on a loop device that
// counts what is written to it, the file system's journal included. Small images
// would get blocks of 1 KiB, which flatters everybody. It needs root; call Own
// first, so that its mounts go with the process whatever happens.
package blockdev

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// diskBytes is the size of the file system.
const diskBytes = 64 << 20

// mounts says that the process has mounts of its own.
const mounts = "BLOCKDEV_OWN_MOUNTS"

// Own runs this program again with mounts of its own, and reports whether it
// did: then its end is err and there is nothing left to do.
func Own() (ran bool, err error) {
	if os.Getenv(mounts) != "" {
		return false, nil
	}
	if os.Geteuid() != 0 {
		return true, errors.New("a loop device needs root")
	}
	c := exec.Command("/proc/self/exe", os.Args[1:]...)
	c.Env = append(os.Environ(), mounts+"=1")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	return true, c.Run()
}

// Device is an ext4 on a loop device, mounted at Dir.
type Device struct {
	Dir  string
	work string
	name string // loop3
}

// New makes one, empty.
func New() (d *Device, err error) {
	work, err := os.MkdirTemp("", "flash-")
	if err != nil {
		return nil, err
	}
	d = &Device{Dir: filepath.Join(work, "mount"), work: work}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(work))
		}
	}()
	disk := filepath.Join(work, "disk")
	if err := errors.Join(os.Mkdir(d.Dir, 0o700), os.WriteFile(disk, nil, 0o600), os.Truncate(disk, diskBytes)); err != nil {
		return nil, err
	}
	if _, err := run("mkfs.ext4", "-q", "-F", "-b", "4096", disk); err != nil {
		return nil, err
	}
	if _, err := run("mount", "-o", "loop,noatime", disk, d.Dir); err != nil {
		return nil, fmt.Errorf("a loop device needs root: %w", err)
	}
	source, err := run("findmnt", "-n", "-o", "SOURCE", d.Dir)
	if err != nil {
		return nil, errors.Join(err, syscall.Unmount(d.Dir, 0))
	}
	d.name = filepath.Base(strings.TrimSpace(source))
	return d, nil
}

// Close unmounts it and throws it away.
func (d *Device) Close() error {
	return errors.Join(syscall.Unmount(d.Dir, 0), os.RemoveAll(d.work))
}

// Written is how many bytes and write requests a device has been given.
type Written struct{ Bytes, Requests int64 }

// Settled flushes what the file system holds back and returns the counters.
func (d *Device) Settled() (Written, error) {
	if _, err := run("sync", "-f", d.Dir); err != nil {
		return Written{}, err
	}
	text, err := os.ReadFile("/sys/block/" + d.name + "/stat")
	if err != nil {
		return Written{}, err
	}
	// Fields 5 and 7 of the kernel's documentation: writes completed, sectors
	// of 512 bytes written.
	f := strings.Fields(string(text))
	if len(f) < 7 {
		return Written{}, fmt.Errorf("%s: %q is not understood", d.name, text)
	}
	requests, err := strconv.ParseInt(f[4], 10, 64)
	if err != nil {
		return Written{}, err
	}
	sectors, err := strconv.ParseInt(f[6], 10, 64)
	return Written{512 * sectors, requests}, err
}

func run(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %v: %w\n%s", name, args, err, out)
	}
	return string(out), nil
}
