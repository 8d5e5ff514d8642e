-- of: orders
-- 1 paid, 2 failed, 3 cancelled, 4 refunded
INSERT INTO fact_order_hour
SELECT c.hour, e.province, e.city, e.product, e.provider,
	count(*) FILTER (e.result IN (1, 2, 3)), count(*) FILTER (e.result = 1),
	sum(CASE e.result WHEN 1 THEN e.fen WHEN 4 THEN -e.fen ELSE 0 END)
FROM {orders} e JOIN cell c ON c.hour = hour_of(e.at_ms) AND c.province = e.province
WHERE e.at_ms >= $lo_ms AND e.at_ms < $hi_ms AND e.result IN (1, 2, 3, 4) AND (e.result <> 4 OR e.fen <> 0)
GROUP BY ALL;
