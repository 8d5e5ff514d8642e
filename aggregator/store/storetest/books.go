package storetest

import (
	"cmp"
	"context"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// Book is all of one subscriber: the reference's and an engine's are compared.
type Book struct {
	Root      uint64 // store.Life.Root, or its only number
	Numbers   []uint64
	Seen      []store.Sighting
	Standings []store.Standing
	Flows     []store.Flow
}

// sortBooks puts books, and what has no order in them, in one order.
func sortBooks(all []Book) {
	slices.SortFunc(all, func(a, b Book) int { return cmp.Compare(a.Root, b.Root) })
	for _, b := range all {
		slices.SortFunc(b.Seen, func(a, b store.Sighting) int { return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.From, b.From)) })
		slices.SortFunc(b.Standings, func(a, b store.Standing) int { return cmp.Compare(a.FromMs, b.FromMs) })
		slices.SortFunc(b.Flows, func(a, b store.Flow) int {
			return cmp.Or(cmp.Compare(a.AtMs, b.AtMs), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.City, b.City), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
		})
	}
}

// books are a province's subscribers, folded from all that is kept of it.
type books struct {
	all   []Book
	place map[uint64]int // of every root: in all
	lives map[uint64][]store.Life
	days  []aggregator.Day
}

// whose returns the subscriber that had a number at a moment, and the number's
// rank with it.
func (b *books) whose(number uint64, ms int64) (root uint64, rank int) {
	for _, l := range b.lives[number] {
		if l.FromMs <= ms && ms < l.ToMs {
			return l.Root, l.Rank
		}
	}
	return number, 0
}

// book returns the books of a province.
func (m *memory) book(p aggregator.Province) *books {
	if m.books[p] == nil {
		m.books[p] = m.fold(p)
	}
	return m.books[p]
}

func (m *memory) fullDays(p aggregator.Province) (days []aggregator.Day) {
	for k := range m.full {
		if k.province == p {
			days = append(days, k.day)
		}
	}
	slices.Sort(days)
	return days
}

func (m *memory) fold(p aggregator.Province) *books {
	b := &books{place: map[uint64]int{}, lives: map[uint64][]store.Life{}, days: m.fullDays(p)}
	var seen []store.Sighting
	for _, s := range m.sightings(p, b.days) {
		seen = append(seen, s...)
	}
	var told []store.ChangeRow
	for k, c := range m.changes {
		if k.province == p {
			told = append(told, c.row)
		}
	}
	changes := map[uint64][]store.ChangeRow{}
	of := func(root uint64) *Book {
		if _, there := b.place[root]; !there {
			b.place[root] = len(b.all)
			b.all = append(b.all, Book{Root: root})
		}
		return &b.all[b.place[root]]
	}
	number := func(root, number uint64) {
		if book := of(root); b.lives[number] == nil && len(book.Numbers) == 0 {
			book.Numbers = []uint64{number}
		}
	}
	lives := store.Lives(b.days, m.links(p, b.days), seen, told)
	for _, l := range lives {
		b.lives[l.Account] = append(b.lives[l.Account], l)
	}
	slices.SortFunc(lives, func(x, y store.Life) int { return cmp.Compare(x.Rank, y.Rank) })
	for _, l := range lives {
		book := of(l.Root)
		book.Numbers = append(book.Numbers, l.Account)
	}
	for _, s := range seen {
		var root uint64
		root, s.Rank = b.whose(s.Account, s.AtMs())
		number(root, s.Account)
		book := of(root)
		book.Seen = append(book.Seen, s)
	}
	for _, c := range told {
		root, _ := b.whose(c.Account, c.AtMs)
		number(root, c.Account)
		changes[root] = append(changes[root], c)
	}
	for i := range b.all {
		book := &b.all[i]
		book.Standings, book.Flows = store.Fold(b.days, book.Seen, changes[book.Root])
	}
	return b
}

// sightings are the full files by account: stretches of days, in those that
// there are, with the same values.
func (m *memory) sightings(p aggregator.Province, days []aggregator.Day) map[uint64][]store.Sighting {
	seen := map[uint64][]store.Sighting{}
	for i, d := range days {
		for account, r := range m.full[provinceDay{p, d}].rows {
			s := seen[account]
			if n := len(s); n > 0 && i > 0 && s[n-1].To == days[i-1] && s[n-1].SubscriberRow == r {
				s[n-1].To = d
				continue
			}
			seen[account] = append(s, store.Sighting{From: d, To: d, SubscriberRow: r})
		}
	}
	for _, s := range seen {
		if last := &s[len(s)-1]; last.To == days[len(days)-1] {
			last.To = store.Lasting
		}
	}
	return seen
}

// links are the changes of numbers: those told, and those that two full files
// after each other show, in which one account goes and one comes with the same
// box and the same opening.
func (m *memory) links(p aggregator.Province, days []aggregator.Day) (all []store.NumberChange) {
	for k, c := range m.changes {
		if k.province == p && c.row.Op == c3.OpChangeNo && c.row.Old != 0 && c.row.Old != c.row.Account {
			all = append(all, store.NumberChange{Old: c.row.Old, New: c.row.Account, AtMs: c.row.AtMs})
		}
	}
	type mark struct {
		box    uint64
		openMs int64
	}
	only := func(in, notIn map[uint64]store.SubscriberRow) map[mark][]uint64 {
		found := map[mark][]uint64{}
		for account, r := range in {
			if _, there := notIn[account]; !there && r.STB != 0 && r.OpenMs != 0 {
				k := mark{r.STB, r.OpenMs}
				found[k] = append(found[k], account)
			}
		}
		return found
	}
	for i := 1; i < len(days); i++ {
		before, after := m.full[provinceDay{p, days[i-1]}].rows, m.full[provinceDay{p, days[i]}].rows
		went, came := only(before, after), only(after, before)
		for k, old := range went {
			if now := came[k]; len(old) == 1 && len(now) == 1 {
				all = append(all, store.NumberChange{Old: old[0], New: now[0], AtMs: (days[i] + 1).Start() - 1})
			}
		}
	}
	return all
}

// toldDays are the first and the last day that files speak of.
func (m *memory) toldDays(p aggregator.Province) (first, last aggregator.Day, any bool) {
	for _, f := range m.files {
		if f.Province != p || !f.In() || f.Feed != c3.FeedSubscribers && f.Feed != c3.FeedChanges {
			continue
		}
		if !any {
			first, last, any = f.Day, f.Day, true
		}
		first, last = min(first, f.Day), max(last, f.Day)
	}
	return first, last, any
}

// at returns how a subscriber stood at a moment; false: it did not.
func (b *Book) at(ms int64) (store.Standing, bool) {
	for _, s := range b.Standings {
		if s.FromMs <= ms && ms < s.ToMs {
			return s, true
		}
	}
	return store.Standing{}, false
}

// fileFacts are the daily rows of a fact that files fill.
func (m *memory) fileFacts(fact store.Fact) []factRow {
	provinces := map[aggregator.Province]bool{}
	for _, f := range m.files {
		provinces[f.Province] = true
	}
	for i := range m.rows.Orders { // boxes alone may have told
		provinces[m.rows.Orders[i].Province] = true
	}
	rows := map[provinceDay]*facts{}
	add := func(p aggregator.Province, d aggregator.Day, g group, measure store.Measure, n int64) {
		k := provinceDay{p, d}
		if rows[k] == nil {
			rows[k] = new(facts)
		}
		rows[k].add(fact, g, measure, n)
	}
	for p := range provinces {
		switch fact {
		case store.FactAccounts:
			first, last, any := m.toldDays(p)
			for d := first; any && d <= last; d++ {
				for _, b := range m.book(p).all {
					if s, found := b.at((d + 1).Start() - 1); found {
						add(p, d, group{uint64(p), uint64(s.City), uint64(s.State), uint64(store.TenureAt(s.OpenMs, d))}, store.MeasureAccounts, 1)
					}
				}
			}
		case store.FactFlow:
			for _, b := range m.book(p).all {
				for _, f := range b.Flows {
					if f.Kind != store.FlowNone {
						add(p, aggregator.DayOf(f.AtMs), group{uint64(p), uint64(f.City), uint64(f.Kind)}, store.MeasureFlows, 1)
					}
				}
			}
		case store.FactBill:
			m.bills(p, func(b *billed) {
				g := group{uint64(p), uint64(b.city), b.Product, b.provider, uint64(b.Pay), uint64(b.Op)}
				add(p, b.day, g, store.MeasureBillOrders, 1)
				add(p, b.day, g, store.MeasureBillFen, b.Fen)
				add(p, b.day, g, store.MeasureShareFen, b.shareFen)
			})
		case store.FactBuyer:
			m.bills(p, func(b *billed) {
				if b.Fen > 0 && (b.Op == c3.OrderSub || b.Op == c3.OrderRenew || b.Op == c3.OrderSingle) {
					add(p, b.day, group{uint64(p), uint64(b.city), b.Product, b.provider, b.root}, store.MeasureBuys, 1)
				}
			})
		case store.FactRenewal:
			m.renewals(p, func(d aggregator.Day, g group, measure store.Measure) { add(p, d, g, measure, 1) })
		case store.FactPresence:
			m.presence(p, func(d aggregator.Day, g group, measure store.Measure) { add(p, d, g, measure, 1) })
		case store.FactCohort:
			m.cohorts(p, func(d aggregator.Day, g group, measure store.Measure) { add(p, d, g, measure, 1) })
		case store.FactReconcile:
			m.reconcile(p, func(d aggregator.Day, g group, measure store.Measure, n int64) { add(p, d, g, measure, n) })
		}
	}
	var out []factRow
	for k, f := range rows {
		for g, measures := range f[fact] {
			out = append(out, factRow{int32(k.day), g, measures})
		}
	}
	return out
}

func (m *memory) Untold(ctx context.Context, p aggregator.Province, d aggregator.Day, limit int) ([]store.Correction, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	type at struct {
		store.Correction
		ms int64
	}
	var found []at
	books := m.book(p)
	for _, b := range books.all {
		for _, f := range b.Flows {
			stock := f.From == c3.StateUnknown && len(books.days) > 0 && f.AtMs == books.days[0].Start()
			if f.Shown && f.From != f.To && aggregator.DayOf(f.AtMs) == d && !stock {
				found = append(found, at{store.Correction{Account: b.Numbers[len(b.Numbers)-1], City: f.City, From: f.From, To: f.To}, f.AtMs})
			}
		}
	}
	slices.SortFunc(found, func(a, b at) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.ms, b.ms), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	var out []store.Correction
	for _, c := range found[:min(len(found), cmp.Or(limit, len(found)))] {
		out = append(out, c.Correction)
	}
	return out, ctx.Err()
}
