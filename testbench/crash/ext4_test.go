package crash

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"iptvdc/testbench/crashfs"
)

var cutsFlag = flag.Int("cuts", 30, "power cuts on a real ext4")

// ext4Cuts tells a copy of this test binary to be the process with mounts of
// its own, and how many cuts to make.
const ext4Cuts = "CRASH_EXT4_CUTS"

// cannotMount is how that process ends where mounting is not to be had.
const cannotMount = 3

func TestMain(m *testing.M) {
	if n := os.Getenv(ext4Cuts); n != "" {
		if err := cutExt4(n); err != nil {
			fmt.Println(err)
			if errors.Is(err, crashfs.ErrCannot) {
				os.Exit(cannotMount)
			}
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(agentChild); dir != "" {
		if err := beAgent(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestExt4Cut keeps an outbox on a real ext4 whose disk is a file that records
// each block written and each flush. The disk as it was at many of these
// moments, blocks not flushed yet missing or there in any mixture, is mounted
// again, the file system's journal is replayed, and the outbox must hold what it
// had promised.
func TestExt4Cut(t *testing.T) {
	if testing.Short() {
		t.Skip("mounts file systems")
	}
	if os.Getuid() != 0 {
		t.Skip("only root may mount")
	}
	if _, err := exec.LookPath("mkfs.ext4"); err != nil {
		t.Skip("needs mkfs.ext4, package e2fsprogs")
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%d", ext4Cuts, *cutsFlag))
	c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS} // its mounts go with it
	out, err := c.CombinedOutput()
	if c.ProcessState != nil && c.ProcessState.ExitCode() == cannotMount {
		t.Skipf("%s", out)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

const diskBytes = 16 << 20

func cutExt4(count string) (err error) {
	var cuts int
	if _, err := fmt.Sscan(count, &cuts); err != nil {
		return err
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	work, err := scratch()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	tally := map[string]int{}
	for seed := uint64(1); cuts > 0; seed++ {
		for _, k := range kinds[:3] {
			if cuts <= 0 {
				break
			}
			r, err := liveOnExt4(work, k, seed)
			if err != nil {
				return fmt.Errorf("%s, seed %d: %w", k.name, seed, err)
			}
			n, err := r.cut(work, min(cuts, 150))
			if err != nil {
				return fmt.Errorf("%s, seed %d: %w", k.name, seed, err)
			}
			tally[k.name] += n
			cuts -= n
		}
	}
	fmt.Printf("power cuts by kind of life: %v", tally)
	return nil
}

// liveOnExt4 lives a life on ext4, on a loop device, on a file that records.
func liveOnExt4(work string, k kind, seed uint64) (r *recorded, err error) {
	recorder, backing, mount := filepath.Join(work, "recorder"), filepath.Join(work, "backing"), filepath.Join(work, "mount")
	for _, dir := range []string{recorder, backing, mount} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	fs, err := crashfs.Mount(recorder, backing)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, fs.Unmount()) }()
	disk := filepath.Join(recorder, "disk")
	if err := errors.Join(os.WriteFile(disk, nil, 0o600), os.Truncate(disk, diskBytes)); err != nil {
		return nil, err
	}
	if err := run("mkfs.ext4", "-q", "-F", disk); err != nil {
		return nil, err
	}
	if err := run("mount", "-o", "loop", disk, mount); err != nil {
		return nil, fmt.Errorf("%w: %w", crashfs.ErrCannot, err)
	}
	l := newLife(k, filepath.Join(mount, "box"), seed, fs.Journal())
	err = os.Mkdir(l.dir, 0o700)
	if err == nil {
		err = run("sync", "-f", l.dir) // the folder comes with the firmware
	}
	if err == nil {
		err = l.live(60)
	}
	if err := errors.Join(err, syscall.Unmount(mount, 0)); err != nil {
		return nil, err
	}
	return &recorded{life: l, changes: fs.Journal().Changes()}, nil
}

// cut looks at up to n moments of the life, each in one of the models.
func (r *recorded) cut(work string, n int) (cuts int, err error) {
	rnd := rand.New(rand.NewPCG(r.seed, 5))
	var now *promise
	at, begun := 0, 0
	for i := range r.changes {
		if r.changes[i].Kind == crashfs.Note && begun == 0 {
			begun = i // before it, the disk was made
		}
	}
	stride := max(1, (len(r.changes)-begun)/n)
	crashfs.Walk(r.changes, false, func(c *crashfs.Change, s *crashfs.State) bool {
		at++
		if c.Kind == crashfs.Note {
			now = c.Note.(*promise)
		}
		if now == nil || at%stride != 0 || cuts == n {
			return true
		}
		m := crashfs.Models[cuts%len(crashfs.Models)]
		var img crashfs.Image
		if img, err = replay(work, s.Image(m, rnd)["disk"]); err == nil {
			err = r.check(img, now)
		}
		if err != nil {
			err = fmt.Errorf("change %d, %v: %w (promised %+v)", at, m, err, *now)
		}
		cuts++
		return err == nil
	})
	return cuts, err
}

// replay mounts a disk as it was found and returns the outbox's folder.
func replay(work string, disk []byte) (img crashfs.Image, err error) {
	found, mount := filepath.Join(work, "found"), filepath.Join(work, "again")
	if err := errors.Join(os.WriteFile(found, disk, 0o600), os.Mkdir(mount, 0o700)); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.Remove(mount), os.Remove(found)) }()
	if err := run("mount", "-o", "loop", found, mount); err != nil {
		return nil, err
	}
	img, err = read(filepath.Join(mount, "box"))
	return img, errors.Join(err, syscall.Unmount(mount, 0))
}

func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", name, args, err, out)
	}
	return nil
}

func read(dir string) (crashfs.Image, error) {
	img := crashfs.Image{}
	return img, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		img[name], err = os.ReadFile(path)
		return err
	})
}
