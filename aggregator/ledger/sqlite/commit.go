package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// errMoved says that another writer moved a mark between reading and writing.
var errMoved = errors.New("ledger: a mark moved meanwhile")

// attempts is how often a group is judged anew before its commit fails. The
// transaction takes the write lock before it reads, so one should do; the
// compare-and-swap stands for whoever opens the file another way.
const attempts = 4

// Commit implements ledger.Ledger.
func (l *Ledger) Commit(ctx context.Context, batches []ledger.Received) ([]ledger.Verdict, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(batches) == 0 {
		return nil, nil
	}
	ready := l.ready.Get().(*prepared)
	defer l.ready.Put(ready)
	if err := ready.prepare(l.keys, batches); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var verdicts []ledger.Verdict
	err := l.write(func(w *writer) (err error) {
		lookUID := slices.ContainsFunc(batches, isCarried)
		for range attempts {
			verdicts, err = l.group.commit(w, l.keys, batches, ready, lookUID)
			switch {
			case isNotUnique(err):
				lookUID = true // the unique key found what nobody had announced
			case !errors.Is(err, errMoved):
				return err
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: commit: %w", err)
	}
	return verdicts, nil
}

// isCarried says that the box sent the batch in an earlier epoch. Only then is
// a known uid to be expected and looked up; any other one fails the unique key
// of batch, and the group is judged again with all looked up [S3].
func isCarried(r ledger.Received) bool { return r.Batch.Flags&protocol.FlagCarried != 0 }

// group is the work space of one commit; its buffers are used again. Nothing
// in it outlives the call: what decides is read from the database.
type group struct {
	recorded [256]bool // provinces whose key is in the database for sure
	newKeys  []uint8

	seen    []sight
	args    []driver.Value
	row     []driver.Value
	moves   []move
	streams map[streamKey]int // to moves
	boxes   map[string]int64  // that this group created
	uids    map[uidKey]struct{}

	beside []tally // in the order of what showed it

	batchArgs []driver.Value
	bodyArgs  []driver.Value
	packed    []byte // heads and marks
}

type streamKey struct {
	box   string
	epoch uint64
}

type uidKey struct {
	box string
	uid protocol.UID
}

// tally is a ledger.Tally on its way.
type tally struct {
	batch int64 // that shows it; 0: none
	ledger.Tally
}

// sight is what the database knows about a batch of the group.
type sight struct {
	box      int64 // 0: none
	stream   int64 // 0: none
	mark     ledger.Mark
	uidKnown bool
}

// move is a stream touched by the group.
type move struct {
	box      int64 // 0: not yet in the database
	stream   int64 // 0: not yet in the database
	epoch    uint64
	name     string
	from, to ledger.Mark
	moved    bool
	received uint64 // by this group
	poison   uint64 // by this group
	province uint8  // of the last batch that moved the mark
}

func newGroup() *group {
	return &group{
		row:     make([]driver.Value, 6),
		streams: make(map[streamKey]int),
		boxes:   make(map[string]int64),
		uids:    make(map[uidKey]struct{}),
	}
}

func (g *group) reset(n int) {
	if cap(g.seen) < n {
		g.seen = make([]sight, n)
	}
	g.seen = g.seen[:n]
	clear(g.seen)
	g.moves, g.newKeys = g.moves[:0], g.newKeys[:0]
	g.packed, g.beside = g.packed[:0], g.beside[:0]
	clear(g.batchArgs)
	clear(g.bodyArgs)
	g.batchArgs, g.bodyArgs = g.batchArgs[:0], g.bodyArgs[:0]
	clear(g.streams)
	clear(g.boxes)
	clear(g.uids)
}

// judge decides the group's batches one after the other and writes what came
// of it.
func (g *group) judge(w *writer, keys *keyring, batches []ledger.Received, ready *prepared, lookUID bool) ([]ledger.Verdict, error) {
	if err := g.look(w, batches, lookUID); err != nil {
		return nil, err
	}
	last, err := g.lastID(w)
	if err != nil {
		return nil, err
	}
	next := last
	verdicts := make([]ledger.Verdict, len(batches))
	var events int64
	for i := range batches {
		r := &batches[i]
		m := g.move(i, r)
		known := func() (bool, error) {
			_, twice := g.uids[uidKey{r.Route.Box, r.Batch.UID}]
			return twice || g.seen[i].uidKnown, nil
		}
		chain := func() protocol.Chain { return ready.each[i].chain }
		mark, outcome, err := ledger.JudgeChained(m.to, &r.Batch, chain, r.Quarantine != "", known)
		if err != nil {
			return nil, err
		}
		verdicts[i] = ledger.Verdict{Outcome: outcome, Mark: mark}
		aside := tally{Tally: ledger.Tally{Hour: aggregator.HourOf(r.AtMs), Province: r.Route.Province, Lost: min(mark.Lost-m.to.Lost, ledger.LostMost)}}
		if outcome == ledger.Repeated || outcome == ledger.Known {
			aside.Repeated = 1
		}
		if outcome == ledger.Stored && stateOf(outcome, &r.Batch) == stateLoadable {
			aside.batch = next + 1
		}
		if aside.Lost+aside.Repeated > 0 {
			g.beside = append(g.beside, aside)
		}
		if outcome == ledger.Repeated || outcome == ledger.Gap {
			continue
		}
		verdicts[i].NewStream = m.stream == 0 && !m.moved
		m.to, m.moved, m.province = mark, true, r.Route.Province
		if outcome == ledger.Known {
			continue
		}
		if err := g.box(w, m); err != nil {
			return nil, err
		}
		next++
		state := stateOf(outcome, &r.Batch)
		switch state {
		case stateLoadable:
			m.received += uint64(r.Batch.N)
			events += int64(r.Batch.N)
		case statePoison:
			m.poison += uint64(r.Batch.N)
			if _, err := w.poison.do(next, r.Quarantine); err != nil {
				return nil, err
			}
		}
		g.uids[uidKey{r.Route.Box, r.Batch.UID}] = struct{}{}
		g.keep(next, m.box, state, r, ready.each[i].sealed)
	}
	with := next
	if with == last {
		with++ // this group kept none
	}
	if err := g.count(w, with); err != nil {
		return nil, err
	}
	return verdicts, g.write(w, keys, events)
}

// count keeps what the group learnt beside its batches; what none of them shows
// is bound with batch with.
func (g *group) count(w *writer, with int64) error {
	for _, t := range g.beside {
		batch, shown := t.batch, int64(1)
		if batch == 0 {
			batch, shown = with, 0
		}
		if _, err := w.tally.do(batch, shown, int64(t.Hour), int64(t.Province), int64(t.Lost), int64(t.Repeated)); err != nil {
			return err
		}
	}
	return nil
}

// look reads what the database knows about every batch.
func (g *group) look(w *writer, batches []ledger.Received, lookUID bool) error {
	query := w.seen
	if lookUID {
		query = w.seenUID
	}
	g.args = g.args[:0]
	for i := range batches {
		r := &batches[i]
		g.args = append(g.args, r.Route.Box, int64(r.Batch.Epoch))
		if lookUID {
			g.args = append(g.args, r.Batch.UID[:])
		}
	}
	return query.each(g.args, func(s *statement, at int, values []driver.Value) error {
		return s.rows(values, g.row, func() error {
			seen := &g.seen[at+int(integer(g.row[0]))]
			seen.box, seen.stream, seen.uidKnown = integer(g.row[1]), integer(g.row[2]), g.row[5] != nil
			if seen.stream == 0 {
				return nil
			}
			seen.mark.Lost = uint64(integer(g.row[4]))
			mark, _ := g.row[3].([]byte)
			return readMark(mark, &seen.mark)
		})
	})
}

// integer reads a column that the schema holds to be a number; 0 for NULL.
func integer(v driver.Value) int64 {
	n, _ := v.(int64)
	return n
}

func (g *group) lastID(w *writer) (id int64, err error) {
	err = w.lastID.rows(nil, g.row[:1], func() error {
		id = integer(g.row[0])
		return nil
	})
	return id, err
}

// box gives the move's box a number if it has none.
func (g *group) box(w *writer, m *move) error {
	if m.box != 0 {
		return nil
	}
	if id, ok := g.boxes[m.name]; ok {
		m.box = id
		return nil
	}
	r, err := w.newBox.exec.ExecContext(context.Background(), w.newBox.frame([]driver.Value{m.name}))
	if err != nil {
		return err
	}
	if m.box, err = r.LastInsertId(); err != nil {
		return err
	}
	g.boxes[m.name] = m.box
	return nil
}

// keep lines up the header row and the sealed body of a new batch.
func (g *group) keep(id, box, state int64, r *ledger.Received, sealed []byte) {
	at := len(g.packed)
	g.packed = appendHead(g.packed, r)
	g.batchArgs = append(g.batchArgs, id, box, int64(r.Batch.N), state, r.AtMs, r.Batch.UID[:], g.packed[at:len(g.packed):len(g.packed)])
	if len(sealed) == 0 {
		return
	}
	if p := r.Route.Province; !g.recorded[p] && !slices.Contains(g.newKeys, p) {
		g.newKeys = append(g.newKeys, p)
	}
	g.bodyArgs = append(g.bodyArgs, id, sealed)
}

// write moves the marks and stores the batches.
func (g *group) write(w *writer, keys *keyring, events int64) error {
	for i := range g.moves {
		if m := &g.moves[i]; m.moved {
			if err := g.advance(w, m); err != nil {
				return err
			}
		}
	}
	if _, err := w.batches.do(g.batchArgs); err != nil {
		return err
	}
	if _, err := w.bodies.do(g.bodyArgs); err != nil {
		return err
	}
	for _, p := range g.newKeys {
		key, err := keys.of(p)
		if err != nil {
			return err
		}
		if _, err := w.addKey.do(int64(p), key.fingerprint); err != nil {
			return err
		}
	}
	if events == 0 {
		return nil
	}
	_, err := w.backlog.do(events)
	return err
}

// advance moves one stream's mark by compare-and-swap [S1].
func (g *group) advance(w *writer, m *move) error {
	if err := g.box(w, m); err != nil {
		return err
	}
	at := len(g.packed)
	g.packed = appendMark(g.packed, &m.to)
	to := g.packed[at:len(g.packed):len(g.packed)]
	if m.stream == 0 {
		_, err := w.stream.do(m.box, int64(m.epoch), to, int64(m.received), int64(m.to.Lost), int64(m.poison), int64(m.province))
		if isNotUnique(err) {
			return errMoved // another writer began the stream
		}
		return err
	}
	at = len(g.packed)
	g.packed = appendMark(g.packed, &m.from)
	from := g.packed[at:len(g.packed):len(g.packed)]
	changed, err := w.advance.do(to, int64(m.received), int64(m.province), m.stream, from)
	if err != nil {
		return err
	}
	if changed != 1 {
		return errMoved
	}
	if m.to.Lost == m.from.Lost && m.poison == 0 {
		return nil
	}
	_, err = w.settle.do(int64(m.to.Lost), int64(m.poison), m.stream)
	return err
}
