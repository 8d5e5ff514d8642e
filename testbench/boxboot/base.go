package main

import (
	"context"
	"embed"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"iptvdc/firmware/pack"
	"iptvdc/testbench/armvm"
)

//go:embed base
var baseFiles embed.FS

// applets are the commands that the board's root has.
const applets = `[ ash awk cat chmod cp cut date dd df dmesg echo env false free grep head hostname ifconfig kill ln ls mkdir mount mv nc
poweroff printf ps reboot rm rmdir route sed sh sleep sort sync tail test touch true umount uname usleep wc wget`

// writeBases writes root.tar and ram.tar into a folder: a small maker's root with
// BusyBox, and what an initramfs needs beside its init.
func writeBases(ctx context.Context, cache, dir string) error {
	system, err := armvm.Fetch(ctx, cache)
	if err != nil {
		return err
	}
	busybox, err := os.ReadFile(system.BusyBox)
	if err != nil {
		return err
	}
	root, ram := new(pack.Tree), new(pack.Tree)
	for _, d := range []string{"dev", "proc", "sys", "run", "tmp", "data", "root"} {
		root.Folder(d, 0o755)
	}
	root.File("bin/busybox", 0o755, busybox)
	ram.File("bin/busybox", 0o755, busybox)
	for _, a := range strings.Fields(applets) {
		root.Symlink("bin/"+a, "busybox")
	}
	for _, a := range []string{"init", "watchdog"} {
		root.Symlink("sbin/"+a, "../bin/busybox")
	}
	for name, path := range map[string]string{"inittab": "etc/inittab", "rcS": "etc/init.d/rcS", "S50doors": "etc/init.d/S50doors", "door": "etc/door"} {
		text, err := baseFiles.ReadFile("base/" + name)
		if err != nil {
			return err
		}
		root.File(path, 0o755, text)
	}
	for _, m := range system.Modules {
		text, err := os.ReadFile(m)
		if err != nil {
			return err
		}
		ram.File("modules/"+filepath.Base(m), 0o644, text)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return errors.Join(writeTar(filepath.Join(dir, "root.tar"), root), writeTar(filepath.Join(dir, "ram.tar"), ram))
}

func writeTar(path string, t *pack.Tree) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return t.Tar(f, "", time.Unix(0, 0))
}
