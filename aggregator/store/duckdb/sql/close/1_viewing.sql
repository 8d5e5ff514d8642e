-- The Views that touch the cells, or whose runs may: this is where a View's time
-- is told, once for all facts.
CREATE OR REPLACE TEMP TABLE segment AS
SELECT province, city, box, mode, channel, content, at_ms - duration_ms AS from_ms, at_ms AS to_ms, speed,
	part = 0 AND abs(speed) < 300 AND duration_ms > 3000 AS starts
FROM viewing
WHERE at_ms > $lo_ms - 900000 AND at_ms < $hi_ms + 86400000
	AND province IN (SELECT province FROM cell);

-- Segments cut at the hours' edges, one row for each cell one touches.
-- Each segment lists its hours itself: joined by range, it would meet every cell
-- of its province.
CREATE OR REPLACE TEMP TABLE piece AS
SELECT hour, province, city, box, mode, channel, content,
	greatest(from_ms, hour_start(hour)) AS since_ms, least(to_ms, hour_start(hour + 1)) AS until_ms,
	(starts AND hour_of(from_ms) = hour)::INTEGER AS plays,
	CASE WHEN speed = 100 THEN until_ms - since_ms ELSE 0 END::INTEGER AS viewing_ms
FROM (SELECT *, unnest(range(hour_of(from_ms), hour_of(to_ms) + 1))::INTEGER AS hour FROM segment)
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
