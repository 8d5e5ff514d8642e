package main

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

// diskBytes is the size of the file system on which each way runs.
const diskBytes = 64 << 20

// device is an ext4 on a loop device, mounted.
type device struct {
	dir  string // where it is mounted
	work string
	name string // loop3
}

// newDevice makes one. It needs root.
func newDevice() (d *device, err error) {
	work, err := os.MkdirTemp("", "flash-")
	if err != nil {
		return nil, err
	}
	d = &device{dir: filepath.Join(work, "mount"), work: work}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(work))
		}
	}()
	disk := filepath.Join(work, "disk")
	if err := errors.Join(os.Mkdir(d.dir, 0o700), os.WriteFile(disk, nil, 0o600), os.Truncate(disk, diskBytes)); err != nil {
		return nil, err
	}
	if _, err := run("mkfs.ext4", "-q", "-F", "-b", "4096", disk); err != nil {
		return nil, err
	}
	if _, err := run("mount", "-o", "loop,noatime", disk, d.dir); err != nil {
		return nil, fmt.Errorf("a loop device needs root: %w", err)
	}
	source, err := run("findmnt", "-n", "-o", "SOURCE", d.dir)
	if err != nil {
		return nil, errors.Join(err, syscall.Unmount(d.dir, 0))
	}
	d.name = filepath.Base(strings.TrimSpace(source))
	return d, nil
}

func (d *device) close() error {
	return errors.Join(syscall.Unmount(d.dir, 0), os.RemoveAll(d.work))
}

// written is how many bytes and requests the device has been given.
type written struct{ bytes, requests int64 }

// settled flushes what the file system holds back and returns the counters.
func (d *device) settled() (written, error) {
	if _, err := run("sync", "-f", d.dir); err != nil {
		return written{}, err
	}
	text, err := os.ReadFile("/sys/block/" + d.name + "/stat")
	if err != nil {
		return written{}, err
	}
	// Fields 5 and 7 of the kernel's documentation: writes completed, sectors
	// of 512 bytes written.
	f := strings.Fields(string(text))
	if len(f) < 7 {
		return written{}, fmt.Errorf("%s: %q is not understood", d.name, text)
	}
	requests, err := strconv.ParseInt(f[4], 10, 64)
	if err != nil {
		return written{}, err
	}
	sectors, err := strconv.ParseInt(f[6], 10, 64)
	return written{512 * sectors, requests}, err
}

func run(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %v: %w\n%s", name, args, err, out)
	}
	return string(out), nil
}
