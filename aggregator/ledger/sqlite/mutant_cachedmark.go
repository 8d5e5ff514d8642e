//go:build mutant_cachedmark

package sqlite

import (
	"sync"

	"iptvdc/aggregator/ledger"
)

// A deliberate bug: each ledger trusts the marks it has cached, moves them
// without comparing, and a uid need not be unique. It breaks S1, and so I1,
// never twice: of two aggregators on one file, one does not see what the other
// has taken. See testbench/mutants.

const (
	swapMark = `UPDATE stream SET mark = ?, received = received + ?, province = ? WHERE id = ? AND ? IS NOT NULL`
	uidIndex = `CREATE INDEX batch_uid ON batch (box, uid);`
)

// cachedOf holds the marks of each ledger, *group to map[streamKey]ledger.Mark;
// the ledger's lock guards the map.
var cachedOf sync.Map

func cached(g *group) map[streamKey]ledger.Mark {
	m, _ := cachedOf.LoadOrStore(g, map[streamKey]ledger.Mark{})
	return m.(map[streamKey]ledger.Mark)
}

// commit caches the marks it has moved.
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
	marks := cached(g)
	for i := range g.moves {
		m := &g.moves[i]
		marks[streamKey{m.name, m.epoch}] = m.to
	}
	return verdicts, nil
}

// move begins with the cached mark, if there is one.
func (g *group) move(i int, r *ledger.Received) *move {
	key := streamKey{r.Route.Box, r.Batch.Epoch}
	at, ok := g.streams[key]
	if !ok {
		seen := &g.seen[i]
		mark, ok := cached(g)[key]
		if !ok {
			mark = seen.mark
		}
		at = len(g.moves)
		g.streams[key] = at
		g.moves = append(g.moves, move{
			box: seen.box, stream: seen.stream, epoch: r.Batch.Epoch, name: r.Route.Box,
			from: mark, to: mark,
		})
	}
	return &g.moves[at]
}
