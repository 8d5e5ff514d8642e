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

// TestPressing: the last batch with an order or a notice says how far quiet
// hours send [P-8.5]; another size of batches counts from the next event on.
func TestPressing(t *testing.T) {
	o, err := New(NewMemory(), Options{BatchEvents: 1})
	if err != nil {
		t.Fatal(err)
	}
	f := func(k protocol.Kind, want uint64) {
		t.Helper()
		e := protocol.Event{Kind: k, Page: "p", OrderID: "o", Product: "p", Result: protocol.ResultPaid, State: protocol.ProfileApplied}
		if err := o.Append(e); err != nil {
			t.Fatal(err)
		}
		if got := o.Pressing(); got != want {
			t.Errorf("after a %v: %d, want %d", k, got, want)
		}
	}
	f(protocol.Click, 0)
	f(protocol.Order, 2)
	f(protocol.Click, 2)
	f(protocol.Running, 4)
	f(protocol.Click, 4)
	for no := range uint64(4) {
		b, ok, err := o.Next(no)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if _, err := o.Ack(protocol.Ack{Epoch: b.Epoch, Through: b.No, Chain: b.Chain()}); err != nil {
			t.Fatal(err)
		}
	}
	if got := o.Pressing(); got != 0 {
		t.Errorf("all that presses is acknowledged, and yet %d", got)
	}
	o.SetBatchEvents(3)
	f(protocol.Order, 0) // open
	if got := o.Open(); got != 1 {
		t.Errorf("%d open", got)
	}
	o.SetBatchEvents(-1)
	if o.o.BatchEvents != DefaultBatchEvents {
		t.Errorf("batches of %d", o.o.BatchEvents)
	}
}
