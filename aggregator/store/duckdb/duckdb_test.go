package duckdb

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
)

func open(t testing.TB, dir string) store.Store {
	t.Helper()
	s, err := Open(filepath.Join(dir, "store.duckdb"), Options{MemoryBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	s.foldPart = 3                        // as much would be 25,000 in earnest
	s.lining = lining{share: math.Inf(1)} // cells of few boxes too
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Engine{Books: books, Open: func(t testing.TB, dir string) store.Store {
		s := open(t, dir)
		if strings.HasSuffix(t.Name(), "/opening_stock") {
			s.(*Store).foldPart = 60 // it gives 1,715 subscribers, the others a few
		}
		return s
	}})
}
