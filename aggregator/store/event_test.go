package store

import (
	"testing"

	"iptvdc/protocol"
)

// What a segment passed through of its asset, and that the box thought so too.
func TestStretch(t *testing.T) {
	f := func(position, duration int64, speed int32, length int64, from, to int64) {
		t.Helper()
		v := View{PositionMs: position, DurationMs: duration, Speed: speed, LengthMs: length}
		gotFrom, gotTo, known := v.Stretch()
		if !known || gotFrom != from || gotTo != to {
			t.Errorf("from %d for %d ms at %d of %d: [%d, %d) %v, want [%d, %d)", position, duration, speed, length, gotFrom, gotTo, known, from, to)
		}
		e := protocol.Event{PositionMs: uint64(position), DurationMs: uint64(duration), Speed: speed, LengthS: uint32(length / 1000)}
		end := to
		if speed < 0 {
			end = from
		}
		if reached := int64(e.Reached()) - 1; reached != end {
			t.Errorf("from %d for %d ms at %d of %d: the box reached %d, the stretch %d", position, duration, speed, length, reached, end)
		}
	}
	f(1, 60_000, 100, 0, 0, 60_000)
	f(60_001, 30_000, 0, 90_000, 60_000, 60_000)
	f(60_001, 30_000, 800, 90_000, 60_000, 90_000)
	f(60_001, 5000, -800, 90_000, 20_000, 60_000)
	f(60_001, 30_000, -800, 90_000, 0, 60_000)
	f(95_001, 1000, 100, 90_000, 90_000, 90_000) // beyond the end that the player told
	f(1, protocol.MaxViewMs, 6400, 0, 0, protocol.MaxAssetMs-1)
	if from, to, known := (&View{DurationMs: 5000, Speed: 100, LengthMs: 90_000}).Stretch(); from != 0 || to != 0 || known {
		t.Errorf("of an unknown place: [%d, %d) %v", from, to, known)
	}
}
