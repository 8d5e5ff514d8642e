-- What province $p broadcasts, and which contents play it again: see
-- store.Broadcast. 4 is a channel, 5 a physical channel, 6 a schedule, 7 a record.

-- The channel of what does not tell its own: that of the latest live mapping.
CREATE OR REPLACE TEMP TABLE channel_of AS
SELECT m.child, m.child_code AS code, arg_max(m.parent_code, (m.version_ms, m.file, m.line)) AS channel
FROM (FROM mapping WHERE province = $p AND parent = 4 AND child IN (5, 6) AND NOT deleted) m
	LEFT JOIN (FROM object_gone WHERE province = $p AND element = 4) g ON g.code = m.parent_code
	LEFT JOIN (FROM object_gone WHERE province = $p AND element IN (5, 6)) h ON h.element = m.child AND h.code = m.child_code
WHERE (g.code IS NULL OR (m.version_ms, m.file, m.line) > (g.version_ms, g.file, g.line))
	AND (h.code IS NULL OR (m.version_ms, m.file, m.line) > (h.version_ms, h.file, h.line))
GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE told AS
SELECT a.* REPLACE (coalesce(nullif(a.channel, 0), c.channel) AS channel)
FROM (FROM airing WHERE province = $p) a LEFT JOIN channel_of c
	ON a.channel = 0 AND c.child = CASE a.element WHEN 6 THEN 6 ELSE 5 END AND c.code = CASE a.element WHEN 6 THEN a.code ELSE a.physical END
WHERE coalesce(nullif(a.channel, 0), c.channel, 0) <> 0;

CREATE OR REPLACE TEMP TABLE airs AS
SELECT t.code, t.channel, t.start_ms,
	least(t.start_ms + CASE t.duration_ms WHEN 0 THEN 14400000 ELSE t.duration_ms END, coalesce(t.next_ms, 9223372036854775807)) AS end_ms,
	o.name, t.programme, o.genre, o.sub_genre, o.place, o.provider, o.definition
FROM (
	SELECT *, lead(start_ms) OVER (PARTITION BY channel ORDER BY start_ms) AS next_ms
	FROM (
		SELECT * FROM told WHERE element = 6
		QUALIFY row_number() OVER (PARTITION BY channel, start_ms ORDER BY version_ms DESC, file DESC, line DESC) = 1)) t
	JOIN (FROM object WHERE province = $p AND element = 6 AND NOT deleted) o USING (code);

CREATE OR REPLACE TEMP TABLE plays AS
SELECT t.code AS content, a.code FROM (FROM told WHERE element = 6) t JOIN airs a USING (channel, start_ms)
UNION ALL
SELECT r.content, a.code
FROM (SELECT code AS content, channel, start_ms + duration_ms // 2 AS middle FROM told WHERE element = 7) r
	ASOF JOIN airs a ON a.channel = r.channel AND r.middle >= a.start_ms
WHERE r.middle < a.end_ms AND r.content NOT IN (SELECT code FROM told WHERE element = 6);

-- What differs from before: when something is on, and what a content plays.
CREATE OR REPLACE TEMP TABLE moved AS
WITH is_now AS (SELECT code, channel, start_ms, end_ms FROM airs),
was AS (SELECT code, channel, start_ms, end_ms FROM broadcast WHERE province = $p)
(FROM is_now EXCEPT FROM was) UNION ALL (FROM was EXCEPT FROM is_now);

CREATE OR REPLACE TEMP TABLE replayed AS
WITH is_now AS (SELECT content, a.* FROM plays JOIN (SELECT code, channel, start_ms, end_ms FROM airs) a USING (code)),
was AS (SELECT content, b.* FROM (FROM recording WHERE province = $p) r JOIN (SELECT code, channel, start_ms, end_ms FROM broadcast WHERE province = $p) b USING (code))
SELECT content, hour_start(hour_of(min(start_ms))) AS since_ms
FROM ((FROM is_now EXCEPT FROM was) UNION ALL (FROM was EXCEPT FROM is_now))
WHERE content <> 0 GROUP BY content;

-- 2 timeshift, 3 catch-up; 899999 is store.ViewAheadMs.
INSERT INTO dirt
SELECT DISTINCT hour, $p, $mark, true
FROM (
	SELECT unnest(range(hour_of(start_ms), hour_of(end_ms - 1) + 1))::INTEGER AS hour FROM moved
	UNION ALL
	SELECT unnest(range(hour_of(at_ms - duration_ms), hour_of(at_ms + 899999) + 1))::INTEGER
	FROM viewing JOIN replayed USING (content)
	WHERE province = $p AND mode IN (2, 3) AND at_ms >= (SELECT coalesce(min(since_ms), 9223372036854775807) FROM replayed) AND at_ms >= since_ms);

DELETE FROM broadcast WHERE province = $p;

INSERT INTO broadcast SELECT $p, * FROM airs;

DELETE FROM recording WHERE province = $p;

INSERT INTO recording SELECT $p, content, code FROM plays;
