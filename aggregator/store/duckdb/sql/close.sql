-- Facts of the cells in the temporary table cell, all of hours $from..$to-1,
-- which begin at $lo_ms and end before $hi_ms. The definitions stand in
-- aggregator/store/fact.go; 60000 is store.LedMs and 86400000 the longest View.

-- Views cut at the hours' edges, one row for each cell a View touches.
-- Each View lists its hours itself: joined by range, it would meet every cell
-- of its province.
CREATE OR REPLACE TEMP TABLE piece AS
SELECT hour, province, city, box, mode, channel, content,
	(starts AND hour_of(from_ms) = hour)::INTEGER AS plays,
	CASE WHEN speed = 100
		THEN least(at_ms, hour_start(hour + 1)) - greatest(from_ms, hour_start(hour))
		ELSE 0 END::INTEGER AS viewing_ms
FROM (
	SELECT province, city, box, mode, channel, content, at_ms, at_ms - duration_ms AS from_ms, speed,
		part = 0 AND abs(speed) < 300 AND duration_ms > 3000 AS starts,
		unnest(range(hour_of(at_ms - duration_ms), hour_of(at_ms) + 1))::INTEGER AS hour
	FROM viewing
	WHERE at_ms >= $lo_ms AND at_ms < $hi_ms + 86400000)
	SEMI JOIN cell USING (hour, province);

DELETE FROM fact_mode_hour WHERE period >= $from AND period < $to AND (period, province) IN (SELECT hour, province FROM cell);

INSERT INTO fact_mode_hour
SELECT hour, province, city, mode, box, sum(plays), sum(viewing_ms)
FROM piece WHERE plays > 0 OR viewing_ms > 0
GROUP BY ALL;

DELETE FROM fact_view_hour WHERE period >= $from AND period < $to AND (period, province) IN (SELECT hour, province FROM cell);

INSERT INTO fact_view_hour
SELECT hour, province, city, mode, channel, content, sum(plays), sum(viewing_ms)
FROM piece WHERE plays > 0 OR viewing_ms > 0
GROUP BY ALL;

-- Every event of the cells, as what it adds to its box.
CREATE OR REPLACE TEMP VIEW share AS
SELECT hour_of(at_ms) AS hour, province, city, box, at_ms, clock, switched_on::INTEGER AS power_ons, 0 AS page_views, 0 AS clicks
FROM power WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, at_ms, clock, 0, 1, 0
FROM page_view WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, at_ms, clock, 0, 0, 1
FROM click WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, at_ms, clock, 0, 0, 0
FROM viewing WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, at_ms, clock, 0, 0, 0
FROM orders WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, at_ms, clock, 0, 0, 0
FROM impression WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, at_ms, clock, 0, 0, 0
FROM order_page WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, at_ms, clock, 0, 0, 0
FROM playback WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, at_ms, clock, 0, 0, 0
FROM health WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, at_ms, clock, 0, 0, 0
FROM running WHERE at_ms >= $lo_ms AND at_ms < $hi_ms
UNION ALL
SELECT hour_of(at_ms), province, city, box, at_ms, clock, 0, 0, 0
FROM notice WHERE at_ms >= $lo_ms AND at_ms < $hi_ms;

CREATE OR REPLACE TEMP TABLE doing AS
SELECT hour, province, city, box, max(at_ms) AS last_ms,
	sum(power_ons)::INTEGER AS power_ons, sum(page_views)::INTEGER AS page_views, sum(clicks)::INTEGER AS clicks,
	count(*)::INTEGER AS events, (count(*) FILTER (clock >= 2))::INTEGER AS synced, (count(*) FILTER (clock = 0))::INTEGER AS unsynced
FROM share SEMI JOIN cell USING (hour, province)
GROUP BY ALL;

DELETE FROM closed WHERE (hour, province) IN (SELECT hour, province FROM cell);

INSERT INTO closed
SELECT hour, province, coalesce(max(last_ms), 0)
FROM cell LEFT JOIN doing USING (hour, province)
GROUP BY ALL;

DELETE FROM fact_box_hour WHERE period >= $from AND period < $to AND (period, province) IN (SELECT hour, province FROM cell);

INSERT INTO fact_box_hour
SELECT hour, province, city, box, sum(power_ons), sum(page_views), sum(clicks), sum(plays), sum(viewing_ms), sum(events)
FROM (
	SELECT hour, province, city, box, power_ons, page_views, clicks, 0 AS plays, 0 AS viewing_ms, events FROM doing
	UNION ALL
	SELECT hour, province, city, box, 0, 0, 0, plays, viewing_ms, 0 FROM piece WHERE plays > 0 OR viewing_ms > 0)
GROUP BY ALL;

DELETE FROM fact_page_hour WHERE period >= $from AND period < $to AND (period, province) IN (SELECT hour, province FROM cell);

INSERT INTO fact_page_hour
SELECT c.hour, e.province, e.city, e.page, count(*)
FROM page_view e JOIN cell c ON c.hour = hour_of(e.at_ms) AND c.province = e.province
WHERE e.at_ms >= $lo_ms AND e.at_ms < $hi_ms
GROUP BY ALL;

-- Clicks with the stretch in which a play must start to be credited to them:
-- from at_ms, before until_ms. A click that shares its millisecond with
-- another of the box leaves no room.
CREATE OR REPLACE TEMP TABLE pick AS
SELECT province, city, box, page, area, slot, content, at_ms, until_ms
FROM (
	SELECT province, city, box, page, area, slot, content, at_ms,
		CASE WHEN lag(at_ms) OVER w = at_ms THEN at_ms
			ELSE least(at_ms + 60000 + 1, coalesce(lead(at_ms) OVER w, at_ms + 60000 + 1)) END AS until_ms
	FROM click
	WHERE at_ms >= $lo_ms AND at_ms <= $hi_ms + 60000
	WINDOW w AS (PARTITION BY province, box ORDER BY at_ms))
WHERE at_ms < $hi_ms;

DELETE FROM fact_click_hour WHERE period >= $from AND period < $to AND (period, province) IN (SELECT hour, province FROM cell);

INSERT INTO fact_click_hour
WITH play AS (
	SELECT province, box, content, at_ms - duration_ms AS start_ms
	FROM viewing
	WHERE part = 0 AND abs(speed) < 300 AND duration_ms > 3000 AND content <> 0
		AND at_ms >= $lo_ms AND at_ms < $hi_ms + 60000 + 86400000 + 1),
-- Not a semi join: DuckDB 1.4.3 gives wrong rows when it turns one with
-- inequalities round. A led click is alone in its millisecond, so DISTINCT
-- leaves each once however many plays it led to.
led AS (
	SELECT DISTINCT k.* FROM pick k JOIN play p
	ON p.province = k.province AND p.box = k.box AND p.content = k.content
		AND p.start_ms >= k.at_ms AND p.start_ms < k.until_ms)
SELECT hour, province, city, page, area, slot, content, sum(clicks), sum(led)
FROM (
	SELECT hour_of(at_ms) AS hour, province, city, page, area, slot, content, 1 AS clicks, 0 AS led FROM pick
	UNION ALL
	SELECT hour_of(at_ms), province, city, page, area, slot, content, 0, 1 FROM led)
	SEMI JOIN cell USING (hour, province)
GROUP BY ALL;

DELETE FROM fact_order_hour WHERE period >= $from AND period < $to AND (period, province) IN (SELECT hour, province FROM cell);

-- 1 paid, 2 failed, 3 cancelled, 4 refunded
INSERT INTO fact_order_hour
SELECT c.hour, e.province, e.city, e.product, e.provider,
	count(*) FILTER (e.result IN (1, 2, 3)), count(*) FILTER (e.result = 1),
	sum(CASE e.result WHEN 1 THEN e.fen WHEN 4 THEN -e.fen ELSE 0 END)
FROM orders e JOIN cell c ON c.hour = hour_of(e.at_ms) AND c.province = e.province
WHERE e.at_ms >= $lo_ms AND e.at_ms < $hi_ms AND e.result IN (1, 2, 3, 4)
GROUP BY ALL;

-- Boxes that told of sights, and of which: the clicks over impressions are theirs.
CREATE OR REPLACE TEMP TABLE watcher AS
SELECT hour_of(at_ms) AS hour, province, box, max((sight = 1)::INTEGER) AS rendered, max((sight = 2)::INTEGER) AS focus
FROM impression WHERE at_ms >= $lo_ms AND at_ms < $hi_ms AND sight IN (1, 2)
GROUP BY ALL;

DELETE FROM fact_impression_hour WHERE period >= $from AND period < $to AND (period, province) IN (SELECT hour, province FROM cell);

-- 1 rendered, 2 focus
INSERT INTO fact_impression_hour
SELECT hour, province, city, page, area, slot, content, template, sum(impressions), sum(focuses), sum(rendered_clicks), sum(focus_clicks)
FROM (
	SELECT hour_of(at_ms) AS hour, province, city, page, area, slot, content, template,
		(sight = 1)::INTEGER AS impressions, (sight = 2)::INTEGER AS focuses, 0 AS rendered_clicks, 0 AS focus_clicks
	FROM impression WHERE at_ms >= $lo_ms AND at_ms < $hi_ms AND sight IN (1, 2)
	UNION ALL
	SELECT w.hour, e.province, e.city, e.page, e.area, e.slot, e.content, e.template, 0, 0, w.rendered, w.focus
	FROM click e JOIN watcher w ON w.hour = hour_of(e.at_ms) AND w.province = e.province AND w.box = e.box
	WHERE e.at_ms >= $lo_ms AND e.at_ms < $hi_ms)
	SEMI JOIN cell USING (hour, province)
GROUP BY ALL;

DELETE FROM fact_order_page_hour WHERE period >= $from AND period < $to AND (period, province) IN (SELECT hour, province FROM cell);

INSERT INTO fact_order_page_hour
SELECT c.hour, e.province, e.city, e.page, e.product, e.content, count(*)
FROM order_page e JOIN cell c ON c.hour = hour_of(e.at_ms) AND c.province = e.province
WHERE e.at_ms >= $lo_ms AND e.at_ms < $hi_ms
GROUP BY ALL;

DELETE FROM fact_playback_hour WHERE period >= $from AND period < $to AND (period, province) IN (SELECT hour, province FROM cell);

INSERT INTO fact_playback_hour
SELECT c.hour, e.province, e.city, e.mode, e.channel, e.content,
	count(*), count(*) FILTER (e.start_ms > 0), sum(e.start_ms),
	count(*) FILTER (e.stalls > 0), sum(e.stalls), sum(e.stall_ms), sum(e.errors), count(*) FILTER (e.errors > 0)
FROM playback e JOIN cell c ON c.hour = hour_of(e.at_ms) AND c.province = e.province
WHERE e.at_ms >= $lo_ms AND e.at_ms < $hi_ms
GROUP BY ALL;

DELETE FROM fact_trust_hour WHERE period >= $from AND period < $to AND (period, province) IN (SELECT hour, province FROM cell);

-- 9 dropped, for 1 the rate, 3 flash that takes nothing, 4 want of memory; 10
-- outbox_lost; 4294967296 is store.LostMost
INSERT INTO fact_trust_hour
SELECT hour, province, city, sum(kept), sum(synced), sum(unsynced), sum(gaps), sum(told_lost), sum(thrown), sum(repeats)
FROM (
	SELECT hour, province, city, events AS kept, synced, unsynced, 0 AS gaps, 0 AS told_lost, 0 AS thrown, 0 AS repeats FROM doing
	UNION ALL
	SELECT hour_of(at_ms), province, city, 0, 0, 0, 0, CASE WHEN kind = 10 THEN least(dropped, 4294967296) ELSE 0 END,
		CASE WHEN kind = 9 AND reason IN (1, 3, 4) THEN least(dropped, 4294967296) ELSE 0 END, 0
	FROM notice WHERE at_ms >= $lo_ms AND at_ms < $hi_ms AND kind IN (9, 10)
	UNION ALL
	SELECT hour_of(at_ms), province, city, 0, 0, 0, least(lost, 4294967296), 0, 0, repeated
	FROM tally WHERE at_ms >= $lo_ms AND at_ms < $hi_ms AND lost + repeated > 0)
	SEMI JOIN cell USING (hour, province)
GROUP BY ALL;
