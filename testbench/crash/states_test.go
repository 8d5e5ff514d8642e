package crash

import (
	"errors"
	"flag"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"iptvdc/testbench/crashfs"
)

var (
	statesFlag = flag.Int("states", 600, "crash states of the outbox to look at")
	seedFlag   = flag.Uint64("seed", 1, "the first life's seed; each further one counts up")
)

// task is a state to be checked.
type task struct {
	img    crashfs.Image
	at     promise
	change int
	model  crashfs.Model
	strict bool
}

// states sends all different states of a recorded life, those with a reason
// to differ from their neighbours: a state that is the same to the byte, under
// the same promise, is sent once.
func (r *recorded) states(send func(task) bool) {
	seen := map[uint64]bool{}
	hash := maphash.MakeSeed()
	for _, strict := range []bool{false, true} {
		rnd := rand.New(rand.NewPCG(r.seed, 2))
		var now *promise
		at := 0
		crashfs.Walk(r.changes, strict, func(c *crashfs.Change, s *crashfs.State) bool {
			at++
			if c.Kind == crashfs.Note {
				now = c.Note.(*promise)
			}
			for _, m := range crashfs.Models {
				img := s.Image(m, rnd)
				if h := sum(hash, img, now); !seen[h] {
					seen[h] = true
					if !send(task{img.Clone(), *now, at, m, strict}) {
						return false
					}
				}
				if s.Pending() == 0 {
					break // all models agree
				}
			}
			return true
		})
	}
}

func sum(seed maphash.Seed, img crashfs.Image, p *promise) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	var paths []string
	for path := range img {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		h.WriteString(path)
		h.WriteByte(0)
		h.Write(img[path])
	}
	fmt.Fprint(&h, *p)
	return h.Sum64()
}

// TestOutboxStates opens the outbox in every state that a power cut can leave:
// after each change to its files, in four models of what became of the changes
// that were not synced, with names that last by any sync and only by their
// folder's.
func TestOutboxStates(t *testing.T) {
	tally, evicting := map[string]int{}, map[string]int{}
	left := *statesFlag
	for seed := *seedFlag; left > 0; seed++ {
		for _, k := range kinds {
			if left <= 0 {
				break
			}
			r, err := play(k, seed, 60, nil, nil)
			if errors.Is(err, crashfs.ErrCannot) {
				t.Skipf("%v", err)
			}
			if err != nil {
				t.Fatalf("%s, seed %d: %v", k.name, seed, err)
			}
			share := left
			if *statesFlag >= 4 {
				share = min(left, max(*statesFlag/8, 50))
			}
			n := r.checkAll(t, share)
			left -= n
			tally[k.name] += n
			if r.now.evicted > 0 {
				evicting[k.name]++
			}
			if t.Failed() {
				return
			}
		}
	}
	for _, k := range kinds {
		if k.maxBytes > 0 && tally[k.name] > 0 && evicting[k.name] == 0 {
			t.Errorf("%s: nothing was evicted in any life: nothing was shown", k.name)
		}
	}
	t.Logf("states by kind of life: %v; lives with evictions: %v", tally, evicting)
}

// checkAll looks at up to limit states, spread over the life, and returns how
// many.
func (r *recorded) checkAll(t *testing.T, limit int) int {
	t.Helper()
	var all []task
	total := 0
	r.states(func(task) bool { total++; return true })
	stride := max(1, total/limit)
	n := 0
	r.states(func(k task) bool {
		if n%stride == int(r.seed)%stride && len(all) < limit {
			all = append(all, k)
		}
		n++
		return len(all) < limit
	})
	work := make(chan task)
	var group sync.WaitGroup
	var mu sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		group.Add(1)
		go func() {
			defer group.Done()
			for k := range work {
				err := r.check(k.img, &k.at)
				if err == nil {
					continue
				}
				mu.Lock()
				if !t.Failed() {
					dir, kerr := keepImage(k.img, fmt.Sprintf("%s-%d", r.kind.name, r.seed))
					t.Errorf("%s, seed %d, change %d, %v, strict %v: %v\npromised: %+v\nleft in %s %v\n%s",
						r.kind.name, r.seed, k.change, k.model, k.strict, err, k.at, dir, kerr, r.around(k.change))
				}
				mu.Unlock()
			}
		}()
	}
	for _, k := range all {
		work <- k
	}
	close(work)
	group.Wait()
	return len(all)
}

// around lists the changes before number at, for who has to find out why.
func (r *recorded) around(at int) string {
	var b strings.Builder
	for i := max(0, at-12); i < at; i++ {
		c := &r.changes[i]
		fmt.Fprintf(&b, "%5d %-8v %s%s file %d at %d, %d bytes %v\n", i+1, c.Kind, c.Path, c.To, c.File, c.Off, len(c.Data), c.Note)
	}
	return b.String()
}
