package indicator

import (
	"fmt"
	"slices"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Grain is the length of the periods into which a question's time is cut.
type Grain string

const (
	Hourly  Grain = "hour"
	Daily   Grain = "day"
	Weekly  Grain = "week" // Monday to Sunday
	Monthly Grain = "month"
	Total   Grain = "total"
)

// Grains lists every grain.
func Grains() []Grain { return []Grain{Hourly, Daily, Weekly, Monthly, Total} }

// Compare says with which earlier time each period is compared.
type Compare string

const (
	NoCompare Compare = ""
	// Previous is the time of the same length just before from: every period
	// moves back by as many days as from..to holds.
	Previous Compare = "previous"
	// Year is the same civil dates a year earlier; 29 February goes with 28
	// February.
	Year Compare = "year"
)

// Compares lists the comparisons that can be asked for.
func Compares() []Compare { return []Compare{Previous, Year} }

// MaxPeriods is the greatest number of periods in an answer.
const MaxPeriods = 1_000

// MaxDays is the longest time a question may cover.
const MaxDays = 3_660

// period is one stretch of an answer's time.
type period struct {
	label string
	span  store.Span // hours under Hourly, else days
}

// lastDay is the last day of a span.
func lastDay(s store.Span, hourly bool) aggregator.Day {
	if hourly {
		return aggregator.Hour(s.To - 1).Day()
	}
	return aggregator.Day(s.To - 1)
}

// follows reports whether the stretch is the period itself, in its own grain.
func (t stretch) follows() bool { return t == stretch{} }

// of is the time to read for a period, in hours if it follows an hourly one,
// else in days.
func (t stretch) of(s store.Span, hourly bool) store.Span {
	if t.follows() {
		return s
	}
	last := int32(lastDay(s, hourly))
	switch t.stock {
	case atEnd: // of an hour: of its day
		if hourly {
			return store.Span{From: last, To: last + 1}
		}
		return s
	case atStart:
		first := s.From
		if hourly {
			first = last
		}
		return store.Span{From: first - staleDays, To: first}
	}
	return store.Span{From: last - t.trailing + 1, To: last + 1}
}

// periods cuts the days from..to, both inclusive. A week or month that reaches
// beyond them is cut to what lies inside; its label stays.
func periods(from, to aggregator.Day, g Grain) []period {
	switch g {
	case Hourly:
		return hours(from, to)
	case Daily:
		return cut(from, to, func(d aggregator.Day) (aggregator.Day, string) { return d + 1, d.String() })
	case Weekly:
		return cut(from, to, func(d aggregator.Day) (aggregator.Day, string) { return d.Week() + 7, d.Week().String() })
	case Monthly:
		return cut(from, to, func(d aggregator.Day) (aggregator.Day, string) {
			return d.NextMonth(), d.Time().Format("2006-01")
		})
	}
	return []period{{string(Total), store.Span{From: int32(from), To: int32(to) + 1}}}
}

func hours(from, to aggregator.Day) []period {
	var all []period
	for h := from.FirstHour(); h < (to + 1).FirstHour(); h++ {
		day := h.Day()
		label := fmt.Sprintf("%sT%02d", day, h-day.FirstHour())
		all = append(all, period{label, store.Span{From: int32(h), To: int32(h) + 1}})
	}
	return all
}

// cut walks from..to; next gives the day after the period that holds d, and the
// period's label.
func cut(from, to aggregator.Day, next func(d aggregator.Day) (aggregator.Day, string)) []period {
	var all []period
	for d := from; d <= to; {
		end, label := next(d)
		end = min(end, to+1)
		all = append(all, period{label, store.Span{From: int32(d), To: int32(end)}})
		d = end
	}
	return all
}

// earlier is the span with which s, of a question over days days, is compared.
func earlier(s store.Span, hourly bool, c Compare, days int32) store.Span {
	if c == Previous {
		if hourly {
			days *= 24
		}
		return store.Span{From: s.From - days, To: s.To - days}
	}
	if !hourly {
		return store.Span{From: int32(yearBefore(aggregator.Day(s.From))), To: int32(yearBefore(aggregator.Day(s.To-1))) + 1}
	}
	day := aggregator.Hour(s.From).Day()
	shift := int32(day-yearBefore(day)) * 24
	return store.Span{From: s.From - shift, To: s.To - shift}
}

// yearBefore is the same civil date a year earlier, 28 February for the 29th.
func yearBefore(d aggregator.Day) aggregator.Day {
	t := d.Time()
	day := t.Day()
	if t.Month() == time.February && day == 29 {
		day = 28
	}
	return aggregator.DayOf(time.Date(t.Year()-1, t.Month(), day, 0, 0, 0, 0, aggregator.Shanghai).UnixMilli())
}

const dayMinutes = 24 * 60

// length is how long the time is that a group of a span has, in milliseconds: of
// the span's days those minutes that the question's filters let through and the
// group is of.
func (q *question) length(s store.Span, group [maxDimensions]uint64) int64 {
	first, days := 0, int64(s.To-s.From)
	minutes := dayMinutes
	if q.hourly {
		hour := aggregator.Hour(s.From)
		first, minutes, days = int(hour-hour.Day().FirstHour())*60, 60, 1
	}
	n := int64(minutes)
	at := slices.Index(q.dimensions, store.ColMinute)
	if at >= 0 || slices.ContainsFunc(q.filters, func(f store.Filter) bool { return f.Column == store.ColMinute }) {
		n = 0
		for m := first; m < first+minutes; m++ {
			if (at < 0 || group[at] == uint64(m)) && q.lets(uint64(m)) {
				n++
			}
		}
	}
	return n * days * 60_000
}

// lets reports whether the filters let a minute of the day through.
func (q *question) lets(minute uint64) bool {
	return !slices.ContainsFunc(q.filters, func(f store.Filter) bool { return f.Column == store.ColMinute && !slices.Contains(f.In, minute) })
}
