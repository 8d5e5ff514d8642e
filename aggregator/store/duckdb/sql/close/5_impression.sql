-- of: impression
-- Boxes that told of sights, and of which: the clicks over impressions are theirs.
CREATE OR REPLACE TEMP TABLE watcher AS
SELECT hour_of(at_ms) AS hour, province, box, max((sight = 1)::INTEGER) AS rendered, max((sight = 2)::INTEGER) AS focus
FROM {impression} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms AND sight IN (1, 2)
GROUP BY ALL;

-- 1 rendered, 2 focus
INSERT INTO fact_impression_hour
SELECT hour, province, city, page, area, slot, content, template, sum(impressions), sum(focuses), sum(rendered_clicks), sum(focus_clicks)
FROM (
	SELECT hour_of(at_ms) AS hour, province, city, page, area, slot, content, template,
		(sight = 1)::INTEGER AS impressions, (sight = 2)::INTEGER AS focuses, 0 AS rendered_clicks, 0 AS focus_clicks
	FROM {impression} WHERE at_ms >= $lo_ms AND at_ms < $hi_ms AND sight IN (1, 2)
	UNION ALL
	SELECT w.hour, e.province, e.city, e.page, e.area, e.slot, e.content, e.template, 0, 0, w.rendered, w.focus
	FROM {click} e JOIN watcher w ON w.hour = hour_of(e.at_ms) AND w.province = e.province AND w.box = e.box
	WHERE e.at_ms >= $lo_ms AND e.at_ms < $hi_ms)
	SEMI JOIN cell USING (hour, province)
GROUP BY ALL;
