package aggregator

import "time"

// Shanghai is the zone of every figure. It has had no summer time since 1991,
// so an offset is exact and no zone file is needed.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

const (
	// HourMs and DayMs are lengths in milliseconds.
	HourMs = int64(3600_000)
	DayMs  = 24 * HourMs

	zoneMs = 8 * HourMs
)

// Hour counts hours since 1970-01-01 00:00 in Shanghai; Day counts days.
type (
	Hour int32
	Day  int32
)

// HourOf returns the hour in which a moment (UTC milliseconds) lies.
func HourOf(ms int64) Hour { return Hour(floorDiv(ms+zoneMs, HourMs)) }

// DayOf returns the day in which a moment (UTC milliseconds) lies.
func DayOf(ms int64) Day { return Day(floorDiv(ms+zoneMs, DayMs)) }

// Start returns the first millisecond (UTC) of the hour.
func (h Hour) Start() int64 { return int64(h)*HourMs - zoneMs }

// Day returns the day of the hour.
func (h Hour) Day() Day { return Day(floorDiv(int64(h), 24)) }

// Start returns the first millisecond (UTC) of the day.
func (d Day) Start() int64 { return int64(d)*DayMs - zoneMs }

// FirstHour returns the hour that begins at midnight.
func (d Day) FirstHour() Hour { return Hour(d) * 24 }

// Time returns midnight of the day in Shanghai.
func (d Day) Time() time.Time { return time.UnixMilli(d.Start()).In(Shanghai) }

// String is the day as 2006-01-02.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

// Week returns the Monday of the day's ISO week.
func (d Day) Week() Day {
	return d - Day((int64(d.Time().Weekday())+6)%7)
}

// Month returns the first day of the day's month.
func (d Day) Month() Day {
	return d - Day(d.Time().Day()-1)
}

// NextMonth returns the first day of the following month.
func (d Day) NextMonth() Day {
	t := d.Time()
	return DayOf(time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, Shanghai).UnixMilli())
}

// ParseDay reads 2006-01-02.
func ParseDay(s string) (Day, error) {
	t, err := time.ParseInLocation(time.DateOnly, s, Shanghai)
	if err != nil {
		return 0, &Error{Code: "bad_day", Message: "A day is written as 2026-05-03, not " + quote(s) + ".", Cause: err}
	}
	return DayOf(t.UnixMilli()), nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
