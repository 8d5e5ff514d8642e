package ledger_test

import (
	"testing"

	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/ledgertest"
)

func TestMemory(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) ledgertest.Open {
		l := ledger.NewMemory()
		return func() ledger.Ledger { return l }
	})
}
