package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"

	"iptvdc/agent/localapi"
)

// LinesConfig is the socket on which programs of the box report, a line an
// event; see localapi.Lines. The zero value is events.sock in the agent's
// folder, for root and the agent's own user.
type LinesConfig struct {
	// Socket is its path; "": events.sock in Config.Dir. The folder of the agent
	// is its own: a socket for other users stands elsewhere.
	Socket string
	// Off: there is no socket.
	Off bool
	// Peers are the users and groups that may report beside root and the
	// agent's user. The first group becomes the socket's own, so that its
	// members can reach it: the mode is 0660.
	Peers localapi.Peers
}

// eventsName is the socket's name inside the agent's folder.
const eventsName = "events.sock"

// path is where the socket stands; "": nowhere.
func (c *LinesConfig) path(dir string) string {
	switch {
	case c.Off:
		return ""
	case c.Socket != "":
		return c.Socket
	}
	return filepath.Join(dir, eventsName)
}

// serveLines opens the socket and starts to serve it. Without it the agent goes
// on: other ways in are open.
func (d *Daemon) serveLines(ctx context.Context, wg *sync.WaitGroup) {
	path := d.cfg.Lines.path(d.cfg.Dir)
	if path == "" {
		return
	}
	l, err := listenLines(path, d.cfg.Lines.Peers.GIDs)
	if l == nil {
		d.cfg.Log.Warn("no socket for programs", "path", path, "error", err)
		return
	}
	if err != nil {
		d.cfg.Log.Warn("socket for programs: others may not reach it", "path", path, "error", err)
	}
	wg.Go(func() {
		if err := d.lines.Serve(ctx, l, d.cfg.Log); err != nil {
			d.cfg.Log.Error("socket for programs", "path", path, "error", err)
		}
		os.Remove(path) // nobody listens any more; what stays is taken over at the next start
	})
}

// listenLines makes the socket, in place of one that nobody serves any more. A
// listener that comes with an error works, but its mode or group is not right.
func listenLines(path string, groups []uint32) (net.Listener, error) {
	short, done, err := reach(path)
	if err != nil {
		return nil, err
	}
	defer done()
	if fi, err := os.Lstat(path); err == nil {
		if fi.Mode().Type() != os.ModeSocket {
			return nil, fmt.Errorf("%s is there and no socket", path)
		}
		if c, err := net.Dial("unix", short); err == nil {
			c.Close()
			return nil, errors.New("another program serves it")
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // short may mean another file by then
	if len(groups) > 0 {
		err = os.Chown(path, -1, int(groups[0]))
	}
	return l, errors.Join(err, os.Chmod(path, 0o660))
}

// reach returns a path to the same file below the length that sockets allow: in
// a long folder, through the folder's open file.
func reach(path string) (short string, done func(), err error) {
	if len(path) < 100 {
		return path, func() {}, nil
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), filepath.Base(path)), func() { d.Close() }, nil
}
