package store

import (
	"time"

	"iptvdc/aggregator"
)

// Tenure is how old a subscription is at the end of a day, in whole months as the
// civil code counts them: to the same date, or to the last of a month that lacks it.
type Tenure uint8

const (
	TenureUnknown  Tenure = iota // nobody told when it was opened
	TenureMonths                 // less than 3 months, or opened later
	TenureYear                   // 3 to less than 12 months
	TenureTwoYears               // 1 to less than 2 years
	TenureFive                   // 2 to less than 5 years
	TenureLonger                 // 5 years and more
)

// tenureMonths are the ages, in months, at which the Tenure after TenureMonths, and
// each after it, begins.
var tenureMonths = [...]int{3, 12, 24, 60}

// TenureAt returns the tenure on a day of what was opened at openMs; 0: unknown.
func TenureAt(openMs int64, d aggregator.Day) Tenure {
	if openMs == 0 {
		return TenureUnknown
	}
	t, opened := TenureMonths, aggregator.DayOf(openMs)
	for _, months := range tenureMonths {
		if d >= MonthsAfter(opened, months) {
			t++
		}
	}
	return t
}

// MonthsAfter is the same date that many months later, or the last of a month that
// lacks it: the 28th of February a year after the 29th.
func MonthsAfter(d aggregator.Day, months int) aggregator.Day {
	t := d.Time()
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, 0, 0, 0, 0, aggregator.Shanghai)
	month := aggregator.DayOf(first.UnixMilli())
	return min(month+d-d.Month(), month.NextMonth()-1)
}

// MonthOf numbers the months: 12 × year + month - 1.
func MonthOf(d aggregator.Day) uint64 {
	t := d.Time()
	return uint64(12*t.Year() + int(t.Month()) - 1)
}

// SilentDays is how many days without a power-on make a subscriber silent.
const SilentDays = 30

// SuspendedDays is how many days of suspension are as good as having left.
const SuspendedDays = 60

// Silence says for how long a subscriber has been silent at the end of a day: since
// the latest of its last day with a power-on, its first day with an event, and the
// day since which it has been in its state without a break. So who opened, came
// back or was first heard of less than N days ago is not silent for N.
type Silence uint8

const (
	SilenceNone      Silence = iota // active, silent for less than 7 days
	Silence7                        // active, for 7 to 29 days
	Silence30                       // active, for 30 to 89 days
	Silence90                       // active, for 90 days and more
	SilenceUnseen                   // active, and never heard of: no event at all
	SilenceSuspended                // suspended for SuspendedDays at most
	SilenceLost                     // suspended for longer
)

// Recency says when an active subscriber last had a power-on, at the end of a day.
type Recency uint8

const (
	RecencyDay       Recency = iota // that day
	RecencyWeek                     // in the 6 days before
	RecencyMonth                    // in the 23 days before these
	RecencyLonger                   // before
	RecencyNever                    // never, though there were other events
	RecencyUnseen                   // never, and no other event either
	RecencySuspended                // not asked: the subscriber is suspended
)
