package report_test

import (
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/report"
)

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, aggregator.Shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestDues(t *testing.T) {
	day, monday := report.When{Every: report.Daily, At: "08:30"}, report.When{Every: report.Weekly, Weekday: 1, At: "00:00"}
	last := report.When{Every: report.Monthly, Day: 31, At: "23:59"}
	f := func(w report.When, after, through, want string) {
		t.Helper()
		var got []string
		for _, d := range w.Dues(moment(t, after), moment(t, through)) {
			got = append(got, d.In(aggregator.Shanghai).Format("2006-01-02 15:04"))
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%+v after %s through %s: %v, want %s", w, after, through, got, want)
		}
	}
	f(day, "2026-05-03 08:29", "2026-05-03 08:29", "")
	f(day, "2026-05-03 08:29", "2026-05-03 08:30", "2026-05-03 08:30")
	f(day, "2026-05-03 08:30", "2026-05-04 08:29", "")
	f(day, "2026-05-03 08:30", "2026-05-05 09:00", "2026-05-04 08:30,2026-05-05 08:30")
	f(monday, "2026-05-01 00:00", "2026-05-12 00:00", "2026-05-04 00:00,2026-05-11 00:00")
	f(last, "2026-01-01 00:00", "2026-04-30 23:59", "2026-01-31 23:59,2026-02-28 23:59,2026-03-31 23:59,2026-04-30 23:59")
	if n := len(day.Dues(moment(t, "2020-01-01 00:00"), moment(t, "2026-01-01 00:00"))); n != 32 {
		t.Errorf("%d dues of six years; the latest 32 are enough", n)
	}
	next := func(w report.When, after, want string) {
		t.Helper()
		if got := w.Next(moment(t, after)); !got.Equal(moment(t, want)) {
			t.Errorf("%+v after %s: %v, want %s", w, after, got, want)
		}
	}
	next(day, "2026-05-03 08:29", "2026-05-03 08:30")
	next(day, "2026-05-03 08:30", "2026-05-04 08:30")
	next(monday, "2026-05-04 00:00", "2026-05-11 00:00")
	next(last, "2024-02-01 00:00", "2024-02-29 23:59")
}
