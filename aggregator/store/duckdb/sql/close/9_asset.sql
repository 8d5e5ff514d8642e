-- of: viewing
-- What of an asset was seen in an hour, from place a to place b, and as bits the parts
-- whose middle lies there, from the first, of which it does, up to the first after them.
-- 20 is store.Parts, 40 twice it. A view begins where position_ms is one more.
INSERT INTO asset_hour
WITH stretch AS (
	SELECT hour, province, city, box, mode, content, until_ms - since_ms AS ms, length_ms::BIGINT AS l,
		position_ms - 1 + since_ms - start_ms AS a, least(position_ms - 1 + until_ms - start_ms, length_ms) AS b
	FROM (
		SELECT hour, province, city, box, mode, content, length_ms, position_ms, start_ms,
			greatest(start_ms, hour_start(hour)) AS since_ms, least(at_ms, hour_start(hour + 1)) AS until_ms
		FROM (
			SELECT province, city, box, mode, content, length_ms, position_ms, at_ms, at_ms - duration_ms AS start_ms,
				unnest(range(hour_of(at_ms - duration_ms), hour_of(at_ms - 1) + 1))::INTEGER AS hour
			FROM {viewing}
			WHERE position_ms > 0 AND length_ms > 0 AND speed = 100 AND duration_ms > 0 AND at_ms > $lo_ms AND at_ms < $hi_ms + 86400000)
			SEMI JOIN cell USING (hour, province)))
SELECT hour, province, city, mode, content, box, ms,
	seen & 1, seen >> 1 & 1, seen >> 2 & 1, seen >> 3 & 1, seen >> 4 & 1, seen >> 5 & 1, seen >> 6 & 1, seen >> 7 & 1,
	seen >> 8 & 1, seen >> 9 & 1, seen >> 10 & 1, seen >> 11 & 1, seen >> 12 & 1, seen >> 13 & 1, seen >> 14 & 1,
	seen >> 15 & 1, seen >> 16 & 1, seen >> 17 & 1, seen >> 18 & 1, seen >> 19 & 1
FROM (
	SELECT hour, province, city, mode, content, box, sum(ms) AS ms,
		bit_or(CASE WHEN a < b THEN (1 << ((40 * b + 3 * l - 1) // (2 * l) - 1)) - (1 << ((40 * a + 3 * l - 1) // (2 * l) - 1)) ELSE 0 END) AS seen
	FROM stretch GROUP BY ALL);

-- 0 not known, 9 continue
INSERT INTO fact_left_hour
SELECT hour, province, city, mode, content, least(greatest(least(place, length_ms), 0) * 20 // length_ms + 1, 20), count(*)
FROM (
	SELECT hour_of(at_ms) AS hour, province, city, mode, content, length_ms::BIGINT AS length_ms, position_ms - 1 + duration_ms::BIGINT * speed // 100 AS place
	FROM {viewing}
	WHERE position_ms > 0 AND length_ms > 0 AND ended NOT IN (0, 9) AND at_ms >= $lo_ms AND at_ms < $hi_ms)
	SEMI JOIN cell USING (hour, province)
GROUP BY ALL;
