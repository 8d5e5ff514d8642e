package closing

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
)

const now = int64(1777809600000) // 2026-05-03 20:00 in Shanghai

var hour0 = aggregator.HourOf(now)

// slow is the reference store with closings that take time and may fail; it
// notes what was closed.
type slow struct {
	store.Store
	took   func(cells int) time.Duration
	fails  int
	closed [][]store.Cell
	busy   time.Duration
}

func newSlow(took func(int) time.Duration) *slow { return &slow{Store: storetest.Memory(), took: took} }

func (s *slow) Close(ctx context.Context, snap store.Snapshot) error {
	if s.fails > 0 {
		s.fails--
		return errors.New("injected")
	}
	d := s.took(len(snap.Cells))
	time.Sleep(d) // the bubble's clock
	s.busy += d
	s.closed = append(s.closed, snap.Cells)
	return s.Store.Close(ctx, snap)
}

// put makes cells of province p dirty: the hours that many back.
func put(t *testing.T, s store.Store, id byte, p aggregator.Province, back ...int) {
	t.Helper()
	b := store.Block{ID: [16]byte{id, byte(p)}}
	for _, n := range back {
		b.Healths = append(b.Healths, store.Health{Stamp: store.Stamp{Province: p, Box: 1, AtMs: (hour0 - aggregator.Hour(n)).Start()}})
	}
	if _, err := s.Insert(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, c *Closing) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
	}
}

func instant(int) time.Duration { return 0 }

func TestNewestHoursFirst(t *testing.T) {
	s := newSlow(instant)
	put(t, s, 1, 33, 0, 1, 2, 5, 900)
	put(t, s, 1, 43, 0, 2)
	c := New(Config{Store: s})
	if err := c.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	at := func(back int, p aggregator.Province) store.Cell {
		return store.Cell{Hour: hour0 - aggregator.Hour(back), Province: p}
	}
	want := [][]store.Cell{{at(0, 33), at(0, 43), at(1, 33)}, {at(2, 33), at(2, 43), at(5, 33), at(900, 33)}}
	if diff := cmp.Diff(want, s.closed); diff != "" {
		t.Fatalf("closed (-want +got):\n%s", diff)
	}
	if st := c.Stats(); st.Cells != 7 || st.Rounds != 2 || st.Dirty != 0 || st.AsOfMs != now {
		t.Errorf("stats %+v", st)
	}
	if err := c.Round(t.Context()); err != nil || len(s.closed) != 2 {
		t.Fatalf("a round without dirt: %v, %d closings", err, len(s.closed))
	}
}

func TestFreshWithinSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// a month of old hours, 50 ms each, is dirty
		s := newSlow(func(cells int) time.Duration { return time.Duration(cells) * 50 * time.Millisecond })
		var back []int
		for n := range 720 {
			back = append(back, n+10)
		}
		put(t, s, 1, 33, back...)
		c := New(Config{Store: s})
		defer run(t, c)()
		began := time.Now()
		changes, end := c.Subscribe()
		defer end()
		for i := 0; c.Stats().Rounds == 0 || c.Stats().Dirty > 14; i++ {
			put(t, s, byte(2+i), 33, 0)
			asked := time.Now()
			for ch := range changes {
				if slices.Contains(ch.Hours, hour0) {
					break
				}
			}
			if waited := time.Since(asked); waited > 5*time.Second {
				t.Errorf("a new event was visible after %v", waited)
			}
			time.Sleep(700 * time.Millisecond)
		}
		if share := float64(s.busy) / float64(time.Since(began)); share > 0.52 {
			t.Errorf("closing took %.0f %% of the time, allowed 50", 100*share)
		}
		if wait := time.Since(began); wait > 3*720*50*time.Millisecond {
			t.Errorf("the month was closed after %v", wait)
		}
	})
}

// Where a closing takes long whatever is in it, as on a busy machine, a backlog
// still goes by days and not by the hour.
func TestSlowMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(func(int) time.Duration { return 4 * time.Second })
		var back []int
		for n := range 720 {
			back = append(back, n+10)
		}
		put(t, s, 1, 33, back...)
		c := New(Config{Store: s})
		told, end := c.Subscribe()
		stop := run(t, c)
		closings := 0
		for range told {
			if closings++; c.Stats().Dirty == 0 || closings > 100 {
				break
			}
		}
		end()
		stop()
		if closings > 40 {
			t.Errorf("%d closings for 30 days of hours", closings)
		}
	})
}

// Where a closing costs much whatever is in it, at least half of the time goes into
// the cells of a backlog all the same, beside a trickle of events; new ones are still
// seen within seconds.
func TestBacklogBesideATrickle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const each = 30 * time.Millisecond
		s := newSlow(func(cells int) time.Duration { return time.Second + time.Duration(cells)*each })
		var back []int
		for n := range 20 * 24 {
			back = append(back, n+10)
		}
		for p := range aggregator.Province(4) {
			put(t, s, 1, 30+p, back...)
		}
		c := New(Config{Store: s, Busy: func() bool { return false }})
		defer run(t, c)()
		began := time.Now()
		changes, end := c.Subscribe()
		defer end()
		longest := time.Duration(0)
		for i := 0; c.Stats().Rounds == 0 || c.Stats().Dirty > 14; i++ {
			put(t, s, byte(2+i), 33, 0)
			asked := time.Now()
			for ch := range changes {
				if slices.Contains(ch.Hours, hour0) {
					break
				}
			}
			longest = max(longest, time.Since(asked))
			time.Sleep(700 * time.Millisecond)
		}
		if longest > 5*time.Second {
			t.Errorf("a new event was visible after %v", longest)
		}
		cells := time.Duration(4*len(back)) * each
		if wait := time.Since(began); wait > 4*cells {
			t.Errorf("closed after %v, for cells that take %v", wait, cells)
		}
	})
}

func TestQuietBacklogDoesNotRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(func(cells int) time.Duration { return 100*time.Millisecond + time.Duration(cells)*4*time.Millisecond })
		back := make([]int, 744)
		for n := range back {
			back[n] = n + 10
		}
		for p := range aggregator.Province(4) {
			put(t, s, 1, 30+p, back...)
		}
		changes := 0
		c := New(Config{Store: s})
		told, end := c.Subscribe()
		began := time.Now()
		stop := run(t, c)
		for range told {
			if changes++; c.Stats().Dirty == 0 {
				break
			}
		}
		end()
		stop()
		if wait := time.Since(began); wait > s.busy+quietAfter {
			t.Errorf("closed after %v, of which %v were work", wait, s.busy)
		}
		if changes > 12 {
			t.Errorf("%d closings", changes)
		}
		for i, cells := range s.closed[1:] {
			last, next := s.closed[i][len(s.closed[i])-1], cells[0]
			if len(s.closed[i]) > 24*4 && last.Hour.Day() == next.Hour.Day() {
				t.Errorf("%v is closed in two portions", next.Hour.Day())
			}
		}
	})
}

func TestFailuresAreRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(instant)
		s.fails = 5
		put(t, s, 1, 33, 0)
		c := New(Config{Store: s})
		defer run(t, c)()
		time.Sleep(time.Minute)
		synctest.Wait()
		if st := c.Stats(); st.Failures != 5 || st.Rounds != 1 || st.Dirty != 0 {
			t.Errorf("stats %+v, want 5 failures, then 1 round", st)
		}
	})
}

func TestRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(instant)
		c := New(Config{Store: s, Interval: time.Second})
		defer run(t, c)()
		for i := range byte(100) { // ten events a second
			put(t, s, i, 33, 0)
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		if n := len(s.closed); n < 9 || n > 11 {
			t.Errorf("%d closings in 10 s, want one a second", n)
		}
	})
}

func TestSlowListenerGetsAllInOnePiece(t *testing.T) {
	s := newSlow(instant)
	c := New(Config{Store: s})
	slowly, end := c.Subscribe()
	put(t, s, 1, 33, 0)
	round(t, c)
	put(t, s, 2, 43, 3)
	round(t, c)
	want := Change{AsOfMs: now, Hours: []aggregator.Hour{hour0 - 3, hour0}, Provinces: []aggregator.Province{33, 43}}
	if diff := cmp.Diff(want, <-slowly); diff != "" {
		t.Fatalf("change (-want +got):\n%s", diff)
	}
	end()
	end() // harmless
	if _, open := <-slowly; open {
		t.Fatal("the channel is open after end")
	}
	put(t, s, 3, 33, 0)
	round(t, c) // must not send to the closed channel
}

func round(t *testing.T, c *Closing) {
	t.Helper()
	if err := c.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestHoursAhead: hours that only schedules speak of do not take the place of the
// present one.
func TestHoursAhead(t *testing.T) {
	s := newSlow(instant)
	c := New(Config{Store: s})
	put(t, s, 1, 33, 0)
	if err := c.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, s, 2, 33, 0, 1, -1, -30, -31, -32)
	s.closed = nil
	if err := c.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	at := func(back int) store.Cell { return store.Cell{Hour: hour0 - aggregator.Hour(back), Province: 33} }
	want := [][]store.Cell{{at(-1), at(0)}, {at(-32), at(-31), at(-30), at(1)}}
	if diff := cmp.Diff(want, s.closed); diff != "" {
		t.Errorf("closed (-want +got):\n%s", diff)
	}
}
