-- Seats for who has none. A home fills its last word before it begins another; of
-- words that begin, those of one home follow each other.
INSERT INTO seat
WITH newcomer AS (
	SELECT box, home, row_number() OVER (PARTITION BY home ORDER BY box) - 1 AS n
	FROM present ANTI JOIN seat USING (box)),
started AS (
	SELECT home, max(seat)::BIGINT + 1 AS next, 63 - max(seat)::BIGINT % 64 AS room
	FROM seat WHERE home IN (SELECT home FROM newcomer) GROUP BY home),
beyond AS (
	SELECT box, home, n, coalesce(next, 0) AS next, coalesce(room, 0) AS room
	FROM newcomer LEFT JOIN started USING (home)),
begun AS (
	SELECT home, ((SELECT coalesce(max(seat) // 64 + 1, 0) FROM seat) + sum(words) OVER (ORDER BY home) - words)::BIGINT AS first
	FROM (SELECT home, (max(n - room) + 64) // 64 AS words FROM beyond GROUP BY home))
SELECT box, home, CASE WHEN n < room THEN next + n ELSE first * 64 + n - room END
FROM beyond JOIN begun USING (home);

CREATE OR REPLACE TEMP TABLE seated AS
SELECT box, seat FROM seat SEMI JOIN present USING (box);
