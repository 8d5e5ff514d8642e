package crash

import (
	"errors"
	"flag"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"

	"iptvdc/testbench/crashfs"
)

var everyFlag = flag.Int("every", 32, "refuse each so many-th change in a life of its own; 1: each of them")

// refusal is how a disk fails.
type refusal struct {
	name  string
	errno syscall.Errno
	hits  func(crashfs.Kind) bool
	times int // how many changes in a row, the others being let through
}

func isWrite(k crashfs.Kind) bool { return k == crashfs.Write }

var refusals = []refusal{
	{"write error", syscall.EIO, isWrite, 1},
	{"sync error", syscall.EIO, func(k crashfs.Kind) bool { return k == crashfs.Sync }, 1},
	{"syncs fail", syscall.EIO, func(k crashfs.Kind) bool { return k == crashfs.Sync }, 5},
	{"no space", syscall.ENOSPC, func(k crashfs.Kind) bool { return isWrite(k) || k == crashfs.Create }, 6},
	{"read-only", syscall.EROFS, func(k crashfs.Kind) bool { return k != crashfs.Sync && k != crashfs.SyncDir && k != crashfs.Note }, 4},
}

// TestOutboxRefused has the disk refuse one change after the other, each in a
// life of its own. The outbox is called again with the same events, as its
// contract says; nothing it called stored may be missing, twice, or gone after
// a power cut that comes later, also when Linux forgets what a failed sync
// should have written.
func TestOutboxRefused(t *testing.T) {
	const steps = 40
	lives, states := 0, 0
	for _, k := range kinds[:2] { // steady, tight
		whole, err := play(k, *seedFlag, steps, nil, nil)
		if errors.Is(err, crashfs.ErrCannot) {
			t.Skipf("%v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range refusals {
			targets := 0
			for i := range whole.changes {
				if f.hits(whole.changes[i].Kind) {
					targets++
				}
			}
			for n := 1 + lives%*everyFlag; n <= targets; n += *everyFlag {
				r, err := f.play(k, *seedFlag, steps, n)
				if err != nil {
					t.Fatalf("%s, %s at number %d: %v", k.name, f.name, n, err)
				}
				lives++
				states += r.checkAll(t, 12)
				if t.Failed() {
					t.Fatalf("%s, %s at number %d", k.name, f.name, n)
				}
			}
		}
	}
	t.Logf("%d lives with a refused change each, %d states after them", lives, states)
}

// play lives a life in which the n-th change that f hits is refused.
func (f *refusal) play(k kind, seed uint64, steps, n int) (*recorded, error) {
	var met atomic.Int64
	refused := func(c crashfs.Change) syscall.Errno {
		if !f.hits(c.Kind) {
			return 0
		}
		if at := met.Add(1); at >= int64(n) && at < int64(n+f.times) {
			return f.errno
		}
		return 0
	}
	r, err := play(k, seed, steps, refused, func() bool { return met.Load() >= int64(n) })
	if err != nil {
		return nil, err
	}
	if met.Load() < int64(n) {
		return nil, fmt.Errorf("there were %d changes of that kind: nothing was refused", met.Load())
	}
	return r, nil
}

// TestLyingDiskIsSeen: a disk that says it has synced and has not must break a
// promise, or these tests would show nothing.
func TestLyingDiskIsSeen(t *testing.T) {
	r, err := play(kinds[0], *seedFlag, 30, nil, nil)
	if errors.Is(err, crashfs.ErrCannot) {
		t.Skipf("%v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var honest []crashfs.Change
	for _, c := range r.changes {
		if c.Kind != crashfs.Sync {
			honest = append(honest, c)
		}
	}
	r.changes = honest
	seen := 0
	r.states(func(k task) bool {
		if err := r.check(k.img, &k.at); err != nil {
			seen++
		}
		return seen == 0
	})
	if seen == 0 {
		t.Error("no state broke a promise")
	}
}
