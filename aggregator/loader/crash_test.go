package loader

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
	"iptvdc/protocol"
)

var errInjected = errors.New("injected")

// fragile stands before ledger and store and fails the n-th call: before it
// has any effect, or after.
type fragile struct {
	ledger *ledger.Memory
	store  store.Store
	n      int
	late   bool
	crash  func() // what else happens then; may be nil
	calls  int
}

func (f *fragile) call(do func() error) error {
	f.calls++
	if f.calls != f.n {
		return do()
	}
	if f.crash != nil {
		defer f.crash()
	}
	if f.late {
		if err := do(); err != nil {
			return err
		}
	}
	return errInjected
}

func (f *fragile) Bind(ctx context.Context, max int) (b ledger.Block, err error) {
	err = f.call(func() (err error) { b, err = f.ledger.Bind(ctx, max); return err })
	return b, err
}

func (f *fragile) Loaded(ctx context.Context, id ledger.BlockID, bad map[uint64]string) error {
	return f.call(func() error { return f.ledger.Loaded(ctx, id, bad) })
}

func (f *fragile) Insert(ctx context.Context, b *store.Block) (ok bool, err error) {
	err = f.call(func() (err error) { ok, err = f.store.Insert(ctx, b); return err })
	return ok, err
}

func (f *fragile) Identities(ctx context.Context, k []store.IdentityKey) (m map[store.IdentityKey]store.Identity, err error) {
	err = f.call(func() (err error) { m, err = f.store.Identities(ctx, k); return err })
	return m, err
}

func (f *fragile) Clocks(ctx context.Context, k []store.ClockKey) (m map[store.ClockKey]store.Clock, err error) {
	err = f.call(func() (err error) { m, err = f.store.Clocks(ctx, k); return err })
	return m, err
}

func (f *fragile) LatestBoots(ctx context.Context, k []uint64) (m map[uint64]uint32, err error) {
	err = f.call(func() (err error) { m, err = f.store.LatestBoots(ctx, k); return err })
	return m, err
}

// fill puts into a ledger what is awkward: two boxes, boots without sync, a
// sync that comes late, an identity from an earlier epoch, poison, losses before
// good and bad batches, and repeats.
func fill(c *centre) (boxes []uint64) {
	for n := range 2 {
		b := c.box(n)
		who := identity(1, 0, fmt.Sprint("u", n), 33, 3301)
		for i := range int64(4) {
			at := now + i*60_000
			b.send(sent{at, 1, 100_000 + i*60_000}, who, under(who.Serial, page(1, 1000+i*60_000, "p")),
				under(who.Serial, protocol.Event{Kind: protocol.PowerOn, Boot: 1, MonoMs: uint64(i), Cause: protocol.CauseBoot}))
		}
		b.first += 7 // thrown away before it was sealed
		bad := b.seal(sent{now, 1, 1}, []protocol.Event{page(1, 1, "x")})
		bad.Batch.Body = []byte{0xc1}
		b.commit(bad)
		if v, err := c.ledger.Commit(c.Context(), []ledger.Received{bad, bad}); err != nil || v[0].Outcome != ledger.Repeated {
			c.Fatalf("Commit = %v, %v", v, err)
		}
		b.epoch, b.no, b.first, b.chain = 2, 0, 3, protocol.Chain{}
		b.send(sent{now + hour, 2, 5000}, under(who.Serial, page(1, 300_000, "q")), clockSync(1, 310_000, now+500_000, protocol.ClockServer), page(2, 0, "r"))
		boxes = append(boxes, b.key())
	}
	return boxes
}

// result is all that must not depend on failures.
type result struct {
	Audit  []store.AuditRow
	Pages  []store.Row
	Boxes  []store.Row
	Trust  []store.Row
	Poison int
	Left   uint64
}

func (c *centre) result(boxes []uint64) result {
	c.Helper()
	ctx := c.Context()
	snap := must(c.store.Dirty(ctx, 1<<20))(c)
	if err := c.store.Close(ctx, snap); err != nil {
		c.Fatal(err)
	}
	h := int32(aggregator.HourOf(now))
	q := store.Query{Fact: store.FactPage, Hourly: true, AllProvinces: true, Spans: []store.Span{{From: h - 1, To: h}, {From: h, To: h + 1}, {From: h + 1, To: h + 2}},
		GroupBy: []store.Column{store.ColProvince, store.ColCity, store.ColPage}, Values: []store.Value{{Measure: store.MeasurePageViews}}}
	r := result{Audit: must(c.store.Audit(ctx, boxes))(c), Pages: must(c.store.Query(ctx, q))(c)}
	q.Fact, q.GroupBy, q.Values = store.FactBox, []store.Column{store.ColBox}, []store.Value{{Measure: store.MeasurePowerOns}, {Measure: store.MeasureEvents}}
	r.Boxes = must(c.store.Query(ctx, q))(c)
	q.Fact, q.GroupBy, q.Values = store.FactTrust, []store.Column{store.ColProvince, store.ColCity}, nil
	for _, m := range store.ShapeOf(q.Fact).Measures {
		q.Values = append(q.Values, store.Value{Measure: m})
	}
	r.Trust = must(c.store.Query(ctx, q))(c)
	r.Poison = len(must(c.ledger.Quarantine(ctx, 100))(c))
	r.Left = must(c.ledger.Backlog(ctx))(c)
	return r
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

const smallBlock = 4 // events: many blocks, so many places to fail

// TestCrashAtEveryCall kills the loader at each call it makes, before and
// after the call has its effect, and lets another finish the work [S7].
func TestCrashAtEveryCall(t *testing.T) {
	clean := newCentre(t)
	boxes := fill(clean)
	clean.c.MaxEvents = smallBlock
	clean.load()
	want := clean.result(boxes)
	if want.Poison != 2 || want.Left != 0 || len(want.Audit) != 8 {
		t.Fatalf("the undisturbed run: %+v", want)
	}
	// Two boxes: what was lost before a batch that cannot be read counts where it
	// arrived, what was lost before a good one where its first event is.
	trust := []store.Row{
		{Span: 1, Group: []uint64{33, 0}, Values: []int64{2 * 2, 2, 0, 2 * 7, 0, 0, 2 * 2}},
		{Span: 1, Group: []uint64{33, 3301}, Values: []int64{2 * 13, 2 * 13, 0, 2 * 3, 0, 0, 0}},
	}
	if diff := cmp.Diff(trust, want.Trust); diff != "" {
		t.Errorf("the undisturbed run's trust (-want +got):\n%s", diff)
	}
	for _, late := range []bool{false, true} {
		crashed := 0
		for n := 1; ; n++ {
			c := newCentre(t)
			fill(c)
			ctx, kill := context.WithCancel(t.Context())
			f := &fragile{ledger: c.ledger, store: c.store, n: n, late: late, crash: kill}
			l := New(Config{Source: f, Target: f, Secrets: secrets, MaxEvents: smallBlock, Workers: 1})
			var err error
			for more := true; more && err == nil; {
				more, err = l.Step(ctx)
			}
			kill()
			if err == nil {
				break // n is beyond the last call
			}
			crashed++
			c.restart()
			c.c.MaxEvents = smallBlock
			c.load()
			if diff := cmp.Diff(want, c.result(boxes)); diff != "" {
				t.Fatalf("killed at call %d, late %v (-want +got):\n%s", n, late, diff)
			}
		}
		if crashed < 15 {
			t.Errorf("only %d places to crash at", crashed)
		}
	}
}

// TestFailuresAreRetried fails each call once; the same loader goes on.
func TestFailuresAreRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clean := newCentre(t)
		boxes := fill(clean)
		clean.c.MaxEvents = smallBlock
		clean.load()
		want := clean.result(boxes)
		for _, late := range []bool{false, true} {
			failed := 0
			for n := 1; ; n++ {
				c := newCentre(t)
				fill(c)
				f := &fragile{ledger: c.ledger, store: c.store, n: n, late: late}
				c.Loader = New(Config{Source: f, Target: f, Secrets: secrets, MaxEvents: smallBlock, Workers: 2})
				c.load()
				if diff := cmp.Diff(want, c.result(boxes)); diff != "" {
					t.Fatalf("call %d failed, late %v (-want +got):\n%s", n, late, diff)
				}
				if f.calls < n {
					break // n is beyond the last call
				}
				failed++
				if r := c.Stats().Retries; r > 1 || r == 0 && !late {
					t.Fatalf("call %d failed, late %v: %d retries", n, late, r)
				}
			}
			if failed < 15 {
				t.Errorf("only %d calls to fail", failed)
			}
		}
	})
}

// TestRunLoadsWhatComes lets batches arrive while Run is at work and bounds
// how long a committed event waits.
func TestRunLoadsWhatComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t)
		var progress []Progress
		c.Loader = New(Config{Source: c.ledger, Target: c.store, Secrets: secrets, Loaded: func(p Progress) { progress = append(progress, p) }})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- c.Run(ctx) }()
		b := c.box(1)
		for i := range int64(5) {
			b.send(sent{now + i, 1, 9000}, page(1, i, "p"))
			time.Sleep(600 * time.Millisecond) // the bubble's clock
			synctest.Wait()
			if len(progress) != int(i)+1 || !progress[i].Inserted || progress[i].Events != 1 || progress[i].OldestMs != now+i {
				t.Fatalf("after batch %d: %+v", i, progress)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		b.send(sent{now, 1, 9000}, page(1, 100, "p"))
		c.Wake()
		synctest.Wait()
		if len(progress) != 6 {
			t.Fatal("Wake did not hasten the next block")
		}
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Fatalf("Run = %v", err)
		}
	})
}

// TestRunEndsWhileTheStoreFails must not hang in its retries.
func TestRunEndsWhileTheStoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t)
		c.box(1).send(sent{now, 1, 9000}, page(1, 0, "p"))
		c.Loader = New(Config{Source: c.ledger, Target: failing{storetest.Memory()}, Secrets: secrets})
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		if err := c.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Run = %v", err)
		}
		if r := c.Stats().Retries; r < 360 || r > 800 { // the pauses are 5 to 10 s
			t.Errorf("%d retries in an hour", r)
		}
	})
}

type failing struct{ store.Store }

func (failing) Insert(context.Context, *store.Block) (bool, error) { return false, errInjected }
