package duckdb

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// evening makes blocks of events as boxes make them in one hour.
type evening struct {
	r      *rand.Rand
	boxes  int
	blocks uint64
}

var benchHour = aggregator.HourOf(time.Date(2026, 5, 3, 20, 0, 0, 0, aggregator.Shanghai).UnixMilli())

var benchProvinces = []aggregator.Province{33, 43, 44, 32, 37, 51, 41, 42, 35, 34, 13, 61, 45, 53}

func (g *evening) stamp(h aggregator.Hour) store.Stamp {
	n := g.r.IntN(g.boxes)
	p := benchProvinces[n%len(benchProvinces)]
	at := h.Start() + g.r.Int64N(aggregator.HourMs)
	return store.Stamp{Province: p, City: aggregator.City(p)*100 + aggregator.City(1+n/14%12), Box: uint64(n+1) * 0x9e3779b97f4a7c15,
		Account: uint64(n+1) * 0xbf58476d1ce4e5b9, Boot: uint32(1 + n%50), MonoMs: at % (40 * aggregator.HourMs), AtMs: at, Clock: 3}
}

func (g *evening) key(n int) uint64 {
	return (1 + uint64(g.r.ExpFloat64()*float64(n)/4)) * 0x94d049bb133111eb
}

func (g *evening) block(n int, h aggregator.Hour) *store.Block {
	b := &store.Block{}
	g.blocks++
	binary.BigEndian.PutUint64(b.ID[:], g.blocks)
	for range n {
		s := g.stamp(h)
		switch k := g.r.IntN(100); {
		case k < 35:
			b.PageViews = append(b.PageViews, store.PageView{Stamp: s, Page: g.key(200), From: g.key(200), Template: g.key(5)})
		case k < 60:
			b.Clicks = append(b.Clicks, store.Click{Stamp: s, Page: g.key(200), Area: g.key(20), Content: g.key(20000), Template: g.key(5), Slot: uint32(g.r.IntN(40)), Trace: uint32(g.r.IntN(1000))})
		case k < 90:
			v := store.View{Stamp: s, Mode: uint8(1 + g.r.IntN(4)), DurationMs: int64(g.r.ExpFloat64() * 600_000), Speed: 100, End: 1, Trace: uint32(g.r.IntN(1000))}
			v.DurationMs = min(v.DurationMs, 24*aggregator.HourMs)
			if k < 63 { // one in ten goes by without a sign, some are cut
				v.IdleMs = v.DurationMs + g.r.Int64N(6*aggregator.HourMs)
			}
			if v.Mode == 1 {
				v.Channel = g.key(150)
			} else {
				v.Content = g.key(20000)
			}
			if v.Mode > 2 && g.r.IntN(2) == 0 { // of new boxes
				v.LengthMs, v.PositionMs = 45*60_000, 1+g.r.Int64N(40*60_000)
			}
			b.Views = append(b.Views, v)
		case k < 94:
			b.Powers = append(b.Powers, store.Power{Stamp: s, On: k < 92, Cause: 1, Agent: 1 + s.Box%3})
		case k < 95:
			b.Orders = append(b.Orders, store.Order{Stamp: s, OrderID: g.r.Uint64(), Product: g.key(50), Provider: g.key(20), Content: g.key(20000), Fen: 1990, Result: 1, Pay: 1})
		default:
			b.Notices = append(b.Notices, store.Notice{Stamp: s, Kind: 8})
		}
	}
	return b
}

func openBench(b *testing.B, o Options) (*Store, string) {
	path := filepath.Join(b.TempDir(), "store.duckdb")
	s, err := Open(path, o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Shutdown() })
	return s, path
}

// cpu is the processor time this process has used, for figures that hold on a
// busy machine too.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkInsert(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 250_000, 500_000} {
		b.Run(fmt.Sprintf("events=%d", n), func(b *testing.B) {
			s, path := openBench(b, Options{})
			g := &evening{r: rand.New(rand.NewPCG(1, 0)), boxes: 100_000}
			blk := g.block(n, benchHour)
			i, before := uint64(0), cpu(b)
			for b.Loop() {
				i++
				binary.BigEndian.PutUint64(blk.ID[:], i)
				if _, err := s.Insert(context.Background(), blk); err != nil {
					b.Fatal(err)
				}
			}
			events := float64(n) * float64(b.N)

			b.ReportMetric(events/b.Elapsed().Seconds(), "events/s")
			if _, err := s.db.Exec("CHECKPOINT"); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(cpu(b)-before)/events, "cpu-ns/event")
			if st, err := os.Stat(path); err == nil {
				b.ReportMetric(float64(st.Size())/events, "disk-B/event")
			}
		})
	}
}

func BenchmarkClose(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprintf("events=%d", n), func(b *testing.B) {
			s, _ := openBench(b, Options{})
			ctx := context.Background()
			g := &evening{r: rand.New(rand.NewPCG(1, 0)), boxes: 100_000}
			for range max(1, n/250_000) {
				if _, err := s.Insert(ctx, g.block(min(n, 250_000), benchHour)); err != nil {
					b.Fatal(err)
				}
			}
			schedule(b, s)
			snap := store.Snapshot{}
			for _, p := range benchProvinces {
				snap.Cells = append(snap.Cells, store.Cell{Hour: benchHour, Province: p})
			}
			before := cpu(b)
			for b.Loop() {
				if err := s.Close(ctx, snap); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N)/1e6, "cpu-ms/close")
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// queryBoxes is how many boxes BenchmarkQuery asks about; a million for the
// figures in DESIGN.md.
var queryBoxes = flag.Int("query-boxes", 100_000, "boxes of BenchmarkQuery")

// schedule gives each of 150 channels a programme every half hour of a week, in
// every province, and catch-up its contents.
func schedule(b *testing.B, s *Store) {
	b.Helper()
	for _, p := range benchProvinces {
		for _, fill := range []string{
			`INSERT INTO broadcast SELECT $p, hash(c, n), (c::HUGEINT * 10723151780598845931 % 18446744073709551616)::UBIGINT, $start + n * 1800000, $start + (n + 1) * 1800000, hash(c), 0, 0, 0, 0, 0, 0
				FROM range(1, 151) a(c), range(0, 336) t(n)`,
			`INSERT INTO recording SELECT $p, (row_number() OVER () % 20000 * 10723151780598845931::HUGEINT % 18446744073709551616)::UBIGINT, code FROM broadcast WHERE province = $p LIMIT 20000`,
		} {
			fill = strings.NewReplacer("$p", fmt.Sprint(uint8(p)), "$start", fmt.Sprint((benchHour - 160).Start())).Replace(fill)
			if _, err := s.db.Exec(fill); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkQuery asks about 31 closed days and the day under way of 100,000
// boxes, of which half are on each day.
func BenchmarkQuery(b *testing.B) {
	s, _ := openBench(b, Options{})
	today := int32(benchHour.Day())
	for _, fill := range []string{
		`INSERT INTO fact_box_day SELECT $day - d, 33 + n % 14, 3301 + n % 170, hash(n), 1 + n % 3, 20, 15, 6, 9000000, 60
			FROM range(1, 62) a(d), range($boxes) b(n) WHERE hash(n, d) % 2 = 0`,
		`INSERT INTO fact_box_hour SELECT $hour - h, 33 + n % 14, 3301 + n % 12, hash(n), n % 2, 5, 4, 2, 2000000, 12
			FROM range(0, 20) a(h), range($boxes) b(n) WHERE hash(n, h) % 4 = 0`,
		`INSERT INTO fact_click_day SELECT $day - d, 33 + n % 14, 3301 + n % 12, hash(n % 200), hash(n % 20), n % 40, hash(n % 20011), 1 + n % 50, n % 10
			FROM range(1, 32) a(d), range($boxes // 2) b(n)`,
		`INSERT INTO fact_view_day SELECT $day - d, 33 + n % 14, 3301 + n % 12, 1 + n % 4, hash(n % 150), hash(n % 20011), 3, 900000
			FROM range(1, 32) a(d), range($boxes // 2) b(n)`,
		`INSERT INTO settled VALUES ($day - 1)`,
	} {
		fill = strings.NewReplacer("$boxes", fmt.Sprint(*queryBoxes), "$day", fmt.Sprint(today), "$hour", fmt.Sprint(benchHour)).Replace(fill)
		if _, err := s.db.Exec(fill); err != nil {
			b.Fatal(err)
		}
	}
	tx, err := s.db.Begin()
	if err != nil {
		b.Fatal(err)
	}
	if err := seatAll(context.Background(), tx); err != nil {
		b.Fatal(err)
	}
	for _, d := range allDerived() {
		if _, err := tx.Exec(d.fill); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
	var days, windows []store.Span
	for d := today - 31; d <= today; d++ {
		days = append(days, store.Span{From: d, To: d + 1})
		windows = append(windows, store.Span{From: d - 29, To: d + 1})
	}
	month := []store.Span{{From: today - 31, To: today + 1}}
	active := []store.Value{{Measure: store.MeasurePowerOns, DistinctBoxes: true}}
	f := func(name string, q store.Query) {
		q.AllProvinces = true
		b.Run(name, func(b *testing.B) {
			before := cpu(b)
			for b.Loop() {
				rows, err := s.Query(context.Background(), q)
				if err != nil || len(rows) == 0 {
					b.Fatal(rows, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/query")
			b.ReportMetric(float64((cpu(b)-before).Milliseconds())/float64(b.N), "cpu-ms/query")
		})
	}
	province := []store.Column{store.ColProvince}
	f("sums=by-day", store.Query{Fact: store.FactBox, Spans: days, Values: []store.Value{{Measure: store.MeasurePowerOns}}})
	f("sums=by-day-and-province", store.Query{Fact: store.FactBox, Spans: days, GroupBy: province, Values: []store.Value{{Measure: store.MeasurePowerOns}, {Measure: store.MeasureClicks}}})
	f("boxes=month-by-province", store.Query{Fact: store.FactBox, Spans: month, GroupBy: province, Values: active})
	f("boxes=by-day", store.Query{Fact: store.FactBox, Spans: days, Values: active})
	f("boxes=by-30-day-windows", store.Query{Fact: store.FactBox, Spans: windows, Values: []store.Value{{Measure: store.MeasureEvents, DistinctBoxes: true}}})
	f("top=content-by-clicks", store.Query{Fact: store.FactClick, Spans: month, GroupBy: []store.Column{store.ColContent}, Values: []store.Value{{Measure: store.MeasureClicks}, {Measure: store.MeasureLed}}, Limit: 10})
	f("view=minutes-by-day-and-mode", store.Query{Fact: store.FactView, Spans: days, GroupBy: []store.Column{store.ColMode}, Values: []store.Value{{Measure: store.MeasureViewingMs}}})
	f("hours=today", store.Query{Fact: store.FactBox, Hourly: true, Spans: []store.Span{{From: int32(benchHour) - 20, To: int32(benchHour) + 1}}, GroupBy: province, Values: active})
}

// BenchmarkRolls counts a million boxes, of which half are on each of 61 days, from
// rolls alone: what a question costs, without the hour that it takes to fill facts.
func BenchmarkRolls(b *testing.B) {
	s, _ := openBench(b, Options{})
	today := int32(benchHour.Day())
	for _, fill := range []string{
		`INSERT INTO fact_box_roll_day SELECT d, 33 + c % 14, 3301 + c, w, '', '', '', '', w
			FROM (SELECT d, c, unhex(string_agg(printf('%08x%016x', c * 92 + n, hash(d, c, n) | 1), '' ORDER BY n)) AS w
				FROM range($day - 61, $day) a(d), range(170) b(c), range(92) e(n) GROUP BY ALL)`,
		`INSERT INTO fact_box_roll_hour SELECT h, 33 + c % 14, 3301 + c, w, '', '', '', '', w
			FROM (SELECT h, c, unhex(string_agg(printf('%08x%016x', c * 92 + n, (hash(h, c, n) & hash(h, n, c)) | 1), '' ORDER BY n)) AS w
				FROM range($day * 24, $day * 24 + 21) a(h), range(170) b(c), range(92) e(n) GROUP BY ALL)`,
		`INSERT INTO settled VALUES ($day - 1)`,
	} {
		if _, err := s.db.Exec(strings.ReplaceAll(fill, "$day", fmt.Sprint(today))); err != nil {
			b.Fatal(err)
		}
	}
	var days, windows, hours []store.Span
	for d := today - 31; d <= today; d++ {
		days = append(days, store.Span{From: d, To: d + 1})
		windows = append(windows, store.Span{From: d - 29, To: d + 1})
	}
	for h := today * 24; h < today*24+21; h++ {
		hours = append(hours, store.Span{From: h, To: h + 1})
	}
	month := []store.Span{{From: today - 31, To: today + 1}}
	f := func(name string, hourly bool, spans []store.Span, by ...store.Column) {
		q := store.Query{Fact: store.FactBox, Hourly: hourly, Spans: spans, GroupBy: by, AllProvinces: true,
			Values: []store.Value{{Measure: store.MeasurePowerOns, DistinctBoxes: true}}}
		b.Run(name, func(b *testing.B) {
			before := cpu(b)
			for b.Loop() {
				if rows, err := s.Query(context.Background(), q); err != nil || len(rows) == 0 {
					b.Fatal(rows, err)
				}
			}
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/query")
		})
	}
	f("month-by-province", false, month, store.ColProvince)
	f("month-by-city", false, month, store.ColCity)
	f("by-day", false, days)
	f("by-30-day-windows", false, windows)
	f("hours-of-today", true, hours, store.ColProvince)
}

// month returns a block of events of the 31 days up to benchHour, as boxes
// that were away send them: all hours mixed.
func (g *evening) month(n int) *store.Block {
	b := g.block(n, benchHour)
	spread := func(s *store.Stamp) { s.AtMs -= g.r.Int64N(31*24) * aggregator.HourMs }
	for i := range b.Powers {
		spread(&b.Powers[i].Stamp)
	}
	for i := range b.PageViews {
		spread(&b.PageViews[i].Stamp)
	}
	for i := range b.Clicks {
		spread(&b.Clicks[i].Stamp)
	}
	for i := range b.Views {
		spread(&b.Views[i].Stamp)
	}
	for i := range b.Orders {
		spread(&b.Orders[i].Stamp)
	}
	for i := range b.Notices {
		spread(&b.Notices[i].Stamp)
	}
	return b
}

// BenchmarkBacklog closes a month of hours that were never closed, the newest
// first and then in portions, as closing does; and then once more.
func BenchmarkBacklog(b *testing.B) {
	const events = 1_000_000
	for _, portion := range []int{500, 2500, 12_000} {
		b.Run(fmt.Sprintf("cells=%d", portion), func(b *testing.B) {
			ctx := context.Background()
			for b.Loop() {
				b.StopTimer()
				s, _ := openBench(b, Options{})
				g := &evening{r: rand.New(rand.NewPCG(1, 0)), boxes: 600}
				for range 4 {
					if _, err := s.Insert(ctx, g.month(events/4)); err != nil {
						b.Fatal(err)
					}
				}
				snap, err := s.Dirty(ctx, 1_000_000)
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				for _, name := range []string{"first", "again"} {
					began, before := time.Now(), cpu(b)
					for at, size := 0, 2*len(benchProvinces); at < len(snap.Cells); at, size = at+size, portion {
						part := store.Snapshot{Cells: snap.Cells[at:min(at+size, len(snap.Cells))], Mark: snap.Mark}
						if err := s.Close(ctx, part); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(time.Since(began).Seconds(), name+"-s")
					b.ReportMetric((cpu(b) - before).Seconds(), name+"-cpu-s")
				}
			}
		})
	}
}
