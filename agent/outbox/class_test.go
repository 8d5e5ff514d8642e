package outbox

import (
	"testing"

	"iptvdc/protocol"
)

// TestClockSyncOutlivesClicks: what was evicted around it does not take the
// time of a boot along.
func TestClockSyncOutlivesClicks(t *testing.T) {
	o, err := New(NewMemory(), Options{MaxBytes: minBytes, BatchEvents: 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Append(protocol.Event{Kind: protocol.Click, Page: filler(0)}, protocol.Event{Kind: protocol.ClockSync, WallMs: protocol.MinWallMs}); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err := o.Append(protocol.Event{Kind: protocol.Click, Page: filler(i + 1), MonoMs: uint64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if o.Stats().Evicted < 50 {
		t.Fatalf("%d events were evicted: nothing was tried", o.Stats().Evicted)
	}
	var held []protocol.Event
	for i := range o.list {
		s, err := o.disk.Batch(o.list[i].no)
		if err != nil {
			t.Fatal(err)
		}
		events, err := new(protocol.Decoder).Events(&s)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, events...)
	}
	if held[0].Kind != protocol.ClockSync {
		t.Errorf("the oldest event held is a %v, want the clock sync", held[0].Kind)
	}
}
