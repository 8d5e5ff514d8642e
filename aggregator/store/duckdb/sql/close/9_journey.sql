-- of: power, page_view, click, viewing
-- What boxes do on the way to something to watch. A word is eight times its moment
-- with its sort (0 the end of viewing, 1 a power-off, 2 a power-on, 3 a wake, 4 a
-- click, 5 a page, 6 the start of a later part, 7 of a valid play), times 65536 with
-- its city. since is the word before it that is neither click nor page; up to which
-- word pages lead is asked of pages alone. 1800000 is store.JourneyMs.
CREATE OR REPLACE TEMP TABLE trail AS
SELECT province, box, word, page, word // 65536 % 8 AS sort, word // 524288 AS at_ms,
	lag(CASE WHEN word // 65536 % 8 NOT IN (4, 5) THEN word END IGNORE NULLS) OVER w AS since,
	lead(CASE WHEN word // 65536 % 8 IN (1, 2, 3, 5, 7) THEN word // 524288 END IGNORE NULLS) OVER w AS left_ms,
	lead(CASE WHEN word // 65536 % 8 IN (1, 2, 3, 7) THEN word // 65536 END IGNORE NULLS) OVER w AS goal
FROM (
	SELECT province, box, (at_ms * 8 + CASE WHEN NOT switched_on THEN 1 WHEN cause = 2 THEN 3 ELSE 2 END) * 65536 + city AS word, 0::UBIGINT AS page
	FROM {power} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 1800000
	UNION ALL
	SELECT province, box, (at_ms * 8 + 4) * 65536 + city, 0 FROM {click} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 1800000
	UNION ALL
	SELECT province, box, (at_ms * 8 + 5) * 65536 + city, page FROM {page_view} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 1800000
	UNION ALL
	SELECT province, box, at_ms * 524288 + city, 0 FROM {viewing}
	WHERE abs(speed) < 300 AND duration_ms > 3000 AND at_ms >= $lo_ms AND at_ms < $hi_ms + 1800000
	UNION ALL
	SELECT province, box, ((at_ms - duration_ms) * 8 + CASE WHEN part = 0 THEN 7 ELSE 6 END) * 65536 + city, 0 FROM {viewing}
	WHERE abs(speed) < 300 AND duration_ms > 3000 AND at_ms >= $lo_ms AND at_ms < $hi_ms + 1800000 + 86400000
		AND at_ms - duration_ms >= $lo_ms AND at_ms - duration_ms < $hi_ms + 1800000)
WINDOW w AS (PARTITION BY box, province ORDER BY word);

-- A power-on stands in its own journey too, so that one after which nothing comes is
-- there; its row, and those of words told twice, count nothing.
INSERT INTO fact_journey_hour
SELECT hour, province, (since % 65536)::USMALLINT, CASE since // 65536 % 8 WHEN 2 THEN 1 WHEN 3 THEN 2 ELSE 3 END, page,
	count(*), count(*) FILTER (goal >= 6), coalesce(sum(goal_ms) FILTER (goal >= 6), 0),
	coalesce(sum(pages) FILTER (goal >= 6), 0), coalesce(sum(clicks) FILTER (goal >= 6), 0),
	sum(CASE WHEN goal = 1 OR goal >= 6 THEN goal_ms ELSE last_ms END)
FROM (
	SELECT province, box, since, since // 524288 AS start_ms, hour_of(start_ms) AS hour,
		count(*) FILTER (sort = 5) AS pages, count(*) FILTER (sort = 4) AS clicks,
		coalesce(arg_min(page, (word, page)) FILTER (sort = 5), 0) AS page,
		max(sort) FILTER (sort NOT IN (4, 5) AND word <> since) AS goal,
		max(at_ms) FILTER (sort NOT IN (4, 5) AND word <> since) - start_ms AS goal_ms,
		coalesce(max(at_ms) FILTER (sort IN (4, 5)) - start_ms, 0) AS last_ms
	FROM (
		SELECT province, box, word, page, sort, at_ms, since FROM trail WHERE at_ms - since // 524288 <= 1800000
		UNION ALL
		SELECT province, box, word, 0, sort, at_ms, word FROM trail WHERE sort IN (2, 3))
	WHERE since // 65536 % 8 IN (0, 2, 3) AND since // 524288 < $hi_ms
	GROUP BY province, box, since)
	SEMI JOIN cell USING (hour, province)
WHERE since // 65536 % 8 <> 0 OR pages + clicks > 0
GROUP BY ALL;

-- 60000 is store.LedMs.
INSERT INTO fact_page_led_hour
SELECT hour, province, city, page, count(*)
FROM (
	SELECT hour_of(at_ms) AS hour, province, (word % 65536)::USMALLINT AS city, page FROM trail
	WHERE sort = 5 AND at_ms < $hi_ms AND goal % 8 = 7 AND goal // 8 - at_ms <= 1800000 AND goal // 8 - left_ms <= 60000)
	SEMI JOIN cell USING (hour, province)
GROUP BY ALL;
