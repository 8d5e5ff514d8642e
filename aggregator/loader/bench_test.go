package loader

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/sqlite"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/protocol"
)

// BenchmarkLoad loads a backlog of one million events from the SQLite ledger
// into DuckDB, in batches as boxes send them in the evening (20 events) and
// after a time without network (200).
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{20, 200} {
		b.Run(fmt.Sprintf("batch=%d", n), func(b *testing.B) {
			const events = 1_000_000
			var used time.Duration
			for range b.N {
				b.StopTimer()
				l, err := sqlite.Open(b.TempDir())
				if err != nil {
					b.Fatal(err)
				}
				s, err := duckdb.Open(filepath.Join(b.TempDir(), "store.duckdb"), duckdb.Options{})
				if err != nil {
					b.Fatal(err)
				}
				backlog(b, l, n, events)
				load := New(Config{Source: l, Target: s, Secrets: secrets})
				before := cpu(b)
				b.StartTimer()
				for more := true; more; {
					if more, err = load.Step(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				used += cpu(b) - before
				if st := load.Stats(); st.Events != events {
					b.Fatalf("stats %+v", st)
				}
				if err := s.Shutdown(); err != nil {
					b.Fatal(err)
				}
				if err := l.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(events*float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(used)/events/float64(b.N), "cpu-ns/event")
		})
	}
}

// BenchmarkDecode is the loader's own work: decode, resolve, place.
func BenchmarkDecode(b *testing.B) {
	for _, n := range []int{20, 200} {
		b.Run(fmt.Sprintf("batch=%d", n), func(b *testing.B) {
			c := newCentre(b)
			const events = 100_000
			backlog(b, c.ledger, n, events)
			bound, err := c.ledger.Bind(b.Context(), events)
			if err != nil {
				b.Fatal(err)
			}
			before := cpu(b)
			for b.Loop() {
				r := c.decode(&bound)
				if err := r.ask(b.Context(), c.Loader); err != nil {
					b.Fatal(err)
				}
				r.finish(c.Loader)
				r.remember(c.Loader)
			}
			b.ReportMetric(events*float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(cpu(b)-before)/events/float64(b.N), "cpu-ns/event")
		})
	}
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// backlog commits events in batches of n from boxes that are on for an hour.
func backlog(b *testing.B, l ledger.Ledger, n, events int) {
	r := rand.New(rand.NewPCG(1, 2))
	var enc protocol.Encoder
	var bodies [10][100]protocol.Sealed // what a hundred boxes send; the rest send the same
	for no := range bodies {
		for i := range bodies[no] {
			codec, body, err := enc.Body(session(r, i, no, n))
			if err != nil {
				b.Fatal(err)
			}
			bodies[no][i] = protocol.Sealed{Codec: codec, Body: append([]byte(nil), body...)}
		}
	}
	boxes := events / n / len(bodies)
	chains := make([]protocol.Chain, boxes)
	var group []ledger.Received
	for i := range events / n {
		box, no := i%boxes, i/boxes
		name := fmt.Sprintf("bench%012d", box)
		s := bodies[no][box%100]
		s.Epoch, s.No, s.First, s.N, s.Prev = uint64(box+1), uint64(no+1), uint64(no*n+1), uint32(n), chains[box]
		id := sha256.Sum256(fmt.Append(nil, name, no))
		copy(s.UID[:], id[:])
		chains[box] = s.Chain()
		group = append(group, ledger.Received{Route: protocol.Route{Province: 33 + uint8(i%10), Shard: protocol.ShardOf(name), Box: name}, AtMs: now + int64(i),
			Batch: protocol.Batch{Version: 1, Sealed: s, Envelope: protocol.Envelope{Floor: 1, Boot: 5, UpMs: 3_600_000}}})
		if len(group) == 500 || i == events/n-1 {
			verdicts, err := l.Commit(b.Context(), group)
			if err != nil || verdicts[0].Outcome != ledger.Stored {
				b.Fatal(verdicts, err)
			}
			group = group[:0]
		}
	}
}

// session is the batch with number no of what a box records: first who it is
// and the time, then pages, clicks and viewing.
func session(r *rand.Rand, box, no, n int) []protocol.Event {
	who := identity(5, 0, fmt.Sprint("u", box), 33, 3301)
	var out []protocol.Event
	if no == 0 {
		out = append(out, protocol.Event{Kind: protocol.PowerOn, Boot: 5, Cause: protocol.CauseBoot}, who, clockSync(5, 2000, now-3_600_000, protocol.ClockNTP))
	}
	zipf := rand.NewZipf(r, 1.2, 5, 20_000)
	mono := uint64(3000 + no*300_000)
	for len(out) < n {
		mono += uint64(r.IntN(500_000 / n))
		e := protocol.Event{Serial: who.Serial, Boot: 5, MonoMs: mono, Source: protocol.SourcePage}
		content := fmt.Sprintf("SD000%06d", zipf.Uint64())
		switch r.IntN(3) {
		case 0:
			e.Kind, e.Page, e.From, e.Template = protocol.PageView, fmt.Sprint("page.", zipf.Uint64()%200), "page.home", "v12"
		case 1:
			e.Kind, e.Page, e.Area, e.Slot, e.Content, e.Template, e.Trace = protocol.Click, "page.home", fmt.Sprint("area", r.IntN(8)), uint32(r.IntN(40)), content, "v12", uint32(mono)
		default:
			e.Kind, e.Mode, e.DurationMs, e.Speed, e.End = protocol.View, protocol.ModeVOD, uint64(r.IntN(int(mono))), 100, protocol.EndStop
			if e.Content = content; r.IntN(2) == 0 {
				e.Mode, e.Channel, e.Content = protocol.ModeLive, fmt.Sprint("ch.", zipf.Uint64()%150), ""
			}
		}
		out = append(out, e)
	}
	return out
}
