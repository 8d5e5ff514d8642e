package sqlite_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/ledgertest"
	"iptvdc/protocol"
)

// BenchmarkCommit commits batches from their wire bytes on: decoded, judged,
// chained, encrypted, written, synced; groups of 200, bodies of 1,000 bytes,
// 10,000 boxes.
func BenchmarkCommit(b *testing.B) {
	const group, bodySize, boxes = 200, 1000, 10_000
	l := mustOpen(b, b.TempDir())
	defer l.Close()
	streams := make([]*ledgertest.Stream, boxes)
	for i := range streams {
		streams[i] = ledgertest.NewStream(ledgertest.BoxID(i), uint8(33+i%14), uint64(i)<<40|1)
	}
	random := rand.New(rand.NewPCG(7, 7))
	body := make([]byte, bodySize)
	for i := range body {
		body[i] = byte(random.Uint32())
	}
	type packet struct {
		route protocol.Route
		bytes []byte
	}
	var dec protocol.Decoder
	packets := make([]packet, group)
	received := make([]ledger.Received, group)
	commit := func() {
		for i, p := range packets {
			batch, err := dec.Batch(p.bytes)
			if err != nil {
				b.Fatal(err)
			}
			received[i] = ledger.Received{Route: p.route, AtMs: 1, Batch: batch}
		}
		verdicts, err := l.Commit(context.Background(), received)
		if err != nil {
			b.Fatal(err)
		}
		for i, v := range verdicts {
			if v.Outcome != ledger.Stored {
				b.Fatalf("batch %d: %v", i, v.Outcome)
			}
		}
	}
	next := 0
	fill := func() {
		for i := range packets {
			st := streams[next%boxes]
			next++
			r := st.NextWith(20, bytes.Clone(body))
			packets[i] = packet{st.Route, protocol.AppendBatch(packets[i].bytes[:0], &r.Batch.Sealed, &r.Batch.Envelope)}
		}
	}
	for range boxes / group { // every box has been heard of
		fill()
		commit()
	}
	b.ReportAllocs()
	b.ResetTimer()
	var filling time.Duration
	busy := cpuTime(b)
	for range b.N {
		b.StopTimer()
		before := cpuTime(b)
		fill()
		filling += cpuTime(b) - before
		b.StartTimer()
		commit()
	}
	busy += filling
	b.ReportMetric(float64((cpuTime(b)-busy).Nanoseconds())/1000/float64(b.N*group), "cpu-µs/batch")
	b.ReportMetric(float64(b.N*group)/b.Elapsed().Seconds(), "batches/s")
}

// cpuTime is what the process has used so far: on a machine that others use
// too it says more than the clock.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkBind hands out a bound block again and again: a million events in
// batches of 200, bodies read, decrypted and checked. It bounds the loader.
func BenchmarkBind(b *testing.B) {
	const batches, events, boxes = 5000, 200, 500
	l := mustOpen(b, b.TempDir())
	defer l.Close()
	body := make([]byte, 700)
	for box := range boxes {
		st := ledgertest.NewStream(ledgertest.BoxID(box), 33, 1)
		var group []ledger.Received
		for range batches / boxes {
			group = append(group, st.NextWith(events, body))
		}
		if _, err := l.Commit(context.Background(), group); err != nil {
			b.Fatal(err)
		}
	}
	busy := cpuTime(b)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		block, err := l.Bind(context.Background(), batches*events)
		if err != nil || len(block.Batches) != batches {
			b.Fatalf("%d batches, %v", len(block.Batches), err)
		}
	}
	b.ReportMetric(float64((cpuTime(b)-busy).Nanoseconds())/1000/float64(b.N*batches), "cpu-µs/batch")
	b.ReportMetric(float64(b.N*batches*events)/b.Elapsed().Seconds(), "events/s")
}
