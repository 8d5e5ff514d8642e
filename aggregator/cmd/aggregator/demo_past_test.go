package main

import (
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/testbench/feeds"
)

// What of the past is told for a demo that begins on a day.
func TestDemoPast(t *testing.T) {
	f := func(now string, days, months int, since, from, to string) {
		t.Helper()
		at, err := time.ParseInLocation(time.DateTime, now+" 12:00:00", aggregator.Shanghai)
		if err != nil {
			t.Fatal(err)
		}
		day := func(text string) (d aggregator.Day) {
			if text != "" {
				if d, err = aggregator.ParseDay(text); err != nil {
					t.Fatal(err)
				}
			}
			return d
		}
		p := past{Boxes: 1, Days: days, Months: months, EndMs: at.UnixMilli()}
		if got := p.since(); got != day(since) {
			t.Errorf("%s, %d days, %d months: files since %s, want %s", now, days, months, got, since)
		}
		got, is := p.yearBefore()
		if is != (from != "") || is && got != (feeds.Days{From: day(from), To: day(to)}) {
			t.Errorf("%s, %d days, %d months: %s to %s (%v), want %s to %s", now, days, months, got.From, got.To, is, from, to)
		}
	}
	f("2026-11-27", 31, 13, "2025-08-31", "2025-10-24", "2025-12-01")
	f("2026-11-27", 31, 0, "", "", "")
	f("2026-11-27", 31, 11, "2025-10-31", "", "")  // not a year back
	f("2026-11-27", 400, 13, "2024-08-31", "", "") // these days are told anyway
	f("2028-02-29", 10, 12, "2027-01-31", "2027-02-16", "2027-03-05")
}
