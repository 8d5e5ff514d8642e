-- The plays that no sign followed after they began, by box, and since when there
-- are more of them than count: the start of the $episodes-th before it. A View that
-- counts began less than $demand_cap after the sign, so earlier plays do not matter.
CREATE OR REPLACE TEMP TABLE episode AS
SELECT province, box, start_ms, lag(start_ms, $episodes) OVER (PARTITION BY province, box ORDER BY start_ms) AS since_ms
FROM (
	SELECT DISTINCT province, box, at_ms - duration_ms AS start_ms
	FROM {viewing}
	WHERE part = 0 AND mode IN (2, 3, 4) AND idle_ms > 0 AND idle_ms >= duration_ms
		AND at_ms > $lo_ms - 900000 - $demand_cap AND at_ms < $hi_ms + 86400000
		AND province IN (SELECT province FROM cell));

-- What plays on after the last of them, by where it begins and the sign before it.
CREATE OR REPLACE TEMP TABLE unasked AS
SELECT DISTINCT v.province, v.box, v.from_ms, v.sign_ms
FROM (
	SELECT province, box, at_ms - duration_ms AS from_ms, at_ms - idle_ms AS sign_ms
	FROM {viewing}
	WHERE mode IN (2, 3, 4) AND idle_ms > 0 AND idle_ms >= duration_ms
		AND at_ms > $lo_ms - 900000 AND at_ms < $hi_ms + 86400000
		AND province IN (SELECT province FROM cell)) v
	ASOF JOIN (FROM episode WHERE since_ms IS NOT NULL) e
	ON e.province = v.province AND e.box = v.box AND v.from_ms >= e.start_ms
WHERE e.since_ms >= v.sign_ms;

-- The Views that touch the cells, or whose runs may: this is where a View's time
-- is told, once for all facts. edit_ms is where it ends in edited figures: see
-- store.EditRules.EditedEnd.
CREATE OR REPLACE TEMP TABLE segment AS
SELECT province, city, box, mode, channel, content, at_ms - duration_ms AS from_ms, at_ms AS to_ms, speed,
	part = 0 AND abs(speed) < 300 AND duration_ms > 3000 AS starts,
	CASE WHEN tv = 2 OR (hour_of(at_ms) // 24, province, box) IN (SELECT day, province, box FROM {invalid}) THEN at_ms - duration_ms
		WHEN mode IN (2, 3, 4) AND idle_ms > 0 AND idle_ms >= duration_ms
			AND (province, box, at_ms - duration_ms, at_ms - idle_ms) IN (FROM unasked) THEN at_ms - duration_ms
		WHEN idle_ms <= $least_cap THEN at_ms
		ELSE greatest(at_ms - duration_ms, least(at_ms, at_ms - idle_ms + CASE WHEN mode <> 1 THEN $demand_cap
			WHEN ((hour_of(at_ms - idle_ms) % 24 - $night_from) % 24 + 24) % 24 < $night_hours THEN $night_cap ELSE $live_cap END)) END AS edit_ms
FROM {viewing}
WHERE at_ms > $lo_ms - 900000 AND at_ms < $hi_ms + 86400000
	AND province IN (SELECT province FROM cell);

-- Segments cut at the hours' edges, one row for each cell one touches.
-- Each segment lists its hours itself: joined by range, it would meet every cell
-- of its province.
CREATE OR REPLACE TEMP TABLE piece AS
SELECT hour, province, city, box, mode, channel, content,
	greatest(from_ms, hour_start(hour)) AS since_ms, least(to_ms, hour_start(hour + 1)) AS until_ms,
	greatest(since_ms, least(edit_ms, until_ms)) AS edit_until_ms,
	(starts AND hour_of(from_ms) = hour)::INTEGER AS plays,
	CASE WHEN speed = 100 THEN until_ms - since_ms ELSE 0 END::INTEGER AS viewing_ms,
	(starts AND hour_of(from_ms) = hour AND edit_ms - from_ms > 3000)::INTEGER AS edited_plays,
	CASE WHEN speed = 100 THEN edit_until_ms - since_ms ELSE 0 END::INTEGER AS edited_ms
FROM (SELECT *, unnest(range(hour_of(from_ms), hour_of(to_ms) + 1))::INTEGER AS hour FROM segment)
	SEMI JOIN cell USING (hour, province);

INSERT INTO fact_mode_hour
SELECT hour, province, city, mode, box, sum(plays), sum(viewing_ms), sum(edited_plays), sum(edited_ms)
FROM piece WHERE plays > 0 OR viewing_ms > 0
GROUP BY ALL;

INSERT INTO fact_view_hour
SELECT hour, province, city, mode, channel, content, sum(plays), sum(viewing_ms), sum(edited_plays), sum(edited_ms)
FROM piece WHERE plays > 0 OR viewing_ms > 0
GROUP BY ALL;
