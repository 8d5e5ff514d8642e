// Package backfill makes the past of a large fleet and puts it straight into a
// columnar store, past boxes, broker and ledger: what the store would hold if a
// million households had lived those days. The facts are made by the store's own
// closing; only the road of an event is left out, which other benches measure.
//
// Each box and day has dice of its own, so the same Config makes the same events
// whatever was interrupted on the way, and a block of events has the same id.
package backfill
