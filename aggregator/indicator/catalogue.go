package indicator

import (
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// unknownKey is the key of what is unknown.
const unknownKey = uint8(0)

var (
	activeBoxes    = boxes(store.FactBox, store.MeasurePowerOns)
	reportingBoxes = boxes(store.FactBox, store.MeasureEvents).last(ReportingDays)
	modePlays      = sum(store.FactMode, store.MeasurePlays)
	modeTime       = sum(store.FactMode, store.MeasureViewingMs)
	modeBoxes      = boxes(store.FactMode, store.MeasurePlays)
	measuredPlays  = sum(store.FactPlayback, store.MeasureMeasured)

	kept    = sum(store.FactTrust, store.MeasureKept)
	losses  = add(sum(store.FactTrust, store.MeasureGaps), sum(store.FactTrust, store.MeasureToldLost), sum(store.FactTrust, store.MeasureThrown))
	ofWhole = append(add(kept), losses...)

	accounts       = sum(store.FactAccounts, store.MeasureAccounts)
	activeAccounts = of(accounts, store.ColState, c3.StateActive)
	base           = of(accounts, store.ColState, c3.StateActive, c3.StateSuspended)
	flow           = sum(store.FactFlow, store.MeasureFlows)
	left           = of(flow, store.ColFlow, store.FlowCancelled, store.FlowMovedOut, store.FlowSuspendedCancelled, store.FlowSuspendedMovedOut)
	viewingTime    = sum(store.FactView, store.MeasureViewingMs)
	contentTime    = add(viewingTime).less(of(viewingTime, store.ColContent, unknownKey))
	billed         = sum(store.FactBill, store.MeasureBillOrders)
	billedFen      = sum(store.FactBill, store.MeasureBillFen)
	earned         = of(billedFen, store.ColOp, c3.OrderSub, c3.OrderRenew, c3.OrderUnsub, c3.OrderSingle)
	refunded       = of(billedFen, store.ColOp, c3.OrderRefund)
)

var catalogue = []Indicator{
	plain("power_ons", Text{"开机次数", "Power-ons"}, Count,
		Text{"机顶盒开机或从待机唤醒的次数之和", "How often boxes were switched on or left standby"},
		byPlace, sum(store.FactBox, store.MeasurePowerOns)),
	plain("active_boxes", Text{"活跃终端数", "Active boxes"}, Boxes,
		Text{"时段内至少开机一次的机顶盒数（去重）", "Different boxes with at least one power-on in the period"},
		byPlace, activeBoxes),
	plain("reporting_boxes", Text{"在报终端数", "Reporting boxes"}, Boxes,
		Text{"截至时段最后一天的 30 天内至少上报一个事件的机顶盒数（去重）", "Different boxes with at least one event in the 30 days that end with the period's last day"},
		byPlace, reportingBoxes),
	quotient("activity_rate", Text{"开机活跃率", "Activity rate"}, Percent,
		Text{"100 × 活跃终端数 ÷ 在报终端数", "100 × active boxes ÷ reporting boxes"},
		byPlace, 100, activeBoxes, reportingBoxes),
	plain("page_views", Text{"页面访问量", "Page views"}, Count,
		Text{"进入 EPG 页面的次数之和", "How often EPG pages were entered"},
		byPage, sum(store.FactPage, store.MeasurePageViews)),
	plain("clicks", Text{"点击量", "Clicks"}, Count,
		Text{"页面推荐位被点击的次数之和", "How often slots of pages were clicked"},
		byClick, sum(store.FactClick, store.MeasureClicks)),
	plain("led_clicks", Text{"点击后播放次数", "Clicks that led to a play"}, Count,
		Text{"点击后 60 秒内、下一次点击之前，有效播放了所点内容的点击次数", "Clicks followed within 60 seconds, before the next click, by a valid play of the clicked content"},
		byClick, sum(store.FactClick, store.MeasureLed)),
	quotient("click_to_play", Text{"点播转化率", "Click-to-play conversion"}, Percent,
		Text{"100 × 点击后播放次数 ÷ 点击量", "100 × clicks that led to a play ÷ clicks"},
		byClick, 100, sum(store.FactClick, store.MeasureLed), sum(store.FactClick, store.MeasureClicks)),
	plain("impressions", Text{"曝光次数", "Impressions"}, Count,
		Text{"推荐位在可见页面上呈现至少 1 秒的次数之和，由上报曝光的机顶盒统计", "How often slots were painted on the visible page for at least a second, as told by the boxes that report it"},
		byImpression, sum(store.FactImpression, store.MeasureImpressions)),
	plain("focus_impressions", Text{"焦点曝光次数", "Focus impressions"}, Count,
		Text{"焦点在推荐位上停留至少 0.5 秒的次数之和，由上报曝光的机顶盒统计", "How often the focus rested on slots for at least half a second, as told by the boxes that report it"},
		byImpression, sum(store.FactImpression, store.MeasureFocuses)),
	quotient("ctr", Text{"点击率", "Click-through rate"}, Percent,
		Text{"100 × 同一小时内上报过呈现曝光的机顶盒的点击量 ÷ 曝光次数", "100 × clicks of the boxes that told of painted slots in the same hour ÷ impressions"},
		byImpression, 100, sum(store.FactImpression, store.MeasureRenderedClicks), sum(store.FactImpression, store.MeasureImpressions)),
	quotient("focus_ctr", Text{"焦点点击率", "Click-through rate of the focus"}, Percent,
		Text{"100 × 同一小时内上报过焦点曝光的机顶盒的点击量 ÷ 焦点曝光次数", "100 × clicks of the boxes that told of the focus in the same hour ÷ focus impressions"},
		byImpression, 100, sum(store.FactImpression, store.MeasureFocusClicks), sum(store.FactImpression, store.MeasureFocuses)),
	plain("plays", Text{"播放次数", "Plays"}, Count,
		Text{"有效播放次数：速度低于 3 倍且时长超过 3 秒，计入开始的时段", "Valid plays: slower than 3× and longer than 3 seconds, counted where they start"},
		byView, sum(store.FactView, store.MeasurePlays)),
	per(60_000, plain("viewing_minutes", Text{"收视时长", "Viewing time"}, Minutes,
		Text{"1 倍速观看的毫秒数 ÷ 60000，跨时段的按时段切分", "Milliseconds watched at normal speed ÷ 60,000, split at the edges of periods"},
		byView, viewingTime)),
	plain("viewers", Text{"收视终端数", "Viewing boxes"}, Boxes,
		Text{"时段内至少有一次有效播放的机顶盒数（去重）", "Different boxes with at least one valid play in the period"},
		byMode, modeBoxes),
	quotient("live_to_vod_plays", Text{"直播点播比（次数）", "Live to VOD by plays"}, Ratio,
		Text{"直播播放次数 ÷ 点播播放次数", "Plays of live ÷ plays of VOD"},
		byPlace, 1, of(modePlays, store.ColMode, live), of(modePlays, store.ColMode, vod)),
	quotient("live_to_vod_minutes", Text{"直播点播比（时长）", "Live to VOD by time"}, Ratio,
		Text{"直播收视时长 ÷ 点播收视时长", "Viewing time of live ÷ viewing time of VOD"},
		byPlace, 1, of(modeTime, store.ColMode, live), of(modeTime, store.ColMode, vod)),
	quotient("live_to_vod_viewers", Text{"直播点播比（终端）", "Live to VOD by boxes"}, Ratio,
		Text{"直播收视终端数 ÷ 点播收视终端数", "Boxes that played live ÷ boxes that played VOD"},
		byPlace, 1, of(modeBoxes, store.ColMode, live), of(modeBoxes, store.ColMode, vod)),
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
	plain("measured_plays", Text{"质量采样播放次数", "Measured plays"}, Count,
		Text{"上报播放质量的播放次数之和，计入结束的时段", "Plays whose quality was told, counted where they end"},
		byView, measuredPlays),
	quotient("start_time", Text{"平均起播时长", "Start time"}, Millis,
		Text{"从请求播放到首帧的毫秒数之和 ÷ 出现首帧的采样播放次数", "Milliseconds from the request to the first picture ÷ measured plays that had one"},
		byView, 1, sum(store.FactPlayback, store.MeasureStartMs), sum(store.FactPlayback, store.MeasureStarted)),
	quotient("stalls_per_play", Text{"平均卡顿次数", "Stalls a play"}, Ratio,
		Text{"卡顿次数 ÷ 质量采样播放次数", "Stalls ÷ measured plays"},
		byView, 1, sum(store.FactPlayback, store.MeasureStalls), measuredPlays),
	quotient("stall_ratio", Text{"卡顿率", "Plays with stalls"}, Percent,
		Text{"100 × 至少卡顿一次的播放次数 ÷ 质量采样播放次数", "100 × plays that stalled at least once ÷ measured plays"},
		byView, 100, sum(store.FactPlayback, store.MeasureStalled), measuredPlays),
	quotient("stall_time", Text{"平均卡顿时长", "Length of a stall"}, Millis,
		Text{"卡顿毫秒数 ÷ 卡顿次数", "Milliseconds stalled ÷ stalls"},
		byView, 1, sum(store.FactPlayback, store.MeasureStallMs), sum(store.FactPlayback, store.MeasureStalls)),
	plain("play_errors", Text{"播放错误次数", "Play errors"}, Count,
		Text{"采样播放中发生的错误次数之和", "Errors in measured plays"},
		byView, sum(store.FactPlayback, store.MeasureErrors)),
	quotient("error_rate", Text{"播放错误率", "Plays with errors"}, Percent,
		Text{"100 × 发生错误的播放次数 ÷ 质量采样播放次数", "100 × plays with at least one error ÷ measured plays"},
		byView, 100, sum(store.FactPlayback, store.MeasureFailed), measuredPlays),
	plain("accounts", Text{"账户数", "Accounts"}, People,
		Text{"时段内各省最近一次数据日末的账户数，可按状态拆分", "Accounts at the end of the last day told in the period, of each province; by state"},
		byState, accounts.at(atEnd)),
	plain("active_accounts", Text{"在用账户数", "Active accounts"}, People,
		Text{"时段内各省最近一次数据日末状态为在用的账户数", "Active accounts at the end of the last day told in the period, of each province"},
		byPlace, activeAccounts.at(atEnd)),
	plain("account_flows", Text{"账户变动数", "Movements of accounts"}, Count,
		Text{"时段内账户变动的次数之和，可按变动类型拆分", "How often accounts moved in the period; by kind of movement"},
		byFlow, flow),
	plain("new_accounts", Text{"新增账户数", "New accounts"}, Count,
		Text{"时段内开户及重新开户的次数之和", "Accounts opened or opened again in the period"},
		byPlace, of(flow, store.ColFlow, store.FlowNew)),
	plain("left_accounts", Text{"离网账户数", "Accounts that left"}, Count,
		Text{"时段内销户与迁出的次数之和，含停机账户", "Accounts cancelled or moved out in the period, suspended ones too"},
		byPlace, left),
	{ID: "churn_rate", Title: Text{"离网率", "Churn rate"}, Unit: Percent,
		Formula:    Text{"100 × 离网账户数 ÷ 期初与期末账户数（在用 + 停机）的平均", "100 × accounts that left ÷ mean of the accounts before and at the end of the period, active or suspended"},
		Dimensions: byPlace, value: add(left), over: add(base.at(atStart), base.at(atEnd)), times: 200, by: 1},
	{ID: "balance_error", Title: Text{"用户平衡差", "Error of the balance"}, Unit: People,
		Formula: Text{"期末在用 −（期初在用 + 接管 + 新增 + 复机 + 迁入 − 停机 − 销户 − 迁出），应为 0",
			"Active at the end − (active before + taken over + new + resumed + moved in − suspended − cancelled − moved out); must be 0"},
		Dimensions: []store.Column{store.ColProvince}, times: 1, by: 1,
		value: add(activeAccounts.at(atEnd), of(flow, store.ColFlow, store.FlowSuspended, store.FlowCancelled, store.FlowMovedOut)).
			less(activeAccounts.at(atStart)).
			less(of(flow, store.ColFlow, store.FlowOpening, store.FlowNew, store.FlowResumed, store.FlowMovedIn))},
	plain("bill_orders", Text{"计费订单数", "Billed orders"}, Count,
		Text{"省侧订单数据中的订单数之和，可按类型拆分", "Orders in the provinces' order feeds; by kind"},
		byBill, billed),
	{ID: "bill_revenue", Title: Text{"计费收入", "Billed revenue"}, Unit: Fen,
		Formula:    Text{"省侧订单金额之和 − 退款金额之和，单位分", "Fen of orders in the provinces' feeds − fen refunded"},
		Dimensions: byBill, value: add(earned).less(refunded), times: 1, by: 1},
	{ID: "arpu", Title: Text{"户均收入", "Revenue per account"}, Unit: Fen,
		Formula:    Text{"计费收入 ÷ 期初与期末在用账户数的平均，单位分", "Billed revenue ÷ mean of the active accounts before and at the end of the period"},
		Dimensions: byPlace, value: add(earned).less(refunded), over: add(activeAccounts.at(atStart), activeAccounts.at(atEnd)), times: 2, by: 1},
	{ID: "genre_coverage", Title: Text{"题材识别率", "Viewing of known genre"}, Unit: Percent,
		Formula:    Text{"100 × 题材已知的收视时长 ÷ 有内容编码的收视时长", "100 × viewing time of contents whose genre is known ÷ viewing time of contents"},
		Dimensions: byPlace, value: add(viewingTime).less(of(viewingTime, store.ColGenre, unknownKey)), over: contentTime, times: 100, by: 1},
	{ID: "place_coverage", Title: Text{"产地识别率", "Viewing of known place of production"}, Unit: Percent,
		Formula:    Text{"100 × 产地已知的收视时长 ÷ 有内容编码的收视时长", "100 × viewing time of contents whose place of production is known ÷ viewing time of contents"},
		Dimensions: byPlace, value: add(viewingTime).less(of(viewingTime, store.ColPlace, unknownKey)), over: contentTime, times: 100, by: 1},
	quotient("box_coverage", Text{"上报覆盖率", "Coverage by reporting boxes"}, Percent,
		Text{"100 × 在报终端数 ÷ 在用账户数", "100 × reporting boxes ÷ active accounts"},
		byPlace, 100, reportingBoxes, activeAccounts.at(atEnd)),
	plain("events", Text{"事件数", "Events"}, Count,
		Text{"已入库的全部事件数之和", "All events of boxes that are in"},
		byPlace, kept),
	quotient("clock_synced", Text{"时钟可信率", "Events of a synced clock"}, Percent,
		Text{"100 × 入库时其开机周期已与中心或 NTP 对时的事件数 ÷ 事件数，另含随后对时而移动过时间的事件", "100 × events whose boot was synced with the centre or by NTP when they were loaded, or that a later sync moved ÷ events"},
		byPlace, 100, sum(store.FactTrust, store.MeasureSynced), kept),
	quotient("clock_unsynced", Text{"时钟未知率", "Events of an unknown time"}, Percent,
		Text{"100 × 从未对时且到达时间无法推算的事件数 ÷ 事件数，其时间为估计", "100 × events of boots that never synced and were over before they told anything, whose time is a guess ÷ events"},
		byPlace, 100, sum(store.FactTrust, store.MeasureUnsynced), kept),
	{ID: "events_lost", Title: Text{"丢失事件数", "Events lost"}, Unit: Count,
		Formula: Text{"编号缺口 + 机顶盒上报的旧纪元丢失 + 因限速、内存或只读闪存丢弃的事件数，计入缺口后第一个事件的时间",
			"Gaps in numbers + what boxes report as lost with an earlier outbox + what they threw away for rate, memory or a read-only flash; a gap counts where the event after it does"},
		Dimensions: byPlace, value: losses, times: 1, by: 1},
	{ID: "loss_rate", Title: Text{"事件丢失率", "Loss rate"}, Unit: Percent,
		Formula:    Text{"100 × 丢失事件数 ÷（事件数 + 丢失事件数）", "100 × events lost ÷ (events + events lost)"},
		Dimensions: byPlace, value: losses, over: ofWhole, times: 100, by: 1},
	plain("repeated_batches", Text{"重复批次数", "Repeated batches"}, Count,
		Text{"已收过而再次到达的批次数，按到达时间与主题省份计，不影响任何指标", "Batches that came again, by arrival and the topic's province; they change no figure"},
		byPlace, sum(store.FactTrust, store.MeasureRepeats)),
}
