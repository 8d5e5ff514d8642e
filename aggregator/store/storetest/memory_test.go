package storetest

import (
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

func TestMemory(t *testing.T) {
	Run(t, Engine{Forgets: true, Open: func(testing.TB, string) store.Store { return Memory() },
		Books: func(_ testing.TB, s store.Store, p aggregator.Province) []Book { return booksOf(s, p) }})
}
