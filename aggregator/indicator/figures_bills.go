package indicator

import (
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

var (
	billed    = sum(store.FactBill, store.MeasureBillOrders)
	billedFen = sum(store.FactBill, store.MeasureBillFen)
	earned    = of(billedFen, store.ColOp, c3.OrderSub, c3.OrderRenew, c3.OrderUnsub, c3.OrderSingle)
	refunded  = of(billedFen, store.ColOp, c3.OrderRefund)
	shared    = sum(store.FactBill, store.MeasureShareFen)
	buyers    = boxes(store.FactBuyer, store.MeasureBuys)
	due       = sum(store.FactRenewal, store.MeasureDue)
	renewed   = sum(store.FactRenewal, store.MeasureRenewed)
	matches   = sum(store.FactReconcile, store.MeasureMatches)
	// what boxes tell has a number, or ought to have one
	toldByBoxes = of(matches, store.ColVerdict, store.ReconciledEqual, store.ReconciledDiffers, store.ReconciledBoxOnly)
)

// billsFigures say orders and revenue as the provinces' files tell them.
var billsFigures = []Indicator{
	plain("bill_orders", Text{"计费订单数", "Billed orders"}, Count,
		Text{"省侧订单数据中的订单数之和，可按类型拆分", "Orders in the provinces' order feeds; by kind"},
		byBill, billed),
	{ID: "bill_revenue", Title: Text{"计费收入", "Billed revenue"}, Unit: Fen,
		Formula:    Text{"省侧订单金额之和 − 退款金额之和，单位分", "Fen of orders in the provinces' feeds − fen refunded"},
		Dimensions: byBill, value: add(earned).less(refunded), times: 1, by: 1},
	{ID: "arpu", Title: Text{"户均收入", "Revenue per account"}, Unit: Fen,
		Formula:    Text{"计费收入 ÷ 期初与期末在用账户数的平均，单位分", "Billed revenue ÷ mean of the active accounts before and at the end of the period"},
		Dimensions: byPlace, value: add(earned).less(refunded), over: add(activeAccounts.at(atStart), activeAccounts.at(atEnd)), times: 2, by: 1},
	plain("buyers", Text{"付费账户数", "Paying accounts"}, People,
		Text{"时段内至少有一笔金额大于 0 的订购、续订或单点订单的账户数（去重，换号不重复）", "Different accounts with at least one subscription, renewal or single title above 0 fen in the period, under whatever number"},
		byOrder, buyers),
	{ID: "pay_rate", Title: Text{"付费率", "Pay rate"}, Unit: Percent,
		Formula:    Text{"100 × 付费账户数 ÷ 期初与期末在用账户数的平均", "100 × paying accounts ÷ mean of the active accounts before and at the end of the period"},
		Dimensions: byPlace, value: add(buyers), over: add(activeAccounts.at(atStart), activeAccounts.at(atEnd)), times: 200, by: 1},
	{ID: "arppu", Title: Text{"付费户均收入", "Revenue per paying account"}, Unit: Fen,
		Formula:    Text{"计费收入 ÷ 付费账户数，单位分", "Billed revenue ÷ paying accounts, in fen"},
		Dimensions: byOrder, value: add(earned).less(refunded), over: add(buyers), times: 1, by: 1},
	plain("refunds", Text{"退款笔数", "Refunds"}, Count,
		Text{"省侧订单数据中的退款笔数之和", "Refunds in the provinces' order feeds"},
		byOrder, of(billed, store.ColOp, c3.OrderRefund)),
	quotient("refund_rate", Text{"退款率", "Refunded share"}, Percent,
		Text{"100 × 退款金额 ÷ 订单金额（不含退款）", "100 × fen refunded ÷ fen of all other orders"},
		byOrder, 100, refunded, earned),
	{ID: "settlement", Title: Text{"合作方分成", "Providers' part"}, Unit: Fen,
		Formula:    Text{"逐单（金额 × 合作方分成比例，四舍五入到分）之和 − 退款部分，单位分", "Of each order its fen × the provider's share, rounded to a fen, added up − that of refunds"},
		Dimensions: byOrder, value: add(of(shared, store.ColOp, c3.OrderSub, c3.OrderRenew, c3.OrderUnsub, c3.OrderSingle)).less(of(shared, store.ColOp, c3.OrderRefund)), times: 1, by: 1},
	plain("renewals_due", Text{"到期订购数", "Subscriptions due"}, Count,
		Text{"包月、包年产品的订购和续订中，有效期在时段内结束且未退款的笔数", "Subscriptions and renewals of products by the month or year that end in the period and were not refunded"},
		byRenewal, due),
	plain("renewals", Text{"续订数", "Renewed subscriptions"}, Count,
		Text{"到期订购中，同一账户在到期后 7 天内（含到期前）再次订购同一产品的笔数", "Those due that the same account followed by another order of the product, before their end or at most 7 days after it"},
		byRenewal, renewed),
	quotient("renewal_rate", Text{"续订率", "Renewal rate"}, Percent,
		Text{"100 × 续订数 ÷ 到期订购数", "100 × renewed subscriptions ÷ subscriptions due"},
		byRenewal, 100, renewed, due),
	{ID: "product_churn", Title: Text{"产品流失率", "Product churn"}, Unit: Percent,
		Formula:    Text{"100 ×（到期订购数 − 续订数）÷ 到期订购数", "100 × (subscriptions due − renewed) ÷ subscriptions due"},
		Dimensions: byRenewal, value: add(due).less(renewed), over: add(due), times: 100, by: 1},
	plain("reconciled_orders", Text{"对账订单数", "Orders reconciled"}, Count,
		Text{"页面上报的订单与省侧订单按订单号逐笔核对，按核对结果拆分", "Orders told by boxes and those of the provinces' feeds, matched by number; by verdict"},
		byVerdict, matches),
	quotient("reconcile_rate", Text{"对账一致率", "Orders confirmed"}, Percent,
		Text{"100 × 金额一致的订单数 ÷ 页面上报的订单数（含退款）", "100 × orders that both sides tell with one amount ÷ orders told by boxes, refunds too"},
		byVerdict[:len(byVerdict)-1], 100, of(matches, store.ColVerdict, store.ReconciledEqual), toldByBoxes),
	{ID: "reconcile_gap", Title: Text{"对账差额", "Amount in question"}, Unit: Fen,
		Formula:    Text{"页面上报的订单金额 − 这些订单在省侧的金额，单位分；不含仅省侧有的订单", "Fen of orders as boxes tell them − fen of the same orders in the feeds; without what the feeds alone have"},
		Dimensions: byVerdict, times: 1, by: 1,
		value: add(of(sum(store.FactReconcile, store.MeasurePageFen), store.ColVerdict, store.ReconciledEqual, store.ReconciledDiffers, store.ReconciledBoxOnly)).
			less(of(sum(store.FactReconcile, store.MeasureCarrierFen), store.ColVerdict, store.ReconciledEqual, store.ReconciledDiffers, store.ReconciledBoxOnly))},
}
