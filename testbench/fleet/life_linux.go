package fleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"iptvdc/agent"
	"iptvdc/agent/daemon"
	"iptvdc/protocol"
)

// life is one boot of a real agent.
type life struct {
	agent *daemon.Daemon
	clock boxClock
	plug  plug
	stop  context.CancelCauseFunc
	ended chan struct{} // closed when the agent has
	err   error         // valid then
	http  *http.Client
}

// ownEvents is what an agent records by itself at each boot: identity and
// power-on.
const ownEvents = 2

// patience is how long an agent may take for anything.
const patience = time.Minute

// begin boots the agent and waits until that is on disk.
func (b *realBox) begin(ctx context.Context, t *retold) error {
	l := &life{ended: make(chan struct{})}
	l.plug.open = b.dial
	l.clock.pace = b.pace
	l.clock.boot.Store(t.boot)
	l.clock.bootMs.Store(t.bootMs)
	l.clock.unset.Store(t.clockUnset)
	l.clock.heldMs.Store(t.heldMs)
	defer l.clock.heldMs.Store(0)
	cfg := b.cfg
	cfg.Clock, cfg.Dial, cfg.BootID = &l.clock, l.plug.dial, fmt.Sprint("boot ", t.boot)
	var err error
	if l.agent, err = daemon.New(cfg); err != nil {
		return err
	}
	// Callers let go of a connection before the agent does.
	l.http = &http.Client{Timeout: patience, Transport: &http.Transport{IdleConnTimeout: 20 * time.Second}}
	before := l.agent.Status()
	run, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	l.stop = stop
	go func() {
		defer close(l.ended)
		l.err = l.agent.Run(run)
	}()
	b.mu.Lock()
	b.life = l
	own := ownEvents
	if t.again != "" {
		own = 1
	} else {
		b.past.boots++
	}
	if t.cut {
		b.past.cuts++
	}
	b.mu.Unlock()
	if before.Epoch == "" {
		return errors.New("its outbox does not open")
	}
	return l.await(ctx, "records its boot", func(s *daemon.Status) bool {
		return s.Outbox.Events+s.Outbox.Open+int(s.Outbox.Acked) >= before.Outbox.Events+before.Outbox.Open+own
	})
}

// endLife ends the present boot, if there is one: in order, or with the mains.
// A cut comes when all that was accepted is on disk, because nobody could say
// what it would take.
func (b *realBox) endLife(ctx context.Context, cut bool) error {
	l := b.life
	if l == nil {
		return nil
	}
	var why error
	if cut {
		err := l.await(ctx, "stores what it accepted", func(s *daemon.Status) bool { return s.Recorder.Stored == s.Recorder.Accepted })
		if err != nil {
			return err
		}
		l.plug.pull()
		why = agent.ErrCut
	}
	l.stop(why)
	<-l.ended
	l.http.CloseIdleConnections()
	b.mu.Lock()
	defer b.mu.Unlock()
	var last standing
	l.addTo(&last)
	b.past.evicted += last.evicted
	b.past.sent += last.sent
	b.past.epochs += last.epochs
	b.past.link = last.link
	b.life = nil
	return l.err
}

// await asks the agent for its status until it is as it should be.
func (l *life) await(ctx context.Context, what string, holds func(*daemon.Status) bool) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	every := time.NewTicker(2 * time.Millisecond)
	defer every.Stop()
	for {
		if s := l.agent.Status(); holds(&s) {
			return nil
		}
		select {
		case <-l.ended:
			return fmt.Errorf("the agent ended before it %s: %w", what, l.err)
		case <-ctx.Done():
			return fmt.Errorf("the agent never %s: %w", what, ctx.Err())
		case <-every.C:
		}
	}
}

// post reports events as the box's middleware does. The answer comes when they
// are accepted; with an order or a power event among them, when all are stored.
func (l *life) post(ctx context.Context, events []protocol.Event) error {
	if len(events) == 0 {
		return nil
	}
	body := []byte{'['}
	for i := range events {
		if i > 0 {
			body = append(body, ',')
		}
		e := events[i]
		e.Serial, e.Agent = 0, "" // the agent knows who the box is, and what it is itself
		body = protocol.AppendJSON(body, &e)
	}
	body = append(body, ']')
	url := "http://" + l.agent.Addr().String() + "/v1/events"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := l.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // read, so that the connection can be used again
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusAccepted:
		return fmt.Errorf("the agent refused %d events: %s: %s", len(events), resp.Status, bytes.TrimSpace(answer))
	}
	return nil
}

// addTo adds how this boot stands to how earlier ones did.
func (l *life) addTo(s *standing) {
	st := l.agent.Status() // its recorder is asked before its outbox
	s.pending += st.Recorder.Accepted - st.Recorder.Stored
	s.pending += uint64(st.Outbox.Events + st.Outbox.Open)
	s.evicted += st.Outbox.Evicted
	s.sent += st.Outbox.EvictedSent
	s.epochs += st.Outbox.Diverged + st.Outbox.Salvaged + st.Outbox.Moved
	if u := st.Uplink; u != nil {
		u.Connects += s.link.Connects
		u.Losses += s.link.Losses
		u.Sent += s.link.Sent
		u.SentBytes += s.link.SentBytes
		u.Acks += s.link.Acks
		s.link = *u
	}
}

// plug is a box's network socket, which can be pulled without a farewell.
type plug struct {
	open dialer

	mu     sync.Mutex
	conns  []net.Conn
	pulled bool
}

func (p *plug) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := p.open(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pulled {
		c.Close()
		return nil, agent.ErrCut
	}
	p.conns = append(p.conns, c)
	return c, nil
}

// pull breaks what is connected and lets nothing connect any more.
func (p *plug) pull() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pulled = true
	for _, c := range p.conns {
		c.Close() // closed ones say so, which does not matter
	}
}
