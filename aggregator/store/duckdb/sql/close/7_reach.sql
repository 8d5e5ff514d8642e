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

DELETE FROM fact_reach_hour WHERE period >= $from AND period < $to AND (period, province) IN (SELECT hour, province FROM cell);

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

DELETE FROM fact_minute_hour WHERE period >= $from AND period < $to AND (period, province) IN (SELECT hour, province FROM cell);

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

-- The broadcasts of each cell.
CREATE OR REPLACE TEMP TABLE on_air AS
SELECT hour, province, channel, code, hour_of(start_ms) AS aired, start_ms, end_ms,
	greatest(start_ms, hour_start(hour)) AS from_ms, least(end_ms, hour_start(hour + 1)) AS to_ms
FROM (
	SELECT province, channel, code, start_ms, end_ms, unnest(range(hour_of(start_ms), hour_of(end_ms - 1) + 1))::INTEGER AS hour
	FROM broadcast WHERE start_ms < $hi_ms AND end_ms > $lo_ms)
	SEMI JOIN cell USING (hour, province);

DELETE FROM fact_broadcast_hour WHERE period >= $from AND period < $to AND (period, province) IN (SELECT hour, province FROM cell);

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

-- Everything that is watched of each cell and city, as it grows: up to the end of
-- a minute n boxes are at it, of whose milliseconds since the hour began s is
-- missing; en and es are the same of what editing leaves. A cell with a broadcast whose edge is no whole minute counts by seconds,
-- which edges always are.
CREATE OR REPLACE TEMP TABLE ticking AS
SELECT hour, province, CASE WHEN max(greatest(start_ms % 60000, end_ms % 60000)) = 0 THEN 60000 ELSE 1000 END AS unit
FROM on_air GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE growth AS
SELECT hour, province, city, tick, sum(n) OVER w AS n, sum(s) OVER w AS s, sum(en) OVER w AS en, sum(es) OVER w AS es
FROM (
	SELECT hour, province, city, ms // unit AS tick, sum(d)::BIGINT AS n, sum(d * ms)::BIGINT AS s, sum(e)::BIGINT AS en, sum(e * ms)::BIGINT AS es
	FROM (
		SELECT hour, province, city, since_ms - hour_start(hour) AS ms, 1 AS d, 1 AS e FROM piece WHERE viewing_ms > 0
		UNION ALL
		SELECT hour, province, city, until_ms - hour_start(hour), -1, -(edit_until_ms = until_ms)::INTEGER FROM piece WHERE viewing_ms > 0
		UNION ALL
		SELECT hour, province, city, edit_until_ms - hour_start(hour), 0, -1 FROM piece WHERE viewing_ms > 0 AND edit_until_ms < until_ms)
	JOIN ticking USING (hour, province)
	GROUP BY ALL)
WINDOW w AS (PARTITION BY hour, province, city ORDER BY tick ROWS UNBOUNDED PRECEDING);

-- What was watched before an edge is known from the ticks before it.
CREATE OR REPLACE TEMP TABLE watched AS
SELECT p.hour, p.province, p.city, p.edge, p.edge * g.n - g.s AS ms, p.edge * g.en - g.es AS edited_ms
FROM (
	SELECT hour, province, city, edge, edge // unit - 1 AS tick
	FROM (
		SELECT hour, province, from_ms - hour_start(hour) AS edge FROM on_air
		UNION
		SELECT hour, province, to_ms - hour_start(hour) FROM on_air)
	JOIN ticking USING (hour, province)
	JOIN (SELECT DISTINCT hour, province, city FROM growth) USING (hour, province)) p
	ASOF JOIN growth g ON g.hour = p.hour AND g.province = p.province AND g.city = p.city AND p.tick >= g.tick;

DELETE FROM fact_air_hour WHERE period >= $from AND period < $to AND (period, province) IN (SELECT hour, province FROM cell);

INSERT INTO fact_air_hour
SELECT o.hour, o.province, e.city, o.channel, o.code, o.aired, xor(o.channel, o.start_ms::UBIGINT), e.ms - coalesce(b.ms, 0), 0, 0, e.edited_ms - coalesce(b.edited_ms, 0)
FROM on_air o
	JOIN watched e ON e.hour = o.hour AND e.province = o.province AND e.edge = o.to_ms - hour_start(o.hour)
	LEFT JOIN watched b ON b.hour = o.hour AND b.province = o.province AND b.city = e.city AND b.edge = o.from_ms - hour_start(o.hour)
WHERE e.ms > coalesce(b.ms, 0)
UNION ALL
SELECT hour, province, 0, channel, code, aired, xor(channel, start_ms::UBIGINT), 0, 1, end_ms - start_ms, 0
FROM on_air WHERE hour = aired;
