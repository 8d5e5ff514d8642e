package ledger_test

import (
	"testing"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// A box jumps over what it evicted, but a clone has told of more events under
// lower numbers: refusing the jump would stop the box for ever, because an ack
// from below its floor is stale to it [S2, I6].
func TestJumpAcrossACloneMoves(t *testing.T) {
	m := ledger.Mark{Through: 14, Seq: 40, Chain: protocol.Chain{1}, Lost: 13}
	b := protocol.Batch{Envelope: protocol.Envelope{Floor: 16}, Sealed: protocol.Sealed{No: 16, First: 37, N: 1, Prev: protocol.Chain{9}}}
	unknown := func() (bool, error) { return false, nil }
	next, outcome, err := ledger.Judge(m, &b, false, unknown)
	want := ledger.Mark{Through: 16, Seq: 37, Chain: b.Sealed.Chain(), Lost: 13}
	if err != nil || outcome != ledger.Stored || next != want {
		t.Fatalf("%+v %v %v, want %+v stored", next, outcome, err, want)
	}
	// Without a jump, numbers that come twice are another history.
	b = protocol.Batch{Envelope: protocol.Envelope{Floor: 15}, Sealed: protocol.Sealed{No: 15, First: 40, N: 1, Prev: m.Chain}}
	if next, outcome, err = ledger.Judge(m, &b, false, unknown); err != nil || outcome != ledger.Gap || next != m {
		t.Fatalf("%+v %v %v, want a gap", next, outcome, err)
	}
}
