package fetch

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// dial connects to a host after looking up its addresses, and only to those
// that the allow-list has: the very address is dialled that was checked, and
// checked again where the socket is opened.
func (f *Fetcher) dial(ctx context.Context, host string, port uint16) (*conn, error) {
	var ips []netip.Addr
	if ip, err := netip.ParseAddr(host); err == nil {
		ips = []netip.Addr{ip}
	} else if ips, err = f.cfg.LookUp(ctx, host); err != nil {
		return nil, err
	}
	var failed error = &net.DNSError{Name: host, Err: "no address"}
	for _, ip := range ips {
		ip = ip.Unmap()
		if !f.allow.permits(host, ip, port) {
			f.stats.refused.Add(1)
			return nil, forbidden(host, ip, port)
		}
		c, err := f.open(ctx, ip, port, func(to netip.AddrPort) bool {
			return f.allow.permits(host, to.Addr(), to.Port())
		})
		if err == nil {
			return c, nil
		}
		failed = err
	}
	return nil, failed
}

// open connects to one address.
func (f *Fetcher) open(ctx context.Context, ip netip.Addr, port uint16, permits func(netip.AddrPort) bool) (*conn, error) {
	d := net.Dialer{Timeout: f.cfg.IdleTimeout, KeepAlive: -1, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !permits(to) {
			return forbidden(ip.String(), to.Addr(), to.Port())
		}
		return nil
	}}
	c, err := d.DialContext(ctx, "tcp", netip.AddrPortFrom(ip, port).String())
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, idle: f.cfg.IdleTimeout, left: -1}, nil
}

// conn gives up when nothing moves for the idle time.
type conn struct {
	net.Conn
	idle time.Duration
	left int64 // how much may still be read; negative: no limit

	idled atomic.Bool // a read waited too long
}

func (c *conn) Read(b []byte) (int, error) {
	if c.left == 0 {
		return 0, &Error{Code: CodeRemote, Text: "the server talks without end"}
	}
	if c.left > 0 && int64(len(b)) > c.left {
		b = b[:c.left]
	}
	if err := c.SetReadDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.idled.Store(true)
	}
	if c.left > 0 {
		c.left -= int64(n)
	}
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// wire holds the connections of one fetch and closes them all when its context
// ends, whatever a library is waiting for.
type wire struct {
	mu     sync.Mutex
	conns  []net.Conn
	closed bool
	stop   func() bool
}

func newWire(ctx context.Context) *wire {
	w := &wire{}
	w.stop = context.AfterFunc(ctx, w.cut)
	return w
}

func (w *wire) add(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns = append(w.conns, c)
	if w.closed {
		_ = c.Close()
	}
}

// cut closes every connection, now and later ones.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, c := range w.conns {
		_ = c.Close()
	}
}

// end releases the wire; all its connections are closed.
func (w *wire) end() {
	w.stop()
	w.cut()
}
