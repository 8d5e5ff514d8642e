-- of: click, orders
-- 1800000 is store.CreditMs; an order's number is its row, as two may be alike.
INSERT INTO fact_order_led_hour
WITH paid AS (
	SELECT row_number() OVER () AS number, province, box, boot, trace, product, fen, at_ms
	FROM {orders} WHERE result = 1 AND at_ms >= $lo_ms AND at_ms < $hi_ms + 1800000),
-- For each order and place when the latest click there was, and the latest that led.
place AS (
	SELECT c.province, c.city, c.page, c.area, c.slot, c.content, o.product, o.fen,
		max(c.at_ms) AS last_ms, max(c.at_ms) FILTER (o.trace <> 0 AND c.trace = o.trace AND c.boot = o.boot) AS led_ms
	FROM paid o JOIN {click} c ON c.province = o.province AND c.box = o.box AND c.at_ms BETWEEN o.at_ms - 1800000 AND o.at_ms
	WHERE c.at_ms >= $lo_ms AND c.at_ms < $hi_ms + 1800000
	GROUP BY o.number, c.province, c.city, c.page, c.area, c.slot, c.content, o.product, o.fen)
SELECT hour, province, city, page, area, slot, content, product, sum(orders), sum(fen), sum(assisted)
FROM (
	SELECT hour_of(led_ms) AS hour, province, city, page, area, slot, content, product, 1 AS orders, fen, 0 AS assisted
	FROM place WHERE led_ms IS NOT NULL
	UNION ALL
	SELECT hour_of(last_ms), province, city, page, area, slot, content, product, 0, 0, 1
	FROM place WHERE led_ms IS DISTINCT FROM last_ms)
	SEMI JOIN cell USING (hour, province)
GROUP BY ALL;
