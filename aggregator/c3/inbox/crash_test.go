package inbox

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

var everyFlag = flag.Int("every", 17, "with DuckDB stop at each so many-th write of disk or store; 1: at each of them")

// stoppingStore stops before or after what it writes.
type stoppingStore struct {
	store.Feeds
	stop stopping
}

func (s stoppingStore) Note(ctx context.Context, f store.File, r c3.Receipt) error {
	if err := s.stop.step(); err != nil {
		return err
	}
	if err := s.Feeds.Note(ctx, f, r); err != nil {
		return err
	}
	return s.stop.step()
}

func (s stoppingStore) Stage(ctx context.Context, f store.File) (store.Stage, error) {
	if err := s.stop.step(); err != nil {
		return nil, err
	}
	st, err := s.Feeds.Stage(ctx, f)
	return stoppingStage{st, s.stop}, err
}

type stoppingStage struct {
	store.Stage
	stop stopping
}

func (s stoppingStage) Add(ctx context.Context, rows *store.FeedRows) error {
	if err := s.stop.step(); err != nil {
		return err
	}
	return s.Stage.Add(ctx, rows)
}

func (s stoppingStage) Commit(ctx context.Context, v store.Verdict) (store.FileRow, error) {
	if err := s.stop.step(); err != nil {
		return store.FileRow{}, err
	}
	row, err := s.Stage.Commit(ctx, v)
	if err != nil {
		return row, err
	}
	return row, s.stop.step()
}

// layForCrashes lays a file for every way that a file may go.
func (b *bench) layForCrashes() {
	b.Helper()
	b.zj(today-2, 100)
	b.zj(today-1, 100)               // the same, as another day's
	b.zj(today, 50)                  // shrunk
	b.put("33", "c.xml", catalogue)  // partly
	b.put("33", "c2.xml", catalogue) // repeated
	b.put("33", "readme", "no file of theirs\n")
	b.put("33", "cut.xml", catalogue[:400]) // truncated, after rows were staged
	b.put("35", "SubscribeInfo000900352026050309000380001.req",
		"000900352026050309000380001000001\n1\t0591001\t1\tVIP\t\tCP\t20260503083000\t\t\t1990\t1\t\n")
}

// ended is everything that can be seen in the end.
func (b *bench) ended() string {
	b.Helper()
	var out []string
	err := filepath.WalkDir(b.folder, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(b.folder, path)
			out = append(out, rel)
			if strings.Contains(rel, receiptsDir) || strings.Contains(rel, responseDir) {
				out = append(out, b.read(rel))
			}
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	rows := b.files()
	slices.SortFunc(rows, func(a, b store.FileRow) int { return strings.Compare(a.Name, b.Name) })
	for _, r := range rows {
		faults, err := b.store.Faults(b.Context(), r.ID, 0, 0)
		if err != nil {
			b.Fatal(err)
		}
		r.ReceivedMs, r.DoneMs = 0, 0
		out = append(out, fmt.Sprintf("%+v %+v", r, faults))
	}
	return strings.Join(out, "\n")
}

// Stopped at any write of disk or store and started again, it ends the same.
func TestCrashes(t *testing.T) {
	for name, open := range engines {
		if testing.Short() && name == "duckdb" {
			continue // each stop opens a database
		}
		t.Run(name, func(t *testing.T) {
			run := func(stopAt int) (ended string, stopped bool) {
				s := open(t)
				defer func() {
					if err := s.Shutdown(); err != nil {
						t.Error(err)
					}
				}()
				b := newBench(t, s)
				b.layForCrashes()
				left := stopAt
				stop := stopping{realDisk{}, &left}
				b.inbox.disk, b.inbox.cfg.Store = stop, stoppingStore{s, stop}
				b.settle()
				if left >= 0 {
					return b.ended(), false
				}
				b.open()
				b.settle()
				b.settle()
				return b.ended(), true
			}
			want, _ := run(1 << 30)
			if n := strings.Count(want, "/in/") + strings.Count(want, "/work/"); n > 0 {
				t.Fatalf("something is left:\n%s", want)
			}
			step := 1
			if testing.Short() {
				step = 12
			}
			if name == "duckdb" {
				step = *everyFlag // each opens a database
			}
			at := 0
			for ; ; at += step {
				got, stopped := run(at)
				if got != want {
					t.Fatalf("stopped at step %d:\n%s\nwant\n%s", at, got, want)
				}
				if !stopped {
					break
				}
			}
			t.Logf("%d steps", at)
			if at < 40 {
				t.Errorf("only %d steps", at)
			}
		})
	}
}
