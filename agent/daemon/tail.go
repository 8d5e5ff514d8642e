package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"iptvdc/agent/tail"
)

// private is what the folder's own socket serves: everything the loopback
// address does, and GET /v1/tail, which shows what households do.
func (d *Daemon) private(ctx context.Context) http.Handler {
	stream := tail.Stream(ctx, d.ring)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/tail" {
			stream.ServeHTTP(w, r)
			return
		}
		d.api.ServeHTTP(w, r)
	})
}

// Tail hands the last n events of the agent that runs on dir to each, and with
// follow those that come, until ctx ends, the agent ends, or each fails; see
// tail.Read.
func Tail(ctx context.Context, dir string, n int, follow bool, each func(raw []byte, l tail.Line) error) error {
	client, done, err := folderClient(dir, 0)
	if err != nil {
		return err
	}
	defer done()
	query := url.Values{"n": {strconv.Itoa(n)}}
	if !follow {
		query.Set("follow", "0")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/v1/tail?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	switch {
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no agent is running on %s; stbagent status --data %[1]s tells more", dir)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s belongs to another user; call as root or as the agent's user", dir)
	case err != nil:
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
		return fmt.Errorf("the agent says %s: %s", resp.Status, strings.TrimSpace(string(why)))
	}
	if err := tail.Read(resp.Body, each); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// folderClient speaks HTTP with the agent on dir; a timeout of 0 is none.
func folderClient(dir string, timeout time.Duration) (client *http.Client, done func(), err error) {
	path, close, err := socket(dir)
	if err != nil {
		return nil, nil, err
	}
	client = &http.Client{Timeout: timeout, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			d := net.Dialer{Timeout: 5 * time.Second}
			return d.DialContext(ctx, "unix", path)
		},
	}}
	return client, func() { client.CloseIdleConnections(); close() }, nil
}
