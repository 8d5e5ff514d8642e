package main

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
	"iptvdc/testbench/fleet"
)

// BenchmarkEndToEnd sends a month of 600 households over MQTT, each box on a
// connection of its own, through broker, intake, ledger, loader and closing;
// the boxes' side runs in the same process and pays for itself.
func BenchmarkEndToEnd(b *testing.B) {
	const boxes, days = 600, 31
	upload := make(map[string][][]byte)
	var bytesUp int64
	events, err := fleet.History(b.Context(), fleet.HistoryConfig{Boxes: boxes, Seed: 7, EndMs: time.Now().UnixMilli()}, days,
		func(topic string, packet []byte, _ int64) error {
			upload[topic] = append(upload[topic], bytes.Clone(packet))
			bytesUp += int64(len(packet))
			return nil
		})
	if err != nil {
		b.Fatal(err)
	}
	p := newPlatform(b)
	senders := make([]*sender, 0, len(upload))
	for topic := range upload {
		senders = append(senders, p.connect(b, topic))
	}
	latency := hdrhistogram.New(1, 60_000_000, 3)
	var mu sync.Mutex
	b.ResetTimer()
	start := time.Now()
	var all sync.WaitGroup
	for _, s := range senders {
		all.Go(func() {
			err := s.send(upload[s.topic], protocol.MaxWindow, func(d time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				if err := latency.RecordValue(max(1, d.Microseconds())); err != nil {
					b.Error(err)
				}
			})
			if err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
	acked := time.Since(start)
	for n := int64(0); n < events; {
		select {
		case block := <-p.loaded:
			n += int64(block)
		case <-time.After(time.Minute):
			b.Fatalf("%d of %d events loaded", n, events)
		}
	}
	loaded := time.Since(start)
	p.waitClosed(b)
	visible := time.Since(start)
	b.StopTimer()
	b.ReportMetric(float64(events)/acked.Seconds(), "acked-events/s")
	b.ReportMetric(float64(events)/loaded.Seconds(), "loaded-events/s")
	b.ReportMetric(float64(events)/visible.Seconds(), "visible-events/s")
	b.ReportMetric(float64(latency.ValueAtQuantile(99))/1000, "ack-p99-ms")
	b.ReportMetric(float64(bytesUp)/float64(events), "packet-B/event")
	b.ReportMetric(0, "ns/op")
}

// waitClosed returns when no cell is dirty.
func (p *platform) waitClosed(b *testing.B) {
	b.Helper()
	changes, end := p.closing.Subscribe()
	defer end()
	for {
		_, dirty, err := p.store.AsOf(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if dirty == 0 {
			return
		}
		select {
		case <-changes:
		case <-time.After(100 * time.Millisecond): // the last round may lie behind
		}
	}
}

// BenchmarkFresh asks how long after its ack an event stands in a figure while
// other boxes send 20,000 events a second.
func BenchmarkFresh(b *testing.B) {
	const (
		boxes = 200
		pace  = 200 * time.Millisecond
		marks = 100
	)
	p := newPlatform(b)
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	var load sync.WaitGroup
	for i := range boxes {
		s := p.connect(b, protocol.UpTopic(33, boxName(i)))
		stream := &stream{epoch: uint64(i + 1)}
		load.Go(func() {
			tick := time.NewTicker(pace)
			defer tick.Stop()
			for n := 0; ; n++ {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				if err := s.send([][]byte{stream.packet(b, 20, "portal/home")}, 1, func(time.Duration) {}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	fresh := hdrhistogram.New(1, 60_000_000, 3)
	marker := p.connect(b, protocol.UpTopic(43, boxName(boxes)))
	stream := &stream{epoch: 999}
	b.ResetTimer()
	for n := range marks {
		page := "mark/" + time.Duration(n).String()
		if err := marker.send([][]byte{stream.packet(b, 1, page)}, 1, func(time.Duration) {}); err != nil {
			b.Fatal(err)
		}
		acked := time.Now()
		p.waitVisible(b, page)
		if err := fresh.RecordValue(time.Since(acked).Microseconds()); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	stop()
	load.Wait()
	b.ReportMetric(float64(fresh.ValueAtQuantile(50))/1000, "fresh-p50-ms")
	b.ReportMetric(float64(fresh.ValueAtQuantile(99))/1000, "fresh-p99-ms")
	b.ReportMetric(0, "ns/op")
}

// waitVisible returns when a view of page stands in today's figures.
func (p *platform) waitVisible(b *testing.B, page string) {
	b.Helper()
	changes, end := p.closing.Subscribe()
	defer end()
	today := int32(aggregator.DayOf(time.Now().UnixMilli()))
	q := store.Query{
		Fact: store.FactPage, Spans: []store.Span{{From: today - 1, To: today + 2}}, AllProvinces: true,
		Filters: []store.Filter{{Column: store.ColPage, In: []uint64{aggregator.TextKey(page)}}},
		Values:  []store.Value{{Measure: store.MeasurePageViews}},
	}
	for {
		rows, err := p.store.Query(b.Context(), q)
		if err != nil {
			b.Fatal(err)
		}
		if len(rows) > 0 && rows[0].Values[0] > 0 {
			return
		}
		select {
		case <-changes:
		case <-time.After(time.Minute):
			b.Fatalf("%s is not visible after a minute", page)
		}
	}
}
