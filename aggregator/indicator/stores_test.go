package indicator_test

import (
	"path/filepath"
	"testing"

	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/aggregator/store/storetest"
)

// stores are the engines on which every script must give the same.
var stores = map[string]func(testing.TB) store.Store{
	"memory": openMemory,
	"duckdb": openDuckDB,
}

func openMemory(testing.TB) store.Store { return storetest.Memory() }

func openDuckDB(t testing.TB) store.Store {
	t.Helper()
	st, err := duckdb.Open(filepath.Join(t.TempDir(), "store.duckdb"), duckdb.Options{Threads: 2, MemoryBytes: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	return st
}
