package armvm

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// needed are the kernel's modules that a machine loads, and what they depend on
// before them. ext4 asks for crc32c by another way than a dependency.
var needed = []string{"virtio_mmio", "virtio_blk", "virtio_net", "virtio-rng", "crc32c_generic", "ext4", "squashfs", "softdog"}

// systemFolder is the cache's folder with what fetch unpacks; another number for
// other contents.
const systemFolder = "armmp-2"

// fetch returns the folder with vmlinuz, busybox and modules, which lie in
// modules, named in the order they are to be loaded in. What is not in the cache
// is taken from the host's Debian archive, by an apt that shares nothing with the
// host's but the names of its sources. The folder is there whole or not at all.
func fetch(ctx context.Context, cache string) (dir string, err error) {
	if cache, err = filepath.Abs(cache); err != nil {
		return "", err
	}
	dir = filepath.Join(cache, systemFolder)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	tree, err := download(ctx, work)
	if err != nil {
		return "", fmt.Errorf("the kernel for ARM and BusyBox come from Debian, over the network, once: %w", err)
	}
	system := filepath.Join(work, systemFolder)
	if err := pick(tree, system); err != nil {
		return "", err
	}
	if err := os.Rename(system, dir); err != nil && !errors.Is(err, fs.ErrExist) { // another was quicker
		return "", err
	}
	return dir, nil
}

// download unpacks the newest kernel's package and BusyBox's below work.
func download(ctx context.Context, work string) (tree string, err error) {
	for _, d := range []string{"lists/partial", "cache/archives/partial", "sources", "debs", "tree"} {
		if err := os.MkdirAll(filepath.Join(work, d), 0o755); err != nil {
			return "", err
		}
	}
	if err := copySources("/etc/apt", filepath.Join(work, "sources")); err != nil {
		return "", err
	}
	conf := strings.ReplaceAll(`APT::Architecture "armhf"; APT::Architectures { "armhf"; }; APT::Sandbox::User "root";
Acquire::Languages "none"; Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Dir::State::Lists "@/lists"; Dir::State::status "@/status"; Dir::Cache "@/cache";
Dir::Etc::SourceList "/dev/null"; Dir::Etc::SourceParts "@/sources";
`, "@", work)
	if err := errors.Join(os.WriteFile(filepath.Join(work, "apt.conf"), []byte(conf), 0o644),
		os.WriteFile(filepath.Join(work, "status"), nil, 0o644)); err != nil {
		return "", err
	}
	run := func(name string, args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Env = append(os.Environ(), "APT_CONFIG="+filepath.Join(work, "apt.conf"), "LC_ALL=C")
		cmd.Dir = filepath.Join(work, "debs")
		out, err := cmd.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
		}
		return string(out), err
	}
	_, updated := run("apt-get", "update", "-q") // a source without ARM may fail: what follows tells
	depends, err := run("apt-cache", "depends", "linux-image-armmp")
	if err != nil {
		return "", errors.Join(updated, err)
	}
	_, kernel, ok := strings.Cut(depends, "Depends: ")
	if !ok {
		return "", errors.Join(updated, fmt.Errorf("no kernel behind linux-image-armmp: %q", depends))
	}
	if _, err := run("apt-get", "download", "-q", strings.Fields(kernel)[0], "busybox-static"); err != nil {
		return "", errors.Join(updated, err)
	}
	debs, err := filepath.Glob(filepath.Join(work, "debs", "*.deb"))
	if err != nil {
		return "", err
	}
	tree = filepath.Join(work, "tree")
	for _, deb := range debs {
		if _, err := run("dpkg-deb", "-x", deb, tree); err != nil {
			return "", err
		}
	}
	return tree, nil
}

// copySources copies apt's sources less those of security updates, whose index
// for ARM not every mirror has whole.
func copySources(from, to string) error {
	names := []string{filepath.Join(from, "sources.list")}
	for _, pattern := range []string{"*.list", "*.sources"} {
		more, err := filepath.Glob(filepath.Join(from, "sources.list.d", pattern))
		if err != nil {
			return err
		}
		names = append(names, more...)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(name)), []byte(withoutSecurity(name, string(text))), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// withoutSecurity leaves out stanzas of a .sources file, or lines of a .list,
// that name a security archive.
func withoutSecurity(name, text string) string {
	separator := "\n"
	if filepath.Ext(name) == ".sources" {
		separator = "\n\n"
	}
	var kept []string
	for part := range strings.SplitSeq(text, separator) {
		if !strings.Contains(part, "security") {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, separator)
}

// pick copies what a machine needs out of the unpacked packages.
func pick(tree, to string) error {
	modules := filepath.Join(to, "modules")
	if err := os.MkdirAll(modules, 0o755); err != nil {
		return err
	}
	kernels, err := filepath.Glob(filepath.Join(tree, "boot", "vmlinuz-*"))
	if err != nil {
		return err
	}
	if len(kernels) != 1 {
		return fmt.Errorf("%d kernels in the package, want one", len(kernels))
	}
	files := map[string]string{"vmlinuz": kernels[0], "busybox": filepath.Join(tree, "bin", "busybox")}
	found := map[string]string{} // by the name that dependencies use
	err = filepath.WalkDir(filepath.Join(tree, "lib", "modules"), func(path string, _ fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(filepath.Base(path), ".ko"); ok {
			found[moduleName(name)] = path
		}
		return err
	})
	if err != nil {
		return err
	}
	order, err := loadOrder(needed, func(name string) ([]string, error) {
		path, ok := found[name]
		if !ok {
			return nil, fmt.Errorf("the kernel has no module %s", name)
		}
		return dependencies(path)
	})
	if err != nil {
		return err
	}
	for i, name := range order {
		files[filepath.Join("modules", fmt.Sprintf("%02d-%s.ko", i, name))] = found[name]
	}
	for name, from := range files {
		text, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// System is what a machine's images are made of: BusyBox for ARM, and the kernel's
// modules in the order in which they are loaded.
type System struct {
	BusyBox string
	Modules []string
}

// Fetch returns the files in the cache, which it fills, once, over the network.
func Fetch(ctx context.Context, cache string) (System, error) {
	dir, err := fetch(ctx, cache)
	if err != nil {
		return System{}, err
	}
	modules, err := filepath.Glob(filepath.Join(dir, "modules", "*.ko"))
	slices.Sort(modules)
	return System{BusyBox: filepath.Join(dir, "busybox"), Modules: modules}, err
}

// moduleName is a module's name as dependencies have it: files may be named with
// a hyphen instead.
func moduleName(file string) string { return strings.ReplaceAll(file, "-", "_") }

// loadOrder lists the modules and all they depend on, each once, behind what it
// depends on.
func loadOrder(names []string, depends func(name string) ([]string, error)) (order []string, err error) {
	seen := map[string]bool{}
	var add func(name string) error
	add = func(name string) error {
		if name = moduleName(name); seen[name] {
			return nil
		}
		seen[name] = true
		before, err := depends(name)
		if err != nil {
			return err
		}
		for _, b := range before {
			if err := add(b); err != nil {
				return err
			}
		}
		order = append(order, name)
		return nil
	}
	for _, name := range names {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// dependencies reads what a module says it depends on.
func dependencies(path string) ([]string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("%s is no kernel module", path)
	}
	info, err := section.Data()
	if err != nil {
		return nil, err
	}
	for field := range bytes.SplitSeq(info, []byte{0}) {
		if names, ok := bytes.CutPrefix(field, []byte("depends=")); ok && len(names) > 0 {
			return strings.Split(string(names), ","), nil
		}
	}
	return nil, nil
}
