package main

import (
	"testing"
	"time"
)

func TestFailingIsForgottenAfterAWhile(t *testing.T) {
	var r readiness
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	f := func(after time.Duration, part string, count uint64, want bool) {
		t.Helper()
		if got := r.failing(part, count, start.Add(after)); got != want {
			t.Errorf("after %v, %s with %d failures: %v, want %v", after, part, count, got, want)
		}
	}
	f(0, "ledger", 0, false)
	f(time.Second, "ledger", 2, true)
	f(time.Second, "store", 0, false)
	f(troubleFor, "ledger", 2, true)
	f(troubleFor+time.Second, "ledger", 2, false)
	f(troubleFor+2*time.Second, "ledger", 3, true)
}
