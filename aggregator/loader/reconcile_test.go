package loader

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
)

// A store that lost what came after some block, or everything, gets it again
// and says the same as before.
func TestReconcile(t *testing.T) {
	clean := newCentre(t)
	boxes := fill(clean)
	clean.c.MaxEvents = smallBlock
	clean.load()
	want := clean.result(boxes)
	loaded := must(clean.ledger.LoadedBlocks(t.Context(), 0, 1000))(t)
	slices.Reverse(loaded)

	for lost := 0; lost <= len(loaded); lost++ {
		c := newCentre(t)
		fill(c)
		c.c.MaxEvents = smallBlock
		kept := 0
		for more := true; more; kept++ {
			if len(loaded)-kept == lost {
				// From here on the store forgets what it is told.
				held := c.store
				c.c.Target = storetest.Memory()
				c.load()
				c.store = held
				break
			}
			more = must(c.Step(t.Context()))(t)
		}
		r, err := Reconcile(t.Context(), c.ledger, c.store)
		if err != nil || r.Blocks != uint64(lost) || r.Gone != 0 || (r.Again > 0) != (lost > 0) {
			t.Fatalf("%d blocks lost: %+v, %v", lost, r, err)
		}
		if left := must(c.ledger.Backlog(t.Context()))(t); left != r.Again {
			t.Errorf("%d blocks lost: %d events to load, told %d", lost, left, r.Again)
		}
		c.restart()
		c.c.MaxEvents = smallBlock
		c.load()
		if diff := cmp.Diff(want, c.result(boxes)); diff != "" {
			t.Fatalf("%d blocks lost (-want +got):\n%s", lost, diff)
		}
		if r, err := Reconcile(t.Context(), c.ledger, c.store); err != nil || r != (Reconciled{}) {
			t.Errorf("%d blocks lost: once more %+v, %v", lost, r, err)
		}
	}
}

// What the archive no longer has is told, and the rest comes.
func TestReconcilePruned(t *testing.T) {
	c := newCentre(t)
	boxes := fill(c)
	c.load()
	held := must(c.store.Audit(t.Context(), boxes))(t)
	if n := must(c.ledger.Prune(t.Context(), now+1))(t); n == 0 {
		t.Fatal("nothing was pruned")
	}
	c.store = storetest.Memory()
	r, err := Reconcile(t.Context(), c.ledger, c.store)
	if err != nil || r.Gone == 0 || r.Again == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	c.restart()
	c.load()
	if got, all := events(must(c.store.Audit(t.Context(), boxes))(t)), events(held); got != int64(r.Again) || all != int64(r.Again+r.Gone) {
		t.Errorf("%d events came again of %d, told %+v", got, all, r)
	}
}

func events(rows []store.AuditRow) (n int64) {
	for _, r := range rows {
		n += r.Events
	}
	return n
}
