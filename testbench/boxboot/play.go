package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"iptvdc/testbench/armvm"
)

// play is one run.
type play struct {
	cache, agent, aggregator string
	update, updateVersion    string // another version of the agent; "": none
	cuts                     int
	seed                     uint64
	dice                     *rand.Rand

	began      time.Time
	work       string
	mqtt, http string // the aggregator's
	offers     string // where boxes ask it for updates
	key, keys  string // files: the private one for updates, the public one
	images     map[string]string
	disk       string
	vm         *armvm.VM
	truth      truth
	boxID      string
}

func (p *play) say(format string, args ...any) {
	fmt.Printf("%6.1f s  %s\n", time.Since(p.began).Seconds(), fmt.Sprintf(format, args...))
}

// patience is how long any single thing may take on a busy host.
const patience = 5 * time.Minute

func (p *play) run(ctx context.Context) (err error) {
	p.began = time.Now()
	p.say("seed %d", p.seed)
	if p.work, err = os.MkdirTemp("", "boxboot-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(p.work)) }()
	stop, token, err := p.startCentre(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := p.makeKeys(ctx); err != nil {
		return err
	}
	if err := p.makeImages(ctx); err != nil {
		return err
	}
	defer func() {
		if p.vm != nil {
			err = errors.Join(err, p.vm.Close())
		}
	}()
	if err := p.acts(ctx, token); err != nil {
		if p.vm != nil {
			log, lerr := p.door("log")
			err = fmt.Errorf("%w\nthe box's log (%v):\n%s", err, lerr, log)
		}
		return err
	}
	return p.compare(ctx, token)
}

// acts are what happens to the box.
func (p *play) acts(ctx context.Context, token string) error {
	if err := p.boot(ctx); err != nil {
		return err
	}
	first, err := p.status()
	if err != nil {
		return err
	}
	p.boxID = first.Box
	mounts, err := p.door("mounts")
	if err != nil {
		return err
	}
	if !strings.Contains(mounts, "/ squashfs ro") || !strings.Contains(mounts, "/data ext4 rw") {
		return fmt.Errorf("mounts are %q; want a read-only squashfs and an ext4 at /data", mounts)
	}
	if state, err := p.door("watchdog"); err != nil || state != "active" {
		return fmt.Errorf("the watchdog is %q (%v), want it active", state, err)
	}
	p.say("box %s, epoch %s; root read-only, /data writable, watchdog fed", first.Box, first.Epoch)

	for _, order := range []struct{ word, what string }{{"kill", "killed: init starts it again"}, {"hang", "frozen: watch kills it, init starts it again"}} {
		if err := p.post(ctx, 2*time.Second); err != nil {
			return err
		}
		if err := p.newAgent(ctx, order.word); err != nil {
			return err
		}
		p.say("the agent was %s", order.what)
	}
	for n := range p.cuts {
		span := time.Second + time.Duration(p.dice.IntN(6000))*time.Millisecond
		cut, end := context.WithTimeout(ctx, span)
		vm, off := p.vm, make(chan struct{})
		go func() { // in the middle of posts
			defer close(off)
			<-cut.Done()
			vm.Kill()
			p.truth.cut()
		}()
		err := p.post(ctx, span+100*time.Millisecond)
		<-off
		end()
		if err != nil {
			return err
		}
		p.say("power cut %d of %d, %.1f s after the box was up", n+1, p.cuts, span.Seconds())
		if err := p.boot(ctx); err != nil {
			return err
		}
	}
	if err := p.post(ctx, 2*time.Second); err != nil {
		return err
	}
	last, err := p.emptied(ctx)
	if err != nil {
		return err
	}
	if last.Epoch != first.Epoch {
		return fmt.Errorf("after power cuts the epoch is %s, was %s: the outbox did not survive", last.Epoch, first.Epoch)
	}
	p.say("everything acknowledged, epoch still %s", last.Epoch)
	if p.update != "" {
		if err := p.updates(ctx, token); err != nil {
			return err
		}
		if err := p.post(ctx, 2*time.Second); err != nil {
			return err
		}
		if last, err = p.emptied(ctx); err != nil || last.Epoch != first.Epoch {
			return fmt.Errorf("after updates the epoch is %s, was %s (%v): the outbox did not survive", last.Epoch, first.Epoch, err)
		}
		p.say("everything acknowledged, epoch still %s", last.Epoch)
	}

	p.vm.Kill()
	if err := p.newDisk(); err != nil {
		return err
	}
	if err := p.boot(ctx); err != nil {
		return err
	}
	if err := p.post(ctx, 3*time.Second); err != nil {
		return err
	}
	reset, err := p.emptied(ctx)
	if err != nil {
		return err
	}
	if reset.Epoch == first.Epoch || reset.Box != first.Box {
		return fmt.Errorf("after a factory reset box %s has epoch %s, before it %s had %s; want the same box with a new epoch", reset.Box, reset.Epoch, first.Box, first.Epoch)
	}
	p.say("factory reset: the same box, a new epoch %s", reset.Epoch)
	p.vm.Kill()
	return nil
}

// boot powers the box on, and returns when its agent answers.
func (p *play) boot(ctx context.Context) (err error) {
	if p.vm != nil {
		if err := p.vm.Close(); err != nil {
			return err
		}
		p.vm = nil
	}
	from := time.Now()
	if p.vm, err = armvm.Boot(ctx, armvm.Config{Cache: p.cache, Initramfs: p.images["initramfs"], Root: p.images["squashfs"],
		Data: p.disk, Forward: []int{8080, 8081}}); err != nil {
		return err
	}
	up := time.Since(from)
	if err := p.until(ctx, "the agent answers", func() (bool, error) { _, err := p.status(); return err == nil, nil }); err != nil {
		return err
	}
	p.say("box up after %.1f s, its agent after %.1f s", up.Seconds(), time.Since(from).Seconds())
	return nil
}

// post posts for a while, from two callers; what the box does meanwhile is no error.
func (p *play) post(ctx context.Context, span time.Duration) error {
	ctx, end := context.WithTimeout(ctx, span)
	defer end()
	client := &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i := range errs {
		seed := p.dice.Uint64()
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(seed, 2))
			for ctx.Err() == nil && errs[i] == nil {
				// Not ctx: what is under way at the end of the span is waited for.
				errs[i] = p.truth.post(context.WithoutCancel(ctx), client, p.vm.Addr(8080), 1+dice.IntN(5), i == 0)
				pause(ctx, 50*time.Millisecond) // pages do not flood
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// newAgent gives the box an order that ends the agent, and waits for the next one.
func (p *play) newAgent(ctx context.Context, order string) error {
	old, err := p.door("pid")
	if err != nil {
		return err
	}
	said, err := p.door(order)
	if err != nil || said != "ended" {
		return fmt.Errorf("%s: %q, %w", order, said, err)
	}
	p.truth.cut()
	return p.until(ctx, "a new agent after "+order, func() (bool, error) {
		now, err := p.door("pid")
		if err != nil || now == old {
			return false, err
		}
		_, err = p.status()
		return err == nil, nil
	})
}

// emptied waits until the centre has acknowledged all, and returns the status.
func (p *play) emptied(ctx context.Context) (s status, err error) {
	err = p.until(ctx, "the outbox is empty", func() (bool, error) {
		if s, err = p.status(); err != nil {
			return false, nil // busy
		}
		return s.Outbox.Events+s.Outbox.Open+s.Recorder.Pending == 0, nil
	})
	return s, err
}

// until polls; an error ends it at once.
func (p *play) until(ctx context.Context, what string, ok func() (bool, error)) error {
	ctx, end := context.WithTimeout(ctx, patience)
	defer end()
	for {
		if done, err := ok(); done || err != nil {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("waited %v until %s", patience, what)
		}
		pause(ctx, 100*time.Millisecond)
	}
}

// compare asks the aggregator for every event it holds of the box, until they are
// what the truth wants: an acknowledged event is in the ledger, and is listed once
// the loader has put its block into the store. What still differs after that time
// is the outcome.
func (p *play) compare(ctx context.Context, token string) error {
	var says string
	var differs error
	err := p.until(ctx, "the aggregator has loaded what it acknowledged", func() (bool, error) {
		var all struct {
			Events []struct {
				MonoMs uint64 `json:"mono_ms"`
				Kind   string `json:"kind"`
			} `json:"events"`
		}
		if err := getJSON("http://"+p.http+"/api/v1/audit/boxes/"+p.boxID+"/events", token, &all); err != nil {
			return false, err
		}
		held := map[uint64]int{}
		for _, e := range all.Events {
			if e.Kind == "click" {
				held[e.MonoMs]++
			}
		}
		says, differs = p.truth.judge(held)
		return differs == nil, nil
	})
	p.say("%s", says)
	if err != nil {
		return errors.Join(err, differs)
	}
	p.say("truth equal")
	return nil
}
