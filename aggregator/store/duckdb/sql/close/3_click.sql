-- of: click
-- Clicks with the stretch in which a play must start to be credited to them:
-- from at_ms, before until_ms. A click that shares its millisecond with
-- another of the box leaves no room.
CREATE OR REPLACE TEMP TABLE pick AS
SELECT province, city, box, page, area, slot, content, trace, at_ms, until_ms
FROM (
	SELECT province, city, box, page, area, slot, content, trace, at_ms,
		CASE WHEN lag(at_ms) OVER w = at_ms THEN at_ms
			ELSE least(at_ms + 60000 + 1, coalesce(lead(at_ms) OVER w, at_ms + 60000 + 1)) END AS until_ms
	FROM {click}
	WHERE at_ms >= $lo_ms AND at_ms <= $hi_ms + 60000
	WINDOW w AS (PARTITION BY province, box ORDER BY at_ms))
WHERE at_ms < $hi_ms;

INSERT INTO fact_click_hour
WITH play AS (
	SELECT province, box, channel, content, trace, at_ms - duration_ms AS start_ms
	FROM {viewing}
	WHERE part = 0 AND abs(speed) < 300 AND duration_ms > 3000 AND (content <> 0 OR channel <> 0)
		AND at_ms >= $lo_ms AND at_ms < $hi_ms + 60000 + 86400000 + 1
		AND at_ms - duration_ms >= $lo_ms AND at_ms - duration_ms < $hi_ms + 60000 + 1),
-- A play belongs to the click before it, if to any. A led click is alone in its
-- millisecond, so DISTINCT leaves each once however many plays it led to.
led AS (
	SELECT DISTINCT k.* FROM play p ASOF JOIN pick k
	ON k.province = p.province AND k.box = p.box AND k.at_ms <= p.start_ms
	WHERE p.start_ms < k.until_ms AND k.content <> 0
		AND (k.content IN (p.content, p.channel) OR p.content <> 0 AND p.trace <> 0 AND p.trace = k.trace))
SELECT hour, province, city, page, area, slot, content, sum(clicks), sum(led)
FROM (
	SELECT hour_of(at_ms) AS hour, province, city, page, area, slot, content, 1 AS clicks, 0 AS led FROM pick
	UNION ALL
	SELECT hour_of(at_ms), province, city, page, area, slot, content, 0, 1 FROM led)
	SEMI JOIN cell USING (hour, province)
GROUP BY ALL;
