package indicator

import (
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"iptvdc/aggregator"
)

func TestParseHolidaysRefuses(t *testing.T) {
	const head = "year,holiday,zh,en,first,feast,last\n"
	f := func(text, want string) {
		t.Helper()
		if _, err := ParseHolidays(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	const good = "2026,national,国庆节,National Day,2026-10-01,2026-10-01,2026-10-07\n"
	f("", "there is none; a line has year, holiday, zh, en, first, feast and last")
	f(head, "there is none")
	f(head+"2026,national,2026-10-01\n", "line 2: wrong number of fields; a line has year")
	f(head+strings.Replace(good, "2026,", "MMXXVI,", 1), `line 2: "MMXXVI" is not a year`)
	f(head+strings.Replace(good, "national", " ", 1), "line 2: the holiday has no name")
	f(head+strings.Replace(good, "10-07", "10-32", 1), `line 2: bad_day: last: "2026-10-32" is not a day`)
	f(head+strings.Replace(good, "2026,", "2025,", 1), "line 2: the feast of national, 2026-10-01, is not in 2025")
	f(head+strings.Replace(good, "10-07", "09-07", 1), "line 2: national goes from 2026-10-01 over 2026-10-01 to 2026-09-07; these must follow each other within 31 days")
	f(head+strings.Replace(good, "10-07", "11-07", 1), "within 31 days")
	f(head+good+"\n"+good, "line 4: national of 2026 stands twice")
	f(head+"2026,\"national\n", "holidays: ")
	if _, err := ParseHolidays(iotest.ErrReader(iotest.ErrTimeout)); err == nil {
		t.Error("what cannot be read was read")
	}
	if h, err := ParseHolidays(strings.NewReader("\ufeff" + head + good)); err != nil || len(h.all) != 1 {
		t.Errorf("as a spreadsheet writes it: %v, %v", h, err)
	}
}

// Every day of the years built in has one a year earlier, and no ordinary day
// goes with a holiday.
func TestBuiltInHolidays(t *testing.T) {
	h := holidays.Load()
	names := map[string]int{}
	first, last := 1<<30, 0
	for _, o := range h.all {
		names[o.id]++
		first, last = min(first, o.year), max(last, o.year)
	}
	for id, n := range names {
		if n != last-first+1 {
			t.Errorf("%s stands for %d of the years %d to %d", id, n, first, last)
		}
	}
	day := aggregator.DayOf(time.Date(first+1, 1, 1, 0, 0, 0, 0, aggregator.Shanghai).UnixMilli())
	for ; day.Time().Year() <= last; day++ {
		before, err := h.before(day)
		if err != nil {
			t.Fatalf("%s: %v", day, err)
		}
		_, now := h.of(day)
		if _, then := h.of(before); !now && then {
			t.Errorf("%s, an ordinary day, goes with %s, a holiday", day, before)
		}
		if !now && (before.Time().Weekday() != day.Time().Weekday() || day-before > 400) {
			t.Errorf("%s goes with %s", day, before)
		}
	}
}

// A day of a holiday that the year before did not have is refused, not guessed.
func TestHolidaysThatLackOne(t *testing.T) {
	h, err := ParseHolidays(strings.NewReader("year,holiday,zh,en,first,feast,last\n2026,extra,特别假日,Extra,2026-07-01,2026-07-01,2026-07-01\n2025,national,国庆节,National Day,2025-10-01,2025-10-01,2025-10-07\n"))
	if err != nil {
		t.Fatal(err)
	}
	day, _ := aggregator.ParseDay("2026-07-01")
	if _, err := h.before(day); err == nil || !strings.Contains(err.Error(), "the list of holidays has no extra of 2025; add it to the file") {
		t.Error(err)
	}
	UseHolidays(h)
	defer func() {
		back, err := ParseHolidays(strings.NewReader(BuiltInHolidays))
		if err != nil {
			t.Fatal(err)
		}
		UseHolidays(back)
	}()
	r := &Request{Indicators: []string{"power_ons"}, From: "2026-07-01", To: "2026-07-01", Compare: Year, Align: ByHoliday}
	if err := r.Check(); err == nil || !strings.Contains(err.Error(), "no extra of 2025") {
		t.Errorf("with the list in force: %v", err)
	}
}
