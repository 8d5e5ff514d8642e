package storetest

import (
	"cmp"
	"context"
	"math/big"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// usage is what a subscriber did on one day.
type usage struct {
	used, any     bool
	plays, failed int64
}

// wayward is what the reference knows of a province to tell who may leave.
type wayward struct {
	*books
	days  map[uint64]map[aggregator.Day]usage // by root
	lit   map[aggregator.Day]bool             // days of which anything was heard of anybody
	terms []billed
	back  map[uint64]int64 // first refund of each order
	rules *store.RiskRules
}

func (m *memory) wayward(p aggregator.Province, rules *store.RiskRules) *wayward {
	w := &wayward{books: m.book(p), days: map[uint64]map[aggregator.Day]usage{}, lit: map[aggregator.Day]bool{}, back: map[uint64]int64{}, rules: rules}
	for _, r := range m.table(store.FactSeen, false) {
		if aggregator.Province(value(store.FactSeen, &r, store.ColProvince)) != p {
			continue
		}
		d := aggregator.Day(r.period)
		w.lit[d] = true
		root, _ := w.whose(value(store.FactSeen, &r, store.ColAccount), (d+1).Start()-1)
		if w.days[root] == nil {
			w.days[root] = map[aggregator.Day]usage{}
		}
		u := w.days[root][d]
		u.any = true
		u.used = u.used || r.measures[0] > 0 || r.measures[2] > 0
		u.plays += r.measures[2]
		u.failed += r.measures[3]
		w.days[root][d] = u
	}
	m.bills(p, func(b *billed) {
		switch b.Op {
		case c3.OrderRefund:
			if at, told := w.back[b.ID]; !told || b.AtMs < at {
				w.back[b.ID] = b.AtMs
			}
		case c3.OrderSub, c3.OrderRenew:
			product, known := m.products[productKey{p, b.Product}]
			if t := product.row.Type; known && (t == c3.ProductMonth || t == c3.ProductYear) {
				w.terms = append(w.terms, *b)
			}
		}
	})
	return w
}

// signs are those of a subscriber that is active at the end of a day.
func (w *wayward) signs(b *Book, d aggregator.Day) (s store.RiskSigns, observed bool) {
	days, start := w.days[b.Root], aggregator.DayOf(b.since((d+1).Start()-1))
	const window = store.RiskDays
	for back := range aggregator.Day(2 * window) {
		day := d - back
		used, clear := &s.Used, &s.Clear
		if back >= window {
			used, clear = &s.UsedBefore, &s.ClearBefore
		}
		if days[day].used {
			*used++
		}
		if w.lit[day] {
			*clear++
		}
		if back < window {
			s.Failed += days[day].failed
			s.Plays += days[day].plays
		}
	}
	if s.Failed == 0 {
		s.Plays = 0
	}
	since := start
	lastUse, ever, firstWord := aggregator.Day(-1<<26), false, aggregator.Day(1<<26)
	for day, u := range days {
		if day > d {
			continue
		}
		ever = true
		firstWord = min(firstWord, day)
		if u.used {
			lastUse = max(lastUse, day)
		}
	}
	if ever {
		since = max(since, lastUse, firstWord)
		if s.Longer = since <= d-2*window; s.Longer {
			since = d - 2*window
		}
		for day := since + 1; day <= d; day++ {
			if w.lit[day] {
				s.Silent++
			}
		}
	}
	s.Expired = w.expired(b.Root, (d+1).Start()-1)
	if before, now := s.UsedBefore*s.Clear, s.Used*s.ClearBefore; start <= d-window+1 && s.UsedBefore >= store.RiskLeastUsed &&
		s.Clear >= store.RiskLeastClear && s.ClearBefore >= store.RiskLeastClear && before > now {
		s.Fall = 100 * (before - now) / before
	}
	if s.Failed >= store.RiskLeastFailed && s.Plays >= store.RiskLeastPlays {
		failed, plays := w.ordinary(d)
		share := big.NewInt(100 * s.Failed)
		share.Mul(share, big.NewInt(plays)).Div(share, new(big.Int).Mul(big.NewInt(s.Plays), big.NewInt(failed)))
		s.Faults = min(store.RiskFaultsMost, share.Int64())
	}
	return s, ever
}

// ordinary are the playbacks of all in the days up to d.
func (w *wayward) ordinary(d aggregator.Day) (failed, plays int64) {
	for _, days := range w.days {
		for day, u := range days {
			if day <= d && day > d-store.RiskDays {
				failed += u.failed
				plays += u.plays
			}
		}
	}
	return failed, plays
}

// expired are the products that ran out and were known to by a moment.
func (w *wayward) expired(root uint64, ms int64) (n int64) {
	last := map[uint64]int64{} // when each product ends
	for i := range w.terms {
		t := &w.terms[i]
		if at, refunded := w.back[t.ID]; t.root != root || t.AtMs > ms || refunded && at <= ms {
			continue
		}
		to := t.ToMs
		if to <= 0 {
			to = store.Forever
		}
		if had, there := last[t.Product]; !there || to > had {
			last[t.Product] = to
		}
	}
	for _, to := range last {
		if to <= ms-store.RenewalMs && to > ms-store.RiskTermDays*aggregator.DayMs {
			n++
		}
	}
	return n
}

// levels are how far the signs go.
func (w *wayward) levels(s *store.RiskSigns) (l store.Levels) {
	for sign := range store.Sign(store.Signs) {
		l[sign] = w.rules.Level(sign, s.Value(sign))
	}
	return l
}

// judgedDays are the last days, of from to to, that are over and on which provinces in
// scope have subscribers by their files.
func (m *memory) judgedDays(scope aggregator.Scope, one aggregator.Province, from, to aggregator.Day) map[aggregator.Province]aggregator.Day {
	provinces := map[aggregator.Province]bool{}
	for _, f := range m.files {
		provinces[f.Province] = scope.Sees(f.Province) && (one == 0 || one == f.Province)
	}
	found := map[aggregator.Province]aggregator.Day{}
	for p, asked := range provinces {
		first, last, told := m.toldDays(p)
		if !asked || !told {
			continue
		}
		for d := max(first, from); d <= min(last, to, m.over()); d++ {
			if slices.ContainsFunc(m.book(p).all, func(b Book) bool {
				s, there := b.at((d + 1).Start() - 1)
				return there && (s.State == c3.StateActive || s.State == c3.StateSuspended)
			}) {
				found[p] = d
			}
		}
	}
	return found
}

// activeOn returns where a book's subscriber is active at the end of a day.
func (b *Book) activeOn(d aggregator.Day) (aggregator.City, bool) {
	s, there := b.at((d + 1).Start() - 1)
	return s.City, there && s.State == c3.StateActive
}

// Risk implements store.Store.
func (m *memory) Risk(ctx context.Context, q store.RiskQuery) ([]store.RiskCount, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := map[store.RiskCount]int64{}
	for p, d := range m.judgedDays(aggregator.Scope{All: q.AllProvinces, Provinces: q.Provinces}, q.Province, q.Day-store.RiskBackDays, q.Day) {
		w := m.wayward(p, &q.Rules)
		for i := range w.all {
			if city, active := w.all[i].activeOn(d); active {
				s, observed := w.signs(&w.all[i], d)
				counts[store.RiskCount{Province: p, City: city, Day: d, Observed: observed, Levels: w.levels(&s)}]++
			}
		}
	}
	var rows []store.RiskCount
	for c, n := range counts {
		c.Accounts = n
		rows = append(rows, c)
	}
	slices.SortFunc(rows, func(a, b store.RiskCount) int {
		return cmp.Or(cmp.Compare(a.Province, b.Province), cmp.Compare(a.City, b.City), compareBools(a.Observed, b.Observed), slices.Compare(a.Levels[:], b.Levels[:]))
	})
	return rows, ctx.Err()
}

// RiskAccounts implements store.Store.
func (m *memory) RiskAccounts(ctx context.Context, q store.RiskQuery) ([]store.RiskAccount, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var rows []store.RiskAccount
	for p, d := range m.judgedDays(aggregator.Scope{All: q.AllProvinces, Provinces: q.Provinces}, q.Province, q.Day-store.RiskBackDays, q.Day) {
		w := m.wayward(p, &q.Rules)
		failed, plays := w.ordinary(d)
		for i := range w.all {
			b := &w.all[i]
			city, active := b.activeOn(d)
			s, observed := w.signs(b, d)
			l := w.levels(&s)
			score := q.Rules.Score(l)
			if !active || !observed || q.City != 0 && q.City != city || score < q.Least || score > q.Most ||
				slices.ContainsFunc(q.With, func(sign store.Sign) bool { return l[sign] == 0 }) {
				continue
			}
			rows = append(rows, store.RiskAccount{Province: p, City: city, Day: d, Account: b.Numbers[len(b.Numbers)-1], Score: score, Levels: l, RiskSigns: s,
				OrdinaryFailed: failed, OrdinaryPlays: plays})
		}
	}
	slices.SortFunc(rows, func(a, b store.RiskAccount) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Province, b.Province), cmp.Compare(a.Account, b.Account))
	})
	rows = rows[min(len(rows), q.Skip):]
	return rows[:min(len(rows), cmp.Or(q.Limit, 1000))], ctx.Err()
}

// RiskDepartures implements store.Store.
func (m *memory) RiskDepartures(ctx context.Context, q store.DeparturesQuery) ([]store.RiskDeparture, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := map[store.RiskDeparture]int64{}
	for p := range m.judgedDays(aggregator.Scope{All: q.AllProvinces, Provinces: q.Provinces}, q.Province, q.To, q.To) {
		w := m.wayward(p, &q.Rules)
		var days []aggregator.Day // on which those who left are looked at
		for i := range w.all {
			if day, gone := w.all[i].left(q.From, q.To); gone {
				days = append(days, day-aggregator.Day(q.Before))
			}
		}
		slices.Sort(days)
		for i := range w.all {
			b := &w.all[i]
			fate, d := store.FateLeft, aggregator.Day(0)
			if left, gone := b.left(q.From, q.To); gone {
				d = left - aggregator.Day(q.Before)
			} else if _, active := b.activeOn(q.To); active && len(days) > 0 {
				fate, d = store.FateStayed, days[b.Root%uint64(len(days))]
			} else {
				continue // suspended, or never here
			}
			if _, active := b.activeOn(d); !active {
				if fate == store.FateLeft {
					counts[store.RiskDeparture{Province: p, Fate: store.FateLeftUnjudged}]++
				}
				continue
			}
			s, observed := w.signs(b, d)
			counts[store.RiskDeparture{Province: p, Fate: fate, Observed: observed, Levels: w.levels(&s)}]++
		}
	}
	var rows []store.RiskDeparture
	for c, n := range counts {
		c.Accounts = n
		rows = append(rows, c)
	}
	slices.SortFunc(rows, func(a, b store.RiskDeparture) int {
		return cmp.Or(cmp.Compare(a.Province, b.Province), cmp.Compare(a.Fate, b.Fate), compareBools(a.Observed, b.Observed), slices.Compare(a.Levels[:], b.Levels[:]))
	})
	return rows, ctx.Err()
}

// left is the day on which a subscriber left that is not active any more after to.
func (b *Book) left(from, to aggregator.Day) (day aggregator.Day, gone bool) {
	if _, active := b.activeOn(to); active {
		return 0, false
	}
	var last store.Flow
	for _, f := range b.Flows {
		switch f.Kind {
		case store.FlowCancelled, store.FlowMovedOut, store.FlowSuspendedCancelled, store.FlowSuspendedMovedOut:
			if d := aggregator.DayOf(f.AtMs); d >= from && d <= to && cmp.Or(cmp.Compare(f.AtMs, last.AtMs), cmp.Compare(f.Kind, last.Kind)) >= 0 {
				last, gone = f, true
			}
		}
	}
	at := last.AtMs
	if last.Kind == store.FlowSuspendedCancelled || last.Kind == store.FlowSuspendedMovedOut {
		suspended := int64(-1 << 62)
		for _, f := range b.Flows {
			if f.Kind == store.FlowSuspended && f.AtMs <= last.AtMs {
				suspended = max(suspended, f.AtMs)
			}
		}
		if suspended != -1<<62 {
			at = suspended
		}
	}
	return aggregator.DayOf(at), gone
}
