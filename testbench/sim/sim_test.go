package sim

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	oneSeed = flag.Uint64("seed", 0, "play this seed alone, in every setting")
	seeds   = flag.Int("seeds", 0, "seeds a setting; 0: SIM_SEEDS from the environment, else 700")
)

func seedCount(tb testing.TB) int {
	tb.Helper()
	n := *seeds
	if s := os.Getenv("SIM_SEEDS"); n == 0 && s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 {
			tb.Fatalf("SIM_SEEDS is %q, must be a number from 1", s)
		}
	}
	n = cmp.Or(n, 700)
	if testing.Short() {
		n = min(n, 100)
	}
	return n
}

// play runs seeds from..from+n on all processors and returns what happened in
// all of them, how many broke a promise, and the first violations by seed.
func play(setting Setting, rules Rules, open func() (Place, error), from uint64, n, stopAfter int) (total Tally, broken int, first []string) {
	// A run is small and soon over, but the pools of its intake live through two
	// collections: the rarer these are, the more is alive at each, and the rarer
	// they become. The limit ends that.
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(512 << 20))
	var next atomic.Uint64
	var stop atomic.Bool
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			arena := Arena{Open: open}
			if *oneSeed != 0 {
				arena.Log = logf
			}
			for !stop.Load() {
				i := next.Add(1) - 1
				if i >= uint64(n) {
					return
				}
				r := arena.Run(from+i, setting, rules)
				mu.Lock()
				total.add(&r.Tally)
				if r.Violation != "" {
					broken++
					first = append(first, r.Violation)
					stop.Store(broken >= stopAfter)
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return total, broken, first
}

// logf writes a line of the log that -seed shows.
func logf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

func (t *Tally) add(o *Tally) {
	sum, from := reflect.ValueOf(t).Elem(), reflect.ValueOf(o).Elem()
	for i := range sum.NumField() {
		sum.Field(i).SetInt(sum.Field(i).Int() + from.Field(i).Int())
	}
}

// The rules keep every promise in every setting, and every fault did happen.
func TestRulesHold(t *testing.T) {
	n, from := seedCount(t), uint64(1)
	if *oneSeed != 0 {
		n, from = 1, *oneSeed
	}
	for _, s := range Settings() {
		if *oneSetting != "" && *oneSetting != s.Name {
			continue
		}
		began := time.Now()
		total, broken, first := play(s, Rules{}, nil, from, n, 5)
		t.Logf("setting %s: seeds %d..%d in %.1f s: %+v", s.Name, from, from+uint64(n)-1, time.Since(began).Seconds(), total)
		for _, v := range first {
			t.Errorf("%s; play it again with -seed", v)
		}
		if broken > 0 || *oneSeed != 0 {
			continue
		}
		sometimes(t, s, &total)
	}
}

// sometimes asserts that what a setting is about did happen.
func sometimes(t *testing.T, s Setting, total *Tally) {
	t.Helper()
	impossible := map[string]bool{}
	f := func(p float64, names ...string) {
		for _, name := range names {
			impossible[name] = p == 0
		}
	}
	flashLost := s.Faults.Clone + s.Faults.OldImage
	f(s.Faults.Wipe, "Wipe")
	f(s.Faults.Clone, "Clone", "Moved")
	f(s.Faults.OldImage, "OldImage")
	f(flashLost, "Diverged", "Known", "CarriedOver")
	f(s.Faults.Harm, "Refused", "Flipped", "CutShort", "Swollen", "LostTopic", "WrongShard", "WrongProvince", "LaterVersion", "Stranger", "VersionHeard")
	f(s.Faults.Poison, "Poisoned", "PoisonHeard", "Unreadable")
	f(s.Faults.Outlaw, "Outlaw", "UnknownHeard")
	f(s.Faults.WrongClock, "WrongClock", "Learned", "Retimed", "Timed")
	impossible["Reinserted"] = !s.Loader
	if s.Faults.Wipe+flashLost > 0 {
		impossible["LostCounted"] = true // counted only where gaps are exact
	}
	v := reflect.ValueOf(*total)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if n := v.Field(i).Int(); (n == 0) != impossible[name] {
			t.Errorf("setting %s: %s happened %d times", s.Name, name, n)
		}
	}
}

// The same seed gives the same run.
func TestDeterministic(t *testing.T) {
	for _, s := range Settings() {
		for seed := range uint64(20) {
			var a, b Arena
			if x, y := a.Run(seed, s, Rules{}), b.Run(seed, s, Rules{}); x != y {
				t.Fatalf("setting %s, seed %d: %+v, then %+v", s.Name, seed, x, y)
			}
		}
	}
}

var oneSetting = flag.String("setting", "", "play -seed in this setting alone")
