package store

import (
	"fmt"
	"slices"

	"iptvdc/aggregator"
)

// Sign is something plain to see of an account that may go before it leaves.
type Sign uint8

const (
	// SignFall: by how many percent the days of use became fewer.
	SignFall Sign = iota
	// SignSilent: for how many days it has not been used.
	SignSilent
	// SignFaults: playbacks that failed, in percent of what is ordinary: 200 is twice
	// the share of all accounts of the province.
	SignFaults
	// SignExpired: how many products ended and were not renewed.
	SignExpired

	// Signs is how many there are.
	Signs = 4
)

// Signs of an account at the end of a day are made of that day and those before it
// alone: whatever becomes known of later days, they stay. A day of use is one with a
// power-on or a playback told, under a number that was the subscriber's at the end of
// that day (see Lives). A day on which nobody in the province told anything is dark:
// it says nothing of anybody and is in none of the counts.
const (
	// RiskDays are the days that are looked at, the day itself last, and as many
	// before these.
	RiskDays = 28
	// RiskLeastUsed is on how many of the days before an account must have been used,
	// and RiskLeastClear how many days of either stretch must not be dark, for a fall
	// to be one. The account must have been in StateActive throughout the later
	// stretch. One that is new in the earlier stretch had fewer days of use there: a
	// fall is then missed, never made up.
	RiskLeastUsed, RiskLeastClear = 8, 14
	// RiskLeastPlays of an account must have been measured and RiskLeastFailed failed
	// in RiskDays: else one bad evening would be a sign.
	RiskLeastPlays, RiskLeastFailed = 10, 3
	// RiskTermDays is for how long a product that ended is missed: until it is bought
	// again, RiskTermDays after its end at most.
	RiskTermDays = 90
	// RiskBackDays is how many days before the one asked for may be taken instead, if
	// files have not spoken of it yet, or it is not over.
	RiskBackDays = 6
	// RiskFaultsMost is the greatest SignFaults.
	RiskFaultsMost = 1_000_000
)

// Band is a step of a sign: from which value on, how many points.
type Band struct {
	From   int64
	Points int
}

// RiskRules say how many points signs have. The zero RiskRules give nobody any.
type RiskRules struct {
	// Bands of each sign, both rising; the last one reached holds.
	Bands [Signs][]Band
	// Middle and High are from which score on the class is that.
	Middle, High int
}

// RiskMost is the greatest score.
const RiskMost = 100

// Check reports what is wrong with rules, as an *aggregator.Error.
func (r *RiskRules) Check() error {
	most := 0
	for sign, bands := range r.Bands {
		from, points := int64(0), 0
		for _, b := range bands {
			if b.From <= from || b.Points <= points {
				return badQuery("The bands of sign %d do not rise from 1 on.", sign)
			}
			from, points = b.From, b.Points
		}
		most += points
	}
	if most > RiskMost {
		return badQuery("All signs together have %d points; a score has %d at most.", most, RiskMost)
	}
	if r.Middle < 1 || r.High < r.Middle {
		return badQuery("The classes begin at %d and %d points; they must rise from 1 on.", r.Middle, r.High)
	}
	return nil
}

// Levels are how many bands each sign has reached.
type Levels [Signs]uint8

// Level returns how many bands a value has reached.
func (r *RiskRules) Level(s Sign, value int64) uint8 {
	n := uint8(0)
	for _, b := range r.Bands[s] {
		if value >= b.From {
			n++
		}
	}
	return n
}

// Points returns those of a sign at a level.
func (r *RiskRules) Points(s Sign, level uint8) int {
	if level == 0 {
		return 0
	}
	return r.Bands[s][level-1].Points
}

// Score is the sum of the points.
func (r *RiskRules) Score(l Levels) int {
	sum := 0
	for s := range Sign(Signs) {
		sum += r.Points(s, l[s])
	}
	return sum
}

// RiskClass is how great the risk is that an account leaves.
type RiskClass uint8

const (
	// RiskUnobserved: nothing was ever heard of the account up to the day. It may have
	// no agent, so nothing can be said: it has no score, and of the signs SignExpired
	// alone.
	RiskUnobserved RiskClass = iota
	RiskLow
	RiskMiddle
	RiskHigh
)

// Class returns that of an account.
func (r *RiskRules) Class(observed bool, l Levels) RiskClass {
	switch score := r.Score(l); {
	case !observed:
		return RiskUnobserved
	case score >= r.High:
		return RiskHigh
	case score >= r.Middle:
		return RiskMiddle
	}
	return RiskLow
}

// RiskSigns are an account's signs with what they are made of.
type RiskSigns struct {
	// Used of Clear days in the RiskDays that end with the day, and the same of those
	// before.
	Used, Clear, UsedBefore, ClearBefore int64
	// Silent is how many days have passed, dark ones left out, since the last day of
	// use, the first day ever with an event, and the day since which the account has
	// been in StateActive without a break, whatever is latest: as Silence has it. With
	// Longer none of them lies in the two stretches, and it is that many at least.
	Silent int64
	Longer bool
	// Failed of Plays playbacks in RiskDays; both are 0 if none failed.
	Failed, Plays int64
	// Expired are the products by the month or year whose orders that were known by the
	// end of the day, and not refunded by then, have all ended (one without an end has
	// not), the last of them in the RiskTermDays before it, and RenewalMs or more before
	// it: nothing can renew it any more.
	Expired int64

	Fall, Faults int64 // see Sign; 0 also if there is too little to tell
}

// Value returns that of a sign.
func (s *RiskSigns) Value(of Sign) int64 {
	return [Signs]int64{s.Fall, s.Silent, s.Faults, s.Expired}[of]
}

// RiskQuery asks for the accounts in StateActive at the end of a day. Each province
// is judged on the latest of Day and the RiskBackDays before it that is over and of
// which its files speak (as FactPresence has days).
type RiskQuery struct {
	// AllProvinces or Provinces is the reader's scope; both empty: nothing.
	AllProvinces bool
	Provinces    []aggregator.Province

	Province aggregator.Province // 0: any
	Day      aggregator.Day
	Rules    RiskRules

	// What follows is for RiskAccounts alone.

	City        aggregator.City // 0: any
	Least, Most int             // scores, both inclusive
	With        []Sign          // only accounts with points for each of these
	// Skip leaves out the first of the list, of which Limit are given; 0: 1,000.
	Skip, Limit int
}

// RiskCount is how many accounts have the same signs. Rows come by Province, City,
// unobserved first, then Levels.
type RiskCount struct {
	Province aggregator.Province
	City     aggregator.City
	Day      aggregator.Day
	Observed bool
	Levels   Levels
	Accounts int64
}

// RiskAccount is one account that was heard of. Rows come by score, the greatest
// first, then Province, Account.
type RiskAccount struct {
	Province aggregator.Province
	City     aggregator.City
	Day      aggregator.Day
	Account  uint64 // its latest number
	Score    int
	Levels   Levels
	RiskSigns
	// Failed of Plays playbacks of the whole province in the same days.
	OrdinaryFailed, OrdinaryPlays int64
}

// DeparturesQuery asks which signs those had who left, so many days before.
type DeparturesQuery struct {
	AllProvinces bool
	Provinces    []aggregator.Province
	Province     aggregator.Province // 0: any

	// From and To are the days in which they left, both inside. Provinces count of
	// whose last day files have spoken, and which is over.
	From, To aggregator.Day
	// Before is how many days before they left their signs are looked at, 1 or more.
	Before int
	Rules  RiskRules
}

// Fate is what became of an account.
type Fate uint8

const (
	// FateStayed: in StateActive at the end of the period, and on a day that one of
	// those who left in its province is looked at: so both are of the same seasons and
	// holidays. Of these days, ascending, of n who left, it is number r modulo n from 0
	// on, where r is its Life.Root.
	FateStayed Fate = 1 + iota
	// FateLeft: its last flow of the period out of the province or the subscription
	// (FlowCancelled, FlowMovedOut, FlowSuspendedCancelled, FlowSuspendedMovedOut) was
	// not followed by a return to StateActive within the period. It left with that
	// flow, or if it was suspended then, with the suspension (its last FlowSuspended):
	// nobody watches after it. Signs are of the day that lies Before days before that
	// day, on which it was in StateActive.
	FateLeft
	// FateLeftUnjudged: it left, but was not in StateActive on that day.
	FateLeftUnjudged
)

// RiskDeparture is how many accounts of one fate had the same signs; of
// FateLeftUnjudged there is one row a province without any. Rows come by Province,
// Fate, unobserved first, then Levels.
type RiskDeparture struct {
	Province aggregator.Province
	Fate     Fate
	Observed bool
	Levels   Levels
	Accounts int64
}

// Check reports the first thing in q that cannot be answered.
func (q *RiskQuery) Check() error {
	if q.Skip < 0 || q.Limit < 0 {
		return badQuery("A list skips %d accounts and has %d; neither may be below 0.", q.Skip, q.Limit)
	}
	if slices.ContainsFunc(q.With, func(s Sign) bool { return s >= Signs }) {
		return badQuery("There is no such sign among %v.", q.With)
	}
	return q.Rules.Check()
}

// Check reports the first thing in q that cannot be answered.
func (q *DeparturesQuery) Check() error {
	if q.From > q.To || q.Before < 1 {
		return badQuery("Departures from %s to %s, looked at %d days before: to must not lie before from, and at least one day before.", q.From, q.To, q.Before)
	}
	return q.Rules.Check()
}

// String names a sign as questions do.
func (s Sign) String() string {
	names := [Signs]string{"fall", "silent", "faults", "expired"}
	if s >= Signs {
		return fmt.Sprintf("sign %d", uint8(s))
	}
	return names[s]
}
