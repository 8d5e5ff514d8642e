package fault

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy passes TCP connections on to a target and does them harm when told to.
// Every fault holds until it is taken back, for connections that stand and for
// new ones. Safe for concurrent use.
type Proxy struct {
	listener net.Listener
	target   string
	stop     context.CancelFunc
	ctx      context.Context
	running  sync.WaitGroup

	refuse    atomic.Bool
	latency   atomic.Int64 // nanoseconds, each way
	bandwidth atomic.Int64 // bytes a second, each connection, each way; 0 unlimited

	mu    sync.Mutex
	pairs map[*pair]struct{}
	hole  chan struct{} // closed while bytes pass; replaced by an open one in a black hole

	recordMore int // connections still to be recorded
	recordings []*recording

	accepted, refused, cut atomic.Uint64
	up, down               atomic.Uint64
}

// Stats counts what a proxy has done.
type Stats struct {
	Open     int    // connections that stand
	Accepted uint64 // connections passed on
	Refused  uint64 // connections closed at once: told to, or the target is not there
	Cut      uint64 // connections ended by Cut
	Up, Down uint64 // bytes to and from the target
}

// Listen opens a proxy on addr (port 0: any) that passes connections to target.
func Listen(addr, target string) (*Proxy, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("fault proxy: %w", err)
	}
	p := &Proxy{listener: l, target: target, pairs: make(map[*pair]struct{}), hole: make(chan struct{})}
	close(p.hole)
	p.ctx, p.stop = context.WithCancel(context.Background())
	p.running.Go(p.accept)
	return p, nil
}

// Addr is where the proxy listens, as host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Cut ends all connections at this moment, with a reset, and returns how many
// they were. New ones are let in.
func (p *Proxy) Cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.pairs {
		c.reset()
	}
	n := len(p.pairs)
	p.cut.Add(uint64(n))
	clear(p.pairs)
	return n
}

// Refuse closes new connections at once, or lets them in again.
func (p *Proxy) Refuse(on bool) { p.refuse.Store(on) }

// BlackHole lets no byte pass, either way, and closes nothing: what was sent
// meanwhile arrives when it ends, if the connection still stands.
func (p *Proxy) BlackHole(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.hole:
		if on {
			p.hole = make(chan struct{})
		}
	default:
		if !on {
			close(p.hole)
		}
	}
}

// Latency delays every byte by d, each way.
func (p *Proxy) Latency(d time.Duration) { p.latency.Store(int64(d)) }

// Bandwidth limits each connection to so many bytes a second, each way; 0 lifts
// the limit.
func (p *Proxy) Bandwidth(bytes int64) { p.bandwidth.Store(bytes) }

// Stats returns the counts.
func (p *Proxy) Stats() Stats {
	p.mu.Lock()
	open := len(p.pairs)
	p.mu.Unlock()
	return Stats{open, p.accepted.Load(), p.refused.Load(), p.cut.Load(), p.up.Load(), p.down.Load()}
}

// Close ends the listener and all connections, and waits for them.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.stop()
	p.Cut()
	p.running.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		if p.refuse.Load() {
			p.refused.Add(1)
			(&pair{client: conn}).reset()
			continue
		}
		p.running.Go(func() { p.serve(conn) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	server, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(p.ctx, "tcp", p.target)
	if err != nil {
		p.refused.Add(1)
		(&pair{client: client}).reset()
		return
	}
	c := &pair{client, server}
	p.mu.Lock()
	if p.ctx.Err() != nil {
		p.mu.Unlock()
		c.reset()
		return
	}
	p.pairs[c] = struct{}{}
	p.mu.Unlock()
	p.accepted.Add(1)
	var both sync.WaitGroup
	both.Go(func() { p.pump(c, client, server, &p.up, p.record()) })
	both.Go(func() { p.pump(c, server, client, &p.down, nil) })
	both.Wait()
	p.mu.Lock()
	delete(p.pairs, c)
	p.mu.Unlock()
}

// pair is one connection and its continuation.
type pair struct{ client, server net.Conn }

// reset ends both sides without goodbye: what was not read is gone.
func (c *pair) reset() {
	for _, conn := range []net.Conn{c.client, c.server} {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // of a connection already gone: nothing to do
			tcp.Close()
		}
	}
}

// chunk is bytes on their way.
type chunk struct {
	data []byte
	due  time.Time
}

// chunkBytes is the most that is read at once.
const chunkBytes = 4 << 10

// pump passes bytes one way until either side ends, then ends both.
func (p *Proxy) pump(c *pair, from, to net.Conn, count *atomic.Uint64, kept *recording) {
	way := make(chan chunk, 256)
	var writing sync.WaitGroup
	writing.Go(func() {
		defer c.client.Close()
		defer c.server.Close()
		for k := range way {
			if !p.hold(k.due) || !p.pass() {
				break
			}
			if rate := p.bandwidth.Load(); rate > 0 {
				if !p.hold(time.Now().Add(time.Duration(len(k.data)) * time.Second / time.Duration(rate))) {
					break
				}
			}
			if _, err := to.Write(k.data); err != nil {
				break
			}
			count.Add(uint64(len(k.data)))
		}
		for range way { // let the reader end
		}
	})
	buf := make([]byte, chunkBytes)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			p.keep(kept, buf[:n])
			way <- chunk{append([]byte(nil), buf[:n]...), time.Now().Add(time.Duration(p.latency.Load()))}
		}
		if err != nil {
			break
		}
	}
	close(way)
	writing.Wait()
}

// hold waits until due; false: the proxy is closed.
func (p *Proxy) hold(due time.Time) bool {
	d := time.Until(due)
	if d <= 0 {
		return p.ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-p.ctx.Done():
		return false
	}
}

// pass waits for the end of a black hole; false: the proxy is closed.
func (p *Proxy) pass() bool {
	p.mu.Lock()
	hole := p.hole
	p.mu.Unlock()
	select {
	case <-hole:
		return p.ctx.Err() == nil
	case <-p.ctx.Done():
		return false
	}
}
