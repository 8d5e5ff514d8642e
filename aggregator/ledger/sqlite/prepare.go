package sqlite

import (
	"runtime"
	"sync"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// prepared is what a group needs that is costly and needs no database: hashes
// and encrypted bodies. It is made before the write lock is taken, on all
// cores.
type prepared struct {
	each  []ready
	parts []part
}

// ready belongs to one batch of the group.
type ready struct {
	chain  protocol.Chain
	sealed []byte // nil: no body
}

// part is the work space of one goroutine.
type part struct {
	arena []byte // sealed bodies
	place []byte
	err   error
}

// minPart is how many batches are worth a goroutine.
const minPart = 16

// prepare fills p for batches; what it holds is valid until the next call.
func (p *prepared) prepare(keys *keyring, batches []ledger.Received) error {
	if cap(p.each) < len(batches) {
		p.each = make([]ready, len(batches))
	}
	p.each = p.each[:len(batches)]
	clear(p.each)
	parts := max(1, min(runtime.GOMAXPROCS(0), len(batches)/minPart))
	for len(p.parts) < parts {
		p.parts = append(p.parts, part{})
	}
	var wg sync.WaitGroup
	for i := 1; i < parts; i++ {
		from, to := i*len(batches)/parts, (i+1)*len(batches)/parts
		wg.Go(func() { p.parts[i].fill(keys, batches[from:to], p.each[from:to]) })
	}
	p.parts[0].fill(keys, batches[:len(batches)/parts], p.each[:len(batches)/parts])
	wg.Wait()
	for i := range parts {
		if err := p.parts[i].err; err != nil {
			return err
		}
	}
	return nil
}

func (w *part) fill(keys *keyring, batches []ledger.Received, each []ready) {
	w.arena, w.err = w.arena[:0], nil
	for i := range batches {
		b := &batches[i].Batch
		each[i].chain = b.Sealed.Chain()
		if len(b.Body) == 0 {
			continue
		}
		key, err := keys.of(batches[i].Route.Province)
		if err != nil {
			w.err = err
			return
		}
		w.place = appendPlace(w.place[:0], batches[i].Route.Box, b.Epoch, b.No)
		at := len(w.arena)
		w.arena = key.seal(w.arena, b.Body, w.place)
		each[i].sealed = w.arena[at:len(w.arena):len(w.arena)]
	}
}
