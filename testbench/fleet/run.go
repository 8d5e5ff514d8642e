package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"iptvdc/agent/uplink"
)

// Progress tells how a run stands.
type Progress struct {
	Real      time.Duration // since the start
	Simulated time.Time     // what the simulated clock shows, or showed at the end
	Boxes     int           // real agents included
	Connected int
	Recorded  uint64 // events handed to outboxes
	Acked     uint64 // events that the centre has confirmed
	Pending   uint64 // events in outboxes, not confirmed
	Evicted   uint64 // events that boxes threw away for want of room
	Sent      uint64 // batches, repeats included
	SentBytes uint64
	Losses    uint64 // connections lost
	Epochs    uint64 // new epochs after divergence or damage
	Trouble   string // the last thing that went wrong, "" if nothing did
	Draining  bool
	// MemoryBytes is what this process takes, resident; 0: not known here.
	MemoryBytes int64
	// AckLatency is that of the light boxes since the start.
	AckLatency AckLatency
	Agents     AgentProgress
}

// AgentProgress tells how the real agents among a run's boxes stand.
type AgentProgress struct {
	Boxes    int
	Running  int    // switched on at least once
	Recorded uint64 // events handed to them or made by themselves
	Boots    uint64
	Cuts     uint64 // of these, boots after a power cut
	Restarts uint64 // of the program in the middle of a boot
}

// ErrPending says that a run ended with events that the centre has not
// confirmed; the boxes' memory is gone with it.
var ErrPending = errors.New("not all events were acknowledged")

// Run plays a town: its boxes connect, record what happens when it happens, and
// send it. After the last event it waits until the centre has confirmed
// everything, or returns an ErrPending that says what is missing. If ctx ends
// before, it returns ctx's error. The Progress is that at the end.
func Run(ctx context.Context, c Config) (Progress, error) {
	if err := c.check(time.Now()); err != nil {
		return Progress{}, err
	}
	if err := enoughFiles(c.here(), c.Agents); err != nil {
		return Progress{}, err
	}
	town, err := NewTown(TownConfig{Boxes: c.Boxes, Part: c.Part, Seed: c.Seed, StartMs: c.Start.UnixMilli(), Provinces: c.Provinces, Ways: c.Ways})
	if err != nil {
		return Progress{}, err
	}
	if err := reach(ctx, &c); err != nil {
		return Progress{}, err
	}
	r := &runner{Config: c, town: town, pace: &pace{startMs: c.Start.UnixMilli(), speed: c.Speed}, trouble: newTrouble(c.Log)}
	folder := ""
	if c.Agents > 0 {
		if folder, err = os.MkdirTemp("", "stbfleet-agents-"); err != nil {
			return Progress{}, fmt.Errorf("agents: %w", err)
		}
		defer os.RemoveAll(folder)
	}
	if r.boxes, err = newBoxes(&c, town, r.pace, r.trouble.logger(), folder); err != nil {
		return Progress{}, err
	}
	if c.Truth != nil {
		head := TruthHead{Seed: c.Seed, StartMs: c.Start.UnixMilli(), Speed: c.Speed, Provinces: c.Provinces}
		if len(head.Provinces) == 0 {
			head.Provinces = Provinces()
		}
		r.truth = NewTruth(c.Truth, head)
	}
	return r.run(ctx)
}

// tries is how often the broker is called before a run gives up.
const tries = 5

// reach calls the broker once before thousands do.
func reach(ctx context.Context, c *Config) error {
	at, err := uplink.ParseBroker(c.Broker)
	if err != nil {
		return err
	}
	dial := c.Dial
	if dial == nil {
		dial = localDial(0)
	}
	for try := 1; ; try++ {
		conn, err := dial(ctx, "tcp", at.Host)
		if err == nil {
			return conn.Close()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if try == tries {
			return fmt.Errorf("broker: %s cannot be reached (%d tries, the last: %w); is the aggregator running, and is it listening there? Start it with: aggregator serve --mqtt-listen %s", c.Broker, tries, err, at.Host)
		}
		c.Log.Warn("broker not reached", "broker", c.Broker, "try", try, "error", err)
		select {
		case <-time.After(time.Duration(try) * 300 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

type runner struct {
	Config
	town    *Town
	pace    *pace
	boxes   []box
	truth   *Truth
	trouble *trouble
	up      sync.WaitGroup // boxes that run
	upCtx   context.Context

	recorded uint64
	byAgents uint64 // of these, by real agents
	draining bool

	moments []Moment // of one tick
}

// tick is how often what is due is recorded.
const tick = 20 * time.Millisecond

func (r *runner) run(ctx context.Context) (Progress, error) {
	var hangUp context.CancelFunc
	r.upCtx, hangUp = context.WithCancel(ctx)
	for i, b := range r.boxes {
		r.up.Go(func() {
			if i < r.Agents || r.plugIn(r.upCtx, i) {
				b.run(r.upCtx)
			}
		})
	}
	defer r.up.Wait()
	defer hangUp()

	r.pace.begun = time.Now()
	if r.Flood {
		r.pace.pinned.Store(r.pace.startMs)
	}
	err := r.play(ctx)
	if err == nil {
		err = r.drain(ctx)
	}
	return r.progress(), errors.Join(err, r.truth.Flush())
}

// play records what happens until the simulated end.
func (r *runner) play(ctx context.Context) error {
	endMs := int64(1<<63 - 1)
	if r.Duration > 0 {
		endMs = r.pace.startMs + r.Duration.Milliseconds()
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	at := make(chan time.Time)
	close(at)
	reported := time.Now()
	for {
		now, more := min(r.pace.nowMs(), endMs), false
		if r.Flood {
			now, more = r.flood(endMs)
		}
		if err := r.record(now); err != nil {
			return err
		}
		if now >= endMs {
			return r.finish(endMs)
		}
		r.serve()
		if time.Since(reported) >= r.ReportEvery {
			reported = time.Now()
			r.report()
		}
		wait := ticker.C
		if more {
			wait = at // there is no need to wait
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.End:
			return r.finish(now)
		case <-wait:
		}
	}
}

// floodPending is how many events may be on their way in a flood.
const floodPending = 400_000

// floodStep is how far a flood moves the simulated clock at once.
const floodStep = 5 * 60_000

// flood moves the simulated clock on; more is false while too much is on its
// way to the centre: then it stands.
func (r *runner) flood(endMs int64) (nowMs int64, more bool) {
	at := r.pace.pinned.Load()
	if p := r.progress(); p.Pending >= floodPending {
		return at, false
	}
	at = min(endMs, max(r.town.NextMs()+1, at+floodStep))
	r.pace.pinned.Store(at)
	return at, true
}

// record takes what happens before a moment: first all of it into the truth,
// then into the outboxes.
func (r *runner) record(untilMs int64) error {
	used := 0
	for {
		if used == len(r.moments) {
			r.moments = append(r.moments, Moment{})
		}
		m := &r.moments[used]
		if !r.town.Next(untilMs, m) {
			break
		}
		if err := r.write(m); err != nil {
			return err
		}
		if used++; used == 2048 {
			if err := r.hand(r.moments[:used]); err != nil {
				return err
			}
			used = 0
		}
	}
	return r.hand(r.moments[:used])
}

// write puts a moment into the truth.
func (r *runner) write(m *Moment) error {
	r.boxes[m.Box].fit(m)
	home := r.town.Home(m.Box)
	return r.truth.Moment(&home, m)
}

// hand gives moments to their boxes, after the truth of them is safe.
func (r *runner) hand(moments []Moment) error {
	if err := r.truth.Flush(); err != nil {
		return err
	}
	for i := range moments {
		m := &moments[i]
		if err := r.boxes[m.Box].record(m); err != nil {
			return fmt.Errorf("box %s: %w", r.town.Home(m.Box).Box, err)
		}
		r.recorded += uint64(len(m.Events))
		if m.Box < r.Agents {
			r.byAgents += uint64(len(m.Events))
		}
	}
	return nil
}

// finish tells every box the time that does not know it yet.
func (r *runner) finish(nowMs int64) error {
	var m Moment
	for from := 0; r.town.Finish(nowMs, from, &m); from = m.Box + 1 {
		if err := r.write(&m); err != nil {
			return err
		}
		if err := r.hand([]Moment{m}); err != nil {
			return err
		}
	}
	return nil
}

// drain waits until the centre has confirmed all.
func (r *runner) drain(ctx context.Context) error {
	r.draining = true
	deadline := time.NewTimer(r.Drain)
	defer deadline.Stop()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	reported := time.Now()
	for i, b := range r.boxes {
		if err := b.seal(); err != nil {
			return fmt.Errorf("box %s: %w", r.town.Home(i).Box, err)
		}
	}
	for {
		if err := r.failed(); err != nil {
			return err
		}
		p := r.progress()
		if p.Pending == 0 {
			r.evictions()
			r.report()
			return nil
		}
		if time.Since(reported) >= r.ReportEvery {
			reported = time.Now()
			r.report()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			r.evictions()
			return r.pendingError()
		case <-ticker.C:
		}
	}
}

// failed returns why a real agent ended before its time.
func (r *runner) failed() error {
	for i, b := range r.boxes[:r.Agents] {
		if err := b.failed(); err != nil {
			return fmt.Errorf("box %s: %w", r.town.Home(i).Box, err)
		}
	}
	return nil
}

// evictions writes down what boxes had no room for.
func (r *runner) evictions() {
	for i, b := range r.boxes {
		if s := b.standing(); s.evicted > 0 {
			home := r.town.Home(i)
			r.truth.Evicted(&home, s.evicted, s.sent)
		}
	}
}

// pendingError says who still holds what.
func (r *runner) pendingError() error {
	p := r.progress()
	holders, example := 0, ""
	for i, b := range r.boxes {
		if s := b.standing(); s.pending > 0 {
			if holders++; holders == 1 {
				u := &s.link
				example = fmt.Sprintf("box %s holds %d events, is %s, connected %d times, sent %d batches, heard %d acks", r.town.Home(i).Box, s.pending, u.State, u.Connects, u.Sent, u.Acks)
			}
		}
	}
	return fmt.Errorf("%w within %v: %d events of %d boxes; for instance %s; last trouble: %s", ErrPending, r.Drain, p.Pending, holders, example, p.Trouble)
}

func (r *runner) report() {
	if r.Report != nil {
		r.Report(r.progress())
	}
}

func (r *runner) progress() Progress {
	p := Progress{
		Real: time.Since(r.pace.begun), Simulated: time.UnixMilli(r.pace.nowMs()), Boxes: len(r.boxes),
		Recorded: r.recorded, Trouble: r.trouble.last(), Draining: r.draining,
	}
	if end := r.Start.Add(r.Duration); r.Duration > 0 && p.Simulated.After(end) {
		p.Simulated = end
	}
	p.AckLatency = r.latencies.read()
	p.MemoryBytes = Resident(os.Getpid())
	p.Agents = AgentProgress{Boxes: r.Agents, Recorded: r.byAgents}
	for i, b := range r.boxes {
		s := b.standing()
		p.Acked += s.acked
		p.Pending += s.pending
		p.Evicted += s.evicted
		p.Epochs += s.epochs
		p.Sent += s.link.Sent
		p.SentBytes += s.link.SentBytes
		p.Losses += s.link.Losses
		if s.link.State == uplink.Connected || s.link.State == uplink.Held {
			p.Connected++
		}
		if i < r.Agents {
			p.Agents.Boots += s.boots
			p.Agents.Cuts += s.cuts
			p.Agents.Restarts += s.restarts
			if s.boots > 0 {
				p.Agents.Running++
			}
		}
	}
	return p
}
