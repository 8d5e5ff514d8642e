package localapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"iptvdc/agent"
	"iptvdc/protocol"
)

const (
	// maxLineConns bounds the programs that are connected at one time; one more
	// is told so and let go.
	maxLineConns = 32
	// lineTime is how long a line may take from its first byte to its newline,
	// idleTime how long a connection may be silent between two lines.
	lineTime = 10 * time.Second
	idleTime = 10 * time.Minute
	// answerTime is how long a caller may leave its answers unread.
	answerTime = 5 * time.Second
)

// Peers says which programs may use the socket beside root and the agent's own
// user. The kernel tells user and groups of whoever connects.
type Peers struct{ UIDs, GIDs []uint32 }

// LineStats counts what came by the socket since the start.
type LineStats struct {
	Conns, Open     uint64 // connections taken, and of these still there
	NotAllowed      uint64 // connections refused for who called
	TooManyConns    uint64
	Lines           uint64 // of every sort, blank ones left out
	Events, Signals uint64 // taken
	Refused         uint64 // lines answered with an error
}

// Lines is the socket for programs of the box: each line is a JSON document,
// an event as P-9.1, a signal, or an array of one of both; each is answered by
// one line, in order:
//
//	{"accepted":n}   checked and in memory, on flash at most one window later
//	{"stored":n}     on flash
//	{"error":{"code":...,"field":...,"message":...}}   nothing of the line was taken
//
// The line {"wait":"stored"} asks for durable answers from the next line on,
// {"wait":"accepted"} ends that; it is answered by itself. Signals are always
// answered with accepted: what becomes of them the box decides later. Blank
// lines are passed over without an answer. A line above Config.NativeBytes is
// refused and read past; the next is taken. Config.NativeRate counts lines
// together with the requests of native HTTP callers.
//
// A caller that leaves answers unread for five seconds, does not end a line in
// ten or says nothing for ten minutes is let go. Safe for concurrent use.
type Lines struct {
	api   *API
	peers Peers

	conns, open, notAllowed, tooManyConns atomic.Uint64
	lines, events, signals, refused       atomic.Uint64
}

// NewLines returns the server of a socket that records as a's native callers do.
func NewLines(a *API, peers Peers) *Lines { return &Lines{api: a, peers: peers} }

// Stats returns the counters.
func (s *Lines) Stats() LineStats {
	return LineStats{Conns: s.conns.Load(), Open: s.open.Load(), NotAllowed: s.notAllowed.Load(), TooManyConns: s.tooManyConns.Load(),
		Lines: s.lines.Load(), Events: s.events.Load(), Signals: s.signals.Load(), Refused: s.refused.Load()}
}

// longAgo as a deadline ends reads at once.
var longAgo = time.Unix(1, 0)

// Serve answers on l, a Unix socket, until ctx is done; then lines that were
// read already are answered, and all connections are closed. It closes l.
func (s *Lines) Serve(ctx context.Context, l net.Listener, log *slog.Logger) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	slots := make(chan struct{}, maxLineConns)
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // out of descriptors, or the caller has gone again
			log.Warn("socket", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
			continue
		}
		select {
		case slots <- struct{}{}:
			wg.Go(func() {
				defer func() { <-slots }()
				s.serve(ctx, conn, log)
			})
		default:
			s.tooManyConns.Add(1)
			s.turnAway(conn, &refusal{Code: "too_many", Field: "connection", Message: fmt.Sprintf("%d programs are connected; no more at one time", maxLineConns)})
		}
	}
}

// turnAway tells why, without waiting for anyone, and hangs up.
func (s *Lines) turnAway(conn net.Conn, why *refusal) {
	_ = conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	_, _ = conn.Write(lineOf(map[string]*refusal{"error": why})) // or it is gone already
	conn.Close()
}

func (s *Lines) serve(ctx context.Context, conn net.Conn, log *slog.Logger) {
	who, err := peerOf(conn)
	if err != nil || !s.allowed(&who) {
		s.refusePeer(conn, &who, err, log)
		return
	}
	s.conns.Add(1)
	s.open.Add(1)
	defer s.open.Add(^uint64(0))
	defer conn.Close()
	c := &lineConn{s: s, ctx: ctx, conn: conn, r: bufio.NewReaderSize(conn, 4<<10)}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(longAgo) })
	defer stop()
	if err := c.run(); err != nil && ctx.Err() == nil {
		log.Debug("socket: a program is let go", "uid", who.uid, "error", err)
	}
}

func (s *Lines) allowed(p *peer) bool {
	return p.uid == 0 || int(p.uid) == os.Geteuid() || slices.Contains(s.peers.UIDs, p.uid) || p.inOne(s.peers.GIDs)
}

// refusePeer turns away who may not report. A program that tries again and again
// is logged when its tries have doubled.
func (s *Lines) refusePeer(conn net.Conn, who *peer, err error, log *slog.Logger) {
	n := s.notAllowed.Add(1)
	quiet := n&(n-1) != 0
	if err != nil {
		if !quiet {
			log.Warn("socket: the kernel does not tell who calls", "error", err, "refused", n)
		}
		s.turnAway(conn, &refusal{Code: "not_allowed", Field: "uid", Message: err.Error()})
		return
	}
	if !quiet {
		log.Warn("socket: a program that may not use it", "uid", who.uid, "groups", who.groups, "refused", n)
	}
	s.turnAway(conn, &refusal{Code: "not_allowed", Field: "uid",
		Message: fmt.Sprintf("user %d may not report here; start the agent with -socket-uid %[1]d, or with -socket-gid and one of its groups, as %d", who.uid, who.groups[0])})
}

// lineConn is one program's connection, used by one goroutine.
type lineConn struct {
	s      *Lines
	ctx    context.Context
	conn   net.Conn
	r      *bufio.Reader
	line   []byte // reused
	stored bool
}

func (c *lineConn) run() error {
	for {
		line, whole, err := c.read()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if whole && len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		c.s.lines.Add(1)
		var said any
		if whole {
			said = c.answer(line)
		} else {
			limit := c.s.api.cfg.NativeBytes
			said = &refusal{Code: "too_large", Field: "line", count: &c.s.api.tooLarge,
				Message: fmt.Sprintf("more than %d bytes; send the events in several lines", limit)}
		}
		if ref, ok := said.(*refusal); ok {
			ref.count.Add(1)
			c.s.refused.Add(1)
			said = map[string]*refusal{"error": ref}
		}
		_ = c.conn.SetWriteDeadline(time.Now().Add(answerTime))
		if _, err := c.conn.Write(lineOf(said)); err != nil {
			return err
		}
	}
}

func lineOf(said any) []byte {
	b, _ := json.Marshal(said) // maps of numbers and refusals only
	return append(b, '\n')
}

// read returns the next line without its newline; not whole: it was above the
// limit and has been read past. An end without a newline is none of a line.
func (c *lineConn) read() (line []byte, whole bool, err error) {
	limit := c.s.api.cfg.NativeBytes
	c.line = c.line[:0]
	if cap(c.line) > 16<<10 {
		c.line = nil // what one long line took is given back
	}
	if err := c.within(idleTime); err != nil {
		return nil, false, err
	}
	if _, err := c.r.Peek(1); err != nil {
		return nil, false, err
	}
	if err := c.within(lineTime); err != nil {
		return nil, false, err
	}
	whole = true
	for {
		part, err := c.r.ReadSlice('\n')
		end := err == nil
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, false, err
		}
		part = bytes.TrimSuffix(part, []byte("\n"))
		if whole = whole && len(c.line)+len(part) <= limit; whole {
			c.line = append(c.line, part...)
		}
		if end {
			return c.line, whole, nil
		}
	}
}

// within limits the reads that follow, unless the agent is about to end.
func (c *lineConn) within(d time.Duration) error {
	if err := c.conn.SetReadDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	if c.ctx.Err() != nil { // what is in the buffer is still answered
		return c.conn.SetReadDeadline(longAgo)
	}
	return nil
}

// answer takes one line in and returns what to say: a map or a *refusal.
func (c *lineConn) answer(line []byte) any {
	a := c.s.api
	if !a.native.take(time.Now()) {
		a.cfg.Recorder.Drop(0, protocol.ReasonRateLimit, 1)
		return &refusal{Code: "too_many", Field: "rate", count: &a.tooMany, Message: fmt.Sprintf("more than %d lines a second", a.cfg.NativeRate)}
	}
	switch firstKey(line) {
	case "wait":
		return c.option(line)
	case "signal":
		return c.signal(line)
	}
	events, err := protocol.ParseEvents(line)
	if err == nil {
		err = a.stamp(events, false)
	}
	if err != nil {
		return a.badEvent(err)
	}
	stored := c.stored
	for i := range events {
		stored = stored || agent.AtOnce(events[i].Kind)
	}
	ctx, cancel := context.WithTimeout(c.ctx, a.cfg.StoreWait)
	defer cancel()
	word := "accepted"
	switch err := a.cfg.Recorder.Record(ctx, c.stored, events...); {
	case errors.Is(err, agent.ErrNotStored):
		a.notStored.Add(1)
	case err != nil:
		return &refusal{Code: "full", Field: "line", count: &a.full, Message: err.Error()}
	case stored:
		word = "stored"
	}
	a.events.Add(uint64(len(events)))
	c.s.events.Add(uint64(len(events)))
	return map[string]int{word: len(events)}
}

// option sets whether this connection's answers wait for the flash.
func (c *lineConn) option(line []byte) any {
	var o struct {
		Wait string `json:"wait"`
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	err := d.Decode(&o)
	if _, end := d.Token(); err != nil || !errors.Is(end, io.EOF) || o.Wait != "stored" && o.Wait != "accepted" {
		return &refusal{Code: "bad_wait", Field: "wait", count: &c.s.api.badEvents,
			Message: `allowed, in a line of its own: {"wait":"stored"}, {"wait":"accepted"}`}
	}
	c.stored = o.Wait == "stored"
	return map[string]string{"wait": o.Wait}
}

// signal hands signals over to Config.Signals.
func (c *lineConn) signal(line []byte) any {
	a := c.s.api
	if a.cfg.Signals == nil {
		return &refusal{Code: "no_signals", Field: "signal", count: &a.other, Message: "signals are not taken here"}
	}
	signals, err := agent.ParseSignals(line)
	if err != nil {
		return &refusal{Code: "bad_signal", Field: "signal", count: &a.badEvents, Message: err.Error()}
	}
	ctx, cancel := context.WithTimeout(c.ctx, a.cfg.StoreWait)
	defer cancel()
	switch err := a.cfg.Signals(ctx, false, signals); {
	case errors.Is(err, agent.ErrNotStored):
		a.notStored.Add(1) // held, and kept later
	case errors.Is(err, agent.ErrFull):
		return &refusal{Code: "full", Field: "line", count: &a.full, Message: err.Error()}
	case err != nil:
		return &refusal{Code: "bad_signal", Field: "signal", count: &a.badEvents, Message: err.Error()}
	}
	a.taken.Add(uint64(len(signals)))
	c.s.signals.Add(uint64(len(signals)))
	return map[string]int{"accepted": len(signals)}
}

// firstKey tells what a line is: the first of "wait", "signal" and "kind" among
// the keys of the document, or of its first element; "": none of them.
func firstKey(line []byte) string {
	d := json.NewDecoder(bytes.NewReader(line))
	t, err := d.Token()
	inArray := t == json.Delim('[')
	if inArray {
		t, err = d.Token()
	}
	if err != nil || t != json.Delim('{') {
		return ""
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return ""
		}
		switch {
		case key == "signal", key == "kind", key == "wait" && !inArray:
			return key.(string)
		}
		var skip json.RawMessage
		if d.Decode(&skip) != nil {
			return ""
		}
	}
	return ""
}
