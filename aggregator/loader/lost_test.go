package loader

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// tallied keeps the tallies that reach the store.
type tallied struct {
	store.Store
	all []store.Tally
}

func (s *tallied) Insert(ctx context.Context, b *store.Block) (bool, error) {
	s.all = append(s.all, b.Tallies...)
	return s.Store.Insert(ctx, b)
}

func newTallied(t *testing.T) (*centre, *tallied) {
	c := newCentre(t)
	s := &tallied{Store: c.store}
	c.store = s
	c.restart()
	return c, s
}

// What was lost stands where the first event after it stands: with its box, its
// place, its clock.
func TestLossesArePlacedLikeEvents(t *testing.T) {
	c, s := newTallied(t)
	b := c.box(1)
	who := identity(3, 0, "u1", 43, 4301)
	b.send(sent{now, 3, 100_000}, who)
	b.first += 9
	b.send(sent{now + 2*hour, 3, 7_300_000}, under(who.Serial, page(3, 50_000, "a")), clockSync(3, 60_000, now-30_000, protocol.ClockServer))
	c.load()
	want := []store.Tally{{Stamp: store.Stamp{Province: 43, City: 4301, Account: secrets.AccountKey(43, "u1"), Box: b.key(), Boot: 3, MonoMs: 50_000,
		AtMs: now - 40_000, Clock: uint8(protocol.ClockServer)}, Lost: 9}}
	if diff := cmp.Diff(want, s.all); diff != "" {
		t.Errorf("tallies (-want +got):\n%s", diff)
	}
}

// What no event shows stands at its arrival, and comes again when the store has
// lost it.
func TestLossesWithoutEvents(t *testing.T) {
	c, s := newTallied(t)
	b := c.box(1)
	b.first += 4
	bad := b.seal(sent{now + hour + 5, 1, 1}, []protocol.Event{page(1, 1, "x")})
	bad.Batch.Body = []byte{0xc1}
	b.commit(bad)
	if _, err := c.ledger.Commit(t.Context(), []ledger.Received{bad}); err != nil {
		t.Fatal(err)
	}
	b.chain = bad.Batch.Sealed.Chain()
	grave := b.seal(sent{now, 1, 1}, []protocol.Event{page(1, 1, "x"), page(1, 2, "x")})
	grave.Batch.Flags, grave.Batch.Body = protocol.FlagTombstone, nil
	b.commit(grave)
	c.load()
	arrival := func(ms int64, lost, repeated int64) store.Tally {
		return store.Tally{Stamp: store.Stamp{Province: 33, AtMs: ms, Clock: uint8(protocol.ClockServer)}, Lost: lost, Repeated: repeated}
	}
	want := []store.Tally{arrival(now, 2, 0), arrival(now+hour, 0, 1), arrival(now+hour, 4, 0)}
	if diff := cmp.Diff(want, s.all); diff != "" {
		t.Errorf("tallies (-want +got):\n%s", diff)
	}
	ids := must(c.ledger.LoadedBlocks(t.Context(), 0, 9))(t)
	if _, _, err := c.ledger.Reload(t.Context(), ids[len(ids)-1]); err != nil {
		t.Fatal(err)
	}
	s.all = nil
	c.load()
	want = []store.Tally{arrival(now, 2, 0), arrival(now+hour, 4, 1)} // the bad batch comes no more, what it shows does
	if diff := cmp.Diff(want, s.all); diff != "" {
		t.Errorf("tallies once more (-want +got):\n%s", diff)
	}
}
