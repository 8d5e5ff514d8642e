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
	// Month is the same civil dates a month earlier; days that month lacks go
	// with its last. A period of whole months goes with whole months: February
	// with all of January.
	Month Compare = "month"
)

// Compares lists the comparisons that can be asked for.
func Compares() []Compare { return []Compare{Previous, Year, Month} }

// Align says which day of the earlier time a day goes with.
type Align string

const (
	// NoAlign is the same civil date.
	NoAlign Align = ""
	// ByWeekday is the same weekday: 364 days earlier with Year, which is the
	// same day of the same ISO week but after years of 53 weeks, 28 with Month.
	ByWeekday Align = "weekday"
	// ByHoliday, with Year alone, is for a day of a public holiday the same day of
	// the same holiday a year earlier, counted from its feast; for any other day
	// the same weekday 364 days earlier, or if that was a holiday of the weeks
	// before it the first that was none. See Holidays.
	ByHoliday Align = "holiday"
)

// Aligns lists the alignments that can be asked for.
func Aligns() []Align { return []Align{ByWeekday, ByHoliday} }

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
	if t.stock == atEnd { // of an hour: of its day
		if hourly {
			return store.Span{From: last, To: last + 1}
		}
		return s
	}
	first := s.From
	if hourly {
		first = int32(aggregator.Hour(s.From).Day())
	}
	begins := first
	switch {
	case t.months > 0:
		begins = int32(store.MonthsAfter(aggregator.Day(last), -int(t.months))) + 1
	case t.trailing > 0:
		begins = last - t.trailing + 1
	}
	if t.stock == atStart {
		return store.Span{From: begins - staleDays, To: begins}
	}
	if t.whole {
		begins = min(begins, first)
	}
	first = begins
	return store.Span{From: first, To: last + 1}
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
func earlier(s store.Span, hourly bool, c Compare, align Align, days int32) (store.Span, error) {
	if hourly {
		day := aggregator.Hour(s.From).Day()
		before, err := earlier(store.Span{From: int32(day), To: int32(day) + 1}, false, c, align, days)
		shift := (int32(day) - before.From) * 24
		return store.Span{From: s.From - shift, To: s.To - shift}, err
	}
	first, last := aggregator.Day(s.From), aggregator.Day(s.To-1)
	switch {
	case c == Previous:
		return moved(s, days), nil
	case align == ByWeekday && c == Month:
		return moved(s, 28), nil
	case align == ByWeekday:
		return moved(s, yearOfWeeks), nil
	case align == ByHoliday:
		return holidays.Load().earlier(first, last)
	case c == Month && first == first.Month() && last+1 == last.NextMonth():
		return store.Span{From: int32(monthBefore(first)), To: int32(last.Month())}, nil
	case c == Month:
		return store.Span{From: int32(monthBefore(first)), To: int32(monthBefore(last)) + 1}, nil
	}
	return store.Span{From: int32(yearBefore(first)), To: int32(yearBefore(last)) + 1}, nil
}

// yearOfWeeks is 52 weeks in days.
const yearOfWeeks = 364

func moved(s store.Span, days int32) store.Span {
	return store.Span{From: s.From - days, To: s.To - days}
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

// monthBefore is the same day of the month before, or that one's last.
func monthBefore(d aggregator.Day) aggregator.Day {
	last := d.Month() - 1
	return min(last.Month()+d-d.Month(), last)
}

const dayMinutes = 24 * 60

// length is how long the time is that a group of a span has, in milliseconds: of
// the span's days those that the question's filters let through and the group is
// of, and of each the minutes that they let through and it is of.
func (q *question) length(s store.Span, group [maxDimensions]uint64) int64 {
	first, minutes := 0, dayMinutes
	if q.hourly {
		hour := aggregator.Hour(s.From)
		first, minutes = int(hour-hour.Day().FirstHour())*60, 60
		s = store.Span{From: int32(hour.Day()), To: int32(hour.Day()) + 1}
	}
	days := int64(s.To - s.From)
	if q.asks(store.ColWeekday) {
		days = 0
		for d := aggregator.Day(s.From); d < aggregator.Day(s.To); d++ {
			if q.lets(group, store.ColWeekday, uint64(d-d.Week())) {
				days++
			}
		}
	}
	n := int64(minutes)
	if q.asks(store.ColMinute) || q.asks(store.ColHourOfDay) {
		n = 0
		for m := first; m < first+minutes; m++ {
			if q.lets(group, store.ColMinute, uint64(m)) && q.lets(group, store.ColHourOfDay, uint64(m/60)) {
				n++
			}
		}
	}
	return n * days * 60_000
}

// asks reports whether the question groups or filters by c.
func (q *question) asks(c store.Column) bool {
	return slices.Contains(q.dimensions, c) || slices.ContainsFunc(q.filters, func(f store.Filter) bool { return f.Column == c })
}

// lets reports whether the filters let a value of c through that the group is of.
func (q *question) lets(group [maxDimensions]uint64, c store.Column, v uint64) bool {
	if at := slices.Index(q.dimensions, c); at >= 0 && group[at] != v {
		return false
	}
	return !slices.ContainsFunc(q.filters, func(f store.Filter) bool { return f.Column == c && !f.Keeps(v) })
}
