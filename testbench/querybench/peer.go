package main

import (
	"fmt"
	"os"
	"path/filepath"

	"iptvdc/aggregator/store"
	"iptvdc/testbench/chdb"
)

// peer is ClickHouse's engine with the same events as rows of its own tables, in
// the order of time.
type peer struct {
	engine *chdb.Engine
	whole  string // a file that is there when all events are
}

const stampColumns = "at_ms Int64, province UInt8, city UInt16, box UInt64"

var peerTables = []struct{ name, columns string }{
	{"power", "switched_on UInt8"},
	{"page_view", "page UInt64"},
	{"click", "page UInt64, area UInt64, slot UInt32, content UInt64"},
	{"viewing", "mode UInt8, channel UInt64, content UInt64, duration_ms Int32, speed Int32, part UInt32, position_ms Int64, length_ms Int64, tv UInt8"},
	{"orders", "product UInt64, provider UInt64, fen Int64, result UInt8"},
	{"impression", "page UInt64, area UInt64, slot UInt32, content UInt64, sight UInt8"},
	{"order_page", "page UInt64, product UInt64, content UInt64"},
	{"playback", "mode UInt8, channel UInt64, content UInt64"},
	{"notice", "kind UInt8"},
}

func openPeer(dir string) (*peer, error) {
	engine, err := chdb.Open(dir)
	if err != nil {
		return nil, err
	}
	p := &peer{engine: engine, whole: filepath.Join(dir, "whole")}
	for _, t := range peerTables {
		if err := engine.Exec(fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (%s, %s) ENGINE = MergeTree ORDER BY at_ms", t.name, stampColumns, t.columns)); err != nil {
			engine.Close()
			return nil, err
		}
	}
	return p, nil
}

// complete reports whether an earlier run put all events in.
func (p *peer) complete() bool {
	_, err := os.Stat(p.whole)
	return err == nil
}

// settle merges what inserts left in many parts, as an evening's quiet would.
func (p *peer) settle() error {
	if p.complete() {
		return nil
	}
	for _, t := range peerTables {
		if err := p.engine.Exec("OPTIMIZE TABLE " + t.name + " FINAL"); err != nil {
			return err
		}
	}
	return os.WriteFile(p.whole, nil, 0o600)
}

// stamped begins a block with the columns that every event has.
func stamped[R any](rows []R, of func(*R) *store.Stamp) *chdb.Rows {
	r := &chdb.Rows{}
	chdb.Column(r, "at_ms", "Int64", rows, func(x *R) int64 { return of(x).AtMs })
	chdb.Column(r, "province", "UInt8", rows, func(x *R) uint8 { return uint8(of(x).Province) })
	chdb.Column(r, "city", "UInt16", rows, func(x *R) uint16 { return uint16(of(x).City) })
	chdb.Column(r, "box", "UInt64", rows, func(x *R) uint64 { return of(x).Box })
	return r
}

// insert puts a block's events into the peer's tables.
func (p *peer) insert(b *store.Block) error {
	r := stamped(b.Powers, func(x *store.Power) *store.Stamp { return &x.Stamp })
	chdb.Column(r, "switched_on", "UInt8", b.Powers, func(x *store.Power) bool { return x.On })
	if err := p.engine.Insert("power", r); err != nil {
		return err
	}
	r = stamped(b.PageViews, func(x *store.PageView) *store.Stamp { return &x.Stamp })
	chdb.Column(r, "page", "UInt64", b.PageViews, func(x *store.PageView) uint64 { return x.Page })
	if err := p.engine.Insert("page_view", r); err != nil {
		return err
	}
	r = stamped(b.Clicks, func(x *store.Click) *store.Stamp { return &x.Stamp })
	chdb.Column(r, "page", "UInt64", b.Clicks, func(x *store.Click) uint64 { return x.Page })
	chdb.Column(r, "area", "UInt64", b.Clicks, func(x *store.Click) uint64 { return x.Area })
	chdb.Column(r, "slot", "UInt32", b.Clicks, func(x *store.Click) uint32 { return x.Slot })
	chdb.Column(r, "content", "UInt64", b.Clicks, func(x *store.Click) uint64 { return x.Content })
	if err := p.engine.Insert("click", r); err != nil {
		return err
	}
	r = stamped(b.Views, func(x *store.View) *store.Stamp { return &x.Stamp })
	chdb.Column(r, "mode", "UInt8", b.Views, func(x *store.View) uint8 { return x.Mode })
	chdb.Column(r, "channel", "UInt64", b.Views, func(x *store.View) uint64 { return x.Channel })
	chdb.Column(r, "content", "UInt64", b.Views, func(x *store.View) uint64 { return x.Content })
	chdb.Column(r, "duration_ms", "Int32", b.Views, func(x *store.View) int32 { return int32(x.DurationMs) })
	chdb.Column(r, "speed", "Int32", b.Views, func(x *store.View) int32 { return x.Speed })
	chdb.Column(r, "part", "UInt32", b.Views, func(x *store.View) uint32 { return x.Part })
	chdb.Column(r, "position_ms", "Int64", b.Views, func(x *store.View) int64 { return x.PositionMs })
	chdb.Column(r, "length_ms", "Int64", b.Views, func(x *store.View) int64 { return x.LengthMs })
	chdb.Column(r, "tv", "UInt8", b.Views, func(x *store.View) uint8 { return x.TV })
	if err := p.engine.Insert("viewing", r); err != nil {
		return err
	}
	r = stamped(b.Orders, func(x *store.Order) *store.Stamp { return &x.Stamp })
	chdb.Column(r, "product", "UInt64", b.Orders, func(x *store.Order) uint64 { return x.Product })
	chdb.Column(r, "provider", "UInt64", b.Orders, func(x *store.Order) uint64 { return x.Provider })
	chdb.Column(r, "fen", "Int64", b.Orders, func(x *store.Order) int64 { return x.Fen })
	chdb.Column(r, "result", "UInt8", b.Orders, func(x *store.Order) uint8 { return x.Result })
	if err := p.engine.Insert("orders", r); err != nil {
		return err
	}
	return p.insertRarer(b)
}

func (p *peer) insertRarer(b *store.Block) error {
	r := stamped(b.Impressions, func(x *store.Impression) *store.Stamp { return &x.Stamp })
	chdb.Column(r, "page", "UInt64", b.Impressions, func(x *store.Impression) uint64 { return x.Page })
	chdb.Column(r, "area", "UInt64", b.Impressions, func(x *store.Impression) uint64 { return x.Area })
	chdb.Column(r, "slot", "UInt32", b.Impressions, func(x *store.Impression) uint32 { return x.Slot })
	chdb.Column(r, "content", "UInt64", b.Impressions, func(x *store.Impression) uint64 { return x.Content })
	chdb.Column(r, "sight", "UInt8", b.Impressions, func(x *store.Impression) uint8 { return x.Sight })
	if err := p.engine.Insert("impression", r); err != nil {
		return err
	}
	r = stamped(b.OrderPages, func(x *store.OrderPage) *store.Stamp { return &x.Stamp })
	chdb.Column(r, "page", "UInt64", b.OrderPages, func(x *store.OrderPage) uint64 { return x.Page })
	chdb.Column(r, "product", "UInt64", b.OrderPages, func(x *store.OrderPage) uint64 { return x.Product })
	chdb.Column(r, "content", "UInt64", b.OrderPages, func(x *store.OrderPage) uint64 { return x.Content })
	if err := p.engine.Insert("order_page", r); err != nil {
		return err
	}
	r = stamped(b.Playbacks, func(x *store.Playback) *store.Stamp { return &x.Stamp })
	chdb.Column(r, "mode", "UInt8", b.Playbacks, func(x *store.Playback) uint8 { return x.Mode })
	chdb.Column(r, "channel", "UInt64", b.Playbacks, func(x *store.Playback) uint64 { return x.Channel })
	chdb.Column(r, "content", "UInt64", b.Playbacks, func(x *store.Playback) uint64 { return x.Content })
	if err := p.engine.Insert("playback", r); err != nil {
		return err
	}
	r = stamped(b.Notices, func(x *store.Notice) *store.Stamp { return &x.Stamp })
	chdb.Column(r, "kind", "UInt8", b.Notices, func(x *store.Notice) uint8 { return x.Kind })
	return p.engine.Insert("notice", r)
}
