-- of: power, page_view, click, viewing, orders
-- The stretches before words of boxes in which these were on, each with the hour
-- of its end. heard is how a word counts (3 a power-off, 2 a power-on, 1 any
-- other) with the city below it: of words in one millisecond the greatest comes
-- first, and nothing is left before the others. The word before the first of a box
-- lies before $lo_ms, so what it would cut off is in no cell of this run. 5400000
-- is store.OnReachMs.
CREATE OR REPLACE TEMP TABLE stretch AS
SELECT province, (heard % 65536)::USMALLINT AS city, box, since_ms, until_ms, hour_of(until_ms - 1) AS hour
FROM (
	SELECT province, box, heard, at_ms AS until_ms,
		greatest(at_ms - 5400000, coalesce(lag(at_ms) OVER (PARTITION BY box, province ORDER BY at_ms, heard DESC), at_ms - 5400000)) AS since_ms
	FROM (
		SELECT province, box, at_ms, (CASE WHEN switched_on THEN 131072 ELSE 196608 END + city)::INTEGER AS heard
		FROM {power} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 5400000
		UNION ALL
		SELECT province, box, at_ms, (65536 + city)::INTEGER FROM {page_view} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 5400000
		UNION ALL
		SELECT province, box, at_ms, (65536 + city)::INTEGER FROM {click} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 5400000
		UNION ALL
		SELECT province, box, at_ms, (65536 + city)::INTEGER FROM {viewing} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 5400000
		UNION ALL
		SELECT province, box, at_ms, (65536 + city)::INTEGER FROM {orders} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 5400000))
WHERE heard // 65536 <> 2 AND since_ms < until_ms;

-- A stretch is shorter than two hours, so it lies in three at most.
INSERT INTO fact_on_hour
SELECT hour, province, city, box, sum(on_ms), sum(wakes)
FROM (
	SELECT hour, province, city, box, (until_ms - greatest(since_ms, hour_start(hour)))::INTEGER AS on_ms, 0 AS wakes FROM stretch
	UNION ALL
	SELECT hour - 1, province, city, box, (hour_start(hour) - greatest(since_ms, hour_start(hour - 1)))::INTEGER, 0
	FROM stretch WHERE since_ms < hour_start(hour)
	UNION ALL
	SELECT hour - 2, province, city, box, (hour_start(hour - 1) - since_ms)::INTEGER, 0
	FROM stretch WHERE since_ms < hour_start(hour - 1)
	UNION ALL
	-- 2: out of standby
	SELECT hour_of(at_ms), province, city, box, 0, 1 FROM {power}
	WHERE at_ms >= $lo_ms AND at_ms < $hi_ms AND switched_on AND cause = 2)
	SEMI JOIN cell USING (hour, province)
GROUP BY ALL;
