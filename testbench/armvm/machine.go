package armvm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"iptvdc/firmware/pack"
)

// Host is the address by which programs in the machine reach the host's loopback.
const Host = "10.0.2.2"

const (
	guest     = "10.0.2.15"
	diskBytes = 64 << 20
	// bootTime is how long a machine may take until it runs Start; a busy host
	// needs 15 s.
	bootTime = 3 * time.Minute
)

// File is a file in the machine's root, which is in its memory.
type File struct {
	Path string // in the machine
	From string // on the host
	Perm fs.FileMode
}

// Config says what to boot.
type Config struct {
	// Cache is the folder for kernel and BusyBox, filled by the first machine.
	Cache string
	// Files come into the root, beside BusyBox's commands in /bin.
	Files []File
	// Start is a shell script, run as root with /data mounted and the network up.
	// It writes to the console. At its end the machine unmounts and goes off.
	Start string
	// Data is the image of the disk at /data, an ext4 with blocks of 4 KiB that
	// the machine knows as vda. It is made if it is not there. What the machine
	// has synced is in the host's file, whatever happens to the machine.
	Data string
	// Initramfs and Root are images of a system of its own, in place of the
	// machine's: an initramfs, and a disk that cannot be written. Files and Start
	// are then not used, Data must be there, and the system's console must show a
	// line UpLine once it is up.
	Initramfs string
	Root      string
	// Forward lists TCP ports of the machine to reach from the host.
	Forward []int
}

// VM is a machine that runs, or ran. It is safe for concurrent use.
type VM struct {
	cmd     *exec.Cmd
	work    string
	ports   map[int]string
	console console
	ended   chan struct{} // closed when the emulator is gone
}

// Boot starts a machine and returns when its Start begins. The end of ctx cuts
// its power. The caller must Close it.
func Boot(ctx context.Context, c Config) (_ *VM, err error) {
	if _, err := exec.LookPath("qemu-system-arm"); err != nil {
		return nil, fmt.Errorf("%w; install it with: testbench/setup/install.sh system", err)
	}
	system, err := fetch(ctx, c.Cache)
	if err != nil {
		return nil, err
	}
	if c.Initramfs == "" {
		err = makeDisk(ctx, c.Data)
	} else {
		_, err = os.Stat(c.Data) // one that is not there would be another's to make
	}
	if err != nil {
		return nil, err
	}
	vm := &VM{ports: map[int]string{}, console: console{changed: make(chan struct{})}, ended: make(chan struct{})}
	if vm.work, err = os.MkdirTemp("", "armvm-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, vm.Close())
		}
	}()
	initramfs := c.Initramfs
	if initramfs == "" {
		initramfs = filepath.Join(vm.work, "initramfs")
		if err := writeInitramfs(initramfs, system, c); err != nil {
			return nil, err
		}
	}
	network := "user,id=net"
	for _, port := range c.Forward {
		if vm.ports[port], err = freeAddr(); err != nil {
			return nil, err
		}
		network += fmt.Sprintf(",hostfwd=tcp:%s-%s:%d", vm.ports[port], guest, port)
	}
	// The kernel hands what it does not know to the first program as its environment.
	kernel := fmt.Sprintf("console=ttyAMA0 quiet panic=1 now=%d", time.Now().Unix())
	args := []string{"-M", "virt,highmem=off", "-cpu", "cortex-a7", "-smp", "1", "-m", "128",
		"-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
		"-kernel", filepath.Join(system, "vmlinuz"), "-initrd", initramfs, "-append", kernel,
		"-drive", "if=none,id=data,format=raw,cache=writethrough,file=" + strings.ReplaceAll(c.Data, ",", ",,"), "-device", "virtio-blk-device,drive=data",
		"-netdev", network, "-device", "virtio-net-device,netdev=net", "-device", "virtio-rng-device"}
	if c.Root != "" {
		args = append(args, "-drive", "if=none,id=root,format=raw,readonly=on,file="+strings.ReplaceAll(c.Root, ",", ",,"), "-device", "virtio-blk-device,drive=root")
	}
	vm.cmd = exec.CommandContext(ctx, "qemu-system-arm", args...)
	vm.cmd.WaitDelay = 5 * time.Second
	out, in := io.Pipe()
	vm.cmd.Stdout, vm.cmd.Stderr = in, in
	if err := vm.cmd.Start(); err != nil {
		return nil, err
	}
	go vm.console.read(out)
	go func() {
		vm.cmd.Wait() // killed, or gone off: the console tells
		in.Close()
		close(vm.ended)
	}()
	ctx, cancel := context.WithTimeout(ctx, bootTime)
	defer cancel()
	_, err = vm.WaitLine(ctx, UpLine)
	return vm, err
}

// Addr is the host's address of a forwarded port.
func (vm *VM) Addr(port int) string { return vm.ports[port] }

// WaitLine returns the next line of the console that begins with prefix; the
// lines before it are passed over. Each line is given out once. It fails, with
// the latest lines, if the machine goes off or ctx ends before there is one.
func (vm *VM) WaitLine(ctx context.Context, prefix string) (string, error) {
	for {
		line, changed, open := vm.console.next()
		switch {
		case changed == nil && strings.HasPrefix(line, prefix):
			return line, nil
		case changed == nil:
			continue
		case !open:
			return "", fmt.Errorf("the machine went off before a line %q; its console:\n%s", prefix, vm.console.latest())
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return "", fmt.Errorf("no line %q: %w; the console:\n%s", prefix, ctx.Err(), vm.console.latest())
		}
	}
}

// Kill cuts the power and returns when the machine is off. What it had synced is
// on the data disk, on which another may be booted. It does nothing to a machine
// that is off.
func (vm *VM) Kill() {
	if vm.cmd == nil || vm.cmd.Process == nil {
		return // it never came to run
	}
	_ = vm.cmd.Process.Kill() // gone already: nothing to end
	<-vm.ended
}

// Close cuts the power, should the machine be on, and removes its files but the
// data disk.
func (vm *VM) Close() error {
	vm.Kill()
	return os.RemoveAll(vm.work)
}

// makeDisk makes the data disk's file system, unless it is there. All of it is
// written now: what a kernel writes later is the machine's own.
func makeDisk(ctx context.Context, path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, diskBytes)); err != nil {
		return err
	}
	mkfs := exec.CommandContext(ctx, "/usr/sbin/mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0", path)
	if text, err := mkfs.CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("%v: %w\n%s", mkfs.Args, err, text), os.Remove(path))
	}
	return nil
}

// UpLine says on the console that a machine is up; Start begins with it.
const UpLine = "armvm: up"

// initScript is the machine's first program. Before UpLine a failure ends it, and
// the machine with it.
const initScript = `#!/bin/busybox sh
set -e
export PATH=/bin
busybox mkdir -p /proc /sys /dev /tmp /data
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
date -s "@$now" >/dev/null
for m in /modules/*.ko; do insmod "$m"; done
ifconfig lo 127.0.0.1 up
ifconfig eth0 ` + guest + ` netmask 255.255.255.0 up
route add default gw ` + Host + `
n=0
while [ ! -b /dev/vda ] && [ $n -lt 100 ]; do n=$((n+1)); usleep 100000; done
mount -t ext4 -o noatime,nodev,nosuid /dev/vda /data
echo "` + UpLine + `"
set +e
/start
echo "armvm: start ended with $?"
umount /data
poweroff -f
`

func writeInitramfs(path, system string, c Config) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	var tree pack.Tree
	modules, err := filepath.Glob(filepath.Join(system, "modules", "*"))
	if err != nil {
		return err
	}
	slices.Sort(modules)
	files := []File{{"/bin/busybox", filepath.Join(system, "busybox"), 0o755}}
	for _, m := range modules {
		files = append(files, File{"/modules/" + filepath.Base(m), m, 0o644})
	}
	for _, file := range append(files, c.Files...) {
		data, err := os.ReadFile(file.From)
		if err != nil {
			return err
		}
		tree.File(file.Path, file.Perm, data)
	}
	tree.File("/init", 0o755, []byte(initScript))
	tree.File("/start", 0o755, []byte("#!/bin/sh\n"+c.Start))
	return errors.Join(tree.CPIO(w, time.Time{}), w.Flush())
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// console keeps the machine's lines until somebody has read them.
type console struct {
	mu      sync.Mutex
	lines   []string // not given out yet
	past    []string // the latest that were
	changed chan struct{}
	ended   bool
}

// pastLines is how many lines an error shows.
const pastLines = 30

// read takes lines until the machine is gone.
func (c *console) read(r io.Reader) {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		c.mu.Lock()
		if line != "" {
			c.lines = append(c.lines, strings.TrimRight(line, "\r\n"))
		}
		c.ended = err != nil
		close(c.changed)
		c.changed = make(chan struct{})
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// next gives out a line; if there is none, what is closed at the next one, and
// whether there may be one.
func (c *console) next() (line string, changed <-chan struct{}, open bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.lines) == 0 {
		return "", c.changed, !c.ended
	}
	line, c.lines = c.lines[0], c.lines[1:]
	if c.past = append(c.past, line); len(c.past) > pastLines {
		c.past = c.past[1:]
	}
	return line, nil, true
}

func (c *console) latest() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.past, "\n")
}
