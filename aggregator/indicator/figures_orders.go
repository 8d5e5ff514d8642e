package indicator

import (
	"iptvdc/aggregator/store"
)

// ordersFigures say orders as boxes tell them.
var ordersFigures = []Indicator{
	plain("order_attempts", Text{"订购尝试次数", "Order attempts"}, Count,
		Text{"成功、失败和取消的订购次数之和", "Orders paid, failed or cancelled"},
		byOrder, sum(store.FactOrder, store.MeasureOrderAttempts)),
	plain("orders", Text{"订购成功次数", "Orders"}, Count,
		Text{"支付成功的订购次数之和", "Orders paid"},
		byOrder, sum(store.FactOrder, store.MeasureOrders)),
	plain("revenue", Text{"订购收入", "Revenue"}, Fen,
		Text{"支付成功金额之和 − 退款金额之和，单位分", "Fen of orders paid − fen refunded"},
		byOrder, sum(store.FactOrder, store.MeasureFen)),
	plain("order_pages", Text{"订购页访问量", "Order pages"}, Count,
		Text{"进入订购页的次数之和", "How often pages that offer to order were entered"},
		byOrderPage, sum(store.FactOrderPage, store.MeasureOrderPages)),
	quotient("order_page_rate", Text{"触发订购率", "Order page rate"}, Percent,
		Text{"100 × 订购页访问量 ÷ 点击量", "100 × order pages ÷ clicks"},
		byContent, 100, sum(store.FactOrderPage, store.MeasureOrderPages), sum(store.FactClick, store.MeasureClicks)),
	quotient("order_success", Text{"订购成功率", "Order success rate"}, Percent,
		Text{"100 × 订购成功次数 ÷ 订购页访问量", "100 × orders paid ÷ order pages"},
		byProduct, 100, sum(store.FactOrder, store.MeasureOrders), sum(store.FactOrderPage, store.MeasureOrderPages)),
	plain("led_orders", Text{"点击带来的订购次数", "Orders that clicks led to"}, Count,
		Text{"点击后 30 分钟内支付成功、并由该次点击带来（跟踪号相同）的订购次数之和，按点击的时间", "Orders paid within 30 minutes of a click that led to them, by its trace; at the time of the click"},
		byOrderLed, sum(store.FactOrderLed, store.MeasureLedOrders)),
	plain("led_revenue", Text{"点击带来的订购收入", "Revenue that clicks led to"}, Fen,
		Text{"点击带来的订购的支付金额之和，单位分，按点击的时间", "Fen of the orders that clicks led to; at the time of the click"},
		byOrderLed, sum(store.FactOrderLed, store.MeasureLedFen)),
	plain("assisted_orders", Text{"点击辅助的订购次数", "Orders that clicks assisted"}, Count,
		Text{"支付前 30 分钟内在该推荐位有过点击、但并非由其带来的订购次数之和，每个推荐位每次订购计一次，按最后一次点击的时间", "Orders paid within 30 minutes of a click that did not lead to them, once for each slot; at the time of the last click there"},
		byOrderLed, sum(store.FactOrderLed, store.MeasureAssisted)),
	quotient("click_to_order", Text{"点击订购率", "Click-to-order conversion"}, Percent,
		Text{"100 × 点击带来的订购次数 ÷ 点击量", "100 × orders that clicks led to ÷ clicks"},
		byClick, 100, sum(store.FactOrderLed, store.MeasureLedOrders), sum(store.FactClick, store.MeasureClicks)),
	quotient("order_conversion", Text{"总体转化率", "Clicks that became orders"}, Percent,
		Text{"100 × 订购成功次数 ÷ 点击量", "100 × orders paid ÷ clicks"},
		byPlace, 100, sum(store.FactOrder, store.MeasureOrders), sum(store.FactClick, store.MeasureClicks)),
}
