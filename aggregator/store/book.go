package store

import (
	"cmp"
	"math"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// Sighting is how full files show one account: with the same values in every
// full file of the days From to To.
type Sighting struct {
	From, To aggregator.Day // To may be Lasting
	// Rank puts the numbers of one subscriber in order: of two that a file shows
	// the one with the greater Rank holds.
	Rank int
	SubscriberRow
}

// Lasting is the last day of a Sighting that the latest full file still shows.
const Lasting = aggregator.Day(math.MaxInt32)

// Standing is a stretch of time in which a subscriber stood unchanged.
type Standing struct {
	FromMs, ToMs      int64 // ToMs exclusive, Forever if it lasts
	State             c3.State
	Reason            c3.Reason
	City              aggregator.City
	Product, STB, Net uint64
	OpenMs            int64 // when the account was opened; 0: nobody said
}

// Forever is the end of a Standing that lasts.
const Forever = int64(math.MaxInt64)

// FlowKind is how an account moves. The zero FlowKind is none.
type FlowKind uint8

const (
	FlowNone FlowKind = iota
	// Into the active accounts.
	FlowOpening // found active when the province's files begin
	FlowNew
	FlowResumed
	FlowMovedIn
	// Out of the active accounts.
	FlowSuspended
	FlowCancelled
	FlowMovedOut
	// Beside the active accounts: they matter to churn, not to the balance.
	FlowSuspendedCancelled
	FlowSuspendedMovedOut
	FlowSuspendedMovedIn // appears suspended, also when the files begin
	// Between cities, of active accounts: they cancel out in the province.
	FlowRelocatedOut // from City
	FlowRelocatedIn  // to City
)

// Flow is one movement of a subscriber.
type Flow struct {
	AtMs     int64
	Kind     FlowKind
	City     aggregator.City
	From, To c3.State
	// Shown: no change told of it, a full file showed it.
	Shown bool
}

// Fold makes the book of one subscriber from all that is known of it: the
// province's days with a full file, ascending, how these files show the
// subscriber, and the changes told, in any order. A subscriber whose number
// changed has the sightings and changes of all its numbers.
//
// A change holds from its moment. A full file holds at the end of its day and
// outdoes what changes made of the account before. What a full file alone shows
// happened at the time the file itself tells, if that lies between the full file
// before and this one; else in the last millisecond of its day. Who appears in
// the first full file was there before (FlowOpening), unless it was opened on
// that very day; who appears later is new if it was opened since the full file
// before or no opening is told, else moved in. Who is no longer shown has moved
// out, unless it was cancelled. A changed number, box, product or kind of access
// is no flow. What a change does not say of an account that was not there (city,
// product, box) is what the next full file says.
//
// Spans do not overlap and come by time, as do flows. The count of accounts in
// StateActive over time is the sum of the flows into and out of it: so the
// balance of a province and day holds by construction, and what full files had to
// put right is marked.
func Fold(days []aggregator.Day, seen []Sighting, changes []ChangeRow) ([]Standing, []Flow) {
	f := fold{days: days, seen: seen}
	changes = slices.Clone(changes)
	slices.SortFunc(changes, orderOfChanges)
	checks := f.checks(changes)
	for len(changes) > 0 || len(checks) > 0 {
		if len(checks) == 0 || len(changes) > 0 && changes[0].AtMs < endOf(checks[0]) {
			f.change(&changes[0])
			changes = changes[1:]
			continue
		}
		f.check(checks[0])
		checks = checks[1:]
	}
	f.cut(Forever)
	return f.spans, f.flows
}

// orderOfChanges is by time; at one time an end comes before a beginning, so that
// an account closed and opened again in one second is open.
func orderOfChanges(a, b ChangeRow) int {
	return cmp.Or(cmp.Compare(a.AtMs, b.AtMs), cmp.Compare(turn[a.Op], turn[b.Op]),
		cmp.Compare(a.Account, b.Account), cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New))
}

var turn = [...]int{c3.OpMoveOut: 1, c3.OpCancel: 2, c3.OpChangeNo: 3, c3.OpOpen: 4, c3.OpMoveIn: 5, c3.OpSuspend: 6, c3.OpResume: 7,
	c3.OpChangeSTB: 8, c3.OpChangePlan: 9, c3.OpChangeCity: 10}

// endOf is the first millisecond after a day.
func endOf(d aggregator.Day) int64 { return (d + 1).Start() }

type fold struct {
	days []aggregator.Day
	seen []Sighting

	now   Standing // State StateUnknown: not there; FromMs is since when
	spans []Standing
	flows []Flow
}

// checks are the full files whose word may differ from what is known by then:
// those in which something begins or is missing, and the first after each change.
func (f *fold) checks(changes []ChangeRow) []aggregator.Day {
	var days []aggregator.Day
	add := func(d aggregator.Day) {
		if d, ok := f.next(d); ok {
			days = append(days, d)
		}
	}
	for i := range f.seen {
		add(f.seen[i].From)
		if f.seen[i].To != Lasting {
			add(f.seen[i].To + 1)
		}
	}
	for i := range changes {
		add(aggregator.DayOf(changes[i].AtMs))
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// next returns the day of the first full file of a day or later.
func (f *fold) next(d aggregator.Day) (aggregator.Day, bool) {
	i, _ := slices.BinarySearch(f.days, d)
	if i == len(f.days) {
		return 0, false
	}
	return f.days[i], true
}

// before returns the day of the full file before that of d; false: d's is the
// first.
func (f *fold) before(d aggregator.Day) (aggregator.Day, bool) {
	i, _ := slices.BinarySearch(f.days, d)
	if i == 0 {
		return 0, false
	}
	return f.days[i-1], true
}

// shown returns what the full file of a day says; nil: nothing.
func (f *fold) shown(d aggregator.Day) *Sighting {
	var found *Sighting
	for i := range f.seen {
		s := &f.seen[i]
		if s.From <= d && d <= s.To && (found == nil || s.Rank > found.Rank) {
			found = s
		}
	}
	return found
}

// change applies one change.
func (f *fold) change(c *ChangeRow) {
	switch c.Op {
	case c3.OpOpen, c3.OpMoveIn, c3.OpResume, c3.OpSuspend:
		if gone(f.now.State) {
			f.begin(c)
		} else if c.City != 0 && f.now.State != c3.StateActive {
			f.describe(c.AtMs, false, func(s *Standing) { s.City = c.City })
		}
	case c3.OpCancel:
		if f.now.State == c3.StateUnknown {
			f.begin(c)
		}
	}
	switch c.Op {
	case c3.OpOpen:
		f.become(c.AtMs, c3.StateActive, c3.ReasonNone, FlowNew, false)
	case c3.OpMoveIn:
		f.become(c.AtMs, c3.StateActive, c3.ReasonNone, FlowMovedIn, false)
	case c3.OpResume:
		f.become(c.AtMs, c3.StateActive, c3.ReasonNone, FlowResumed, false)
	case c3.OpSuspend:
		f.become(c.AtMs, c3.StateSuspended, c.Reason, FlowNone, false)
	case c3.OpCancel:
		f.become(c.AtMs, c3.StateCancelled, c3.ReasonNone, FlowNone, false)
	case c3.OpMoveOut:
		f.become(c.AtMs, c3.StateUnknown, c3.ReasonNone, FlowNone, false)
	case c3.OpChangeSTB:
		f.describe(c.AtMs, false, func(s *Standing) { s.STB = c.New })
	case c3.OpChangePlan:
		f.describe(c.AtMs, false, func(s *Standing) { s.Product = c.New })
	case c3.OpChangeCity:
		f.describe(c.AtMs, false, func(s *Standing) { s.City = c.City })
	}
}

// gone reports whether an account in that state has no life that goes on.
func gone(s c3.State) bool { return s == c3.StateUnknown || s == c3.StateCancelled }

// begin takes what is known of an account that comes with a change: what the
// change says, else what the next full file shows.
func (f *fold) begin(c *ChangeRow) {
	f.describe(c.AtMs, false, func(s *Standing) {
		if d, ok := f.next(aggregator.DayOf(c.AtMs)); ok {
			if next := f.shown(d); next != nil {
				s.City, s.Product, s.STB, s.Net = cmp.Or(next.City, s.City), cmp.Or(next.Product, s.Product), cmp.Or(next.STB, s.STB), cmp.Or(next.Net, s.Net)
			}
		}
		s.City = cmp.Or(c.City, s.City)
		if c.Op == c3.OpOpen {
			s.OpenMs = c.AtMs
		}
	})
}

// check holds what is known against a full file.
func (f *fold) check(d aggregator.Day) {
	end := endOf(d)
	s := f.shown(d)
	if s == nil {
		if f.now.State != c3.StateCancelled { // else it was dropped from the files, which is no news
			f.become(end-1, c3.StateUnknown, c3.ReasonNone, FlowNone, true)
		}
		return
	}
	prev, later := f.before(d)
	since := d.Start() // the first file: what happened before its day is not its news
	if later {
		since = endOf(prev)
	}
	told := func(ms int64) bool { return since <= ms && ms < end && ms >= f.now.FromMs }
	fresh := f.now.State == c3.StateUnknown || f.now.State == c3.StatePre ||
		f.now.State == c3.StateCancelled && (s.State != c3.StateCancelled || told(s.OpenMs) && s.OpenMs > f.now.OpenMs)
	opened := fresh && s.State != c3.StatePre && told(s.OpenMs)

	at := end - 1
	switch {
	case s.State == c3.StateSuspended && told(s.SuspendMs):
		at = s.SuspendMs
	case s.State == c3.StateCancelled && told(s.CancelMs):
		at = s.CancelMs
	case !later && fresh:
		at = since
	}
	if fresh {
		from := at
		if opened {
			from = s.OpenMs
		}
		f.describe(from, true, func(n *Standing) { n.take(s) }) // it is not active: no flow
	}
	switch {
	case opened:
		f.become(s.OpenMs, c3.StateActive, c3.ReasonNone, FlowNew, true)
	case fresh && !later && f.now.State == c3.StateUnknown:
		f.open(at, s)
	}
	if s.State == c3.StateCancelled && f.now.State == c3.StateActive && told(s.SuspendMs) && s.SuspendMs < s.CancelMs {
		f.become(s.SuspendMs, c3.StateSuspended, s.Reason, FlowNone, true)
	}
	into := FlowNew
	if f.now.State != c3.StatePre && s.OpenMs != 0 && s.OpenMs < since {
		into = FlowMovedIn
	}
	f.become(at, s.State, s.Reason, into, true)
	f.describe(end-1, true, func(n *Standing) { n.take(s); n.Reason = s.Reason })
}

// take is what a full file says of an account beside its state; what it leaves
// open stays.
func (n *Standing) take(s *Sighting) {
	n.Product, n.STB, n.Net = cmp.Or(s.Product, n.Product), cmp.Or(s.STB, n.STB), cmp.Or(s.Net, n.Net)
	n.City, n.OpenMs = cmp.Or(s.City, n.City), cmp.Or(s.OpenMs, n.OpenMs)
}

// open takes over an account that stood before the files began.
func (f *fold) open(at int64, s *Sighting) {
	f.now.FromMs, f.now.State, f.now.Reason = max(at, f.now.FromMs), s.State, s.Reason
	switch s.State {
	case c3.StateActive:
		f.flow(f.now.FromMs, FlowOpening, c3.StateUnknown, s.State, true)
	case c3.StateSuspended:
		f.flow(f.now.FromMs, FlowSuspendedMovedIn, c3.StateUnknown, s.State, true)
	}
}

// become changes the state, and tells the flow that this is; into is the one
// that makes an account active which was not suspended.
func (f *fold) become(at int64, to c3.State, why c3.Reason, into FlowKind, shown bool) {
	from := f.now.State
	at = max(at, f.now.FromMs)
	if from == to {
		if f.now.Reason != why && !shown {
			f.cut(at)
			f.now.Reason = why
		}
		return
	}
	kind := FlowNone
	switch {
	case to == c3.StateActive && from == c3.StateSuspended:
		kind = FlowResumed
	case to == c3.StateActive:
		kind = into
	case from == c3.StateActive && to == c3.StateSuspended:
		kind = FlowSuspended
	case from == c3.StateActive && to == c3.StateCancelled:
		kind = FlowCancelled
	case from == c3.StateActive:
		kind = FlowMovedOut
	case from == c3.StateSuspended && to == c3.StateCancelled:
		kind = FlowSuspendedCancelled
	case from == c3.StateSuspended:
		kind = FlowSuspendedMovedOut
	case to == c3.StateSuspended:
		kind = FlowSuspendedMovedIn
	}
	f.cut(at)
	f.now.State, f.now.Reason = to, why
	if kind != FlowNone || shown {
		f.flow(at, kind, from, to, shown)
	}
}

// describe changes what is known of a subscriber beside its state. That the
// opening of a living account becomes known does not part its time.
func (f *fold) describe(at int64, shown bool, change func(*Standing)) {
	at = max(at, f.now.FromMs)
	to := f.now
	change(&to)
	if !gone(f.now.State) {
		f.now.OpenMs = to.OpenMs
	}
	if to == f.now {
		return
	}
	relocated := to.City != f.now.City && f.now.City != 0 && f.now.State == c3.StateActive
	if relocated {
		f.flow(at, FlowRelocatedOut, f.now.State, f.now.State, shown)
	}
	f.cut(at)
	to.FromMs = f.now.FromMs
	f.now = to
	if relocated {
		f.flow(at, FlowRelocatedIn, f.now.State, f.now.State, shown)
	}
}

func (f *fold) flow(at int64, k FlowKind, from, to c3.State, shown bool) {
	f.flows = append(f.flows, Flow{AtMs: at, Kind: k, City: f.now.City, From: from, To: to, Shown: shown})
}

// cut ends the present span at a moment; what follows begins there.
func (f *fold) cut(at int64) {
	if f.now.State != c3.StateUnknown && f.now.FromMs < at {
		s := f.now
		s.ToMs = at
		f.spans = append(f.spans, s)
	}
	f.now.FromMs = at
}
