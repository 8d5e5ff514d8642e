package image

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// tool runs a program of Debian's, with the image's time for what asks for it.
func (r *run) tool(stdin io.Reader, env []string, name string, args ...string) error {
	path, err := exec.LookPath(name)
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/" + name); err != nil {
			return fmt.Errorf("%w; install it with: testbench/setup/install.sh firmware", err)
		}
	}
	cmd := exec.CommandContext(r.ctx, path, args...)
	cmd.Stdin = stdin
	for _, e := range os.Environ() { // it would contradict the times given by flags
		if !strings.HasPrefix(e, "SOURCE_DATE_EPOCH=") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env, append(env, "LC_ALL=C", "TZ=UTC")...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, strings.Join(lines[:min(5, len(lines))], "\n"))
	}
	return nil
}

func (r *run) squashfs() (err error) {
	t, err := r.wholeRoot()
	if err != nil {
		return err
	}
	tree, err := buffer(func(w io.Writer) error { return t.Tar(w, "", r.Epoch) })
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "mkimage-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	path := filepath.Join(work, "root")
	at := fmt.Sprint(r.Epoch.Unix())
	// One processor: so the order of blocks does not hang on the host.
	if err := r.tool(bytes.NewReader(tree), nil, "mksquashfs", "-", path, "-tar", "-comp", "xz", "-b", "131072", "-all-root", "-no-xattrs",
		"-mkfs-time", at, "-all-time", at, "-root-mode", "0755", "-root-uid", "0", "-root-gid", "0",
		"-processors", "1", "-no-progress", "-quiet", "-noappend"); err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return r.write("squashfs", r.name("-root.squashfs"), 0o644, data)
}

// dataImage makes the data partition as it is on a new box: the agent's folder and
// nothing else. What an old kernel, or its e2fsck, cannot read is left out.
func (r *run) dataImage() (err error) {
	t := r.Target
	inner, ok := strings.CutPrefix(t.Data.Folder, strings.TrimSuffix(t.Data.Mount, "/")+"/")
	if !ok || strings.Contains(inner, "/") {
		return fmt.Errorf("the folder %s must lie right on %s", t.Data.Folder, t.Data.Mount)
	}
	features := "^64bit"
	if !t.KernelAtLeast(4, 4) {
		features += ",^metadata_csum"
	}
	work, err := os.MkdirTemp("", "mkimage-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	path := filepath.Join(work, "data")
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, int64(t.Data.SizeMB)<<20)); err != nil {
		return err
	}
	at := fmt.Sprint(r.Epoch.Unix())
	env := []string{"E2FSPROGS_FAKE_TIME=" + at, "MKE2FS_CONFIG=/dev/null"}
	if err := r.tool(nil, env, "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-I", "256", "-m", "0", "-L", "stbdata", "-U", r.uuid("data"),
		"-O", "has_journal,ext_attr,dir_index,filetype,extent,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum,"+features,
		"-E", "hash_seed="+r.uuid("hash")+",root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0", path); err != nil {
		return err
	}
	commands := "mkdir " + inner + "\nsif " + inner + " mode 040700\nsif " + inner + " uid 0\nsif " + inner + " gid 0\n"
	for _, which := range []string{"atime", "mtime", "ctime", "crtime"} {
		commands += fmt.Sprintf("sif %s %s @%s\nsif / %[2]s @%[3]s\n", inner, which, at)
	}
	if err := r.tool(strings.NewReader(commands), env, "debugfs", "-w", "-f", "-", path); err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return r.write("data", r.name("-data.ext4"), 0o644, data)
}

// uuid is the same for the same target and use: two boxes never share a disk.
func (r *run) uuid(use string) string {
	b := sha256.Sum256([]byte("stbagent " + r.Target.Name + " " + use))
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80 // version 8: its maker's own
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
