package localapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxConns bounds the callers at one time: a page or a program gone wild must
// not take the box's memory.
const maxConns = 64

// Serve lets a answer on l; see the function Serve.
func (a *API) Serve(ctx context.Context, l net.Listener, log *slog.Logger) error {
	return Serve(ctx, l, a, log)
}

// Serve lets h, an API or what stands before one, answer on l until ctx is
// done, then lets requests under way end for up to two seconds. It closes l.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if srv.Shutdown(end) != nil {
			srv.Close()
		}
	})
	defer stop()
	err := srv.Serve(&limitedListener{Listener: l, slots: make(chan struct{}, maxConns)})
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// limitedListener accepts a connection only when a slot is free.
type limitedListener struct {
	net.Listener
	slots chan struct{}
}

func (l *limitedListener) Accept() (net.Conn, error) {
	l.slots <- struct{}{}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &slotConn{Conn: c, free: l.slots}, nil
}

type slotConn struct {
	net.Conn
	free chan struct{}
	once sync.Once
}

func (c *slotConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { <-c.free })
	return err
}

// Native lets programs of the box reach h, never pages: a request that a page
// may have sent, or that calls this endpoint by a foreign name, is refused as
// the API itself does.
func (a *API) Native(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin, page := pageOrigin(r)
		switch {
		case !a.hostAllowed(r):
			a.refuse(w, &refusal{status: 403, Code: "bad_host", Field: "Host", count: &a.badHost,
				Message: fmt.Sprintf("%.80q is not a name of this endpoint; call it by 127.0.0.1", r.Host)})
		case page:
			a.refuse(w, &refusal{status: 403, Code: "bad_origin", Field: "Origin", count: &a.badOrigin,
				Message: fmt.Sprintf("not for pages, and %.80q is one", origin)})
		default:
			h.ServeHTTP(w, r)
		}
	})
}
