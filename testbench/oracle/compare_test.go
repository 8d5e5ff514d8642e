package oracle

import "testing"

func TestEarlier(t *testing.T) {
	f := func(grain, from, to, compare, align, want string) {
		t.Helper()
		spans := Spans(grain, from, to)
		got := ""
		for _, s := range Earlier(spans, compare, align, len(DaysBetween(from, to))) {
			got += s.Label + " is " + moment(s.fromHour*hourMs).Format("2006-01-02T15") + " to " + moment(s.toHour*hourMs).Format("2006-01-02T15") + "\n"
		}
		if got != want+"\n" {
			t.Errorf("%s %s %s..%s: %s must be %s", compare, align, from, to, got, want)
		}
	}
	f("total", "2026-11-24", "2026-11-26", "previous", "", "total is 2026-11-21T00 to 2026-11-24T00")
	f("total", "2026-11-24", "2026-11-26", "month", "", "total is 2026-10-24T00 to 2026-10-27T00")
	f("total", "2026-03-29", "2026-03-31", "month", "", "total is 2026-02-28T00 to 2026-03-01T00")
	f("total", "2026-02-01", "2026-02-28", "month", "", "total is 2026-01-01T00 to 2026-02-01T00")
	f("total", "2026-11-24", "2026-11-26", "month", "weekday", "total is 2026-10-27T00 to 2026-10-30T00")
	f("total", "2026-11-24", "2026-11-26", "year", "", "total is 2025-11-24T00 to 2025-11-27T00")
	f("day", "2024-02-29", "2024-02-29", "year", "", "2024-02-29 is 2023-02-28T00 to 2023-03-01T00")
	f("day", "2026-11-24", "2026-11-24", "year", "weekday", "2026-11-24 is 2025-11-25T00 to 2025-11-26T00")
}

func TestChange(t *testing.T) {
	for _, f := range []struct{ now, was, want Value }{
		{Value{15, true}, Value{10, true}, Value{50, true}},
		{Value{-5, true}, Value{-10, true}, Value{50, true}},
		{Value{5, true}, Value{0, true}, Value{}},
		{Value{5, true}, Value{}, Value{}},
		{Value{}, Value{5, true}, Value{}},
	} {
		if got := Change(f.now, f.was); got != f.want {
			t.Errorf("%v after %v: %v, must be %v", f.now, f.was, got, f.want)
		}
	}
}
