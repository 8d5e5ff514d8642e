package oracle

import "time"

// The calendar of Asia/Shanghai: eight hours ahead, without summer time.
var shanghai = time.FixedZone("CST", 8*60*60)

const hourMs = 60 * 60 * 1000

// moment turns UTC milliseconds into a local time.
func moment(ms int64) time.Time { return time.UnixMilli(ms).In(shanghai) }

// dayOf is the local day of a moment, 2026-11-22.
func dayOf(ms int64) string { return moment(ms).Format("2006-01-02") }

// hourStart is the first millisecond of the local hour of a moment.
func hourStart(ms int64) int64 {
	rest := ms % hourMs
	if rest < 0 {
		rest += hourMs
	}
	return ms - rest // the zone is a whole number of hours ahead
}

// periodOf names the period of a grain that holds a moment.
func periodOf(grain string, ms int64) string {
	t := moment(ms)
	switch grain {
	case "hour":
		return t.Format("2006-01-02T15")
	case "day":
		return t.Format("2006-01-02")
	case "week":
		for t.Weekday() != time.Monday {
			t = t.AddDate(0, 0, -1)
		}
		return t.Format("2006-01-02")
	case "month":
		return t.Format("2006-01")
	case "total":
		return "total"
	}
	panic("oracle: no grain " + grain)
}

// Grains lists the lengths of periods.
func Grains() []string { return []string{"hour", "day", "week", "month", "total"} }

// DaysBetween lists the days from one to another, as 2026-11-22, both included.
func DaysBetween(from, to string) []string {
	t, err := time.ParseInLocation("2006-01-02", from, shanghai)
	if err != nil {
		panic(err)
	}
	var all []string
	for ; t.Format("2006-01-02") <= to; t = t.AddDate(0, 0, 1) {
		all = append(all, t.Format("2006-01-02"))
	}
	return all
}

// midnight is the first millisecond of a day.
func midnight(day string) int64 {
	t, err := time.ParseInLocation("2006-01-02", day, shanghai)
	if err != nil {
		panic(err)
	}
	return t.UnixMilli()
}

// before is the day n days before another.
func before(day string, n int) string {
	return moment(midnight(day)).AddDate(0, 0, -n).Format("2006-01-02")
}
