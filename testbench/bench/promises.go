package main

// Benchmarks that several rows read.
var (
	commit    = bench{Package: "aggregator/ledger/sqlite", Name: "BenchmarkCommit", Time: "3s"}
	upload20  = bench{Package: "aggregator/broker", Name: "BenchmarkUpload/events=20", Time: "20000x"}
	upload200 = bench{Package: "aggregator/broker", Name: "BenchmarkUpload/events=200", Time: "20000x"}
	plain20   = bench{Package: "testbench/peers", Name: "BenchmarkPlainWay/events=20", Time: "5000x"}
	plain200  = bench{Package: "testbench/peers", Name: "BenchmarkPlainWay/events=200", Time: "5000x"}
	load      = bench{Package: "aggregator/loader", Name: "BenchmarkLoad/batch=200", Time: "2x"}
	endToEnd  = bench{Package: "testbench/bench", Name: "BenchmarkEndToEnd"}
	files     = "aggregator/c3/inbox"
	millions  = bench{Package: files, Name: "BenchmarkSubscribersLarge", Env: "INBOX_ACCOUNTS=10000000"}
	gigabytes = bench{Package: files, Name: "BenchmarkCatalogueLarge", Env: "INBOX_CATALOGUE_MB=2048"}
	fresh     = bench{Package: "testbench/bench", Name: "BenchmarkFresh"}
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
	{Name: "decode a batch of 200", OursAt: bench{Package: "protocol", Name: "BenchmarkDecode/200", Time: "2s"}, OursUnit: "events/s"},
	{Name: "on the wire, batches of 20", OursAt: bench{Package: "testbench/peers", Name: "BenchmarkWire/ours-20"}, OursUnit: "wire-B/event", Aim: "<= 22", Less: true,
		PeerAt: bench{Package: "testbench/peers", Name: "BenchmarkWire/json-gzip-20"}, PeerIs: "JSON, gzip"},
	{Name: "on the wire, batches of 200", OursAt: bench{Package: "testbench/peers", Name: "BenchmarkWire/ours-200"}, OursUnit: "wire-B/event", Aim: "<= 10", Less: true,
		PeerAt: bench{Package: "testbench/peers", Name: "BenchmarkWire/json-gzip-200"}, PeerIs: "JSON, gzip"},
	{Name: "subscribers' full file, from folder to receipt", OursAt: bench{Package: files, Name: "BenchmarkSubscribers"}, OursUnit: "rows/s",
		PeerAt: bench{Package: files, Name: "BenchmarkSubscribersReadCSV"}, PeerIs: "DuckDB's read_csv of the same file into a table: no keys, checks, book, facts"},
	{Name: "ADI catalogue, from folder to receipt", OursAt: bench{Package: files, Name: "BenchmarkCatalogue", Time: "3x"}, OursUnit: "objects/s", Aim: ">= 50000",
		PeerAt: bench{Package: files, Name: "BenchmarkCatalogueEncodingXML"}, PeerIs: "encoding/xml into structs, which are then forgotten"},
	{Name: "peak memory, full file of 10 million subscribers", OursAt: millions, OursUnit: "peak-MB", Less: true, Long: true},
	{Name: "and its rows a second", OursAt: millions, OursUnit: "rows/s", Long: true},
	{Name: "peak memory, catalogue of 2 GB", OursAt: gigabytes, OursUnit: "peak-MB", Less: true, Long: true},
	{Name: "flash, 20 events a commit", OursAt: flash("ours-20-a-commit"), OursUnit: "flash-B/event", Aim: "<= 300", Less: true,
		PeerAt: flash("peer-wal-each"), PeerIs: "SQLite, WAL, a commit an event"},
	{Name: "flash, 1 event a commit", OursAt: flash("ours-1-a-commit-200-a-batch"), OursUnit: "flash-B/event", Less: true,
		PeerAt: flash("peer-rollback-journal-each"), PeerIs: "SQLite, rollback journal, a commit an event"},
}

func flash(way string) bench { return bench{Package: "agent/outbox", Name: "BenchmarkFlash/" + way} }
