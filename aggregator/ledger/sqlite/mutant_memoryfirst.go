//go:build mutant_memoryfirst

package sqlite

import (
	"sync"

	"iptvdc/aggregator/ledger"
)

// A deliberate bug: the ledger remembers how far a stream has come before the
// commit holds. It breaks S6, commit before ack, and so I4, deleted after
// commit, and I2, never lost: when the commit fails, the box's repeat is told
// that the batch was there already. See testbench/mutants.

const (
	swapMark = `UPDATE stream SET mark = ?, received = received + ?, province = ? WHERE id = ? AND mark = ?`
	uidIndex = `CREATE UNIQUE INDEX batch_uid ON batch (box, uid);`
)

// toldOf holds the marks of each ledger, *group to map[streamKey]ledger.Mark;
// the ledger's lock guards the map.
var toldOf sync.Map

func told(g *group) map[streamKey]ledger.Mark {
	m, _ := toldOf.LoadOrStore(g, map[streamKey]ledger.Mark{})
	return m.(map[streamKey]ledger.Mark)
}

// commit remembers the marks, then makes them durable.
func (g *group) commit(w *writer, keys *keyring, batches []ledger.Received, ready *prepared, lookUID bool) ([]ledger.Verdict, error) {
	g.reset(len(batches))
	if _, err := w.begin.do(); err != nil {
		return nil, err
	}
	verdicts, err := g.judge(w, keys, batches, ready, lookUID)
	marks := told(g)
	for i := range g.moves {
		m := &g.moves[i]
		marks[streamKey{m.name, m.epoch}] = m.to
	}
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

// move begins with the mark remembered, if it is further than the file's.
func (g *group) move(i int, r *ledger.Received) *move {
	key := streamKey{r.Route.Box, r.Batch.Epoch}
	at, ok := g.streams[key]
	if !ok {
		seen := &g.seen[i]
		mark := seen.mark
		if m := told(g)[key]; m.Through > mark.Through {
			mark = m
		}
		at = len(g.moves)
		g.streams[key] = at
		g.moves = append(g.moves, move{
			box: seen.box, stream: seen.stream, epoch: r.Batch.Epoch, name: r.Route.Box,
			from: seen.mark, to: mark,
		})
	}
	return &g.moves[at]
}
