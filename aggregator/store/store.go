// Package store is the columnar side of the centre: events as rows, facts
// derived from them, and questions over facts. One interface for every engine;
// storetest.Run is what each must pass, storetest.Memory the slow, obviously
// right one.
package store

import (
	"context"

	"iptvdc/aggregator"
)

// Store is safe for concurrent use: one writer of blocks, one closing and any
// number of readers at a time. After a crash it holds exactly the blocks and
// closings whose call returned nil, and possibly one whose call did not return.
type Store interface {
	Feeds

	// Insert adds a block's rows, once per block id: a block already there
	// changes nothing and returns inserted = false. In the same transaction it
	// applies the block's retimes, keeps its codes, identities and clocks, and
	// marks every (hour, province) cell whose facts may change as dirty.
	Insert(ctx context.Context, b *Block) (inserted bool, err error)

	// Lacking returns those of the block ids that are not in the store, in the
	// order given.
	Lacking(ctx context.Context, ids [][16]byte) ([][16]byte, error)

	// Dirty returns up to limit cells to close, those of the latest hours
	// first. Together they are a snapshot: a cell touched again afterwards
	// stays dirty through the Close of that snapshot.
	Dirty(ctx context.Context, limit int) (Snapshot, error)

	// Close recomputes all facts of the snapshot's cells (hourly, and daily of
	// the days they lie in), replaces them and clears the snapshot's dirt, all
	// in one transaction. It may run again at any time with the same result. An engine
	// need not look at what nothing has touched since the cell was closed last, but does
	// if the cell is not dirty at all.
	//
	// Which boxes are valid on these days follows from what closed cells count, the
	// snapshot's among them. Where that changes, Close marks the other cells dirty
	// that hold rows of the box of the day or whose facts its Views change, whenever
	// the rows came: so once nothing is dirty, facts are a function of the events.
	Close(ctx context.Context, s Snapshot) error

	// Query answers a question over facts. A query whose Provinces is empty and
	// AllProvinces false has no rows: empty means none, never all.
	Query(ctx context.Context, q Query) ([]Row, error)

	// SetEditRules has edited measures made by r from now on. If these are other
	// rules than before, every closed cell is dirty afterwards; until it is closed
	// again its facts are those of the rules before. A store keeps its rules; one
	// that was given none has DefaultEditRules. A fault of r is an
	// *aggregator.Error.
	SetEditRules(ctx context.Context, r EditRules) error

	// EditVersions returns the names of the rules by which the facts of the closed
	// cells in the scope are made, of hours from..to-1, sorted; EditNone among them.
	// Without such cells it is that of the rules in force.
	EditVersions(ctx context.Context, s aggregator.Scope, from, to aggregator.Hour) ([]string, error)

	// Codes returns the texts of keys; unknown keys are left out.
	Codes(ctx context.Context, keys []uint64) (map[uint64]string, error)

	// Labels returns what values of a dimension are called; those without a label
	// are left out.
	Labels(ctx context.Context, c Column, keys []uint64) (map[uint64]Label, error)

	// Identities and Clocks return what earlier blocks told of boxes, for the
	// loader; what is unknown is left out.
	Identities(ctx context.Context, keys []IdentityKey) (map[IdentityKey]Identity, error)
	Clocks(ctx context.Context, keys []ClockKey) (map[ClockKey]Clock, error)

	// LatestBoots returns the highest boot of each box whose clock was told.
	LatestBoots(ctx context.Context, boxes []uint64) (map[uint64]uint32, error)

	// Audit counts the events held of each box, for comparison with what boxes
	// know to have sent; boxes without events are left out. Rows come by
	// (Box, Kind).
	Audit(ctx context.Context, boxes []uint64) ([]AuditRow, error)

	// Events returns every event held of one box as (boot, mono, kind), in that
	// order: the drill-down of Audit.
	Events(ctx context.Context, box uint64) ([]EventRef, error)

	// Running counts boxes by the profile they run, as their running events
	// tell: see Runs. Only boxes that told something about profiles count. A
	// query whose Provinces is empty and AllProvinces false has no rows.
	Running(ctx context.Context, q RunningQuery) ([]RunningCount, error)

	// RunningBoxes lists the boxes that Running counts.
	RunningBoxes(ctx context.Context, q RunningQuery) ([]RunningBox, error)

	// Updates counts boxes by the agent they run and by what became of an update. A
	// query whose Provinces is empty and AllProvinces false has no rows.
	Updates(ctx context.Context, q UpdateQuery) ([]UpdateCount, error)

	// Risk counts accounts by the signs that they may leave, RiskAccounts lists them,
	// RiskDepartures counts which signs those had who left. A query whose Provinces is
	// empty and AllProvinces false has no rows. Faults of a query are *aggregator.Errors.
	Risk(ctx context.Context, q RiskQuery) ([]RiskCount, error)
	RiskAccounts(ctx context.Context, q RiskQuery) ([]RiskAccount, error)
	RiskDepartures(ctx context.Context, q DeparturesQuery) ([]RiskDeparture, error)

	// AsOf returns the latest time, UTC milliseconds, of any event whose cell
	// is closed (0: none), and how many cells are dirty.
	AsOf(ctx context.Context) (ms int64, dirty int, err error)

	// Shutdown closes the store; nothing may be called after it.
	Shutdown() error
}

// Block is what one Insert adds. The caller keeps it unchanged until Insert
// returns.
type Block struct {
	ID [16]byte

	Powers    []Power
	PageViews []PageView
	Clicks    []Click
	Views     []View
	Orders    []Order

	Impressions []Impression
	OrderPages  []OrderPage
	Playbacks   []Playback
	Healths     []Health
	Runnings    []Running

	Notices []Notice
	Tallies []Tally

	Codes      []Code
	Identities []IdentityRow
	Clocks     []ClockRow
	Retimes    []Retime
}

// Rows is the number of event rows in the block; Tallies are none.
func (b *Block) Rows() int {
	return len(b.Powers) + len(b.PageViews) + len(b.Clicks) + len(b.Views) + len(b.Orders) +
		len(b.Impressions) + len(b.OrderPages) + len(b.Playbacks) + len(b.Healths) + len(b.Runnings) + len(b.Notices)
}

// Code is the text behind a key. A key once told keeps its first text.
type Code struct {
	Key  uint64
	Text string
}

// IdentityKey names an identity: the serial is a hash of its content, so it
// holds across epochs.
type IdentityKey struct {
	Box    uint64
	Serial uint32
}

// Identity is who and where a box was under a serial.
type Identity struct {
	Province aggregator.Province
	City     aggregator.City
	Account  uint64 // key
	Model    uint64 // key of the code
	Firmware uint64 // key of the code
}

// IdentityRow is one identity told.
type IdentityRow struct {
	IdentityKey
	Identity
}

// ClockKey names one boot of a box.
type ClockKey struct {
	Box  uint64
	Boot uint32
}

// Clock is how a boot's clock maps to true time: AtMs = MonoMs + OffsetMs.
type Clock struct {
	OffsetMs int64
	Quality  uint8 // protocol.Clock
}

// ClockRow replaces what is known of a boot's clock.
type ClockRow struct {
	ClockKey
	Clock
}

// Retime moves all rows of a boot that are held with a worse clock: their AtMs
// becomes MonoMs + OffsetMs, their Clock the given Quality. Rows of the block
// itself are not moved.
type Retime struct {
	ClockKey
	Clock
}

// Cell is the unit of closing.
type Cell struct {
	Hour     aggregator.Hour
	Province aggregator.Province
}

// Snapshot is a set of dirty cells as of a moment. Mark is the engine's own.
type Snapshot struct {
	Cells []Cell
	Mark  int64
}

// AuditRow says what is held of a box and kind.
type AuditRow struct {
	Box    uint64
	Kind   uint8
	Events int64
	// MonoSum is the sum of the events' MonoMs: with Events it shows a loss and
	// a double that cancel each other in the count.
	MonoSum int64
}

// EventRef names one event of a box.
type EventRef struct {
	Boot   uint32
	MonoMs int64
	Kind   uint8
}
