-- of: viewing & broadcast
-- 1 live, 2 timeshift, 3 catch-up; a TV day begins two hours late; 7 is
-- store.MaxLag, and nine days before the cells nothing begins that counts in them.
INSERT INTO fact_broadcast_hour
SELECT hour, province, city, mode, channel, code, aired, lag, box, sum(ms * raw::INTEGER),
	(sum(ms * raw::INTEGER)::BIGINT * 1000000000 + any_value(length) // 2) // any_value(length),
	max((raw AND greatest(from_ms + 5000, hour_start(hour) + 1) <= until_ms)::INTEGER),
	max((raw AND greatest(from_ms + 60000, hour_start(hour) + 1) <= until_ms)::INTEGER),
	max((raw AND greatest(from_ms + 180000, hour_start(hour) + 1) <= until_ms)::INTEGER),
	max((raw AND greatest(from_ms + 900000, hour_start(hour) + 1) <= until_ms)::INTEGER),
	sum(ms * edited::INTEGER),
	(sum(ms * edited::INTEGER)::BIGINT * 1000000000 + any_value(length) // 2) // any_value(length),
	max((edited AND greatest(from_ms + 5000, hour_start(hour) + 1) <= until_ms)::INTEGER),
	max((edited AND greatest(from_ms + 60000, hour_start(hour) + 1) <= until_ms)::INTEGER),
	max((edited AND greatest(from_ms + 180000, hour_start(hour) + 1) <= until_ms)::INTEGER),
	max((edited AND greatest(from_ms + 900000, hour_start(hour) + 1) <= until_ms)::INTEGER)
FROM (
	SELECT *, least(to_ms, hour_start(hour + 1)) AS until_ms, until_ms - greatest(from_ms, hour_start(hour)) AS ms
	FROM (
		SELECT hour, province, r.city, r.mode, channel, o.code, o.aired, 0 AS lag, r.box,
			greatest(r.from_ms, o.start_ms) AS from_ms, least(r.to_ms, o.end_ms) AS to_ms, o.end_ms - o.start_ms AS length, r.raw, r.edited
		FROM run r JOIN on_air o USING (hour, province, channel)
		WHERE r.mode = 1
		UNION ALL
		SELECT r.hour, r.province, r.city, r.mode, b.channel, b.code, hour_of(b.start_ms), (r.hour - 2) // 24 - (hour_of(b.start_ms) - 2) // 24, r.box,
			r.from_ms, r.to_ms, b.end_ms - b.start_ms, r.raw, r.edited
		FROM run r JOIN recording c ON c.province = r.province AND c.content = r.content
			JOIN broadcast b ON b.province = c.province AND b.code = c.code
		WHERE r.mode IN (2, 3) AND b.start_ms < $hi_ms AND b.start_ms >= $lo_ms - 777600000 AND r.hour >= hour_of(b.start_ms) AND (r.hour - 2) // 24 - (hour_of(b.start_ms) - 2) // 24 <= 7))
WHERE ms > 0
GROUP BY ALL;
