package sim

import (
	"context"
	"errors"
	"fmt"

	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/loader"
	"iptvdc/aggregator/store"
)

// book is what an aggregator needs of a ledger.
type book interface {
	Commit(ctx context.Context, batches []ledger.Received) ([]ledger.Verdict, error)
	Mark(ctx context.Context, box string, epoch uint64) (ledger.Mark, error)
	Bind(ctx context.Context, maxEvents int) (ledger.Block, error)
	Loaded(ctx context.Context, id ledger.BlockID, unreadable map[uint64]string) error
}

// Place is where a ledger lies. Not safe for concurrent use.
type Place interface {
	// Open returns a ledger on the place, as a process has it that starts.
	Open() (ledger.Ledger, error)
	// Fail makes every commit that would keep a batch fail and change nothing;
	// off lets them hold again.
	Fail(on bool) error
	// Close removes the place; its ledgers are closed.
	Close() error
}

// errNoCommit is a commit that the reference ledger was made to fail.
var errNoCommit = errors.New("sim: no commit")

// reference is the reference ledger's place: memory, which outlives Close.
type reference struct {
	w *World
	l *ledger.Memory
}

func (r *reference) Open() (ledger.Ledger, error) { return r.l, nil }
func (r *reference) Fail(on bool) error           { r.w.noCommit = on; return nil }
func (r *reference) Close() error                 { return nil }

// centre is two aggregators on one ledger, and the loader behind it.
type centre struct {
	w      *World
	ctx    context.Context
	place  Place // nil: cached
	books  [aggregators]book
	doors  [aggregators]*door
	faulty bool // commits may fail

	inserted map[string]bool // tokens of the store
	rows     []uint8         // by event id: how often the store has it
	messages []message       // of a step
	table    *table          // behind the real loader
	loader   *loader.Loader
	cut      int // RecutBlocks: how far the loader knows to have come in a block
}

func newCentre(w *World) *centre {
	c := &centre{w: w, ctx: context.Background(), inserted: map[string]bool{}}
	c.table = &table{w: w, inserted: map[[16]byte]bool{}, clocks: map[store.ClockKey]store.Clock{}}
	if w.rules.CachedMark {
		shared := &kept{}
		for i := range c.books {
			c.books[i] = &cached{shared: shared, marks: map[streamKey]ledger.Mark{}}
			c.doors[i] = newDoor(c, i)
		}
		return c
	}
	c.place = &reference{w, ledger.NewMemoryJudging(w.judge)}
	if w.open != nil {
		var err error
		if c.place, err = w.open(); err != nil {
			w.fail("I6", "the ledger's place: %v", err)
			return c
		}
	}
	for i := range c.books {
		c.start(i)
	}
	return c
}

// start starts aggregator i anew; what it had in memory is gone.
func (c *centre) start(i int) {
	c.end(i)
	c.doors[i] = newDoor(c, i)
	if c.place == nil {
		return
	}
	l, err := c.place.Open()
	if err != nil {
		c.w.fail("I6", "aggregator %d does not start: %v", i, err)
		return
	}
	c.books[i] = l
}

func (c *centre) end(i int) {
	if d := c.doors[i]; d != nil {
		if err := d.close(); err != nil {
			c.w.fail("S0", "aggregator %d: %v", i, err)
		}
	}
	if l, ok := c.books[i].(ledger.Ledger); ok {
		if err := l.Close(); err != nil {
			c.w.fail("I6", "aggregator %d: %v", i, err)
		}
	}
}

// close ends the aggregators and clears the place away.
func (c *centre) close() {
	for i := range c.books {
		c.end(i)
	}
	if c.place == nil {
		return
	}
	if err := c.place.Close(); err != nil {
		c.w.fail("I6", "the ledger's place: %v", err)
	}
}

// commit is an aggregator's ledger as its door sees it; it may be made to fail.
func (c *centre) commit(ctx context.Context, which int, group []ledger.Received) ([]ledger.Verdict, error) {
	w := c.w
	fail := c.faulty && c.place != nil && w.chance(w.faults.NoCommit)
	if fail {
		if err := c.place.Fail(true); err != nil {
			return nil, err
		}
	}
	verdicts, err := c.books[which].Commit(ctx, group)
	if fail {
		if err := c.place.Fail(false); err != nil {
			w.fail("I6", "the ledger's place: %v", err)
		}
	}
	switch {
	case err != nil && fail:
		w.Tally.NoCommit++
	case err != nil:
		w.fail("I6", "commit: %v", err)
	}
	for i, v := range verdicts {
		c.note(&group[i], v)
	}
	return verdicts, err
}

func (c *centre) mark(box string, epoch uint64) ledger.Mark {
	m, err := c.books[0].Mark(c.ctx, box, epoch)
	if err != nil {
		c.w.fail("I6", "mark: %v", err)
	}
	return m
}

// take lets one aggregator take up to n messages in one step, and ack.
func (c *centre) take(n int, faulty bool) {
	w := c.w
	which := w.rnd.IntN(aggregators)
	c.messages = c.messages[:0]
	for ; n > 0 && len(w.up) > 0; n-- {
		at := 0
		if faulty && w.chance(w.faults.Disorder) {
			at = w.rnd.IntN(len(w.up))
			if at > 0 {
				w.Tally.Disorder++
			}
		}
		m := w.up[at]
		if faulty && w.chance(w.faults.Twice) {
			w.Tally.Twice++
		} else {
			w.up = append(w.up[:at], w.up[at+1:]...)
		}
		if faulty && m.harm == unharmed && w.chance(w.faults.Harm) {
			m = w.meddle(m)
		}
		c.messages = append(c.messages, m)
	}
	if len(c.messages) == 0 {
		return
	}
	c.faulty = faulty
	answers := c.doors[which].receive(c.messages)
	if faulty && w.chance(w.faults.Killed) {
		w.Tally.Killed++
		c.start(which)
		w.up = append(w.up, c.messages...) // no PUBACK: the broker has them still
		return
	}
	for i, a := range answers {
		if a.err != nil && !w.foreign {
			w.up = append(w.up, c.messages[i]) // no PUBACK [S6]
		}
		if a.topic != "" {
			w.acks = append(w.acks, down{a.topic, a.packet})
		}
	}
}

// note keeps the books of what arrived.
func (c *centre) note(r *ledger.Received, v ledger.Verdict) {
	w, b := c.w, &r.Batch
	if w.log != nil {
		w.note("ledger: %x batch %d floor %d: %s, through %d, lost %d", b.Epoch, b.No, b.Floor, v.Outcome, v.Mark.Through, v.Mark.Lost)
	}
	switch v.Outcome {
	case ledger.Repeated:
		w.Tally.Repeated++
		return
	case ledger.Gap:
		w.Tally.Gap++
		return
	case ledger.Known:
		w.Tally.Known++
	case ledger.Stored, ledger.Quarantined:
		if bad := w.poison[b.UID]; bad != nil {
			w.setAside(bad, v.Outcome)
			break
		}
		if v.Outcome == ledger.Quarantined {
			w.fail("S5", "a good batch was quarantined: %s", r.Quarantine)
		}
		for _, id := range w.idsOf(&b.Sealed) {
			w.arrived[id]++
		}
	}
	if b.Floor == b.No && b.No > 1 && v.Mark.Lost > 0 {
		w.Tally.Jumped++
	}
	if !w.sealed[placeOf(&b.Sealed)] {
		w.fail("I5", "batch %d of epoch %x was never sealed so", b.No, b.Epoch)
	}
}

// load inserts a block into the store, once a token.
func (c *centre) load(faulty bool) {
	if c.w.setting.Loader {
		c.loadReal(faulty)
		return
	}
	for {
		block, err := c.books[0].Bind(c.ctx, maxBlock)
		if errors.Is(err, ledger.ErrNoWork) {
			return
		}
		if err != nil {
			c.w.fail("I6", "bind: %v", err)
			return
		}
		if c.w.rules.RecutBlocks {
			if !c.insertRecut(&block, faulty) {
				return
			}
		} else {
			c.insert(string(block.ID[:]), block.Batches)
			if faulty && c.w.chance(c.w.faults.LoaderCut) {
				c.w.Tally.LoaderCut++
				return
			}
		}
		if err := c.books[0].Loaded(c.ctx, block.ID, nil); err != nil {
			c.w.fail("I6", "loaded: %v", err)
			return
		}
		c.cut = 0
		if faulty {
			return
		}
	}
}

// insert puts batches into the store unless it has seen the token [S7].
func (c *centre) insert(token string, batches []ledger.Kept) {
	if c.inserted[token] {
		return
	}
	c.inserted[token] = true
	for i := range batches {
		for _, id := range c.w.idsOf(&batches[i].Batch.Sealed) {
			c.count(id)
		}
	}
}

// count notes a row.
func (c *centre) count(id uint32) {
	for len(c.rows) <= int(id) {
		c.rows = append(c.rows, 0)
	}
	c.rows[id]++
}

// insertRecut is the loader without S7: it cuts what is left anew at every
// try and names the piece by its ends. False: it died.
func (c *centre) insertRecut(block *ledger.Block, faulty bool) bool {
	for c.cut < len(block.Batches) {
		left := block.Batches[c.cut:]
		n := 1 + c.w.rnd.IntN(len(left))
		c.insert(fmt.Sprint(left[0].ID, "-", left[n-1].ID), left[:n])
		if faulty && c.w.chance(c.w.faults.LoaderCut) {
			c.w.Tally.LoaderCut++
			return false
		}
		c.cut += n
	}
	return true
}
