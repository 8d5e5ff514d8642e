package adi_test

import (
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3/adi"
)

func TestParseMoment(t *testing.T) {
	f := func(s, want string) {
		t.Helper()
		ms, ok := adi.ParseMoment(s)
		got := ""
		if ok {
			got = time.UnixMilli(ms).In(aggregator.Shanghai).Format("2006-01-02 15:04:05")
		}
		if got != want {
			t.Errorf("ParseMoment(%q) = %q, want %q", s, got, want)
		}
	}
	f("20260503213000", "2026-05-03 21:30:00")
	f(" 20260503 ", "2026-05-03 00:00:00")
	f("2026-05-03", "2026-05-03 00:00:00")
	f("2026-05-03 21:30:00", "2026-05-03 21:30:00")
	f("2026-05-03T21:30:00", "2026-05-03 21:30:00")
	f("2026-05-03T21:30:00Z", "2026-05-03 21:30:00") // local all the same
	f("2026-05-03T21:30:00.123Z", "2026-05-03 21:30:00")
	f("20260503213000Z", "2026-05-03 21:30:00")
	f("2026-05-03T21:30:00+09:00", "2026-05-03 20:30:00") // an offset is meant
	f("20991231235959", "2099-12-31 23:59:59")
	for _, s := range []string{"", "0", "20260230", "20260503240000", "00000000000000", "2026-05", "202605032130", "20260503213000.", "yesterday", "未知", "-20260503213000", "2026-05-03T21:30:00.x"} {
		f(s, "")
	}
}

func TestParseDay(t *testing.T) {
	f := func(s, want string) {
		t.Helper()
		if d, ok := adi.ParseDay(s); !ok || d.String() != want {
			t.Errorf("ParseDay(%q) = %s, %v; want %s", s, d, ok, want)
		}
	}
	f("20260503", "2026-05-03")
	f("2026-05-03T00:30:00Z", "2026-05-03")
	if _, ok := adi.ParseDay("2026"); ok {
		t.Error("a year is not a day")
	}
}

func TestParseLengths(t *testing.T) {
	f := func(parse func(string) (time.Duration, bool), s string, want time.Duration) {
		t.Helper()
		got, ok := parse(s)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
	const none = -1
	f(adi.ParseDuration, "005100", 51*time.Minute)
	f(adi.ParseDuration, "00510012", 51*time.Minute)
	f(adi.ParseDuration, "01:02:03", time.Hour+2*time.Minute+3*time.Second)
	f(adi.ParseDuration, "300000", 30*time.Hour)
	f(adi.ParseDuration, "000000", 0)
	for _, s := range []string{"", "51", "3060", "006000", "000060", "0051001x", "-05100", "１２３４５６"} {
		f(adi.ParseDuration, s, none)
	}
	f(adi.ParseClock, "213000", 21*time.Hour+30*time.Minute)
	f(adi.ParseClock, "2130", 21*time.Hour+30*time.Minute)
	f(adi.ParseClock, "21:30", 21*time.Hour+30*time.Minute)
	for _, s := range []string{"", "240000", "2400", "21", "2160", "21300000"} {
		f(adi.ParseClock, s, none)
	}
}

// FuzzParseMoment: what is read is a moment between years 1 and 9999, and is read
// again as the same from its plainest form.
func FuzzParseMoment(f *testing.F) {
	f.Add("20260503213000")
	f.Add("2026-05-03T21:30:00.123Z")
	f.Add("2026-05-03T21:30:00+09:00")
	f.Fuzz(func(t *testing.T, s string) {
		adi.ParseDuration(s)
		adi.ParseClock(s)
		ms, ok := adi.ParseMoment(s)
		if !ok {
			return
		}
		at := time.UnixMilli(ms).In(aggregator.Shanghai)
		if again, ok := adi.ParseMoment(at.Format("20060102150405")); at.Year() > 0 && at.Year() < 10000 && (!ok || again != ms) {
			t.Fatalf("%q is %s, then %d for %d", s, at, again, ms)
		}
	})
}
