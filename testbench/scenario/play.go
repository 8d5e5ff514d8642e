package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"iptvdc/aggregator"
	"iptvdc/testbench/fault"
	"iptvdc/testbench/fleet"
	"iptvdc/testbench/oracle"
	"iptvdc/testbench/report"
	"iptvdc/testbench/verify"
)

// Options of a Play.
type Options struct {
	// Program is the aggregator's; "": the one beside this program, else in the
	// path.
	Program string
	// Dir gets truth, logs and the aggregator's folder; it must exist.
	Dir  string
	Seed uint64 // 0: the scenario's
	// Size is told in the report: ci or full.
	Size    string
	Version string
	// Sample and Fault are called as the play goes on, from one goroutine each;
	// nil: never.
	Sample func(report.Sample)
	Fault  func(report.Fault)
	Say    func(line string) // what is done besides; nil: silent
	// End ends the play early when it is closed; the rest follows.
	End <-chan struct{}
	Log *slog.Logger // nil: silent
}

// play is a scenario that is played.
type play struct {
	*Scenario
	Options
	centre    *centre
	broker    *broker                // nil: the aggregator's own
	link      *fault.Link            // of all boxes but those of provinces
	provinces map[string]*fault.Link // with faults of their own
	cfg       fleet.Config
	hands     chan func(*fleet.Hands)
	restarts  uint64 // of agents, asked for
	mounted   bool   // the aggregator has a disk of its own

	began   time.Time
	startMs int64 // simulated
	sent    atomic.Uint64
	news    chan struct{} // a sample came

	mu           sync.Mutex
	last         fleet.Progress
	peak         peaks
	run          report.Run
	inForce      []string
	phase        string
	slowest      time.Duration // recovery from a fault
	playedFromMs int64         // when it began
	drainMs      int64         // when the play ended and draining began, real time since the start
	endMs        int64         // when all was acknowledged
}

type peaks struct{ fleet, centre, atStart int64 }

// Play plays a scenario against an aggregator that it starts, with its faults,
// compares what really happened with every figure, and holds the thresholds
// against what it saw. An error means that the play could not be played to its
// end; whether it passed says Run.OK.
func Play(ctx context.Context, s *Scenario, o Options) (*report.Run, error) {
	p := &play{Scenario: s, Options: o, provinces: make(map[string]*fault.Link), link: new(fault.Link), hands: make(chan func(*fleet.Hands)), news: make(chan struct{}, 1)}
	if o.Seed == 0 {
		p.Seed = max(1, s.Fleet.Seed)
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	p.run = report.Run{Scenario: s.Name, Title: s.Title, Size: o.Size, Seed: p.Seed, Version: o.Version, Cores: runtime.NumCPU(), MemoryBytes: machineMemory(), Started: time.Now()}
	p.began = p.run.Started
	err := p.all(ctx)
	p.run.TookMs = time.Since(p.began).Milliseconds()
	return &p.run, err
}

func machineMemory() int64 {
	var i unix.Sysinfo_t
	if unix.Sysinfo(&i) != nil {
		return 0
	}
	return int64(i.Totalram) * int64(i.Unit)
}

func (p *play) say(format string, args ...any) {
	if p.Say != nil {
		p.Say(fmt.Sprintf(format, args...))
	}
}

func (p *play) all(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, p.clear()) }()
	if err := p.configure(); err != nil {
		return err
	}
	if err := p.build(ctx); err != nil {
		return err
	}
	truth := filepath.Join(p.Dir, "truth.jsonl")
	if err := p.perform(ctx, truth); err != nil {
		return err
	}
	p.setPhase("verifying")
	happened, err := readTruth(truth)
	if err != nil {
		return err
	}
	token, err := p.centre.token(ctx)
	if err != nil {
		return err
	}
	p.say("comparing %d events and every figure", happened.Len())
	p.run.Verify, err = verify.Run(ctx, happened, verify.Config{
		URL: "http://" + p.centre.http, Token: token, Wait: 5 * time.Minute, WithoutEvicted: true, Say: p.Say})
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	p.judge(happened)
	return nil
}

func readTruth(name string) (*oracle.Truth, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t := new(oracle.Truth)
	return t, t.Read(f)
}

// configure makes the fleet's configuration of the scenario's.
func (p *play) configure() error {
	f := &p.Fleet
	c := fleet.Config{
		Boxes: f.Boxes, Agents: f.Agents, Seed: p.Seed, Duration: f.Duration, Speed: f.Speed, Flood: f.Flood,
		BatchAge: f.BatchAge, BatchEvents: f.BatchEvents, OutboxBytes: f.OutboxBytes, Drain: f.Drain,
		Ways:  fleet.Ways{ClockUnset: f.ClockUnset, PowerCuts: f.PowerCuts},
		Hands: p.hands, End: p.End, Log: p.Log, Report: p.progress, ReportEvery: sampleEvery,
	}
	if c.Speed == 0 {
		c.Speed = 1
	}
	for _, code := range f.Provinces {
		n, err := aggregator.ParseProvince(code)
		if err != nil {
			return fmt.Errorf("provinces: %w", err)
		}
		c.Provinces = append(c.Provinces, n)
	}
	if len(c.Provinces) == 0 {
		c.Provinces = fleet.Provinces()
	}
	for _, s := range f.Stages {
		c.Stages = append(c.Stages, fleet.Stage{For: s.For, Share: s.Boxes})
	}
	var err error
	if c.Start, err = startOf(f, time.Now()); err != nil {
		return err
	}
	if s := f.Surge; s != nil {
		first := aggregator.DayOf(c.Start.UnixMilli())
		c.Ways.Surge = fleet.Surge{From: first + aggregator.Day(s.FromDay), To: first + 4000, Users: s.Users, Time: s.Time}
	}
	p.cfg, p.startMs = c, c.Start.UnixMilli()
	return nil
}

// startOf reads when a play begins; now is a time of today.
func startOf(f *Fleet, now time.Time) (time.Time, error) {
	today := aggregator.DayOf(now.UnixMilli())
	var clock string
	var days int
	switch n, _ := fmt.Sscanf(f.Start, "%d days ago", &days); {
	case f.Start == "":
		speed := max(1, f.Speed)
		if f.Flood {
			return now.Add(-f.Duration), nil
		}
		return now.Add(time.Duration(float64(f.Duration)/speed) - f.Duration), nil
	case n == 1 && days >= 0 && days <= 800:
		return (today - aggregator.Day(days)).Time(), nil
	}
	if n, _ := fmt.Sscanf(f.Start, "monday %d weeks ago", &days); n == 1 && days >= 0 && days <= 110 {
		return (today.Week() - aggregator.Day(7*days)).Time(), nil
	}
	if n, _ := fmt.Sscanf(f.Start, "yesterday %5s", &clock); n == 1 {
		at, err := time.Parse("15:04", clock)
		if err == nil {
			return (today - 1).Time().Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute), nil
		}
	}
	at, err := time.ParseInLocation("2006-01-02T15:04", f.Start, aggregator.Shanghai)
	if err != nil {
		return at, fmt.Errorf("fleet: start: %q; write 2026-02-16T18:00, yesterday 18:00, 7 days ago, or monday 2 weeks ago", f.Start)
	}
	return at, nil
}

// build starts the aggregator and what stands around it.
func (p *play) build(ctx context.Context) error {
	program, err := findProgram(p.Program)
	if err != nil {
		return err
	}
	c := &centre{program: program, data: filepath.Join(p.Dir, "aggregator")}
	for _, addr := range []*string{&c.mqtt, &c.http} {
		if *addr, err = freeAddr(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.data, 0o700); err != nil {
		return err
	}
	if p.DataMB > 0 {
		if err := unix.Mount("tmpfs", c.data, "tmpfs", 0, fmt.Sprintf("size=%dm", p.DataMB)); err != nil {
			return fmt.Errorf("a disk of %d MB at %s: %w; this scenario must run as root", p.DataMB, c.data, err)
		}
		p.mounted = true
	}
	if c.log, err = os.Create(filepath.Join(p.Dir, "aggregator.log")); err != nil {
		return err
	}
	target := c.mqtt
	if p.Broker == "external" {
		if p.broker, err = startBroker(); err != nil {
			return err
		}
		target, c.broker = p.broker.addr, "tcp://"+p.broker.addr
	}
	p.cfg.Broker = "tcp://" + target
	for _, f := range p.Faults {
		switch {
		case f.Kind == "replay":
			p.link.Record(recorded)
		case f.Kind == "cut-province" && p.provinces[f.Province] == nil:
			p.provinces[f.Province] = new(fault.Link)
		}
	}
	p.cfg.Through = func(h fleet.Home, dial fault.Dial) fault.Dial {
		if l := p.provinces[h.Province.String()]; l != nil {
			return l.Through(dial)
		}
		return p.link.Through(dial)
	}
	p.centre = c
	p.say("starting the aggregator")
	return c.start(ctx)
}

// recorded is how many connections are kept to be sent again.
const recorded = 30

// clear ends all that build started.
func (p *play) clear() error {
	var errs []error
	if p.centre != nil {
		errs = append(errs, p.centre.end())
	}
	if p.broker != nil {
		errs = append(errs, p.broker.close())
	}
	if p.centre != nil && p.centre.log != nil {
		errs = append(errs, p.centre.log.Close())
	}
	if p.mounted {
		errs = append(errs, unix.Unmount(filepath.Join(p.Dir, "aggregator"), unix.MNT_DETACH))
	}
	return errors.Join(errs...)
}

// perform plays the fleet and the faults.
func (p *play) perform(ctx context.Context, truth string) error {
	file, err := os.Create(truth)
	if err != nil {
		return err
	}
	defer file.Close()
	p.cfg.Truth = io.Writer(file)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	p.setPhase("playing")
	p.peak.atStart = fleet.Resident(os.Getpid())
	p.playedFromMs = time.Since(p.began).Milliseconds()
	var faults sync.WaitGroup
	var faulty error
	faults.Go(func() {
		if faulty = p.faults(ctx); faulty != nil && ctx.Err() == nil {
			stop(faulty)
		}
	})
	end, err := fleet.Run(ctx, p.cfg)
	p.progress(end)
	stop(nil)
	faults.Wait()
	switch {
	case err != nil && errors.Is(faulty, errNotPlayed):
		return err
	case faulty != nil && !errors.Is(faulty, context.Canceled):
		return faulty
	case err != nil:
		return err
	case p.restarts != end.Agents.Restarts:
		return fmt.Errorf("%d agents were to be started again, %d were", p.restarts, end.Agents.Restarts)
	}
	return file.Close()
}

// sampleEvery is how often the fleet is asked how it stands.
const sampleEvery = 200 * time.Millisecond

// progress takes what the fleet reports.
func (p *play) progress(g fleet.Progress) {
	p.sent.Store(g.Sent)
	s := report.Sample{
		AtMs: time.Since(p.began).Milliseconds(), SimulatedMs: g.Simulated.UnixMilli(), Boxes: g.Boxes, Agents: g.Agents.Boxes,
		Connected: g.Connected, Recorded: g.Recorded, Acked: g.Acked, Pending: g.Pending, Evicted: g.Evicted,
		Sent: g.Sent, SentBytes: g.SentBytes, Losses: g.Losses, Trouble: g.Trouble,
		AckP50Ms: ms(g.AckLatency.P50), AckP99Ms: ms(g.AckLatency.P99), AckMaxMs: ms(g.AckLatency.Max),
		FleetBytes: g.MemoryBytes, CentreBytes: p.centre.memory(),
	}
	p.mu.Lock()
	if g.Draining {
		p.phase = "draining"
	}
	p.last = g
	p.peak.fleet, p.peak.centre = max(p.peak.fleet, s.FleetBytes), max(p.peak.centre, s.CentreBytes)
	s.InForce, s.Phase = slices.Clone(p.inForce), p.phase
	if g.Draining {
		if p.drainMs == 0 {
			p.drainMs = s.AtMs
		}
		p.endMs = s.AtMs
	}
	p.run.Samples = append(p.run.Samples, s)
	p.mu.Unlock()
	if p.Sample != nil {
		p.Sample(s)
	}
	select {
	case p.news <- struct{}{}:
	default:
	}
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

func (p *play) setPhase(phase string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase = phase
}

// until waits until the fleet stands as asked; false: the play ended before.
func (p *play) until(ctx context.Context, holds func(*fleet.Progress) bool) (fleet.Progress, bool) {
	for {
		p.mu.Lock()
		g := p.last
		p.mu.Unlock()
		if holds(&g) {
			return g, true
		}
		select {
		case <-p.news:
		case <-ctx.Done():
			return g, false
		}
	}
}

// errNotPlayed says that the play was over before a fault's turn came.
var errNotPlayed = errors.New("the play ended before")

// faults strikes one fault after the other.
func (p *play) faults(ctx context.Context) error {
	for i := range p.Faults {
		f := &p.Faults[i]
		dueMs := p.startMs + int64(f.At*float64(p.Fleet.Duration.Milliseconds()))
		for range max(1, f.Times) {
			_, ok := p.until(ctx, func(g *fleet.Progress) bool {
				return !g.Simulated.IsZero() && g.Simulated.UnixMilli() >= dueMs && g.Connected > 0 && !g.Draining
			})
			if !ok {
				return fmt.Errorf("fault %s at %g: %w its time", f.Kind, f.At, errNotPlayed)
			}
			if err := p.strike(ctx, f); err != nil {
				return fmt.Errorf("fault %s at %g: %w", f.Kind, f.At, err)
			}
		}
	}
	return nil
}

// strike does one fault and waits until the boxes are back from it.
func (p *play) strike(ctx context.Context, f *Fault) error {
	k := kinds[f.Kind]
	p.mu.Lock()
	connected := p.last.Connected // an agent that was never switched on is not
	p.mu.Unlock()
	p.enforce(f.Kind, true)
	x := report.Fault{Kind: f.Kind, FromMs: time.Since(p.began).Milliseconds()}
	end, err := k.strike(ctx, p, f)
	if err != nil {
		p.enforce(f.Kind, false)
		return err
	}
	if k.lasts {
		timer := time.NewTimer(f.For)
		select {
		case <-timer.C:
		case <-ctx.Done(): // what is in force must end all the same
		}
		timer.Stop()
	}
	x.Proof, err = end()
	x.ToMs = time.Since(p.began).Milliseconds()
	p.enforce(f.Kind, false)
	p.mu.Lock()
	p.run.Faults = append(p.run.Faults, x)
	waiting := p.last.Recorded
	p.mu.Unlock()
	if p.Fault != nil {
		p.Fault(x)
	}
	if err != nil && (ctx.Err() != nil || p.draining()) {
		return fmt.Errorf("%w; the play ended while it was in force: let it come earlier, or the play last longer", err)
	} else if err != nil {
		return err
	}
	// An end of the play is no failure here: draining waits for all the rest.
	ended := time.Now()
	_, back := p.until(ctx, func(g *fleet.Progress) bool {
		return g.Acked+g.Evicted >= waiting && (k.thins || float64(g.Connected) >= 0.99*float64(connected) || g.Draining)
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	if back || ctx.Err() != nil {
		p.slowest = max(p.slowest, time.Since(ended))
	}
	return nil
}

// enforce keeps the list of what is in force.
func (p *play) enforce(kind string, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if on {
		p.inForce = append(p.inForce, kind)
	} else if i := slices.Index(p.inForce, kind); i >= 0 {
		p.inForce = slices.Delete(p.inForce, i, i+1)
	}
}

func (p *play) draining() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last.Draining
}
