package localapi

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// peer is whose program has connected.
type peer struct{ uid, gid uint32 }

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
	var failed error
	err = raw.Control(func(fd uintptr) { cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err == nil {
		err = failed
	}
	if err != nil {
		return peer{}, fmt.Errorf("who calls: %w", err)
	}
	return peer{cred.Uid, cred.Gid}, nil
}
