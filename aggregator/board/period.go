package board

import (
	"fmt"
	"slices"
	"time"

	"iptvdc/aggregator"
)

// Unit is the length of what a Period counts.
type Unit string

const (
	UnitDay     Unit = "day"
	UnitWeek    Unit = "week" // Monday to Sunday
	UnitMonth   Unit = "month"
	UnitQuarter Unit = "quarter"
	UnitYear    Unit = "year"
)

// Units lists every unit.
func Units() []Unit { return []Unit{UnitDay, UnitWeek, UnitMonth, UnitQuarter, UnitYear} }

// Period is a time that moves with the calendar, or with From and To one that does
// not. The last 7 days are {last: 7, unit: day}: they end with yesterday, the last
// whole one; Open adds the unit under way, so that {last: 0, unit: month, open: true}
// is this month up to today.
type Period struct {
	Last int    `json:"last,omitempty"`
	Unit Unit   `json:"unit,omitempty"`
	Open bool   `json:"open,omitempty"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// maxLast bounds Last; what is too long for a question is refused there.
const maxLast = 3_660

func (p *Period) check() error {
	fixed := p.From != "" || p.To != ""
	switch {
	case fixed && (p.Last != 0 || p.Unit != "" || p.Open):
		return faultf("bad_period", "period: take from and to, or last and unit, not both")
	case fixed:
		from, err := aggregator.ParseDay(p.From)
		if err != nil {
			return faultf("bad_period", "period: from %q is no day; write it as 2026-05-03", clip(p.From))
		}
		to, err := aggregator.ParseDay(p.To)
		if err != nil {
			return faultf("bad_period", "period: to %q is no day; write it as 2026-05-03", clip(p.To))
		}
		if from > to {
			return faultf("bad_period", "period: from %s lies after to %s", from, to)
		}
	case !slices.Contains(Units(), p.Unit):
		return faultf("bad_period", "period: there is no unit %q; allowed: %v", clip(string(p.Unit)), Units())
	case p.Last < 0 || p.Last > maxLast || p.Last == 0 && !p.Open:
		return faultf("bad_period", "period: last is %d, allowed 1 to %d, or 0 with open for the one under way", p.Last, maxLast)
	}
	return nil
}

// Days returns the first and the last day as seen on a day, both inside. It needs a
// Period that was checked.
func (p *Period) Days(today aggregator.Day) (from, to aggregator.Day, err error) {
	if p.From != "" {
		from, err = aggregator.ParseDay(p.From)
		if err != nil {
			return 0, 0, fmt.Errorf("board: period: %w", err)
		}
		to, err = aggregator.ParseDay(p.To)
		return from, to, err
	}
	begin := p.Unit.begin(today)
	to = begin - 1
	if p.Open {
		to = today
	}
	return p.Unit.back(begin, p.Last), to, nil
}

// begin is the first day of the unit that holds d.
func (u Unit) begin(d aggregator.Day) aggregator.Day {
	t := d.Time()
	switch u {
	case UnitWeek:
		return d.Week()
	case UnitMonth:
		return dayOf(t.Year(), t.Month(), 1)
	case UnitQuarter:
		return dayOf(t.Year(), (t.Month()-1)/3*3+1, 1)
	case UnitYear:
		return dayOf(t.Year(), 1, 1)
	}
	return d
}

// back is the first day of the unit n units before the one that begins with d.
func (u Unit) back(d aggregator.Day, n int) aggregator.Day {
	t := d.Time()
	switch u {
	case UnitWeek:
		return d - aggregator.Day(7*n)
	case UnitMonth:
		return dayOf(t.Year(), t.Month()-time.Month(n), 1)
	case UnitQuarter:
		return dayOf(t.Year(), t.Month()-time.Month(3*n), 1)
	case UnitYear:
		return dayOf(t.Year()-n, 1, 1)
	}
	return d - aggregator.Day(n)
}

func dayOf(year int, month time.Month, day int) aggregator.Day {
	return aggregator.DayOf(time.Date(year, month, day, 0, 0, 0, 0, aggregator.Shanghai).UnixMilli())
}
