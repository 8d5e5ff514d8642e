package sim

import (
	"slices"
	"testing"
)

// TestBrokenVariantsFail leaves out one rule at a time. Each variant must break
// a promise: if one passes, the simulator is blind to what the rule prevents.
func TestBrokenVariantsFail(t *testing.T) {
	f := func(name, setting string, rules Rules, from uint64, within int) {
		t.Helper()
		all := Settings()
		s := all[slices.IndexFunc(all, func(s Setting) bool { return s.Name == setting })]
		_, broken, first := play(s, rules, nil, from, within, 1)
		if broken == 0 {
			t.Errorf("%s: seeds %d..%d broke no promise in setting %s", name, from, from+uint64(within)-1, setting)
			return
		}
		t.Logf("%s: %s", name, first[0])
	}
	f("mark = highest number", "plain", Rules{HighestMark: true}, 1, 200)
	f("delete on PUBACK", "plain", Rules{DeleteOnPuback: true}, 1, 200)
	f("send before fsync, no chain", "plain", Rules{LateSync: true, NoChain: true}, 1, 200)
	f("no epoch, no chain", "wipes", Rules{NoEpoch: true, NoChain: true}, 1, 200)
	f("clones and restores, no chain", "clones", Rules{NoChain: true}, 1, 200)
	f("no floor", "plain", Rules{NoFloor: true}, 1, 200)
	f("two aggregators, mark cached", "plain", Rules{CachedMark: true}, 1, 200)
	f("insert token cut anew", "plain", Rules{RecutBlocks: true}, 1, 200)
	f("no CRC", "door", Rules{NoCRC: true}, 1, 200)
	f("a box's clock counts as the centre's", "door", Rules{TrustClock: true}, 1, 200)
	f("uid looked up for carried-over batches only", "clones", Rules{CarriedUIDOnly: true}, 1, 3000)
}

// A disk that syncs late loses events by itself; with the chain nothing else
// goes wrong: the box notices that its numbers were used before.
func TestLateSyncHealsByChain(t *testing.T) {
	s := Settings()[0]
	s.Name, s.Faults.OldImage = "late sync", 1e-12 // gaps cannot be exact
	total, broken, first := play(s, Rules{LateSync: true}, nil, 1, 150, 5)
	if broken > 0 {
		t.Fatal(first)
	}
	if total.Diverged == 0 {
		t.Fatal("no box diverged")
	}
}
