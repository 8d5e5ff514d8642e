// Package ledgertest is the meaning of ledger.Ledger: Run holds what every
// engine must do, Stream plays the boxes.
package ledgertest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"iptvdc/aggregator"
	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// Open opens the ledger under test; called again after Close it plays a
// restart on the same data.
type Open func() ledger.Ledger

// Run checks an engine. fresh makes a new empty place for each test.
func Run(t *testing.T, fresh func(t *testing.T) Open) {
	for name, test := range map[string]func(t *testing.T, s *subject){
		"Next":               testNext,
		"Repeat":             testRepeat,
		"Gap":                testGap,
		"OtherHistory":       testOtherHistory,
		"Floor":              testFloor,
		"SeveralInACall":     testSeveralInACall,
		"Tombstone":          testTombstone,
		"CarriedOver":        testCarriedOver,
		"CarriedInOneCall":   testCarriedInOneCall,
		"ForeignUID":         testForeignUID,
		"UnmarkedUID":        testUnmarkedUID,
		"Quarantine":         testQuarantine,
		"ExtremeNumbers":     testExtremeNumbers,
		"ConcurrentCommits":  testConcurrentCommits,
		"BlockBoundBefore":   testBlockBoundBefore,
		"BlockSizes":         testBlockSizes,
		"LoadedTwice":        testLoadedTwice,
		"Unreadable":         testUnreadable,
		"Reload":             testReload,
		"Tallies":            testTallies,
		"TalliesAlone":       testTalliesAlone,
		"TalliesAgain":       testTalliesAgain,
		"BodiesAreKept":      testBodiesAreKept,
		"GapsByProvince":     testGapsByProvince,
		"Prune":              testPrune,
		"Cancelled":          testCancelled,
		"ManyStreamsInACall": testManyStreams,
	} {
		t.Run(name, func(t *testing.T) {
			open := fresh(t)
			s := &subject{T: t, open: open, Ledger: open()}
			t.Cleanup(s.finish)
			test(t, s)
		})
	}
	t.Run("Model", func(t *testing.T) { testModel(t, fresh) })
}

// subject is the ledger under test with the calls every test makes.
type subject struct {
	*testing.T
	ledger.Ledger
	open Open
}

func (s *subject) reopen() {
	s.Helper()
	if err := s.Ledger.Close(); err != nil {
		s.Fatalf("Close: %v", err)
	}
	s.Ledger = s.open()
}

// finish checks after each test that the accounts agree and closes.
func (s *subject) finish() {
	s.Helper()
	gaps := s.gaps()
	var received uint64
	for _, g := range gaps {
		received += g.Received
	}
	if backlog := s.backlog(); backlog > received {
		s.Errorf("backlog %d exceeds %d events received", backlog, received)
	}
	if err := s.Ledger.Close(); err != nil {
		s.Errorf("Close: %v", err)
	}
}

func (s *subject) commit(batches ...ledger.Received) []ledger.Verdict {
	s.Helper()
	verdicts, err := s.Commit(context.Background(), batches)
	if err != nil {
		s.Fatalf("Commit: %v", err)
	}
	if len(verdicts) != len(batches) {
		s.Fatalf("%d verdicts for %d batches", len(verdicts), len(batches))
	}
	return verdicts
}

// commitOne commits one batch and checks what came of it.
func (s *subject) commitOne(r ledger.Received, want ledger.Outcome, mark ledger.Mark) ledger.Verdict {
	s.Helper()
	v := s.commit(r)[0]
	if v.Outcome != want || v.Mark != mark {
		s.Fatalf("batch %d: %v %+v; want %v %+v", r.Batch.No, v.Outcome, v.Mark, want, mark)
	}
	got, err := s.Mark(context.Background(), r.Route.Box, r.Batch.Epoch)
	if err != nil || got != mark {
		s.Fatalf("Mark = %+v, %v; want %+v", got, err, mark)
	}
	return v
}

func (s *subject) bind(max int) ledger.Block {
	s.Helper()
	block, err := s.Bind(context.Background(), max)
	if err != nil {
		s.Fatalf("Bind: %v", err)
	}
	return block
}

func (s *subject) noWork() {
	s.Helper()
	if block, err := s.Bind(context.Background(), 1000); !errors.Is(err, ledger.ErrNoWork) {
		s.Fatalf("Bind = %d batches, %v; want ErrNoWork", len(block.Batches), err)
	}
}

func (s *subject) loaded(b ledger.Block, unreadable map[uint64]string) {
	s.Helper()
	if err := s.Loaded(context.Background(), b.ID, unreadable); err != nil {
		s.Fatalf("Loaded: %v", err)
	}
}

func (s *subject) gaps() []ledger.Gaps {
	s.Helper()
	g, err := s.Gaps(context.Background())
	if err != nil {
		s.Fatalf("Gaps: %v", err)
	}
	return g
}

func (s *subject) wantGaps(want ...ledger.Gaps) {
	s.Helper()
	if diff := cmp.Diff(want, s.gaps(), cmpopts.EquateEmpty()); diff != "" {
		s.Fatalf("Gaps (-want +got):\n%s", diff)
	}
}

func (s *subject) backlog() uint64 {
	s.Helper()
	n, err := s.Backlog(context.Background())
	if err != nil {
		s.Fatalf("Backlog: %v", err)
	}
	return n
}

func (s *subject) poison(limit int) []ledger.Poison {
	s.Helper()
	p, err := s.Ledger.Quarantine(context.Background(), limit)
	if err != nil {
		s.Fatalf("Quarantine: %v", err)
	}
	return p
}

// [S3] batches in order advance the mark, also across a restart.
func testNext(t *testing.T, s *subject) {
	st := NewStream(BoxID(1), 33, 9<<60)
	if v := s.commitOne(st.Next(3), ledger.Stored, st.Mark(0)); !v.NewStream {
		t.Error("the first batch did not say that its stream is new")
	}
	if v := s.commitOne(st.Next(2), ledger.Stored, st.Mark(0)); v.NewStream {
		t.Error("the second batch called its stream new")
	}
	s.reopen()
	s.commitOne(st.Next(1), ledger.Stored, st.Mark(0))
	if got := s.backlog(); got != 6 {
		t.Errorf("backlog %d, want 6", got)
	}
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 1, Boxes: 1, Received: 6})
	if m, err := s.Mark(context.Background(), BoxID(2), 1); err != nil || m != (ledger.Mark{}) {
		t.Errorf("mark of an unknown stream: %+v, %v", m, err)
	}
}

// [S4] a repeat stores nothing and tells the present mark.
func testRepeat(t *testing.T, s *subject) {
	st := NewStream(BoxID(1), 33, 1)
	first, second := st.Next(3), st.Next(4)
	s.commit(first, second)
	for range 3 {
		v := s.commitOne(first, ledger.Repeated, st.Mark(0))
		if v.Code() != protocol.AckOK || v.NewStream {
			t.Fatalf("repeat: code %v, new %v", v.Code(), v.NewStream)
		}
		s.commitOne(second, ledger.Repeated, st.Mark(0))
		s.reopen()
	}
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 1, Boxes: 1, Received: 7})
	if got := len(s.bind(1000).Batches); got != 2 {
		t.Errorf("%d batches to load, want 2", got)
	}
}

// [S4] a batch beyond the mark changes nothing; code 1.
func testGap(t *testing.T, s *subject) {
	st := NewStream(BoxID(1), 33, 1)
	first, second, third := st.Next(1), st.Next(1), st.Next(1)
	v := s.commitOne(second, ledger.Gap, ledger.Mark{})
	if v.Code() != protocol.AckGap || v.NewStream {
		t.Errorf("code %v, new %v", v.Code(), v.NewStream)
	}
	s.wantGaps()
	s.noWork()
	one := ledger.Mark{Through: 1, Seq: 1, Chain: first.Batch.Sealed.Chain()}
	s.commitOne(first, ledger.Stored, one)
	s.commitOne(third, ledger.Gap, one)
	s.commitOne(second, ledger.Stored, ledger.Mark{Through: 2, Seq: 2, Chain: second.Batch.Sealed.Chain()})
	s.commitOne(third, ledger.Stored, st.Mark(0))
}

// [S4] the right number on another history, or a seq that runs backwards, is
// no successor.
func testOtherHistory(t *testing.T, s *subject) {
	st := NewStream(BoxID(1), 33, 1)
	first := st.Next(5)
	mark := st.Mark(0)
	s.commitOne(first, ledger.Stored, mark)
	other := NewStream(BoxID(1), 33, 1)
	other.salt = 100
	other.Next(5)
	s.commitOne(other.Next(1), ledger.Gap, mark)
	back := st.Next(1)
	back.Batch.First = 5
	s.commitOne(back, ledger.Gap, mark)
	clone := NewStream(BoxID(1), 33, 1)
	clone.salt = 200
	s.commitOne(clone.Next(9), ledger.Repeated, mark) // the chain in the ack tells the box
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 1, Boxes: 1, Received: 5})
}

// [S2] a floor above the mark is a loss, counted to the event; only the batch
// at the floor may jump.
func testFloor(t *testing.T, s *subject) {
	st := NewStream(BoxID(1), 33, 1)
	s.commit(st.Next(2))
	before := st.Mark(0)
	st.Next(10)
	st.Next(20)
	st.Evict()
	atFloor, after := st.Next(3), st.Next(4)
	s.commitOne(after, ledger.Gap, before)
	s.commitOne(atFloor, ledger.Stored, ledger.Mark{Through: 4, Seq: 35, Chain: atFloor.Batch.Sealed.Chain(), Lost: 30})
	s.commitOne(atFloor, ledger.Repeated, ledger.Mark{Through: 4, Seq: 35, Chain: atFloor.Batch.Sealed.Chain(), Lost: 30})
	s.commitOne(after, ledger.Stored, st.Mark(30))
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 1, Boxes: 1, Received: 9, Lost: 30})

	unknown := NewStream(BoxID(2), 33, 1) // the very first batch may be above the floor
	unknown.Next(7)
	unknown.Evict()
	r := unknown.Next(1)
	if v := s.commitOne(r, ledger.Stored, unknown.Mark(7)); !v.NewStream {
		t.Error("the stream was not called new")
	}
	s.reopen()
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 2, Boxes: 2, Received: 10, Lost: 37})
}

// Several batches of a stream in one call are judged one after the other.
func testSeveralInACall(t *testing.T, s *subject) {
	st, other := NewStream(BoxID(1), 33, 1), NewStream(BoxID(2), 43, 2)
	b1, b2, b3, b4 := st.Next(1), st.Next(2), st.Next(3), st.Next(4)
	o1 := other.Next(5)
	verdicts := s.commit(b1, b2, b1, b4, o1, b3, b3, b4)
	var got []ledger.Outcome
	var through []uint64
	var fresh []bool
	for _, v := range verdicts {
		got, through, fresh = append(got, v.Outcome), append(through, v.Mark.Through), append(fresh, v.NewStream)
	}
	want := []ledger.Outcome{ledger.Stored, ledger.Stored, ledger.Repeated, ledger.Gap, ledger.Stored, ledger.Stored, ledger.Repeated, ledger.Stored}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uint64{1, 2, 2, 2, 1, 3, 3, 4}, through); diff != "" {
		t.Errorf("through (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]bool{true, false, false, false, true, false, false, false}, fresh); diff != "" {
		t.Errorf("new streams (-want +got):\n%s", diff)
	}
	s.wantGaps(
		ledger.Gaps{Province: 33, Streams: 1, Boxes: 1, Received: 10},
		ledger.Gaps{Province: 43, Streams: 1, Boxes: 1, Received: 5})
	if v := s.commit(); len(v) != 0 {
		t.Errorf("%d verdicts for no batch", len(v))
	}
}

// A tombstone moves the mark, counts as lost and is never loaded.
func testTombstone(t *testing.T, s *subject) {
	st := NewStream(BoxID(1), 33, 1)
	s.commitOne(st.Next(2), ledger.Stored, st.Mark(0))
	s.commitOne(st.Tombstone(5), ledger.Stored, st.Mark(5))
	s.commitOne(st.Next(3), ledger.Stored, st.Mark(5))
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 1, Boxes: 1, Received: 5, Lost: 5})
	if got := s.backlog(); got != 5 {
		t.Errorf("backlog %d, want 5", got)
	}
	block := s.bind(1000)
	if len(block.Batches) != 2 || block.Batches[1].Batch.No != 3 {
		t.Errorf("bound %d batches, want the two that hold events", len(block.Batches))
	}
	s.loaded(block, nil)
	s.noWork()
}

// [S3] what came in an earlier epoch is not kept again, carried over or not.
func testCarriedOver(t *testing.T, s *subject) {
	old := NewStream(BoxID(1), 33, 1)
	a, b, c := old.Next(1), old.Next(2), old.Next(4)
	s.commit(a, b)
	renewed := NewStream(BoxID(1), 33, 2)
	s.commitOne(renewed.Carry(b), ledger.Known, renewed.Mark(0))
	s.reopen()
	s.commitOne(renewed.Carry(c), ledger.Stored, renewed.Mark(0))
	s.commitOne(renewed.Next(8), ledger.Stored, renewed.Mark(0))
	s.commitOne(c, ledger.Known, old.Mark(0)) // the clone goes on in the first epoch
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 2, Boxes: 1, Received: 15})

	// A tombstone of what had arrived loses nothing.
	third := NewStream(BoxID(1), 33, 3)
	grave := a
	grave.Batch.Flags, grave.Batch.Body = protocol.FlagTombstone, nil
	s.commitOne(third.Carry(grave), ledger.Known, third.Mark(0))
	// A batch whose tombstone came first stays lost.
	d := old.Next(16)
	gone := d
	gone.Batch.Flags, gone.Batch.Body = protocol.FlagTombstone, nil
	s.commitOne(third.Carry(gone), ledger.Stored, third.Mark(16))
	s.commitOne(d, ledger.Known, old.Mark(0))
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 3, Boxes: 1, Received: 15, Lost: 16})
	if got := s.backlog(); got != 15 {
		t.Errorf("backlog %d, want 15", got)
	}
}

// The same within one call: the first of two with one uid is kept.
func testCarriedInOneCall(t *testing.T, s *subject) {
	old, renewed := NewStream(BoxID(1), 33, 1), NewStream(BoxID(1), 33, 2)
	a := old.Next(3)
	verdicts := s.commit(a, renewed.Carry(a), a)
	for i, want := range []ledger.Outcome{ledger.Stored, ledger.Known, ledger.Repeated} {
		if verdicts[i].Outcome != want {
			t.Errorf("batch %d: %v, want %v", i, verdicts[i].Outcome, want)
		}
	}
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 2, Boxes: 1, Received: 3})
}

// A uid belongs to its box: two boxes may draw the same.
func testForeignUID(t *testing.T, s *subject) {
	mine, theirs := NewStream(BoxID(1), 33, 1), NewStream(BoxID(2), 33, 1)
	a := mine.Next(1)
	s.commit(a, theirs.Carry(a))
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 2, Boxes: 2, Received: 2})
	s.commitOne(theirs.Carry(a), ledger.Known, theirs.Mark(0)) // again, within one epoch
}

// The uid alone decides, whether or not the box says "carried over", and the
// others in the call are stored as ever.
func testUnmarkedUID(t *testing.T, s *subject) {
	old, renewed, other := NewStream(BoxID(1), 33, 1), NewStream(BoxID(1), 33, 2), NewStream(BoxID(2), 33, 1)
	a := old.Next(3)
	s.commit(a)
	again := renewed.Carry(a)
	again.Batch.Flags = 0
	before, after := other.Next(1), renewed.Next(5)
	verdicts := s.commit(before, again, after)
	for i, want := range []ledger.Outcome{ledger.Stored, ledger.Known, ledger.Stored} {
		if verdicts[i].Outcome != want {
			t.Errorf("batch %d: %v, want %v", i, verdicts[i].Outcome, want)
		}
	}
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 3, Boxes: 2, Received: 9})
}

// [S5] poison is kept raw, moves the mark, is never loaded and never in the way.
func testQuarantine(t *testing.T, s *subject) {
	st := NewStream(BoxID(1), 33, 1)
	good, bad, after := st.Next(1), st.Poison(5000, "n: 5000, allowed 1..4096"), st.Next(2)
	bad.Batch.Body = []byte("raw")
	bad.Batch.Codec = 77
	after.Batch.Prev = bad.Batch.Sealed.Chain()
	s.commit(good)
	if v := s.commit(bad)[0]; v.Outcome != ledger.Quarantined || v.Code() != protocol.AckQuarantined || v.Mark.Through != 2 {
		t.Fatalf("poison: %+v", v)
	}
	s.commitOne(bad, ledger.Repeated, ledger.Mark{Through: 2, Seq: 5001, Chain: bad.Batch.Sealed.Chain()})
	s.commitOne(after, ledger.Stored, ledger.Mark{Through: 3, Seq: 5003, Chain: after.Batch.Sealed.Chain()})
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 1, Boxes: 1, Received: 3, Quarantine: 5000})
	if got := s.backlog(); got != 3 {
		t.Errorf("backlog %d, want 3", got)
	}
	s.reopen()
	p := s.poison(10)
	if len(p) != 1 {
		t.Fatalf("%d quarantined, want 1", len(p))
	}
	if p[0].Why != bad.Quarantine || p[0].Route != bad.Route || p[0].AtMs != bad.AtMs {
		t.Errorf("poison %+v", p[0])
	}
	if diff := cmp.Diff(bad.Batch, p[0].Batch, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("poison's batch (-want +got):\n%s", diff)
	}
	if got := len(s.bind(1000).Batches); got != 2 {
		t.Errorf("%d bound, want 2", got)
	}
	// A tombstone that is poison too is counted once.
	grave := st.Tombstone(0)
	other := NewStream(BoxID(2), 33, 1)
	grave = other.Carry(grave)
	grave.Batch.N, grave.Quarantine = 9000, "n: 9000, allowed 1..4096"
	s.commit(grave)
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 2, Boxes: 2, Received: 3, Quarantine: 14000})
	if p := s.poison(1); len(p) != 1 || p[0].Batch.N != 9000 {
		t.Errorf("the newest quarantined batch is not the first: %+v", p)
	}
}

// Numbers at the edge of what the wire carries are kept exactly, and what
// hostile boxes claim breaks no account.
func testExtremeNumbers(t *testing.T, s *subject) {
	for i := range 3 {
		st := NewStream(BoxID(i), 99, 1<<64-1)
		st.No, st.Seq, st.Prev = 1<<62-1, 1<<63-1-10, protocol.Chain{255, 1, 2, 3, 4, 5, 6, 7}
		st.Evict()
		r := st.Next(5)
		r.Batch.Boot, r.Batch.UpMs, r.Batch.WallMs = 1<<32-1, 1<<63-1, 1<<63-1
		s.commitOne(r, ledger.Stored, st.Mark(1<<63-1-10))
		s.commitOne(st.Next(100), ledger.Gap, ledger.Mark{Through: 1 << 62, Seq: 1<<63 - 1 - 5, Chain: r.Batch.Sealed.Chain(), Lost: 1<<63 - 1 - 10})
	}
	s.wantGaps(ledger.Gaps{Province: 99, Streams: 3, Boxes: 3, Received: 15, Lost: 1<<64 - 1})
	b := s.bind(5).Batches[0].Batch
	if b.Epoch != 1<<64-1 || b.Boot != 1<<32-1 || b.UpMs != 1<<63-1 || b.No != 1<<62 {
		t.Errorf("kept as %+v", b)
	}
}

// [S1] committers that race for one stream advance it once each number.
func testConcurrentCommits(t *testing.T, s *subject) {
	const batches, committers = 40, 4
	st := NewStream(BoxID(1), 33, 1)
	var all []ledger.Received
	for range batches {
		all = append(all, st.Next(1))
	}
	var stored [committers][]uint64
	var wg sync.WaitGroup
	for c := range committers {
		wg.Go(func() {
			for i := range all {
				for {
					v, err := s.Commit(context.Background(), all[i:min(i+1+c, len(all))])
					if err != nil {
						t.Errorf("Commit: %v", err)
						return
					}
					for k := range v {
						if v[k].Outcome == ledger.Stored {
							stored[c] = append(stored[c], all[i+k].Batch.No)
						}
					}
					if v[0].Outcome != ledger.Gap {
						break
					}
				}
			}
		})
	}
	wg.Wait()
	seen := make(map[uint64]bool)
	for c := range stored {
		for _, no := range stored[c] {
			if seen[no] {
				t.Errorf("batch %d was stored twice", no)
			}
			seen[no] = true
		}
	}
	if len(seen) != batches {
		t.Errorf("%d of %d batches stored", len(seen), batches)
	}
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 1, Boxes: 1, Received: batches})
	for i, k := range s.bind(1000).Batches {
		if k.Batch.No != uint64(i+1) {
			t.Fatalf("batch %d stands at place %d of the block", k.Batch.No, i)
		}
	}
}

// [S7] a block is bound before its first insert and stays what it is until it
// is loaded, whatever comes in between, a crash too.
func testBlockBoundBefore(t *testing.T, s *subject) {
	st := NewStream(BoxID(1), 33, 1)
	s.commit(st.Next(3), st.Next(3))
	block := s.bind(1000)
	if len(block.Batches) != 2 || block.ID == (ledger.BlockID{}) {
		t.Fatalf("block %+v", block)
	}
	s.commit(st.Next(3))
	s.reopen()
	for range 2 {
		again := s.bind(1)
		if diff := cmp.Diff(block, again); diff != "" {
			t.Fatalf("the block changed (-first +again):\n%s", diff)
		}
	}
	if got := s.backlog(); got != 9 {
		t.Errorf("backlog %d, want 9", got)
	}
	s.loaded(block, nil)
	if got := s.backlog(); got != 3 {
		t.Errorf("backlog %d, want 3", got)
	}
	s.reopen()
	next := s.bind(1000)
	if next.ID == block.ID || len(next.Batches) != 1 || next.Batches[0].Batch.No != 3 {
		t.Fatalf("the next block is %+v", next)
	}
	s.loaded(next, nil)
	s.noWork()
	if got := s.backlog(); got != 0 {
		t.Errorf("backlog %d, want 0", got)
	}
}

// Blocks take whole batches, in the order of commits, until they are full.
func testBlockSizes(t *testing.T, s *subject) {
	st := NewStream(BoxID(1), 33, 1)
	var all []ledger.Received
	for range 7 {
		all = append(all, st.Next(10))
	}
	s.commit(all[:3]...)
	s.commit(all[3:]...)
	var last uint64
	f := func(max int, want ...uint64) {
		t.Helper()
		block := s.bind(max)
		var got []uint64
		for _, k := range block.Batches {
			got = append(got, k.Batch.No)
			if k.ID <= last {
				t.Errorf("id %d after %d", k.ID, last)
			}
			last = k.ID
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Bind(%d) (-want +got):\n%s", max, diff)
		}
		s.loaded(block, nil)
	}
	f(20, 1, 2)
	f(1, 3)
	f(21, 4, 5, 6)
	f(1000, 7)
	s.noWork()
}

func testLoadedTwice(t *testing.T, s *subject) {
	st := NewStream(BoxID(1), 33, 1)
	s.commit(st.Next(3), st.Next(4))
	block := s.bind(1000)
	id := block.Batches[0].ID
	if err := s.Loaded(context.Background(), ledger.BlockID{1}, nil); err == nil {
		t.Error("a block that was never bound was taken as loaded")
	}
	if err := s.Loaded(context.Background(), block.ID, map[uint64]string{id + 77: "no"}); err == nil {
		t.Error("a batch outside the block was taken as unreadable")
	}
	s.loaded(block, nil)
	s.loaded(block, map[uint64]string{id: "too late"})
	s.reopen()
	s.loaded(block, nil)
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 1, Boxes: 1, Received: 7})
	if p := s.poison(5); len(p) != 0 {
		t.Errorf("%d quarantined by the second call", len(p))
	}
	if got := s.backlog(); got != 0 {
		t.Errorf("backlog %d, want 0", got)
	}
}

// A store that has lost blocks gets them again, the same ones in their order.
func testReload(t *testing.T, s *subject) {
	ctx := context.Background()
	st := NewStream(BoxID(1), 33, 1)
	s.commit(st.Next(3), st.Next(4), st.Next(5), st.Next(6), st.Poison(1, "codec: 9"), st.Next(7))
	var blocks []ledger.Block
	for range 5 {
		b := s.bind(1)
		blocks = append(blocks, b)
		if len(blocks) == 3 {
			s.loaded(b, map[uint64]string{b.Batches[0].ID: "body: cut"})
		} else {
			s.loaded(b, nil)
		}
	}
	listed := func(skip, limit int, want ...ledger.Block) {
		t.Helper()
		got, err := s.LoadedBlocks(ctx, skip, limit)
		if err != nil || len(got) != len(want) {
			t.Fatalf("LoadedBlocks(%d, %d): %d, %v; want %d", skip, limit, len(got), err, len(want))
		}
		for i := range want {
			if got[i] != want[i].ID {
				t.Errorf("LoadedBlocks(%d, %d)[%d] = %x, want %x", skip, limit, i, got[i], want[i].ID)
			}
		}
	}
	listed(0, 2, blocks[4], blocks[3])
	listed(2, 9, blocks[2], blocks[1], blocks[0])
	listed(5, 9)
	if _, _, err := s.Reload(ctx, ledger.BlockID{1}); err == nil {
		t.Error("a block that was never bound is loaded again")
	}
	again := func(from ledger.Block, events, lost uint64) {
		t.Helper()
		got, gone, err := s.Reload(ctx, from.ID)
		if err != nil || got != events || gone != lost {
			t.Fatalf("Reload: %d again, %d gone, %v; want %d and %d", got, gone, err, events, lost)
		}
	}
	again(blocks[1], 4+6+7, 0)
	if _, _, err := s.Reload(ctx, blocks[2].ID); err == nil {
		t.Error("a block that waits to be loaded is loaded again")
	}
	if got := s.backlog(); got != 17 {
		t.Errorf("backlog %d, want 17", got)
	}
	listed(0, 9, blocks[0])
	s.reopen()
	s.commit(st.Next(9))
	blocks[2].Batches = nil // its only batch is in quarantine
	for i, want := range blocks[1:] {
		got := s.bind(1000)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("block %d again (-want +got):\n%s", i+1, diff)
		}
		s.loaded(got, nil)
	}
	fresh := s.bind(1000)
	if len(fresh.Batches) != 1 || fresh.Batches[0].Batch.N != 9 {
		t.Errorf("after them: %+v", fresh)
	}
	s.loaded(fresh, nil)
	s.noWork()
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 1, Boxes: 1, Received: 29, Quarantine: 6})

	// What the archive no longer has cannot come again.
	if _, err := s.Prune(ctx, blocks[4].Batches[0].AtMs+1); err != nil {
		t.Fatal(err)
	}
	late := NewStream(BoxID(2), 33, 1)
	late.AtMs = blocks[4].Batches[0].AtMs + 1
	s.commit(late.Next(2))
	kept := s.bind(1000)
	s.loaded(kept, nil)
	again(blocks[0], 2, 3+4+6+7+9)
	for range 6 {
		s.loaded(s.bind(1000), nil)
	}
	if diff := cmp.Diff(kept, s.bind(1000)); diff != "" {
		t.Errorf("what is left of the archive (-want +got):\n%s", diff)
	}
}

// What the loader could not decode is quarantined and leaves the account of
// what was received.
func testUnreadable(t *testing.T, s *subject) {
	st := NewStream(BoxID(1), 33, 1)
	s.commit(st.Next(3), st.Next(4), st.Next(8))
	block := s.bind(1000)
	s.loaded(block, map[uint64]string{block.Batches[1].ID: "body: cut number"})
	s.reopen()
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 1, Boxes: 1, Received: 11, Quarantine: 4})
	p := s.poison(5)
	if len(p) != 1 || p[0].Why != "body: cut number" || p[0].Batch.No != 2 {
		t.Fatalf("quarantined: %+v", p)
	}
	if diff := cmp.Diff(block.Batches[1], p[0].Kept); diff != "" {
		t.Errorf("not kept raw (-want +got):\n%s", diff)
	}
	s.noWork()
	if got := s.backlog(); got != 0 {
		t.Errorf("backlog %d, want 0", got)
	}
}

// wantTallies checks what a block holds beside its batches, and what its batches
// show to be lost before them.
func (s *subject) wantTallies(b ledger.Block, lost []uint64, want ...ledger.Tally) {
	s.Helper()
	var got []uint64
	for _, k := range b.Batches {
		got = append(got, k.Lost)
	}
	if diff := cmp.Diff(lost, got, cmpopts.EquateEmpty()); diff != "" {
		s.Errorf("lost before the batches (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, b.Tallies, cmpopts.EquateEmpty()); diff != "" {
		s.Errorf("tallies (-want +got):\n%s", diff)
	}
}

// hourOf is the hour in which the stream's next batch arrives.
func hourOf(st *Stream) aggregator.Hour { return aggregator.HourOf(st.AtMs) }

// [S9] a loss is told with the batch that shows it; what a batch that is never
// loaded shows, and what came again, by province and hour of arrival.
func testTallies(t *testing.T, s *subject) {
	st, other := NewStream(BoxID(1), 33, 1), NewStream(BoxID(2), 43, 1)
	first := st.Next(2)
	st.Next(7)
	st.Evict()
	after, o := st.Next(3), other.Next(1)
	s.commit(first, after, first, o, after, o) // three repeats, two of them of 33
	block := s.bind(1000)
	h := hourOf(st)
	s.wantTallies(block, []uint64{0, 7, 0}, ledger.Tally{Hour: h, Province: 33, Repeated: 2}, ledger.Tally{Hour: h, Province: 43, Repeated: 1})
	s.loaded(block, nil)
	s.noWork()

	st.AtMs += aggregator.HourMs
	grave := st.Tombstone(5)
	st.Next(4)
	st.Evict()
	bad := st.Poison(6, "codec: 9")
	st.Next(8)
	st.Evict()
	good := st.Next(1)
	s.commit(grave)
	s.commit(bad)
	s.commit(good)
	s.reopen()
	block = s.bind(1000)
	s.wantTallies(block, []uint64{8}, ledger.Tally{Hour: h + 1, Province: 33, Lost: 5 + 4})
	s.loaded(block, nil)

	// Of what a hostile box claims, as much as can be added up.
	st.Next(1)
	st.Seq += 1 << 40
	st.Evict()
	s.commit(st.Next(1))
	s.wantTallies(s.bind(1000), []uint64{ledger.LostMost})
}

// What no batch shows is bound without one too, as soon as any batch is kept
// after it; a gap refused tells nothing.
func testTalliesAlone(t *testing.T, s *subject) {
	st := NewStream(BoxID(1), 33, 1)
	first, second := st.Next(2), st.Next(3)
	s.commit(first)
	s.loaded(s.bind(1000), nil)
	s.commit(first, first)
	s.commit(st.Next(9)) // beyond the mark
	s.noWork()
	grave := second
	grave.Batch.Flags, grave.Batch.Body = protocol.FlagTombstone, nil
	s.commit(grave)
	block := s.bind(1000)
	s.wantTallies(block, nil, ledger.Tally{Hour: hourOf(st), Province: 33, Lost: 3, Repeated: 2})
	s.reopen()
	if again := s.bind(1000); again.ID != block.ID {
		t.Errorf("bound another block")
	}
	s.loaded(block, nil)
	s.noWork()
	if got := s.backlog(); got != 0 {
		t.Errorf("backlog %d, want 0", got)
	}

	// A known batch is a repeat, and may show a loss.
	renewed := NewStream(BoxID(1), 33, 2)
	renewed.Next(4)
	renewed.Evict()
	s.commitOne(renewed.Carry(first), ledger.Known, renewed.Mark(4))
	s.noWork()
	s.commit(renewed.Next(1))
	s.wantTallies(s.bind(1000), []uint64{0}, ledger.Tally{Hour: hourOf(st), Province: 33, Lost: 4, Repeated: 1})
}

// A block that is loaded again tells the same once more: what its batches
// showed that are not to be had any more goes by their arrival.
func testTalliesAgain(t *testing.T, s *subject) {
	ctx := context.Background()
	st := NewStream(BoxID(1), 33, 1)
	var all []ledger.Received
	for n := range uint32(4) {
		st.Next(n + 1)
		st.Evict()
		all = append(all, st.Next(1))
		st.AtMs += aggregator.HourMs
	}
	h := aggregator.HourOf(all[0].AtMs)
	s.commit(append(all, all[0])...)
	block := s.bind(1000)
	s.wantTallies(block, []uint64{1, 2, 3, 4}, ledger.Tally{Hour: h, Province: 33, Repeated: 1})
	s.loaded(block, map[uint64]string{block.Batches[1].ID: "body: cut"})
	if n, err := s.Prune(ctx, all[0].AtMs+1); n != 1 || err != nil {
		t.Fatalf("Prune = %d, %v", n, err)
	}
	if _, _, err := s.Reload(ctx, block.ID); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	s.wantTallies(s.bind(1000), []uint64{3, 4},
		ledger.Tally{Hour: h, Province: 33, Lost: 1, Repeated: 1}, ledger.Tally{Hour: h + 1, Province: 33, Lost: 2})
}

// Every field of a batch comes back, and the ledger keeps no hold of the
// caller's body.
func testBodiesAreKept(t *testing.T, s *subject) {
	st := NewStream(BoxID(1), 33, 1<<63+5)
	r := st.Next(3)
	long := st.Next(4096)
	long.Batch.Body = bytes.Repeat([]byte{0, 255, 7, 13}, 16_000)
	want := []protocol.Batch{r.Batch, long.Batch}
	want[0].Body, want[1].Body = bytes.Clone(r.Batch.Body), bytes.Clone(long.Batch.Body)
	s.commit(r, long)
	clear(r.Batch.Body)
	clear(long.Batch.Body)
	s.reopen()
	block := s.bind(1 << 20)
	for i := range want {
		if diff := cmp.Diff(want[i], block.Batches[i].Batch); diff != "" {
			t.Errorf("batch %d (-want +got):\n%s", i, diff)
		}
		if block.Batches[i].Route != st.Route || block.Batches[i].AtMs != st.AtMs {
			t.Errorf("batch %d: %+v", i, block.Batches[i])
		}
	}
	clear(block.Batches[1].Batch.Body) // the caller's
	if diff := cmp.Diff(want[1], s.bind(1).Batches[1].Batch); diff != "" {
		t.Errorf("bound again (-want +got):\n%s", diff)
	}
}

// A box that moves takes its stream's account along.
func testGapsByProvince(t *testing.T, s *subject) {
	st := NewStream(BoxID(1), 33, 1)
	s.commit(st.Next(3), st.Tombstone(2))
	second := NewStream(BoxID(1), 33, 2)
	s.commit(second.Next(1))
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 2, Boxes: 1, Received: 4, Lost: 2})
	first := st.Next(0) // refused below: a repeat must not move the stream
	st.Route.Province = 43
	repeat := first
	repeat.Batch.No = 1
	repeat.Route.Province = 44
	s.commit(repeat)
	moved := NewStream(BoxID(1), 43, 2)
	moved.No, moved.Seq, moved.Prev, moved.salt = second.No, second.Seq, second.Prev, 50
	s.commit(moved.Next(10))
	s.wantGaps(
		ledger.Gaps{Province: 33, Streams: 1, Boxes: 1, Received: 3, Lost: 2},
		ledger.Gaps{Province: 43, Streams: 1, Boxes: 1, Received: 11})
	block := s.bind(1000)
	if got := block.Batches[len(block.Batches)-1].Route.Province; got != 43 {
		t.Errorf("the batch's province is %d, want the one it came under, 43", got)
	}
}

// [S8] bodies go, headers stay: a repeat, and a uid under a new epoch, are
// known for ever.
func testPrune(t *testing.T, s *subject) {
	st := NewStream(BoxID(1), 33, 1)
	st.AtMs = 1000
	a, bad := st.Next(1), st.Poison(2, "codec: 9")
	st.AtMs = 2000
	b := st.Next(4)
	st.AtMs = 1500
	c := st.Next(8)
	s.commit(a, bad, b)
	s.loaded(s.bind(1000), nil)
	s.commit(c)
	f := func(before int64, want int) {
		t.Helper()
		got, err := s.Prune(context.Background(), before)
		if err != nil || got != want {
			t.Fatalf("Prune(%d) = %d, %v; want %d", before, got, err, want)
		}
	}
	f(1000, 0)
	f(2000, 2) // a and the quarantined one; b is younger, c is not loaded
	f(2000, 0)
	s.reopen()
	if p := s.poison(5); len(p) != 1 || len(p[0].Batch.Body) != 0 || p[0].Why != "codec: 9" {
		t.Errorf("the quarantined batch is now %+v", p)
	}
	f(3000, 1)
	block := s.bind(1000)
	if len(block.Batches) != 1 || !bytes.Equal(block.Batches[0].Batch.Body, c.Batch.Body) {
		t.Fatalf("a body was pruned before it was loaded: %+v", block.Batches)
	}
	f(3000, 0)
	s.loaded(block, nil)
	f(3000, 1)
	s.commitOne(a, ledger.Repeated, st.Mark(0))
	renewed := NewStream(BoxID(1), 33, 2)
	s.commitOne(renewed.Carry(b), ledger.Known, renewed.Mark(0))
	s.wantGaps(ledger.Gaps{Province: 33, Streams: 2, Boxes: 1, Received: 13, Quarantine: 2})
}

// A call that was given up changes nothing.
func testCancelled(t *testing.T, s *subject) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	st := NewStream(BoxID(1), 33, 1)
	if _, err := s.Commit(ctx, []ledger.Received{st.Next(1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit: %v, want context.Canceled", err)
	}
	if _, err := s.Bind(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Bind: %v, want context.Canceled", err)
	}
	s.wantGaps()
	s.noWork()
}

// One call carries many boxes, old and new ones mixed.
func testManyStreams(t *testing.T, s *subject) {
	streams := make([]*Stream, 700)
	for i := range streams {
		streams[i] = NewStream(BoxID(i), uint8(10+i%20), uint64(i)<<50+1)
	}
	for round := range 3 {
		var group []ledger.Received
		for i, st := range streams {
			if i%3 <= round {
				group = append(group, st.Next(uint32(1+i%7)))
			}
		}
		for i, v := range s.commit(group...) {
			if v.Outcome != ledger.Stored {
				t.Fatalf("round %d, batch %d: %v", round, i, v.Outcome)
			}
		}
	}
	for i, st := range streams {
		m, err := s.Mark(context.Background(), st.Route.Box, st.Epoch)
		if err != nil || m != st.Mark(0) {
			t.Fatalf("stream %d: %+v, %v; want %+v", i, m, err, st.Mark(0))
		}
	}
	var boxes uint64
	for _, g := range s.gaps() {
		boxes += g.Boxes
	}
	if boxes != uint64(len(streams)) {
		t.Errorf("%d boxes, want %d", boxes, len(streams))
	}
}
