package doctor

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func (p *Patient) read(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join("/", p.Root, name))
}

// checkProc: almost everything else is read there.
func checkProc(_ context.Context, p *Patient) []Finding {
	if _, err := p.read("proc/self/status"); err != nil {
		return []Finding{bad(say("mount -t proc proc /proc", "mount -t proc proc /proc"), "/proc is not there: %v", "/proc 不可用：%v", err)}
	}
	return []Finding{good("/proc is mounted", "/proc 已挂载")}
}

func checkClock(ctx context.Context, p *Patient) []Finding {
	now := time.UnixMilli(int64(p.Clock.WallMs()))
	shown := now.Format("2006-01-02 15:04:05 -0700")
	least := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	if p.Config.NotBefore.After(least) {
		least = p.Config.NotBefore
	}
	if now.Before(least) {
		return []Finding{note("%s, which is past: nobody has told this box the time yet. Recording does not need it: the centre repairs times by the time since boot. Certificates are checked against %s. To set it: ntpd -q -p SERVER",
			"%s，早于程序发布时间：尚未校时。采集不受影响：中心按开机时长修正时间；证书按 %s 校验。校时命令：ntpd -q -p SERVER", shown, least.Format("2006-01-02"))}
	}
	s, err := p.state(ctx)
	if err == nil && s.Running && s.Uplink != nil && s.Uplink.LastAckMs > 0 {
		centre := s.Uplink.ServerMs + int64(s.UpMs) - int64(s.Uplink.LastAckMs)
		if off := time.Duration(now.UnixMilli()-centre) * time.Millisecond; off.Abs() > time.Minute {
			return []Finding{note("%s, %v from the centre's clock; the centre repairs times", "%s，与中心时钟相差 %v；中心会修正", shown, off.Round(time.Second))}
		}
	}
	return []Finding{good("%s", "%s", shown)}
}

func checkBoot(_ context.Context, p *Patient) (out []Finding) {
	id, err := p.read("proc/sys/kernel/random/boot_id")
	if err != nil || len(bytes.TrimSpace(id)) == 0 {
		out = append(out, bad(say("ls /proc/sys/kernel/random    (mount /proc; the kernel needs CONFIG_SYSCTL)", "ls /proc/sys/kernel/random    （挂载 /proc；内核需要 CONFIG_SYSCTL）"),
			"the kernel tells no id of this boot: %v", "内核未提供开机标识：%v", err))
	} else {
		out = append(out, good("boot %s", "开机标识 %s", bytes.TrimSpace(id)))
	}
	var boot, mono unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil {
		return append(out, note("no CLOCK_BOOTTIME (kernel before 2.6.39): standby is not counted in times", "无 CLOCK_BOOTTIME（内核低于 2.6.39）：待机时间不计入"))
	}
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &mono) // every kernel has it
	slept := time.Duration(boot.Nano() - mono.Nano()).Round(time.Second)
	return append(out, good("up for %v, %v of it in standby", "已运行 %v，其中待机 %v", time.Duration(boot.Nano()).Round(time.Second), max(0, slept)))
}

func checkKernel(_ context.Context, p *Patient) (out []Finding) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return []Finding{bad(say("uname -a", "uname -a"), "the kernel does not say what it is: %v", "无法读取内核版本：%v", err)}
	}
	release, machine := unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Machine[:])
	out = append(out, kernelVersion(release, machine))
	status, _ := p.read("proc/self/status") // checkProc has spoken if it is missing
	for line := range strings.Lines(string(status)) {
		if mode, ok := strings.CutPrefix(line, "Seccomp:"); ok && strings.TrimSpace(mode) == "2" {
			out = append(out, note("system calls are filtered (seccomp): fine for a service of init, deadly under an Android app", "系统调用受过滤（seccomp）：init 服务无妨，作为安卓应用则会被杀死"))
		}
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return append(out, bad(say("zcat /proc/config.gz | grep CONFIG_UNIX=    (it must be y)", "zcat /proc/config.gz | grep CONFIG_UNIX=    （应为 y）"), "no Unix sockets: %v", "不支持 Unix 套接字：%v", err))
	}
	unix.Close(fd)
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return append(out, bad(say("group inet    (in the service's stanza of init: Android lets only group 3003 use the network)", "group inet    （写入 init 的服务段：安卓只允许 3003 组使用网络）"), "this user may not use the network: %v", "该用户无权使用网络：%v", err))
	}
	unix.Close(fd)
	return append(out, good("Unix and network sockets can be had", "可使用 Unix 与网络套接字"))
}

// kernelVersion: Go needs 3.2 for what it does here.
func kernelVersion(release, machine string) Finding {
	major, rest, _ := strings.Cut(release, ".")
	minor, _, _ := strings.Cut(rest, ".")
	minor = strings.TrimRight(minor, "-+abcdefghijklmnopqrstuvwxyz")
	a, err1 := strconv.Atoi(major)
	b, err2 := strconv.Atoi(minor)
	switch {
	case errors.Join(err1, err2) != nil:
		return note("%s on %s: no version that is understood", "%s（%s）：无法识别的版本", release, machine)
	case a < 3 || a == 3 && b < 2:
		return bad(say("uname -r    (the firmware must bring 3.2 or later; 3.10 is tried)", "uname -r    （固件内核须为 3.2 或更高；3.10 已测试）"), "%s on %s is too old", "%s（%s）版本过低", release, machine)
	}
	return good("%s on %s", "%s（%s）", release, machine)
}

func checkRandom(_ context.Context, p *Patient) []Finding {
	var b [16]byte
	_, err := unix.Getrandom(b[:], unix.GRND_NONBLOCK)
	switch {
	case err == nil:
		return []Finding{good("ready", "就绪")}
	case errors.Is(err, unix.EAGAIN):
		return []Finding{bad(say("cat /proc/sys/kernel/random/entropy_avail    (give the kernel a saved seed at boot: dd if=SEED of=/dev/urandom, or start rngd)", "cat /proc/sys/kernel/random/entropy_avail    （开机时写入保存的种子：dd if=SEED of=/dev/urandom，或启动 rngd）"),
			"the kernel has none yet: the agent waits for them at its start", "内核熵池未就绪：采集程序启动时会等待")}
	}
	// Before 3.17 there is only the file.
	f, err := os.Open(filepath.Join("/", p.Root, "dev/urandom"))
	if err == nil {
		defer f.Close()
		_, err = f.Read(b[:])
	}
	if err != nil {
		return []Finding{bad(say("mknod -m 444 /dev/urandom c 1 9", "mknod -m 444 /dev/urandom c 1 9"), "no source of random numbers: %v", "无随机数来源：%v", err)}
	}
	return []Finding{good("from /dev/urandom; this kernel has no getrandom", "来自 /dev/urandom；该内核没有 getrandom")}
}

// leastMemory is the agent's safety stop, see its design.
const leastMemory = 24 << 10

func checkMemory(_ context.Context, p *Patient) []Finding {
	file, err := p.read("proc/meminfo")
	if err != nil {
		return []Finding{note("/proc/meminfo cannot be read: %v", "无法读取 /proc/meminfo：%v", err)}
	}
	kb := map[string]int64{}
	for line := range strings.Lines(string(file)) {
		if name, rest, ok := strings.Cut(line, ":"); ok {
			if f := strings.Fields(rest); len(f) > 0 {
				kb[name], _ = strconv.ParseInt(f[0], 10, 64)
			}
		}
	}
	free, ok := kb["MemAvailable"]
	if !ok {
		free = kb["MemFree"] + kb["Buffers"] + kb["Cached"]
	}
	if free < leastMemory {
		return []Finding{bad(say("top -o RES    (which program has it? the agent uses 2 to 12 MB and stops growing at 24)", "top -o RES    （查看占用者；采集程序使用 2–12 MB，上限 24 MB）"),
			"%s of %s can still be had", "可用 %s，共 %s", bytesText(free<<10), bytesText(kb["MemTotal"]<<10))}
	}
	return []Finding{good("%s of %s can still be had", "可用 %s，共 %s", bytesText(free<<10), bytesText(kb["MemTotal"]<<10))}
}
