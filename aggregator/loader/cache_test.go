package loader

import (
	"fmt"
	"runtime"
	"testing"
)

func TestGenerations(t *testing.T) {
	g := newGenerations[int](4)
	for i := range 10 {
		g.put(fmt.Sprint(i), i)
		if _, ok := g.get("0"); !ok {
			t.Fatalf("what is used at every turn is gone after %d", i)
		}
		if g.len() > 4 {
			t.Fatalf("%d entries, at most 4", g.len())
		}
	}
	if _, ok := g.get("1"); ok {
		t.Error("what was never used again is still there")
	}
	g.put("0", 77)
	if v, _ := g.get("0"); v != 77 {
		t.Errorf("get after a second put = %d", v)
	}
}

// TestBoxMemory holds the promise of at most 200 bytes a known box.
func TestBoxMemory(t *testing.T) {
	const boxes = 200_000
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	g := newGenerations[boxState](boxes)
	for i := range boxes {
		g.put(fmt.Sprintf("box%021d", i), boxState{box: uint64(i)})
	}
	each := (heap() - before) / boxes
	t.Logf("%d bytes a box", each)
	if each > 200 {
		t.Errorf("a known box takes %d bytes, at most 200", each)
	}
	if g.len() != boxes {
		t.Errorf("%d boxes remembered, want %d", g.len(), boxes)
	}
}
