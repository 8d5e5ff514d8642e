package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// Which signs accounts show, and which those showed who left.

// exampleRules have a point for the least of each sign.
var exampleRules = store.RiskRules{Bands: [store.Signs][]store.Band{
	store.SignFall: {{From: 1, Points: 10}, {From: 50, Points: 30}}, store.SignSilent: {{From: 7, Points: 20}, {From: 28, Points: 40}},
	store.SignFaults: {{From: 200, Points: 15}}, store.SignExpired: {{From: 1, Points: 5}, {From: 2, Points: 10}}}, Middle: 20, High: 50}

// lived are words of an account on the days from..to of feedDay's month, every so
// many.
func lived(blk *store.Block, account uint64, from, to, every aggregator.Day) {
	for d := from; d <= to; d += every {
		blk.Powers = append(blk.Powers, store.Power{Stamp: accountAt(account, noon(d)), On: true})
	}
}

func accountAt(account uint64, ms int64) store.Stamp {
	s := at(account, ms)
	s.Account = account
	return s
}

// hum has a box of nobody's tell something every few hours of the days from..to:
// engines close stretches of hours faster than hours that lie apart, the reference
// does not. It returns the last of it: a reference beside must take the same days for over.
func (b *bench) hum(from, to aggregator.Day) *store.Block {
	b.Helper()
	var blk store.Block
	for ms := (feedDay + from - 1).Start(); ms < (feedDay + to).Start(); ms += 4 * hour {
		blk.PageViews = append(blk.PageViews, store.PageView{Stamp: at(99, ms)})
	}
	last := &store.Block{ID: [16]byte{0xfc}, PageViews: blk.PageViews[len(blk.PageViews)-1:]}
	if !b.engine.Forgets {
		b.put(blk)
	}
	return last
}

// played are playbacks of an account on a day, of which so many failed.
func played(blk *store.Block, account uint64, d aggregator.Day, plays, failed int) {
	for n := range plays {
		p := store.Playback{Stamp: accountAt(account, noon(d)+int64(n))}
		if n < failed {
			p.Errors = 2
		}
		blk.Playbacks = append(blk.Playbacks, p)
	}
}

// riskQuery asks about the n-th day of feedDay's month.
func riskQuery(d aggregator.Day) store.RiskQuery {
	return store.RiskQuery{AllProvinces: true, Day: feedDay + d - 1, Rules: exampleRules, Most: store.RiskMost}
}

func (b *bench) listed(q store.RiskQuery) map[uint64]store.RiskAccount {
	b.Helper()
	all := map[uint64]store.RiskAccount{}
	for _, a := range must(b.RiskAccounts(context.Background(), q)) {
		all[a.Account] = a
	}
	return all
}

// changed is a file of changes of the n-th day.
func changed(id byte, d aggregator.Day, rows ...store.ChangeRow) feedFile {
	f := file(c3.FeedChanges, id, d)
	for i := range rows {
		rows[i].Line = int64(i + 1)
	}
	f.rows.Changes = rows
	return f
}

func testRiskSigns(t *testing.T, b *bench) {
	b.give(fullOf(1, 1, active(1, 2, 3, 4, 5, 6, 7, 8, 9, 20)...))
	b.give(changed(2, 60,
		store.ChangeRow{Account: 6, Op: c3.OpSuspend, AtMs: noon(40)},
		store.ChangeRow{Account: 7, Op: c3.OpSuspend, AtMs: noon(30)}, store.ChangeRow{Account: 7, Op: c3.OpResume, AtMs: noon(50)},
		store.ChangeRow{Account: 8, Op: c3.OpMoveOut, AtMs: noon(55)},
		store.ChangeRow{Account: 10, Op: c3.OpOpen, City: 3302, AtMs: noon(45)},
		store.ChangeRow{Account: 21, Old: 20, Op: c3.OpChangeNo, AtMs: noon(40)}))
	moved := changed(3, 60, store.ChangeRow{Account: 8, Op: c3.OpMoveIn, City: 4301, AtMs: noon(55)})
	moved.Province = 43
	b.give(moved)
	b.hum(1, 60)
	var blk store.Block
	lived(&blk, 1, 1, 60, 1)
	lived(&blk, 2, 5, 32, 1) // the 28 days before alone, and
	lived(&blk, 2, 33, 47, 2)
	lived(&blk, 3, 5, 24, 2) // 10 days of use, then none
	lived(&blk, 4, 5, 18, 2) // 7 are too few for a fall
	lived(&blk, 6, 5, 40, 1)
	lived(&blk, 7, 5, 29, 1)
	lived(&blk, 7, 52, 52, 1)
	lived(&blk, 8, 5, 50, 1)
	lived(&blk, 10, 46, 60, 1)
	lived(&blk, 20, 5, 39, 2) // one subscriber under two numbers
	lived(&blk, 21, 41, 59, 2)
	blk.PageViews = append(blk.PageViews, store.PageView{Stamp: accountAt(9, noon(50))}) // first heard, and not in use
	played(&blk, 1, 60, 100, 1)
	played(&blk, 4, 58, 10, 3) // days of use without a power-on
	played(&blk, 10, 59, 9, 9) // too few
	played(&blk, 21, 59, 20, 1)
	blk.Powers = append(blk.Powers, store.Power{Stamp: in43(accountAt(8, noon(58))), On: true})
	b.put(blk)
	b.settle()
	b.expectRisk(60, nil) // a day that is not over, but the one before is asked
	b.put(store.Block{Powers: []store.Power{{Stamp: accountAt(1, noon(61)), On: true}}})
	b.settle()
	q := riskQuery(60)
	got := b.listed(q)
	f := func(account uint64, want store.RiskAccount) {
		t.Helper()
		want.Account, want.Day = account, feedDay+59
		if want.Province == 0 {
			want.Province, want.City = 33, 3301
			want.OrdinaryPlays, want.OrdinaryFailed = 139, 14
		}
		b.same("account "+strconv.FormatUint(account, 10), got[account], want)
	}
	f(1, store.RiskAccount{RiskSigns: store.RiskSigns{Used: 28, Clear: 28, UsedBefore: 28, ClearBefore: 28, Plays: 100, Failed: 1}})
	f(2, store.RiskAccount{Score: 50, Levels: store.Levels{2, 1}, RiskSigns: store.RiskSigns{Used: 8, Clear: 28, UsedBefore: 28, ClearBefore: 28, Silent: 13, Fall: 71}})
	f(3, store.RiskAccount{Score: 70, Levels: store.Levels{2, 2}, RiskSigns: store.RiskSigns{Clear: 28, UsedBefore: 10, ClearBefore: 28, Silent: 37, Fall: 100}})
	// 30 % failed, of all 10 %
	f(4, store.RiskAccount{Score: 15, Levels: store.Levels{0, 0, 1}, RiskSigns: store.RiskSigns{Used: 1, Clear: 28, UsedBefore: 7, ClearBefore: 28, Silent: 2, Plays: 10, Failed: 3, Faults: 297}})
	// Silence begins with the return; what was so while it was away is no fall.
	f(7, store.RiskAccount{Score: 20, Levels: store.Levels{0, 1}, RiskSigns: store.RiskSigns{Used: 1, Clear: 28, UsedBefore: 25, ClearBefore: 28, Silent: 8}})
	f(8, store.RiskAccount{Score: 0, Province: 43, City: 4301, RiskSigns: store.RiskSigns{Used: 1, Clear: 1, Silent: 0}}) // another subscriber, since the 55th
	f(9, store.RiskAccount{Score: 20, Levels: store.Levels{0, 1}, RiskSigns: store.RiskSigns{Clear: 28, ClearBefore: 28, Silent: 10}})
	f(10, store.RiskAccount{Province: 33, City: 3302, OrdinaryPlays: 139, OrdinaryFailed: 14, RiskSigns: store.RiskSigns{Used: 15, Clear: 28, ClearBefore: 28, Plays: 9, Failed: 9}})
	f(21, store.RiskAccount{RiskSigns: store.RiskSigns{Used: 14, Clear: 28, UsedBefore: 14, ClearBefore: 28, Silent: 1, Plays: 20, Failed: 1}})
	for _, account := range []uint64{5, 6, 20} { // never heard of, suspended, a number of before
		if a, there := got[account]; there {
			t.Errorf("account %d is listed: %+v", account, a)
		}
	}
}

// expectRisk compares the counts of a day, or shows that there are some.
func (b *bench) expectRisk(d aggregator.Day, want []store.RiskCount) {
	b.Helper()
	got := must(b.Risk(context.Background(), riskQuery(d)))
	if want == nil {
		if len(got) == 0 || got[0].Day >= feedDay+d-1 {
			b.Fatalf("Risk = %+v", got)
		}
		return
	}
	b.same("counts", got, want)
}

// testRiskDark has a province be silent as a whole: that says nothing of anybody.
func testRiskDark(t *testing.T, b *bench) {
	b.give(fullOf(1, 1, active(1, 2, 3)...))
	b.give(changed(2, 60))
	elsewhere := fullOf(3, 1, active(9)...)
	elsewhere.Province = 43
	b.give(elsewhere)
	b.hum(1, 60)
	var blk store.Block
	lived(&blk, 1, 5, 41, 1)  // dark from the 42nd to the 59th
	lived(&blk, 2, 5, 38, 1)  // silent for 3 days before it began
	lived(&blk, 3, 60, 60, 1) // the only one on the 60th
	for d := range aggregator.Day(62) {
		blk.Powers = append(blk.Powers, store.Power{Stamp: in43(accountAt(9, noon(d+1))), On: true})
	}
	b.put(blk)
	b.settle()
	got := b.listed(riskQuery(60))
	want := store.RiskSigns{Used: 9, Clear: 10, UsedBefore: 28, ClearBefore: 28, Silent: 1}
	b.same("signs of 1", got[1].RiskSigns, want) // 10 days that are not dark are too few for a fall
	want.Used, want.Silent = 6, 4
	b.same("signs of 2", got[2].RiskSigns, want)
	// With more of them: 14 of 14 days each, but the last ones.
	got = b.listed(riskQuery(46))
	want = store.RiskSigns{Used: 20, Clear: 23, UsedBefore: 14, ClearBefore: 14, Silent: 3, Fall: 13}
	b.same("signs of 2 earlier", got[2].RiskSigns, want)
}

func testRiskExpired(t *testing.T, b *bench) {
	b.give(fullOf(1, 1, active(1, 2, 3, 4, 5, 6, 7, 8)...))
	b.give(changed(2, 60, store.ChangeRow{Account: 10, Old: 8, Op: c3.OpChangeNo, AtMs: noon(20)}))
	b.give(productsOf(3, store.ProductRow{Code: 70, Type: c3.ProductMonth}, store.ProductRow{Code: 71, Type: c3.ProductYear}, store.ProductRow{Code: 72, Type: c3.ProductSingle}))
	end := (feedDay + 60).Start() - 1 // of the 60th
	sub := func(id, account, product uint64, op c3.OrderOp, from, to int64) store.OrderRow {
		return store.OrderRow{ID: id, Op: op, Account: account, Product: product, AtMs: from, ToMs: to, Fen: 100}
	}
	b.give(ordersOf(4, 60,
		sub(1, 1, 70, c3.OrderSub, noon(1), end-store.RenewalMs), sub(2, 1, 71, c3.OrderSub, noon(1), noon(40)), sub(3, 1, 72, c3.OrderSub, noon(1), noon(40)), // both, and a single title
		sub(4, 2, 70, c3.OrderSub, noon(1), end-store.RenewalMs+1),                                 // may still be renewed
		sub(5, 3, 70, c3.OrderSub, noon(1), noon(53)), sub(6, 3, 70, c3.OrderRenew, end, noon(90)), // renewed on the last day
		sub(7, 4, 70, c3.OrderSub, noon(1), noon(53)), sub(8, 4, 70, c3.OrderRenew, end+1, noon(90)), // too late to be known
		sub(9, 5, 70, c3.OrderSub, noon(1), noon(40)), sub(9, 5, 70, c3.OrderRefund, noon(2), 0), // given back
		sub(10, 6, 70, c3.OrderSub, noon(1), noon(40)), sub(10, 6, 70, c3.OrderRefund, end+1, 0), // after the day
		sub(11, 7, 70, c3.OrderSub, noon(1), end-store.RiskTermDays*aggregator.DayMs),             // long ago
		sub(12, 7, 71, c3.OrderSub, noon(2), 0), sub(13, 7, 71, c3.OrderRenew, noon(1), noon(30)), // the latest has no end
		sub(14, 8, 70, c3.OrderSub, noon(1), noon(30)), sub(15, 10, 70, c3.OrderRenew, noon(31), noon(58)))) // under its new number
	b.hum(1, 61)
	var blk store.Block
	for account := range uint64(10) {
		lived(&blk, account+1, 5, 61, 1)
	}
	b.put(blk)
	b.settle()
	got := b.listed(riskQuery(60))
	for account, want := range map[uint64]int64{1: 2, 2: 0, 3: 0, 4: 1, 5: 0, 6: 1, 7: 0, 10: 0} {
		if got[account].Expired != want {
			t.Errorf("account %d: %d products expired, want %d", account, got[account].Expired, want)
		}
	}
	// Of the unobserved products are known and nothing else.
	b.give(fullOf(5, 60, active(1, 11)...))
	b.give(ordersOf(6, 1, sub(20, 11, 70, c3.OrderSub, noon(1), noon(30))))
	b.expectRisk(60, []store.RiskCount{
		{Province: 33, City: 3301, Day: feedDay + 59, Levels: store.Levels{0, 0, 0, 1}, Accounts: 1},
		{Province: 33, City: 3301, Day: feedDay + 59, Observed: true, Levels: store.Levels{0, 0, 0, 2}, Accounts: 1}})
}

func testRiskLists(t *testing.T, b *bench) {
	ctx := context.Background()
	b.give(fullOf(1, 1, active(1, 2, 3, 4)...))
	b.give(changed(2, 60, store.ChangeRow{Account: 5, Op: c3.OpOpen, City: 3302, AtMs: noon(2)}))
	b.hum(1, 61)
	var blk store.Block
	for account, to := range map[uint64]aggregator.Day{1: 61, 2: 50, 3: 20, 4: 50, 5: 45} {
		lived(&blk, account, 5, to, 1)
	}
	b.put(blk)
	b.settle()
	f := func(change func(*store.RiskQuery), want ...uint64) {
		t.Helper()
		q := riskQuery(60)
		change(&q)
		var got []uint64
		for _, a := range must(b.RiskAccounts(ctx, q)) {
			got = append(got, a.Account)
		}
		b.same("list", got, want)
	}
	f(func(*store.RiskQuery) {}, 3, 5, 2, 4, 1) // 70, 30 + 20 = 50 and twice 10 + 20, 0
	f(func(q *store.RiskQuery) { q.Least = 30 }, 3, 5, 2, 4)
	f(func(q *store.RiskQuery) { q.Least, q.Most = 1, 50 }, 5, 2, 4)
	f(func(q *store.RiskQuery) { q.Limit = 2 }, 3, 5)
	f(func(q *store.RiskQuery) { q.Skip, q.Limit = 2, 2 }, 2, 4)
	f(func(q *store.RiskQuery) { q.Skip = 9 })
	f(func(q *store.RiskQuery) { q.City = 3302 }, 5)
	f(func(q *store.RiskQuery) { q.With = []store.Sign{store.SignSilent, store.SignFall} }, 3, 5, 2, 4)
	f(func(q *store.RiskQuery) { q.With = []store.Sign{store.SignFaults} })
	f(func(q *store.RiskQuery) { q.Province = 43 })
	f(func(q *store.RiskQuery) { q.AllProvinces, q.Provinces = false, []aggregator.Province{43} })
	f(func(q *store.RiskQuery) { q.AllProvinces = false })
	f(func(q *store.RiskQuery) { q.AllProvinces, q.Provinces, q.Limit = false, []aggregator.Province{33}, 1 }, 3)
	f(func(q *store.RiskQuery) { q.Day += store.RiskBackDays }, 3, 5, 2, 4, 1) // the 60th is the latest
	f(func(q *store.RiskQuery) { q.Day += store.RiskBackDays + 1 })
	f(func(q *store.RiskQuery) { q.Day = feedDay - 1 })
	bad := func(change func(*store.RiskQuery)) {
		t.Helper()
		q := riskQuery(60)
		change(&q)
		var fault *aggregator.Error
		if _, err := b.RiskAccounts(ctx, q); !errors.As(err, &fault) || fault.Code != "bad_query" {
			t.Errorf("RiskAccounts(%+v) = %v, want bad_query", q, err)
		}
	}
	bad(func(q *store.RiskQuery) { q.Skip = -1 })
	bad(func(q *store.RiskQuery) { q.With = []store.Sign{store.Signs} })
	bad(func(q *store.RiskQuery) { q.Rules.High = 1 })
	bad(func(q *store.RiskQuery) { q.Rules.Bands[store.SignFall] = []store.Band{{From: 1, Points: 90}} })
	bad(func(q *store.RiskQuery) {
		q.Rules.Bands[store.SignFall] = []store.Band{{From: 5, Points: 1}, {From: 5, Points: 2}}
	})
	var fault *aggregator.Error
	if _, err := b.RiskDepartures(ctx, store.DeparturesQuery{AllProvinces: true, From: 1, To: 1, Rules: exampleRules}); !errors.As(err, &fault) {
		t.Errorf("RiskDepartures 0 days before = %v", err)
	}
}

func testRiskDepartures(t *testing.T, b *bench) {
	ctx := context.Background()
	b.give(fullOf(1, 1, active(1, 2, 3, 4, 5, 6, 7)...))
	b.give(changed(2, 110,
		store.ChangeRow{Account: 2, Op: c3.OpCancel, AtMs: noon(90)},
		store.ChangeRow{Account: 3, Op: c3.OpSuspend, AtMs: noon(60)}, store.ChangeRow{Account: 3, Op: c3.OpCancel, AtMs: noon(95)}, // left when it was suspended
		store.ChangeRow{Account: 4, Op: c3.OpCancel, AtMs: noon(90)}, store.ChangeRow{Account: 4, Op: c3.OpOpen, City: 3301, AtMs: noon(92)}, // came back
		store.ChangeRow{Account: 5, Op: c3.OpSuspend, AtMs: noon(85)}, // neither left nor stayed
		store.ChangeRow{Account: 6, Op: c3.OpCancel, AtMs: noon(81)},
		store.ChangeRow{Account: 8, Op: c3.OpOpen, City: 3301, AtMs: noon(75)}, store.ChangeRow{Account: 8, Op: c3.OpMoveOut, AtMs: noon(90)})) // there for 15 days
	b.hum(1, 111)
	var blk store.Block
	lived(&blk, 1, 1, 111, 1)
	lived(&blk, 2, 1, 70, 1) // not in use for 20 days before it left: on the 62nd nothing showed
	lived(&blk, 3, 1, 20, 1) // 12 days silent on the 32nd
	lived(&blk, 4, 1, 20, 1) // 12 days silent on the 32nd, 33 on the 53rd
	lived(&blk, 6, 1, 40, 1)
	b.put(blk)
	b.settle()
	q := store.DeparturesQuery{AllProvinces: true, From: feedDay + 79, To: feedDay + 109, Before: 28, Rules: exampleRules}
	// Those who left, 3, 6, 2 and 8, are looked at on the 32nd, 53rd, 62nd and 62nd; 1, 4
	// and 7 stayed.
	want := []store.RiskDeparture{
		{Province: 33, Fate: store.FateStayed, Accounts: 1}, // 7 was never heard of
		{Province: 33, Fate: store.FateStayed, Observed: true, Accounts: 1},
		{Province: 33, Fate: store.FateStayed, Observed: true, Levels: store.Levels{0, 1}, Accounts: 1},
		{Province: 33, Fate: store.FateLeft, Observed: true, Accounts: 1},
		{Province: 33, Fate: store.FateLeft, Observed: true, Levels: store.Levels{0, 1}, Accounts: 1},
		{Province: 33, Fate: store.FateLeft, Observed: true, Levels: store.Levels{1, 1}, Accounts: 1},
		{Province: 33, Fate: store.FateLeftUnjudged, Accounts: 1}}
	b.same("departures", must(b.RiskDepartures(ctx, q)), want)
	// What the days after the one that is looked at bring changes nothing.
	b.put(store.Block{Powers: []store.Power{{Stamp: accountAt(6, noon(54)), On: true}, {Stamp: accountAt(3, noon(59)), On: true}}})
	b.settle()
	b.same("departures", must(b.RiskDepartures(ctx, q)), want)
	none := func(change func(*store.DeparturesQuery)) {
		t.Helper()
		n := q
		change(&n)
		b.same("departures", must(b.RiskDepartures(ctx, n)), []store.RiskDeparture{})
	}
	none(func(q *store.DeparturesQuery) { q.AllProvinces = false })
	none(func(q *store.DeparturesQuery) { q.Province = 43 })
	none(func(q *store.DeparturesQuery) { q.To++ }) // of which no file speaks
	none(func(q *store.DeparturesQuery) { q.AllProvinces, q.Provinces = false, []aggregator.Province{43} })
}

// testRisk gives the store and the reference the same months and asks both the same.
// STORETEST_SEED replays a run.
func testRisk(t *testing.T, b *bench) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("STORETEST_SEED"); s != "" {
		seed = must(strconv.ParseUint(s, 10, 64))
	}
	t.Logf("STORETEST_SEED=%d", seed)
	g := &maker{r: rand.New(rand.NewPCG(seed, 3))}
	ctx := context.Background()
	ref := Memory()
	rounds := 2
	if testing.Short() {
		rounds = 1
	}
	darkFrom := aggregator.Day(g.r.IntN(habitDays)) // nobody tells anything in these days
	darkTo := darkFrom + aggregator.Day(g.r.IntN(25))
	if last := b.hum(1, habitDays); !b.engine.Forgets {
		ref.(*memory).hear(t, last)
	}
	for round := range rounds {
		if round > 0 {
			b.hum(1, habitDays)
		}
		blk := g.habits(round, darkFrom, darkTo)
		b.insert(blk, true)
		ref.(*memory).hear(t, blk)
		for i := range 4 {
			f := g.months(byte(round), byte(i))
			if i == 3 {
				f = g.terms(byte(round))
			}
			b.give(f)
			if err := ref.(*memory).give(f); err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range []store.Store{b.Store, ref} {
			for {
				cells := must(s.Dirty(ctx, 1<<20))
				if len(cells.Cells) == 0 {
					break
				}
				if err := s.Close(ctx, cells); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 6 {
			day := feedDay + aggregator.Day(g.r.IntN(habitDays+6)) - 3
			q := store.RiskQuery{AllProvinces: g.r.IntN(3) > 0, Provinces: []aggregator.Province{43}, Day: day, Rules: g.riskRules(), Least: g.r.IntN(3) * g.r.IntN(30), Most: 100 - g.r.IntN(2)*g.r.IntN(100),
				Skip: g.r.IntN(2) * g.r.IntN(4), Limit: g.r.IntN(2) * g.r.IntN(6)}
			if g.r.IntN(4) == 0 {
				q.Province = feedProvinces[g.r.IntN(2)]
			}
			if g.r.IntN(5) == 0 {
				q.With = []store.Sign{store.Sign(g.r.IntN(store.Signs))}
			}
			if g.r.IntN(5) == 0 {
				q.City = 3301
			}
			t.Logf("question: %+v", q)
			b.same("counts", must(b.Risk(ctx, q)), must(ref.Risk(ctx, q)))
			b.same("list", must(b.RiskAccounts(ctx, q)), must(ref.RiskAccounts(ctx, q)))
			q.Least, q.Most, q.Skip, q.Limit, q.With = 0, 100, 0, 0, nil
			b.same("whole list", must(b.RiskAccounts(ctx, q)), must(ref.RiskAccounts(ctx, q)))
			d := store.DeparturesQuery{AllProvinces: q.AllProvinces, Provinces: q.Provinces, Province: q.Province, From: day - aggregator.Day(g.r.IntN(60)), To: day, Before: 1 + g.r.IntN(40), Rules: q.Rules}
			b.same("departures", must(b.RiskDepartures(ctx, d)), must(ref.RiskDepartures(ctx, d)))
		}
	}
}

// habitDays are the days of which habits tell, from feedDay on.
const habitDays = 120

// habits are what boxes of a few accounts tell over months: for a while nearly every
// day, for a while hardly ever.
func (g *maker) habits(round int, darkFrom, darkTo aggregator.Day) *store.Block {
	b := &store.Block{ID: [16]byte{0xfd, byte(round)}}
	for account := range uint64(7) {
		often := 9
		province := feedProvinces[min(1, g.r.IntN(4))%2]
		if g.r.IntN(8) == 0 {
			continue // not heard of in this round
		}
		for d := range aggregator.Day(habitDays) {
			if g.r.IntN(25) == 0 {
				often = []int{0, 1, 5, 9}[g.r.IntN(4)]
				province = feedProvinces[min(1, g.r.IntN(4))%2]
			}
			if g.r.IntN(10) >= often || d >= darkFrom && d < darkTo {
				continue
			}
			s := store.Stamp{Province: province, Box: account + 1, Account: 100 + account, Boot: 1, AtMs: (feedDay + d).Start() + []int64{0, 12 * hour, aggregator.DayMs - 1}[g.r.IntN(3)], Clock: 3}
			s.MonoMs = s.AtMs
			switch g.r.IntN(6) {
			case 0, 1, 2:
				b.Powers = append(b.Powers, store.Power{Stamp: s, On: true})
			case 3:
				b.PageViews = append(b.PageViews, store.PageView{Stamp: s})
			default:
				for n := range g.r.IntN(5) {
					s.MonoMs++
					b.Playbacks = append(b.Playbacks, store.Playback{Stamp: s, Errors: uint32(g.r.IntN(2) * n * int(account%3))})
				}
			}
		}
	}
	return b
}

// terms is a file of products or one of orders of them.
func (g *maker) terms(round byte) feedFile {
	f := feedFile{File: store.File{ID: [16]byte{1 + round, 99}, Province: feedProvinces[min(1, g.r.IntN(4))%2], Feed: c3.FeedOrders, Day: feedDay, VersionMs: int64(round), Bytes: 1}}
	if round%2 == 0 && g.r.IntN(3) > 0 {
		f.Feed, f.Province = c3.FeedProducts, 33
		for n := range uint64(3) {
			f.rows.Products = append(f.rows.Products, store.ProductRow{Line: int64(n + 1), Code: 70 + n, Type: []c3.ProductType{c3.ProductMonth, c3.ProductYear, c3.ProductSingle}[g.r.IntN(3)]})
		}
		return f
	}
	for line := range int64(20) {
		at := (feedDay + aggregator.Day(g.r.IntN(120))).Start() + int64(g.r.IntN(3))*12*hour
		r := store.OrderRow{Line: line + 1, ID: g.one(30), Op: []c3.OrderOp{c3.OrderSub, c3.OrderSub, c3.OrderRenew, c3.OrderRenew, c3.OrderRefund, c3.OrderUnsub}[g.r.IntN(6)], Account: 100 + g.one(7), Product: 70 + g.one(3), AtMs: at}
		if g.r.IntN(6) > 0 {
			r.ToMs = at + int64(g.r.IntN(60))*aggregator.DayMs + int64(g.r.IntN(2))*(aggregator.DayMs-1)
		}
		f.rows.Orders = append(f.rows.Orders, r)
	}
	return f
}

// riskRules are any that hold.
func (g *maker) riskRules() store.RiskRules {
	r := store.RiskRules{Middle: 1 + g.r.IntN(30)}
	r.High = r.Middle + g.r.IntN(40)
	steps := [store.Signs]int64{30, 10, 60, 1}
	for sign := range r.Bands {
		from, points := int64(0), 0
		for range g.r.IntN(4) {
			from += 1 + g.r.Int64N(steps[sign])
			points += 1 + g.r.IntN(8)
			r.Bands[sign] = append(r.Bands[sign], store.Band{From: from, Points: points})
		}
	}
	if err := r.Check(); err != nil {
		panic(err)
	}
	return r
}
