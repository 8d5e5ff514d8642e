// Package quality says how good the data of a province and day is: which files
// came, late or not at all, what was rejected of them, whether the subscribers'
// book balances, how much is unknown, how far boxes cover accounts, how their
// events are timed and how many of them are lost. Rules
// turn that into a verdict with reasons in words. It computes no figure of its
// own: figures are indicator's, files the store's, due times the dialects'.
package quality

import (
	"context"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

const (
	// MaxDays is the greatest number of days in a question.
	MaxDays = 62
	// MaxFiles is the greatest number of files that an answer is made of.
	MaxFiles = 100_000
	// MaxUntold is how many untold changes of a day are counted at most.
	MaxUntold = 10_000
	// lookBack is how many days before the question a feed must have been heard
	// of to be expected from the first day on; a monthly one comes once in it.
	lookBack = 31
)

// Verdict is how good something is. The zero Verdict says that there was nothing
// to judge. A greater one is worse.
type Verdict uint8

const (
	None Verdict = iota
	Good
	Attention
	Bad
)

var verdictWords = [...]string{"none", "good", "attention", "bad"}

// String is the verdict's word.
func (v Verdict) String() string { return verdictWords[v] }

// Reason is one thing that is wrong.
type Reason struct {
	Verdict Verdict
	Code    string  // the rule's
	Feed    c3.Feed // FeedNone: it is about no feed
	Text    indicator.Text
}

// State is whether a day's files of a feed came.
type State uint8

const (
	NotDue  State = iota // none came, and none is or will be due
	Pending              // what is due has come, more may still come in time
	Arrived
	Late    // all came, at least one after its grace
	Missing // a file that is due did not come, or was refused
)

var stateWords = [...]string{"not_due", "pending", "arrived", "late", "missing"}

// String is the state's word.
func (s State) String() string { return stateWords[s] }

// FeedDay is what came of a feed that speaks of a day.
type FeedDay struct {
	Feed    c3.Feed
	State   State
	Due     int   // files that the day should have; 0: nobody knows
	Overdue int   // of them due by now, the grace over
	Lacking int   // of those not here
	DueMs   int64 // when the last of them is due, without grace; 0: never
	Files   int   // that came, whatever became of them
	Refused int   // of them
	Waiting int   // of them, until an operator decides
	// Records and Rejected are those of the files that are in.
	Records, Rejected int64
	Outcome           c3.Outcome // the worst of them
	Why               string     // code of the fault that refused the last refused one
	LastMs            int64      // when the last came
}

// Balance is the equation of a day's active accounts:
// After = Before + Opening + New + Resumed + MovedIn - Suspended - Cancelled -
// MovedOut + Error.
type Balance struct {
	Before, Opening, New, Resumed, MovedIn, Suspended, Cancelled, MovedOut, After, Error int64
}

// Row is how good the data of a province and day is. Numbers are percentages of
// 0 to 100, none where there is nothing to divide by.
type Row struct {
	Province aggregator.Province
	Day      aggregator.Day
	Feeds    []FeedDay
	// Balance is nil if no file speaks of the day's accounts.
	Balance *Balance
	// Untold is how many changes of state a full file showed that no change had
	// told, at most MaxUntold; nil: the province tells no changes, or no full file
	// of the day is in.
	Untold                     *int64
	GenreUnknown, PlaceUnknown indicator.Number
	BoxCoverage                indicator.Number
	// Boxes is nil if nothing is known of any event of the day.
	Boxes   *BoxDay
	Verdict Verdict
	Reasons []Reason // the worst first
}

// BoxDay is what boxes told of a day: as indicator has it.
type BoxDay struct {
	Events int64 // that are in
	// ClockSynced and ClockUnsynced are the shares of Events whose boot was synced
	// when they were loaded, and whose time is a guess; the rest were placed by the
	// box's own clock or by their arrival.
	ClockSynced, ClockUnsynced indicator.Number
	Lost                       int64            // events that will never come
	LossRate                   indicator.Number // Lost of all that there were
	Repeated                   int64            // batches that came again on that day, of whatever day
}

// Files is what became of files, and of what they told; every store.Store is one.
type Files interface {
	// Files and Untold are those of store.Feeds.
	Files(ctx context.Context, q store.FileQuery) ([]store.FileRow, error)
	Untold(ctx context.Context, p aggregator.Province, d aggregator.Day, limit int) ([]store.Correction, error)
}

// Promise is a feed that a province is to send.
type Promise struct {
	Feed c3.Feed
	Also c3.Feed // what else its files may hold
	Due  dialect.Expect
	// Since is the day from which on files must come, even if none ever did; 0:
	// they are expected once the first has come.
	Since aggregator.Day
}

// Of is what a dialect promises, see Promise.Since.
func Of(d *dialect.Dialect, since aggregator.Day) []Promise {
	var all []Promise
	for _, f := range d.Feeds {
		all = append(all, Promise{Feed: f.Kind, Also: f.Also, Due: f.Expect, Since: since})
	}
	return all
}

// Board answers. Safe for concurrent use. All fields must be set.
type Board struct {
	Figures indicator.Source
	Files   Files
	// Promises returns what provinces are to send.
	Promises func() map[aggregator.Province][]Promise
	Now      func() time.Time
}

// Rows judges every day from from to to, both inclusive and none after today, of
// every province in scope of which anything is known or expected, by province,
// then by day. The zero scope has none.
func (b *Board) Rows(ctx context.Context, scope aggregator.Scope, from, to aggregator.Day) ([]Row, error) {
	now := b.Now()
	to = min(to, aggregator.DayOf(now.UnixMilli()))
	if !scope.All && len(scope.Provinces) == 0 || from > to {
		return nil, nil
	}
	if to-from >= MaxDays {
		return nil, tooLong(from, to)
	}
	g := &gathering{board: b, scope: scope, from: from, to: to, now: now, rows: map[cell]*Row{}}
	for _, step := range []func(context.Context) error{g.files, g.figures, g.boxes, g.flows, g.untold} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return g.judged(), nil
}

func tooLong(from, to aggregator.Day) error {
	return &aggregator.Error{Code: "bad_period", Message: "from " + from.String() + " to " + to.String() + " are too many days; allowed are at most 62."}
}
