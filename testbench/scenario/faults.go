package scenario

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"iptvdc/testbench/fleet"
)

// kind is how a fault is done and proved.
type kind struct {
	lasts    bool // it has an end
	process  bool // it needs an aggregator that the play started
	external bool // it needs the broker beside the aggregator
	disk     bool // it needs an aggregator on a small disk
	// thins says that boxes may be away after it: two with one name throw each
	// other out.
	thins bool
	// strike begins the fault. What it returns ends it, if it lasts, and says
	// what shows that it happened; an empty proof is none.
	strike func(ctx context.Context, p *play, f *Fault) (end func() (proof string, err error), err error)
}

// kinds are all faults. They are those of the protocol's promises that concern
// more than one part; single writes are broken one by one elsewhere
// (testbench/crash).
var kinds map[string]kind

func init() {
	kinds = map[string]kind{
		"cut":                {strike: cut},
		"refuse":             {lasts: true, strike: refuse},
		"black-hole":         {lasts: true, strike: blackHole},
		"cut-province":       {lasts: true, strike: cutProvince},
		"slow":               {lasts: true, strike: slow},
		"kill-aggregator":    {process: true, strike: killAggregator},
		"restart-aggregator": {process: true, strike: restartAggregator},
		"freeze-aggregator":  {lasts: true, process: true, strike: freezeAggregator},
		"empty-broker":       {external: true, strike: emptyBroker},
		"disk-full":          {lasts: true, process: true, disk: true, strike: diskFull},
		"replay":             {strike: replay},
		"poison":             {lasts: true, strike: poison},
		"clone":              {thins: true, strike: clone},
		"restart-agents":     {strike: restartAgents},
	}
}

// proved is the end of a fault that struck at once.
func proved(format string, args ...any) func() (string, error) {
	return func() (string, error) { return fmt.Sprintf(format, args...), nil }
}

func cut(_ context.Context, p *play, _ *Fault) (func() (string, error), error) {
	n := p.link.Cut()
	if n == 0 {
		return nil, errors.New("there was no connection to cut")
	}
	return proved("%d connections cut", n), nil
}

func refuse(_ context.Context, p *play, _ *Fault) (func() (string, error), error) {
	before := p.link.Stats().Refused
	p.link.Refuse(true)
	n := p.link.Cut()
	return func() (string, error) {
		p.link.Refuse(false)
		refused := p.link.Stats().Refused - before
		if refused == 0 {
			return "", errors.New("nobody called while calls were refused")
		}
		return fmt.Sprintf("%d connections cut, %d calls refused", n, refused), nil
	}, nil
}

func blackHole(_ context.Context, p *play, _ *Fault) (func() (string, error), error) {
	before := p.link.Stats()
	p.link.BlackHole(true)
	settled := p.link.Stats()
	return func() (string, error) {
		after := p.link.Stats()
		p.link.BlackHole(false)
		// A chunk may have been past the door already, one for each way.
		passed := after.Up + after.Down - settled.Up - settled.Down
		if before.Open == 0 || passed > uint64(2*4096*before.Open) {
			return "", fmt.Errorf("%d connections stood, %d bytes passed", before.Open, passed)
		}
		return fmt.Sprintf("%d connections stood still, %d bytes passed", before.Open, passed), nil
	}, nil
}

func cutProvince(_ context.Context, p *play, f *Fault) (func() (string, error), error) {
	x := p.provinces[f.Province]
	before := x.Stats().Refused
	x.Refuse(true)
	n := x.Cut()
	return func() (string, error) {
		x.Refuse(false)
		refused := x.Stats().Refused - before
		if n == 0 || refused == 0 {
			return "", fmt.Errorf("%d connections of province %s cut, %d calls refused", n, f.Province, refused)
		}
		return fmt.Sprintf("province %s: %d connections cut, %d calls refused", f.Province, n, refused), nil
	}, nil
}

func slow(_ context.Context, p *play, f *Fault) (func() (string, error), error) {
	before := p.link.Stats()
	p.link.Latency(f.Latency)
	p.link.Bandwidth(f.Bandwidth)
	return func() (string, error) {
		p.link.Latency(0)
		p.link.Bandwidth(0)
		after := p.link.Stats()
		bytes := after.Up + after.Down - before.Up - before.Down
		if bytes == 0 {
			return "", errors.New("no byte passed, so none was slow")
		}
		return fmt.Sprintf("%d bytes at %v and %d bytes/s", bytes, f.Latency, f.Bandwidth), nil
	}, nil
}

func killAggregator(ctx context.Context, p *play, _ *Fault) (func() (string, error), error) {
	if err := p.centre.kill(ctx); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := p.centre.start(ctx); err != nil {
		return nil, err
	}
	return proved("SIGKILL, ready again after %v", time.Since(began).Round(time.Millisecond)), nil
}

func restartAggregator(ctx context.Context, p *play, _ *Fault) (func() (string, error), error) {
	p.centre.remember(ctx)
	began := time.Now()
	if err := p.centre.end(); err != nil {
		return nil, err
	}
	if err := p.centre.start(ctx); err != nil {
		return nil, err
	}
	return proved("ended in order, ready again after %v", time.Since(began).Round(time.Millisecond)), nil
}

func freezeAggregator(_ context.Context, p *play, _ *Fault) (func() (string, error), error) {
	process := p.centre.cmd.Process
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		return nil, err
	}
	return func() (string, error) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process.Pid))
		if err != nil {
			return "", err
		}
		stopped := bytes.Contains(stat, []byte(") T "))
		if err := process.Signal(syscall.SIGCONT); err != nil {
			return "", err
		}
		if !stopped {
			return "", errors.New("the process was not stopped")
		}
		return fmt.Sprintf("process %d was stopped", process.Pid), nil
	}, nil
}

func emptyBroker(_ context.Context, p *play, _ *Fault) (func() (string, error), error) {
	clients, retained, err := p.broker.empty()
	if err != nil {
		return nil, err
	}
	if clients == 0 {
		return nil, errors.New("nobody was connected")
	}
	return proved("%d sessions and all they waited for forgotten, %d retained messages too", clients, retained), nil
}

func diskFull(ctx context.Context, p *play, _ *Fault) (func() (string, error), error) {
	const metric = "iptv_intake_commit_errors_total"
	before, err := p.centre.counter(ctx, metric, "")
	if err != nil {
		return nil, err
	}
	ballast := filepath.Join(p.centre.data, "ballast")
	size, err := fill(ballast)
	if err != nil {
		return nil, errors.Join(err, os.Remove(ballast))
	}
	return func() (string, error) {
		after, err := p.centre.counter(ctx, metric, "")
		if removed := os.Remove(ballast); err != nil || removed != nil {
			return "", errors.Join(err, removed)
		}
		if after <= before {
			return "", errors.New("no commit failed: the disk was not full")
		}
		return fmt.Sprintf("%d MB of ballast, %.0f commits failed", size>>20, after-before), nil
	}, nil
}

// fill writes a file until the disk is full.
func fill(name string) (int64, error) {
	f, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	block := make([]byte, 64<<10)
	for size := int64(0); ; {
		n, err := f.Write(block)
		size += int64(n)
		switch {
		case errors.Is(err, unix.ENOSPC) && len(block) > 512:
			block = block[:len(block)/2]
		case errors.Is(err, unix.ENOSPC):
			return size, nil
		case err != nil:
			return size, err
		}
	}
}

// replayed are the outcomes of what was told before.
var replayed = []string{`outcome="known"`, `outcome="repeated"`}

func (p *play) repeats(ctx context.Context) (sum float64, err error) {
	for _, o := range replayed {
		n, err := p.centre.counter(ctx, "iptv_intake_packets_total", o)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

func replay(ctx context.Context, p *play, _ *Fault) (func() (string, error), error) {
	before, err := p.repeats(ctx)
	if err != nil {
		return nil, err
	}
	n, sent, err := p.link.Replay(ctx, 300*time.Millisecond)
	if err != nil {
		return nil, err
	}
	after, err := p.repeats(ctx)
	if err != nil {
		return nil, err
	}
	if n == 0 || after <= before {
		return nil, fmt.Errorf("%d connections sent again, %.0f batches came twice", n, after-before)
	}
	return proved("%d connections with %d bytes sent again, %.0f batches came twice", n, sent, after-before), nil
}

func poison(ctx context.Context, p *play, f *Fault) (func() (string, error), error) {
	const metric = "iptv_intake_refused_total"
	before, err := p.centre.counter(ctx, metric, "")
	if err != nil {
		return nil, err
	}
	share := f.Share
	if share == 0 {
		share = 0.01
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	var sent int
	go func() {
		var err error
		sent, err = p.poison(ctx, share)
		done <- err
	}()
	return func() (string, error) {
		stop()
		if err := <-done; err != nil {
			return "", err
		}
		after, err := p.centre.counter(context.WithoutCancel(ctx), metric, "")
		if err != nil {
			return "", err
		}
		if sent == 0 || after-before < float64(sent)*0.9 {
			return "", fmt.Errorf("%d bad packets sent, %.0f refused", sent, after-before)
		}
		return fmt.Sprintf("%d bad packets sent, %.0f refused", sent, after-before), nil
	}, nil
}

// do has the fleet do something to its boxes and waits until it is done.
func (p *play) do(ctx context.Context, what func(h *fleet.Hands) (int, error)) (n int, err error) {
	done := make(chan struct{})
	select {
	case p.hands <- func(h *fleet.Hands) {
		n, err = what(h)
		close(done)
	}:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	select {
	case <-done:
		return n, err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func clone(ctx context.Context, p *play, f *Fault) (func() (string, error), error) {
	share := f.Share
	if share == 0 {
		share = 0.02
	}
	n, err := p.do(ctx, func(h *fleet.Hands) (int, error) { return h.Clone(share) })
	if err == nil && n == 0 {
		err = fmt.Errorf("no box was cloned: %g of the boxes is none", share)
	}
	return proved("%d boxes live twice", n), err
}

func restartAgents(ctx context.Context, p *play, _ *Fault) (func() (string, error), error) {
	n, err := p.do(ctx, func(h *fleet.Hands) (int, error) { return h.RestartAgents("fleet-next") })
	if err == nil && n == 0 {
		err = errors.New("no agent was running")
	}
	p.restarts += uint64(n)
	return proved("%d agents started again in another version", n), err
}
