-- The words of boxes, one row a box and millisecond. heard is how the word
-- counts (3 a power-off, 2 a power-on, 1 any other) with the city below it, so
-- that the greatest is the one that counts. 5400000 is store.OnReachMs.
CREATE OR REPLACE TEMP TABLE word AS
SELECT province, box, at_ms, max(heard * 65536 + city) AS heard
FROM (
	SELECT province, box, at_ms, city, CASE WHEN switched_on THEN 2 ELSE 3 END AS heard
	FROM power WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 5400000
	UNION ALL
	SELECT province, box, at_ms, city, 1 FROM page_view WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 5400000
	UNION ALL
	SELECT province, box, at_ms, city, 1 FROM click WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 5400000
	UNION ALL
	SELECT province, box, at_ms, city, 1 FROM viewing WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 5400000
	UNION ALL
	SELECT province, box, at_ms, city, 1 FROM orders WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 5400000)
GROUP BY ALL;

DELETE FROM fact_on_hour WHERE period >= $from AND period < $to AND (period, province) IN (SELECT hour, province FROM cell);

-- The word before the first of a box lies before $lo_ms, so what it would cut off
-- is in no cell of this run.
INSERT INTO fact_on_hour
SELECT hour, province, city, box, sum(on_ms), sum(wakes)
FROM (
	SELECT hour, province, city, box,
		(least(until_ms, hour_start(hour + 1)) - greatest(since_ms, hour_start(hour)))::INTEGER AS on_ms, 0 AS wakes
	FROM (
		SELECT province, (heard % 65536)::USMALLINT AS city, box, since_ms, until_ms,
			unnest(range(hour_of(since_ms), hour_of(until_ms - 1) + 1))::INTEGER AS hour
		FROM (
			SELECT province, box, heard, at_ms AS until_ms,
				greatest(at_ms - 5400000, coalesce(lag(at_ms) OVER (PARTITION BY province, box ORDER BY at_ms), at_ms - 5400000)) AS since_ms
			FROM word)
		WHERE heard // 65536 <> 2)
	UNION ALL
	-- 2: out of standby
	SELECT hour_of(at_ms), province, city, box, 0, 1 FROM power
	WHERE at_ms >= $lo_ms AND at_ms < $hi_ms AND switched_on AND cause = 2)
	SEMI JOIN cell USING (hour, province)
GROUP BY ALL;
