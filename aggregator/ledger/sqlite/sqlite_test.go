package sqlite_test

import (
	"testing"

	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/ledgertest"
	"iptvdc/aggregator/ledger/sqlite"
)

func TestSQLite(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) ledgertest.Open {
		dir := t.TempDir()
		return func() ledger.Ledger { return mustOpen(t, dir) }
	})
}

func mustOpen(t testing.TB, dir string) *sqlite.Ledger {
	t.Helper()
	l, err := sqlite.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
