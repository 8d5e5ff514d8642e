package loader

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

func TestEveryKindArrives(t *testing.T) {
	c := newCentre(t)
	b := c.box(1)
	ev := func(mono uint64, e protocol.Event) protocol.Event { e.Boot, e.MonoMs = 1, mono; return e }
	b.send(sent{now, 1, 9000},
		ev(1, protocol.Event{Kind: protocol.PowerOn, Cause: protocol.CauseBoot}),
		ev(2, protocol.Event{Kind: protocol.PageView, Page: "p"}),
		ev(3, protocol.Event{Kind: protocol.Click, Page: "p", Area: "a", Slot: 4, Content: "c", Trace: 9}),
		ev(4000, protocol.Event{Kind: protocol.View, Mode: protocol.ModeVOD, Content: "c", DurationMs: 3500, Speed: 100, End: protocol.EndStop}),
		ev(5000, protocol.Event{Kind: protocol.Order, OrderID: "o", Product: "pr", Provider: "cp", Fen: 1990, Result: protocol.ResultPaid, Pay: protocol.PayWeChat}),
		ev(5001, protocol.Event{Kind: protocol.Dropped, OfKind: protocol.Click, Reason: protocol.ReasonMemory, Count: 3}),
		ev(5002, protocol.Event{Kind: protocol.OutboxLost, Count: 5}),
		ev(5003, protocol.Event{Kind: 200}),
		ev(5010, protocol.Event{Kind: protocol.Impression, Page: "p", Sight: protocol.SightRendered, DurationMs: 2000}),
		ev(5011, protocol.Event{Kind: protocol.OrderPage, Page: "o"}),
		ev(5012, protocol.Event{Kind: protocol.Playback, Mode: protocol.ModeVOD}),
		ev(5013, protocol.Event{Kind: protocol.Health, MemoryKB: 1}),
		ev(5014, protocol.Event{Kind: protocol.Running, State: protocol.ProfileApplied}),
		ev(6000, protocol.Event{Kind: protocol.PowerOff, Cause: protocol.CauseStandby}))
	c.load()
	refs, err := c.store.Events(t.Context(), b.key())
	if err != nil {
		t.Fatal(err)
	}
	ref := func(mono int64, kind uint8) store.EventRef { return store.EventRef{Boot: 1, MonoMs: mono, Kind: kind} }
	want := []store.EventRef{ref(1, 1), ref(2, 3), ref(3, 4), ref(4000, 5), ref(5000, 6), ref(5001, 9), ref(5002, 10), ref(5003, 200),
		ref(5010, 11), ref(5011, 12), ref(5012, 13), ref(5013, 14), ref(5014, 15), ref(6000, 2)}
	if !slices.Equal(refs, want) {
		t.Fatalf("events %v, want %v", refs, want)
	}
	if st := c.Stats(); st.UnknownKinds != 1 || st.Events != 14 || st.Batches != 1 {
		t.Errorf("stats %+v, want 1 unknown kind, 14 events, 1 batch", st)
	}
}

// whole keeps the last block that reached the store.
type whole struct {
	store.Store
	last store.Block
}

func (w *whole) Insert(ctx context.Context, b *store.Block) (bool, error) {
	w.last = *b
	return w.Store.Insert(ctx, b)
}

// TestEveryColumnArrives: what an event says is what its row says.
func TestEveryColumnArrives(t *testing.T) {
	c := newCentre(t)
	w := &whole{Store: c.store}
	c.store = w
	c.restart()
	b := c.box(1)
	k := aggregator.TextKey
	ev := func(mono uint64, e protocol.Event) protocol.Event { e.Boot, e.MonoMs = 1, mono; return e }
	b.send(sent{now, 1, 9000},
		ev(6000, protocol.Event{Kind: protocol.View, Mode: protocol.ModeVOD, Channel: "ch", Content: "c", DurationMs: 3500, Speed: 200, Part: 2,
			End: protocol.EndStop, Trace: 9, Keys: 4, IdleMs: 700, TV: protocol.TVOff, LengthS: 5400, PositionMs: 77_001}),
		ev(7000, protocol.Event{Kind: protocol.Impression, Page: "p", Area: "a", Slot: 4, Content: "c", Template: "t", Sight: protocol.SightFocus, DurationMs: 2000}),
		ev(7001, protocol.Event{Kind: protocol.OrderPage, Page: "o", Product: "pr", Content: "c", Trace: 8}),
		ev(7002, protocol.Event{Kind: protocol.Playback, Mode: protocol.ModeLive, Channel: "ch", Content: "c", StartMs: 900, Stalls: 3, StallMs: 4000,
			Errors: 2, Error: "E-7", Trace: 7}),
		ev(7003, protocol.Event{Kind: protocol.Health, CPU: 990, MemoryKB: 1 << 20, Temperature: -31, AgentKB: 9000, AgentMs: 1 << 33, FlashKB: 5, Waiting: 6}),
		ev(7004, protocol.Event{Kind: protocol.Running, Version: 1 << 40, State: protocol.ProfileRefused, Why: "too big"}),
		ev(7005, protocol.Event{Kind: protocol.Dropped, OfKind: protocol.Click, Reason: protocol.ReasonMemory, Count: 12}))
	c.load()
	at := func(mono int64) store.Stamp {
		return store.Stamp{Province: 33, Box: b.key(), Boot: 1, MonoMs: mono, AtMs: now + mono - 9000, Clock: uint8(protocol.ClockBox)}
	}
	got := store.Block{Views: w.last.Views, Impressions: w.last.Impressions, OrderPages: w.last.OrderPages, Playbacks: w.last.Playbacks,
		Healths: w.last.Healths, Runnings: w.last.Runnings, Notices: w.last.Notices}
	want := store.Block{
		Views: []store.View{{Stamp: at(6000), Mode: 4, Channel: k("ch"), Content: k("c"), DurationMs: 3500, Speed: 200, Part: 2,
			End: uint8(protocol.EndStop), Trace: 9, Keys: 4, IdleMs: 700, TV: uint8(protocol.TVOff), LengthMs: 5_400_000, PositionMs: 77_001}},
		Impressions: []store.Impression{{Stamp: at(7000), Page: k("p"), Area: k("a"), Slot: 4, Content: k("c"), Template: k("t"), Sight: 2, DurationMs: 2000}},
		OrderPages:  []store.OrderPage{{Stamp: at(7001), Page: k("o"), Product: k("pr"), Content: k("c"), Trace: 8}},
		Playbacks: []store.Playback{{Stamp: at(7002), Mode: 1, Channel: k("ch"), Content: k("c"), StartMs: 900, Stalls: 3, StallMs: 4000,
			Errors: 2, Error: k("E-7"), Trace: 7}},
		Healths:  []store.Health{{Stamp: at(7003), CPU: 990, MemoryKB: 1 << 20, Temperature: -31, AgentKB: 9000, AgentMs: 1 << 33, FlashKB: 5, Waiting: 6}},
		Runnings: []store.Running{{Stamp: at(7004), Version: 1 << 40, State: uint8(protocol.ProfileRefused), Why: k("too big")}},
		Notices:  []store.Notice{{Stamp: at(7005), Kind: uint8(protocol.Dropped), Count: 12, Reason: uint8(protocol.ReasonMemory)}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows differ (-want +got):\n%s", diff)
	}
}
