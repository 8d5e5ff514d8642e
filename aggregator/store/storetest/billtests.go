package storetest

import (
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// What orders leave, by example.

// noon is that of the n-th day of feedDay's month.
func noon(d aggregator.Day) int64 { return (feedDay + d - 1).Start() + 12*hour }

func ordersOf(id byte, day aggregator.Day, rows ...store.OrderRow) feedFile {
	f := file(c3.FeedOrders, id, day)
	for i := range rows {
		rows[i].Line = int64(i + 1)
	}
	f.rows.Orders = rows
	return f
}

func productsOf(id byte, rows ...store.ProductRow) feedFile {
	f := file(c3.FeedProducts, id, 1)
	for i := range rows {
		rows[i].Line = int64(i + 1)
	}
	f.rows.Products = rows
	return f
}

func testBuyers(t *testing.T, b *bench) {
	shares := feedDays(store.FactBill, []store.Column{store.ColProvider}, sum(store.MeasureShareFen))
	buyers := store.Query{Fact: store.FactBuyer, AllProvinces: true, GroupBy: []store.Column{store.ColProvider},
		Spans: []store.Span{{From: int32(feedDay), To: int32(feedDay) + 2}, {From: int32(feedDay), To: int32(feedDay) + 7}}, Values: []store.Value{{Measure: store.MeasureBuys, DistinctBoxes: true}}}
	b.give(ordersOf(1, 1,
		store.OrderRow{ID: 1, Op: c3.OrderSub, Account: 1, Product: 70, AtMs: noon(1), Fen: 999},
		store.OrderRow{ID: 1, Op: c3.OrderRefund, Account: 1, Product: 70, AtMs: noon(3), Fen: 999},
		store.OrderRow{ID: 2, Op: c3.OrderSingle, Account: 1, Product: 70, AtMs: noon(2), Fen: 1},
		store.OrderRow{ID: 3, Op: c3.OrderRenew, Account: 2, Product: 70, AtMs: noon(5), Fen: 1000, Provider: 6},
		store.OrderRow{ID: 4, Op: c3.OrderSub, Account: 3, Product: 70, AtMs: noon(5)},             // for nothing
		store.OrderRow{ID: 5, Op: c3.OrderUnsub, Account: 4, Product: 70, AtMs: noon(5), Fen: 10})) // no purchase
	b.expect(shares)
	b.expect(buyers, row(0, key(0), 1), row(1, key(0), 1), row(1, key(6), 1))
	b.give(productsOf(2, store.ProductRow{Code: 70, Provider: 5, ShareBP: 5000}))
	b.expect(shares, row(0, key(5), 500), row(1, key(5), 1), row(2, key(5), 500), row(4, key(5), 5), row(4, key(6), 500))
	b.expect(buyers, row(0, key(5), 1), row(1, key(5), 1), row(1, key(6), 1))
	b.give(productsOf(3, store.ProductRow{Code: 70, Provider: 5, ShareBP: 3000})) // the share alone
	b.expect(shares, row(0, key(5), 300), row(2, key(5), 300), row(4, key(5), 3), row(4, key(6), 300))
	// One subscriber under two numbers is one buyer.
	b.give(ordersOf(4, 5, store.OrderRow{ID: 6, Op: c3.OrderSub, Account: 8, Product: 70, AtMs: noon(5), Fen: 1}))
	b.expect(buyers, row(0, key(5), 1), row(1, key(5), 2), row(1, key(6), 1))
	changes := file(c3.FeedChanges, 5, 4)
	changes.rows.Changes = []store.ChangeRow{{Line: 1, Account: 8, Old: 1, Op: c3.OpChangeNo, AtMs: noon(4)}}
	b.give(changes)
	b.expect(buyers, row(0, key(5), 1), row(1, key(5), 1), row(1, key(6), 1))
	// An order of which no amount is told costs what the product does.
	atPrice := feedDays(store.FactBill, nil, sum(store.MeasureBillFen, store.MeasureShareFen))
	atPrice.Filters = []store.Filter{{Column: store.ColProduct, In: []uint64{71}}}
	b.give(ordersOf(6, 5, store.OrderRow{ID: 7, Op: c3.OrderSub, Account: 3, Product: 71, AtMs: noon(5), Fen: c3.AtPrice}))
	b.expect(atPrice)
	b.give(productsOf(7, store.ProductRow{Code: 71, Fen: 1990, ShareBP: 5000}))
	b.expect(atPrice, row(4, key(), 1990, 995))
	b.give(productsOf(8, store.ProductRow{Code: 71, Fen: 990, ShareBP: 5000}))
	b.expect(atPrice, row(4, key(), 990, 495))
}

func testRenewals(t *testing.T, b *bench) {
	renewals := feedDays(store.FactRenewal, []store.Column{store.ColProduct, store.ColProvider}, sum(store.MeasureDue, store.MeasureRenewed))
	sub := func(id, account uint64, op c3.OrderOp, from, to int64) store.OrderRow {
		return store.OrderRow{ID: id, Op: op, Account: account, Product: 70, AtMs: from, ToMs: to, Fen: 100}
	}
	b.give(ordersOf(1, 1,
		sub(1, 1, c3.OrderSub, noon(1)-30*aggregator.DayMs, noon(1)),
		sub(2, 1, c3.OrderRenew, noon(1)+store.RenewalMs, 0), // just in time, open end
		sub(3, 2, c3.OrderSub, noon(1)-30*aggregator.DayMs, noon(1)),
		sub(4, 2, c3.OrderRenew, noon(1)+store.RenewalMs+1, noon(1)+40*aggregator.DayMs), // too late
		sub(5, 3, c3.OrderSub, noon(1)-30*aggregator.DayMs, noon(2)),
		sub(5, 3, c3.OrderRefund, noon(1), 0), // given back: not due
		sub(6, 4, c3.OrderSub, noon(1)-30*aggregator.DayMs, noon(2)),
		sub(7, 4, c3.OrderRenew, noon(1), noon(3)), // early, and due itself
		sub(7, 4, c3.OrderRefund, noon(1)+1, 0)))   // but given back
	b.expect(renewals)
	b.give(productsOf(2, store.ProductRow{Code: 70, Provider: 5, Type: c3.ProductSingle}))
	b.expect(renewals) // nothing to renew
	b.give(productsOf(3, store.ProductRow{Code: 70, Provider: 5, Type: c3.ProductMonth}))
	b.expect(renewals, row(0, key(70, 5), 2, 1), row(1, key(70, 5), 1, 0))
}

func testReconcile(t *testing.T, b *bench) {
	q := feedDays(store.FactReconcile, []store.Column{store.ColProduct, store.ColVerdict}, sum(store.MeasureMatches, store.MeasurePageFen, store.MeasureCarrierFen))
	order := func(id, product uint64, atMs, fen int64, result protocol.Result) store.Order {
		return store.Order{Stamp: store.Stamp{Province: 33, City: 3301, Box: 1, AtMs: atMs, MonoMs: atMs}, OrderID: id, Product: product, Fen: fen, Result: uint8(result)}
	}
	equal, differs, boxOnly, fileOnly := uint64(store.ReconciledEqual), uint64(store.ReconciledDiffers), uint64(store.ReconciledBoxOnly), uint64(store.ReconciledFileOnly)
	b.put(store.Block{Orders: []store.Order{
		order(1, 70, noon(1), 100, protocol.ResultPaid),
		order(1, 70, noon(1)+5, 101, protocol.ResultPaid), // told again: the first holds
		order(1, 70, noon(4), 100, protocol.ResultRefunded),
		order(2, 70, noon(1), 200, protocol.ResultPaid),
		order(3, 70, noon(2), 300, protocol.ResultPaid),
		order(0, 70, noon(2), 5, protocol.ResultPaid),
		order(0, 70, noon(2), 5, protocol.ResultPaid),
		order(9, 70, noon(2), 900, protocol.ResultFailed)}})
	b.expect(q, row(0, key(70, boxOnly), 2, 300, 0), row(1, key(70, boxOnly), 3, 310, 0), row(3, key(70, boxOnly), 1, 100, 0))
	b.give(ordersOf(1, 1,
		store.OrderRow{ID: 1, Op: c3.OrderSub, Account: 1, Product: 71, AtMs: noon(2), Fen: 100}, // the file's day and product hold
		store.OrderRow{ID: 2, Op: c3.OrderSingle, Account: 1, Product: 70, AtMs: noon(1), Fen: 190},
		store.OrderRow{ID: 8, Op: c3.OrderRenew, Account: 1, Product: 70, AtMs: noon(3), Fen: 800},
		store.OrderRow{ID: 8, Op: c3.OrderUnsub, Account: 1, Product: 70, AtMs: noon(3), Fen: 0}))
	b.expect(q, row(0, key(70, differs), 1, 200, 190), row(1, key(70, boxOnly), 3, 310, 0), row(1, key(71, equal), 1, 100, 100),
		row(2, key(70, fileOnly), 1, 0, 800), row(3, key(70, boxOnly), 1, 100, 0))
	narrow := q
	narrow.AllProvinces, narrow.Provinces = false, []aggregator.Province{43}
	b.expect(narrow)
}
