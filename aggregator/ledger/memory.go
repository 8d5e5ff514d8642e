package ledger

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"sync"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// JudgeFunc has the contract of Judge.
type JudgeFunc func(m Mark, b *protocol.Batch, quarantine bool, uidKnown func() (bool, error)) (Mark, Outcome, error)

// Memory is the reference of Ledger: slow, obviously right, lost with the
// process. Whatever it answers is what every engine must answer. Close keeps
// its contents, so that using it again plays a restart.
type Memory struct {
	judge JudgeFunc

	mu      sync.Mutex
	streams map[streamKey]*stream
	batches []*entry // in the order of their commits; entry i has ID i+1
	blocks  []*bound // in the order they were bound
	lines   []line
}

// line is a Tally that is bound with the entry of its number.
type line struct {
	entry uint64
	Tally
}

type streamKey struct {
	box   string
	epoch uint64
}

type stream struct {
	mark     Mark
	province uint8 // of the last batch that moved the mark
}

type state uint8

const (
	fresh       state = iota // committed, not bound
	taken                    // in a block that is not loaded
	loaded                   // in the store
	quarantined              // never loaded
	tombstone                // an empty place, never loaded
)

type entry struct {
	kept  Kept
	state state
	why   string
}

type bound struct {
	id      BlockID
	entries []*entry
	through uint64 // the number of the last entry, taken or not; the next block begins behind it
	tallies []Tally
	loaded  bool
}

// NewMemory returns an empty reference ledger.
func NewMemory() *Memory { return NewMemoryJudging(Judge) }

// NewMemoryJudging returns an empty ledger that decides by judge, for tests
// that must show what a wrong rule breaks.
func NewMemoryJudging(judge JudgeFunc) *Memory {
	return &Memory{judge: judge, streams: make(map[streamKey]*stream)}
}

// Commit implements Ledger.
func (l *Memory) Commit(ctx context.Context, batches []Received) ([]Verdict, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	verdicts := make([]Verdict, len(batches))
	streams := maps.Clone(l.streams) // memory follows the commit: on an error these are dropped
	kept := slices.Clone(l.batches)
	var beside []Tally
	for i := range batches {
		r := &batches[i]
		key := streamKey{r.Route.Box, r.Batch.Epoch}
		var mark Mark
		if s := streams[key]; s != nil {
			mark = s.mark
		}
		next, outcome, err := l.judge(mark, &r.Batch, r.Quarantine != "", func() (bool, error) {
			return slices.ContainsFunc(kept, func(e *entry) bool {
				return e.kept.Route.Box == r.Route.Box && e.kept.Batch.UID == r.Batch.UID
			}), nil
		})
		if err != nil {
			return nil, err
		}
		verdicts[i] = Verdict{Outcome: outcome, Mark: next}
		lost := min(next.Lost-mark.Lost, LostMost)
		aside := Tally{Hour: aggregator.HourOf(r.AtMs), Province: r.Route.Province}
		if outcome == Repeated || outcome == Known {
			aside.Repeated = 1
		}
		if outcome != Stored || r.Batch.Flags&protocol.FlagTombstone != 0 {
			aside.Lost, lost = lost, 0
		}
		beside = append(beside, aside)
		if outcome == Repeated || outcome == Gap {
			continue
		}
		verdicts[i].NewStream = streams[key] == nil
		streams[key] = &stream{mark: next, province: r.Route.Province}
		if outcome == Known {
			continue
		}
		e := &entry{kept: Kept{ID: uint64(len(kept) + 1), Route: r.Route, AtMs: r.AtMs, Batch: r.Batch, Lost: lost}}
		e.kept.Batch.Body = bytes.Clone(r.Batch.Body)
		switch {
		case outcome == Quarantined:
			e.state, e.why = quarantined, r.Quarantine
		case r.Batch.Flags&protocol.FlagTombstone != 0:
			e.state = tombstone
		}
		kept = append(kept, e)
	}
	with := uint64(len(kept))
	if len(kept) == len(l.batches) {
		with++ // this call kept none
	}
	for _, t := range beside {
		if t.Lost+t.Repeated > 0 {
			l.lines = append(l.lines, line{with, t})
		}
	}
	l.streams, l.batches = streams, kept
	return verdicts, nil
}

// Mark implements Ledger.
func (l *Memory) Mark(ctx context.Context, box string, epoch uint64) (Mark, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.streams[streamKey{box, epoch}]; s != nil {
		return s.mark, ctx.Err()
	}
	return Mark{}, ctx.Err()
}

// Bind implements Ledger.
func (l *Memory) Bind(ctx context.Context, maxEvents int) (Block, error) {
	if err := ctx.Err(); err != nil {
		return Block{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.blocks {
		if !b.loaded {
			return b.copy(), nil
		}
	}
	b := &bound{}
	var before uint64
	if n := len(l.blocks); n > 0 {
		before = l.blocks[n-1].through
	}
	events := 0
	for _, e := range l.batches {
		id := e.kept.ID
		if e.state == fresh {
			e.state = taken
			b.entries, b.through = append(b.entries, e), id
			if events += int(e.kept.Batch.N); events >= maxEvents {
				break
			}
		} else if id > before && slices.ContainsFunc(l.lines, func(n line) bool { return n.entry == id }) {
			b.through = id
		}
	}
	if b.through == 0 {
		return Block{}, ErrNoWork
	}
	for _, n := range l.lines {
		if n.entry > before && n.entry <= b.through {
			b.tallies = append(b.tallies, n.Tally)
		}
	}
	rand.Read(b.id[:])
	l.blocks = append(l.blocks, b)
	return b.copy(), nil
}

func (b *bound) copy() Block {
	block := Block{ID: b.id}
	beside := slices.Clone(b.tallies)
	for _, e := range b.entries {
		if e.state == taken {
			block.Batches = append(block.Batches, e.copy())
		} else { // it shows nothing any more
			beside = append(beside, Tally{Hour: aggregator.HourOf(e.kept.AtMs), Province: e.kept.Route.Province, Lost: e.kept.Lost})
		}
	}
	block.Tallies = addUp(beside)
	return block
}

// addUp leaves one Tally an hour and province, without those of nothing.
func addUp(all []Tally) []Tally {
	slices.SortFunc(all, func(a, b Tally) int {
		return cmp.Or(cmp.Compare(a.Hour, b.Hour), cmp.Compare(a.Province, b.Province))
	})
	var out []Tally
	for _, t := range all {
		if t.Lost+t.Repeated == 0 {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Hour == t.Hour && out[n-1].Province == t.Province {
			out[n-1].Lost += t.Lost
			out[n-1].Repeated += t.Repeated
			continue
		}
		out = append(out, t)
	}
	return out
}

func (e *entry) copy() Kept {
	k := e.kept
	k.Batch.Body = bytes.Clone(k.Batch.Body)
	return k
}

// Loaded implements Ledger.
func (l *Memory) Loaded(ctx context.Context, id BlockID, unreadable map[uint64]string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.IndexFunc(l.blocks, func(b *bound) bool { return b.id == id })
	if at < 0 {
		return fmt.Errorf("ledger: block %x is not bound", id)
	}
	b := l.blocks[at]
	if b.loaded {
		return nil
	}
	for bad := range unreadable {
		if !slices.ContainsFunc(b.entries, func(e *entry) bool { return e.kept.ID == bad && e.state == taken }) {
			return fmt.Errorf("ledger: batch %d is not in block %x", bad, id)
		}
	}
	b.loaded = true
	for _, e := range b.entries {
		if e.state != taken {
			continue
		}
		e.state = loaded
		if why, bad := unreadable[e.kept.ID]; bad {
			e.state, e.why = quarantined, why
		}
	}
	return nil
}

// LoadedBlocks implements Ledger.
func (l *Memory) LoadedBlocks(ctx context.Context, skip, limit int) ([]BlockID, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []BlockID
	for _, b := range slices.Backward(l.blocks) {
		if !b.loaded {
			continue
		}
		if skip > 0 {
			skip--
		} else if len(ids) < limit {
			ids = append(ids, b.id)
		}
	}
	return ids, ctx.Err()
}

// Reload implements Ledger.
func (l *Memory) Reload(ctx context.Context, from BlockID) (again, gone uint64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.IndexFunc(l.blocks, func(b *bound) bool { return b.id == from && b.loaded })
	if at < 0 {
		return 0, 0, fmt.Errorf("ledger: block %x is not loaded", from)
	}
	for _, b := range l.blocks[at:] {
		if !b.loaded {
			continue
		}
		b.loaded = false
		for _, e := range b.entries {
			switch {
			case e.state == quarantined:
			case len(e.kept.Batch.Body) == 0:
				gone += uint64(e.kept.Batch.N)
			default:
				e.state = taken
				again += uint64(e.kept.Batch.N)
			}
		}
	}
	return again, gone, nil
}

// Quarantine implements Ledger.
func (l *Memory) Quarantine(ctx context.Context, limit int) ([]Poison, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var poison []Poison
	for _, e := range slices.Backward(l.batches) {
		if e.state == quarantined && len(poison) < limit {
			poison = append(poison, Poison{Kept: e.copy(), Why: e.why})
		}
	}
	return poison, ctx.Err()
}

// Gaps implements Ledger.
func (l *Memory) Gaps(ctx context.Context) ([]Gaps, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows := make(map[uint8]*Gaps)
	boxes := make(map[uint8]map[string]bool)
	for key, s := range l.streams {
		row := rows[s.province]
		if row == nil {
			row = &Gaps{Province: aggregator.Province(s.province)}
			rows[s.province], boxes[s.province] = row, make(map[string]bool)
		}
		boxes[s.province][key.box] = true
		row.Streams++
		row.Boxes = uint64(len(boxes[s.province]))
		row.Lost = AddSaturating(row.Lost, s.mark.Lost)
	}
	for _, e := range l.batches {
		row := rows[l.streams[streamKey{e.kept.Route.Box, e.kept.Batch.Epoch}].province]
		switch e.state {
		case quarantined:
			row.Quarantine += uint64(e.kept.Batch.N)
		case fresh, taken, loaded:
			row.Received += uint64(e.kept.Batch.N)
		}
	}
	gaps := make([]Gaps, 0, len(rows))
	for _, p := range slices.Sorted(maps.Keys(rows)) {
		gaps = append(gaps, *rows[p])
	}
	return gaps, ctx.Err()
}

// Backlog implements Ledger.
func (l *Memory) Backlog(ctx context.Context) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var events uint64
	for _, e := range l.batches {
		if e.state == fresh || e.state == taken {
			events += uint64(e.kept.Batch.N)
		}
	}
	return events, ctx.Err()
}

// Prune implements Ledger.
func (l *Memory) Prune(ctx context.Context, beforeMs int64) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	emptied, open := 0, false
	for _, e := range l.batches {
		open = open || e.state == fresh || e.state == taken
		if (e.state == loaded && !open || e.state == quarantined) && e.kept.AtMs < beforeMs && len(e.kept.Batch.Body) > 0 {
			e.kept.Batch.Body = nil
			emptied++
		}
	}
	return emptied, ctx.Err()
}

// Close does nothing: the contents stay for the next user.
func (l *Memory) Close() error { return nil }

// AddSaturating adds two counts of events; the sum of what hostile boxes claim
// to have lost stops at the greatest number instead of starting again at 0.
func AddSaturating(a, b uint64) uint64 {
	if a+b < a {
		return 1<<64 - 1
	}
	return a + b
}
