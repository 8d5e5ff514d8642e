package protocol_test

import (
	"testing"

	"github.com/vmihailenco/msgpack/v5"

	"iptvdc/protocol"
)

// Where a view ended [P-3.11]: between the asset's ends, unknown if its start is.
func TestReached(t *testing.T) {
	f := func(position, duration uint64, speed int32, length uint32, want uint64) {
		t.Helper()
		e := protocol.Event{PositionMs: position, DurationMs: duration, Speed: speed, LengthS: length}
		if got := e.Reached(); got != want {
			t.Errorf("from %d for %d ms at %d of %d s: reached %d, want %d", position, duration, speed, length, got, want)
		}
	}
	f(0, 60_000, 100, 5400, 0)
	f(1, 60_000, 100, 0, 60_001)
	f(60_001, 30_000, 0, 5400, 60_001)
	f(1001, 999, 50, 0, 1500)
	f(10_001, 999, -50, 0, 9502) // rounded towards 0
	f(10_001, 10_000, -400, 0, 1)
	f(50_001, 20_000, 100, 60, 60_001)
	f(70_001, 20_000, 0, 60, 60_001) // a player that is beyond the end it told
	f(1, protocol.MaxViewMs, protocol.MaxSpeed, 0, protocol.MaxAssetMs)
	f(protocol.MaxAssetMs, protocol.MaxViewMs, -protocol.MaxSpeed, 0, 1)
}

// What says nothing does not travel, from the last column on; and a batch of a
// writer that knows fewer columns reads as if they said nothing [P-4.8].
func TestLateColumns(t *testing.T) {
	const first = 2 + 9 // kind, source, and eight columns of which the length takes two
	view := protocol.Event{Kind: protocol.View, Boot: 1, MonoMs: 70_000, DurationMs: 60_000, Mode: protocol.ModeVOD, Speed: 100}
	full := view
	full.Keys, full.IdleMs, full.TV, full.LengthS, full.PositionMs = 3, 700, protocol.TVOff, 5400, 90_001
	f := func(columns int, change func(*protocol.Event)) {
		t.Helper()
		want := view
		change(&want)
		got := bodyOf(t, want)
		if n := len(got[6].([]any)[0].([]any)); n != first+columns {
			t.Errorf("%d columns, want %d", n, first+columns)
		}
		// The full one as a writer of these columns would have sent it.
		cut := bodyOf(t, full)
		blocks := cut[6].([]any)
		blocks[0] = blocks[0].([]any)[:first+columns]
		var dec protocol.Decoder
		events, err := dec.Events(&protocol.Sealed{N: 1, Body: pack(t, cut)})
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, events, []protocol.Event{want})
	}
	f(0, func(*protocol.Event) {})
	f(1, func(e *protocol.Event) { e.Keys = 3 })
	f(2, func(e *protocol.Event) { e.Keys, e.IdleMs = 3, 700 })
	f(3, func(e *protocol.Event) { e.Keys, e.IdleMs, e.TV = 3, 700, protocol.TVOff })
	f(4, func(e *protocol.Event) { e.Keys, e.IdleMs, e.TV, e.LengthS = 3, 700, protocol.TVOff, 5400 })
	f(5, func(e *protocol.Event) { *e = full })
}

// A text that came late stands behind all others, though its column comes first, and
// readers that pass over it read the rest as it is [P-4.8].
func TestLateTexts(t *testing.T) {
	on := protocol.Event{Kind: protocol.PowerOn, Boot: 1, Cause: protocol.CauseBoot, Agent: "1.4.3"}
	page := protocol.Event{Kind: protocol.PageView, Boot: 1, MonoMs: 10, Page: "home", Template: "1.4.3"}
	click := protocol.Event{Kind: protocol.Click, Boot: 1, MonoMs: 20, Page: "home", Area: "banner", Template: "1.4.3", Trace: 1}
	other := on
	other.Agent = "1.4.4"
	f := func(table, codes any, events ...protocol.Event) {
		t.Helper()
		body := bodyOf(t, events...)
		block := body[6].([]any)[0].([]any)
		wantEqual(t, []any{body[0], block[len(block)-1]}, []any{table, codes})
		body[6].([]any)[0] = block[:3]
		for i := range events {
			events[i].Agent = ""
		}
		var dec protocol.Decoder
		got, err := dec.Events(&protocol.Sealed{N: uint32(len(events)), Body: pack(t, body)})
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, events)
	}
	f([]any{"1.4.3"}, int8(3), on)
	f([]any{"1.4.3"}, []any{int8(3), int8(0)}, on, on)
	f([]any{"home", "1.4.3", "banner", "1.4.4"}, []any{int8(6), int8(4)}, other, page, click, on)
	f([]any{"home", "1.4.3", "banner"}, int8(4), on, page, click)
}

func bodyOf(t *testing.T, events ...protocol.Event) (columns []any) {
	t.Helper()
	var enc protocol.Encoder
	plain, err := enc.Plain(events)
	if err != nil {
		t.Fatal(err)
	}
	if err := msgpack.Unmarshal(plain, &columns); err != nil {
		t.Fatal(err)
	}
	return columns
}
