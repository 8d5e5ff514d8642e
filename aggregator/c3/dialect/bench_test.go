package dialect_test

import (
	"bytes"
	"fmt"
	"testing"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
)

// counting is a sink that only counts.
type counting struct{ rows, faults int }

func (c *counting) Rows(r *dialect.Rows) error { c.rows += r.Len(); return nil }
func (c *counting) Fault(c3.Fault) error       { c.faults++; return nil }

// subscribers writes a file of n subscribers as a full file has them.
func subscribers(tb testing.TB, f *dialect.Feed, n int) []byte {
	cities := f.Words(c3.FeedSubscribers, "city")
	rows := &dialect.Rows{Feed: c3.FeedSubscribers}
	for i := range n {
		s := c3.Subscriber{Account: fmt.Sprintf("0571%09d", i), State: c3.StateActive, OpenMs: 1_600_000_000_000 + int64(i)*60_000,
			Product: fmt.Sprintf("JC%03d", i%40), STBID: fmt.Sprintf("004003FF0003204018C4%012X", i), MAC: fmt.Sprintf("00:1a:%02x:%02x:4d:ef", i>>8&255, i&255), Net: "ftth"}
		if i%10 == 0 {
			s.State, s.SuspendMs, s.Reason = c3.StateSuspended, 1_700_000_000_000, c3.ReasonArrears
		}
		if len(cities) > 0 {
			s.City = city(tb, cities[i%len(cities)])
		}
		rows.Subscribers = append(rows.Subscribers, s)
	}
	var file bytes.Buffer
	if err := f.Write(&file, about(), rows); err != nil {
		tb.Fatal(err)
	}
	return file.Bytes()
}

// BenchmarkRead reads full files of 100,000 subscribers: UTF-8 with | (p33),
// GBK with tabs (p43), fixed widths (p37), CSV in GB18030 (p32).
func BenchmarkRead(b *testing.B) {
	const n = 100_000
	for _, name := range []string{"p33", "p43", "p37", "p32", "p34"} {
		b.Run(name, func(b *testing.B) {
			f := feedOf(b, load(b, name), c3.FeedSubscribers)
			file := subscribers(b, f, n)
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				var sink counting
				if _, err := f.Read(bytes.NewReader(file), &sink); err != nil || sink.rows != n {
					b.Fatal(err, sink)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkWrite writes 10,000 subscribers.
func BenchmarkWrite(b *testing.B) {
	f := feedOf(b, load(b, "p33"), c3.FeedSubscribers)
	var all kept
	if _, err := f.Read(bytes.NewReader(subscribers(b, f, 10_000)), &all); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var file bytes.Buffer
		if err := f.Write(&file, about(), all.rows[c3.FeedSubscribers]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(10_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkCompile(b *testing.B) {
	text, err := dialect.ReadyText("p33")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dialect.Compile(text); err != nil {
			b.Fatal(err)
		}
	}
}
