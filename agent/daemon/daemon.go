package daemon

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"

	"iptvdc/agent"
	"iptvdc/agent/identity"
	"iptvdc/agent/localapi"
	"iptvdc/agent/outbox"
	"iptvdc/agent/profile"
	"iptvdc/agent/session"
	"iptvdc/agent/tail"
	"iptvdc/agent/update"
	"iptvdc/agent/uplink"
	"iptvdc/protocol"
)

// Daemon is one agent. Run it once.
type Daemon struct {
	cfg  Config
	disk *outbox.SQLite
	sess *session.Session
	mach *session.Machine
	rec  *agent.Recorder
	api  *localapi.API

	policy *profile.Policy
	ask    atomic.Pointer[func()] // for health, see onReport

	applying sync.Mutex
	out      atomic.Pointer[outbox.Outbox]
	link     atomic.Pointer[uplink.Uplink]
	opened   chan struct{} // closed when the outbox is open
	listener net.Listener

	lines  *localapi.Lines
	keeper *identity.Keeper // nil: the box claims no certificate
	update *update.Updater  // nil: the agent does not update itself
	end    context.CancelFunc
	// sendSoon says that all is to be sent with the first connection.
	sendSoon atomic.Bool

	ring *tail.Ring // of what was recorded
}

// New checks cfg, makes the folder, opens the outbox and the listener. An
// outbox that cannot be opened now is no error, unless another agent has it:
// recording starts in memory, and opening is tried again.
func New(cfg Config) (*Daemon, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		cfg.Log.Error("no data folder; recording in memory", "error", err)
	}
	if err := cfg.fillIn(); err != nil {
		return nil, err
	}
	d := &Daemon{cfg: cfg, disk: outbox.NewSQLite(cfg.Dir), opened: make(chan struct{})}
	err := d.openPolicy()
	if err == nil {
		err = d.openIdentity()
	}
	if err != nil {
		return nil, err
	}
	d.sess, err = session.New(session.Config{BootID: cfg.BootID, Clock: cfg.Clock, Identity: cfg.Identity, Rand: cfg.BootRand, Agent: cfg.agentWord(), Anonymous: d.policy.Anonymous})
	if err != nil {
		return nil, err
	}
	d.rec, err = agent.NewRecorder(agent.RecorderConfig{
		Open: d.open, Session: d.sess, Clock: cfg.Clock, Filter: d.policy, Window: cfg.Group, Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	d.sess.RecordWith(d.rec.Record)
	d.mach, err = session.NewMachine(session.MachineConfig{
		Recorder: d.rec, Session: d.sess, Clock: cfg.Clock, BootID: cfg.BootID, Dir: cfg.Dir, Alive: cfg.Alive, Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	api := cfg.API
	api.Signals = d.mach.Signals
	api.Recorder, api.Clock, api.Boot, api.Status = d.rec, cfg.Clock, d.sess.Boot, func() any { return d.Status() }
	if d.api, err = localapi.New(api); err != nil {
		return nil, err
	}
	d.openUpdate()
	d.lines, d.ring = localapi.NewLines(d.api, cfg.Lines.Peers), tail.NewRing(cfg.Clock, 0)
	d.cfg.Outbox.Recorded = func(events []protocol.Event) { d.ring.Add(events...) }
	if _, err := d.open(); errors.Is(err, outbox.ErrBusy) {
		return nil, fmt.Errorf("another agent runs on %s: %w", cfg.Dir, err)
	} else if err != nil {
		cfg.Log.Error("the outbox does not open; recording in memory", "error", err)
	}
	if d.listener = cfg.Listener; d.listener == nil && cfg.Listen != "" {
		if d.listener, err = net.Listen("tcp", cfg.Listen); err != nil {
			d.closeOutbox()
			return nil, fmt.Errorf("listen: %w", err)
		}
	}
	return d, nil
}

// fillIn finds out what was not given.
func (c *Config) fillIn() error {
	h := readHardware("/")
	if c.Box == "" {
		var err error
		if c.Box, err = boxID(c.Dir, h); c.Box == "" {
			return fmt.Errorf("box id: %w; write -box ID", err)
		} else if err != nil {
			c.Log.Error("the box id is not stored", "box", c.Box, "error", err)
		}
	}
	if c.Outbox.Hardware == [8]byte{} {
		c.Outbox.Hardware = h.hash()
	}
	if c.Identity.MAC == "" {
		c.Identity.MAC = h.mac
	}
	if c.Serial == "" {
		c.Serial = boardSerial(h, c.Box)
	}
	c.Identity.Province = uint32(c.Province)
	if c.Clock == nil {
		c.Clock = session.SystemClock{}
	}
	if c.BootRand == nil {
		c.BootRand = crand.Reader
	}
	if c.BootID == "" {
		var err error
		if c.BootID, err = session.BootID(); err != nil {
			return err
		}
	}
	return nil
}

// open opens the outbox, once.
func (d *Daemon) open() (agent.Keeper, error) {
	if o := d.out.Load(); o != nil {
		return o, nil
	}
	o, err := outbox.New(d.disk, d.cfg.Outbox)
	if err != nil {
		return nil, err
	}
	if odd := d.disk.Odd(); len(odd) > 0 {
		d.cfg.Log.Error("SQLite settings did not take; recording goes on", "settings", odd)
	}
	if n := o.Stats().Salvaged; n > 0 {
		d.cfg.Log.Error("the outbox was damaged: what was good is carried over", "events", o.Stats().Events, "lost", o.Lost())
	}
	o.SetBatchEvents(d.policy.Settings().BatchEvents)
	d.out.Store(o)
	close(d.opened)
	return o, nil
}

func (d *Daemon) closeOutbox() {
	if o := d.out.Load(); o != nil {
		if err := o.Close(); err != nil {
			d.cfg.Log.Error("closing the outbox", "error", err)
		}
	}
}

// Addr is where the endpoint listens; nil: nowhere.
func (d *Daemon) Addr() net.Addr {
	if d.listener == nil {
		return nil
	}
	return d.listener.Addr()
}

// Run works until ctx is done. Then callers are let go, the state of the box is
// noted, what is in memory is committed and sealed, the connection is closed,
// and the outbox last: each step still needs the next. It also ends, as with ctx, when
// another version of the agent is to start. With agent.ErrCut as the cause of ctx's end it
// ends as a power cut would: nothing more is committed or sealed.
func (d *Daemon) Run(ctx context.Context) error {
	var recErr error
	ctx, d.end = context.WithCancel(ctx)
	defer d.end()
	recCtx, stopRec := context.WithCancelCause(context.WithoutCancel(ctx))
	linkCtx, stopLink := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRec(nil)
	defer stopLink()
	machCtx, stopMach := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stopMach(nil)
	var front, mach, rec, link sync.WaitGroup
	rec.Go(func() { recErr = d.rec.Run(recCtx) })
	mach.Go(func() { d.mach.Run(machCtx) })
	link.Go(func() { d.runLink(linkCtx) })
	d.serve(ctx, &front)
	front.Go(func() { d.follow(ctx) })
	if d.update != nil {
		front.Go(func() { d.tellAlive(ctx) })
		front.Go(func() { d.update.Run(ctx) })
	}
	<-ctx.Done()
	front.Wait()
	stopMach(context.Cause(ctx))
	mach.Wait()
	stopRec(context.Cause(ctx))
	rec.Wait()
	var sealErr error
	if o := d.out.Load(); o != nil && !errors.Is(context.Cause(ctx), agent.ErrCut) {
		sealErr = o.Seal()
	}
	stopLink()
	link.Wait()
	d.closeOutbox()
	return errors.Join(recErr, sealErr)
}

// serve starts the endpoints: loopback, a socket for the machine's own and one
// for programs; and what samples the box.
func (d *Daemon) serve(ctx context.Context, wg *sync.WaitGroup) {
	d.runHealth(ctx, wg)
	d.serveLines(ctx, wg)
	start := func(l net.Listener, h http.Handler) {
		wg.Go(func() {
			if err := localapi.Serve(ctx, l, h, d.cfg.Log); err != nil {
				d.cfg.Log.Error("endpoint", "address", l.Addr(), "error", err)
			}
		})
	}
	if d.listener != nil {
		start(d.listener, d.public())
	}
	path, done, err := socket(d.cfg.Dir)
	if err == nil {
		defer done()
		os.Remove(path) // of an earlier run; the outbox's lock says that it is over
		var l net.Listener
		if l, err = net.Listen("unix", path); err == nil {
			if err := os.Chmod(path, 0o600); err != nil {
				d.cfg.Log.Warn("socket", "error", err)
			}
			start(l, d.private(ctx))
		}
	}
	if err != nil {
		d.cfg.Log.Warn("no socket; stbagent status will not reach this agent", "error", err)
	}
}

func (d *Daemon) runLink(ctx context.Context) {
	select {
	case <-d.opened:
	case <-ctx.Done():
		return
	}
	synced := d.sess.Synced
	if d.cfg.OwnTime {
		synced = nil
	}
	c := uplink.Config{
		Brokers: d.cfg.Brokers, Box: d.cfg.Box, Province: d.cfg.Province, Token: d.cfg.Token,
		Outbox: d.out.Load(), Clock: d.cfg.Clock, Boot: d.sess.Boot, Dial: d.cfg.Dial, TLS: d.cfg.TLS,
		NotBefore: d.cfg.NotBefore, Timing: d.cfg.Timing, Window: d.cfg.Window, Rand: d.cfg.Rand,
		Synced: synced, Log: d.cfg.Log,
	}
	d.heed(&c)
	d.identify(&c)
	u, err := uplink.New(c)
	if err != nil {
		d.cfg.Log.Error("no uplink", "error", err)
		return
	}
	d.link.Store(u)
	d.apply() // what came between
	if d.sendSoon.Load() {
		u.SendNow()
	}
	d.keep(ctx, u)
}

// Status tells how everything stands.
func (d *Daemon) Status() Status {
	rec, api, mach := d.rec.Stats(), d.api.Stats(), d.mach.Status()
	s := Status{
		Version: d.cfg.Version, Running: true, Box: d.cfg.Box, Province: d.cfg.Province,
		Boot: d.sess.Boot(), UpMs: d.cfg.Clock.MonoMs(), Bytes: d.disk.Size(), Recorder: &rec, API: &api, Profile: d.policy.Stats(), Machine: &mach,
	}
	lines := d.lines.Stats()
	s.Lines, s.Socket, s.Brokers = &lines, d.cfg.Lines.path(d.cfg.Dir), d.cfg.Brokers
	if d.keeper != nil {
		st := d.keeper.Stats()
		s.Certificate = &st
	}
	if a := d.Addr(); a != nil {
		s.Listen = a.String()
	}
	if o := d.out.Load(); o != nil {
		s.Outbox, s.Epoch, s.Odd = o.Stats(), fmt.Sprintf("%016x", o.Epoch()), d.disk.Odd()
	}
	if d.update != nil {
		st := d.update.Stats()
		s.Update = &st
	}
	if u := d.link.Load(); u != nil {
		st := u.Stats()
		s.Uplink, s.Link = &st, st.State.String()
	}
	return s
}
