//go:build !mutant_cachedmark && !mutant_memoryfirst

package sqlite

import "iptvdc/aggregator/ledger"

// How a mark is read and moved. Nothing in memory decides [S1]: it is read in
// the transaction that writes it and moved by compare-and-swap, and a batch is
// unique by (box, uid) whatever the mark says.

const (
	swapMark = `UPDATE stream SET mark = ?, received = received + ?, province = ? WHERE id = ? AND mark = ?`
	uidIndex = `CREATE UNIQUE INDEX batch_uid ON batch (box, uid);`
)

// commit decides a group in one transaction; memory follows it.
func (g *group) commit(w *writer, keys *keyring, batches []ledger.Received, ready *prepared, lookUID bool) ([]ledger.Verdict, error) {
	g.reset(len(batches))
	if _, err := w.begin.do(); err != nil {
		return nil, err
	}
	verdicts, err := g.judge(w, keys, batches, ready, lookUID)
	if err == nil {
		_, err = w.commit.do()
	}
	if err != nil {
		w.rollback()
		return nil, err
	}
	for _, p := range g.newKeys {
		g.recorded[p] = true
	}
	return verdicts, nil
}

// move returns the running state of batch i's stream.
func (g *group) move(i int, r *ledger.Received) *move {
	key := streamKey{r.Route.Box, r.Batch.Epoch}
	at, ok := g.streams[key]
	if !ok {
		seen := &g.seen[i]
		at = len(g.moves)
		g.streams[key] = at
		g.moves = append(g.moves, move{
			box: seen.box, stream: seen.stream, epoch: r.Batch.Epoch, name: r.Route.Box,
			from: seen.mark, to: seen.mark,
		})
	}
	return &g.moves[at]
}
