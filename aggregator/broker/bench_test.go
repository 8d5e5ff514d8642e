package broker_test

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/ledgertest"
	"iptvdc/aggregator/ledger/sqlite"
	"iptvdc/protocol"
)

// BenchmarkUpload is the whole way of a batch from a box's client to its ack:
// MQTT, embedded broker, intake, SQLite ledger with synced commits. The clients
// run in the same process and pay for themselves.
func BenchmarkUpload(b *testing.B) {
	for _, events := range []int{20, 200} {
		b.Run(fmt.Sprintf("events=%d", events), func(b *testing.B) { benchmarkUpload(b, events) })
	}
}

func benchmarkUpload(b *testing.B, events int) {
	const boxes, window = 200, 4
	l, err := sqlite.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	in := newIntake(b, l)
	e := embed(b, broker.Config{}, in)
	all := make([]*box, boxes)
	for i := range all {
		all[i] = mustConnect(b, dial{url: "tcp://" + e.Addr()}, ledgertest.NewStream(ledgertest.BoxID(i), 33, uint64(i+1)<<40))
	}
	var encoder protocol.Encoder
	_, packed, err := encoder.Body(evening(events))
	if err != nil {
		b.Fatal(err)
	}
	body := append([]byte(nil), packed...)
	var left atomic.Int64
	left.Store(int64(b.N))
	busy := cpuTime(b)
	b.ResetTimer()
	var wg sync.WaitGroup
	for _, c := range all {
		wg.Go(func() {
			flying := 0
			for {
				for flying < window && left.Add(-1) >= 0 {
					c.send(c.stream.NextWith(uint32(events), body))
					flying++
				}
				if flying == 0 {
					return
				}
				select {
				case a := <-c.acks:
					if a.Code != protocol.AckOK {
						b.Errorf("ack %+v", a)
						return
					}
					flying--
				case err := <-c.lost:
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	busy = cpuTime(b) - busy
	if got := in.Stats().Outcome[ledger.Stored].Load(); got != uint64(b.N) {
		b.Fatalf("%d of %d batches stored", got, b.N)
	}
	seconds := b.Elapsed().Seconds()
	b.ReportMetric(float64(busy.Microseconds())/float64(b.N), "cpu-µs/batch")
	b.ReportMetric(float64(b.N)/seconds, "batches/s")
	b.ReportMetric(float64(b.N*events)/seconds, "events/s")
	b.ReportMetric(float64(b.N)/float64(in.Stats().Commits.Load()), "batches/commit")
	b.ReportMetric(float64(len(body))/float64(events), "bytes/event")
}

// evening is what a box reports on an evening: pages, clicks, viewing.
func evening(n int) []protocol.Event {
	events := make([]protocol.Event, n)
	for i := range events {
		e := &events[i]
		e.Boot, e.Serial, e.MonoMs = 7, 12345, uint64(60_000+i*7_919)
		switch i % 3 {
		case 0:
			e.Kind, e.Page, e.From = protocol.PageView, page(i), page(i+1)
		case 1:
			e.Kind, e.Page, e.Area, e.Slot, e.Content = protocol.Click, page(i), "main", uint32(1+i%12), content(i)
		case 2:
			e.Kind, e.Mode, e.Content, e.DurationMs, e.Speed, e.End = protocol.View, protocol.ModeVOD, content(i), uint64(7*i), 100, protocol.EndStop
		}
	}
	return events
}

func page(i int) string { return fmt.Sprintf("epg/home/%d", i%9) }

func content(i int) string {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(i)*2654435761)
	return fmt.Sprintf("PROG%x", b[:2])
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
