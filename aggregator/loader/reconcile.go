package loader

import (
	"context"
	"fmt"

	"iptvdc/aggregator/ledger"
)

// Archive is what Reconcile needs of ledger.Ledger.
type Archive interface {
	// LoadedBlocks returns up to limit loaded blocks, the one bound last first.
	LoadedBlocks(ctx context.Context, skip, limit int) ([]ledger.BlockID, error)
	// Reload makes a loaded block and all later ones work again.
	Reload(ctx context.Context, from ledger.BlockID) (again, gone uint64, err error)
}

// Holdings is what Reconcile needs of store.Store.
type Holdings interface {
	// Lacking returns those of the ids whose blocks are not there.
	Lacking(ctx context.Context, ids [][16]byte) ([][16]byte, error)
}

// Reconciled tells what Reconcile found. The zero value: nothing is lacking.
type Reconciled struct {
	Blocks uint64 // loaded blocks that the store lacks, as far as it looked
	Again  uint64 // events that will be loaded again; the store may have some
	Gone   uint64 // events among them that the archive no longer has
}

// reconcileStep is how many blocks are asked about at a time. A store that lacks
// none of that many is taken to lack none of the earlier ones: what a store
// loses, by a cut of its log or by a restore, it loses from the end.
const reconcileStep = 1000

// Reconcile looks whether the store has what the ledger believes to be loaded,
// and has it loaded again if not: after a cut of the store's log, with an older
// copy of the store, or with none at all. It must be called before the loader
// works. A crash in it leaves all to the next call.
func Reconcile(ctx context.Context, a Archive, s Holdings) (r Reconciled, err error) {
	var from ledger.BlockID
	for skip := 0; ; skip += reconcileStep {
		ids, err := a.LoadedBlocks(ctx, skip, reconcileStep)
		if err != nil {
			return Reconciled{}, err
		}
		asked := make([][16]byte, len(ids))
		for i, id := range ids {
			asked[i] = id
		}
		lacking, err := s.Lacking(ctx, asked)
		if err != nil {
			return Reconciled{}, err
		}
		if len(lacking) == 0 {
			break
		}
		r.Blocks += uint64(len(lacking))
		from = lacking[len(lacking)-1] // the oldest so far
	}
	if r.Blocks == 0 {
		return r, nil
	}
	if r.Again, r.Gone, err = a.Reload(ctx, from); err != nil {
		return Reconciled{}, fmt.Errorf("loader: the store lacks %d blocks: %w", r.Blocks, err)
	}
	return r, nil
}
