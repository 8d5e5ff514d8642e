package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"iptvdc/agent/outbox"
)

// fileSystem is what statfs calls by a number.
type fileSystem struct {
	name string
	why  Text // why it is no place for events; empty: it is one
}

var fileSystems = map[int64]fileSystem{
	unix.EXT4_SUPER_MAGIC:      {name: "ext4"},
	unix.F2FS_SUPER_MAGIC:      {name: "f2fs"},
	unix.BTRFS_SUPER_MAGIC:     {name: "btrfs"},
	unix.XFS_SUPER_MAGIC:       {name: "xfs"},
	0x24051905:                 {name: "ubifs"},
	0x72b6:                     {name: "jffs2"},
	0x5941ff53:                 {name: "yaffs2"},
	unix.OVERLAYFS_SUPER_MAGIC: {name: "overlay"},
	unix.MSDOS_SUPER_MAGIC:     {"vfat", say("it does not survive power cuts well", "掉电后容易损坏")},
	unix.TMPFS_MAGIC:           {"tmpfs", say("it lies in memory: a power cut empties it", "它在内存中，掉电即丢失")},
	unix.RAMFS_MAGIC:           {"ramfs", say("it lies in memory: a power cut empties it", "它在内存中，掉电即丢失")},
	unix.SQUASHFS_MAGIC:        {"squashfs", say("nobody can write to it", "只读，无法写入")},
	unix.NFS_SUPER_MAGIC:       {"nfs", say("SQLite's locks do not hold there", "SQLite 的文件锁在其上不可靠")},
}

// checkFolder looks at the folder and at what it stands on.
func checkFolder(_ context.Context, p *Patient) []Finding {
	dir := p.Config.Dir
	fi, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{bad(say("mkdir -m 700 -p %s    (run as the agent's user; the agent's start does it, too)", "mkdir -m 700 -p %s    （以采集程序的用户执行；程序启动时也会自动创建）", dir),
			"%s is not there", "%s 不存在", dir)}
	case err != nil:
		return []Finding{bad(say("ls -ld %s    (call the doctor as root or as the agent's user)", "ls -ld %s    （请以 root 或采集程序的用户运行）", dir),
			"%s cannot be looked at: %v", "%s 无法访问：%v", dir, err)}
	case !fi.IsDir():
		return []Finding{bad(say("mv %s %[1]s.old    (and start the agent again)", "mv %s %[1]s.old    （然后重新启动采集程序）", dir),
			"%s is no folder", "%s 不是目录", dir)}
	}
	out := []Finding{good("%s is there, mode %03o", "%s 存在，权限 %03o", dir, fi.Mode().Perm())}
	if fi.Mode().Perm()&0o077 != 0 {
		out = append(out, bad(say("chmod 700 %s", "chmod 700 %s", dir), "other users can look into it", "其他用户可以查看该目录"))
	}
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return append(out, note("its file system does not say what it is: %v", "无法读取文件系统信息：%v", err))
	}
	out = append(out, onFileSystem(dir, int64(st.Type)))
	if st.Flags&unix.ST_RDONLY != 0 {
		return append(out, bad(say("mount -o remount,rw %s    (if that fails: dmesg | tail shows why the kernel gave the file system up)", "mount -o remount,rw %s    （若失败，用 dmesg | tail 查看内核放弃该文件系统的原因）", dir),
			"it is mounted read-only", "以只读方式挂载"))
	}
	out = append(out, space(p, &st))
	probe, err := os.CreateTemp(dir, "doctor-*.tmp")
	if err != nil {
		return append(out, bad(say("chown -R $(id -u) %s    (as root; or call the doctor as the agent's user)", "chown -R $(id -u) %s    （以 root 执行；或以采集程序的用户运行）", dir),
			"it cannot be written to: %v", "无法写入：%v", err))
	}
	_, err = probe.Write(make([]byte, 4096))
	err = errors.Join(err, probe.Sync(), probe.Close(), os.Remove(probe.Name()))
	if err != nil {
		return append(out, bad(say("dmesg | tail    (the flash may be worn out)", "dmesg | tail    （闪存可能已损坏）"), "writing fails: %v", "写入失败：%v", err))
	}
	return append(out, good("it can be written to", "可以写入"))
}

func onFileSystem(dir string, magic int64) Finding {
	known, ok := fileSystems[magic&0xffffffff]
	switch {
	case !ok:
		return note("a file system of type %#x, which was never tried", "文件系统类型 %#x，未经测试", magic)
	case known.why.EN != "":
		return Finding{Level: Problem,
			What: Text{"it stands on " + known.name + ": " + known.why.EN, "位于 " + known.name + "：" + known.why.ZH},
			Cure: say("stbagent run --data DIR    (a folder on the data partition; now it is %s; mount shows which there are)", "stbagent run --data DIR    （改用数据分区上的目录，现为 %s；用 mount 查看分区）", dir)}
	}
	return good("on %s", "文件系统 %s", known.name)
}

// space compares what is free with what the outbox may still grow by.
func space(p *Patient, st *unix.Statfs_t) Finding {
	free := int64(st.Bavail) * int64(st.Bsize)
	quota := p.Config.Outbox.MaxBytes
	if quota == 0 {
		quota = outbox.DefaultMaxBytes
	}
	need := quota + 1<<20 - outbox.NewSQLite(p.Config.Dir).Size()
	if free < need {
		return bad(say("du -s %s/.. ; df %[1]s    (make room, or lower --quota)", "du -s %s/.. ; df %[1]s    （清理空间，或减小 --quota）", p.Config.Dir),
			"%s free, the outbox may need %s more", "剩余 %s，事件库最多还需要 %s", bytesText(free), bytesText(need))
	}
	return good("%s free", "剩余 %s", bytesText(free))
}

func bytesText(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%d MB", n>>20)
}

// checkOutbox opens the file as an onlooker, or asks the agent that has it open.
func checkOutbox(ctx context.Context, p *Patient) []Finding {
	if s, err := p.state(ctx); err == nil && s.Running {
		return append([]Finding{good("open in the running agent: epoch %s, %d bytes", "运行中的程序已打开：周期 %s，%d 字节", s.Epoch, s.Bytes)}, settings(s.Odd))
	}
	d := outbox.NewSQLite(p.Config.Dir)
	img, err := d.Look()
	path := filepath.Join(p.Config.Dir, "outbox.db")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{note("none yet; the agent's first start makes it", "尚未创建；采集程序首次启动时创建")}
	case errors.Is(err, outbox.ErrBusy):
		return []Finding{bad(say("ps | grep stbagent    (end the program that hangs, by its number, and start the agent again)", "ps | grep stbagent    （按进程号结束卡住的程序，再重新启动）"),
			"a program has it open and does not answer", "有程序占用事件库但没有响应")}
	case errors.Is(err, outbox.ErrDamaged):
		return []Finding{bad(say("stbagent run ...    (nothing else: the next start sets the damaged file aside, keeps what is good and reports what is lost; keep the .db files if you want to know why)",
			"stbagent run ...    （直接启动即可：程序会隔离损坏文件、保留完好数据并上报丢失数量）"), "damaged: %v", "已损坏：%v", err)}
	case errors.Is(err, syscall.EACCES), errors.Is(err, fs.ErrPermission):
		return []Finding{bad(say("ls -l %s    (call the doctor as root or as the agent's user)", "ls -l %s    （请以 root 或采集程序的用户运行）", path), "it cannot be read: %v", "无法读取：%v", err)}
	case err != nil:
		return []Finding{bad(say("ls -l %s; dmesg | tail", "ls -l %s; dmesg | tail", path), "it does not open: %v", "无法打开：%v", err)}
	}
	held := 0
	for _, b := range img.Batches {
		held += int(b.N)
	}
	for _, r := range img.Open {
		held += int(r.N)
	}
	return append([]Finding{good("opens and is whole: epoch %016x, %d events, %d bytes", "可打开且完整：周期 %016x，%d 个事件，%d 字节", img.Meta.Epoch, held, d.Size())}, settings(d.Odd()))
}

func settings(odd []string) Finding {
	if len(odd) == 0 {
		return good("SQLite took all its settings", "SQLite 设置全部生效")
	}
	return note("SQLite did not take these settings, which costs flash, not events: %v", "SQLite 未接受以下设置（增加闪存写入，不丢事件）：%v", odd)
}

// checkSpeed writes and syncs small files as commits do.
func checkSpeed(ctx context.Context, p *Patient) []Finding {
	f, err := os.CreateTemp(p.Config.Dir, "doctor-*.tmp")
	if err != nil {
		return []Finding{bad(say("stbagent doctor --data %s --check folder", "stbagent doctor --data %s --check folder", p.Config.Dir), "nothing can be written: %v", "无法写入：%v", err)}
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var took []time.Duration
	for len(took) < 25 && ctx.Err() == nil {
		start := time.Now()
		if _, err := f.WriteAt(make([]byte, 4096), int64(len(took))*4096); err != nil {
			break
		}
		if f.Sync() != nil {
			break
		}
		took = append(took, time.Since(start))
	}
	if len(took) == 0 {
		return []Finding{bad(say("dmesg | tail", "dmesg | tail"), "writing fails", "写入失败")}
	}
	slices.Sort(took)
	middle, worst := took[len(took)/2], took[len(took)-1]
	if middle > 250*time.Millisecond {
		return []Finding{bad(say("stbagent run --group 1s    (fewer commits; or is another program writing without pause? iotop)", "stbagent run --group 1s    （减少提交次数；或检查是否有其他程序在持续写入）"),
			"a synced write takes %v, the slowest %v", "一次同步写入 %v，最慢 %v", middle.Round(time.Millisecond), worst.Round(time.Millisecond))}
	}
	return []Finding{good("a synced write takes %v, the slowest %v", "一次同步写入 %v，最慢 %v", middle.Round(10*time.Microsecond), worst.Round(10*time.Microsecond))}
}
