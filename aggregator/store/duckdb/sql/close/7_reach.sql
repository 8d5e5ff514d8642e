-- of: viewing
-- Runs: the longest stretches without a gap of one box's viewing of one thing. A
-- run that began long before the cells is only known from what lies near them,
-- which is all that the last threshold looks back.
CREATE OR REPLACE TEMP TABLE sitting AS
SELECT province, city, box, mode, channel, content, min(from_ms) AS from_ms, max(to_ms) AS to_ms, count(*) AS parts, bool_or(edit_ms < to_ms) AS cut
FROM segment WHERE speed = 100 AND from_ms < to_ms
GROUP BY province, city, box, mode, channel, content;

-- Most are one part, which needs no look at the others. Of most the edited runs are
-- the raw ones; of those that editing cuts they stand beside them.
CREATE OR REPLACE TEMP TABLE run AS
SELECT hour, province, city, box, mode, channel, content, from_ms, to_ms, raw, edited
FROM (
	SELECT *, unnest(range(hour_of(from_ms), hour_of(to_ms - 1) + 1))::INTEGER AS hour
	FROM (
		SELECT province, city, box, mode, channel, content, from_ms, to_ms, true AS raw, NOT cut AS edited FROM sitting WHERE parts = 1
		UNION ALL
		SELECT province, city, box, mode, channel, content, min(from_ms), max(to_ms), raw, edited
		FROM (
			SELECT *, sum(begins) OVER (PARTITION BY province, city, box, mode, channel, content, raw, edited ORDER BY from_ms, to_ms ROWS UNBOUNDED PRECEDING) AS n
			FROM (
				SELECT province, city, box, mode, channel, content, from_ms, to_ms, raw, edited,
					coalesce(from_ms > max(to_ms) OVER (PARTITION BY province, city, box, mode, channel, content, raw, edited ORDER BY from_ms, to_ms
						ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false)::INTEGER AS begins
				FROM (
					SELECT province, city, box, mode, channel, content, s.from_ms, s.to_ms, true AS raw, NOT t.cut AS edited
					FROM (FROM segment WHERE speed = 100 AND from_ms < to_ms) s
						JOIN (FROM sitting WHERE parts > 1) t USING (province, city, box, mode, channel, content)
					UNION ALL
					SELECT province, city, box, mode, channel, content, from_ms, edit_ms, false, true
					FROM (FROM segment WHERE speed = 100 AND from_ms < edit_ms)
						SEMI JOIN (FROM sitting WHERE cut) USING (province, city, box, mode, channel, content))))
		GROUP BY province, city, box, mode, channel, content, raw, edited, n))
	SEMI JOIN cell USING (hour, province);

-- 5, 60, 180 and 900 seconds are store.ReachSeconds.
INSERT INTO fact_reach_hour
SELECT hour, province, city, mode, channel, content, box, 1,
	max((raw AND greatest(from_ms + 60000, hour_start(hour) + 1) <= until_ms)::INTEGER),
	max((raw AND greatest(from_ms + 180000, hour_start(hour) + 1) <= until_ms)::INTEGER),
	max((raw AND greatest(from_ms + 900000, hour_start(hour) + 1) <= until_ms)::INTEGER),
	max(edited::INTEGER),
	max((edited AND greatest(from_ms + 60000, hour_start(hour) + 1) <= until_ms)::INTEGER),
	max((edited AND greatest(from_ms + 180000, hour_start(hour) + 1) <= until_ms)::INTEGER),
	max((edited AND greatest(from_ms + 900000, hour_start(hour) + 1) <= until_ms)::INTEGER)
FROM (SELECT *, least(to_ms, hour_start(hour + 1)) AS until_ms FROM run)
WHERE greatest(from_ms + 5000, hour_start(hour) + 1) <= until_ms
GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE minute_edge AS
SELECT hour, province, mode, channel, m, dn, ds, den, des, sum(dn) OVER w AS n, sum(ds) OVER w AS s,
	sum(den) OVER w AS en, sum(des) OVER w AS es, lead(m) OVER w AS next
FROM (
	SELECT hour, province, mode, channel, ms // 60000 AS m, sum(d)::BIGINT AS dn, sum(d * ms)::BIGINT AS ds,
		sum(e)::BIGINT AS den, sum(e * ms)::BIGINT AS des
	FROM (
		SELECT hour, province, mode, channel, since_ms - hour_start(hour) AS ms, 1 AS d, (edit_until_ms > since_ms)::INTEGER AS e
		FROM piece WHERE viewing_ms > 0
		UNION ALL
		SELECT hour, province, mode, channel, until_ms - hour_start(hour), -1, -(edit_until_ms > since_ms AND edit_until_ms = until_ms)::INTEGER
		FROM piece WHERE viewing_ms > 0
		UNION ALL
		SELECT hour, province, mode, channel, edit_until_ms - hour_start(hour), 0, -1
		FROM piece WHERE viewing_ms > 0 AND edit_until_ms > since_ms AND edit_until_ms < until_ms)
	GROUP BY ALL)
WINDOW w AS (PARTITION BY hour, province, mode, channel ORDER BY m);

-- What is watched up to a moment is n boxes at it less s, the sum of when they
-- began, both as they stand after the edges of the minute before; a minute is the
-- difference of two moments. Minutes without an edge are as many boxes as before.
INSERT INTO fact_minute_hour
SELECT hour, province, mode, channel, (hour % 24 + 24) % 24 * 60 + m, ms, edited_ms
FROM (
	SELECT hour, province, mode, channel, m, (m + 1) * 60000 * n - s - (m * 60000 * (n - dn) - (s - ds)) AS ms,
		(m + 1) * 60000 * en - es - (m * 60000 * (en - den) - (es - des)) AS edited_ms
	FROM minute_edge
	UNION ALL
	SELECT hour, province, mode, channel, unnest(range(m + 1, next)), 60000 * n, 60000 * en FROM minute_edge WHERE n > 0 AND next > m + 1)
WHERE ms > 0;
