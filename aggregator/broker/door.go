package broker

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// door is where boxes come in. mochi's own listener stops for good at the first
// connection that the kernel cannot give it, as when files run short, and may
// begin with a box while the server waits for its last ones to leave.
type door struct {
	id, address string
	tls         *tls.Config // nil: plain
	stats       *Stats
	log         *slog.Logger
	inside      *sync.WaitGroup // the server's: Close waits for it

	listen net.Listener
	closed chan struct{}
	mu     sync.Mutex // guards open and the step from open to closed
	open   map[net.Conn]struct{}
}

var _ listeners.Listener = (*door)(nil)

// shortPause is how long the door stays shut when the kernel gives no more
// connections: some leave meanwhile, and boxes come again by themselves.
const shortPause = 250 * time.Millisecond

// Init implements listeners.Listener.
func (d *door) Init(*slog.Logger) (err error) {
	d.closed, d.open = make(chan struct{}), map[net.Conn]struct{}{}
	if d.listen, err = net.Listen("tcp", d.address); err != nil {
		return err
	}
	if d.tls != nil {
		d.listen = tls.NewListener(d.listen, d.tls)
	}
	return nil
}

// ID implements listeners.Listener.
func (d *door) ID() string { return d.id }

// Protocol implements listeners.Listener.
func (d *door) Protocol() string { return "tcp" }

// Address implements listeners.Listener: the one with the real port.
func (d *door) Address() string { return d.listen.Addr().String() }

// Serve implements listeners.Listener.
func (d *door) Serve(establish listeners.EstablishFn) {
	var told time.Time
	for {
		conn, err := d.listen.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			d.stats.Unaccepted.Add(1)
			if time.Since(told) > time.Minute {
				told = time.Now()
				d.log.Error("no more connections are taken for now", "error", err, "connected", d.stats.Connected(), "do", remedy(err))
			}
			select {
			case <-d.closed:
				return
			case <-time.After(shortPause):
			}
			continue
		}
		if !d.enter(conn) {
			conn.Close()
			return
		}
		go func() {
			defer d.leave(conn)
			_ = establish(d.id, conn) // why a box left is not of interest here
		}()
	}
}

func remedy(err error) string {
	if errors.Is(err, syscall.EMFILE) {
		return "raise the limit of open files: ulimit -n, or LimitNOFILE= in the unit"
	}
	if errors.Is(err, syscall.ENFILE) {
		return "raise fs.file-max"
	}
	return "see the error"
}

// enter counts a connection in, unless the door is closed. That it does so
// under the lock keeps the first from entering while Close waits for the last.
func (d *door) enter(conn net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-d.closed:
		return false
	default:
	}
	d.inside.Add(1)
	d.open[conn] = struct{}{}
	return true
}

func (d *door) leave(conn net.Conn) {
	conn.Close()
	d.mu.Lock()
	delete(d.open, conn)
	d.mu.Unlock()
	d.inside.Done()
}

// Close implements listeners.Listener: it hangs up on everybody, also on those
// that have not said yet who they are. mochi's own way to do so locks up when a
// box leaves at that moment, and says nothing to it in MQTT 3.1.1 either.
func (d *door) Close(listeners.CloseFn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.closed)
	d.listen.Close()
	for conn := range d.open {
		conn.Close()
	}
}
