package fault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// recording is what one client sent over a connection, from its first byte on.
type recording struct {
	bytes []byte
	full  bool // there was more, which was not kept
}

// recordedBytes is how much of a connection is kept.
const recordedBytes = 256 << 10

// Record keeps what the clients of up to so many new connections send, from
// their first byte on, to be sent again by Replay.
func (p *Proxy) Record(connections int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recordMore = connections
}

// record is called for a new connection; nil: it is not recorded.
func (p *Proxy) record() *recording {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.recordMore == 0 {
		return nil
	}
	p.recordMore--
	r := new(recording)
	p.recordings = append(p.recordings, r)
	return r
}

// keep adds bytes to a recording; nil keeps nothing.
func (p *Proxy) keep(r *recording, data []byte) {
	if r == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r.add(data)
}

// add keeps more of what the client sent, as far as there is room.
func (r *recording) add(data []byte) {
	if r.full = r.full || len(r.bytes)+len(data) > recordedBytes; !r.full {
		r.bytes = append(r.bytes, data...)
	}
}

// Replay sends what was recorded to the target again, connection by connection,
// as an attacker or a mad router would, and returns how many connections and
// bytes that were. Each stays open until the target has been silent for quiet:
// then it has taken what it takes.
func (p *Proxy) Replay(ctx context.Context, quiet time.Duration) (connections int, sent int64, err error) {
	p.mu.Lock()
	var streams [][]byte
	for _, r := range p.recordings {
		streams = append(streams, r.bytes[:len(r.bytes):len(r.bytes)])
	}
	p.mu.Unlock()
	return replayAll(ctx, p.target, streams, quiet)
}

func replayAll(ctx context.Context, target string, streams [][]byte, quiet time.Duration) (connections int, sent int64, err error) {
	for _, s := range streams {
		if len(s) == 0 {
			continue
		}
		if err := replay(ctx, target, s, quiet); err != nil {
			return connections, sent, fmt.Errorf("replay: %w", err)
		}
		connections, sent = connections+1, sent+int64(len(s))
	}
	return connections, sent, nil
}

func replay(ctx context.Context, target string, stream []byte, quiet time.Duration) error {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", target)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	wrote := make(chan error, 1)
	go func() {
		_, err := conn.Write(stream)
		wrote <- err
	}()
	buf := make([]byte, chunkBytes)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(quiet)); err != nil {
			return err
		}
		_, err := conn.Read(buf)
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout():
			conn.Close()
			return <-wrote
		case errors.Is(err, io.EOF) || err != nil && ctx.Err() == nil:
			<-wrote // the target has thrown it out: that is its right
			return nil
		case err != nil:
			return ctx.Err()
		}
	}
}
