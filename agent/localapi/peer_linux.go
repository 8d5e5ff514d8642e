package localapi

import (
	"fmt"
	"net"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// peer is whose program has connected: its user, its primary group first among
// its groups. Kernels before 4.13 tell the primary group only.
type peer struct {
	uid    uint32
	groups []uint32
}

// inOne reports whether p is in one of the groups.
func (p *peer) inOne(groups []uint32) bool {
	return slices.ContainsFunc(p.groups, func(g uint32) bool { return slices.Contains(groups, g) })
}

// peerOf asks the kernel who is at the other end of a Unix socket.
func peerOf(conn net.Conn) (peer, error) {
	u, ok := conn.(*net.UnixConn)
	if !ok {
		return peer{}, fmt.Errorf("%T is no Unix socket", conn)
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return peer{}, err
	}
	var cred *unix.Ucred
	var groups []uint32
	var failed error
	err = raw.Control(func(fd uintptr) {
		cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
		groups = peerGroups(fd)
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return peer{}, fmt.Errorf("who calls: %w", err)
	}
	return peer{cred.Uid, append([]uint32{cred.Gid}, groups...)}, nil
}

// peerGroups are the further groups; none if the kernel does not tell, or if
// there are more than a program of a box ever has.
func peerGroups(fd uintptr) []uint32 {
	var groups [256]uint32
	size := uint32(unsafe.Sizeof(groups))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_PEERGROUPS,
		uintptr(unsafe.Pointer(&groups)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return nil
	}
	return groups[:min(int(size)/4, len(groups))]
}
