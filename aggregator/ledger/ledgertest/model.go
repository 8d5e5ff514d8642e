package ledgertest

import (
	"context"
	"errors"
	"flag"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/ledger"
)

// testModel does random things to the engine and to the reference and compares
// every answer.
func testModel(t *testing.T, fresh func(t *testing.T) Open) {
	quick(t)
	rapid.Check(t, func(rt *rapid.T) {
		open := fresh(t)
		m := &model{open: open, got: open(), want: ledger.NewMemory(), ids: make(map[ledger.BlockID]ledger.BlockID)}
		defer func() {
			if err := m.got.Close(); err != nil {
				rt.Errorf("Close: %v", err)
			}
		}()
		for i := range 3 {
			m.streams = append(m.streams, NewStream(BoxID(i), uint8(33+i), 1))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"commit": m.commit,
			"bind":   m.bind,
			"loaded": m.loaded,
			"prune":  m.prune,
			"reload": m.reload,
			"reopen": m.reopen,
			"":       m.compare,
		})
	})
}

// model holds the engine, the reference and what the boxes have sealed.
type model struct {
	open    Open
	got     ledger.Ledger
	want    *ledger.Memory
	streams []*Stream
	sealed  []ledger.Received
	bound   [2]ledger.Block // the engine's and the reference's
	ids     map[ledger.BlockID]ledger.BlockID
	clock   int64
}

// commit sends one to six batches: new, old, beyond the mark, of a new epoch,
// of another history.
func (m *model) commit(t *rapid.T) {
	var group []ledger.Received
	for range rapid.IntRange(1, 6).Draw(t, "batches") {
		st := rapid.SampledFrom(m.streams).Draw(t, "stream")
		m.clock += int64(rapid.IntRange(-3, 10).Draw(t, "tick")) * aggregator.HourMs / 20
		st.AtMs = m.clock
		n := uint32(rapid.IntRange(1, 9).Draw(t, "n"))
		var r ledger.Received
		switch rapid.IntRange(0, 11).Draw(t, "what") {
		case 0: // something old
			if len(m.sealed) == 0 {
				continue
			}
			r = rapid.SampledFrom(m.sealed).Draw(t, "old")
		case 1: // a batch is lost on the way
			m.sealed = append(m.sealed, st.Next(n))
			r = st.Next(n)
		case 2: // evicted before it was sent
			st.Next(n)
			st.Evict()
			r = st.Next(1)
		case 3:
			r = st.Tombstone(n)
		case 4:
			r = st.Poison(n, "codec: 9")
		case 5: // a new epoch, what was sealed is carried over
			renewed := NewStream(st.Route.Box, st.Route.Province, st.Epoch+1)
			m.streams = append(m.streams, renewed)
			r = renewed.Next(n)
			for _, old := range m.sealed {
				if old.Route.Box == st.Route.Box && len(group) < 20 && rapid.Bool().Draw(t, "carry") {
					group = append(group, renewed.Carry(old))
				}
			}
		case 6: // a clone goes its own way
			clone := *st
			clone.salt += 1000
			m.streams = append(m.streams, &clone)
			r = clone.Next(n)
		case 7: // the box moves
			st.Route.Province = uint8(rapid.IntRange(33, 36).Draw(t, "province"))
			r = st.Next(n)
		case 8: // the centre restored an older state, or the box rolled back: a wrong floor
			r = st.Next(n)
			r.Batch.Floor = uint64(rapid.IntRange(1, int(r.Batch.No)).Draw(t, "floor"))
		default:
			r = st.Next(n)
		}
		m.sealed = append(m.sealed, r)
		group = append(group, r)
	}
	got, err := m.got.Commit(context.Background(), group)
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	want, err := m.want.Commit(context.Background(), group)
	if err != nil {
		t.Fatalf("reference: %v", err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("verdicts (-want +got):\n%s", diff)
	}
}

func (m *model) bind(t *rapid.T) {
	max := rapid.IntRange(1, 60).Draw(t, "max")
	got, gotErr := m.got.Bind(context.Background(), max)
	want, wantErr := m.want.Bind(context.Background(), max)
	if !errors.Is(gotErr, wantErr) {
		t.Fatalf("Bind: %v, want %v", gotErr, wantErr)
	}
	if before, again := m.ids[want.ID]; again && before != got.ID {
		t.Fatalf("the block's id changed from %x to %x", before, got.ID)
	}
	m.ids[want.ID] = got.ID
	if diff := cmp.Diff(anonymous(want.Batches), anonymous(got.Batches), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("block (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Tallies, got.Tallies, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("tallies (-want +got):\n%s", diff)
	}
	if wantErr == nil {
		m.bound = [2]ledger.Block{got, want}
	}
}

// anonymous drops the engines' own numbers.
func anonymous(kept []ledger.Kept) []ledger.Kept {
	out := make([]ledger.Kept, len(kept))
	for i, k := range kept {
		k.ID = 0
		out[i] = k
	}
	return out
}

func (m *model) loaded(t *rapid.T) {
	if m.bound[0].ID == (ledger.BlockID{}) {
		t.Skip("nothing was bound")
	}
	unreadable := [2]map[uint64]string{{}, {}}
	for i := range m.bound[0].Batches {
		if rapid.IntRange(0, 5).Draw(t, "unreadable") == 0 {
			for side := range m.bound {
				unreadable[side][m.bound[side].Batches[i].ID] = "body: cut"
			}
		}
	}
	if err := m.got.Loaded(context.Background(), m.bound[0].ID, unreadable[0]); err != nil {
		t.Fatalf("Loaded: %v", err)
	}
	if err := m.want.Loaded(context.Background(), m.bound[1].ID, unreadable[1]); err != nil {
		t.Fatalf("reference: %v", err)
	}
}

func (m *model) prune(t *rapid.T) {
	before := rapid.Int64Range(0, max(1, m.clock+5)).Draw(t, "before")
	got, err := m.got.Prune(context.Background(), before)
	if err != nil {
		t.Fatalf("Prune: %v", err)
	}
	if want, _ := m.want.Prune(context.Background(), before); got != want {
		t.Fatalf("Prune(%d) emptied %d, want %d", before, got, want)
	}
}

// reload loses the store behind a random block.
func (m *model) reload(t *rapid.T) {
	ctx := context.Background()
	ids, _ := m.want.LoadedBlocks(ctx, 0, 100)
	got, err := m.got.LoadedBlocks(ctx, 0, 100)
	if err != nil || len(got) != len(ids) {
		t.Fatalf("LoadedBlocks: %d, %v; want %d", len(got), err, len(ids))
	}
	for i := range ids {
		if got[i] != m.ids[ids[i]] {
			t.Fatalf("loaded block %d is %x, want %x", i, got[i], m.ids[ids[i]])
		}
	}
	if len(ids) == 0 {
		t.Skip("nothing is loaded")
	}
	from := rapid.SampledFrom(ids).Draw(t, "from")
	m.bound = [2]ledger.Block{} // it has other batches now
	again, gone, err := m.got.Reload(ctx, m.ids[from])
	wantAgain, wantGone, wantErr := m.want.Reload(ctx, from)
	if err != nil || wantErr != nil || again != wantAgain || gone != wantGone {
		t.Fatalf("Reload: %d again, %d gone, %v; want %d and %d, %v", again, gone, err, wantAgain, wantGone, wantErr)
	}
}

func (m *model) reopen(t *rapid.T) {
	if err := m.got.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	m.got = m.open()
}

// compare asks both everything that changes nothing.
func (m *model) compare(t *rapid.T) {
	ctx := context.Background()
	wantGaps, _ := m.want.Gaps(ctx)
	gaps, err := m.got.Gaps(ctx)
	if diff := cmp.Diff(wantGaps, gaps, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Fatalf("Gaps: %v (-want +got):\n%s", err, diff)
	}
	wantBacklog, _ := m.want.Backlog(ctx)
	if backlog, err := m.got.Backlog(ctx); backlog != wantBacklog || err != nil {
		t.Fatalf("Backlog = %d, %v; want %d", backlog, err, wantBacklog)
	}
	wantPoison, _ := m.want.Quarantine(ctx, 4)
	poison, err := m.got.Quarantine(ctx, 4)
	for i := range poison {
		poison[i].ID = 0
	}
	for i := range wantPoison {
		wantPoison[i].ID = 0
	}
	if diff := cmp.Diff(wantPoison, poison, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Fatalf("Quarantine: %v (-want +got):\n%s", err, diff)
	}
	st := rapid.SampledFrom(m.streams).Draw(t, "whose mark")
	want, _ := m.want.Mark(ctx, st.Route.Box, st.Epoch)
	if got, err := m.got.Mark(ctx, st.Route.Box, st.Epoch); got != want || err != nil {
		t.Fatalf("Mark = %+v, %v; want %+v", got, err, want)
	}
}

// quick runs fewer cases than rapid's hundred, each of them some dozen synced
// commits, unless -rapid.checks asks for a number.
func quick(t *testing.T) {
	t.Helper()
	checks := flag.Lookup("rapid.checks")
	if checks == nil || checks.Value.String() != checks.DefValue {
		return
	}
	set := func(value string) {
		if err := checks.Value.Set(value); err != nil {
			t.Errorf("rapid.checks: %v", err)
		}
	}
	set("20")
	t.Cleanup(func() { set(checks.DefValue) })
}
