package oldkernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrUnable says that this machine lets no program filter its calls so.
var ErrUnable = errors.New("oldkernel: this machine hands no calls to another process: it takes Linux 5.0 and seccomp")

// launchEnv marks the process that is to become the program.
const launchEnv = "OLDKERNEL_LAUNCH"

// socket is the launcher's descriptor of the socket to who started it.
const socket = 3

// Main becomes the program if the process was made by Start; else it returns. It must be
// called first thing by a program that calls Start, as in TestMain.
func Main() {
	if os.Getenv(launchEnv) == "" {
		return
	}
	os.Unsetenv(launchEnv)
	fmt.Fprintln(os.Stderr, "oldkernel:", launch(os.Args[1:]))
	os.Exit(125)
}

// launch filters the calls of this thread, hands the filter's descriptor over, and becomes
// the program. It returns only if it cannot.
func launch(args []string) error {
	runtime.LockOSThread()
	unix.CloseOnExec(socket)
	const uname26 = 0x0020000 // UNAME26: the kernel says that it is 2.6
	if _, _, e := unix.RawSyscall(unix.SYS_PERSONALITY, uname26, 0, 0); e != 0 {
		return fmt.Errorf("personality: %w", e)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	const nr, arch = 0, 4 // in struct seccomp_data
	code := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: arch},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, K: unix.AUDIT_ARCH_X86_64},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: nr},
		{Code: unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K, Jf: 1, K: lastAMD64},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	env, path := os.Environ(), args[0]
	fd, _, e := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&prog)))
	if e != 0 {
		return fmt.Errorf("%w: %w", ErrUnable, e)
	}
	if err := unix.Sendmsg(socket, []byte{1}, unix.UnixRights(int(fd)), nil, 0); err != nil {
		return fmt.Errorf("hand over the filter: %w", err)
	}
	return syscall.Exec(path, args, env)
}

// Calls are those newer than Linux 3.10 that a program tried. Safe for concurrent use.
type Calls struct {
	mu    sync.Mutex
	tried map[int]int
	err   error
	over  sync.WaitGroup
}

// Tried are the names of the calls so far, in order, each once.
func (c *Calls) Tried() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for _, nr := range slices.Sorted(maps.Keys(c.tried)) {
		names = append(names, nameOf(nr, func(c call) int { return c.amd64 }))
	}
	slices.Sort(names)
	return names
}

// Wait waits until every process under the filter has ended, and tells what went wrong
// with answering for the kernel.
func (c *Calls) Wait() error {
	c.over.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Start starts cmd, whose Path is the program, as Linux 3.10 would run it; ErrUnable: it
// does not run. Calls notes what it tries from its first instruction on.
func Start(cmd *exec.Cmd, calls *Calls) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	ours, theirs := pair[0], os.NewFile(uintptr(pair[1]), "filter")
	defer unix.Close(ours)
	if len(cmd.ExtraFiles) > 0 {
		theirs.Close()
		return errors.New("oldkernel: the program is to have files of its own, and the filter needs the first")
	}
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, launchEnv+"=1")
	cmd.Args = slices.Concat([]string{self, cmd.Path}, cmd.Args[1:])
	cmd.Path, cmd.ExtraFiles = self, []*os.File{theirs}
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		return err
	}
	listener, err := receive(ours)
	if err != nil {
		_ = cmd.Process.Kill() // gone already: Wait tells
		return errors.Join(err, cmd.Wait())
	}
	calls.over.Go(func() { calls.answer(listener) })
	return nil
}

// receive takes the filter's descriptor from the launcher.
func receive(sock int) (int, error) {
	rights := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(sock, make([]byte, 1), rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return 0, fmt.Errorf("the filter: %w", err)
	}
	if n == 0 {
		return 0, ErrUnable // the launcher ended, and said why
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil {
		return 0, err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return 0, err
	}
	return fds[0], nil
}

// answer answers every call with ENOSYS, until no process has the filter any more.
func (c *Calls) answer(listener int) {
	defer unix.Close(listener)
	for {
		poll := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, -1); err != nil && err != unix.EINTR {
			c.fail(err)
			return
		}
		if poll[0].Revents&unix.POLLIN == 0 {
			if poll[0].Revents != 0 {
				return // the last process has ended
			}
			continue
		}
		var asked [80]byte  // struct seccomp_notif: id, pid, flags, then nr
		var answer [24]byte // struct seccomp_notif_resp: id, val, error, flags
		switch err := ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_RECV, asked[:]); err {
		case nil:
		case unix.ENOENT, unix.EINTR:
			continue // who asked was killed
		default:
			c.fail(err)
			return
		}
		c.mu.Lock()
		if c.tried == nil {
			c.tried = map[int]int{}
		}
		c.tried[int(int32(binary.NativeEndian.Uint32(asked[16:])))]++
		c.mu.Unlock()
		copy(answer[:8], asked[:8])
		enosys := -int32(unix.ENOSYS)
		binary.NativeEndian.PutUint32(answer[16:], uint32(enosys))
		if err := ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, answer[:]); err != nil && err != unix.ENOENT {
			c.fail(err)
			return
		}
	}
}

func (c *Calls) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = fmt.Errorf("oldkernel: answering calls: %w", err)
}

func ioctl(fd int, request uintptr, data []byte) error {
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(&data[0]))); e != 0 {
		return e
	}
	return nil
}
