INSERT INTO fact_box_hour
SELECT hour, province, city, box, sum(power_ons), sum(page_views), sum(clicks), sum(plays), sum(viewing_ms), sum(events)
FROM (
	SELECT hour, province, city, box, power_ons, page_views, clicks, 0 AS plays, 0 AS viewing_ms, events FROM {doing} SEMI JOIN cell USING (hour, province)
	UNION ALL
	SELECT hour, province, city, box, 0, 0, 0, plays, viewing_ms, 0 FROM piece WHERE plays > 0 OR viewing_ms > 0)
GROUP BY ALL;

INSERT INTO fact_invalid_hour
SELECT d.hour, d.province, d.city, i.why, d.box, d.events
FROM {doing} d SEMI JOIN cell USING (hour, province)
	JOIN {invalid} i ON i.day = d.hour // 24 AND i.province = d.province AND i.box = d.box;
