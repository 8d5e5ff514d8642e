package fault

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Dial opens a connection, as net.Dialer.DialContext does.
type Dial func(ctx context.Context, network, addr string) (net.Conn, error)

// Link does harm to the connections of clients in this process: it takes no
// sockets of its own, as a Proxy does, and so no second and third descriptor
// for each. Every fault holds until it is taken back, for connections that
// stand and for new ones. The zero value is a good link. Safe for concurrent
// use.
type Link struct {
	refuse    atomic.Bool
	latency   atomic.Int64 // nanoseconds, each way
	bandwidth atomic.Int64 // bytes a second, each connection, each way; 0 unlimited

	mu    sync.Mutex
	conns map[*linked]struct{}
	hole  chan struct{} // open in a black hole; nil or closed: bytes pass

	recordMore int
	recordings []*recording
	target     string // of the last connection

	accepted, refused, cut atomic.Uint64
	up, down               atomic.Uint64
}

// ErrRefused is what a client sees of a refusal.
var ErrRefused = errors.New("fault: connection refused")

// errCut is what a client sees of a cut.
var errCut = errors.New("fault: connection cut")

// Through returns dial with the link between.
func (l *Link) Through(dial Dial) Dial {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if l.refuse.Load() {
			l.refused.Add(1)
			return nil, ErrRefused
		}
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		c := &linked{Conn: conn, link: l, gone: make(chan struct{})}
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.conns == nil {
			l.conns = make(map[*linked]struct{})
		}
		l.conns[c] = struct{}{}
		l.target = addr
		if l.recordMore > 0 {
			l.recordMore--
			c.kept = new(recording)
			l.recordings = append(l.recordings, c.kept)
		}
		l.accepted.Add(1)
		return c, nil
	}
}

// Cut ends all connections at this moment, with a reset, and returns how many
// they were. New ones are let in.
func (l *Link) Cut() int {
	l.mu.Lock()
	all := l.conns
	l.conns = nil
	l.mu.Unlock()
	for c := range all {
		c.reset()
	}
	l.cut.Add(uint64(len(all)))
	return len(all)
}

// Refuse fails new connections at once, or lets them in again.
func (l *Link) Refuse(on bool) { l.refuse.Store(on) }

// BlackHole lets no byte pass, either way, and closes nothing: what was sent
// meanwhile arrives when it ends, if the connection still stands.
func (l *Link) BlackHole(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case on && l.hole == nil:
		l.hole = make(chan struct{})
	case !on && l.hole != nil:
		close(l.hole)
		l.hole = nil
	}
}

// Latency delays every read and every write by d.
func (l *Link) Latency(d time.Duration) { l.latency.Store(int64(d)) }

// Bandwidth limits each connection to so many bytes a second, each way; 0 lifts
// the limit.
func (l *Link) Bandwidth(bytes int64) { l.bandwidth.Store(bytes) }

// Stats returns the counts.
func (l *Link) Stats() Stats {
	l.mu.Lock()
	open := len(l.conns)
	l.mu.Unlock()
	return Stats{open, l.accepted.Load(), l.refused.Load(), l.cut.Load(), l.up.Load(), l.down.Load()}
}

// Record keeps what the clients of up to so many new connections send, from
// their first byte on, to be sent again by Replay.
func (l *Link) Record(connections int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recordMore = connections
}

// Replay sends what was recorded again, as Proxy.Replay does.
func (l *Link) Replay(ctx context.Context, quiet time.Duration) (connections int, sent int64, err error) {
	l.mu.Lock()
	var streams [][]byte
	for _, r := range l.recordings {
		streams = append(streams, r.bytes[:len(r.bytes):len(r.bytes)])
	}
	target := l.target
	l.mu.Unlock()
	return replayAll(ctx, target, streams, quiet)
}

// linked is one connection. Deadlines are those of the connection below; what
// holds a byte up ends with Close.
type linked struct {
	net.Conn
	link *Link
	kept *recording // nil: not recorded

	once sync.Once
	gone chan struct{}
	cut  atomic.Bool
}

// hold waits as the link asks before n bytes pass; an error: the connection was
// closed meanwhile.
func (c *linked) hold(n int) error {
	l := c.link
	l.mu.Lock()
	hole := l.hole
	l.mu.Unlock()
	if hole != nil {
		select {
		case <-hole:
		case <-c.gone:
			return c.why()
		}
	}
	wait := time.Duration(l.latency.Load())
	if rate := l.bandwidth.Load(); rate > 0 {
		wait += time.Duration(n) * time.Second / time.Duration(rate)
	}
	if wait <= 0 {
		return nil
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-c.gone:
		return c.why()
	}
}

func (c *linked) why() error {
	if c.cut.Load() {
		return errCut
	}
	return net.ErrClosed
}

// Read implements net.Conn.
func (c *linked) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		if err := c.hold(n); err != nil {
			return 0, err
		}
		c.link.down.Add(uint64(n))
	}
	if err != nil && c.cut.Load() {
		err = errCut
	}
	return n, err
}

// Write implements net.Conn.
func (c *linked) Write(p []byte) (int, error) {
	if c.kept != nil {
		c.link.mu.Lock()
		c.kept.add(p)
		c.link.mu.Unlock()
	}
	if err := c.hold(len(p)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(p)
	c.link.up.Add(uint64(n))
	return n, err
}

// Close implements net.Conn.
func (c *linked) Close() error {
	c.once.Do(func() { close(c.gone) })
	c.link.mu.Lock()
	delete(c.link.conns, c)
	c.link.mu.Unlock()
	return c.Conn.Close()
}

// reset ends the connection without a farewell.
func (c *linked) reset() {
	c.cut.Store(true)
	c.once.Do(func() { close(c.gone) })
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // of a connection already gone: nothing to do
	}
	c.Conn.Close()
}
