package main

// Benchmarks that several rows read.
var (
	commit    = bench{"aggregator/ledger/sqlite", "BenchmarkCommit", "3s"}
	upload20  = bench{"aggregator/broker", "BenchmarkUpload/events=20", "20000x"}
	upload200 = bench{"aggregator/broker", "BenchmarkUpload/events=200", "20000x"}
	plain20   = bench{"testbench/peers", "BenchmarkPlainWay/events=20", "5000x"}
	plain200  = bench{"testbench/peers", "BenchmarkPlainWay/events=200", "5000x"}
	load      = bench{"aggregator/loader", "BenchmarkLoad/batch=200", "2x"}
	endToEnd  = bench{"testbench/bench", "BenchmarkEndToEnd", ""}
	fresh     = bench{"testbench/bench", "BenchmarkFresh", ""}
)

const plainWay = "a subscriber, one SQLite transaction a message"

// rows are the promises of ARCHITECTURE.md, Budgets, that can be measured on
// one machine.
var rows = []Row{
	{Name: "ledger commit, 1 kB batches in groups of 200", OursAt: commit, OursUnit: "batches/s", Aim: ">= 50000",
		PeerAt: plain20, PeerIs: plainWay},
	{Name: "upload, batches of 20: box to ack over MQTT", OursAt: upload20, OursUnit: "events/s",
		PeerAt: plain20, PeerIs: plainWay},
	{Name: "upload, batches of 200", OursAt: upload200, OursUnit: "events/s", PeerAt: plain200, PeerIs: plainWay},
	{Name: "ledger to store", OursAt: load, OursUnit: "events/s", Aim: ">= 1500000"},
	{Name: "end to end, boxes included: acknowledged", OursAt: endToEnd, OursUnit: "acked-events/s", Aim: ">= 500000"},
	{Name: "end to end: in the columnar store", OursAt: endToEnd, OursUnit: "loaded-events/s"},
	{Name: "end to end: in every figure of a month", OursAt: endToEnd, OursUnit: "visible-events/s"},
	{Name: "ack at p99 in that flood", OursAt: endToEnd, OursUnit: "ack-p99-ms", Aim: "<= 100", Less: true},
	{Name: "ack to figure at p50, 20,000 events/s", OursAt: fresh, OursUnit: "fresh-p50-ms", Less: true},
	{Name: "ack to figure at p99, 20,000 events/s", OursAt: fresh, OursUnit: "fresh-p99-ms", Aim: "<= 5000", Less: true},
	{Name: "decode a batch of 200", OursAt: bench{"protocol", "BenchmarkDecode/200", "2s"}, OursUnit: "events/s"},
	{Name: "on the wire, batches of 20", OursAt: bench{"testbench/peers", "BenchmarkWire/ours-20", ""}, OursUnit: "wire-B/event", Aim: "<= 22", Less: true,
		PeerAt: bench{"testbench/peers", "BenchmarkWire/json-gzip-20", ""}, PeerIs: "JSON, gzip"},
	{Name: "on the wire, batches of 200", OursAt: bench{"testbench/peers", "BenchmarkWire/ours-200", ""}, OursUnit: "wire-B/event", Aim: "<= 10", Less: true,
		PeerAt: bench{"testbench/peers", "BenchmarkWire/json-gzip-200", ""}, PeerIs: "JSON, gzip"},
	{Name: "flash, 20 events a commit", OursAt: flash("ours-20-a-commit"), OursUnit: "flash-B/event", Aim: "<= 300", Less: true,
		PeerAt: flash("peer-wal-each"), PeerIs: "SQLite, WAL, a commit an event"},
	{Name: "flash, 1 event a commit", OursAt: flash("ours-1-a-commit-200-a-batch"), OursUnit: "flash-B/event", Less: true,
		PeerAt: flash("peer-rollback-journal-each"), PeerIs: "SQLite, rollback journal, a commit an event"},
}

func flash(way string) bench { return bench{"agent/outbox", "BenchmarkFlash/" + way, ""} }
