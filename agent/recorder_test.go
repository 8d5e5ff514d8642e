package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"iptvdc/protocol"
)

// keeper keeps groups in memory; broken makes it fail, and tookEffect makes
// failing calls keep their events all the same.
type keeper struct {
	mu         sync.Mutex
	groups     [][]protocol.Event
	at         []time.Time
	broken     bool
	tookEffect bool
	doubt      []protocol.Event // kept by a call that failed
	calls      int
}

var errBroken = errors.New("flash is broken")

func (k *keeper) Append(events ...protocol.Event) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls++
	if len(k.doubt) > 0 { // the contract: begin with the same events
		for i := range k.doubt {
			if events[i] != k.doubt[i] {
				return errors.New("the retry does not begin with the events in doubt")
			}
		}
		events = events[len(k.doubt):]
	}
	if k.broken {
		if k.tookEffect && len(k.doubt) == 0 {
			k.keepLocked(events)
			k.doubt = append([]protocol.Event(nil), events...)
		}
		return errBroken
	}
	k.doubt = nil
	if len(events) > 0 {
		k.keepLocked(events)
	}
	return nil
}

func (k *keeper) keepLocked(events []protocol.Event) {
	k.groups = append(k.groups, append([]protocol.Event(nil), events...))
	k.at = append(k.at, time.Now())
}

func (k *keeper) set(broken, tookEffect bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.broken, k.tookEffect = broken, tookEffect
}

// pages returns the names of everything kept, in order.
func (k *keeper) pages() (names []string, kinds map[protocol.Kind]uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	kinds = map[protocol.Kind]uint64{}
	for _, g := range k.groups {
		for _, e := range g {
			if e.Kind == protocol.Dropped {
				kinds[e.OfKind] += e.Count
				continue
			}
			names = append(names, e.Page+e.OrderID)
		}
	}
	return names, kinds
}

// count returns how many groups there are, how many events the i-th has, and
// when it was kept.
func (k *keeper) count(i int) (groups, events int, at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if i < len(k.groups) {
		events, at = len(k.groups[i]), k.at[i]
	}
	return len(k.groups), events, at
}

// plainSession stamps boot 7 and has nothing to tell.
type plainSession struct{}

func (plainSession) Begin(Keeper) error              { return nil }
func (plainSession) Preface(Keeper) []protocol.Event { return nil }
func (plainSession) Stamp(e *protocol.Event)         { e.Boot = 7 }

type zeroClock struct{}

func (zeroClock) MonoMs() uint64 { return 1 }
func (zeroClock) WallMs() uint64 { return 0 }

func click(n int) protocol.Event {
	return protocol.Event{Kind: protocol.Click, Page: fmt.Sprint("c", n)}
}

func order(n int) protocol.Event {
	return protocol.Event{Kind: protocol.Order, OrderID: fmt.Sprint("o", n)}
}

// record runs f with a recorder over k in a bubble of simulated time.
func record(t *testing.T, k *keeper, change func(*RecorderConfig), f func(*testing.T, *Recorder)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg := RecorderConfig{Open: func() (Keeper, error) { return k, nil }, Session: plainSession{}, Clock: zeroClock{}}
		if change != nil {
			change(&cfg)
		}
		r, err := NewRecorder(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		synctest.Wait() // it is open
		f(t, r)
		cancel()
		if err := <-done; err != nil && !errors.Is(err, errBroken) {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestWindows(t *testing.T) {
	k := &keeper{}
	record(t, k, nil, func(t *testing.T, r *Recorder) {
		start := time.Now()
		for i := range 10 {
			if err := r.Record(t.Context(), false, click(i)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(time.Second)
		if n, _, at := k.count(0); n != 1 || at.Sub(start) != 250*time.Millisecond {
			t.Errorf("%d groups, the first after %v; want one after 250 ms", n, at.Sub(start))
		}
		start = time.Now()
		if err := r.Record(t.Context(), false, click(10)); err != nil {
			t.Fatal(err)
		}
		if err := r.Record(t.Context(), false, order(11)); err != nil {
			t.Fatal(err)
		}
		if n, events, _ := k.count(1); time.Since(start) != 0 || n != 2 || events != 2 {
			t.Errorf("an order waited %v for its commit; %d groups, the second of %d", time.Since(start), n, events)
		}
		err := r.Record(t.Context(), true, click(12))
		if n, _, _ := k.count(0); err != nil || n != 3 {
			t.Errorf("wait=stored: %v with %d groups", err, n)
		}
		if s := r.Stats(); s.Accepted != 13 || s.Stored != 13 || s.Pending != 0 {
			t.Errorf("%+v", s)
		}
	})
	if k.groups[0][0].Boot != 7 {
		t.Error("not stamped")
	}
}

// TestOutage: while the flash fails, events wait, orders longest; what is
// dropped is counted and reported; nothing is kept twice [D10].
func TestOutage(t *testing.T) {
	for _, tookEffect := range []bool{false, true} {
		k := &keeper{}
		record(t, k, func(c *RecorderConfig) { c.MaxPending = 20 }, func(t *testing.T, r *Recorder) {
			k.set(true, tookEffect)
			accepted := map[string]bool{}
			add := func(e protocol.Event) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				switch err := r.Record(ctx, false, e); {
				case err == nil, errors.Is(err, ErrNotStored):
					accepted[e.Page+e.OrderID] = true
				case !errors.Is(err, ErrFull):
					t.Fatal(err)
				}
			}
			add(click(0))
			time.Sleep(time.Second) // it is in the group that fails
			for i := 1; i <= 30; i++ {
				add(click(i))
			}
			add(order(31))
			time.Sleep(30 * time.Minute)
			if !r.Stats().Failing {
				t.Error("an outage does not show")
			}
			k.mu.Lock()
			if k.calls > 60 {
				t.Errorf("%d attempts in half an hour", k.calls)
			}
			k.mu.Unlock()
			k.set(false, false)
			time.Sleep(2 * time.Minute)
			add(click(32))
			time.Sleep(2 * time.Minute)
			names, dropped := k.pages()
			seen := map[string]int{}
			for _, n := range names {
				seen[n]++
			}
			if seen["c0"] != 1 || seen["o31"] != 1 || seen["c30"] != 1 || seen["c32"] != 1 {
				t.Errorf("kept: %v", names)
			}
			for n, times := range seen {
				if times != 1 || !accepted[n] {
					t.Errorf("%s kept %d times, accepted %v", n, times, accepted[n])
				}
			}
			if missing := uint64(len(accepted) - len(seen)); missing == 0 || dropped[protocol.Click] != missing {
				t.Errorf("%d events are missing, %d reported as dropped", missing, dropped[protocol.Click])
			}
		})
	}
}

// TestFull: when nothing may be dropped, events are refused, not lost silently.
func TestFull(t *testing.T) {
	k := &keeper{broken: true}
	record(t, k, func(c *RecorderConfig) { c.MaxPending = 3 }, func(t *testing.T, r *Recorder) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var last error
		for i := range 5 {
			last = r.Record(ctx, true, order(i))
		}
		if !errors.Is(last, ErrFull) || r.Stats().Dropped == 0 {
			t.Errorf("%v with %+v, want ErrFull and a count", last, r.Stats())
		}
	})
}

// TestLateOpening: events taken before the keeper opens are kept when it does.
func TestLateOpening(t *testing.T) {
	k := &keeper{}
	tries := 0
	record(t, k, func(c *RecorderConfig) {
		c.Open = func() (Keeper, error) {
			if tries++; tries < 4 {
				return nil, errBroken
			}
			return k, nil
		}
	}, func(t *testing.T, r *Recorder) {
		if err := r.Record(t.Context(), false, click(1)); err != nil {
			t.Fatal(err)
		}
		if err := r.Record(t.Context(), true, order(2)); err != nil {
			t.Fatal(err)
		}
		if names, _ := k.pages(); len(names) != 2 || tries != 4 {
			t.Errorf("kept %v after %d tries", names, tries)
		}
	})
}

// TestEnd: what is in memory when Run ends is committed first.
func TestEnd(t *testing.T) {
	k := &keeper{}
	var after error
	var rec *Recorder
	record(t, k, nil, func(t *testing.T, r *Recorder) {
		rec = r
		if err := r.Record(t.Context(), false, click(1)); err != nil {
			t.Fatal(err)
		}
	})
	if names, _ := k.pages(); len(names) != 1 {
		t.Errorf("kept %v", names)
	}
	if after = rec.Record(t.Context(), false, click(2)); !errors.Is(after, ErrFull) {
		t.Errorf("after the end: %v, want ErrFull", after)
	}
}
