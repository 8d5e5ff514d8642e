package duckdb

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

func TestDropEvents(t *testing.T) {
	ctx := t.Context()
	s, err := Open(filepath.Join(t.TempDir(), "store.duckdb"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown()
	day := aggregator.Day(20_000)
	power := func(id byte, d aggregator.Day) *store.Block {
		return &store.Block{ID: [16]byte{id}, Powers: []store.Power{{On: true, Stamp: store.Stamp{Province: 33, City: 3301, Box: 1, Boot: 1, AtMs: d.Start() + 5}}}}
	}
	closeAll := func() {
		t.Helper()
		snap, err := s.Dirty(ctx, 100)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(ctx, snap); err != nil {
			t.Fatal(err)
		}
		if snap, err = s.Dirty(ctx, 100); err != nil || len(snap.Cells) != 0 {
			t.Fatal("dirty after closing:", snap, err)
		}
	}
	powers := func() (n []int64) {
		t.Helper()
		rows, err := s.Query(ctx, store.Query{Fact: store.FactBox, AllProvinces: true, Values: []store.Value{{Measure: store.MeasurePowerOns}},
			Spans: []store.Span{{From: int32(day), To: int32(day) + 1}, {From: int32(day) + 1, To: int32(day) + 2}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			n = append(n, r.Values[0])
		}
		return n
	}
	insert := func(b *store.Block) {
		t.Helper()
		if ok, err := s.Insert(ctx, b); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	first := power(1, day)
	first.Orders = []store.Order{
		{Stamp: first.Powers[0].Stamp, OrderID: 7, Product: 1, Fen: 900, Result: uint8(protocol.ResultPaid)},
		{Stamp: first.Powers[0].Stamp, OrderID: 8, Product: 1, Fen: 900, Result: uint8(protocol.ResultCancelled)},
	}
	first.Runnings = []store.Running{{Stamp: first.Powers[0].Stamp, Version: 3, State: 1}}
	insert(first)
	insert(power(2, day+1))
	if err := s.DropEvents(ctx, day+1); err == nil || !strings.Contains(err.Error(), "not closed yet") {
		t.Errorf("with cells to close: %v", err)
	}
	closeAll()
	if err := s.DropEvents(ctx, day+1); err != nil {
		t.Fatal(err)
	}
	if refs, err := s.Events(ctx, 1); err != nil || len(refs) != 3 {
		t.Errorf("events held: %v, %v; want the one of the later day, the paid order and the profile", refs, err)
	}
	insert(power(3, day)) // late: its day is final
	insert(power(4, day+1))
	closeAll()
	if diff := cmp.Diff([]int64{1, 2}, powers()); diff != "" {
		t.Error(diff)
	}
	// What is worked out from events when asked has them.
	rows, err := s.Query(ctx, store.Query{Fact: store.FactReconcile, AllProvinces: true, Spans: []store.Span{{From: int32(day), To: int32(day) + 1}},
		Values: []store.Value{{Measure: store.MeasurePageFen}}})
	if err != nil || len(rows) != 1 || rows[0].Values[0] != 900 {
		t.Errorf("reconciled: %v, %v; want 900 fen", rows, err)
	}
	running, err := s.Running(ctx, store.RunningQuery{AllProvinces: true})
	if err != nil || len(running) != 1 {
		t.Errorf("running: %v, %v; want one profile", running, err)
	}
	if ok, err := s.Insert(ctx, power(1, day)); ok || err != nil {
		t.Errorf("a block whose events are dropped counts again: %v, %v", ok, err)
	}
	if err := s.DropEvents(ctx, day); err != nil { // earlier than before: nothing comes back
		t.Fatal(err)
	}
	insert(power(5, day))
	closeAll()
	if diff := cmp.Diff([]int64{1, 2}, powers()); diff != "" {
		t.Error(diff)
	}
}
