package courier

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3/soap"
	"iptvdc/aggregator/durable"
)

func someRelation(n int) soap.Relation {
	return soap.Relation{Province: 43, Sequence: fmt.Sprint(n), SPID: "sp", UserID: fmt.Sprint(13_800_000_000 + n), ProductID: "p",
		Update: soap.UpdateSubscribe, UpdateMs: 1_777_000_000_000}
}

// What comes while a group is written is written together, the same relation
// once, and nobody is answered before it is on disk.
func TestGroupCommit(t *testing.T) {
	b := newBench(t)
	j := b.courier.relations
	j.commit.Lock() // the disk is busy
	const callers, relations = 60, 20
	var again, answered atomic.Int64
	var calls sync.WaitGroup
	for n := range callers {
		calls.Go(func() {
			was, err := b.courier.Notify(context.Background(), someRelation(n%relations))
			if err != nil {
				t.Error(err)
			}
			if was {
				again.Add(1)
			}
			answered.Add(1)
		})
	}
	for joined := 0; joined < relations; runtime.Gosched() {
		j.mu.Lock()
		joined = len(j.under)
		j.mu.Unlock()
	}
	if n := answered.Load(); n != 0 {
		t.Errorf("%d were answered before anything was on disk", n)
	}
	j.commit.Unlock()
	calls.Wait()
	if s := b.courier.Stats(); s.Groups != 1 || again.Load() != callers-relations || s.Relations[43] != (RelationCounts{Accepted: relations, Repeated: callers - relations, Waiting: relations}) {
		t.Errorf("%d again; %+v", again.Load(), s)
	}
	b.open() // as after a crash
	if was, err := b.courier.Notify(t.Context(), someRelation(1)); !was || err != nil {
		t.Errorf("%v, %v: it was kept", was, err)
	}
	if err := b.courier.TakeRelations(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows := b.rows(); len(rows) != 1 || rows[0].Accepted != relations {
		t.Errorf("%+v", rows)
	}
}

// What could not be kept is said to be so, and may come again.
func TestGroupThatFails(t *testing.T) {
	b := newBench(t)
	kept := filepath.Join(b.folder, "soap", relationsDir)
	if err := os.Remove(kept); err != nil {
		t.Fatal(err)
	}
	if was, err := b.courier.Notify(t.Context(), someRelation(1)); was || err == nil {
		t.Errorf("%v, %v", was, err)
	}
	if err := os.Mkdir(kept, 0o700); err != nil {
		t.Fatal(err)
	}
	if was, err := b.courier.Notify(t.Context(), someRelation(1)); was || err != nil {
		t.Errorf("%v, %v", was, err)
	}
	if s := b.courier.Stats(); s.Relations[43] != (RelationCounts{Accepted: 1, Waiting: 1}) {
		t.Errorf("%+v", s)
	}
}

// Damage costs one relation: it is set aside and counted. What an earlier
// version kept is taken in, and half an id is none.
func TestDamage(t *testing.T) {
	b := newBench(t)
	j := b.courier.relations
	var lines bytes.Buffer
	for n := range 3 {
		writeLine(&lines, fmt.Appendf(nil, `{"Province":43,"Sequence":"%d","UserID":"138","SPID":"sp","ProductID":"p","Update":1,"UpdateMs":1777000000000}`, n))
	}
	text := lines.Bytes()
	text[len(text)/2] ^= 1
	if err := durable.WriteFile(filepath.Join(j.kept, "0000000000000007.group"), text); err != nil {
		t.Fatal(err)
	}
	one := `{"Province":43,"Sequence":"9","UserID":"138","SPID":"sp","ProductID":"p","Update":1,"UpdateMs":1777000000000}`
	if err := durable.WriteFile(filepath.Join(j.kept, "abc.json"), []byte(one)); err != nil {
		t.Fatal(err)
	}
	today := aggregator.DayOf(b.now.UnixMilli())
	if err := os.WriteFile(filepath.Join(j.in, today.String()), []byte("half an id"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.open()
	if n := b.courier.relations.next; n != 8 {
		t.Errorf("the next group is number %d", n)
	}
	if err := b.courier.TakeRelations(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows := b.rows(); len(rows) != 1 || rows[0].Accepted != 3 {
		t.Errorf("%+v", rows)
	}
	if s := b.courier.Stats(); s.Damaged != 1 || s.Relations[43].Waiting != 0 {
		t.Errorf("%+v", s)
	}
	aside, err := os.ReadFile(filepath.Join(j.kept, "0000000000000007.group.bad"))
	if err != nil || bytes.Count(aside, []byte("\n")) != 1 {
		t.Errorf("%q, %v", aside, err)
	}
	ids, err := os.ReadFile(filepath.Join(j.in, today.String()))
	if err != nil || len(ids) != 3*16 {
		t.Errorf("%d bytes of ids, %v", len(ids), err)
	}
}

// BenchmarkNotify measures durable notifications from 64 senders at once, and
// beside it the plain way, a synced file each.
func BenchmarkNotify(b *testing.B) {
	run := func(name string, keep func(dir string) func(n int) error) {
		b.Run(name, func(b *testing.B) {
			one := keep(b.TempDir())
			var n atomic.Int64
			b.SetParallelism(64 / runtime.GOMAXPROCS(0))
			began := time.Now()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := one(int(n.Add(1))); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "notifications/s")
		})
	}
	run("a file each", func(dir string) func(int) error {
		var mu sync.Mutex
		return func(n int) error {
			mu.Lock()
			defer mu.Unlock()
			return durable.WriteFile(filepath.Join(dir, fmt.Sprint(n)), make([]byte, 300))
		}
	})
	run("grouped", func(dir string) func(int) error {
		j, err := openJournal(filepath.Join(dir, "kept"), filepath.Join(dir, "in"), newCounters())
		if err != nil {
			b.Fatal(err)
		}
		return func(n int) error {
			r := someRelation(n)
			_, err := j.keep(context.Background(), &r)
			return err
		}
	})
}
