package storetest

import (
	"testing"

	"iptvdc/aggregator/store"
)

func TestMemory(t *testing.T) {
	Run(t, Engine{Forgets: true, Open: func(testing.TB, string) store.Store { return Memory() }})
}
