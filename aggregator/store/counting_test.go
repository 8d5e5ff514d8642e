package store_test

import (
	"testing"

	"iptvdc/aggregator/store"
)

func TestLengthClass(t *testing.T) {
	f := func(seconds int32, want uint8) {
		t.Helper()
		if got := store.LengthClass(seconds); got != want {
			t.Errorf("%d s are of class %d, want %d", seconds, got, want)
		}
	}
	f(-1, 0)
	f(0, 0)
	f(1, 1)
	f(599, 1)
	f(600, 2)
	f(1800, 3)
	f(3600, 4)
	f(5399, 4)
	f(5400, 5)
	f(1<<31-1, 5)
}

func TestCountingIsAsked(t *testing.T) {
	f := func(fact store.Fact, c store.Counting, good bool, change ...func(*store.Query)) {
		t.Helper()
		q := store.Query{Fact: fact, Values: []store.Value{{Measure: store.ShapeOf(fact).Measures[0], Count: c}}}
		for _, other := range change {
			other(&q)
		}
		if err := q.Check(); (err == nil) != good {
			t.Errorf("%s counted in way %d: %v", store.ShapeOf(fact).Name, c, err)
		}
	}
	hourly := func(q *store.Query) { q.Hourly = true }
	f(store.FactView, store.CountLengths, true)
	f(store.FactView, store.CountLengths, true, hourly)
	f(store.FactBox, store.CountLengths, false)
	f(store.FactBox, store.CountReturns, true)
	f(store.FactBox, store.CountReturns, false, hourly)
	f(store.FactView, store.CountBoxDays, false)
	f(store.FactReach, store.CountBingers, true)
	f(store.FactBox, store.CountBingers, false)
	f(store.FactAsset, store.CountComplete, true)
	f(store.FactReach, store.CountComplete, false)
	f(store.FactReach, store.CountComplete+1, false)
	f(store.FactReach, store.CountReturns, false, func(q *store.Query) { q.Values[0].DistinctBoxes = true })
	f(store.FactReach, store.CountReturns, false, func(q *store.Query) {
		q.Among = store.Among{Columns: []store.Column{store.ColWeekday}}
	})
	f(store.FactBroadcast, store.CountReturns, false, func(q *store.Query) { q.Aired = true })
}
