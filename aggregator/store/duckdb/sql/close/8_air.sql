-- of: broadcast
-- The broadcasts of each cell.
CREATE OR REPLACE TEMP TABLE on_air AS
SELECT hour, province, channel, code, hour_of(start_ms) AS aired, start_ms, end_ms,
	greatest(start_ms, hour_start(hour)) AS from_ms, least(end_ms, hour_start(hour + 1)) AS to_ms
FROM (
	SELECT province, channel, code, start_ms, end_ms, unnest(range(hour_of(start_ms), hour_of(end_ms - 1) + 1))::INTEGER AS hour
	FROM broadcast WHERE start_ms < $hi_ms AND end_ms > $lo_ms)
	SEMI JOIN cell USING (hour, province);

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

INSERT INTO fact_air_hour
SELECT o.hour, o.province, e.city, o.channel, o.code, o.aired, xor(o.channel, o.start_ms::UBIGINT), e.ms - coalesce(b.ms, 0), 0, 0, e.edited_ms - coalesce(b.edited_ms, 0)
FROM on_air o
	JOIN watched e ON e.hour = o.hour AND e.province = o.province AND e.edge = o.to_ms - hour_start(o.hour)
	LEFT JOIN watched b ON b.hour = o.hour AND b.province = o.province AND b.city = e.city AND b.edge = o.from_ms - hour_start(o.hour)
WHERE e.ms > coalesce(b.ms, 0)
UNION ALL
SELECT hour, province, 0, channel, code, aired, xor(channel, start_ms::UBIGINT), 0, 1, end_ms - start_ms, 0
FROM on_air WHERE hour = aired;
