package storetest

import (
	"cmp"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// billed is an order of a province's files with what follows from it.
type billed struct {
	store.OrderRow
	day      aggregator.Day
	root     uint64
	city     aggregator.City
	provider uint64
	shareFen int64
}

// bills calls f with every order of a province.
func (m *memory) bills(p aggregator.Province, f func(*billed)) {
	books := m.book(p)
	for k, o := range m.orders {
		if k.province != p {
			continue
		}
		product := m.products[productKey{p, o.row.Product}].row
		b := billed{OrderRow: o.row, day: aggregator.DayOf(o.row.AtMs), provider: cmp.Or(o.row.Provider, product.Provider)}
		if b.Fen == c3.AtPrice {
			b.Fen = product.Fen
		}
		b.shareFen = share(b.Fen, product.ShareBP)
		b.root, _ = books.whose(b.Account, b.AtMs)
		if i, known := books.place[b.root]; known {
			s, _ := books.all[i].at(b.AtMs)
			b.city = s.City
		}
		f(&b)
	}
}

// share is so many ten thousandths of an amount, half away from zero.
func share(fen int64, bp int32) int64 {
	if fen < 0 {
		return -share(-fen, bp)
	}
	return fen/10_000*int64(bp) + (fen%10_000*int64(bp)+5_000)/10_000
}

// renewals adds up FactRenewal.
func (m *memory) renewals(p aggregator.Province, add func(aggregator.Day, group, store.Measure)) {
	refunded := map[uint64]bool{}
	var terms []billed
	m.bills(p, func(b *billed) {
		switch b.Op {
		case c3.OrderRefund:
			refunded[b.ID] = true
		case c3.OrderSub, c3.OrderRenew:
			product, known := m.products[productKey{p, b.Product}]
			if t := product.row.Type; known && (t == c3.ProductMonth || t == c3.ProductYear) {
				terms = append(terms, *b)
			}
		}
	})
	terms = slices.DeleteFunc(terms, func(b billed) bool { return refunded[b.ID] })
	for i := range terms {
		t := &terms[i]
		if t.ToMs <= 0 {
			continue
		}
		g, day := group{uint64(p), t.Product, t.provider}, aggregator.DayOf(t.ToMs)
		add(day, g, store.MeasureDue)
		if slices.ContainsFunc(terms, func(n billed) bool {
			return n.root == t.root && n.Product == t.Product && n.AtMs > t.AtMs && n.AtMs <= t.ToMs+store.RenewalMs
		}) {
			add(day, g, store.MeasureRenewed)
		}
	}
}

// refundable names an order across boxes and files.
type refundable struct {
	id     uint64
	refund bool
}

// reconcile adds up FactReconcile.
func (m *memory) reconcile(p aggregator.Province, add func(aggregator.Day, group, store.Measure, int64)) {
	told := map[refundable]*store.Order{}
	var alone []*store.Order
	for i := range m.rows.Orders {
		o := &m.rows.Orders[i]
		refund := o.Result == uint8(protocol.ResultRefunded)
		if o.Province != p || !refund && o.Result != uint8(protocol.ResultPaid) {
			continue
		}
		if o.OrderID == 0 {
			alone = append(alone, o)
			continue
		}
		k := refundable{o.OrderID, refund}
		if first := told[k]; first == nil || cmp.Or(cmp.Compare(o.AtMs, first.AtMs), cmp.Compare(o.Box, first.Box), cmp.Compare(o.Boot, first.Boot),
			cmp.Compare(o.MonoMs, first.MonoMs), cmp.Compare(o.Product, first.Product), cmp.Compare(o.Fen, first.Fen)) < 0 {
			told[k] = o
		}
	}
	carried := map[refundable]billed{}
	m.bills(p, func(b *billed) {
		k := refundable{b.ID, b.Op == c3.OrderRefund}
		if first, there := carried[k]; b.Op != c3.OrderUnsub && (!there || cmp.Or(cmp.Compare(b.AtMs, first.AtMs), cmp.Compare(b.Op, first.Op)) < 0) {
			carried[k] = *b
		}
	})
	put := func(atMs int64, product uint64, v store.Reconciled, pageFen, carrierFen int64) {
		g, day := group{uint64(p), product, uint64(v)}, aggregator.DayOf(atMs)
		add(day, g, store.MeasureMatches, 1)
		add(day, g, store.MeasurePageFen, pageFen)
		add(day, g, store.MeasureCarrierFen, carrierFen)
	}
	for k, b := range carried {
		o := told[k]
		switch {
		case o == nil:
			put(b.AtMs, b.Product, store.ReconciledFileOnly, 0, b.Fen)
		case o.Fen == b.Fen:
			put(b.AtMs, b.Product, store.ReconciledEqual, o.Fen, b.Fen)
		default:
			put(b.AtMs, b.Product, store.ReconciledDiffers, o.Fen, b.Fen)
		}
		delete(told, k)
	}
	for _, o := range told {
		alone = append(alone, o)
	}
	for _, o := range alone {
		put(o.AtMs, o.Product, store.ReconciledBoxOnly, o.Fen, 0)
	}
}
