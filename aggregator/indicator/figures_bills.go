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
}
