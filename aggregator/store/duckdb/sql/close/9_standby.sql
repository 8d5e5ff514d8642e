-- of: power
-- before is the power before the one with which the box came on: 512 times its
-- moment, 256 if it was one too, and its cause, 3 standby. 86400000 is store.StandbyMs.
INSERT INTO fact_standby_hour
SELECT hour_of(at_ms) AS hour, province, city,
	count(*) FILTER (before % 256 = 3), coalesce(sum(at_ms - before // 512) FILTER (before % 256 = 3), 0),
	count(*) FILTER (before % 256 <> 3), coalesce(sum(at_ms - before // 512) FILTER (before % 256 <> 3), 0)
FROM (
	SELECT o.province, o.city, o.box, o.at_ms, max(p.at_ms * 512 + p.switched_on::INTEGER * 256 + p.cause) AS before
	FROM (
		SELECT province, max(city) AS city, box, at_ms
		FROM (SELECT *, hour_of(at_ms) AS hour FROM {power} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms AND switched_on)
			SEMI JOIN cell USING (hour, province)
		GROUP BY province, box, at_ms) o
	JOIN (FROM {power} WHERE at_ms >= $lo_ms - 86400000 AND at_ms < $hi_ms) p ON p.province = o.province AND p.box = o.box
		AND p.at_ms >= o.at_ms - 86400000 AND p.at_ms <= o.at_ms AND (p.at_ms < o.at_ms OR NOT p.switched_on)
	GROUP BY o.province, o.city, o.box, o.at_ms)
WHERE before // 256 % 2 = 0
GROUP BY ALL;
