package main

import (
	"fmt"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// widget is one of the board's, as a question to us and to the peer.
type widget struct {
	name    string
	request indicator.Request
	// sql asks the peer the same of the events themselves; its columns are those
	// of the answer, as kinds says: d a day, h an hour (as aggregator counts
	// them), - the period "total" (no column); p province, k key, s slot; n a number
	// that grows with the boxes, r one that does not.
	sql   string
	kinds string
}

// board is twelve widgets over days closed days and today, as those who run the
// business have them on the wall.
func board(today aggregator.Day, days int) []widget {
	first := today - aggregator.Day(days)
	half := today - aggregator.Day((days+1)/2-1) // today and the closed days after the middle
	before := half - (today + 1 - half)
	month := func(r indicator.Request) indicator.Request {
		r.From, r.To = first.String(), today.String()
		return r
	}
	in := func(column string, from, to aggregator.Day) string { // from..to, both inside
		return fmt.Sprintf("%[1]s >= %[2]d AND %[1]s < %[3]d", column, from.Start(), (to + 1).Start())
	}
	at := in("at_ms", first, today)
	const day, hour = "intDiv(at_ms + 28800000, 86400000)", "intDiv(at_ms + 28800000, 3600000)"
	// Viewing time is what lies inside, plays count where they start. Both are edited:
	// of what backfill tells only the television that is off ends a view.
	minutes := fmt.Sprintf("sumIf(least(at_ms, %[2]d) - greatest(at_ms - duration_ms, %[1]d), speed = 100 AND tv != 2) / 60000", first.Start(), (today + 1).Start())
	plays := "countIf(part = 0 AND abs(speed) < 300 AND duration_ms > 3000 AND tv != 2 AND " + in("at_ms - duration_ms", first, today) + ")"
	views := fmt.Sprintf("at_ms > %d AND at_ms - duration_ms < %d", first.Start(), (today + 1).Start())
	channel := []store.Column{store.ColChannel}
	of := func(mode string) []indicator.Filter {
		return []indicator.Filter{{Dimension: store.ColMode, In: []string{mode}}}
	}
	var every []string // sign of life
	for _, t := range peerTables {
		every = append(every, fmt.Sprintf("SELECT %s AS day, box FROM %s WHERE %s", day, t.name, in("at_ms", first-29, today)))
	}
	return []widget{
		{"figure with comparison: active boxes",
			indicator.Request{Indicators: []string{"active_boxes"}, From: half.String(), To: today.String(), Compare: indicator.Previous},
			fmt.Sprintf("SELECT uniqExactIf(box, %s) AS n, uniqExactIf(box, %s) AS b, 100 * (n - b) / b FROM power WHERE switched_on", in("at_ms", half, today), in("at_ms", before, half-1)), "-nnr"},
		{"line by day: active boxes, power-ons",
			month(indicator.Request{Indicators: []string{"active_boxes", "power_ons"}, Grain: indicator.Daily}),
			"SELECT " + day + " AS d, uniqExact(box), count() FROM power WHERE switched_on AND " + at + " GROUP BY d", "dnn"},
		{"ranking of channels by live minutes",
			month(indicator.Request{Indicators: []string{"viewing_minutes", "plays"}, Dimensions: channel, Filters: of("live"), Order: "-viewing_minutes", Limit: 10}),
			"SELECT channel, " + minutes + " AS m, " + plays + " FROM viewing WHERE mode = 1 AND " + views + " GROUP BY channel ORDER BY m DESC, channel LIMIT 10", "-knn"},
		{"contents, top 20 by plays",
			month(indicator.Request{Indicators: []string{"plays", "viewing_minutes"}, Dimensions: []store.Column{store.ColContent}, Filters: of("vod"), Order: "-plays", Limit: 20}),
			"SELECT content, " + plays + " AS n, " + minutes + " FROM viewing WHERE mode = 4 AND " + views + " GROUP BY content ORDER BY n DESC, content LIMIT 20", "-knn"},
		{"provinces: active boxes, power-ons, clicks, orders",
			month(indicator.Request{Indicators: []string{"active_boxes", "power_ons", "clicks", "orders"}, Dimensions: []store.Column{store.ColProvince}}),
			"SELECT province, sum(a), sum(b), sum(c), sum(d) FROM (SELECT province, uniqExact(box) AS a, count() AS b, 0 AS c, 0 AS d FROM power WHERE switched_on AND " + at + " GROUP BY province" +
				" UNION ALL SELECT province, 0, 0, count(), 0 FROM click WHERE " + at + " GROUP BY province" +
				" UNION ALL SELECT province, 0, 0, 0, countIf(result = 1) FROM orders WHERE " + at + " GROUP BY province) GROUP BY province", "-pnnnn"},
		{"hours of today and yesterday: active boxes",
			indicator.Request{Indicators: []string{"active_boxes"}, From: (today - 1).String(), To: today.String(), Grain: indicator.Hourly},
			"SELECT " + hour + " AS h, uniqExact(box) FROM power WHERE switched_on AND " + in("at_ms", today-1, today) + " GROUP BY h", "hn"},
		{"funnel: page views, clicks, order pages, orders",
			month(indicator.Request{Indicators: []string{"page_views", "clicks", "order_pages", "orders"}}),
			"SELECT (SELECT count() FROM page_view WHERE " + at + "), (SELECT count() FROM click WHERE " + at + "), (SELECT count() FROM order_page WHERE " + at + "), (SELECT countIf(result = 1) FROM orders WHERE " + at + ")", "-nnnn"},
		{"orders and revenue by product",
			month(indicator.Request{Indicators: []string{"orders", "revenue"}, Dimensions: []store.Column{store.ColProduct}}),
			"SELECT product, countIf(result = 1), sumIf(fen, result = 1) - sumIf(fen, result = 4) FROM orders WHERE " + at + " GROUP BY product", "-knn"},
		{"live against VOD: plays, time, boxes",
			month(indicator.Request{Indicators: []string{"live_to_vod_plays", "live_to_vod_minutes", "live_to_vod_viewers"}}),
			strings.NewReplacer("$valid", "part = 0 AND abs(speed) < 300 AND duration_ms > 3000 AND tv != 2 AND "+in("at_ms - duration_ms", first, today),
				"$time", fmt.Sprintf("least(at_ms, %[2]d) - greatest(at_ms - duration_ms, %[1]d)", first.Start(), (today+1).Start())).Replace(
				"SELECT countIf(mode = 1 AND $valid) / countIf(mode = 4 AND $valid), sumIf($time, mode = 1 AND speed = 100 AND tv != 2) / sumIf($time, mode = 4 AND speed = 100 AND tv != 2), uniqExactIf(box, mode = 1 AND $valid) / uniqExactIf(box, mode = 4 AND $valid) FROM viewing WHERE ") + views, "-rrr"},
		{"activity rate by day, of boxes reporting in 30 days",
			month(indicator.Request{Indicators: []string{"activity_rate"}, Grain: indicator.Daily}),
			fmt.Sprintf("SELECT d, 100 * a / r FROM (SELECT %s AS d, uniqExact(box) AS a FROM power WHERE switched_on AND %s GROUP BY d) AS x"+
				" JOIN (SELECT arrayJoin(range(day, day + 30)) AS d, uniqExact(box) AS r FROM (SELECT DISTINCT day, box FROM (%s)) GROUP BY d) AS y USING d", day, at, strings.Join(every, " UNION ALL ")), "dr"},
		{"click-through by slot, the 50 most shown",
			month(indicator.Request{Indicators: []string{"impressions", "ctr"}, Dimensions: []store.Column{store.ColPage, store.ColArea, store.ColSlot}, Order: "-impressions", Limit: 50}),
			"SELECT page, area, slot, sum(i) AS n, 100 * sum(c) / sum(i) FROM (SELECT page, area, slot, 1 AS i, 0 AS c FROM impression WHERE sight = 1 AND " + at +
				" UNION ALL SELECT page, area, slot, 0, 1 FROM click WHERE " + at + " AND (" + hour + ", province, box) IN (SELECT " + hour + ", province, box FROM impression WHERE sight = 1 AND " + at + "))" +
				" GROUP BY page, area, slot HAVING n > 0 ORDER BY n DESC, page, area, slot LIMIT 50", "-kksnr"},
		{"heat map: power-ons by hour",
			month(indicator.Request{Indicators: []string{"power_ons"}, Grain: indicator.Hourly}),
			"SELECT " + hour + " AS h, count() FROM power WHERE switched_on AND " + at + " GROUP BY h", "hn"},
	}
}
