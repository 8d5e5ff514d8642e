package sim

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/loader"
	"iptvdc/aggregator/store"
)

// row is an event as the store has it; id is 0 for a clock_sync.
type row struct {
	id uint32
	store.ClockKey
	monoMs, atMs int64
	quality      uint8
}

// table is the store behind the real loader: what loader.Target promises, slow
// and plain.
type table struct {
	w        *World
	die      context.CancelFunc // of the loader
	faulty   bool
	inserted map[[16]byte]bool
	clocks   map[store.ClockKey]store.Clock
	rows     []row
	notices  int
}

// Insert implements loader.Target. The loader may die before or after it.
func (t *table) Insert(ctx context.Context, b *store.Block) (bool, error) {
	if t.dies() {
		return false, context.Canceled
	}
	fresh := !t.inserted[b.ID]
	if fresh {
		t.inserted[b.ID] = true
		t.keep(b)
	} else {
		t.w.Tally.Reinserted++
	}
	t.dies()
	return fresh, nil
}

func (t *table) dies() bool {
	if !t.faulty || !t.w.chance(t.w.faults.LoaderCut) {
		return false
	}
	t.w.Tally.LoaderCut++
	t.die()
	return true
}

func (t *table) keep(b *store.Block) {
	w := t.w
	for _, r := range b.Retimes {
		for i := range t.rows {
			if old := &t.rows[i]; old.ClockKey == r.ClockKey && old.quality < r.Quality {
				old.atMs, old.quality = old.monoMs+r.OffsetMs, r.Quality
				w.Tally.Retimed++
			}
		}
	}
	for _, c := range b.Clocks {
		t.clocks[c.ClockKey] = c.Clock
	}
	add := func(id uint32, s *store.Stamp) {
		t.rows = append(t.rows, row{id, store.ClockKey{Box: s.Box, Boot: s.Boot}, s.MonoMs, s.AtMs, s.Clock})
		if id != 0 {
			w.centre.count(id)
		}
	}
	for i := range b.Clicks {
		add(b.Clicks[i].Trace, &b.Clicks[i].Stamp)
	}
	for i := range b.Orders {
		add(b.Orders[i].Trace, &b.Orders[i].Stamp)
	}
	for i := range b.Notices {
		add(0, &b.Notices[i].Stamp)
	}
	t.notices += len(b.Notices)
}

// Identities implements loader.Target.
func (t *table) Identities(context.Context, []store.IdentityKey) (map[store.IdentityKey]store.Identity, error) {
	return nil, nil
}

// Clocks implements loader.Target.
func (t *table) Clocks(_ context.Context, keys []store.ClockKey) (map[store.ClockKey]store.Clock, error) {
	found := map[store.ClockKey]store.Clock{}
	for _, k := range keys {
		if c, ok := t.clocks[k]; ok {
			found[k] = c
		}
	}
	return found, nil
}

// LatestBoots implements loader.Target.
func (t *table) LatestBoots(_ context.Context, boxes []uint64) (map[uint64]uint32, error) {
	found := map[uint64]uint32{}
	for k := range t.clocks {
		if slices.Contains(boxes, k.Box) {
			found[k.Box] = max(found[k.Box], k.Boot)
		}
	}
	return found, nil
}

// feed is the ledger as the loader sees it, of whichever aggregator lives; it
// hears nothing from the dead.
type feed struct{ c *centre }

// Bind implements loader.Source.
func (s feed) Bind(ctx context.Context, maxEvents int) (ledger.Block, error) {
	return s.c.books[0].Bind(ctx, maxEvents)
}

// Loaded implements loader.Source.
func (s feed) Loaded(ctx context.Context, id ledger.BlockID, unreadable map[uint64]string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.c.books[0].Loaded(ctx, id, unreadable)
}

// loadReal lets the real loader load a block, or everything if nothing may go
// wrong.
func (c *centre) loadReal(faulty bool) {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	c.table.die, c.table.faulty = cancel, faulty
	for {
		if c.loader == nil {
			c.loader = loader.New(loader.Config{Source: feed{c}, Target: c.table, Secrets: c.w.secrets,
				MaxEvents: maxBlock, Boxes: 2, Texts: 8, Workers: 1})
		}
		more, err := c.loader.Step(ctx)
		if err != nil && !errors.Is(err, context.Canceled) {
			c.w.fail("I6", "loader: %v", err)
		}
		if err != nil {
			c.loader = nil // what it had in memory is gone
			return
		}
		if !more || faulty {
			return
		}
	}
}

// secrets are the same in every world, so that a seed gives the same run.
func secrets() (aggregator.Secrets, error) {
	key := strings.Repeat("00", 32)
	text, err := json.Marshal(map[string]any{"box": key, "accounts": slices.Repeat([]string{key}, 100)})
	if err != nil {
		return aggregator.Secrets{}, err
	}
	return aggregator.ParseSecrets(text)
}
