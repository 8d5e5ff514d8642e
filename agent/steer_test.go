package agent

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"iptvdc/protocol"
)

// noClicks admits everything but clicks, while it is on.
type noClicks struct{ on atomic.Bool }

func (f *noClicks) Admit(e *protocol.Event) bool { return !f.on.Load() || e.Kind != protocol.Click }

// TestFilter: what is not admitted is counted as sampled out, also inside a
// request that is recorded otherwise.
func TestFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, f := &keeper{}, &noClicks{}
		r, err := NewRecorder(RecorderConfig{Open: func() (Keeper, error) { return k, nil }, Session: plainSession{}, Clock: zeroClock{}, Filter: f})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		record := func(stored bool, events ...protocol.Event) {
			t.Helper()
			if err := r.Record(t.Context(), stored, events...); err != nil {
				t.Error(err)
			}
		}
		record(false, click(1))
		f.on.Store(true)
		record(true, click(2), click(3)) // none is left to wait for
		record(true, click(4), order(5))
		f.on.Store(false)
		record(true, click(6))
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		names, dropped := k.pages()
		if !slices.Equal(names, []string{"c1", "o5", "c6"}) || dropped[protocol.Click] != 3 {
			t.Errorf("kept %q, dropped %v", names, dropped)
		}
		for _, g := range k.groups {
			for _, e := range g {
				if e.Kind == protocol.Dropped && e.Reason != protocol.ReasonSampling {
					t.Errorf("%+v", e)
				}
			}
		}
		if s := r.Stats(); s.Accepted != 3 || s.Stored != 3 || s.Dropped != 3 {
			t.Errorf("%+v", s)
		}
	})
}

// TestSetWindowAndFlush: another window counts from the next event on; Flush
// does not wait for it.
func TestSetWindowAndFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &keeper{}
		r, err := NewRecorder(RecorderConfig{Open: func() (Keeper, error) { return k, nil }, Session: plainSession{}, Clock: zeroClock{}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		synctest.Wait()
		r.SetWindow(5 * time.Second)
		r.SetWindow(0)
		r.SetWindow(time.Hour)
		start := time.Now()
		_ = r.Record(t.Context(), false, click(1))
		time.Sleep(6 * time.Second)
		if n, _, at := k.count(0); n != 1 || at.Sub(start) != 5*time.Second || r.Stats().Window != 5*time.Second {
			t.Errorf("%d groups, the first after %v", n, at.Sub(start))
		}
		start = time.Now()
		_ = r.Record(t.Context(), false, click(2))
		if err := r.Flush(t.Context()); err != nil || time.Since(start) > time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if n, _, _ := k.count(1); n != 2 {
			t.Errorf("%d groups", n)
		}
		if err := r.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		k.set(true, false)
		_ = r.Record(t.Context(), false, click(3))
		short, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := r.Flush(short); !errors.Is(err, ErrNotStored) {
			t.Errorf("%v", err)
		}
		k.set(false, false)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
