package feeds

import (
	"fmt"
	"math/rand/v2"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// person is one subscriber through all numbers and boxes.
type person struct {
	rand    *rand.Rand
	shown   c3.Subscriber  // as a full file would show them now
	there   bool           // on the platform
	housed  bool           // has a box in the fleet: stays, and stays active
	comes   aggregator.Day // with a box in the fleet; 0: is there, or has no such box
	goes    aggregator.Day // with a box in the fleet; 0: never
	dropped aggregator.Day // cancelled: when full files drop the account
	changed bool           // this day: a state changes once a day at most
	leaves  bool           // this day, whatever the odds
	able    *able          // what the province's files can say

	toldCity   aggregator.City // where the files say that the person is; 0: nowhere
	toldOpenMs int64           // when they say that the account was opened; 0: they do not
	flow       string          // of the day
	told       Life            // the last line of the truth, but for its day and flow

	before  string // the number until sinceMs; "": it never changed
	sinceMs int64
}

const (
	oddsNewMoved = 150 // in a thousand of the new: moved in from elsewhere
	keptInFiles  = 30  // days that full files show a cancelled account
)

// plans are the base products.
var plans = []string{"base-iptv-hd", "base-iptv-4k", "base-fusion-199", "base-fusion-99"}

// odds is a chance of so many in a thousand.
func (p *person) odds(n float64) bool { return 1000*p.rand.Float64() < n }

// at is a moment of a day, to the second: files know no finer.
func (p *person) at(d aggregator.Day) int64 {
	return d.Start() + int64(8*3600+p.rand.IntN(12*3600))*1000
}

// settle makes a person as the files find them on the eve of the first day.
func settle(rnd *rand.Rand, account, stbid, mac string, city aggregator.City, first aggregator.Day, housed bool, a *able) *person {
	p := &person{rand: rnd, there: true, housed: housed, able: a}
	open := first - aggregator.Day(2+rnd.IntN(1500))
	p.shown = c3.Subscriber{
		Account: account, State: c3.StateActive, City: city, OpenMs: p.at(open), Product: plans[rnd.IntN(len(plans))],
		STBID: stbid, MAC: mac, Net: "ftth",
	}
	if housed {
		return p
	}
	since := func() int64 { return p.at(first - aggregator.Day(1+rnd.IntN(int(min(first-open, 200))))) }
	switch n := rnd.IntN(100); {
	case n < 9:
		p.shown.State, p.shown.SuspendMs = c3.StateSuspended, max(since(), p.shown.OpenMs+1000)
		p.shown.Reason = []c3.Reason{c3.ReasonArrears, c3.ReasonArrears, c3.ReasonVoluntary, c3.ReasonAdmin}[rnd.IntN(4)]
	case n < 12:
		p.shown.State, p.shown.CancelMs = c3.StateCancelled, max(since(), p.shown.OpenMs+1000)
		p.dropped = first + 1 + aggregator.Day(rnd.IntN(keptInFiles))
	case n < 14 && a.pre:
		p.shown.State = c3.StatePre
	}
	return p
}

// day lets a day pass and tells what changed, in order. Told is what a province
// writes that tells changes; a person who is opened and never on is no news to
// it.
func (p *person) day(d aggregator.Day, r *rates, cities []aggregator.City, told func(c3.Change)) {
	p.changed = false
	if !p.there {
		switch {
		case p.comes != 0 && d < p.comes:
		case p.comes != 0 || p.odds(r.comeBack):
			p.comes = 0
			p.comeBack(d, told)
		}
		return
	}
	if !p.housed {
		p.stand(d, r, told)
	}
	if p.changed || !p.there || p.shown.State == c3.StateCancelled || p.shown.State == c3.StatePre {
		return
	}
	p.describe(d, r, cities, told)
}

// stand changes the state, perhaps.
func (p *person) stand(d aggregator.Day, r *rates, told func(c3.Change)) {
	s := &p.shown
	at := p.at(d)
	leaves := p.leaves
	p.leaves = false
	tell := func(op c3.Op) {
		p.changed = true
		told(c3.Change{Account: s.Account, Op: op, AtMs: at, Reason: s.Reason, City: s.City})
	}
	switch s.State {
	case c3.StatePre:
		if p.odds(r.switchOn) {
			s.State = c3.StateActive
			tell(c3.OpOpen)
		}
	case c3.StateActive:
		switch {
		case leaves && p.able.moveOut && p.odds(movedOut):
			p.there = false
			tell(c3.OpMoveOut)
		case leaves || p.odds(r.cancel):
			p.cancel(d, at)
			tell(c3.OpCancel)
		case p.odds(r.suspend):
			s.State, s.SuspendMs = c3.StateSuspended, at
			s.Reason = []c3.Reason{c3.ReasonArrears, c3.ReasonVoluntary}[p.rand.IntN(2)]
			tell(c3.OpSuspend)
		case p.odds(r.moveOut) && p.able.moveOut:
			p.there = false
			tell(c3.OpMoveOut)
		}
	case c3.StateSuspended:
		switch {
		case leaves:
			p.cancel(d, at)
			tell(c3.OpCancel)
		case p.odds(r.resume):
			s.State, s.SuspendMs, s.Reason = c3.StateActive, 0, c3.ReasonNone
			tell(c3.OpResume)
		case p.odds(r.giveUp):
			p.cancel(d, at)
			tell(c3.OpCancel)
		}
	case c3.StateCancelled:
		if p.odds(r.comeBack) {
			p.comeBack(d, told)
		}
	}
}

func (p *person) cancel(d aggregator.Day, at int64) {
	p.shown.State, p.shown.CancelMs, p.shown.SuspendMs, p.shown.Reason = c3.StateCancelled, at, 0, c3.ReasonNone
	p.dropped = d + keptInFiles
}

// comeBack opens an account that was closed, or never open.
func (p *person) comeBack(d aggregator.Day, told func(c3.Change)) {
	p.there, p.changed = true, true
	s := &p.shown
	s.State, s.OpenMs, s.SuspendMs, s.CancelMs, s.Reason = c3.StateActive, p.at(d), 0, 0, c3.ReasonNone
	told(c3.Change{Account: s.Account, Op: c3.OpOpen, AtMs: s.OpenMs, City: s.City})
}

// describe changes what is no state: number, box, plan, city.
func (p *person) describe(d aggregator.Day, r *rates, cities []aggregator.City, told func(c3.Change)) {
	s := &p.shown
	switch {
	case !p.housed && p.odds(r.number) && p.able.number:
		old := s.Account
		p.before, p.sinceMs = old, p.at(d)
		s.Account = fmt.Sprintf("%s%d@itv", old[:4], 800_000_000+p.rand.IntN(100_000_000))
		told(c3.Change{Account: s.Account, Op: c3.OpChangeNo, AtMs: p.sinceMs, Old: old, City: s.City})
	case !p.housed && p.odds(r.box):
		s.STBID = fmt.Sprintf("%s%024x", s.STBID[:8], p.rand.Uint64())
		told(c3.Change{Account: s.Account, Op: c3.OpChangeSTB, AtMs: p.at(d), New: s.STBID, City: s.City})
	case p.odds(r.plan):
		s.Product = plans[p.rand.IntN(len(plans))]
		told(c3.Change{Account: s.Account, Op: c3.OpChangePlan, AtMs: p.at(d), New: s.Product, City: s.City})
	case !p.housed && p.odds(r.city):
		s.City = cities[p.rand.IntN(len(cities))]
		told(c3.Change{Account: s.Account, Op: c3.OpChangeCity, AtMs: p.at(d), City: s.City})
	}
}

// accountAt is the number at a moment of today.
func (p *person) accountAt(ms int64) string {
	if p.before != "" && ms < p.sinceMs {
		return p.before
	}
	return p.shown.Account
}

// inFile reports whether a full file of a day shows the person.
func (p *person) inFile(d aggregator.Day) bool {
	return p.there && (p.shown.State != c3.StateCancelled || d < p.dropped)
}
