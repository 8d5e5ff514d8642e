package duckdb

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"iptvdc/aggregator/store"
)

// killed leaves a store as a killed process does: everything is in the log. It
// returns how long the log was after each block.
func killed(t *testing.T, path string, blocks int) (ends []int64) {
	t.Helper()
	live := filepath.Join(t.TempDir(), "store")
	s, err := Open(live, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range blocks {
		b := store.Block{ID: [16]byte{byte(i + 1)}, Powers: make([]store.Power, 50)}
		if _, err := s.Insert(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(live + ".wal")
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, info.Size())
	}
	for _, suffix := range []string{"", ".wal"} {
		b, err := os.ReadFile(live + suffix)
		if err == nil {
			err = os.WriteFile(path+suffix, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Shutdown(); err != nil {
		t.Fatal(err)
	}
	return ends
}

// A log with a hole loses what lies behind the hole and nothing before it, the
// part cut off is kept, and the store takes blocks again.
func TestDamagedLogIsCut(t *testing.T) {
	const blocks = 4
	f := func(name string, whole int, told bool, damage func(log []byte, ends []int64) []byte) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.duckdb")
			ends := killed(t, path, blocks)
			log, err := os.ReadFile(path + ".wal")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path+".wal", damage(log, ends), 0o600); err != nil {
				t.Fatal(err)
			}
			for again := range 2 {
				s, err := Open(path, Options{})
				if err != nil {
					t.Fatal(err)
				}
				d := s.Damage()
				if cut := again == 0 && told; (d.Why != nil) != cut || (d.Bytes > 0) != cut {
					t.Errorf("open %d: damage %+v", again, d)
				}
				if kept, err := os.ReadFile(d.Kept); d.Why != nil && (err != nil || int64(len(kept)) != d.Bytes) {
					t.Errorf("kept %d bytes, %v; want %d", len(kept), err, d.Bytes)
				}
				ids := [][16]byte{{1}, {2}, {3}, {4}}
				lacking, err := s.Lacking(context.Background(), ids)
				if err != nil || again == 0 && len(lacking) != blocks-whole || again == 1 && len(lacking) > 0 {
					t.Errorf("open %d: lacking %v, %v", again, lacking, err)
				}
				for _, id := range lacking {
					if ok, err := s.Insert(context.Background(), &store.Block{ID: id, Powers: make([]store.Power, 50)}); err != nil || !ok {
						t.Errorf("insert %v: %v, %v", id, ok, err)
					}
				}
				if err := s.Shutdown(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	f("whole", blocks, false, func(log []byte, _ []int64) []byte { return log })
	f("a hole of zeros in the last block", blocks-1, true, func(log []byte, ends []int64) []byte {
		from := ends[blocks-2]
		clear(log[from : from+64])
		return log
	})
	f("a flipped bit in the second block", 1, true, func(log []byte, ends []int64) []byte {
		log[ends[0]+20] ^= 1
		return log
	})
	// To DuckDB the log ends here, and it says nothing.
	f("a length that reaches beyond the end", 1, false, func(log []byte, ends []int64) []byte {
		log[ends[0]+6] = 1
		return log
	})
	f("two holes", 1, true, func(log []byte, ends []int64) []byte {
		clear(log[ends[2]-60 : ends[2]])
		clear(log[ends[0]+30 : ends[0]+60])
		return log
	})
}
